"""Family and period -> SELECT of the windows of some days, merged from daily states alone."""

from collections.abc import Sequence
from datetime import date, timedelta
from functools import lru_cache

import pyarrow as pa
from sqlglot import exp

from fig_assets.engines.base import DAY, Column, Read, Target
from fig_assets.graph.definitions import Aggregated, Computed
from fig_assets.graph.nodes import Attribute, Family, label_of
from fig_assets.graph.period import Period, Window
from fig_assets.graph.version import fingerprint
from fig_assets.language.duck import number
from fig_assets.language.functions import AggregateCall, finishing
from fig_assets.language.lower import Lowering
from fig_assets.language.parse import Reference
from fig_assets.language.types import Type, arrow_type, convert
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
from fig_assets.sql.merging import Merging, empty_result, left_join, merge_group, result_name
from fig_assets.sql.span import Span
from fig_assets.sql.state_columns import (
    REMEMBERED,
    TIMES,
    VALUE,
    CallStates,
    GroupStates,
    call_states,
    states_of,
)
from fig_assets.sql.window_losses import lost_over_aggregates

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
    types, own = arrow_types(attributes), {feature.column for feature in layer.features}
    for attribute in attributes:
        reads = _reads(layer, attribute, Window(since, window.end), day)
        reads = (reads or rows) if layer.is_first else (*rows, *reads)
        kind, near = types[attribute.column], tuple(sorted(_siblings(attribute) & own))
        columns.append(Column(attribute.column, kind, attribute.fingerprint, reads, near))
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
    days: Window,
    attributes: Sequence[Attribute],
    *,
    start: date,
    dialect: str,
) -> exp.Select:
    """Select the windows that end with one of `days`, at most `LONGEST` of them.

    Returns:
        One row for each day and entity with at least one event in the window, ordered by both,
        columns `(day, entity, *attributes, window_start, window_end, window_complete)`; the last
        three only from the op that makes the rows. Beside them a boolean `lost__...` for each
        attribute that can lose a value. What one day's rows are does not depend on the others.
    """
    family, span = layer.family, Span(layer.period, days, start)
    chain = Chain()
    values: dict[str, exp.Expr] = {}
    titles: list[str] = []
    for place, (states, calls_) in enumerate(needed_states(layer, attributes)):
        suffix = "" if len(family.groups) == 1 else f"_{place + 1}"
        titles.append(merge_group(Merging(chain, states, calls_, span, suffix, dialect)))
        for call in calls_:
            values[call.fingerprint] = column(result_name(call))
    needed = closure(attributes, layer.features)
    stored = _stored_columns_read(needed)
    keys = span.keys(family.granularity)
    if layer.is_first:
        source = _all_entities(chain, keys, titles)
    else:
        source = _beside_stored(chain, layer, span, stored, titles)
    source = _features(chain, family, needed, source, values, stored, dialect)
    columns = [
        named(span.day, DAY) if span.is_one else column(DAY),
        column(family.granularity),
        *(column(a.column) for a in attributes),
        *(_bounds(span) if layer.is_first else ()),
        *losses(attributes, dialect),
        *lost_over_aggregates(
            family, attributes, lambda a: _lowering(family, a, values, dialect)[1], result_name
        ),
    ]
    rows = select(columns, source).order_by(*map(column, keys), copy=False)
    return chain.finish(rows)


def _bounds(span: Span) -> list[exp.Expr]:
    first: exp.Expr
    end: exp.Expr
    if span.is_one:
        window = span.period.window(span.last)
        first, end = day_literal(window.start), day_literal(window.end)
        complete: exp.Expr = exp.true() if window.start >= span.start else exp.false()
    else:
        first = exp.Sub(this=column(DAY), expression=number(span.period.days - 1))
        end = exp.Add(this=column(DAY), expression=number(1))
        enough = span.start + timedelta(days=span.period.days - 1)
        complete = exp.GTE(this=column(DAY), expression=day_literal(enough))
    return [
        named(first, WINDOW_START),
        named(end, WINDOW_END),
        named(complete, WINDOW_COMPLETE),
    ]


def _all_entities(chain: Chain, keys: Sequence[str], groups: Sequence[str]) -> str:
    """Join the groups on the granularity; where one has no events its counts are 0."""
    if len(groups) == 1:
        return groups[0]
    found = (select([*map(column, keys)], group) for group in groups)
    entities = chain.add("entities", exp.union(*found, distinct=True, copy=False))
    return _with_groups(chain, keys, entities, [column(k, entities) for k in keys], groups)


def _beside_stored(
    chain: Chain, layer: Layer, span: Span, stored: set[str], groups: Sequence[str]
) -> str:
    """Read the stored rows of the days and the columns that earlier ops made; join the groups."""
    entity, keys = layer.family.granularity, span.keys(layer.family.granularity)
    names = [*keys, *sorted(stored - {entity})]
    known = {
        name: kind
        for name, kind in stored_columns(layer.family, layer.period).items()
        if name == DAY or name in names
    }
    table = scan(layer.relation, known, span.days, "earlier")
    query = select([column(name) for name in names], table).where(on_days(span.days), copy=False)
    source = chain.add("stored", query)
    if not groups:
        return source
    return _with_groups(chain, keys, source, [column_all(source)], groups)


def _with_groups(
    chain: Chain,
    keys: Sequence[str],
    source: str,
    columns: Sequence[exp.Expr],
    groups: Sequence[str],
) -> str:
    results = list(columns)
    steps = dict(chain.steps)
    for group in groups:
        names = [name for name in _result_names(steps[group], steps) if name not in keys]
        results += [column(name, group) for name in names]
    joined = select(results, source)
    joined.set("joins", [left_join(group, source, keys) for group in groups])
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
        if len(family.groups) == 1 or isinstance(empty_result(found), exp.Null):
            return tree
        return exp.Coalesce(this=tree, expressions=[empty_result(found)])

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
        names = {state.name for call in calls_ for state in call.columns.values()}
        found.append((states.group.relation, tuple(sorted(names))))
        relations = {call.values.name for call in calls_ if call.values is not None}
        found += [(name, (VALUE, TIMES)) for name in sorted(relations)]
    return tuple(found)
