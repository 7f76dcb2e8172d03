"""Daily states of families: their statements, and bringing them up to date before a window."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from functools import partial

from fig_assets.engines.base import Snapshot, stale_reason
from fig_assets.errors import RowSetChanged
from fig_assets.graph.nodes import Attribute, Op
from fig_assets.sql import daily_state, window
from fig_assets.sql.layer import layer_of
from fig_assets.sql.state_columns import GroupStates, State, states_of
from fig_assets.workflow.result import DayResult
from fig_assets.workflow.stale import Marks, Records, stale_columns
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
    for of_rows in (False, True):
        for write in needed_states_of(workspace, op, day, attributes, of_rows=of_rows):
            due = _due(workspace, write, day)
            if due:
                scoped = {write.target.relation: due}
                run_states(workspace, op.owner, DayResult(day), scoped, of_rows=of_rows)
                computed |= not of_rows
    return computed


def run_states(
    workspace: Workspace,
    family: str,
    result: DayResult,
    scope: Mapping[str, Collection[str]] | None,
    *,
    of_rows: bool = False,
) -> None:
    """Compute the daily states of a family on a day, or those columns that `scope` names.

    `scope` holds the columns of each relation. Where the day's entities are others than the stored
    ones, all states of the family are computed.

    Raises:
        EngineError: the day of the events or rows was never built, or the engine failed.
    """
    try:
        for write in _scoped(workspace, family, result.day, scope, of_rows=of_rows):
            run_write(workspace, write, result.day, result)
    except RowSetChanged:
        for write in state_writes(workspace, family, result.day, of_rows=of_rows):
            run_write(workspace, write, result.day, result)


def _scoped(
    workspace: Workspace,
    family: str,
    day: date,
    scope: Mapping[str, Collection[str]] | None,
    *,
    of_rows: bool,
) -> tuple[Write, ...]:
    every = state_writes(workspace, family, day, of_rows=of_rows)
    if scope is None:
        return every
    found: list[Write] = []
    for whole in every:
        columns = scope.get(whole.target.relation)
        if columns is None:
            continue
        if set(columns) >= set(whole.target.names) or len(whole.target.key) > 1:
            found.append(whole)
            continue
        wanted = {c.fingerprint for c in whole.target.columns[1:] if c.name in columns}
        narrow = state_writes(workspace, family, day, frozenset(wanted), of_rows=of_rows)
        found += [w for w in narrow if w.target.relation == whole.target.relation]
    return tuple(found)


def needed_states_of(
    workspace: Workspace, op: Op, day: date, attributes: Sequence[Attribute], *, of_rows: bool
) -> tuple[Write, ...]:
    """List the statements of the daily states of `day` that attributes of a window op merge."""
    needed = window.needed_states(layer_of(workspace.graph, op), attributes)
    wanted = frozenset(s.fingerprint for _, calls in needed for call in calls for s in call.states)
    return state_writes(workspace, op.owner, day, wanted, of_rows=of_rows)


def _due(workspace: Workspace, write: Write, day: date) -> tuple[str, ...]:
    """Name the columns of a day's states that are stale, where all that they read is there."""
    for read in write.needs:
        stored = workspace.engine.partition(read.relation, day)
        if stored is None or not all(name in stored.columns for name in read.columns):
            return ()
    if not stale_reason(workspace.engine, write.target, day):
        return ()
    records = Records(Snapshot(workspace.engine), Marks(), workspace.engine.rule)
    known = workspace.engine.partition(write.target.relation, day)
    target = write.target
    attributes = target.names[1:] if len(target.key) == 1 else ()
    return tuple(stale_columns(records, known, target, attributes)) or target.names
