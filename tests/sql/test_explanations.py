"""Texts of explanations as rows, on a real engine; also where the key has the name of a column."""

from pathlib import Path

import pytest

from fig_assets.project import load_project
from fig_assets.workflow.run import run_op
from tests.assets.signins import FIRST, IP, REQUEST, SCORER, days_from, write_project

DAYS = days_from(FIRST, 5)


@pytest.mark.parametrize("key", ["rank", "value"])
def test_a_key_of_the_same_name_stands_beside_what_is_told(tmp_path: Path, key: str) -> None:
    family = {**REQUEST, "granularity": key}
    scorer = {**SCORER, "explain": {"top_k": 1, "above": 0.0}}
    changes = {"features/all.json": [IP, family], "models/scorer.json": scorer}
    folder = write_project(tmp_path, changes, days=len(DAYS))

    with load_project(folder) as project:
        project.bind()
        for op in project.graph.ops:
            assert run_op(project.workspace, op, DAYS, op.keys).refused == {}
        rows = project.read("explanations/scorer").to_pylist()

    assert len(rows) == 24
    assert rows[0][key].startswith("s-")
    assert f"explained_{key}" in rows[0]
