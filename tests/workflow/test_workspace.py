"""What an environment allows its warehouse holds for every op, and costs no day its rows."""

import json
from pathlib import Path

import pytest

from fig_assets.errors import OutOfMemory
from fig_assets.workflow.run import run_op
from fig_assets.workflow.workspace import workers
from tests.workflow.projects import ENVIRONMENT, Json, Project, days_from, write_project

DAYS = days_from("2024-03-01", 4)
FILES: Json = {
    "events/order.json": {
        "name": "order",
        "event_name": "order",
        "fields": {"shop": "shop", "buyer": "buyer"},
    },
    "features/shop.json": {
        "name": "shop",
        "granularity": "shop",
        "period": ["2d_by_day"],
        "groups": [
            {
                "source": "order",
                "granularity_field": "shop",
                "features": {"orders": "@COUNT(*)", "buyers": "@COUNT_DISTINCT($buyer)"},
            }
        ],
    },
}


def allow(project: Project, **limits: object) -> None:
    """Give the environment limits and open it again."""
    environment = {**ENVIRONMENT, "warehouse": {"type": "duckdb", "path": "lake", **limits}}
    path = project.root / "configs" / "environments" / "local.json"
    path.write_text(json.dumps(environment), encoding="utf-8")
    project.reopen()


def test_too_little_memory_publishes_no_half_day_and_enough_of_it_all_days(tmp_path: Path) -> None:
    project = write_project(tmp_path, FILES, start=str(DAYS[0]))
    for day in DAYS:
        project.write(
            day,
            [
                {"kind": "order", "at": f"{day}T10:00:00Z", "id": str(n), "shop": n, "buyer": n % 7}
                for n in range(40)
            ],
        )
    before = project.ops("raw", "event", "states")
    project.run(DAYS, before)
    stored = project.files()

    allow(project, memory_limit="1MB")
    (windows,) = project.ops("window")
    result = run_op(project.workspace, windows, DAYS, windows.keys)

    assert sorted(map(str, result.refused)) == sorted(map(str, DAYS))
    for refusal in result.refused.values():
        assert isinstance(refusal, OutOfMemory)
        assert 'raise "memory_limit" of "warehouse" in configs/environments/local.json' in str(
            refusal
        )
    assert project.files() == stored

    allow(project, memory_limit="200MB", temp_directory="scratch", threads=1)
    project.run(DAYS, [windows])

    assert project.stale(DAYS) == {}
    assert (tmp_path / "scratch").is_dir()
    project.workspace.close()


def test_days_at_once_are_as_many_as_cores_unless_it_is_said(tmp_path: Path) -> None:
    project = write_project(tmp_path, FILES, start=str(DAYS[0]))
    assert project.workspace.workers == workers() >= 1
    allow(project, threads=7)
    assert project.workspace.workers == 7
    project.workspace.close()


@pytest.mark.parametrize(
    ("size", "days"), [(0, 4), (25_000, 4), (25_001, 3), (50_001, 1), (10**9, 1)]
)
def test_large_days_are_computed_at_once_as_far_as_they_fit_into_memory(
    tmp_path: Path, size: int, days: int
) -> None:
    project = write_project(tmp_path, FILES, start=str(DAYS[0]))
    allow(project, memory_limit="100KB", threads=4)
    assert project.workspace.fitting(size) == days
    project.workspace.close()
