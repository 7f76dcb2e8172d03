"""Texts of explanations as rows, on a real engine; also where the key has the name of a column."""

import json
from pathlib import Path

import pyarrow as pa
import pytest
from sqlglot import exp

from fig_assets.engines import open_engine
from fig_assets.project import load_project
from fig_assets.sql.explanations import unfold
from fig_assets.workflow.run import run_op
from tests.assets.signins import FIRST, IP, REQUEST, SCORER, days_from, write_project

DAYS = days_from(FIRST, 5)


def test_each_text_becomes_its_attributes_in_order_and_older_texts_have_no_values(
    tmp_path: Path,
) -> None:
    new = {"attribute": "request.a@12", "id": 7, "value": "it's [1]", "contribution": -2.5}
    old = {"attribute": "request.b@1", "contribution": 1.5}
    texts = [None, {"base": 0, "attributes": [new, old], "others": 0}, {"attributes": []}]
    scores = pa.table(
        {
            "day": [DAYS[0]] * 3,
            "session": ["x", "y", "z"],
            "trained_for": [DAYS[0]] * 3,
            "explanation": [None if text is None else json.dumps(text) for text in texts],
        }
    )
    names = ("session", "rank", "attribute", "version", "attribute_id", "value", "contribution")
    tree = exp.select(*names).from_(unfold(exp.to_table("scores"), "session")).order_by("rank")

    with open_engine("duckdb", "lake", tmp_path) as engine:
        found = engine.query(tree, {"scores": scores}).to_pylist()

    assert [tuple(row.values()) for row in found] == [
        ("y", 1, "request.a", 12, 7, "it's [1]", -2.5),
        ("y", 2, "request.b", 1, None, None, 1.5),
    ]


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
