import math
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests import naive

FLIGHTS = Path(__file__).parents[2] / "examples" / "flights"
DAYS = [date(2013, 1, 1) + timedelta(days=n) for n in range(45)]
PERIODS = {"7d": "weekly_by_day", "30d": "monthly_by_day"}
ENTITIES = ("carrier", "dest", "tailnum")

Answer = dict[str, object]


@pytest.fixture(scope="module")
def flights() -> naive.Naive:
    return naive.load(FLIGHTS / "configs", "local")


def reference(name: str) -> list[Answer]:
    rows: list[Answer] = pq.read_table(FLIGHTS / "reference" / f"{name}.parquet").to_pylist()
    return rows


def differences(found: Mapping[str, object], expected: Answer) -> Answer:
    """Give what is not equal; floats may differ in the ninth decimal, and NULL only equals NULL."""
    return {
        name: (found[name], value)
        for name, value in expected.items()
        if not (found[name] == value or (isinstance(value, float) and near(found[name], value)))
    }


def near(found: object, value: float) -> bool:
    return isinstance(found, float) and math.isclose(found, value, rel_tol=1e-9, abs_tol=1e-9)


@pytest.mark.parametrize("length", PERIODS)
@pytest.mark.parametrize("entity", ENTITIES)
def test_windows_equal_the_reference_answers(
    flights: naive.Naive, entity: str, length: str
) -> None:
    expected = {(row.pop("day"), row.pop("entity")): row for row in reference(f"{entity}_{length}")}
    found: dict[object, naive.Row] = {
        (day.isoformat(), row[entity]): row
        for day in DAYS
        for row in flights.window_rows(entity, PERIODS[length], day)
    }
    assert found.keys() == expected.keys()
    for key, answer in expected.items():
        row = found[key]
        days_in_window = answer.pop("days_in_window")
        assert not differences({name: row[f"{name}__v1"] for name in answer}, answer), key
        assert row["window_complete"] is (days_in_window == int(length.removesuffix("d")))


def test_each_flight_sees_only_the_windows_that_ended_before_its_day(flights: naive.Naive) -> None:
    expected: dict[object, Answer] = {
        row.pop("event_id"): row for row in reference("point_in_time")
    }
    found: dict[object, naive.Row] = {
        row["flight_id"]: row for day in DAYS for row in flights.request_rows("departure", day)
    }
    assert found.keys() == expected.keys()
    for key, answer in expected.items():
        answer.pop("flight_date")
        row = {name: found[key][joined_column(name)] for name in answer}
        assert not differences(row, answer), key


def joined_column(name: str) -> str:
    """`carrier_7d__flight_count` of the reference is our `carrier_weekly_flight_count__v1`."""
    window, _, metric = name.partition("__")
    entity, _, length = window.partition("_")
    return f"{entity}_{PERIODS[length].removesuffix('_by_day')}_{metric}__v1"


def test_every_flight_is_a_row_of_its_local_day(flights: naive.Naive) -> None:
    rows = list(event_rows(flights))
    assert len(rows) == 1212
    assert all(row["flight_date__v1"] == day for day, row in rows)
    assert all(row["event_id"] for _, row in rows)


def event_rows(flights: naive.Naive) -> Iterator[tuple[date, naive.Row]]:
    for day in DAYS:
        for row in flights.event_rows("flight", day):
            yield day, row


def test_an_unknown_aircraft_is_no_entity(flights: naive.Naive) -> None:
    unknown = [day for day, row in event_rows(flights) if row["tailnum__v1"] is None]
    assert unknown
    rows = flights.window_rows("tailnum", "weekly_by_day", unknown[0])
    assert all(row["tailnum"] is not None for row in rows)


def test_a_flight_is_labelled_by_its_own_outcome(flights: naive.Naive) -> None:
    day = date(2013, 1, 11)
    labels = {row["flight_id"]: row for row in flights.label_rows("outcome", day)}
    cancelled = labels["20130111-00491"]
    assert cancelled["cancelled__v1"] == cancelled["plurality__v1"] == "disrupted"
    assert cancelled["arrived_late__v1"] is None
    for event in flights.event_rows("flight", day):
        delay = event["arr_delay__v1"]
        if isinstance(delay, int) and delay < 15:
            assert labels[event["event_id"]]["plurality__v1"] == "on_time"


def test_an_aircraft_brings_its_age_from_the_table(flights: naive.Naive) -> None:
    rows = {row["tailnum__v1"]: row for row in flights.request_rows("departure", DAYS[0])}
    assert rows["N978AT"]["planes_year__v1"] == 2002
    assert rows["N978AT"]["plane_age__v1"] == 11
    assert rows["N978AT"]["airlines_name__v1"] == "AirTran Airways Corporation"
