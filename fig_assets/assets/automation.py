"""Jobs, schedules and retraining sensors of a project."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from hashlib import blake2b
from typing import Literal

from dagster import (
    AssetKey,
    AssetSelection,
    DagsterInstance,
    DefaultScheduleStatus,
    DefaultSensorStatus,
    RunConfig,
    RunRecord,
    RunRequest,
    RunsFilter,
    ScheduleDefinition,
    SensorDefinition,
    SensorEvaluationContext,
    SensorResult,
    SkipReason,
    build_schedule_from_partitioned_job,
    define_asset_job,
    sensor,
)
from dagster._core.definitions.partitions.partitioned_schedule import (
    UnresolvedPartitionedAssetScheduleDefinition,
)
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from fig_assets.assets import keys
from fig_assets.assets.late_labels import late_jobs, late_schedules, without_late_labels
from fig_assets.assets.partitions import partition
from fig_assets.graph.nodes import Graph, Model
from fig_assets.workflow.learning.monitor import Monitor
from fig_assets.workflow.learning.retraining import (
    Attempt,
    Cause,
    Known,
    Wait,
    number_of_try,
    obstacle,
    retraining_cause,
)
from fig_assets.workflow.workspace import Workspace

Schedule = ScheduleDefinition | UnresolvedPartitionedAssetScheduleDefinition
STOPPED = DefaultScheduleStatus.STOPPED
DAILY_ETL, FULL_PIPELINE = "daily_etl", "full_pipeline"
ETL_HOUR, PIPELINE_HOUR, MINUTE = 2, 3, 15
SENSOR_INTERVAL_S = 300
RETRAINS, CAUSE, FOR_DAY = "fig/retrains", "fig/cause", "fig/trains_for"
"""Tags of the runs that sensors ask for."""
MOST_ATTEMPTS = 100
STUCK_S = 2 * 86_400
"""Seconds without a change after which a run that did not end is held for dead."""


def jobs(graph: Graph) -> list[UnresolvedAssetJobDefinition]:
    """Return the daily ETL (all but models and what reads them), the full pipeline, late labels."""
    return [_etl(graph), _pipeline(graph), *late_jobs(graph)]


def schedules(workspace: Workspace) -> list[Schedule]:
    """Return a schedule a job, each for the day before; only the full pipeline's may be on.

    Both jobs do the ETL, so the ETL's own schedule starts only when somebody switches it on.
    """
    on = DefaultScheduleStatus.RUNNING if workspace.environment.schedules else STOPPED
    return [
        build_schedule_from_partitioned_job(
            _etl(workspace.graph), hour_of_day=ETL_HOUR, minute_of_hour=MINUTE
        ),
        build_schedule_from_partitioned_job(
            _pipeline(workspace.graph),
            hour_of_day=PIPELINE_HOUR,
            minute_of_hour=MINUTE,
            default_status=on,
        ),
        *late_schedules(workspace.graph, on),
    ]


def sensors(workspace: Workspace) -> list[SensorDefinition]:
    """Return the retraining sensor of each model."""
    return [_retraining(workspace, model) for model in workspace.graph.models.values()]


def attempts_of(instance: DagsterInstance, model: Model) -> list[Attempt]:
    """Return the newest trainings that the sensor of a model asked for, oldest first."""
    records = instance.get_run_records(
        RunsFilter(tags={RETRAINS: model.title}), limit=MOST_ATTEMPTS
    )
    return [_attempt(record) for record in reversed(records)]


def request_of(model: Model, cause: Cause, attempts: Sequence[Attempt]) -> RunRequest:
    """Ask for a training, once for each try of a cause: a key that was used never runs again."""
    about = blake2b(cause.about.encode(), digest_size=4).hexdigest()
    parts = [model.title, cause.name, partition(cause.day), about]
    return RunRequest(
        run_key="-".join([*parts, str(number_of_try(attempts, cause))]),
        partition_key=partition(cause.day),
        asset_selection=[keys.asset_key(model.key)],
        run_config=RunConfig(ops={f"model__{model.title}": {"config": {"train": "always"}}}),
        tags={
            RETRAINS: model.title,
            CAUSE: cause.name,
            "fig/cause_words": cause.words,
            "fig/cause_about": cause.about,
            FOR_DAY: partition(cause.day),
        },
    )


def _attempt(record: RunRecord) -> Attempt:
    run = record.dagster_run
    ended = record.end_time or record.update_timestamp.replace(tzinfo=UTC).timestamp()
    outcome: Literal["running", "done", "failed"] = "running"
    if run.is_finished:
        outcome = "done" if run.is_success else "failed"
    elif datetime.now(UTC).timestamp() - ended > STUCK_S:
        outcome = "failed"
    return Attempt(
        cause=run.tags.get(CAUSE, ""),
        day=date.fromisoformat(run.tags[FOR_DAY]),
        outcome=outcome,
        ended=datetime.fromtimestamp(ended, UTC) if outcome == "failed" else None,
    )


def _retraining(workspace: Workspace, model: Model) -> SensorDefinition:
    labels = AssetKey(["label_sets", model.label_set])
    status = DefaultSensorStatus.RUNNING if workspace.environment.schedules else None
    monitor = Monitor(workspace)

    @sensor(
        name=f"retrain__{model.title}",
        target=AssetSelection.assets(keys.asset_key(model.key)),
        minimum_interval_seconds=SENSOR_INTERVAL_S,
        default_status=status or DefaultSensorStatus.STOPPED,
        description=f"Trains {model.identity} when {_trigger(model)}.",
    )
    def retrain(context: SensorEvaluationContext) -> SensorResult | SkipReason:
        now = datetime.now(UTC)
        last_day = now.date() - timedelta(days=1)
        attempts = attempts_of(context.instance, model)
        known = Known(
            labelled=_materialised(context.instance, labels),
            last_day=min(last_day, workspace.graph.end or last_day),
            now=now,
            attempts=attempts,
        )
        answer = retraining_cause(monitor, model, known)
        if isinstance(answer, Cause):
            answer = obstacle(workspace, model, answer) or answer
        if isinstance(answer, Wait):
            return SkipReason(f"{model.identity}: {answer.words}")
        return SensorResult(run_requests=[request_of(model, answer, attempts)])

    return retrain


def _trigger(model: Model) -> str:
    causes = ["there is none yet", "it reads other versions than the champion"]
    if model.every_days:
        causes.append(f"it was not trained for {model.every_days} days")
    causes += [f"{name} falls below {floor:g}" for name, floor in model.min_metric.items()]
    if model.max_drift_psi is not None:
        causes.append(f"an input or the scores drift by a PSI above {model.max_drift_psi:g}")
    if not model.every_days:
        causes.append(f"{model.window_days} more days are labelled than it has learned from")
    return ", or ".join(causes)


def _materialised(instance: DagsterInstance, key: AssetKey) -> list[date]:
    found = instance.get_materialized_partitions(key)
    return sorted(date.fromisoformat(name) for name in found)


def _etl(graph: Graph) -> UnresolvedAssetJobDefinition:
    learnt = [keys.asset_key(model.key) for model in graph.models.values()]
    selection: AssetSelection = without_late_labels(graph, AssetSelection.all())
    if learnt:
        selection = selection - AssetSelection.assets(*learnt).downstream()
    return define_asset_job(
        DAILY_ETL,
        selection - AssetSelection.checks(),
        description="Raw files to features and labels of one day, without models.",
    )


def _pipeline(graph: Graph) -> UnresolvedAssetJobDefinition:
    return define_asset_job(
        FULL_PIPELINE,
        without_late_labels(graph, AssetSelection.all()),
        description="Everything of one day; models are trained where they are due.",
    )
