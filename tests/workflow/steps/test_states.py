"""Daily states are written where they are missing or stale, and nowhere else."""

import json
from datetime import date
from pathlib import Path

import pytest

from fig_assets.workflow.run import run_op
from tests.workflow.projects import Project, days_from, differences, write_project

DAYS = days_from("2024-03-01", 3)
FAMILY = "features/asn.json"
RELATION = "states/asn/login"


def configs(**features: str) -> dict[str, object]:
    return {
        "events/login.json": {
            "name": "login",
            "event_name": "login",
            "fields": {"asn": "asn::bigint", "other": "other::bigint", "seconds": "seconds::float"},
        },
        FAMILY: {
            "name": "asn",
            "granularity": "asn",
            "period": ["2d_by_day"],
            "groups": [
                {"source": "login", "granularity_field": "asn", "features": features},
            ],
        },
    }


def login(day: date, n: int) -> dict[str, object]:
    line = {"kind": "login", "id": f"{n}", "at": f"{day}T0{n}:00:00Z"}
    return {**line, "asn": n % 2, "other": n % 3, "seconds": n / 4}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    features = {"total": "@SUM($seconds)", "logins": "@COUNT(*)"}
    project = write_project(tmp_path, configs(**features), start="2024-03-01")
    for day in DAYS:
        project.write(day, (login(day, n) for n in range(6)))
    project.run(DAYS)
    return project


def add(project: Project, **features: str) -> None:
    path = project.root / "configs" / FAMILY
    family = json.loads(path.read_text())
    family["groups"][0]["features"] |= features
    path.write_text(json.dumps(family))
    project.reopen()


def columns(project: Project, day: date) -> dict[str, int]:
    """Give the write number of each stored state column."""
    record = project.workspace.engine.partition(RELATION, day)
    return {name: c.generation for name, c in record.columns.items()} if record else {}


def compute(project: Project, feature: str) -> None:
    """Compute the windows of one feature alone."""
    (op,) = project.ops("window")
    keys = [key for key in op.keys if key[-1].partition("__")[0] == feature]
    result = run_op(project.workspace, op, DAYS, keys)
    assert not result.refused


def test_a_feature_of_states_that_are_there_writes_no_state(project: Project) -> None:
    before = {n: b for n, b in project.files().items() if n.startswith("states/")}
    add(project, rate="@DIVIDE(@SUM($seconds), @COUNT(*))")
    compute(project, "rate")

    after = {n: b for n, b in project.files().items() if n.startswith("states/")}
    assert before == after
    assert [row["rate__v1"] for row in project.rows("families/asn/2d_by_day", DAYS[1])] == [
        pytest.approx(0.5),
        pytest.approx(0.75),
    ]


def test_a_feature_adds_only_the_state_columns_that_are_not_there(project: Project) -> None:
    before = columns(project, DAYS[1])
    add(project, mean="@AVG($seconds)", other="@MAX($other)")
    compute(project, "mean")

    after = columns(project, DAYS[1])
    (added,) = set(after) - set(before)
    assert added.startswith("count_seconds")
    assert {name: after[name] for name in before} == before


def test_states_of_another_entity_are_stale_for_a_single_feature(project: Project) -> None:
    path = project.root / "configs" / "events/login.json"
    path.write_text(path.read_text().replace("asn::bigint", "other::bigint"))
    project.reopen()
    project.run(DAYS, project.ops("event"))
    compute(project, "total")

    day = DAYS[1]
    found = project.rows("families/asn/2d_by_day", day)
    expected = project.oracle().window_rows("asn", "2d_by_day", day)
    assert differences(found, expected, "asn") == []
