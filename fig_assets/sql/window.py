"""Family and period -> SELECT of one day's windows, merged from daily states alone."""

from collections.abc import Sequence
from datetime import date, timedelta
from functools import lru_cache, partial

import pyarrow as pa
from sqlglot import exp

from fig_assets.engines.base import DAY, Column, Read, Target
from fig_assets.graph.definitions import Aggregated, Computed
from fig_assets.graph.nodes import Attribute, Family, label_of
from fig_assets.graph.period import Period, Window
from fig_assets.graph.version import fingerprint
from fig_assets.language.duck import cast
from fig_assets.language.functions import (
    AggregateCall,
    empty,
    finishing,
    from_values,
    merge,
    merged_times,
)
from fig_assets.language.lower import Lowering
from fig_assets.language.parse import Reference
from fig_assets.language.types import Type, arrow_type, convert
from fig_assets.language.value import bare
from fig_assets.sql.daily_state import (
    REMEMBERED,
    TIMES,
    VALUE,
    CallStates,
    GroupStates,
    call_states,
    states_of,
)
from fig_assets.sql.expressions import (
    Chain,
    arrow_types,
    closure,
    column,
    column_all,
    day_literal,
    named,
    on_days,
    scan,
    select,
    value,
)
from fig_assets.sql.layer import Layer
from fig_assets.sql.losses import losses
from fig_assets.sql.window_losses import lost_of_window, lost_over_aggregates

WINDOW_START, WINDOW_END, WINDOW_COMPLETE = "window_start", "window_end", "window_complete"
BOUNDS: dict[str, pa.DataType] = {
    WINDOW_START: pa.date32(),
    WINDOW_END: pa.date32(),
    WINDOW_COMPLETE: pa.bool_(),
}
"""First day, day after the last, and whether all days are at or after the project's start."""


def stored_columns(family: Family, period: Period) -> dict[str, pa.DataType]:
    """Return the columns of the stored relation, `day` first."""
    key = {family.granularity: arrow_type(family.granularity_type)}
    return {DAY: pa.date32(), **key, **arrow_types(family.features[period]), **BOUNDS}


def window_target(layer: Layer, day: date, attributes: Sequence[Attribute], start: date) -> Target:
    """Say which columns a write of `attributes` on `day` replaces, and what it reads.

    `start` is the project's first day: days before it are simply not there.
    """
    family, window = layer.family, layer.period.window(day)
    since = max(window.start, start)
    keys = tuple(Read(g.relation, (), since, window.end) for g in family.groups)
    meaning = fingerprint(
        "window", layer.period.days, *(group.fingerprint for group in family.groups)
    )
    stored = Read(layer.relation, (), day, window.end)
    rows = keys if layer.is_first else (stored,)
    columns = [Column(family.granularity, arrow_type(family.granularity_type), meaning, rows)]
    if layer.is_first:
        columns += [Column(name, kind, meaning, rows) for name, kind in BOUNDS.items()]
    types = arrow_types(attributes)
    for attribute in attributes:
        reads = _reads(layer, attribute, Window(since, window.end), day)
        reads = (reads or rows) if layer.is_first else (*rows, *reads)
        kind = types[attribute.column]
        columns.append(Column(attribute.column, kind, attribute.fingerprint, reads))
    whole = layer.is_first and {a.key for a in attributes} >= {a.key for a in layer.features}
    return Target(layer.relation, (family.granularity,), tuple(columns), whole)


def needed_states(
    layer: Layer, attributes: Sequence[Attribute]
) -> tuple[tuple[GroupStates, tuple[CallStates, ...]], ...]:
    """Return, for each group that is read, the states that `attributes` are merged from."""
    return _needed_states(layer, tuple(attributes))


@lru_cache(REMEMBERED)
def _needed_states(
    layer: Layer, attributes: tuple[Attribute, ...]
) -> tuple[tuple[GroupStates, tuple[CallStates, ...]], ...]:
    family = layer.family
    wanted = {
        call.fingerprint
        for attribute in closure(attributes, layer.features)
        if isinstance(attribute.definition, Aggregated)
        for call in call_states(attribute.definition, family.groups[attribute.definition.group])
    }
    found = (
        (states, tuple(call for call in states.calls if call.fingerprint in wanted))
        for states in states_of(family)
    )
    return tuple((states, calls_) for states, calls_ in found if calls_ or layer.is_first)


def select_windows(
    layer: Layer,
    day: date,
    attributes: Sequence[Attribute],
    *,
    start: date,
    dialect: str,
) -> exp.Select:
    """Select the windows that end with `day`.

    Returns:
        One row for each entity with at least one event in the window, ordered by entity, columns
        `(day, entity, *attributes, window_start, window_end, window_complete)`; the last three
        only from the op that makes the rows. Beside them a boolean `lost__...` for each attribute
        that can lose a value.
    """
    family, window = layer.family, layer.period.window(day)
    seen = Window(max(window.start, start), window.end)
    chain = Chain()
    values: dict[str, exp.Expr] = {}
    titles: list[str] = []
    for place, (states, calls_) in enumerate(needed_states(layer, attributes)):
        suffix = "" if len(family.groups) == 1 else f"_{place + 1}"
        titles.append(_merge_group(chain, states, calls_, seen, suffix, dialect))
        for call in calls_:
            values[call.fingerprint] = column(f"{call.title}_{call.fingerprint[:6]}__")
    needed = closure(attributes, layer.features)
    stored = _stored_columns_read(needed)
    if layer.is_first:
        source = _all_entities(chain, family, titles)
    else:
        source = _beside_stored(chain, layer, day, stored, titles)
    source = _features(chain, family, needed, source, values, stored, dialect)
    columns = [
        named(day_literal(day), DAY),
        column(family.granularity),
        *(column(a.column) for a in attributes),
        *(_bounds(window, start) if layer.is_first else ()),
        *losses(attributes, dialect),
        *lost_over_aggregates(
            family, attributes, lambda a: _lowering(family, a, values, dialect)[1], _result
        ),
    ]
    rows = select(columns, source).order_by(column(family.granularity), copy=False)
    return chain.finish(rows)


def _bounds(window: Window, start: date) -> list[exp.Expr]:
    complete = exp.true() if window.start >= start else exp.false()
    return [
        named(day_literal(window.start), WINDOW_START),
        named(day_literal(window.end), WINDOW_END),
        named(complete, WINDOW_COMPLETE),
    ]


def _merge_group(
    chain: Chain,
    states: GroupStates,
    calls_: Sequence[CallStates],
    days: Window,
    suffix: str,
    dialect: str,
) -> str:
    """Merge one group's states over the window; returns the select with all its results."""
    key = states.family.granularity
    merged: list[exp.Expr] = [column(key)]
    for call in calls_:
        if call.values is None:
            names = {part: name for part, (name, _) in call.columns.items()}
            merged.append(named(merge(call.call, partial(_state, names), dialect), _result(call)))
        merged += lost_of_window(call, _result(call))
    table = scan(states.group.relation, states.columns, days, "states")
    source = chain.add(f"merged{suffix}", _grouped(merged, table, days, [key]))
    results: list[exp.Expr] = [column_all(source)]
    joins: list[exp.Join] = []
    for place, call in enumerate(call for call in calls_ if call.values is not None):
        name = chain.add(f"values{suffix}_{place + 1}", _from_values(states, call, days, dialect))
        found = exp.Coalesce(this=column(_result(call), name), expressions=[_empty(call)])
        results.append(named(found, _result(call)))
        joins.append(_left_join(name, source, key))
    if not joins:
        return source
    joined = select(results, source)
    joined.set("joins", joins)
    return chain.add(f"grouped{suffix}", joined)


def _grouped(
    columns: Sequence[exp.Expr], source: exp.Expr, days: Window | None, keys: Sequence[str]
) -> exp.Select:
    query = select(columns, source).group_by(*map(column, keys), copy=False)
    return query.where(on_days(days), copy=False) if days else query


def _left_join(name: str, source: str, key: str) -> exp.Join:
    same = exp.EQ(this=column(key, name), expression=column(key, source))
    return exp.Join(this=exp.Table(this=exp.to_identifier(name)), on=same, side="LEFT")


def _from_values(states: GroupStates, call: CallStates, days: Window, dialect: str) -> exp.Select:
    key = states.family.granularity
    table = scan(call.values or "", states.value_columns(call), days, "daily")
    total = cast(merged_times(call.call, column(TIMES)), "BIGINT")
    columns = [column(key), column(VALUE), named(total, TIMES)]
    distinct = _grouped(columns, table, days, [key, VALUE])
    result = from_values(call.call, column(VALUE), column(TIMES), dialect)
    seen = exp.Subquery(this=distinct, alias=exp.TableAlias(this=exp.to_identifier("seen")))
    return _grouped([column(key), named(result, _result(call))], seen, None, [key])


def _state(names: dict[str, str], part: str) -> exp.Expr:
    return column(names[part])


def _all_entities(chain: Chain, family: Family, groups: Sequence[str]) -> str:
    """Join the groups on the granularity; where one has no events its counts are 0."""
    if len(groups) == 1:
        return groups[0]
    key = family.granularity
    every = exp.union(*(select([column(key)], g) for g in groups), distinct=True, copy=False)
    entities = chain.add("entities", every)
    return _with_groups(chain, key, entities, [column(key, entities)], groups)


def _beside_stored(
    chain: Chain, layer: Layer, day: date, stored: set[str], groups: Sequence[str]
) -> str:
    """Read the day's stored rows and the columns that earlier ops made, and join the groups."""
    key = layer.family.granularity
    names = [key, *sorted(stored - {key})]
    known = {
        name: kind
        for name, kind in stored_columns(layer.family, layer.period).items()
        if name == DAY or name in names
    }
    days = Window(day, day + timedelta(days=1))
    table = scan(layer.relation, known, days, "earlier")
    query = select([column(name) for name in names], table).where(on_days(days), copy=False)
    source = chain.add("stored", query)
    if not groups:
        return source
    return _with_groups(chain, key, source, [column_all(source)], groups)


def _with_groups(
    chain: Chain, key: str, source: str, columns: Sequence[exp.Expr], groups: Sequence[str]
) -> str:
    results = list(columns)
    steps = dict(chain.steps)
    for group in groups:
        names = [name for name in _result_names(steps[group], steps) if name != key]
        results += [column(name, group) for name in names]
    joined = select(results, source)
    joined.set("joins", [_left_join(group, source, key) for group in groups])
    return chain.add("joined", joined)


def _result_names(query: exp.Query, steps: dict[str, exp.Query]) -> list[str]:
    names: list[str] = []
    for item in query.selects:
        if isinstance(item, exp.Column) and isinstance(item.this, exp.Star):
            names += _result_names(steps[item.table], steps)
        else:
            names.append(item.alias_or_name)
    return names


def _features(
    chain: Chain,
    family: Family,
    needed: Sequence[Attribute],
    source: str,
    values: dict[str, exp.Expr],
    stored: set[str],
    dialect: str,
) -> str:
    """Compute the features in as few selects as their siblings allow."""
    ready, pending = set(stored), list(needed)
    while pending:
        now = [a for a in pending if _siblings(a) <= ready]
        if not now:
            raise KeyError([a.identity for a in pending])
        finished = [named(_computed(family, a, values, dialect), a.column) for a in now]
        source = chain.add(f"step_{len(chain.steps)}", select([exp.Star(), *finished], source))
        ready |= {a.column for a in now}
        pending = [a for a in pending if a.column not in ready]
    return source


def _siblings(attribute: Attribute) -> set[str]:
    """Name the columns of the family that a feature is computed from."""
    definition = attribute.definition
    if isinstance(definition, Aggregated):
        return set(definition.siblings.values())
    return set(definition.columns.values()) if isinstance(definition, Computed) else set()


def _stored_columns_read(needed: Sequence[Attribute]) -> set[str]:
    """Name what earlier ops have stored for the features that are computed now."""
    read = {name for attribute in needed for name in _siblings(attribute)}
    return read - {attribute.column for attribute in needed}


def _computed(
    family: Family, attribute: Attribute, values: dict[str, exp.Expr], dialect: str
) -> exp.Expr:
    definition = attribute.definition
    if isinstance(definition, Computed):
        return value(definition, attribute.type, dialect)
    return _finished(family, attribute, values, dialect)


def _finished(
    family: Family, attribute: Attribute, values: dict[str, exp.Expr], dialect: str
) -> exp.Expr:
    definition, lowering = _lowering(family, attribute, values, dialect)
    tree = lowering.value(definition.expression.tree).sealed()
    return convert(tree, definition.result, attribute.type, dialect)


def _lowering(
    family: Family, attribute: Attribute, values: dict[str, exp.Expr], dialect: str
) -> tuple[Aggregated, Lowering]:
    """Say how a feature's expression becomes a tree over merged aggregates and siblings."""
    definition = attribute.definition
    if not isinstance(definition, Aggregated):
        raise TypeError(attribute.identity)
    states = call_states(definition, family.groups[definition.group])
    by_meaning = {call.call.meaning: call for call in states}

    def result(call: AggregateCall) -> exp.Expr:
        found = by_meaning[call.meaning]
        tree = values[found.fingerprint].copy()
        if len(family.groups) == 1 or isinstance(_empty(found), exp.Null):
            return tree
        return exp.Coalesce(this=tree, expressions=[_empty(found)])

    def type_of(reference: Reference) -> Type:
        known = {**definition.sibling_types, **definition.types}
        return known[label_of(reference)]

    lowering = finishing(
        result,
        dialect,
        type_of,
        column=lambda ref: column(definition.siblings[label_of(ref)]),
        resolve=lambda ref: definition.columns.get(label_of(ref), ""),
    )
    return definition, lowering


def _empty(call: CallStates) -> exp.Expr:
    return bare(empty(call.call))


def _result(call: CallStates) -> str:
    return f"{call.title}_{call.fingerprint[:6]}__"


def _reads(layer: Layer, attribute: Attribute, days: Window, day: date) -> tuple[Read, ...]:
    found = [
        Read(relation, columns, days.start, days.end)
        for relation, columns in _columns_read(layer, attribute)
    ]
    if not layer.is_first:
        stored = _stored_columns_read(closure([attribute], layer.features))
        found.append(Read(layer.relation, tuple(sorted(stored)), day, days.end))
    return tuple(found)


@lru_cache(REMEMBERED)
def _columns_read(layer: Layer, attribute: Attribute) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Name the relations and columns of states that an attribute is merged from."""
    found: list[tuple[str, tuple[str, ...]]] = []
    for states, calls_ in needed_states(layer, [attribute]):
        names = (name for call in calls_ for name, _ in call.columns.values())
        found.append((states.group.relation, tuple(sorted(names))))
        found += [(call.values, (VALUE, TIMES)) for call in calls_ if call.values]
    return tuple(found)
