"""Nodes that statements read -> the columns of their stored relations."""

import pyarrow as pa

from fig_assets.engines.base import DAY
from fig_assets.graph.nodes import EVENT_ID, EVENT_TIME, Graph, RowFamily, Table
from fig_assets.language.types import arrow_type
from fig_assets.sql.expressions import arrow_types

CARRIED: dict[str, pa.DataType] = {EVENT_TIME: pa.timestamp("us"), EVENT_ID: pa.string()}
"""What every row of a row family keeps of its event."""


def row_columns(family: RowFamily) -> dict[str, pa.DataType]:
    """Return the columns of a stored row family, `day` first."""
    key = {family.granularity: arrow_type(family.granularity_type)}
    return {DAY: pa.date32(), **key, **CARRIED, **arrow_types(family.features)}


def table_columns(table: Table) -> dict[str, pa.DataType]:
    """Return the columns of a stored lookup table, `day` first where it has days."""
    columns = {name: arrow_type(kind) for name, kind in table.columns.items()}
    return {DAY: pa.date32(), **columns} if table.is_daily else columns


def score_columns(graph: Graph, model: str) -> dict[str, pa.DataType]:
    """Return the columns of the stored scores of a model, `day` first."""
    node = graph.models[model]
    family = graph.row_families[node.family]
    key = {family.granularity: arrow_type(family.granularity_type)}
    more: dict[str, pa.DataType] = {"trained_for": pa.date32(), "explanation": pa.string()}
    return {DAY: pa.date32(), **key, **arrow_types(node.outputs), **more}
