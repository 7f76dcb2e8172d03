"""Family -> what is stored a day to merge its windows from: columns and values, shared by calls.

A stored column is told by what it holds, not by the call that wants it: the sums, means and
spreads of one argument under one filter are merged from the same sum and the same count.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

import pyarrow as pa
from sqlglot import exp

from fig_assets.engines.base import DAY
from fig_assets.graph.definitions import Aggregated
from fig_assets.graph.nodes import Family, Group, label_of
from fig_assets.graph.version import fingerprint
from fig_assets.language.functions import (
    AggregateCall,
    calls,
    kind_of_values,
    needs_values,
    states,
    value_item_type,
)
from fig_assets.language.losses import lost_before
from fig_assets.language.parse import Reference
from fig_assets.language.types import BIGINT, Type, arrow_type
from fig_assets.sql.expressions import column, typed

VALUE, TIMES = "value__", "times__"
LOST_ROWS = "lost"
"""The suffix of a state: how many events lost a value in the argument or filter of a call."""
REMEMBERED = 1024
"""How many nodes of a project have their states worked out once, not once a day."""


@dataclass(frozen=True, eq=False)
class State:
    """Something that is stored a day: a column, or a relation of values; one call that wants it."""

    name: str
    """The column, or the relation."""
    type: Type
    """Of the column, or of the values."""
    suffix: str
    """Which of the states of `call` it is; '' for values."""
    call: AggregateCall
    definition: Aggregated
    fingerprint: str
    """Equal for all calls that are merged from it."""


@dataclass(frozen=True, eq=False)
class CallStates:
    """One aggregate call of a family and what it is merged from."""

    call: AggregateCall
    definition: Aggregated
    title: str
    """A readable name: `sum_is_failure`."""
    columns: Mapping[str, State]
    """By suffix; of a call that needs values only `LOST_ROWS`."""
    values: State | None
    """The relation of (entity, value, n), or None."""
    fingerprint: str

    @property
    def states(self) -> tuple[State, ...]:
        """All that the call is merged from."""
        return (*self.columns.values(), *((self.values,) if self.values else ()))


@dataclass(frozen=True, eq=False)
class GroupStates:
    """Everything that is stored a day for one group of a family."""

    family: Family
    group: Group
    calls: tuple[CallStates, ...]

    @cached_property
    def merged(self) -> Mapping[str, State]:
        """The state columns by name."""
        return {state.name: state for call in self.calls for state in call.columns.values()}

    @cached_property
    def values(self) -> Mapping[str, State]:
        """The relations of values by name."""
        return {call.values.name: call.values for call in self.calls if call.values is not None}

    @cached_property
    def columns(self) -> dict[str, pa.DataType]:
        """The columns of the state relation, `day` first."""
        kind = arrow_type(self.family.granularity_type)
        found = {name: arrow_type(state.type) for name, state in self.merged.items()}
        return {DAY: pa.date32(), self.family.granularity: kind, **found}

    def value_columns(self, values: State) -> dict[str, pa.DataType]:
        """The columns of a relation of values, `day` first."""
        key = {self.family.granularity: arrow_type(self.family.granularity_type)}
        return {DAY: pa.date32(), **key, VALUE: arrow_type(values.type), TIMES: pa.int64()}


@lru_cache(REMEMBERED)
def call_states(definition: Aggregated, group: Group) -> tuple[CallStates, ...]:
    """Name what each aggregate call in a feature's expression is merged from."""
    found = calls(definition.expression.tree, lambda ref: definition.columns[label_of(ref)])
    return tuple(_states_of(call, definition, group) for call in found)


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


def columns_of(definition: Aggregated) -> Callable[[Reference], exp.Expr]:
    """Say where the references inside the aggregate calls of a definition stand."""

    def read(reference: Reference) -> exp.Expr:
        if reference.name in ("event_time", "event_id") and reference.version is None:
            return column(definition.columns.get(label_of(reference), reference.name))
        return column(definition.columns[label_of(reference)])

    return read


def _states_of(call: AggregateCall, definition: Aggregated, group: Group) -> CallStates:
    types = typed(definition.types)
    names = _names(call, definition)

    def state(what: str, kind: Type, suffix: str, place: str = "") -> State:
        meaning = fingerprint("state", group.fingerprint, what, *call.over)
        title = "_".join([what, *names])[:40]
        return State(f"{place}{title}_{meaning[:6]}", kind, suffix, call, definition, meaning)

    columns = {
        found.suffix: state(found.meaning, found.type, found.suffix)
        for found in states(call, types)
        if found.type is not None
    }
    if lost_before(call, "duckdb", columns_of(definition), types) is not None:
        columns[LOST_ROWS] = state(LOST_ROWS, BIGINT, LOST_ROWS)
    values = None
    if needs_values(call):
        kind = value_item_type(call, types)
        values = state(kind_of_values(call), kind, "", f"{group.relation}/")
    title = "_".join([call.function.lower(), *names])[:40]
    meaning = fingerprint("state", group.fingerprint, call.meaning)
    return CallStates(call, definition, title, columns, values, meaning)


def _names(call: AggregateCall, definition: Aggregated) -> list[str]:
    """Name at most two of the columns that a call reads, the same ones however it is spelt."""
    names: dict[str, None] = {}
    for tree in (call.argument, call.filter):
        read = () if tree is None else tree.find_all(exp.Column)
        names |= dict.fromkeys(sorted(definition.columns[node.name] for node in read))
    return [name.partition("__")[0] for name in names][:2]
