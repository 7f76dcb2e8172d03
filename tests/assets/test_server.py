"""The application as it is served: webserver, daemon, code server and run processes of Dagster.

The daemon looks at backfills every 30 seconds, which is what takes the time here: all of them run
side by side on one server, then the tests look at what came of it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from fig_assets.project import load_project
from tests.assets.server import LOCATION, Server, running, wait_until
from tests.assets.signins import ENVIRONMENT, FIRST, days_from, opened, write_project

pytestmark = pytest.mark.slow

DAYS = [str(day) for day in days_from(FIRST, 6)]
BUILT, NEW = DAYS[:3], DAYS[3:]
RATE = "features/ip/weekly_by_day/failure_rate__v2"
MODEL = "models/scorer__v1"
SENSOR = {**LOCATION, "sensorName": "retrain__scorer"}
BACKFILL_S = 280

START_SENSOR = """
mutation($sensor: SensorSelector!) {
  startSensor(sensorSelector: $sensor) { __typename ... on PythonError { message } }
}"""
TICKS = """
query($sensor: SensorSelector!) {
  sensorOrError(sensorSelector: $sensor) {
    ... on Sensor { sensorState {
      ticks(limit: 5) { status runIds skipReason error { message } }
    } }
  }
}"""
RUN = "query($run: ID!) { runOrError(runId: $run) { ... on Run { status tags { key value } } } }"


@dataclass(frozen=True)
class Served:
    """What one server did: the last state of each backfill by its title, and the sensor's ticks."""

    server: Server
    states: Mapping[str, Mapping[str, object]]
    ticks: list[Mapping[str, object]]
    assets: list[str]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    root = tmp_path_factory.mktemp("server")
    sources: dict[str, object] = dict(ENVIRONMENT["sources"])  # type: ignore[call-overload]
    sources["events"] = {**sources["events"], "late_days": 0}  # type: ignore[dict-item]
    changes = {
        "project.json": {"name": "s", "start_date": DAYS[0], "end_date": DAYS[-1]},
        "environments/local.json": {**ENVIRONMENT, "sources": sources},
    }
    configs = write_project(root, changes, days=len(DAYS))
    first = days_from(FIRST, len(BUILT))
    with opened(root) as site:
        assert site.run(first[0], first[-1]).refused == {}
    with load_project(configs) as project:
        assets = ["/".join(key) for op in project.graph.ops for key in op.keys]
    with running(root, configs) as server:
        server.ask(START_SENSOR, sensor=SENSOR)
        monthly = [asset for asset in assets if "/ip/monthly_by_day" in asset]
        ids = {
            "one attribute": server.backfill("one attribute", [RATE], BUILT[:2]),
            "one family": server.backfill("one family", monthly, BUILT[1:]),
            "everything": server.backfill("everything", assets, NEW),
        }
        wait_until(lambda: all(_is_done(server, it) for it in ids.values()), BACKFILL_S, server.log)
        states = {title: server.backfill_status(it) for title, it in ids.items()}
        ticks = wait_until(lambda: _ticks(server), 60, server.log)
        yield Served(server, states, ticks, assets)


def _is_done(server: Server, backfill: str) -> bool:
    return server.backfill_status(backfill)["status"] not in {"REQUESTED", "CANCELING"}


def _ticks(server: Server) -> list[Mapping[str, object]]:
    state = server.ask(TICKS, sensor=SENSOR)["sensorOrError"]
    found = state["sensorState"]["ticks"] if isinstance(state, Mapping) else []
    return [tick for tick in found if tick["status"] != "STARTED"]


def made_by(served: Served, title: str, asset: str, days: list[str]) -> list[str]:
    """Give the days of an asset that a backfill materialised."""
    runs = {run["runId"] for run in served.states[title]["runs"]}  # type: ignore[attr-defined]
    made = served.server.materialisations(asset, days)
    return sorted(str(it["partition"]) for it in made if it["runId"] in runs)


@pytest.mark.parametrize("title", ["one attribute", "one family", "everything"])
def test_a_backfill_launched_as_the_ui_does_completes(served: Served, title: str) -> None:
    state = served.states[title]

    assert state["status"] == "COMPLETED_SUCCESS", state
    assert {run["status"] for run in state["runs"]} == {"SUCCESS"}  # type: ignore[attr-defined]


def test_one_attribute_version_is_backfilled_alone(served: Served) -> None:
    [counts] = served.states["one attribute"]["assetBackfillData"]["assetBackfillStatuses"]  # type: ignore[index]

    assert counts["assetKey"]["path"] == RATE.split("/")
    assert (counts["numPartitionsTargeted"], counts["numPartitionsMaterialized"]) == (2, 2)
    assert made_by(served, "one attribute", RATE, DAYS) == BUILT[:2]
    sibling = RATE.replace("failure_rate__v2", "failure_rate__v1")
    assert made_by(served, "one attribute", sibling, DAYS) == []


def test_a_range_of_days_is_one_run(served: Served) -> None:
    runs = served.states["one family"]["runs"]

    assert isinstance(runs, list)
    assert len(runs) == 1


def test_a_family_is_backfilled_for_its_days_only(served: Served) -> None:
    for name in ("features/ip/monthly_by_day/session_count__v1", "families/ip/monthly_by_day"):
        assert made_by(served, "one family", name, DAYS) == BUILT[1:]


def test_everything_is_backfilled_in_the_right_order(served: Served) -> None:
    for asset in served.assets:
        # Dagster goes from the sources on: of models it asks for the days that learn from these.
        days = [] if asset.startswith(("tables/", "models/")) else NEW
        assert set(made_by(served, "everything", asset, DAYS)) >= set(days), asset


def test_materialisations_carry_rows_digests_and_the_statement(served: Served) -> None:
    made = served.server.materialisations(RATE, NEW[-1:])[0]
    shown = served.server.materialisations("families/ip/weekly_by_day", NEW[-1:])[0]

    entries = {entry["label"]: entry for entry in made["metadataEntries"]}  # type: ignore[attr-defined]
    assert entries["dagster/row_count"]["intValue"] == 6
    assert len(entries["fig/digest"]["text"]) == 16
    entries = {entry["label"]: entry for entry in shown["metadataEntries"]}  # type: ignore[attr-defined]
    assert "failure_rate__v2" in entries["fig/sql"]["mdStr"]


def test_the_daemon_ticks_the_retraining_sensor_which_trains_the_model(served: Served) -> None:
    first = served.ticks[-1]

    assert first["status"] == "SUCCESS", first
    [run] = first["runIds"]  # type: ignore[misc]
    done = wait_until(lambda: _finished(served.server, run), 60, served.server.log)  # type: ignore[has-type]
    tags = {tag["key"]: tag["value"] for tag in done["tags"]}  # type: ignore[attr-defined]
    assert (done["status"], tags["fig/cause"]) == ("SUCCESS", "first")
    trained = [made for made in served.server.materialisations(MODEL, DAYS) if made["runId"] == run]  # type: ignore[has-type]
    assert [made["partition"] for made in trained] == [DAYS[-1]]


def _finished(server: Server, run: str) -> Mapping[str, object]:
    found = server.ask(RUN, run=run)["runOrError"]
    ended = isinstance(found, Mapping) and found["status"] in {"SUCCESS", "FAILURE", "CANCELED"}
    return found if ended and isinstance(found, Mapping) else {}


def test_a_server_ends_with_all_its_processes_on_one_interrupt(tmp_path: Path) -> None:
    configs = write_project(tmp_path)

    with running(tmp_path, configs) as server:
        process = server.process

    assert process.poll() is not None
    assert "Dagster services shut down" in server.log()
