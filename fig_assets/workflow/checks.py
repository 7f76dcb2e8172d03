"""Declared checks -> pandera schemas, and a day's rows -> verdicts with samples of what failed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
import pandera.pandas as pandera
import pyarrow as pa
import pyarrow.compute as pc
from pandera.errors import SchemaErrors

from fig_assets.config.schema import Check
from fig_assets.errors import WorkflowError
from fig_assets.graph.nodes import Attribute, Key
from fig_assets.language.types import arrow_type
from fig_assets.sql.losses import lost_column

SAMPLE_ROWS = 5
SCHEMA = "schema"
"""The check of a whole relation: its key is there and unique, its columns have their types."""
CONSERVATION = "conservation"
"""The check of an event: every landed line of the day is a row, or is counted with its reason."""
SET_ASIDE = "set_aside"
"""The check of a row family: how many events form no row, for want of a key or of a new one."""
TRAINED = "trained"
"""The check of a model: a champion is in force, and was trained anew where that was due."""
MAX_SET_ASIDE = 0.01
"""The share of a day's events that may form no row before `set_aside` warns."""


@dataclass(frozen=True)
class Verdict:
    """What one check found on one day."""

    key: Key
    name: str
    passed: bool
    blocking: bool
    failed_rows: int
    rows: int
    sample: tuple[Mapping[str, str], ...] = ()
    unit: str = "rows"

    @property
    def words(self) -> str:
        """One sentence for people."""
        if self.passed and not self.failed_rows:
            return f"all {self.rows} {self.unit} pass"
        return f"{self.failed_rows} of {self.rows} {self.unit} fail"


class ChecksFailed(WorkflowError):
    """A blocking check failed, so the day was not published."""

    def __init__(self, verdicts: Sequence[Verdict]) -> None:
        self.verdicts = tuple(verdicts)
        failed = [v for v in verdicts if v.blocking and not v.passed]
        named = "; ".join(f"{'/'.join(v.key)} {v.name}: {v.words}" for v in failed)
        super().__init__(f"not published, because a blocking check failed: {named}")


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
        columns[name] = pandera.Column(
            pd.ArrowDtype(arrow_type(attribute.type)),
            checks=[c for check in attribute.checks if (c := _pandera_check(check)) is not None],
            nullable=not any(check.nonnull for check in attribute.checks),
            unique=any(check.unique for check in attribute.checks),
            name=name,
        )
    return pandera.DataFrameSchema(columns, unique=list(key) or None, strict=False)


def judge(
    relation: Key,
    key: Mapping[str, pa.DataType],
    attributes: Sequence[Attribute],
    rows: pa.Table,
) -> list[Verdict]:
    """Judge one day's rows: the relation's own contract, then each declared check.

    Returns:
        A verdict for the relation and one for each check of each attribute, in order.
    """
    wanted = [*key, *(a.column for a in attributes)]
    frame = rows.select(wanted).to_pandas(types_mapper=pd.ArrowDtype)
    schema = pandera_schema(key, attributes, names="stored")
    try:
        schema.validate(frame, lazy=True)
        cases = None
    except SchemaErrors as found:
        cases = found.failure_cases
    verdicts = [_contract(relation, key, attributes, frame, cases)]
    declared = [(attribute, check) for attribute in attributes for check in attribute.checks]
    return verdicts + [_verdict(a, check, list(key), frame, cases) for a, check in declared]


def lost_rows(rows: pa.Table, attribute: Attribute) -> int:
    """Count the rows in which a value was lost while `attribute` was computed."""
    name = lost_column(attribute)
    return int(pc.sum(rows.column(name)).as_py() or 0) if name in rows.column_names else 0


def check_names(attribute: Attribute) -> list[tuple[str, bool]]:
    """Return the name of each check of an attribute and whether it blocks publication."""
    return [(check.kind, check.blocks) for check in attribute.checks]


_NAMES = {"nonnull": "not_nullable", "unique": "field_uniqueness"}


def _pandera_check(check: Check) -> pandera.Check | None:
    match check.kind:
        case "in_range":
            low, high = check.in_range or (None, None)
            if low is not None and high is not None:
                return pandera.Check.in_range(low, high, name=check.kind)
            if low is not None:
                return pandera.Check.ge(low, name=check.kind)
            return pandera.Check.le(high, name=check.kind)
        case "isin":
            return pandera.Check.isin(list(check.isin or ()), name=check.kind)
        case "str_matches":
            return pandera.Check.str_matches(check.str_matches or "", name=check.kind)
        case _:
            return None


def _contract(
    relation: Key,
    key: Mapping[str, pa.DataType],
    attributes: Sequence[Attribute],
    frame: pd.DataFrame,
    cases: pd.DataFrame | None,
) -> Verdict:
    declared = {a.column: {_NAMES.get(c.kind, c.kind) for c in a.checks} for a in attributes}
    if cases is None:
        return Verdict(relation, SCHEMA, passed=True, blocking=True, failed_rows=0, rows=len(frame))
    own = [
        row
        for row in cases.to_dict("records")
        if not any(str(row["check"]).startswith(n) for n in declared.get(row["column"], ()))
    ]
    rows = sorted({int(row["index"]) for row in own if row["index"] is not None})
    return Verdict(
        relation,
        SCHEMA,
        passed=not own,
        blocking=True,
        failed_rows=len(rows) or len(own),
        rows=len(frame),
        sample=_sample(frame, rows, list(key)),
    )


def _verdict(
    attribute: Attribute,
    check: Check,
    key: list[str],
    frame: pd.DataFrame,
    cases: pd.DataFrame | None,
) -> Verdict:
    rows: list[int] = []
    if cases is not None:
        name = _NAMES.get(check.kind, check.kind)
        mine = cases[(cases["column"] == attribute.column)]
        mine = mine[mine["check"].astype(str).str.startswith(name)]
        rows = sorted({int(index) for index in mine["index"] if index is not None})
    allowed = check.max_fraction * len(frame)
    return Verdict(
        attribute.key,
        check.kind,
        passed=len(rows) <= allowed,
        blocking=check.blocks,
        failed_rows=len(rows),
        rows=len(frame),
        sample=_sample(frame, rows, [*key, attribute.column]),
    )


def _sample(
    frame: pd.DataFrame, rows: Sequence[int], columns: list[str]
) -> tuple[dict[str, str], ...]:
    if not rows:
        return ()
    shown = frame.iloc[list(rows[:SAMPLE_ROWS])][columns]
    return tuple(
        {str(name): str(value)[:200] for name, value in record.items()}
        for record in shown.to_dict("records")
    )
