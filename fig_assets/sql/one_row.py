"""One row of a model's family by its key -> SELECTs of it, and of what is beside it on its day."""

from collections.abc import Sequence
from datetime import date, timedelta

import pyarrow as pa
from sqlglot import exp

from fig_assets.engines.base import DAY
from fig_assets.graph.nodes import Attribute, Graph, Model
from fig_assets.graph.period import Window
from fig_assets.language.duck import cast, count_where, text
from fig_assets.language.types import BIGINT, DATE, FLOAT, STRING, TIMESTAMP, arrow_type
from fig_assets.sql.expressions import column, named, on_days, scan
from fig_assets.sql.relations import row_columns
from fig_assets.sql.training_set import select_scoring_set

ROWS = "rows"
LAST = "last_day"
_ORDERED = (BIGINT, FLOAT, TIMESTAMP, DATE)


def select_days_of(graph: Graph, model: Model, relation: str, key: str) -> exp.Select:
    """Select the last stored day on which `relation` has the row `key`; NULL where none has."""
    family = graph.row_families[model.family]
    kinds = {DAY: pa.date32(), family.granularity: arrow_type(family.granularity_type)}
    found = exp.select(named(exp.Max(this=column(DAY)), LAST))
    return found.from_(scan(relation, kinds, None)).where(_is_row(graph, model, key))


def select_row(graph: Graph, model: Model, day: date, key: str) -> exp.Select:
    """Select the row as the model sees it: the columns of `select_scoring_set`."""
    return select_scoring_set(graph, model, day).where(_is_row(graph, model, key))


def select_stored(
    graph: Graph, model: Model, relation: str, kinds: dict[str, pa.DataType], *, day: date, key: str
) -> exp.Select:
    """Select columns of the row in another relation with the same key."""
    one = Window(day, day + timedelta(days=1))
    granularity = graph.row_families[model.family].granularity
    every = {DAY: pa.date32(), granularity: _key_type(graph, model), **kinds}
    rows = exp.select(*(column(name) for name in kinds)).from_(scan(relation, every, one))
    return rows.where(on_days(one), _is_row(graph, model, key))


def select_population(
    graph: Graph, model: Model, inputs: Sequence[Attribute], *, day: date, key: str
) -> exp.Select:
    """Count the rows of the day, and per input those with a lower and with the same value.

    Returns:
        One row: `rows`, and `lower_<n>` and `same_<n>` for the input at place n. NULL is the same
        as NULL and lower than nothing. Only numbers, moments and days have a `lower_<n>`.
    """
    family = graph.row_families[model.family]
    one = Window(day, day + timedelta(days=1))
    wanted = {DAY, family.granularity, *(a.column for a in inputs)}
    kinds = {name: kind for name, kind in row_columns(family).items() if name in wanted}
    row = select_row(graph, model, day, key).subquery("this_row")
    counts: list[exp.Expr] = [named(exp.Count(this=exp.Star()), ROWS)]
    for place, attribute in enumerate(inputs):
        every, this = (column(attribute.column, table) for table in ("every_row", "this_row"))
        same = exp.NullSafeEQ(this=every, expression=this)
        counts.append(named(count_where(same), f"same_{place}"))
        if attribute.type in _ORDERED:
            lower = exp.LT(this=every.copy(), expression=this.copy())
            counts.append(named(count_where(lower), f"lower_{place}"))
    rows = exp.select(*counts).from_(scan(family.relation, kinds, one, "every_row"))
    return rows.join(row, join_type="cross").where(on_days(one, "every_row"))


def _is_row(graph: Graph, model: Model, key: str) -> exp.Expr:
    """Compare the key as text: whatever was asked for, no row can make it fail."""
    family = graph.row_families[model.family]
    stored: exp.Expr = column(family.granularity)
    if family.granularity_type != STRING:
        stored = cast(stored, "VARCHAR")
    return exp.EQ(this=stored, expression=text(key))


def _key_type(graph: Graph, model: Model) -> pa.DataType:
    return arrow_type(graph.row_families[model.family].granularity_type)
