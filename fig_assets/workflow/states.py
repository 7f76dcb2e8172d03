"""Daily states of families: their statements, and bringing them up to date before a window."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import partial

from fig_assets.engines.base import Target, days_between, stale_reason
from fig_assets.errors import RowSetChanged
from fig_assets.graph.nodes import Attribute, Op
from fig_assets.sql import daily_state, window
from fig_assets.sql.layer import layer_of
from fig_assets.sql.state_columns import GroupStates, State, states_of
from fig_assets.workflow.result import DayResult
from fig_assets.workflow.workspace import Workspace
from fig_assets.workflow.write import Write, reads_of, run_write


def state_writes(
    workspace: Workspace,
    family_name: str,
    day: date,
    wanted: frozenset[str] | None = None,
    *,
    of_rows: bool,
) -> tuple[Write, ...]:
    """List the statements of a family's daily states, those of its events or of its rows.

    `wanted` names states by fingerprint; all of them when left out.
    """
    family = workspace.graph.families[family_name]
    found: list[Write] = []
    for states in states_of(family):
        if states.group.is_of_rows == of_rows:
            merged = _chosen(states.merged, wanted)
            found.append(_merged_write(workspace, states, day, merged))
            counted = _chosen(states.values, wanted)
            found += [_values_write(workspace, states, day, values) for values in counted]
    return tuple(found)


def _chosen(states: Mapping[str, State], wanted: frozenset[str] | None) -> list[State]:
    return [s for s in states.values() if wanted is None or s.fingerprint in wanted]


def _merged_write(
    workspace: Workspace, states: GroupStates, day: date, wanted: Sequence[State]
) -> Write:
    source = daily_state.source_columns(workspace.graph, states.group)
    target = daily_state.state_target(states, day, wanted)
    dialect = workspace.engine.dialect
    select = partial(daily_state.select_states, states, source, day, wanted, dialect)
    return Write(target, select, needs=reads_of(target))


def _values_write(workspace: Workspace, states: GroupStates, day: date, values: State) -> Write:
    source = daily_state.source_columns(workspace.graph, states.group)
    target = daily_state.value_target(states, values, day)
    dialect = workspace.engine.dialect
    select = partial(daily_state.select_values, states, source, values, day, dialect)
    return Write(target, select, needs=reads_of(target))


def refresh_states(
    workspace: Workspace, op: Op, day: date, attributes: Sequence[Attribute]
) -> bool:
    """Bring the states of one day that `attributes` of a window op need up to date.

    Returns whether states that are an asset were computed: those of events. A day whose events or
    rows were never built is left alone: the windows that need it are refused by name.
    """
    computed = False
    for write in _due(workspace, op, day, attributes, of_rows=False):
        try:
            run_write(workspace, write, day, DayResult(day))
        except RowSetChanged:
            for every in state_writes(workspace, op.owner, day, of_rows=False):
                run_write(workspace, every, day, DayResult(day))
        computed = True
    for write in _due(workspace, op, day, attributes, of_rows=True):
        run_write(workspace, write, day, DayResult(day))
    return computed


def days_of_stale_rows(
    workspace: Workspace, op: Op, days: Sequence[date], attributes: Sequence[Attribute]
) -> set[date]:
    """Return those of `days` whose windows reach a day whose rows changed since they were merged.

    Only the states of rows are looked at: those of events are an asset with a plan of its own.
    """
    family = workspace.graph.families[op.owner]
    if op.period is None or not any(group.is_of_rows for group in family.groups):
        return set()
    start = workspace.graph.start
    windows = {day: op.period.window(day) for day in days}
    wanted = {d for w in windows.values() for d in days_between(max(w.start, start), w.end)}
    stale = {
        day
        for day in wanted
        for write in _needed(workspace, op, day, attributes, of_rows=True)
        if _is_due(workspace, write, day)
    }
    return {day for day, w in windows.items() if any(w.start <= old < w.end for old in stale)}


def _due(
    workspace: Workspace, op: Op, day: date, attributes: Sequence[Attribute], *, of_rows: bool
) -> Iterator[Write]:
    """List the writes of the stale ones of the states that `attributes` need, and of no others."""
    for write in _needed(workspace, op, day, attributes, of_rows=of_rows):
        if _is_due(workspace, write, day):
            wanted = frozenset(_stale_states(workspace, write.target, day))
            narrow = state_writes(workspace, op.owner, day, wanted, of_rows=of_rows)
            same = [w for w in narrow if w.target.relation == write.target.relation]
            yield from same if wanted else [write]


def _stale_states(workspace: Workspace, target: Target, day: date) -> Iterator[str]:
    for column in target.columns:
        alone = replace(target, columns=(column,), whole=False)
        if column.name not in target.key and stale_reason(workspace.engine, alone, day):
            yield column.fingerprint


def _needed(
    workspace: Workspace, op: Op, day: date, attributes: Sequence[Attribute], *, of_rows: bool
) -> tuple[Write, ...]:
    needed = window.needed_states(layer_of(workspace.graph, op), attributes)
    wanted = frozenset(s.fingerprint for _, calls in needed for call in calls for s in call.states)
    return state_writes(workspace, op.owner, day, wanted, of_rows=of_rows)


def _is_due(workspace: Workspace, write: Write, day: date) -> bool:
    """Tell whether a day's states are stale and all that they read is there."""
    for read in write.needs:
        stored = workspace.engine.partition(read.relation, day)
        if stored is None or not all(name in stored.columns for name in read.columns):
            return False
    return bool(stale_reason(workspace.engine, write.target, day))
