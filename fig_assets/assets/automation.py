"""Jobs, schedules and retraining sensors of a project."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from dagster import (
    AssetKey,
    AssetSelection,
    DagsterInstance,
    DefaultScheduleStatus,
    DefaultSensorStatus,
    RunConfig,
    RunRequest,
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
from fig_assets.workflow.learn import first_trainable
from fig_assets.workflow.workspace import Workspace

Schedule = ScheduleDefinition | UnresolvedPartitionedAssetScheduleDefinition
STOPPED = DefaultScheduleStatus.STOPPED
DAILY_ETL, FULL_PIPELINE = "daily_etl", "full_pipeline"
ETL_HOUR, PIPELINE_HOUR, MINUTE = 2, 3, 15
SENSOR_INTERVAL_S = 300


@dataclass(frozen=True)
class Cause:
    """Why a model should be trained for `day`."""

    name: str
    day: date
    words: str


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


def retraining_cause(
    workspace: Workspace, model: Model, labelled: Sequence[date], last_day: date
) -> Cause | None:
    """Say why the model should be trained now, and for which day; None if it should not.

    `labelled` are the days with materialised labels, `last_day` is the newest partition. Labels
    of day L serve training day L + delay, so only those up to `last_day` - delay count. Causes:
    there is no model yet; the champion is `retrain.every_days` old; or, where no age is set, a
    whole new training window of labels has come since it was trained.
    """
    if not labelled:
        return None
    delay = timedelta(days=model.delay_days)
    day = min(max(labelled) + delay, last_day)
    if day < first_trainable(workspace, model):
        return None
    registry = workspace.registry
    trained = registry.champion(model.name, model.version, day)
    tried = registry.decision(model.name, model.version, day)
    if tried is not None and tried.candidate == day:
        return None
    if trained is None:
        return Cause("first", day, "there is no model yet")
    if model.every_days:
        age = (day - trained).days
        words = f"the champion is {age} days old"
        return Cause("age", day, words) if age >= model.every_days else None
    fresh = [d for d in labelled if trained - delay < d <= day - delay]
    words = f"{len(fresh)} days were labelled since it was trained"
    return Cause("labels", day, words) if len(fresh) >= model.window_days else None


def _retraining(workspace: Workspace, model: Model) -> SensorDefinition:
    key = keys.asset_key(model.key)
    labels = AssetKey(["label_sets", model.label_set])
    status = DefaultSensorStatus.RUNNING if workspace.environment.schedules else None

    @sensor(
        name=f"retrain__{model.title}",
        target=AssetSelection.assets(key),
        minimum_interval_seconds=SENSOR_INTERVAL_S,
        default_status=status or DefaultSensorStatus.STOPPED,
        description=f"Trains {model.identity} when {_trigger(model)}.",
    )
    def retrain(context: SensorEvaluationContext) -> SensorResult | SkipReason:
        last_day = datetime.now(UTC).date() - timedelta(days=1)
        end = workspace.graph.end
        labelled = _materialised(context.instance, labels)
        cause = retraining_cause(
            workspace, model, labelled, min(last_day, end) if end else last_day
        )
        if cause is None:
            return SkipReason(f"{model.identity} is fresh enough, or there is nothing new to learn")
        request = RunRequest(
            run_key=f"{model.title}-{partition(cause.day)}",
            partition_key=partition(cause.day),
            asset_selection=[key],
            run_config=RunConfig(ops={f"model__{model.title}": {"config": {"train": "always"}}}),
            tags={"fig/cause": cause.name, "fig/cause_words": cause.words.replace(" ", "_")},
        )
        return SensorResult(run_requests=[request])

    return retrain


def _trigger(model: Model) -> str:
    if model.every_days:
        return f"it is {model.every_days} days old"
    return f"{model.window_days} more days are labelled than it has learned from"


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
