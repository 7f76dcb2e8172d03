"""Rows joined to rows: the newest one of a key from the days before, and how far back."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from fig_assets.workflow.run import run_op
from tests.workflow.projects import Json, Project, days_from, differences, write_project

START = "2024-03-01"
DAYS = days_from(START, 6)
VISIT: Json = {
    "name": "visit",
    "granularity": "visitor",
    "granularity_type": "bigint",
    "groups": [
        {
            "source": "visit",
            "prefix": "last_",
            "granularity_match": {"field": "visitor"},
            "features": ["country", "spent"],
        },
        {
            "source": "visit_event",
            "granularity_field": "visitor",
            "features": {
                "country": "$country",
                "spent": {"function": "$spent", "type": "float"},
            },
        },
        {"features": {"has_moved": "$country <> $last_country"}},
        {
            "source": "ask",
            "granularity_match": {"field": "country"},
            "features": {"number": {"default": 0}},
        },
    ],
}
ASK: Json = {
    "name": "ask",
    "granularity": "name",
    "groups": [
        {
            "source": "ask_event",
            "granularity_field": "name",
            "features": {"number": {"function": "$number", "type": "bigint"}},
        },
        {
            "source": "visit",
            "granularity_match": {"field": "number"},
            "features": {"spent": {}, "country": {"default": "nowhere"}, "has_moved": {}},
        },
        {
            "source": "visit",
            "granularity_match": {"field": "code", "within_days": 2},
            "prefix": "",
            "features": ["last_spent", "spent"],
        },
        {
            "source": "visit",
            "granularity_match": {"field": "code"},
            "as_of": "same_day",
            "prefix": "now_",
            "features": "*",
        },
        {
            "source": "visit",
            "granularity_match": {"field": "number", "within_days": 1},
            "as_of": "same_day",
            "prefix": "today_",
            "features": ["country"],
        },
    ],
}
CONFIGS: Json = {
    "events/all.json": [
        {
            "name": "visit_event",
            "event_name": "visit",
            "fields": {"visitor": "visitor", "country": "country", "spent": "spent::float"},
        },
        {
            "name": "ask_event",
            "event_name": "ask",
            "fields": {"name": "name", "number": "number", "code": "number::float"},
        },
    ],
    "features/all.json": [VISIT, ASK],
}
NUMBERS = (1, "2", "2.0", 3.5, "x", None)


def write_visits(project: Project, day: date, visits: Sequence[tuple[object, str, int]]) -> None:
    """Write a day's visits, and a question about each number on each day."""
    lines: list[Json] = [
        {"kind": "ask", "at": f"{day}T12:00:00Z", "id": f"a{n}", "name": str(n), "number": it}
        for n, it in enumerate(NUMBERS)
    ]
    for n, (visitor, country, spent) in enumerate(visits):
        at = f"{day}T{23 - n:02}:00:00Z"
        visit = {"visitor": visitor, "country": country, "spent": spent}
        lines.append({"kind": "visit", "at": at, "id": f"v{n}", **visit})
    project.write(day, lines)


def made(root: Path, visits: Sequence[Sequence[tuple[object, str, int]]]) -> Project:
    project = write_project(root, CONFIGS, start=START)
    for day, of_day in zip(DAYS, visits, strict=True):
        write_visits(project, day, of_day)
    return project


def assert_equal_to_oracle(project: Project) -> None:
    oracle = project.oracle()
    for family in project.graph.row_families.values():
        for day in DAYS:
            found = project.rows(family.relation, day)
            expected = oracle.request_rows(family.name, day)
            assert not differences(found, expected, family.granularity), (family.name, day)


VISITS = st.lists(
    st.tuples(
        st.sampled_from([1, "2", 2.0, 3.5, "x", None]),
        st.sampled_from(["0", "1", "x", ""]),
        st.integers(0, 3),
    ),
    max_size=4,
)


@settings(
    max_examples=2,
    derandomize=True,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(visits=st.lists(VISITS, min_size=6, max_size=6))
@example(visits=[[(1, "a", 1)], [], [(1, "b", 2), (2, "a", 3)], [], [(2, "b", 4)], []])
def test_rows_joined_to_rows_are_what_the_plain_reading_says(
    tmp_path_factory: pytest.TempPathFactory, visits: list[list[tuple[object, str, int]]]
) -> None:
    project = made(tmp_path_factory.mktemp("visits"), visits)
    project.run(DAYS)
    assert_equal_to_oracle(project)
    assert project.stale(DAYS) == {}


def seen(project: Project, column: str) -> list[object]:
    """What the question about visitor 1 saw on each day."""
    return [project.rows("families/ask", day)[0][column] for day in DAYS]


def test_a_row_sees_the_newest_row_of_the_days_before_and_as_far_back_as_it_may(
    tmp_path: Path,
) -> None:
    project = made(tmp_path, [[], [(1, "a", 1)], [], [], [(1, "b", 2)], []])
    project.run(DAYS)

    assert seen(project, "visit_country__v1") == ["nowhere", "nowhere", "a", "a", "a", "b"]
    assert seen(project, "spent__v1") == [None, None, 1.0, 1.0, None, 2.0]
    assert seen(project, "now_country__v1") == [None, "a", "a", "a", "b", "b"]
    assert seen(project, "today_country__v1") == [None, "a", None, None, "b", None]


def test_a_family_sees_its_own_earlier_rows(tmp_path: Path) -> None:
    project = made(tmp_path, [[(1, "a", 1)], [], [(1, "b", 2)], [(1, "b", 3)], [], []])
    project.run(DAYS)
    rows = [row for day in DAYS for row in project.rows("families/visit", day)]

    assert [row["last_country__v1"] for row in rows] == [None, "a", "b"]
    assert [row["has_moved__v1"] for row in rows] == [None, True, False]


def test_a_changed_day_makes_stale_what_read_it_and_a_day_never_built_is_named(
    tmp_path: Path,
) -> None:
    project = made(tmp_path, [[(1, "a", 1)], [], [], [], [], []])
    project.run(DAYS)

    write_visits(project, DAYS[1], [(1, "changed", 9)])
    rerun = project.run_stale(DAYS)

    assert rerun["row__visit"] == [DAYS[1]]
    # Of two days back the third and the fourth day see it, of all days all that follow.
    assert rerun["row__ask__3"] == DAYS[1:]
    assert_equal_to_oracle(project)


def test_a_day_that_was_never_built_is_refused_by_name(tmp_path: Path) -> None:
    project = made(tmp_path, [[]] * 6)
    project.run(DAYS, project.ops("raw", "event"))
    first = next(op for op in project.ops("row", owner="visit") if op.name == "row__visit")
    later = next(op for op in project.ops("row", owner="visit") if op.name == "row__visit__2")
    project.run([DAYS[0], DAYS[2], DAYS[3]], [first])
    result = run_op(project.workspace, later, DAYS[2:4], later.keys)

    refusal = str(result.refused[DAYS[3]])
    assert "families/visit of 2024-03-04 needs families/visit" in refusal
    assert "of the day 2024-03-02, never built" in refusal
