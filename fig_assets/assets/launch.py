"""Days and a selection -> Dagster runs in this process, exact partitions, in the right order.

One run over the whole range where nothing fails. Where a day is refused, the rest goes on op by
op, so that the good days reach everything that can be made of them.
"""

from collections.abc import Callable, Mapping
from datetime import date, timedelta

from dagster import AssetsDefinition, DagsterError, DagsterInstance, Definitions

from fig_assets.assets import keys
from fig_assets.assets.betas import parse_selection
from fig_assets.assets.definitions import build_assets
from fig_assets.assets.resources import OpenWorkspace
from fig_assets.assets.runner import Runner, Summary, resources_of
from fig_assets.errors import WorkflowError
from fig_assets.graph.nodes import Key
from fig_assets.workflow.planning.awaiting import steps_of
from fig_assets.workflow.planning.follow import LONGEST_RUN_DAYS, follow, ranges
from fig_assets.workflow.planning.plan import check_days, check_plan, make_plan
from fig_assets.workflow.planning.planned import Plan
from fig_assets.workflow.run import Progress
from fig_assets.workflow.steps.raw_accounts import find_parts
from fig_assets.workflow.workspace import Workspace


def select_keys(workspace: Workspace, select: str | None) -> set[Key]:
    """Resolve a selection in Dagster's syntax to the assets that can be computed.

    Raises:
        WorkflowError: the text is no selection, or selects nothing.
    """
    computed = {key for op in workspace.graph.ops for key in op.keys}
    if select is None:
        return computed
    graph = Definitions(assets=build_assets(workspace), resources=resources_of(workspace))
    try:
        found = parse_selection(select).resolve(graph.resolve_asset_graph())
    except DagsterError as refusal:
        raise WorkflowError(
            f"'{select}' is no selection: {refusal}\n"
            "  fix: write it as in Dagster, such as --select 'key:\"families/asn/*\"'"
        ) from refusal
    wanted = {keys.graph_key(key) for key in found} & computed
    if not wanted:
        raise WorkflowError(f"'{select}' selects no asset; see the keys in fig validate --list")
    return wanted


def launch(
    workspace: Workspace,
    instance: DagsterInstance,
    start: date,
    end: date,
    *,
    selected: set[Key],
    train: bool = False,
    only_stale: bool = False,
    progress: Progress = lambda op, day: None,
    on_plan: Callable[[Mapping[str, int]], None] = lambda plan: None,
) -> Summary:
    """Materialise `selected` for the days `start` to `end`, both included.

    Args:
        workspace: The opened project.
        instance: Where the runs are recorded.
        start: First day.
        end: Last day.
        selected: Assets, by the graph's keys.
        train: Train the selected models for the last day even if it is not due.
        only_stale: Compute only what is missing or stale, and what becomes stale by that.
        progress: Told each op and day when done.
        on_plan: Told how many days of each op are going to be computed.

    Raises:
        WorkflowError: the days lie outside the project.
    """
    check_days(workspace.graph, start, end)
    for op in workspace.graph.ops:
        if op.kind == "raw" and selected & set(op.keys):
            find_parts(workspace, workspace.graph.sources[op.owner])
    summary = Summary(start, end)
    opened = OpenWorkspace(workspace, progress, frozenset({end} if train else ()))
    assets = {a.op.name: a for a in build_assets(workspace) if isinstance(a, AssetsDefinition)}
    ops = [op for op in workspace.graph.ops if selected & set(op.keys)]
    days = [start + timedelta(days=n) for n in range((end - start).days + 1)]
    runner = Runner(instance, opened, assets, selected, summary)
    if only_stale:
        plan = make_plan(workspace, start, end, selected=selected)
        summary.columns = follow(workspace, plan, runner, selected=selected, on_plan=on_plan)
        return summary
    on_plan({op.name: len(days) for op in ops})
    for step in steps_of(workspace.graph, ops, days):
        for first, last in ranges(step.days, LONGEST_RUN_DAYS):
            remaining = runner.run(step.ops, first, last)
            for op in remaining:
                runner.run([op], first, last)
        if step.waiting:
            summary.waiting |= {op.name: list(map(str, step.waiting)) for op in step.ops}
    return summary


def launch_plan(
    workspace: Workspace,
    instance: DagsterInstance,
    plan: Plan,
    *,
    progress: Progress = lambda op, day: None,
    on_plan: Callable[[Mapping[str, int]], None] = lambda plan: None,
) -> Summary:
    """Compute exactly the columns and days of a plan; what is done already is passed over.

    Columns of which the inputs came out as they were are not computed. A plan that was stopped can
    be launched again, and goes on where it stopped.

    Raises:
        WorkflowError: the plan was made for another project, environment or configuration.
    """
    check_plan(workspace, plan)
    summary = Summary(plan.start, plan.end)
    assets = {a.op.name: a for a in build_assets(workspace) if isinstance(a, AssetsDefinition)}
    every = {key for op in workspace.graph.ops for key in op.keys}
    runner = Runner(instance, OpenWorkspace(workspace, progress), assets, every, summary)
    summary.columns = follow(workspace, plan, runner, on_plan=on_plan)
    return summary
