"""What is told of models, from artifacts and decisions that a test wrote by itself."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from fig_assets.errors import WorkflowError
from fig_assets.models.artifact import Artifact
from fig_assets.models.evaluation import Evaluation, Side
from fig_assets.models.measure import measure
from fig_assets.models.registry import Decision, Registry
from fig_assets.project import Project
from fig_assets.workflow.learning.model_report import champions_before
from tests.assets.signins import opened, write_project
from tests.models.rows import trained

A, B, C = (date(2024, 1, day) for day in (5, 8, 11))


def rule(day: date, champion: date | None, *, trains: bool = True) -> Decision:
    """Give what the rule decided: a candidate promoted or rejected, or none."""
    candidate = day if trains else None
    outcome = "promoted" if champion == day else "rejected" if trains else "kept"
    metrics = {"candidate_roc_auc": 0.8, "champion_roc_auc": 0.7} if trains else {}
    return Decision(
        "scorer", 1, day, outcome, champion, candidate, f"{outcome} it", metrics
    )  # fmt: skip


def person(day: date, champion: date, *, back: bool = False) -> Decision:
    outcome = "rolled back" if back else "promoted"
    return Decision("scorer", 1, day, outcome, champion, None, "by hand: so", by_hand=True)


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    write_project(tmp_path)
    registry = Registry(tmp_path / "models")
    for day in (A, B, C):
        card = replace(trained().card, trained_for=day)
        registry.save(Artifact(trained().model_text, card))
    registry.record(rule(A, A))
    registry.record(rule(date(2024, 1, 6), A, trains=False))
    registry.record(rule(B, B))
    registry.record(rule(C, B))
    registry.record(rule(date(2024, 1, 12), B, trains=False))
    with opened(tmp_path) as site:
        yield site.project


def test_the_champion_is_told_with_its_metrics_and_how_it_came_to_it(project: Project) -> None:
    (found,) = project.models()
    assert (found.identity, found.champion, found.since) == ("scorer@1", B, B)
    assert found.metrics == trained().card.metrics
    assert found.trained_for == (A, B, C)
    assert [(d.day, d.outcome) for d in found.history] == [
        (A, "promoted"),
        (B, "promoted"),
        (C, "rejected"),
    ]
    assert not found.problem


def test_a_decision_by_hand_stands_in_the_history_and_counts_from_its_day(
    project: Project,
) -> None:
    project.workspace.registry.record_by_hand(person(C, A, back=True))
    (found,) = project.models("scorer")
    assert (found.champion, found.since) == (A, C)
    assert [d.outcome for d in found.history][-2:] == ["rejected", "rolled back"]


def test_each_training_is_told_with_its_comparison_and_reason(project: Project) -> None:
    found = project.report_models("scorer@1")
    assert [it.trained_for for it in found] == [A, B, C]
    assert [it.is_champion for it in found] == [False, True, False]
    last = found[-1]
    assert (last.outcome, last.reason) == ("rejected", "rejected it")
    assert last.compared == {"candidate_roc_auc": 0.8, "champion_roc_auc": 0.7}
    card = trained().card
    assert (last.rows, last.positives) == (card.rows, card.positives)
    assert (last.first, last.last) == (card.days[0], card.days[-1])


def test_curves_are_those_of_the_comparison_and_else_out_of_fold(project: Project) -> None:
    labels, scores = np.array([True, False, True]), np.array([0.9, 0.5, 0.1])
    side = Side(B, 0.8, measure(labels, scores))
    seen = Evaluation("scorer", 1, B, "roc_auc", "on 3 rows", side)
    project.workspace.registry.record_evaluation(seen)
    intervals = {"candidate_roc_auc": (0.7, 0.9)}
    project.workspace.registry.record(replace(rule(B, B), intervals=intervals))

    first, second, _ = project.report_models()

    own = trained().card.out_of_fold
    assert own is not None
    assert (first.measured, first.judged_on) == (own, "out of fold on its own training days")
    assert first.intervals["oof_roc_auc"] == own.intervals["roc_auc"]
    assert (second.measured, second.judged_on) == (side.measured, "on 3 rows")
    assert second.intervals["candidate_roc_auc"] == (0.7, 0.9)
    assert second.truth == "truth.plurality@1"


def test_a_decision_from_before_there_were_intervals_is_read(project: Project) -> None:
    place = project.config.root / "models/scorer/v1/decisions" / f"{C}.json"
    content = json.loads(place.read_text(encoding="utf-8"))
    del content["intervals"]
    place.write_text(json.dumps(content), encoding="utf-8")

    assert project.report_models()[-1].compared == {
        "candidate_roc_auc": 0.8,
        "champion_roc_auc": 0.7,
    }


def test_a_damaged_artifact_is_told_and_hides_nothing_else(project: Project) -> None:
    card = project.config.root / "models/scorer/v1" / str(B) / "card.json"
    card.write_text("{}", encoding="utf-8")
    found = project.report_models()
    assert [bool(it.problem) for it in found] == [False, True, False]
    assert str(card) in found[1].problem
    assert project.models()[0].problem == found[1].problem


def test_a_model_that_was_never_trained_has_no_champion(tmp_path: Path) -> None:
    write_project(tmp_path)
    with opened(tmp_path) as site:
        (found,) = site.project.models()
        assert (found.champion, found.since, found.history) == (None, None, ())
        assert site.project.report_models() == ()
        with pytest.raises(WorkflowError, match="there is no model 'scorr'"):
            site.project.models("scorr")


@pytest.mark.parametrize(
    ("decisions", "day", "expected"),
    [
        ([rule(A, A), rule(B, B), rule(C, C)], C, [A, B, C]),
        ([rule(A, A), rule(B, B), rule(C, C)], B, [A, B]),
        ([rule(A, A), rule(B, A), rule(C, C)], C, [A, C]),
        ([rule(A, A), rule(B, B), person(B, A, back=True)], B, [A]),
        ([rule(A, A), rule(B, B), person(B, A)], B, [A, B, A]),
        ([rule(A, A), rule(B, B), person(B, A), person(B, B, back=True)], B, [A, B]),
        ([], C, []),
    ],
    ids=["promoted", "until", "rejected", "back", "by hand", "by hand and back", "nothing"],
)
def test_champions_lie_below_each_other(
    decisions: list[Decision], day: date, expected: list[date]
) -> None:
    assert champions_before(decisions, day) == expected
