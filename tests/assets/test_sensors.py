"""Retraining sensors under a really running daemon: a model for each of several causes."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.assets.server import LOCATION, Server, running, wait_until
from tests.assets.signins import CONFIGS, FIRST, Json, days_from, opened, write_day
from tests.workflow.watched import DRIFTED, LAST, MODEL, events, write_watched

pytestmark = pytest.mark.slow

STARTED_LATER: Json = {"training_delay_delta_days": 2, "retrain": {"every_days": 100}}
MODELS: dict[str, Json] = {
    "drifting": STARTED_LATER,
    "falling": STARTED_LATER,
    "moved": {
        **STARTED_LATER,
        # Before the third day there is no window to learn from.
        "retrain": {"every_days": 2},
        "input_features": [
            {"family_name": "request", "feature_names": {"all": ["ip_weekly_failure_rate"]}}
        ],
    },
    "failing": {"training_delay_delta_days": 0, "retrain": {"every_days": 100}},
}
LATER: dict[str, Json] = {
    "drifting": {"max_drift_psi": 0.2},
    "falling": {"min_metric": {"roc_auc": 0.7}},
    "moved": {"every_days": 100},
    "failing": {"every_days": 2},
}
"""What each asks for after all were trained once. The last day drifts and has one class only."""
TICKED_S = 240
START = """
mutation($sensor: SensorSelector!) {
  startSensor(sensorSelector: $sensor) { __typename ... on PythonError { message } }
}"""
RUNS = """
query($filter: RunsFilter!) {
  runsOrError(filter: $filter) { ... on Runs { results { status tags { key value } } } }
}"""
AGAIN = """
mutation($sensor: SensorSelector!) {
  sensorDryRun(selectorData: $sensor, cursor: null) {
    ... on DryRunInstigationTick {
      evaluationResult { skipReason error { message } runRequests { runKey } }
    }
  }
}"""


@dataclass(frozen=True)
class Asked:
    """What became of the run of each model's sensor, and what the sensor says afterwards."""

    runs: Mapping[str, Mapping[str, str]]
    after: Mapping[str, Mapping[str, object]]


def write_models(root: Path, later: Mapping[str, Json]) -> None:
    folder = root / "configs" / "models"
    (folder / "scorer.json").unlink(missing_ok=True)
    for name, changes in MODELS.items():
        spec = {**MODEL, "name": name, **changes, "output_features": [f"{name}_score"]}
        spec |= {"retrain": later[name]} if name in later else {}
        (folder / f"{name}.json").write_text(json.dumps(spec), encoding="utf-8")


def move_default_version(root: Path) -> None:
    path = root / "configs" / "features" / "all.json"
    text = path.read_text(encoding="utf-8")
    assert '"default_version": 1' in text
    path.write_text(text.replace('"default_version": 1', '"default_version": 2'), encoding="utf-8")


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    root = tmp_path_factory.mktemp("sensors")
    configs = write_watched(root)
    families = json.loads(json.dumps(CONFIGS["features/all.json"]))
    families[1]["groups"][1]["features"] = ["login_count", "failure_rate@1", "failure_rate@2"]
    (configs / "features" / "all.json").write_text(json.dumps(families, indent=1), encoding="utf-8")
    project = {"name": "s", "start_date": str(FIRST), "end_date": str(LAST)}
    (configs / "project.json").write_text(json.dumps(project), encoding="utf-8")
    write_models(root, {})
    last = [{**event, "outcome": "SUCCESS"} for event in events(LAST, like=DRIFTED)]
    write_day(root, LAST, last)
    with opened(root) as site:
        assert site.run(FIRST, LAST).refused == {}
    write_models(root, LATER)
    move_default_version(root)
    with running(root, configs) as server:
        for name in MODELS:
            server.ask(START, sensor=sensor(name))
        wait_until(lambda: all(finished(server, name) for name in MODELS), TICKED_S, server.log)
        runs = {name: finished(server, name) for name in MODELS}
        yield Asked(runs, {name: again(server, name) for name in MODELS})


def sensor(name: str) -> Json:
    return {**LOCATION, "sensorName": f"retrain__{name}"}


def finished(server: Server, name: str) -> dict[str, str]:
    """Give the tags and the status of the one run that a sensor asked for; {} before its end."""
    wanted = {"tags": [{"key": "fig/retrains", "value": name}]}
    found = server.ask(RUNS, filter=wanted)["runsOrError"]
    assert isinstance(found, Mapping)
    runs = found["results"]
    if len(runs) != 1 or runs[0]["status"] not in {"SUCCESS", "FAILURE"}:
        return {}
    return {"status": runs[0]["status"], **{tag["key"]: tag["value"] for tag in runs[0]["tags"]}}


def again(server: Server, name: str) -> Mapping[str, object]:
    """Let the running server evaluate a sensor once more."""
    found = server.ask(AGAIN, sensor=sensor(name))["sensorDryRun"]
    assert isinstance(found, Mapping)
    told: Mapping[str, object] = found["evaluationResult"]
    return told


@pytest.mark.parametrize(
    ("name", "status", "cause", "words"),
    [
        ("drifting", "SUCCESS", "drift", f"request.network@1 drifted on {LAST}: PSI 0.8789"),
        ("falling", "SUCCESS", "metric", "roc_auc was "),
        ("moved", "SUCCESS", "version", "it reads request.ip_weekly_failure_rate@2 now"),
        ("failing", "FAILURE", "age", "the champion is 5 days old"),
    ],
)
def test_the_daemon_runs_what_a_sensor_asks_for_and_the_run_says_why(
    asked: Asked, name: str, status: str, cause: str, words: str
) -> None:
    run = asked.runs[name]

    assert (run["status"], run["fig/cause"]) == (status, cause)
    assert run["fig/cause_words"].startswith(words)
    assert run["dagster/partition"] == run["fig/trains_for"] == str(LAST)


@pytest.mark.parametrize("name", list(MODELS))
def test_a_sensor_that_has_asked_does_not_ask_again(asked: Asked, name: str) -> None:
    told = asked.after[name]

    assert (told["error"], told["runRequests"]) == (None, [])
    words = (
        "the last training failed; the next one is asked for after"
        if name == "failing"
        else f"it was trained for {days_from(FIRST, 6)[-1]}, and nothing new was labelled since"
    )
    assert words in str(told["skipReason"])
