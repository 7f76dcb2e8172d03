"""What a label set joins -> the newest row of each key on a row's own day or the days after."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

import pyarrow as pa
from sqlglot import exp

from fig_assets.engines.base import DAY, Read
from fig_assets.graph.definitions import Later, Voted
from fig_assets.graph.label_parts import LabelJoin
from fig_assets.graph.nodes import Attribute, Graph, LabelSet
from fig_assets.graph.period import Window
from fig_assets.language.types import convert
from fig_assets.sql import event as events
from fig_assets.sql.expressions import Chain, column, column_all, named, on_days, scan, select
from fig_assets.sql.relations import row_columns, table_columns


def later_of(attributes: Iterable[Attribute]) -> dict[int, dict[str, Later]]:
    """Return what weak labels take of each join, by its place and by column of the statement."""
    found: dict[int, dict[str, Later]] = {}
    for attribute in attributes:
        if isinstance(attribute.definition, Voted):
            for name, later in attribute.definition.later.items():
                found.setdefault(later.join, {})[name] = later
    return {place: dict(sorted(found[place].items())) for place in sorted(found)}


def matched_by(labels: LabelSet, attributes: Iterable[Attribute]) -> set[str]:
    """Name the columns of the labelled rows that joins compare."""
    return {labels.joins[place].match for place in later_of(attributes)}


def days_seen(graph: Graph, join: LabelJoin, day: date) -> Window | None:
    """Return the days that a row of `day` looks at, none after the project's end.

    None for a table without days.
    """
    if join.reach is None:
        return None
    start, end = join.reach.days(day, graph.start)
    if graph.end is not None:
        end = max(min(end, graph.end + timedelta(days=1)), day + timedelta(days=1))
    return Window(start, end)


def reads_of_joins(
    graph: Graph, labels: LabelSet, day: date, attributes: Iterable[Attribute]
) -> list[Read]:
    """Say what the joins of weak labels read."""
    reads = []
    for place, taken in later_of(attributes).items():
        join = labels.joins[place]
        known, days = _columns(graph, join), days_seen(graph, join, day)
        # What orders the rows of an event is its key, and the key is part of every read.
        order = () if join.relation.startswith("events/") else join.order
        wanted = {join.field, *order, *(later.column for later in taken.values())}
        names = tuple(sorted(wanted & set(known)))
        span = (days.start, days.end) if days else (None, None)
        reads.append(Read(join.relation, names, *span))
    return reads


def join_later(
    chain: Chain,
    graph: Graph,
    labels: LabelSet,
    day: date,
    *,
    needed: Sequence[Attribute],
    source: str,
    match: dict[str, str],
    dialect: str,
) -> str:
    """Join what the weak labels among `needed` may know, in one select.

    `match` says how `source` calls the columns that are compared, where it calls them otherwise.
    Returns the name of the last select.
    """
    columns: list[exp.Expr] = [column_all(source)]
    joins: list[exp.Join] = []
    for place, taken in later_of(needed).items():
        join, alias = labels.joins[place], f"later_{place + 1}"
        mine = column(match.get(join.match, join.match), source)
        value = convert(mine, join.match_type, join.field_type, dialect)
        rows = _newest(graph, join, day, taken, select([value.copy()], source))
        on = exp.EQ(this=value, expression=column(join.field, alias))
        joins.append(exp.Join(this=rows.subquery(alias, copy=False), on=on, side="LEFT"))
        columns += [named(column(later.column, alias), name) for name, later in taken.items()]
    if not joins:
        return source
    query = select(columns, source)
    query.set("joins", joins)
    return chain.add("with_later", query)


def _newest(
    graph: Graph, join: LabelJoin, day: date, taken: dict[str, Later], wanted: exp.Select
) -> exp.Select:
    """Select the newest row of each wanted key; a table without days has one row of each."""
    known, days = _columns(graph, join), days_seen(graph, join, day)
    names = sorted({join.field, *(later.column for later in taken.values())})
    order = (DAY, *join.order)
    read = {n: kind for n, kind in known.items() if n in {*names, *order}}
    rows = select([column(name) for name in names], scan(join.relation, read, days, "other"))
    if days is None:
        return rows
    place = exp.Window(
        this=exp.RowNumber(),
        partition_by=[column(join.field)],
        order=exp.Order(expressions=[_last_first(name) for name in order]),
    )
    of_rows = (on_days(days), column(join.field).isin(query=wanted))
    return rows.where(*of_rows).qualify(place.eq(1))


def _last_first(name: str) -> exp.Ordered:
    return exp.Ordered(this=column(name), desc=True, nulls_first=True)


def _columns(graph: Graph, join: LabelJoin) -> dict[str, pa.DataType]:
    if join.source in graph.tables:
        return table_columns(graph.tables[join.source])
    if join.source in graph.events:
        return events.stored_columns(graph.events[join.source])
    return row_columns(graph.row_families[join.source])
