"""Which events a window holds and a row sees, on both sides of every boundary."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from fig_assets.errors import EngineError
from fig_assets.workflow.run import run_op
from tests.workflow.projects import Json, Project, days_from, differences, write_project

REQUEST_DAY = date(2024, 3, 15)
START = "2024-02-29"
DAYS = days_from(START, 16)
PERIODS = {"daily": 1, "weekly_by_day": 7, "14d_by_day": 14}

MOMENTS = {
    "just before 14 days": "2024-02-29T23:59:59.999Z",
    "14 days": "2024-03-01T00:00:00Z",
    "just before 7 days": "2024-03-07T23:59:59.999Z",
    "7 days": "2024-03-08T00:00Z",
    "7 days, written in the east": "2024-03-08T05:30:00+05:30",
    "before 7 days, written in the west": "2024-03-07T19:00:00-04:59",
    "just before 1 day": "2024-03-13T23:59:59.999999Z",
    "1 day": "2024-03-14T00:00:00.000Z",
    "the last moment": "2024-03-14T23:59:59.999Z",
    "the last moment, in nanoseconds": "2024-03-14T23:59:59.999999999Z",
    "the day itself": "2024-03-15T00:00:00Z",
    "after the request": "2024-03-15T23:59:59Z",
}
SEEN = {
    "daily": {"1 day", "the last moment", "the last moment, in nanoseconds"},
    "weekly_by_day": {"7 days", "7 days, written in the east", "just before 1 day"},
    "14d_by_day": {"14 days", "just before 7 days", "before 7 days, written in the west"},
}
SEEN["weekly_by_day"] |= SEEN["daily"]
SEEN["14d_by_day"] |= SEEN["weekly_by_day"]
"""What a request of 15 March sees: the windows that ended at its midnight."""

OWN_DAY = {"the day itself", "after the request"}
LEFT_BEHIND = {
    "daily": SEEN["daily"],
    "weekly_by_day": {"7 days", "7 days, written in the east"},
    "14d_by_day": {"14 days"},
}
"""What the window that ends with 15 March itself has left behind."""


def joined(period: str, **more: str) -> Json:
    match = {"field": "name", "period": period}
    return {"source": "entity", "granularity_match": match, "features": ["seen"], **more}


CONFIGS: Json = {
    "events/moment.json": {"name": "moment", "event_name": "moment", "fields": {"name": "name"}},
    "events/request.json": {"name": "ask", "event_name": "ask", "fields": {"name": "name"}},
    "features/entity.json": {
        "name": "entity",
        "granularity": "name",
        "period": list(PERIODS),
        "groups": [
            {
                "source": "moment",
                "granularity_field": "name",
                "features": {
                    "seen": "@COUNT(*)",
                    "different": "@COUNT_DISTINCT($event_id)",
                    "at": "@LAST($event_time)",
                },
            }
        ],
    },
    "features/request.json": {
        "name": "request",
        "granularity": "name",
        "groups": [
            {"source": "ask", "granularity_field": "name", "features": {"asked": "$name"}},
            *(joined(period) for period in PERIODS),
            joined("daily", as_of="same_day", prefix="today_"),
        ],
    },
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """An event at each moment, each of an entity of its own, and a request for each entity."""
    project = write_project(tmp_path_factory.mktemp("time"), CONFIGS, start=START)
    files: dict[date, list[Json | str]] = {}
    for name, at in MOMENTS.items():
        event: Json = {"kind": "moment", "at": at, "id": name, "name": name}
        files.setdefault(date.fromisoformat(at[:10]), []).append(event)
        request: Json = {"kind": "ask", "at": "2024-03-15T10:30:00Z", "id": name, "name": name}
        files.setdefault(REQUEST_DAY, []).append(request)
    for day, events in files.items():
        project.write(day, events)
    project.run(DAYS, project.ops("raw", "event", "states"))
    project.run([*DAYS[:2], *DAYS[-2:]], project.ops("window"))
    project.run([REQUEST_DAY], project.ops("row"))
    return project


@pytest.mark.parametrize("period", PERIODS)
def test_a_request_sees_the_days_before_its_own_to_the_millisecond(
    project: Project, period: str
) -> None:
    column = f"entity_{period.removesuffix('_by_day')}_seen__v1"
    rows = {row["name"]: row[column] for row in project.rows("families/request", REQUEST_DAY)}
    assert rows.keys() == MOMENTS.keys()
    assert {name for name, seen in rows.items() if seen is not None} == SEEN[period]
    assert {seen for seen in rows.values() if seen is not None} == {1}


def test_a_join_of_the_same_day_sees_the_whole_of_it_and_no_other(project: Project) -> None:
    rows = project.rows("families/request", REQUEST_DAY)
    assert {row["name"] for row in rows if row["today_seen__v1"]} == OWN_DAY


@pytest.mark.parametrize(("period", "length"), PERIODS.items())
def test_a_window_holds_n_days_with_both_ends(project: Project, period: str, length: int) -> None:
    rows = project.rows(f"families/entity/{period}", REQUEST_DAY)
    expected = (SEEN[period] - LEFT_BEHIND[period]) | OWN_DAY
    assert {row["name"] for row in rows} == expected
    assert {row["window_end"] for row in rows} == {date(2024, 3, 16)}
    assert {row["window_start"] for row in rows} == {REQUEST_DAY - timedelta(days=length - 1)}
    assert {row["window_complete"] for row in rows} == {True}


@pytest.mark.parametrize("period", PERIODS)
def test_every_built_window_equals_the_plain_reading(project: Project, period: str) -> None:
    oracle = project.oracle()
    for day in [*DAYS[:2], *DAYS[-2:]]:
        found = project.rows(f"families/entity/{period}", day)
        assert not differences(found, oracle.window_rows("entity", period, day)), day


def test_days_before_the_start_are_not_there_and_the_window_says_so(project: Project) -> None:
    [row] = project.rows("families/entity/weekly_by_day", DAYS[0])
    assert row["name"] == "just before 14 days"
    assert row["window_start"] == date(2024, 2, 23)
    assert row["window_complete"] is False
    [row] = project.rows("families/entity/daily", DAYS[0])
    assert row["window_complete"] is True


@pytest.fixture
def gap(tmp_path: Path) -> Project:
    """Five days without any raw file, all landed and imported but the third."""
    project = write_project(tmp_path, CONFIGS, start="2024-03-01")
    days = days_from("2024-03-01", 5)
    project.run(days[:2] + days[3:], project.ops("raw", "event"))
    return project


def test_a_window_over_a_day_never_built_is_refused_by_name(gap: Project) -> None:
    [op] = [op for op in gap.ops("window") if op.period and op.period.days == 7]
    result = run_op(gap.workspace, op, days_from("2024-03-02", 3), op.keys)
    assert list(result.days) == [date(2024, 3, 2)]
    assert sorted(map(str, result.refused)) == ["2024-03-03", "2024-03-04"]
    refusal = result.refused[date(2024, 3, 4)]
    assert isinstance(refusal, EngineError)
    assert "states/entity/moment of the day 2024-03-03, never built" in str(refusal)
    assert "2024-03-02" not in str(refusal)


def test_a_request_whose_windows_were_never_built_is_refused_by_name(gap: Project) -> None:
    [op] = gap.ops("row")
    result = run_op(gap.workspace, op, [date(2024, 3, 5)], op.keys)
    refusal = str(result.refused[date(2024, 3, 5)])
    assert "families/request of 2024-03-05 needs families/entity/" in refusal
    assert "2024-03-04, never built" in refusal


def test_an_empty_day_that_was_built_is_no_gap(gap: Project) -> None:
    gap.run([date(2024, 3, 3)], gap.ops("raw", "event"))
    gap.run([date(2024, 3, 4), date(2024, 3, 5)], gap.ops("window"))
    gap.run([date(2024, 3, 5)], gap.ops("row"))
    assert gap.rows("families/entity/weekly_by_day", date(2024, 3, 4)) == []
    assert gap.rows("families/request", date(2024, 3, 5)) == []
