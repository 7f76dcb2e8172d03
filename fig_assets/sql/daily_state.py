"""Family -> SELECT of one day's mergeable states: what windows of any length are merged from.

Each aggregate call becomes a few state columns at the grain (entity), or, where it needs the
values themselves (distinct counts, mode, entropy), a relation at the grain (entity, value).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property, lru_cache

import pyarrow as pa
from sqlglot import exp

from fig_assets.engines.base import DAY, Column, Read, Target
from fig_assets.graph.definitions import Aggregated
from fig_assets.graph.nodes import Family, Graph, Group, label_of
from fig_assets.graph.period import Window
from fig_assets.graph.version import fingerprint
from fig_assets.language.duck import call as called
from fig_assets.language.functions import (
    AggregateCall,
    calls,
    daily,
    lower,
    needs_values,
    state_types,
    times_of,
    value_item_type,
    value_type,
    values_of,
)
from fig_assets.language.losses import lost_before
from fig_assets.language.parse import Reference
from fig_assets.language.types import BIGINT, BOOLEAN, Type, arrow_type, convert
from fig_assets.sql.event import stored_columns
from fig_assets.sql.expressions import (
    column,
    count_where,
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

VALUE, TIMES = "value__", "times__"
LOST_ROWS = "lost"
"""The suffix of a state: how many events lost a value in the argument or filter of a call."""
REMEMBERED = 1024
"""How many nodes of a project have their states worked out once, not once a day."""


@dataclass(frozen=True, eq=False)
class CallStates:
    """One aggregate call of a family with the names and types of its stored state."""

    call: AggregateCall
    definition: Aggregated
    title: str
    """A readable name: `sum_is_failure`."""
    columns: dict[str, tuple[str, Type]]
    """Suffix -> stored column and type; of a call that needs values only `LOST_ROWS`."""
    values: str | None
    """The relation of (entity, value, n), or None."""
    item_type: Type
    """The type of the values, where they are needed."""
    result_type: Type
    """The type of the finished aggregate."""
    fingerprint: str


@dataclass(frozen=True, eq=False)
class GroupStates:
    """Everything that is stored a day for one group of a family."""

    family: Family
    group: Group
    calls: tuple[CallStates, ...]

    @cached_property
    def columns(self) -> dict[str, pa.DataType]:
        """The columns of the state relation, `day` first."""
        kind = arrow_type(self.family.granularity_type)
        states = {n: arrow_type(t) for call in self.calls for n, t in call.columns.values()}
        return {DAY: pa.date32(), self.family.granularity: kind, **states}

    def value_columns(self, call: CallStates) -> dict[str, pa.DataType]:
        """The columns of the relation of one call's values, `day` first."""
        key = {self.family.granularity: arrow_type(self.family.granularity_type)}
        return {DAY: pa.date32(), **key, VALUE: arrow_type(call.item_type), TIMES: pa.int64()}


@lru_cache(REMEMBERED)
def call_states(definition: Aggregated, group: Group) -> tuple[CallStates, ...]:
    """Name the stored states of each aggregate call in a feature's expression."""
    found = []
    for call in calls(definition.expression.tree, lambda ref: definition.columns[label_of(ref)]):
        meaning = fingerprint("state", group.fingerprint, call.meaning)
        title = _title(call, definition)
        types = typed(definition.types)
        kinds = {} if needs_values(call) else state_types(call, types)
        if lost_before(call, "duckdb", _columns_of(definition), types) is not None:
            kinds[LOST_ROWS] = BIGINT
        columns = {
            suffix: (f"{title}_{suffix}_{meaning[:6]}", kind) for suffix, kind in kinds.items()
        }
        values = f"{group.relation}/{title}_{meaning[:6]}" if needs_values(call) else None
        item = value_item_type(call, types) if values else BIGINT
        result = value_type(call, types)
        found.append(CallStates(call, definition, title, columns, values, item, result, meaning))
    return tuple(found)


@lru_cache(REMEMBERED)
def states_of(family: Family) -> tuple[GroupStates, ...]:
    """List what is stored a day for each group of a family, each state once."""
    features = family.features[family.periods[0]]
    found = []
    for place, group in enumerate(family.groups):
        known: dict[str, CallStates] = {}
        for feature in features:
            definition = feature.definition
            if isinstance(definition, Aggregated) and definition.group == place:
                for call in call_states(definition, group):
                    known.setdefault(call.fingerprint, call)
        found.append(GroupStates(family, group, tuple(known.values())))
    return tuple(found)


def state_target(states: GroupStates, day: date, calls_: Sequence[CallStates]) -> Target:
    """Say which state columns a write on `day` replaces, and what it reads."""
    family, group = states.family, states.group
    key_reads = (_read(group, day, [group.entity.column, *_filter_columns(group)]),)
    key_type = arrow_type(family.granularity_type)
    columns = [Column(family.granularity, key_type, group.fingerprint, key_reads)]
    for call in calls_:
        reads = (_read(group, day, [*_call_columns(call), *_filter_columns(group)]),)
        columns += [
            Column(name, arrow_type(kind), call.fingerprint, reads)
            for name, kind in call.columns.values()
        ]
    every = {c.fingerprint for c in states.calls if c.columns}
    # The states of rows come one by one, as the features do; what is dropped is made anew.
    whole = group.is_of_rows or {c.fingerprint for c in calls_} >= every
    return Target(group.relation, (family.granularity,), tuple(columns), whole)


def value_target(states: GroupStates, call: CallStates, day: date) -> Target:
    """Say what a write of one call's values on `day` replaces, and what it reads."""
    family, group = states.family, states.group
    read = [group.entity.column, *_call_columns(call), *_filter_columns(group)]
    reads = (_read(group, day, read),)
    types = states.value_columns(call)
    columns = tuple(
        Column(name, types[name], call.fingerprint, reads)
        for name in (family.granularity, VALUE, TIMES)
    )
    return Target(call.values or "", (family.granularity, VALUE), columns)


def source_columns(graph: Graph, group: Group) -> dict[str, pa.DataType]:
    """Return the columns of the events or rows that a group aggregates, `day` first."""
    if group.is_of_rows:
        return row_columns(graph.row_families[group.source])
    return stored_columns(graph.events[group.source])


def select_states(
    states: GroupStates,
    source: dict[str, pa.DataType],
    day: date,
    calls_: Sequence[CallStates],
    dialect: str,
) -> exp.Select:
    """Select the state columns of one day's events or rows, whose columns are `source`.

    Returns:
        One row for each entity with an event or row on `day`, columns `(day, entity, *states)`.
        Those whose granularity is NULL are dropped: nobody's events form no entity.
    """
    columns = _key_columns(states, day, dialect)
    for call in calls_:
        definition = call.definition
        read, types = _columns_of(definition), typed(definition.types)
        aggregates = daily(call.call, dialect, read, types)
        loss = lost_before(call.call, dialect, read, types)
        if loss is not None:
            aggregates[LOST_ROWS] = count_where(loss)
        columns += [named(aggregates[suffix], name) for suffix, (name, _) in call.columns.items()]
    query = _from_source(columns, states.group, source, day, dialect)
    query.where(_present(_entity(states, dialect)), copy=False)
    query.group_by(exp.Literal.number(2), copy=False)
    return query.order_by(exp.Literal.number(2), copy=False)


def select_values(
    states: GroupStates,
    source: dict[str, pa.DataType],
    call: CallStates,
    day: date,
    dialect: str,
) -> exp.Select:
    """Select one day's values of one aggregate call.

    Returns:
        One row for each entity and value, columns `(day, entity, value, n)`, n events, in an order
        that is always the same. Where the call counts approximately, the value is a register and n
        its highest rank.
    """
    definition = call.definition
    read, types = _columns_of(definition), typed(definition.types)
    item = values_of(call.call, dialect, read, types)
    times = named(times_of(call.call, dialect, read, types), TIMES)
    columns = [*_key_columns(states, day, dialect), named(item, VALUE), times]
    query = _from_source(columns, states.group, source, day, dialect)
    query.where(_present(_entity(states, dialect)), _present(item.copy()), copy=False)
    if call.call.filter is not None:
        query.where(lower(call.call.filter, dialect, read, types), copy=False)
    query.group_by(*map(exp.Literal.number, (2, 3)), copy=False)
    # Any fixed order will do, and sorting texts costs four times as much as counting them.
    hashed = [called("HASH", tree) for tree in (_entity(states, dialect), item.copy())]
    return query.order_by(*hashed, copy=False)


def select_lost_keys(
    states: GroupStates, source: dict[str, pa.DataType], day: date, dialect: str
) -> exp.Select | None:
    """Count the events or rows of one day that form no entity since their key has another type.

    Returns:
        One row: `lost_keys`. None where the key is not converted, or always can be.
    """
    lost = lost_key(states.group.entity, states.family.granularity_type, dialect)
    return None if lost is None else _from_source([lost], states.group, source, day, dialect)


def _key_columns(states: GroupStates, day: date, dialect: str) -> list[exp.Expr]:
    entity = named(_entity(states, dialect), states.family.granularity)
    return [named(day_literal(day), DAY), entity]


def _present(tree: exp.Expr) -> exp.Expr:
    return exp.Not(this=exp.Is(this=tree, expression=exp.null()))


def _entity(states: GroupStates, dialect: str) -> exp.Expr:
    entity = states.group.entity
    return convert(column(entity.column), entity.type, states.family.granularity_type, dialect)


def _from_source(
    columns: Sequence[exp.Expr],
    group: Group,
    source: dict[str, pa.DataType],
    day: date,
    dialect: str,
) -> exp.Select:
    days = Window(day, day + timedelta(days=1))
    alias = "rows" if group.is_of_rows else "events"
    query = select(columns, scan(group.reads, source, days, alias))
    query.where(on_days(days), copy=False)
    if group.where is not None:
        query.where(value(group.where, BOOLEAN, dialect), copy=False)
    return query


def _columns_of(definition: Aggregated) -> Callable[[Reference], exp.Expr]:
    def read(reference: Reference) -> exp.Expr:
        if reference.name in ("event_time", "event_id") and reference.version is None:
            return column(definition.columns.get(label_of(reference), reference.name))
        return column(definition.columns[label_of(reference)])

    return read


def _call_columns(call: CallStates) -> list[str]:
    read = [call.definition.columns[node.name] for node in call.call.node.find_all(exp.Column)]
    ordered = ["event_time", "event_id"] if call.call.function in ("FIRST", "LAST") else []
    return list(dict.fromkeys([*read, *ordered]))


def _filter_columns(group: Group) -> list[str]:
    return list(group.where.columns.values()) if group.where else []


def _read(group: Group, day: date, columns: Sequence[str]) -> Read:
    names = tuple(sorted(set(columns)))
    return Read(group.reads, names, day, day + timedelta(days=1))


def _title(call: AggregateCall, definition: Aggregated) -> str:
    names = [definition.columns[node.name] for node in call.node.find_all(exp.Column)]
    words = [call.function.lower(), *(name.partition("__")[0] for name in names[:2])]
    return "_".join(words)[:40]
