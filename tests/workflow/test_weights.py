"""A model whose rows count for the probability of their label."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from fig_assets.project import Project
from fig_assets.workflow.learning.learn import training_set
from tests.assets.signins import FIRST, SCORER, TRUTH, Json, opened, write_project

LAST = date(2024, 1, 5)
LABELS: Json = {
    **TRUTH,
    "weak_labels": {
        "failed": {"when": "$is_failure", "vote": "bad"},
        "passed": {"when": "NOT $is_failure", "vote": "good"},
        "slow": {"function": "CASE WHEN $seconds > 5 THEN 'bad' WHEN $seconds < 2 THEN 'good' END"},
    },
    "strong_labels": {
        "plurality": {"method": "plurality_vote", "ties": "bad"},
        "learned": {"method": "label_model", "fit_days": 2, "conflicts": "abstain"},
    },
}
WEIGHED: Json = {"source": "truth", "name": "plurality", "weight": "learned_probability"}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    root: Path = tmp_path_factory.mktemp("weights")
    changes: dict[str, object] = {
        "labels/truth.json": LABELS,
        "models/scorer.json": {**SCORER, "truth_label": WEIGHED},
        "models/plain.json": {**SCORER, "version": 2},
    }
    write_project(root, changes, days=5, events=40)
    with opened(root) as site:
        assert site.run(FIRST, LAST).ok
        yield site.project


def test_rows_come_with_the_probability_and_those_without_are_left_out(project: Project) -> None:
    model = project.graph.models["scorer"]
    days = (date(2024, 1, 1), date(2024, 1, 2))
    labels = project.read("truth", start=days[0], end=days[1]).to_pylist()
    wanted = {
        (row["day"], row["session_id"]): (row["plurality"], row["learned_probability"])
        for row in labels
        if row["plurality"] is not None and row["learned_probability"] is not None
    }

    rows = training_set(project.workspace, model, days).to_pylist()

    named = ("plurality__v1", "learned_probability__v1")
    found = {(r["day"], r["session_id"]): tuple(r[name] for name in named) for r in rows}
    assert found == wanted
    assert 0 < len(wanted) < len([row for row in labels if row["plurality"] is not None])
    assert all(0 < weight <= 1 for _, weight in wanted.values())


def test_a_model_learns_from_the_weights(project: Project) -> None:
    registry = project.workspace.registry
    weighed, plain = (registry.load("scorer", version, LAST).card for version in (1, 2))

    rows = training_set(project.workspace, project.graph.models["scorer"], weighed.days)
    assert weighed.days == plain.days
    assert weighed.rows == rows.num_rows < plain.rows
    assert weighed.sha256 != plain.sha256


def test_a_plain_model_does_not_read_the_probability(project: Project) -> None:
    model = project.graph.models["scorer__v2"]

    columns = training_set(project.workspace, model, [FIRST]).column_names

    assert "plurality__v1" in columns
    assert "learned_probability__v1" not in columns
