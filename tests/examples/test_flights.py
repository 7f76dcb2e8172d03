import shutil
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests import naive
from tests.workflow.projects import Project, days_from, differences, same

FLIGHTS = Path(__file__).parents[2] / "examples" / "flights"
DAYS = days_from("2013-01-01", 45)
PERIODS = {"7d": "weekly_by_day", "30d": "monthly_by_day"}
ENTITIES = ("carrier", "dest", "tailnum")
KINDS = ("raw", "event", "table", "states", "window", "row", "label")


@pytest.fixture(scope="module")
def flights(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Every relation but the model's, all days built."""
    root = tmp_path_factory.mktemp("flights")
    shutil.copytree(FLIGHTS / "configs", root / "configs")
    shutil.copytree(FLIGHTS / "data" / "raw", root / "data" / "raw")
    project = Project(root)
    project.run(DAYS, project.ops(*KINDS))
    return project


@pytest.fixture(scope="module")
def oracle(flights: Project) -> naive.Naive:
    return flights.oracle()


def reference(name: str) -> list[naive.Row]:
    rows: list[naive.Row] = pq.read_table(FLIGHTS / "reference" / f"{name}.parquet").to_pylist()
    return rows


def wrong_answers(row: naive.Row, answer: naive.Row) -> dict[str, object]:
    return {
        name: (row[name], value) for name, value in answer.items() if not same(row[name], value)
    }


@pytest.mark.parametrize("length", PERIODS)
@pytest.mark.parametrize("entity", ENTITIES)
def test_every_window_equals_the_reference(flights: Project, entity: str, length: str) -> None:
    answers = {(row.pop("day"), row.pop("entity")): row for row in reference(f"{entity}_{length}")}
    found: dict[object, naive.Row] = {
        (day.isoformat(), row[entity]): row
        for day in DAYS
        for row in flights.rows(f"families/{entity}/{PERIODS[length]}", day)
    }
    assert found.keys() == answers.keys()
    for key, answer in answers.items():
        days_in_window = answer.pop("days_in_window")
        expected = {f"{name}__v1": value for name, value in answer.items()}
        assert not wrong_answers(found[key], expected), key
        assert found[key]["window_complete"] is (days_in_window == int(length.removesuffix("d")))


def test_every_flight_sees_what_was_known_before_its_day(flights: Project) -> None:
    answers = {row.pop("event_id"): row for row in reference("point_in_time")}
    found = {
        row["flight_id"]: row for day in DAYS for row in flights.rows("families/departure", day)
    }
    assert found.keys() == answers.keys()
    for key, answer in answers.items():
        answer.pop("flight_date")
        expected = {joined_column(name): value for name, value in answer.items()}
        assert not wrong_answers(found[key], expected), key


def joined_column(name: str) -> str:
    """`carrier_7d__flight_count` of the reference is our `carrier_weekly_flight_count__v1`."""
    window, _, metric = name.partition("__")
    entity, _, length = window.partition("_")
    return f"{entity}_{PERIODS[length].removesuffix('_by_day')}_{metric}__v1"


def test_events_windows_rows_and_labels_equal_the_oracle(
    flights: Project, oracle: naive.Naive
) -> None:
    for day in DAYS:
        events = flights.rows("events/flight", day)
        assert not differences(events, oracle.event_rows("flight", day)), day
        for entity in ENTITIES:
            for period in PERIODS.values():
                windows = flights.rows(f"families/{entity}/{period}", day)
                expected = oracle.window_rows(entity, period, day)
                assert not differences(windows, expected), (entity, period, day)
        departures = flights.rows("families/departure", day)
        assert not differences(departures, oracle.request_rows("departure", day), "flight_id"), day
        labels = flights.rows("label_sets/outcome", day)
        assert not differences(labels, oracle.label_rows("outcome", day), "flight_id"), day


def test_nothing_is_stale_after_all_days_were_built(flights: Project) -> None:
    some = [DAYS[0], date(2013, 1, 31), DAYS[-1]]
    stale = flights.stale(some)
    assert not [name for name in stale if not name.startswith(("model", "score"))]
