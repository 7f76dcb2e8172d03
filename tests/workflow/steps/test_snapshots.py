"""Daily tables: which file each day carries, what a row sees of it, and what makes it stale."""

import json
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from fig_assets.errors import WorkflowError
from fig_assets.workflow.run import run_op
from tests.workflow.projects import (
    ENVIRONMENT,
    Json,
    Project,
    days_from,
    differences,
    write_project,
)

START = "2024-03-01"
DAYS = days_from(START, 6)
COLUMNS = {"code": "bigint", "title": "string", "vip": "boolean"}
STAFF: Json = {
    "name": "staff",
    "source": "staff",
    "key": "code",
    "snapshot": "daily",
    "columns": COLUMNS,
}
SOURCES: Json = {
    **ENVIRONMENT["sources"],  # type: ignore[dict-item]
    "staff": {"format": "csv", "path": "raw/staff/{date}*.csv"},
}
CONFIGS: Json = {
    "environments/local.json": {**ENVIRONMENT, "sources": SOURCES},
    "tables/staff.json": [STAFF, {**STAFF, "name": "staff_today", "as_of": "same_day"}],
    "events/ask.json": {
        "name": "ask",
        "event_name": "ask",
        "fields": {"name": "name", "number": "number", "key": "number::float"},
    },
    "features/request.json": {
        "name": "request",
        "granularity": "name",
        "groups": [
            {"source": "ask", "granularity_field": "name", "features": {"asked": "$number"}},
            {"source": "staff", "granularity_match": {"field": "asked"}, "features": "*"},
            {
                "source": "staff",
                "granularity_match": {"field": "key"},
                "as_of": "same_day",
                "prefix": "now_",
                "features": {"title": {"default": "nobody"}},
            },
            {
                "source": "staff_today",
                "granularity_match": {"field": "number"},
                "prefix": "",
                "features": ["vip"],
            },
        ],
    },
}
NUMBERS = (1, "2", "2.0", 3.5, "x", None, 9)


def write_staff(
    root: Path, dated: date, rows: Sequence[tuple[object, ...]], more: str = ""
) -> None:
    folder = root / "raw" / "staff"
    folder.mkdir(parents=True, exist_ok=True)
    lines = [",".join(COLUMNS), *(",".join(map(str, row)) for row in rows)]
    (folder / f"{dated}{more}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def made(root: Path, dated: Mapping[date, Sequence[tuple[object, ...]]]) -> Project:
    """A project with staff files of some dates and a request for each number on each day."""
    project = write_project(root, CONFIGS, start=START)
    (root / "raw" / "staff").mkdir(parents=True, exist_ok=True)
    for day, rows in dated.items():
        write_staff(root, day, rows)
    for day in DAYS:
        asked = [
            {"kind": "ask", "at": f"{day}T12:00:00Z", "id": str(n), "name": str(n), "number": it}
            for n, it in enumerate(NUMBERS)
        ]
        project.write(day, asked)
    return project


def tables_of(project: Project, days: Sequence[date]) -> dict[date, list[dict[str, object]]]:
    return {day: project.rows("tables/staff", day) for day in days}


def assert_equal_to_oracle(project: Project) -> None:
    oracle = project.oracle()
    for day in DAYS:
        expected = [
            {name: row[f"{name}__v1"] for name in COLUMNS}
            for row in oracle.table_rows("staff", day)
        ]
        assert not differences(project.rows("tables/staff", day), expected, "code"), day
        rows = project.rows("families/request", day)
        assert not differences(rows, oracle.request_rows("request", day), "name"), day


ROWS = st.lists(
    st.tuples(
        st.sampled_from(["1", "2", "2.0", "3.5", "", "x", "9"]),
        st.sampled_from(["a", "b", "", '"c,d"']),
        st.sampled_from(["true", "FALSE", "", "yes"]),
    ),
    max_size=5,
)


@settings(
    max_examples=4,
    derandomize=True,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(
    files=st.dictionaries(
        st.integers(-2, 6).map(lambda n: DAYS[0] + timedelta(days=n)), ROWS, max_size=5
    )
)
@example(files={DAYS[0] - timedelta(days=1): [("1", "before", "true")]})
@example(files={DAYS[1]: [("1", "a", "true")], DAYS[3]: [], DAYS[4]: [("2", "b", "x")] * 2})
def test_every_day_and_every_row_see_what_the_plain_reading_sees(
    tmp_path_factory: pytest.TempPathFactory, files: dict[date, list[tuple[object, ...]]]
) -> None:
    project = made(tmp_path_factory.mktemp("staff"), files)
    project.run(DAYS)
    assert_equal_to_oracle(project)
    assert project.stale(DAYS) == {}


def test_a_row_sees_the_snapshot_of_the_day_before_or_of_its_own_where_that_is_asked(
    tmp_path: Path,
) -> None:
    project = made(tmp_path, {DAYS[2]: [(1, "new", "true")]})
    project.run(DAYS)

    seen = {day: project.rows("families/request", day)[0] for day in DAYS}

    titles = [seen[day]["staff_title__v1"] for day in DAYS]
    assert titles == [None, None, None, "new", "new", "new"]
    assert [seen[day]["now_title__v1"] for day in DAYS] == ["nobody"] * 2 + ["new"] * 4
    assert [seen[day]["vip__v1"] for day in DAYS] == [None] * 2 + [True] * 4


def test_days_before_the_first_file_are_empty_and_days_without_one_carry_the_newest(
    tmp_path: Path,
) -> None:
    project = made(tmp_path, {DAYS[1]: [(1, "a", "")], DAYS[3]: [(2, "b", "")]})
    [op] = project.ops("table", owner="staff")
    result = run_op(project.workspace, op, DAYS, op.keys)

    assert [len(rows) for rows in tables_of(project, DAYS).values()] == [0, 1, 1, 1, 1, 1]
    notes = [result.days[day].notes["snapshot"] for day in DAYS]
    assert notes == ["none yet", *[str(DAYS[1])] * 2, *[str(DAYS[3])] * 3]


def test_a_late_or_changed_file_makes_exactly_the_days_that_carry_it_stale(tmp_path: Path) -> None:
    project = made(tmp_path, {DAYS[0]: [(1, "a", "")], DAYS[4]: [(1, "e", "")]})
    project.run(DAYS)

    write_staff(tmp_path, DAYS[2], [(1, "late", "")])
    late = project.stale(DAYS)
    project.run_stale(DAYS)
    write_staff(tmp_path, DAYS[4], [(1, "mended", "")])
    mended = project.stale(DAYS)
    rerun = project.run_stale(DAYS)

    assert late == dict.fromkeys(["table__staff", "table__staff_today"], DAYS[2:4])
    assert mended == dict.fromkeys(["table__staff", "table__staff_today"], DAYS[4:])
    assert rerun["row__request"] == DAYS[4:]
    assert_equal_to_oracle(project)


def test_a_file_that_is_only_touched_makes_nothing_stale(tmp_path: Path) -> None:
    project = made(tmp_path, {DAYS[0]: [(1, "a", "")]})
    project.run(DAYS)

    (tmp_path / "raw" / "staff" / f"{DAYS[0]}.csv").touch()

    assert project.stale(DAYS) == {}


def test_two_files_of_one_date_refuse_exactly_the_days_that_would_carry_them(
    tmp_path: Path,
) -> None:
    project = made(tmp_path, {DAYS[0]: [(1, "a", "")], DAYS[4]: [(1, "e", "")]})
    write_staff(tmp_path, DAYS[2], [(1, "b", "")])
    write_staff(tmp_path, DAYS[2], [(1, "c", "")], more="-again")
    [op] = project.ops("table", owner="staff")
    result = run_op(project.workspace, op, DAYS, op.keys)

    assert list(result.refused) == DAYS[2:4]
    assert str(result.refused[DAYS[2]]) == (
        f"table 'staff': 2 files are dated {DAYS[2]}: "
        f"raw/staff/{DAYS[2]}-again.csv, raw/staff/{DAYS[2]}.csv\n"
        '  fix: keep one of them, or narrow "path" of source "staff"'
    )
    assert sorted(result.days) == [*DAYS[:2], *DAYS[4:]]


def test_a_second_file_of_a_date_that_was_built_makes_its_days_stale(tmp_path: Path) -> None:
    project = made(tmp_path, {DAYS[1]: [(1, "a", "")]})
    project.run(DAYS)

    write_staff(tmp_path, DAYS[1], [(1, "b", "")], more="-again")

    assert project.stale(DAYS)["table__staff"] == DAYS[1:]


def test_a_file_without_a_declared_column_refuses_the_days_that_carry_it(tmp_path: Path) -> None:
    project = made(tmp_path, {DAYS[0]: [(1, "a", "")]})
    (tmp_path / "raw" / "staff" / f"{DAYS[3]}.csv").write_text("code,title\n1,a\n")
    [op] = project.ops("table", owner="staff")
    result = run_op(project.workspace, op, DAYS, op.keys)

    assert list(result.refused) == DAYS[3:]
    assert "has no column 'vip'" in str(result.refused[DAYS[3]])


def test_rows_without_a_key_and_repeated_keys_are_left_out_and_counted(tmp_path: Path) -> None:
    rows = [(1, "first", ""), ("", "no key", ""), (1, "again", ""), ("x", "no number", "")]
    project = made(tmp_path, {DAYS[0]: rows})
    [op] = project.ops("table", owner="staff")
    result = run_op(project.workspace, op, DAYS[:1], op.keys)

    assert project.rows("tables/staff", DAYS[0]) == [{"code": 1, "title": "first", "vip": None}]
    assert result.days[DAYS[0]].notes == {
        "snapshot": str(DAYS[0]),
        "null_keys": 2,
        "repeated_keys": 1,
    }


def test_a_missing_folder_is_told_and_not_taken_for_no_files(tmp_path: Path) -> None:
    project = made(tmp_path, {})
    (tmp_path / "raw" / "staff").rmdir()
    [op] = project.ops("table", owner="staff")

    with pytest.raises(WorkflowError, match="raw/staff does not exist"):
        run_op(project.workspace, op, DAYS, op.keys)


def test_a_row_whose_snapshot_was_never_built_is_refused_by_name(tmp_path: Path) -> None:
    project = made(tmp_path, {})
    project.run(DAYS, project.ops("raw", "event"))
    project.run([DAYS[1]], project.ops("table"))
    [op] = project.ops("row")
    result = run_op(project.workspace, op, DAYS[1:3], op.keys)

    assert "families/request of 2024-03-02 needs tables/staff" in str(result.refused[DAYS[1]])
    assert "2024-03-01, never built" in str(result.refused[DAYS[1]])
    assert json.dumps(sorted(map(str, result.refused))) == '["2024-03-02", "2024-03-03"]'
