"""Daily states of families: their statements, and bringing them up to date before a window."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import partial

from sqlglot import exp

from fig_assets.engines.base import Target
from fig_assets.engines.snapshot import Snapshot, stale_reason
from fig_assets.errors import RowSetChanged
from fig_assets.graph.nodes import Attribute, Op
from fig_assets.graph.period import Window
from fig_assets.sql import daily_state, window
from fig_assets.sql.layer import layer_of
from fig_assets.sql.state_columns import GroupStates, State, states_of
from fig_assets.workflow.steps.result import DayResult
from fig_assets.workflow.steps.stale import Marks, Records, stale_columns
from fig_assets.workflow.steps.write import Write, reads_of, run_write
from fig_assets.workflow.workspace import Workspace


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
    days = Window(day, day + timedelta(days=1))
    trees = state_trees(workspace, family_name, days, wanted, of_rows=of_rows)
    targets = _targets(workspace, family_name, day, wanted, of_rows=of_rows)
    pairs = zip(targets, trees, strict=True)
    return tuple(Write(target, tree, needs=reads_of(target)) for target, tree in pairs)


def state_trees(
    workspace: Workspace,
    family_name: str,
    days: Window,
    wanted: frozenset[str] | None = None,
    *,
    of_rows: bool,
) -> tuple[Callable[[], exp.Query], ...]:
    """List what makes the statements of a family's states on all of `days`, as `state_writes`."""
    dialect = workspace.engine.dialect
    found: list[Callable[[], exp.Query]] = []
    for states in _groups(workspace, family_name, of_rows=of_rows):
        source = daily_state.source_columns(workspace.graph, states.group)
        merged = _chosen(states.merged, wanted)
        found.append(partial(daily_state.select_states, states, source, days, merged, dialect))
        for values in _chosen(states.values, wanted):
            select = daily_state.select_values
            found.append(partial(select, states, source, values, days, dialect))
    return tuple(found)


def _targets(
    workspace: Workspace,
    family_name: str,
    day: date,
    wanted: frozenset[str] | None,
    *,
    of_rows: bool,
) -> Iterator[Target]:
    for states in _groups(workspace, family_name, of_rows=of_rows):
        yield daily_state.state_target(states, day, _chosen(states.merged, wanted))
        for values in _chosen(states.values, wanted):
            yield daily_state.value_target(states, values, day)


def _groups(workspace: Workspace, family_name: str, *, of_rows: bool) -> list[GroupStates]:
    family = workspace.graph.families[family_name]
    return [states for states in states_of(family) if states.group.is_of_rows == of_rows]


def _chosen(states: Mapping[str, State], wanted: frozenset[str] | None) -> list[State]:
    return [s for s in states.values() if wanted is None or s.fingerprint in wanted]


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
