"""What a row family joins -> the other relation on the day that a row sees, matched by its key."""

from collections.abc import Sequence
from datetime import date

import pyarrow as pa
from sqlglot import exp

from fig_assets.engines.base import DAY
from fig_assets.graph.definitions import Joined
from fig_assets.graph.nodes import Attribute, Graph, Join, RowFamily, base_column
from fig_assets.graph.period import Window
from fig_assets.language.types import Type, convert
from fig_assets.sql import window as windows
from fig_assets.sql.expressions import (
    Chain,
    column,
    column_all,
    named,
    on_days,
    scan,
    select,
)
from fig_assets.sql.relations import row_columns, score_columns, table_columns


def join_ready(
    chain: Chain,
    graph: Graph,
    family: RowFamily,
    day: date,
    pending: Sequence[Attribute],
    ready: set[str],
    source: str,
    dialect: str,
) -> str:
    """Join every relation whose match column is there, reading each once, in one select.

    Adds what was joined to `ready`; returns the name of the last select.
    """
    columns: list[exp.Expr] = [column_all(source)]
    joins: list[exp.Join] = []
    for place, wanted in _wanted(family, pending, ready).items():
        join = family.joins[place]
        alias = _alias(join, {found.alias_or_name for found in joins})
        columns += [named(_taken(a, alias, join.key), a.column) for a in wanted]
        match = column(join.match or family.granularity, source)
        value = convert(match, _match_type(graph, family, join), _key_type(graph, join), dialect)
        other = _joined_table(graph, join, day, wanted)
        if join.source in graph.row_families:
            other = _newest(other, join, select([value.copy()], source))
        on = exp.EQ(this=value, expression=column(join.key, alias))
        joins.append(exp.Join(this=other.subquery(alias, copy=False), on=on, side="LEFT"))
        ready |= {a.column for a in wanted}
    if not joins:
        return source
    query = select(columns, source)
    query.set("joins", joins)
    names = [found.alias_or_name.removeprefix("their_") for found in joins]
    return chain.add(f"with_{names[0]}" if len(names) == 1 else "with_joins", query)


def _wanted(
    family: RowFamily, pending: Sequence[Attribute], ready: set[str]
) -> dict[int, list[Attribute]]:
    """Return, by the place of each join whose match column is there, what is taken from it."""
    found: dict[int, list[Attribute]] = {}
    for attribute in pending:
        if isinstance(attribute.definition, Joined) and attribute.column not in ready:
            match = family.joins[attribute.definition.join].match
            if match is None or match in ready:
                found.setdefault(attribute.definition.join, []).append(attribute)
    return dict(sorted(found.items()))


def _alias(join: Join, taken: set[str]) -> str:
    """Name the other side; where it is joined twice, the second is numbered."""
    name = f"their_{join.source}_{join.period.word}" if join.period else f"their_{join.source}"
    numbered = (f"{name}_{place}" for place in range(2, len(taken) + 2))
    return next(alias for alias in (name, *numbered) if alias not in taken)


def _taken(attribute: Attribute, alias: str, key: str) -> exp.Expr:
    """Take a joined column; its default stands for a missing match, not for a matched NULL."""
    definition = attribute.definition
    if not isinstance(definition, Joined):
        raise TypeError(attribute.identity)
    found = column(definition.column, alias)
    if definition.default is None:
        return found
    unmatched = column(key, alias).is_(exp.null())
    return exp.Case().when(unmatched, exp.convert(definition.default)).else_(found)


def _newest(rows: exp.Select, join: Join, wanted: exp.Select) -> exp.Select:
    """Keep the newest row of each wanted key: there is one for each key and day."""
    newest_first = exp.Order(expressions=[exp.Ordered(this=column(DAY), desc=True)])
    place = exp.Window(this=exp.RowNumber(), partition_by=[column(join.key)], order=newest_first)
    return rows.where(column(join.key).isin(query=wanted)).qualify(place.eq(1))


def _key_type(graph: Graph, join: Join) -> Type:
    if join.source in graph.tables:
        return graph.tables[join.source].columns[join.key]
    if join.source in graph.families:
        return graph.families[join.source].granularity_type
    named = graph.models[join.source].family if join.source in graph.models else join.source
    return graph.row_families[named].granularity_type


def _match_type(graph: Graph, family: RowFamily, join: Join) -> Type:
    if join.match is None:
        return family.granularity_type
    for attribute in family.features:
        if attribute.column == join.match:
            return attribute.type
    event = graph.events[family.base]
    return next(a.type for a in event.attributes if join.match in (base_column(a), a.column))


def _joined_table(graph: Graph, join: Join, day: date, wanted: Sequence[Attribute]) -> exp.Select:
    """Select the other side of a join on the days that a row of `day` sees."""
    taken = {a.definition.column for a in wanted if isinstance(a.definition, Joined)}
    taken |= {DAY, join.key}
    columns = {n: kind for n, kind in joined_columns(graph, join).items() if n in taken}
    if join.reach is None:
        return exp.select(*(column(n) for n in columns)).from_(scan(join.relation, columns, None))
    days = Window(*join.reach.days(day, graph.start))
    table = scan(join.relation, columns, days, "other")
    names = (column(name) for name in columns if name != DAY)
    return exp.select(*names).from_(table).where(on_days(days))


def joined_columns(graph: Graph, join: Join) -> dict[str, pa.DataType]:
    """Return the columns of the other side of a join; `day` first where it has days."""
    if join.source in graph.tables:
        return table_columns(graph.tables[join.source])
    if join.source in graph.models:
        return score_columns(graph, join.source)
    if join.source in graph.row_families:
        return row_columns(graph.row_families[join.source])
    if join.period is None:
        raise KeyError(join.source)
    return windows.stored_columns(graph.families[join.source], join.period)
