"""States of a family -> SELECT of one day's states: what windows of any length are merged from.

Each aggregate call becomes a few state columns at the grain (entity), or, where it needs the
values themselves (distinct counts, mode, entropy), a relation at the grain (entity, value).
"""

from collections.abc import Sequence
from datetime import date, timedelta

import pyarrow as pa
from sqlglot import exp

from fig_assets.engines.base import DAY, Column, Read, Target
from fig_assets.graph.nodes import Graph, Group
from fig_assets.graph.period import Window
from fig_assets.language.duck import call as called
from fig_assets.language.duck import count_where
from fig_assets.language.functions import daily, lower, times_of, values_of
from fig_assets.language.losses import lost_before
from fig_assets.language.types import BOOLEAN, arrow_type, convert
from fig_assets.sql.event import stored_columns
from fig_assets.sql.expressions import (
    column,
    day_literal,
    named,
    on_days,
    scan,
    select,
    typed,
    value,
)
from fig_assets.sql.losses import lost_key
from fig_assets.sql.relations import row_columns
from fig_assets.sql.state_columns import LOST_ROWS, TIMES, VALUE, GroupStates, State, columns_of


def state_target(states: GroupStates, day: date, wanted: Sequence[State]) -> Target:
    """Say which state columns a write on `day` replaces, and what it reads."""
    family, group = states.family, states.group
    common = [group.entity.column, *_filter_columns(group)]
    key_type = arrow_type(family.granularity_type)
    key_reads = (_read(group, day, common),)
    columns = [Column(family.granularity, key_type, group.fingerprint, key_reads)]
    for state in wanted:
        reads = (_read(group, day, [*common, *_columns_read(state)]),)
        columns.append(Column(state.name, arrow_type(state.type), state.fingerprint, reads))
    # The states of rows come one by one, as the features do; what is dropped is made anew.
    whole = group.is_of_rows or {state.name for state in wanted} >= states.merged.keys()
    return Target(group.relation, (family.granularity,), tuple(columns), whole)


def value_target(states: GroupStates, values: State, day: date) -> Target:
    """Say what a write of the values of some calls on `day` replaces, and what it reads."""
    family, group = states.family, states.group
    common = [group.entity.column, *_filter_columns(group)]
    reads = (_read(group, day, [*common, *_columns_read(values)]),)
    types = states.value_columns(values)
    columns = tuple(
        Column(name, types[name], values.fingerprint, reads)
        for name in (family.granularity, VALUE, TIMES)
    )
    return Target(values.name, (family.granularity, VALUE), columns)


def source_columns(graph: Graph, group: Group) -> dict[str, pa.DataType]:
    """Return the columns of the events or rows that a group aggregates, `day` first."""
    if group.is_of_rows:
        return row_columns(graph.row_families[group.source])
    return stored_columns(graph.events[group.source])


def select_states(
    states: GroupStates,
    source: dict[str, pa.DataType],
    days: Window,
    wanted: Sequence[State],
    dialect: str,
) -> exp.Select:
    """Select the state columns of the events or rows of some days, whose columns are `source`.

    Returns:
        One row for each day and entity with an event or row on it, ordered by both, columns
        `(day, entity, *states)`. What one day's rows are does not depend on the others.
        Those whose granularity is NULL are dropped: nobody's events form no entity.
    """
    columns = _key_columns(states, days, dialect)
    known: dict[str, dict[str, exp.Expr]] = {}
    for state in wanted:
        aggregates = known.get(state.call.meaning)
        if aggregates is None:
            aggregates = known[state.call.meaning] = _aggregates(state, dialect)
        columns.append(named(aggregates[state.suffix], state.name))
    query = _from_source(columns, states.group, source, days, dialect)
    query.where(_present(_entity(states, dialect)), copy=False)
    keys = _keys(days)
    query.group_by(*keys, copy=False)
    return query.order_by(*(key.copy() for key in keys), copy=False)


def select_values(
    states: GroupStates,
    source: dict[str, pa.DataType],
    values: State,
    days: Window,
    dialect: str,
) -> exp.Select:
    """Select the values of the calls that share them, of some days.

    Returns:
        One row for each day, entity and value, columns `(day, entity, value, n)`, n events, ordered
        by day and then always the same. Where a call counts approximately, the value is a register
        and n its highest rank.
    """
    definition, call = values.definition, values.call
    read, types = columns_of(definition), typed(definition.types)
    item = values_of(call, dialect, read, types)
    times = named(times_of(call, dialect, read, types), TIMES)
    columns = [*_key_columns(states, days, dialect), named(item, VALUE), times]
    query = _from_source(columns, states.group, source, days, dialect)
    query.where(_present(_entity(states, dialect)), _present(item.copy()), copy=False)
    if call.filter is not None:
        query.where(lower(call.filter, dialect, read, types), copy=False)
    *day, entity = _keys(days)
    query.group_by(*day, entity, exp.Literal.number(3), copy=False)
    # Any fixed order will do, and sorting texts costs four times as much as counting them.
    hashed = [called("HASH", tree) for tree in (_entity(states, dialect), item.copy())]
    return query.order_by(*(key.copy() for key in day), *hashed, copy=False)


def select_lost_keys(
    states: GroupStates, source: dict[str, pa.DataType], day: date, dialect: str
) -> exp.Select | None:
    """Count the events or rows of one day that form no entity since their key has another type.

    Returns:
        One row: `lost_keys`. None where the key is not converted, or always can be.
    """
    lost = lost_key(states.group.entity, states.family.granularity_type, dialect)
    days = Window(day, day + timedelta(days=1))
    return None if lost is None else _from_source([lost], states.group, source, days, dialect)


def _aggregates(state: State, dialect: str) -> dict[str, exp.Expr]:
    """Return, by suffix, the aggregates of all states of the call that wants one of them."""
    call, definition = state.call, state.definition
    read, types = columns_of(definition), typed(definition.types)
    found = daily(call, dialect, read, types)
    loss = lost_before(call, dialect, read, types)
    if loss is not None:
        found[LOST_ROWS] = count_where(loss)
    return found


def _key_columns(states: GroupStates, days: Window, dialect: str) -> list[exp.Expr]:
    entity = named(_entity(states, dialect), states.family.granularity)
    day = named(day_literal(days.start), DAY) if _is_one(days) else column(DAY)
    return [day, entity]


def _keys(days: Window) -> list[exp.Expr]:
    """Name the places of the keys of the state relation: also the day, where there are several."""
    return [exp.Literal.number(place) for place in ((2,) if _is_one(days) else (1, 2))]


def _is_one(days: Window) -> bool:
    return days.start + timedelta(days=1) == days.end


def _present(tree: exp.Expr) -> exp.Expr:
    return exp.Not(this=exp.Is(this=tree, expression=exp.null()))


def _entity(states: GroupStates, dialect: str) -> exp.Expr:
    entity = states.group.entity
    return convert(column(entity.column), entity.type, states.family.granularity_type, dialect)


def _from_source(
    columns: Sequence[exp.Expr],
    group: Group,
    source: dict[str, pa.DataType],
    days: Window,
    dialect: str,
) -> exp.Select:
    alias = "rows" if group.is_of_rows else "events"
    query = select(columns, scan(group.reads, source, days, alias))
    query.where(on_days(days), copy=False)
    if group.where is not None:
        query.where(value(group.where, BOOLEAN, dialect), copy=False)
    return query


def _columns_read(state: State) -> list[str]:
    call, names = state.call, state.definition.columns
    read = [names[node.name] for node in call.node.find_all(exp.Column)]
    ordered = ["event_time", "event_id"] if call.function in ("FIRST", "LAST") else []
    return list(dict.fromkeys([*read, *ordered]))


def _filter_columns(group: Group) -> list[str]:
    return list(group.where.columns.values()) if group.where else []


def _read(group: Group, day: date, columns: Sequence[str]) -> Read:
    names = tuple(sorted(set(columns)))
    return Read(group.reads, names, day, day + timedelta(days=1))
