"""Windows or states and many days -> one statement for a run of days, published day by day."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from fig_assets.engines.base import DayRows, days_between
from fig_assets.engines.snapshot import Snapshot
from fig_assets.errors import EngineError, FigError, RowSetChanged
from fig_assets.graph.nodes import Attribute, Op
from fig_assets.graph.period import Window
from fig_assets.sql.distinct import LONGEST
from fig_assets.sql.layer import layer_of
from fig_assets.sql.window import needed_states
from fig_assets.workflow.steps.compute import account, is_whole, run_day, select_windows_of, writes
from fig_assets.workflow.steps.result import DayResult
from fig_assets.workflow.steps.states import state_trees
from fig_assets.workflow.steps.write import Write, require, run_publish
from fig_assets.workflow.workspace import Workspace

MOST_ROWS = 8_000_000
"""About how many rows one statement may give, so that merging them needs little memory."""
MOST_EVENTS = 250_000
"""About how many events one statement may make states of: beyond that they are all of the cost."""
GROWTH = 4
"""A window has at most about so many times the entities of its largest day."""

Outcome = tuple[date, DayResult | FigError]


def runs(
    workspace: Workspace,
    op: Op,
    days: Sequence[date],
    attributes: Sequence[Attribute],
    workers: int,
) -> list[list[date]]:
    """Cut days into runs of consecutive ones, each of which one statement computes.

    Long ones where values are counted, for a value is looked up once a run; else at least one for
    each of `workers`.
    """
    layer = layer_of(workspace.graph, op)
    needed = needed_states(layer, attributes)
    counts_values = any(call.values for _, calls in needed for call in calls)
    relations = [states.group.relation for states, _ in needed]
    if not days:
        return []
    first = max(layer.period.window(min(days)).start, workspace.graph.start)
    seen = list(days_between(first, max(days) + timedelta(days=1)))
    stored = [workspace.engine.partition(name, day) for name in relations for day in seen]
    largest = max((record.rows for record in stored if record is not None), default=0)
    rows = largest * min(GROWTH, layer.period.days)
    share = len(days) if counts_values else -(-len(days) // workers)
    return _cut(days, min(LONGEST, max(1, MOST_ROWS // max(rows, 1)), share))


def _cut(days: Sequence[date], longest: int) -> list[list[date]]:
    found: list[list[date]] = []
    for day in sorted(days):
        if found and len(found[-1]) < longest and _after(found[-1][-1]) == day:
            found[-1].append(day)
        else:
            found.append([day])
    return found


def _after(day: date) -> date:
    return day + timedelta(days=1)


def state_runs(
    workspace: Workspace, op: Op, days: Sequence[date], workers: int
) -> list[list[date]]:
    """Cut days into runs of consecutive ones whose states one statement computes; as `runs`.

    Short ones where days have many events: their work is in the events, and needs memory.
    """
    family = workspace.graph.families[op.owner]
    relations = [group.reads for group in family.groups if not group.is_of_rows]
    stored = [workspace.engine.partition(name, day) for name in relations for day in days]
    largest = max((record.rows for record in stored if record is not None), default=0)
    share = -(-len(days) // workers)
    return _cut(days, min(LONGEST, max(1, MOST_EVENTS // max(largest, 1)), share))


def run_state_days(workspace: Workspace, op: Op, days: Sequence[date]) -> Iterator[Outcome]:
    """Compute the states of consecutive days; give each day's result, or why it was refused."""
    if len(days) == 1:
        yield days[0], _alone(workspace, op, days[0], ())
        return
    planned = {day: writes(workspace, op, day, ()) for day in days}
    results = {day: DayResult(day) for day in days}
    trees = state_trees(workspace, op.owner, Window(days[0], _after(days[-1])), of_rows=False)
    try:
        seen = Snapshot(workspace.engine)
        for day, parts in planned.items():
            for part in parts:
                require(workspace, part, day, seen)
        for place, tree in enumerate(trees):
            targets = {day: parts[place].target for day, parts in planned.items()}
            for rows in workspace.engine.compute_days(targets, tree()):
                run_publish(planned[rows.day][place], rows.publish, results[rows.day])
        for result in results.values():
            account(workspace, op, result)
    except FigError:
        # Which of the days is to blame shows where each is computed alone.
        yield from ((day, _alone(workspace, op, day, ())) for day in days)
        return
    yield from results.items()


def run_days(
    workspace: Workspace, op: Op, days: Sequence[date], attributes: Sequence[Attribute]
) -> Iterator[Outcome]:
    """Compute consecutive days of a window op; give each day's result, or why it was refused."""
    planned: dict[date, Write] = {}
    for day in days:
        (planned[day],) = writes(workspace, op, day, attributes)
    try:
        seen = Snapshot(workspace.engine)
        for day, write in planned.items():
            require(workspace, write, day, seen)
        tree = select_windows_of(workspace, op, days, attributes)
        targets = {day: write.target for day, write in planned.items()}
        for rows in workspace.engine.compute_days(targets, tree):
            yield rows.day, _published(workspace, op, planned.pop(rows.day), rows, attributes)
    except EngineError:
        # Which of the days is to blame shows where each is computed alone.
        for day in planned:
            yield day, _alone(workspace, op, day, attributes)


def _published(
    workspace: Workspace, op: Op, write: Write, rows: DayRows, attributes: Sequence[Attribute]
) -> DayResult | FigError:
    result = DayResult(rows.day)
    try:
        run_publish(write, rows.publish, result)
    except RowSetChanged:
        return _alone(workspace, op, rows.day, attributes)
    except FigError as refusal:
        return refusal
    result.statement = write.tree
    if is_whole(workspace.graph, op, attributes):
        account(workspace, op, result)
    return result


def _alone(
    workspace: Workspace, op: Op, day: date, attributes: Sequence[Attribute]
) -> DayResult | FigError:
    try:
        return run_day(workspace, op, day, attributes)
    except FigError as refusal:
        return refusal
