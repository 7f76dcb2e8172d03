"""A model that learns from a share of the rows, and one of three classes that is scored."""

import hashlib
from collections.abc import Iterator
from datetime import date

import pytest

from fig_assets.project import Project
from fig_assets.workflow.learning.learn import evaluation_rows, training_set
from tests.assets.signins import FIRST, IP, REQUEST, SCORER, TRUTH, Json, opened, write_project

LAST = date(2024, 1, 4)
SHARE = 0.4
LABELS: Json = {
    **TRUTH,
    "classes": ["good", "odd", "bad"],
    "weak_labels": {
        "failed": {"when": "$is_failure", "vote": "bad"},
        "passed": {"when": "NOT $is_failure AND $seconds < 5", "vote": "good"},
        "slow": {"when": "NOT $is_failure AND $seconds >= 5", "vote": "odd"},
    },
}
MODEL: Json = {
    **SCORER,
    "input_features": [
        {"family_name": "request", "feature_names": {"all": ["networks_kind", "hour"]}}
    ],
    "training_time_delta_days": 1,
    "sample": {"negatives": SHARE},
}
SCORED: Json = {
    **REQUEST,
    "groups": [*REQUEST["groups"], {"source": "scorer", "features": ["badness"]}],
}
SECOND: Json = {
    **TRUTH,
    "name": "second",
    "weak_labels": {
        "likely": {"when": "$scorer_badness > 0.5", "vote": "bad"},
        "passed": {"when": "NOT $is_failure", "vote": "good"},
    },
    "strong_labels": {"any": {"method": "any_vote", "vote": "bad"}},
}
TRUTH_OF: Json = {"source": "truth", "name": "plurality"}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    root = tmp_path_factory.mktemp("sample")
    changes: dict[str, object] = {
        "features/all.json": [IP, SCORED],
        "labels/truth.json": LABELS,
        "labels/second.json": SECOND,
        "models/scorer.json": [
            {**MODEL, "truth_label": TRUTH_OF},
            {**MODEL, "version": 2, "sample": {}, "truth_label": TRUTH_OF},
            {**MODEL, "version": 3, "sample": {}, "truth_label": {**TRUTH_OF, "positive": "odd"}},
        ],
    }
    write_project(root, changes, days=4, events=200)
    with opened(root) as site:
        assert site.run(FIRST, LAST).ok
        yield site.project


def is_kept(key: str) -> bool:
    """Tell whether a row of another class than the scored one is learned from."""
    digest = hashlib.md5(f"{key}/sample".encode(), usedforsecurity=False).digest()
    return int.from_bytes(digest[:8]) >> 1 < SHARE * 2**63


def test_rows_of_the_other_classes_are_kept_by_their_keys_and_stand_for_more(
    project: Project,
) -> None:
    model = project.graph.models["scorer"]
    whole = project.read("truth", start=FIRST, end=FIRST).to_pylist()
    expected = {
        row["session_id"]: 1.0 if row["plurality"] == "bad" else 1 / SHARE
        for row in whole
        if row["plurality"] == "bad" or is_kept(row["session_id"])
    }
    rows = training_set(project.workspace, model, [FIRST]).to_pylist()
    assert {row["session_id"]: row["sample__weight"] for row in rows} == expected
    assert len(expected) < len(whole)
    assert sum(expected.values()) == pytest.approx(len(whole), rel=0.15)


def test_the_rows_that_judge_are_all_there(project: Project) -> None:
    model = project.graph.models["scorer"]
    rows = evaluation_rows(project.workspace, model, [date(2024, 1, 2)], None)
    assert rows is not None
    assert rows.num_rows == project.read("truth", start=FIRST, end=FIRST).num_rows
    assert set(rows.column("sample__weight").to_pylist()) == {1.0}


def test_scores_keep_the_natural_rate(project: Project) -> None:
    """The mean score of all rows is about the rate of the class, as without a sample."""
    registry = project.workspace.registry
    thinned, plain = (registry.load("scorer", version, LAST).card for version in (1, 2))
    assert thinned.rows < plain.rows
    assert thinned.positives == plain.positives
    scores = [
        project.read(f"scorer@{n}", start=LAST, end=LAST).column(f"badness__v{n}").to_pylist()
        for n in (1, 2)
    ]
    means = [sum(found) / len(found) for found in scores]
    assert means[0] == pytest.approx(means[1], abs=0.05)
    # What the later days are compared with lies as all rows do, too.
    counts = []
    for card in (thinned, plain):
        assert card.reference is not None
        found = card.reference.inputs["networks_kind__v1"].counts
        counts.append(found[0] / sum(found))
    assert counts[0] == pytest.approx(counts[1], abs=0.15)


def test_any_class_can_be_scored_against_the_others(project: Project) -> None:
    card = project.workspace.registry.load("scorer", 3, LAST).card
    assert card.positive == "odd"
    assert set(card.classes) == {"good", "odd", "bad"}
    assert card.positives == card.classes["odd"]


def test_weak_labels_read_the_scores_of_a_model_that_learned_from_others(project: Project) -> None:
    scores = project.read("scorer@1", start=LAST, end=LAST).to_pylist()
    expected = {r["session_id"]: "bad" if r["badness__v1"] > 0.5 else None for r in scores}
    rows = project.read("second").to_pylist()
    assert {r["session_id"]: r["likely"] for r in rows if r["day"] == LAST} == expected
    assert "bad" in expected.values()
    # Before the first training there are no scores, and nothing votes.
    assert {r["likely"] for r in rows if r["day"] < LAST} == {None}
