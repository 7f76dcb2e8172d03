"""Daily states of families: their statements, and bringing them up to date before a window."""

from collections.abc import Sequence
from datetime import date
from functools import partial

from fig_assets.engines.base import days_between, stale_reason
from fig_assets.errors import RowSetChanged
from fig_assets.graph.nodes import Attribute, Op
from fig_assets.sql import daily_state, window
from fig_assets.sql.layer import layer_of
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
    graph, dialect = workspace.graph, workspace.engine.dialect
    family = graph.families[family_name]
    found = []
    for states in daily_state.states_of(family):
        if states.group.is_of_rows != of_rows:
            continue
        source = daily_state.source_columns(graph, states.group)
        calls = tuple(c for c in states.calls if wanted is None or c.fingerprint in wanted)
        merged = tuple(call for call in calls if call.columns)
        target = daily_state.state_target(states, day, merged)
        select = partial(daily_state.select_states, states, source, day, merged, dialect)
        found.append(Write(target, select, needs=reads_of(target)))
        for call in calls:
            if call.values is not None:
                target = daily_state.value_target(states, call, day)
                select = partial(daily_state.select_values, states, source, call, day, dialect)
                found.append(Write(target, select, needs=reads_of(target)))
    return tuple(found)


def refresh_states(
    workspace: Workspace, op: Op, day: date, attributes: Sequence[Attribute]
) -> bool:
    """Bring the states of one day that `attributes` of a window op need up to date.

    Returns whether states that are an asset were computed: those of events. A day whose events or
    rows were never built is left alone: the windows that need it are refused by name.
    """
    computed = False
    for write in _needed(workspace, op, day, attributes, of_rows=False):
        if _is_due(workspace, write, day):
            try:
                run_write(workspace, write, day, DayResult(day))
            except RowSetChanged:
                for every in state_writes(workspace, op.owner, day, of_rows=False):
                    run_write(workspace, every, day, DayResult(day))
            computed = True
    for write in _needed(workspace, op, day, attributes, of_rows=True):
        if _is_due(workspace, write, day):
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


def _needed(
    workspace: Workspace, op: Op, day: date, attributes: Sequence[Attribute], *, of_rows: bool
) -> tuple[Write, ...]:
    needed = window.needed_states(layer_of(workspace.graph, op), attributes)
    wanted = frozenset(call.fingerprint for _, calls in needed for call in calls)
    return state_writes(workspace, op.owner, day, wanted, of_rows=of_rows)


def _is_due(workspace: Workspace, write: Write, day: date) -> bool:
    """Tell whether a day's states are stale and all that they read is there."""
    for read in write.needs:
        stored = workspace.engine.partition(read.relation, day)
        if stored is None or not all(name in stored.columns for name in read.columns):
            return False
    return bool(stale_reason(workspace.engine, write.target, day))
