import os
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from fig_assets.project import load_project
from tests.assets.signins import key, write_project

ROOT = Path(__file__).parents[2]
SNAPSHOTS = """
import sys
from fig_assets.project import load_project
with load_project(sys.argv[1]) as project:
    repository = project.definitions().get_repository_def()
    for job in sorted(repository.get_all_jobs(), key=lambda job: job.name):
        print(job.name, job.get_job_snapshot_id())
"""


def snapshots(folder: Path, seed: str) -> list[str]:
    """Give the snapshot id of each job as another process builds it."""
    done = subprocess.run(
        [sys.executable, "-c", SNAPSHOTS, str(folder)],
        env={**os.environ, "PYTHONHASHSEED": seed},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return done.stdout.splitlines()


def test_two_processes_build_the_same_application(tmp_path: Path) -> None:
    folder = write_project(tmp_path)

    first, second = snapshots(folder, "1"), snapshots(folder, "2")

    assert [line.split()[0] for line in first] == [
        "__ASSET_JOB",
        "__anonymous_asset_job_retrain__scorer",
        "catch_up",
        "daily_etl",
        "full_pipeline",
    ]
    assert first == second


def test_the_shipped_project_loads_as_dagster_loads_it(tmp_path: Path) -> None:
    done = subprocess.run(
        [str(Path(sys.executable).parent / "dagster"), "definitions", "validate"],
        env={**os.environ, "DAGSTER_HOME": str(tmp_path), "FIG_ENV": "local"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )

    assert done.returncode == 0, done.stderr[-3000:]
    assert "Validation successful for code location fig_assets" in done.stderr + done.stdout


def test_everything_that_is_computed_can_be_computed_alone_and_in_ranges(tmp_path: Path) -> None:
    with load_project(write_project(tmp_path)) as project:
        definitions = project.definitions()
        graph = definitions.resolve_asset_graph()

    for asset in graph.materializable_asset_keys:
        node = graph.get(asset)
        alone = node.execution_set_asset_keys == {asset}
        assert alone, asset
        assert not node.has_self_dependency, asset
        if node.partitions_def is not None:
            assert node.backfill_policy == dg.BackfillPolicy.single_run(), asset


def test_steps_run_in_one_process(tmp_path: Path) -> None:
    with load_project(write_project(tmp_path)) as project:
        definitions = project.definitions()

    assert definitions.executor is dg.in_process_executor


def test_an_op_is_one_statement_not_one_attribute(tmp_path: Path) -> None:
    with load_project(write_project(tmp_path)) as project:
        job = project.definitions().resolve_job_def("full_pipeline")

    assert sorted(node.name for node in job.graph.nodes) == [
        "event__login",
        "label__truth",
        "model__scorer",
        "raw__events",
        "row__request",
        "score__scorer",
        "states__ip",
        "table__networks",
        "window__ip__monthly",
        "window__ip__weekly",
    ]


@pytest.mark.parametrize(
    ("asset", "check", "blocking"),
    [
        ("events/login/session__v1", "nonnull", True),
        ("events/login/seconds__v1", "in_range", False),
        ("families/ip/weekly_by_day", "schema", True),
        ("label_sets/truth", "schema", True),
    ],
)
def test_dagster_knows_which_checks_block(
    tmp_path: Path, asset: str, check: str, *, blocking: bool
) -> None:
    with load_project(write_project(tmp_path)) as project:
        graph = project.definitions().resolve_asset_graph()

    spec = graph.get_check_spec(dg.AssetCheckKey(key(asset), check))
    assert spec.blocking is blocking
    assert spec.description
