"""Family and period -> SELECT of one day's windows, merged from daily states alone."""

from collections.abc import Sequence
from datetime import date
from functools import partial

import pyarrow as pa
from sqlglot import exp

from fig_assets.engines.base import DAY, Column, Read, Target
from fig_assets.graph.nodes import Aggregated, Attribute, Computed, Family, label_of
from fig_assets.graph.period import Period, Window
from fig_assets.graph.version import fingerprint
from fig_assets.language.functions import AggregateCall, empty, finish, from_values, merge
from fig_assets.language.parse import Reference
from fig_assets.language.types import Type, arrow_type, convert
from fig_assets.sql.daily_state import (
    TIMES,
    VALUE,
    CallStates,
    GroupStates,
    call_states,
    states_of,
)
from fig_assets.sql.expressions import (
    Chain,
    add_layers,
    arrow_types,
    closure,
    column,
    day_literal,
    on_days,
    scan,
    value,
)

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


def window_target(
    family: Family, period: Period, day: date, attributes: Sequence[Attribute], start: date
) -> Target:
    """Say which columns a write of `attributes` on `day` replaces, and what it reads.

    `start` is the project's first day: days before it are simply not there.
    """
    window = period.window(day)
    since = max(window.start, start)
    keys = tuple(Read(g.relation, (), since, window.end) for g in family.groups)
    key_type = arrow_type(family.granularity_type)
    meaning = fingerprint("window", period.days, *(group.fingerprint for group in family.groups))
    columns = [Column(family.granularity, key_type, meaning, keys)]
    columns += [Column(name, kind, meaning, keys) for name, kind in BOUNDS.items()]
    types = arrow_types(attributes)
    for attribute in attributes:
        reads = _reads(family, period, attribute, Window(since, window.end)) or keys
        kind = types[attribute.column]
        columns.append(Column(attribute.column, kind, attribute.fingerprint, reads))
    whole = {a.key for a in attributes} >= {a.key for a in family.features[period]}
    return Target(family.relation(period), (family.granularity,), tuple(columns), whole)


def needed_states(
    family: Family, period: Period, attributes: Sequence[Attribute]
) -> tuple[tuple[GroupStates, tuple[CallStates, ...]], ...]:
    """Return, for each group, the states that `attributes` are merged from."""
    needed = closure(attributes, family.features[period])
    wanted = {
        call.fingerprint
        for attribute in needed
        if isinstance(attribute.definition, Aggregated)
        for call in call_states(attribute.definition, family.groups[attribute.definition.group])
    }
    return tuple(
        (states, tuple(call for call in states.calls if call.fingerprint in wanted))
        for states in states_of(family)
    )


def select_windows(
    family: Family,
    period: Period,
    day: date,
    attributes: Sequence[Attribute],
    *,
    start: date,
    dialect: str,
) -> exp.Select:
    """Select the windows that end with `day`.

    Returns:
        One row for each entity with at least one event in the window, ordered by entity, columns
        `(day, entity, *attributes, window_start, window_end, window_complete)`.
    """
    window = period.window(day)
    seen = Window(max(window.start, start), window.end)
    chain = Chain()
    values: dict[str, exp.Expr] = {}
    titles: list[str] = []
    for place, (states, calls_) in enumerate(needed_states(family, period, attributes)):
        suffix = "" if len(family.groups) == 1 else f"_{place + 1}"
        titles.append(_merge_group(chain, states, calls_, seen, suffix, dialect))
        for call in calls_:
            values[call.fingerprint] = column(f"{call.title}_{call.fingerprint[:6]}__")
    source = _all_entities(chain, family, titles)
    needed = closure(attributes, family.features[period])
    source = _aggregates(chain, family, needed, source, values, dialect)
    computed = [
        (a.column, a.definition, value(a.definition, a.type, dialect))
        for a in needed
        if isinstance(a.definition, Computed)
    ]
    ready = {a.column for a in needed if isinstance(a.definition, Aggregated)}
    source = add_layers(chain, source, computed, ready)
    complete = exp.true() if window.start >= start else exp.false()
    return chain.finish(
        exp.select(
            day_literal(day).as_(DAY),
            column(family.granularity),
            *(column(a.column) for a in attributes),
            day_literal(window.start).as_(WINDOW_START),
            day_literal(window.end).as_(WINDOW_END),
            complete.as_(WINDOW_COMPLETE),
        )
        .from_(source)
        .order_by(column(family.granularity))
    )


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
    select = exp.select(column(key))
    for call in calls_:
        if call.values is None:
            names = {part: name for part, (name, _) in call.columns.items()}
            merged = merge(call.call, partial(_state, names), dialect)
            select = select.select(merged.as_(_result(call), quoted=True))
    table = scan(states.group.relation, states.columns, days, "states")
    merged_name = chain.add(
        f"merged{suffix}", select.from_(table).where(on_days(days)).group_by(column(key))
    )
    joined = exp.select(f"{merged_name}.*").from_(merged_name)
    for place, call in enumerate(call for call in calls_ if call.values is not None):
        name = chain.add(f"values{suffix}_{place + 1}", _from_values(states, call, days, dialect))
        result = exp.Coalesce(this=column(_result(call), name), expressions=[_empty(call)]).as_(
            _result(call), quoted=True
        )
        joined = joined.select(result).join(
            name, on=column(key, name).eq(column(key, merged_name)), join_type="left"
        )
    return chain.add(f"group{suffix}", joined) if len(joined.selects) > 1 else merged_name


def _from_values(states: GroupStates, call: CallStates, days: Window, dialect: str) -> exp.Select:
    key = states.family.granularity
    table = scan(call.values or "", states.value_columns(call), days, "daily")
    distinct = (
        exp.select(column(key), column(VALUE), _total().as_(TIMES))
        .from_(table)
        .where(on_days(days))
        .group_by(column(key), column(VALUE))
    )
    result = from_values(call.call, column(VALUE), column(TIMES), dialect)
    return (
        exp.select(column(key), result.as_(_result(call), quoted=True))
        .from_(distinct.subquery("seen"))
        .group_by(column(key))
    )


def _state(names: dict[str, str], part: str) -> exp.Expr:
    return column(names[part])


def _total() -> exp.Expr:
    return exp.cast(exp.Sum(this=column(TIMES)), "bigint")


def _all_entities(chain: Chain, family: Family, groups: Sequence[str]) -> str:
    """Join the groups on the granularity; where one has no events its counts are 0."""
    if len(groups) == 1:
        return groups[0]
    key = family.granularity
    every = exp.union(*(exp.select(column(key)).from_(g) for g in groups), distinct=True)
    entities = chain.add("entities", every)
    select = exp.select(column(key, entities)).from_(entities)
    steps = dict(chain.steps)
    for group in groups:
        query = steps[group]
        names = [n for n in _result_names(query, steps) if n != key]
        for name in names:
            filled = column(name, group)
            select = select.select(filled.as_(name, quoted=True))
        select = select.join(
            group, on=column(key, group).eq(column(key, entities)), join_type="left"
        )
    return chain.add("joined", select)


def _result_names(query: exp.Query, steps: dict[str, exp.Query]) -> list[str]:
    names: list[str] = []
    for item in query.selects:
        if isinstance(item, exp.Column) and isinstance(item.this, exp.Star):
            names += _result_names(steps[item.table], steps)
        else:
            names.append(item.alias_or_name)
    return names


def _aggregates(
    chain: Chain,
    family: Family,
    needed: Sequence[Attribute],
    source: str,
    values: dict[str, exp.Expr],
    dialect: str,
) -> str:
    """Finish the expressions over aggregates, siblings first."""
    ready: set[str] = set()
    pending = [a for a in needed if isinstance(a.definition, Aggregated)]
    while pending:
        now = [
            a
            for a in pending
            if isinstance(a.definition, Aggregated)
            and set(a.definition.siblings.values()) <= ready | _computed(needed)
        ]
        select = exp.select("*").from_(source)
        for attribute in now:
            tree = _finished(family, attribute, values, dialect)
            select = select.select(tree.as_(attribute.column, quoted=True))
        source = chain.add(f"step_{len(chain.steps)}", select)
        ready |= {a.column for a in now}
        pending = [a for a in pending if a.column not in ready]
    return source


def _computed(needed: Sequence[Attribute]) -> set[str]:
    return {a.column for a in needed if isinstance(a.definition, Computed)}


def _finished(
    family: Family, attribute: Attribute, values: dict[str, exp.Expr], dialect: str
) -> exp.Expr:
    definition = attribute.definition
    if not isinstance(definition, Aggregated):
        raise TypeError(attribute.identity)
    states = call_states(definition, family.groups[definition.group])
    by_meaning = {call.call.meaning: call for call in states}

    def result(call: AggregateCall) -> exp.Expr:
        found = by_meaning[call.meaning]
        tree = values[found.fingerprint].copy()
        if len(family.groups) == 1:
            return tree
        return exp.Coalesce(this=tree, expressions=[_empty(found)])

    def type_of(reference: Reference) -> Type:
        known = {**definition.sibling_types, **definition.types}
        return known[label_of(reference)]

    tree = finish(
        definition.expression.tree,
        result,
        dialect,
        type_of,
        column=lambda ref: column(definition.siblings[label_of(ref)]),
        resolve=lambda ref: definition.columns.get(label_of(ref), ""),
    )
    return convert(tree, definition.result, attribute.type, dialect)


def _empty(call: CallStates) -> exp.Expr:
    return empty(call.call, call.result_type)


def _result(call: CallStates) -> str:
    return f"{call.title}_{call.fingerprint[:6]}__"


def _reads(family: Family, period: Period, attribute: Attribute, days: Window) -> tuple[Read, ...]:
    reads: list[Read] = []
    for states, calls_ in needed_states(family, period, [attribute]):
        names = tuple(name for call in calls_ for name, _ in call.columns.values())
        reads.append(Read(states.group.relation, tuple(sorted(names)), days.start, days.end))
        reads += [
            Read(call.values, (VALUE, TIMES), days.start, days.end)
            for call in calls_
            if call.values
        ]
    return tuple(reads)
