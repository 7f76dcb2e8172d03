"""Labels that look at days after a row's own -> a job and a schedule that run when those are over.

The jobs of a day leave them out: on the morning after day D nobody knows D+3.
"""

from datetime import timedelta

from dagster import (
    AssetKey,
    AssetSelection,
    DefaultScheduleStatus,
    RunRequest,
    ScheduleDefinition,
    ScheduleEvaluationContext,
    SkipReason,
    define_asset_job,
    schedule,
)
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from fig_assets.assets import keys
from fig_assets.assets.partitions import partition
from fig_assets.graph.awaited import days_awaited
from fig_assets.graph.nodes import Graph

JOB = "labels_after_{}d"
CRON = "15 4 * * *"
"""An hour after the full pipeline, which imports the last of the days that are looked at."""


def late_labels(graph: Graph) -> dict[int, list[AssetKey]]:
    """Return the assets that wait for later days, by the number of those days."""
    awaiting = days_awaited(graph)
    found: dict[int, list[AssetKey]] = {}
    for op in graph.ops:
        if op.name in awaiting:
            found.setdefault(awaiting[op.name], []).extend(map(keys.asset_key, op.keys))
    return found


def without_late_labels(graph: Graph, selection: AssetSelection) -> AssetSelection:
    """Leave out of `selection` what cannot be computed on the day after its own."""
    late = [key for found in late_labels(graph).values() for key in found]
    return selection - AssetSelection.assets(*late) if late else selection


def late_jobs(graph: Graph) -> list[UnresolvedAssetJobDefinition]:
    """Return a job for each number of days that labels wait for."""
    return [_job(days, found) for days, found in late_labels(graph).items()]


def late_schedules(graph: Graph, status: DefaultScheduleStatus) -> list[ScheduleDefinition]:
    """Return a schedule for each of the jobs: it asks for the day whose later days are over."""
    return [_schedule(graph, days, status) for days in late_labels(graph)]


def _job(days: int, found: list[AssetKey]) -> UnresolvedAssetJobDefinition:
    return define_asset_job(
        JOB.format(days),
        AssetSelection.assets(*found) - AssetSelection.checks(),
        description=f"Labels of one day that know of the {days} day(s) after it.",
    )


def _schedule(graph: Graph, days: int, status: DefaultScheduleStatus) -> ScheduleDefinition:
    @schedule(
        name=f"{JOB.format(days)}_schedule",
        job_name=JOB.format(days),
        cron_schedule=CRON,
        execution_timezone="UTC",
        default_status=status,
    )
    def ask(context: ScheduleEvaluationContext) -> RunRequest | SkipReason:
        day = context.scheduled_execution_time.date() - timedelta(days=1 + days)
        if day < graph.start or (graph.end is not None and day > graph.end):
            return SkipReason(f"{day} is no day of the project")
        return RunRequest(run_key=partition(day), partition_key=partition(day))

    return ask
