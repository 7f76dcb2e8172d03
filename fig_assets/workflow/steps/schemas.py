"""Declared checks and the contract of a relation -> pandera schemas, and which rows break them.

It stands apart so that what checks nothing need not import pandera.
"""

import warnings
from collections.abc import Mapping, Sequence

import pandas as pd
import pyarrow as pa

with warnings.catch_warnings():
    # pandera imports pyspark where it is installed, which warns of the frames that nobody uses.
    warnings.simplefilter("ignore", FutureWarning)
    import pandera.pandas as pandera
from pandera.errors import SchemaErrors

from fig_assets.config.schema import Check
from fig_assets.graph.nodes import Attribute
from fig_assets.language.types import Type, arrow_type
from fig_assets.workflow.steps.broken import broken
from fig_assets.workflow.steps.checks import check_titles


def pandera_schema(
    key: Mapping[str, pa.DataType], attributes: Sequence[Attribute], *, names: str = "plain"
) -> pandera.DataFrameSchema:
    """Build the pandera schema of a relation from its key columns and attributes.

    Frames are pandas frames with Arrow types (`table.to_pandas(types_mapper=pandas.ArrowDtype)`).
    `names` says how columns are called: "plain" (`failure_rate`) or "stored"
    (`failure_rate__v1`).
    """
    columns = {
        name: pandera.Column(pd.ArrowDtype(kind), nullable=False, name=name)
        for name, kind in key.items()
    }
    for attribute in attributes:
        name = attribute.name if names == "plain" else attribute.column
        titled = zip(check_titles(attribute.checks), attribute.checks, strict=True)
        checks = (_pandera_check(title, check, attribute.type) for title, check in titled)
        columns[name] = pandera.Column(
            pd.ArrowDtype(arrow_type(attribute.type)),
            checks=[check for check in checks if check is not None],
            nullable=not any(check.nonnull for check in attribute.checks),
            unique=any(check.unique for check in attribute.checks),
            name=name,
        )
    return _schema(columns, key)


def breaches(
    key: Mapping[str, pa.DataType], attributes: Sequence[Attribute], rows: pa.Table
) -> list[int] | None:
    """Return the places of rows that break the contract of a relation, as far as known.

    The contract: keys are there and unique, columns have their types. None where it holds.
    """
    types = {a.column: arrow_type(a.type) for a in attributes}
    columns = {
        name: pandera.Column(pd.ArrowDtype(kind), nullable=name not in key, name=name)
        for name, kind in {**types, **key}.items()
    }
    frame = rows.select(list(columns)).to_pandas(types_mapper=pd.ArrowDtype)
    try:
        _schema(columns, key).validate(frame, lazy=True)
    except SchemaErrors as found:
        cases = found.failure_cases
        return sorted({int(index) for index in cases["index"] if index is not None})
    return None


def _pandera_check(title: str, check: Check, kind: Type) -> pandera.Check | None:
    if check.kind in ("nonnull", "unique", "max_lost_fraction"):
        return None

    def holds(series: pd.Series) -> pd.Series:
        wrong = broken(check, kind, pa.array(series, arrow_type(kind)))
        return pd.Series([not it for it in wrong.to_pylist()], index=series.index, dtype=bool)

    return pandera.Check(holds, name=title, error=title)


def _schema(
    columns: dict[str, pandera.Column], key: Mapping[str, pa.DataType]
) -> pandera.DataFrameSchema:
    return pandera.DataFrameSchema(columns, unique=list(key) or None, strict=False)
