from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.sensor_definition import SensorExecutionData

from fig_assets.graph.nodes import Model
from fig_assets.project import load_project
from fig_assets.workflow.learning.monitor import Monitor
from fig_assets.workflow.learning.retraining import Cause, Known, Wait, retraining_cause
from tests.assets.signins import ENVIRONMENT, FIRST, LAST, Site, days_from, opened, write_project

TRAINED = date(2024, 1, 5)
"""The first day that can be trained for: three days of delay, two of labels."""
SENSOR = "retrain__scorer"
NOW = datetime(2024, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def untrained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    root = tmp_path_factory.mktemp("untrained")
    write_project(root, days=3)
    with opened(root) as site:
        yield site


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A model trained for the fifth day, and labels of five days."""
    root = tmp_path_factory.mktemp("trained")
    write_project(root, days=5)
    with opened(root) as site:
        assert site.run(FIRST, TRAINED).refused == {}
        yield site


def cause(
    site: Site, labelled_until: str, last_day: date = LAST, *, model: Model | None = None
) -> Cause | None:
    """Ask why to train when all days until then are labelled and built."""
    model = model or site.project.graph.models["scorer"]
    until = date.fromisoformat(f"2024-{labelled_until}")
    known = Known(days_from(FIRST, (until - FIRST).days + 1), last_day, NOW)
    answer = retraining_cause(Monitor(site.project.workspace), model, known)
    return answer if isinstance(answer, Cause) else None


def tick(site: Site) -> SensorExecutionData:
    definitions = site.project.definitions()
    found = definitions.resolve_sensor_def(SENSOR)
    context = dg.build_sensor_context(
        instance=site.instance, repository_def=definitions.get_repository_def()
    )
    return found.evaluate_tick(context)


def test_a_model_that_was_never_trained_is_trained_as_soon_as_it_can_be(untrained: Site) -> None:
    assert cause(untrained, "01-01") is None
    assert cause(untrained, "01-02") == Cause("first", TRAINED, "there is no model yet")


def test_a_champion_is_replaced_at_its_age(trained: Site) -> None:
    assert cause(trained, "01-08") is None
    assert cause(trained, "01-09") == Cause("age", date(2024, 1, 12), "the champion is 7 days old")


def test_without_an_age_a_champion_is_replaced_by_a_whole_window_of_new_labels(
    trained: Site,
) -> None:
    model = replace(trained.project.graph.models["scorer"], every_days=0)
    assert cause(trained, "01-03", model=model) is None
    assert cause(trained, "01-04", model=model) == Cause(
        "labels", date(2024, 1, 7), "2 days were labelled since it was trained"
    )


def test_labels_that_cannot_be_learned_from_yet_do_not_count(trained: Site) -> None:
    model = replace(trained.project.graph.models["scorer"], every_days=0)
    assert cause(trained, "01-06", date(2024, 1, 6), model=model) is None


def test_a_day_that_was_trained_for_is_not_trained_for_again(trained: Site) -> None:
    assert cause(trained, "01-02") is None


def test_nothing_is_trained_without_labels(untrained: Site) -> None:
    model = untrained.project.graph.models["scorer"]

    answer = retraining_cause(Monitor(untrained.project.workspace), model, Known([], LAST, NOW))

    assert answer == Wait("there are not enough labelled days yet")


def test_a_sensor_with_nothing_to_do_says_so(untrained: Site) -> None:
    found = tick(untrained)

    assert found.run_requests == []
    assert found.skip_message == "scorer@1: there are not enough labelled days yet"


def test_a_sensor_asks_once_for_the_training_of_a_day(tmp_path: Path) -> None:
    write_project(tmp_path, days=3)
    with opened(tmp_path) as site:
        site.run(FIRST, days_from(FIRST, 3)[-1], '+key:"label_sets/truth"')
        waiting = tick(site)
        site.run(FIRST, days_from(FIRST, 3)[-1], '+key:"families/request"')

        [request], [again] = tick(site).run_requests or [], tick(site).run_requests or []

    assert waiting.run_requests == []
    assert (waiting.skip_message or "").startswith(
        "scorer@1: there is no model yet, but model scorer needs families/request"
    )
    assert request.run_key == again.run_key == "scorer-first-2024-01-06-1271cf25-1"
    assert request.partition_key == "2024-01-06"
    assert request.asset_selection == [dg.AssetKey(["models", "scorer__v1"])]
    assert request.run_config["ops"] == {"model__scorer": {"config": {"train": "always"}}}
    assert request.tags["fig/cause"] == "first"
    assert request.tags["fig/cause_words"] == "there is no model yet"


def test_a_tick_after_the_training_finds_the_model_fresh(trained: Site) -> None:
    assert tick(trained).run_requests == []


# Dagster's own schedule of a partitioned job calls what Dagster deprecates.
@pytest.mark.filterwarnings("ignore:Function `JobDefinition.run_request_for_partition`")
@pytest.mark.parametrize(
    ("schedule", "hour"), [("daily_etl_schedule", 2), ("full_pipeline_schedule", 3)]
)
def test_a_schedule_asks_for_yesterday(untrained: Site, schedule: str, hour: int) -> None:
    definitions = untrained.project.definitions()
    found = definitions.resolve_schedule_def(schedule)
    now = datetime(2024, 2, 10, hour, 15, tzinfo=UTC)
    context = dg.build_schedule_context(
        instance=untrained.instance,
        scheduled_execution_time=now,
        repository_def=definitions.get_repository_def(),
    )

    [request] = found.evaluate_tick(context).run_requests or []

    assert request.partition_key == "2024-02-09"
    assert (found.cron_schedule, found.execution_timezone) == (f"15 {hour} * * *", "UTC")


@pytest.mark.parametrize("wanted", [True, False], ids=["on", "off"])
def test_the_environment_switches_the_pipeline_and_the_sensor_on(
    tmp_path: Path, *, wanted: bool
) -> None:
    environment = {**ENVIRONMENT, "schedules": wanted}
    configs = write_project(tmp_path, {"environments/local.json": environment})
    with load_project(configs) as project:
        definitions = project.definitions()
        pipeline = definitions.resolve_schedule_def("full_pipeline_schedule")
        etl = definitions.resolve_schedule_def("daily_etl_schedule")
        sensor = definitions.resolve_sensor_def(SENSOR)

    state = "RUNNING" if wanted else "STOPPED"
    assert (pipeline.default_status.name, sensor.default_status.name) == (state, state)
    # Both jobs do the ETL; its own schedule is for those who run no models.
    assert etl.default_status.name == "STOPPED"


def test_the_daily_etl_leaves_models_and_scores_out(untrained: Site) -> None:
    definitions = untrained.project.definitions()

    etl = definitions.resolve_job_def("daily_etl").asset_layer.selected_asset_keys
    pipeline = definitions.resolve_job_def("full_pipeline").asset_layer.selected_asset_keys

    assert {key.to_user_string() for key in pipeline - etl} == {
        "models/scorer__v1",
        "scores/scorer/badness__v1",
    }
    assert etl < pipeline
