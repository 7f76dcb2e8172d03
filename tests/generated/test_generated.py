"""Random valid projects over hostile files: what validates runs, and equals the oracle.

HYPOTHESIS_PROFILE=nightly tries thousands of projects. What fails becomes a test with a name.
"""

import os
from pathlib import Path

import pytest

import fig_assets as fig
from tests.generated.cases import DAYS, checked, compared, made

NIGHTLY = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"
PROJECTS = 3000 if NIGHTLY else 100
BINDS_ONE_IN = 1 if NIGHTLY else 10


@pytest.mark.parametrize("seed", range(PROJECTS))
def test_what_validates_runs_and_equals_the_oracle(tmp_path: Path, seed: int) -> None:
    assert not checked(tmp_path, seed, bind=seed % BINDS_ONE_IN == 0)


@pytest.mark.parametrize("seed", range(3000, 3020) if NIGHTLY else [3002, 3003])
def test_what_validates_runs_through_dagster(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    written = made(tmp_path, seed)
    with fig.load_project(tmp_path / "configs") as project:
        summary = project.execute_workflow(DAYS[0], DAYS[-1])
    assert not summary.refused
    assert not compared(written, DAYS[:-1])
    written.workspace.close()
