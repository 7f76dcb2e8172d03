"""Decisions by hand in a real project: who scores from then on, and what is stale."""

import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from fig_assets.errors import ModelError, WorkflowError
from fig_assets.graph.nodes import Model
from fig_assets.workflow.learning.learn import decide_day
from tests.assets.signins import FIRST, SCORER, Site, opened, write_project

OLD, NEW, LAST = date(2024, 1, 5), date(2024, 1, 8), date(2024, 1, 9)
EAGER = {**SCORER, "retrain": {"every_days": 3}}
STRICT = {
    **EAGER,
    "version": 2,
    "output_features": ["badness"],
    "promotion": {"metric": "average_precision", "min": 0.0, "min_gain": 0.5},
}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of nine days: version 1 promotes its second candidate, version 2 rejects it."""
    root = tmp_path_factory.mktemp("built")
    write_project(root, {"models/scorer.json": EAGER, "models/strict.json": STRICT}, days=9)
    with opened(root) as site:
        assert site.run(FIRST, LAST).ok
    return root


@pytest.fixture
def site(built: Path, tmp_path: Path) -> Iterator[Site]:
    shutil.copytree(built, tmp_path / "copy")
    with opened(tmp_path / "copy") as site:
        yield site


def model(site: Site, version: int = 1) -> Model:
    return next(m for m in site.project.graph.models.values() if m.version == version)


def champion(site: Site, day: date, version: int = 1) -> date | None:
    return site.project.workspace.registry.champion("scorer", version, day)


def scored_by(site: Site, day: date, version: int = 1) -> set[object]:
    rows = site.project.workspace.engine.partition(model(site, version).relation, day)
    assert rows is not None
    digest = rows.notes["champion"]
    registry = site.project.workspace.registry
    days = registry.trained_days("scorer", version)
    return {d for d in days if registry.load("scorer", version, d).card.digest == digest}


def planned(site: Site) -> set[tuple[str, date | None, str]]:
    work = site.project.plan(FIRST, LAST).as_json()["work"]
    assert isinstance(work, list)
    return {
        (item["op"], item["first"], column["cause"])
        for item in work
        for column in item["columns"].values()
        if "scorer" in item["op"]
    }


def test_the_project_has_one_promoted_and_one_rejected_candidate(site: Site) -> None:
    assert planned(site) == set()
    assert (champion(site, LAST), champion(site, LAST, 2)) == (NEW, OLD)


def test_a_rollback_makes_its_scores_stale_and_running_what_is_stale_makes_them_anew(
    site: Site,
) -> None:
    made = site.project.rollback("scorer@1", reason="alerts doubled", start=NEW)
    assert (made.champion, made.reason) == (OLD, "by hand: alerts doubled")
    found = {(op, cause) for op, _, cause in planned(site)}
    assert found == {(f"{kind}__scorer", "champion changed") for kind in ("model", "score")}
    assert site.run(NEW, LAST, only_stale=True).ok
    assert scored_by(site, NEW) == scored_by(site, LAST) == {OLD}
    assert planned(site) == set()
    recorded = site.project.workspace.registry.decision("scorer", 1, LAST)
    assert recorded is not None
    assert (recorded.outcome, recorded.champion) == ("kept", OLD)


def test_making_the_decision_of_that_day_again_does_not_undo_it(site: Site) -> None:
    site.project.rollback("scorer@1", reason="alerts doubled", start=NEW)
    again = decide_day(site.project.workspace, model(site), NEW, explicit=True)
    assert (again.outcome, again.champion, again.candidate) == ("rolled back", OLD, NEW)
    assert again.reason.startswith("by hand: alerts doubled (the rule: promoted, ")
    assert champion(site, NEW) == champion(site, LAST) == OLD


def test_a_candidate_of_a_later_day_is_compared_with_the_champion_by_hand(site: Site) -> None:
    site.project.rollback("scorer@1", reason="alerts doubled", start=NEW)
    later = decide_day(site.project.workspace, model(site), LAST, explicit=True)
    assert later.outcome == "promoted"
    assert "champion_average_precision" in later.metrics
    assert champion(site, LAST) == LAST
    assert champion(site, NEW) == OLD


def test_a_rejected_candidate_is_promoted_by_hand_and_compared_with_later_ones(
    site: Site,
) -> None:
    made = site.project.promote("scorer@2", NEW, reason="seen by analysts", start=NEW)
    assert (made.day, made.outcome, made.champion) == (NEW, "promoted", NEW)
    assert site.run(NEW, LAST, only_stale=True).ok
    assert scored_by(site, LAST, 2) == {NEW}
    assert scored_by(site, LAST) == {NEW}
    assert planned(site) == set()


def test_a_candidate_rejected_for_another_champion_is_compared_again(site: Site) -> None:
    """The rule trained for LAST and rejected it, against what is no champion any more."""
    workspace = site.project.workspace
    decide_day(workspace, model(site, 2), LAST, explicit=True)
    site.project.promote("scorer@2", NEW, reason="seen by analysts", start=NEW)
    assert champion(site, LAST, 2) == NEW
    causes = {cause for op, first, cause in planned(site) if "model" in op}
    assert causes == {"champion changed"}
    again = decide_day(workspace, model(site, 2), LAST, explicit=False)
    assert (again.outcome, again.champion) == ("rejected", NEW)
    assert {cause for op, _, cause in planned(site) if "model" in op} == set()


def test_going_back_goes_back_again_and_again_until_there_is_none(site: Site) -> None:
    project = site.project
    project.promote("scorer", OLD, reason="first")
    assert project.rollback("scorer", reason="second").champion == NEW
    assert project.rollback("scorer", reason="third").champion == OLD
    with pytest.raises(WorkflowError, match="scorer@1 had no champion before the one in force"):
        project.rollback("scorer", reason="fourth")
    (standing,) = project.models("scorer@1")
    assert [d.reason for d in standing.history[-3:]] == [
        "by hand: first",
        "by hand: second",
        "by hand: third",
    ]


@pytest.mark.parametrize(
    ("name", "day", "start", "reason", "said"),
    [
        ("scorr", OLD, None, "good", "there is no model 'scorr'; there are: scorer@1, scorer@2"),
        ("scorer@3", OLD, None, "good", "there is no model 'scorer@3'"),
        ("scorer", FIRST, None, "good", "scorer@1 was not trained for 2024-01-01; it was for: "),
        ("scorer", NEW, None, "good", "trained for 2024-01-08 is in force on 2024-01-09 already"),
        ("scorer", NEW, OLD, "good", "may have learned from rows of 2024-01-05"),
        ("scorer", OLD, date(2024, 3, 1), "good", "2024-03-01 is after the project's end"),
        ("scorer", OLD, None, "  ", "a decision by hand needs a reason, one line of text"),
        ("scorer", OLD, None, "one\ntwo", "a decision by hand needs a reason, one line of text"),
    ],
)
def test_what_cannot_be_in_force_is_refused_and_nothing_is_recorded(
    site: Site, name: str, day: date, start: date | None, reason: str, said: str
) -> None:
    before = site.project.models()
    with pytest.raises((WorkflowError, ModelError), match=said):
        site.project.promote(name, day, start=start, reason=reason)
    assert site.project.models() == before


def test_a_changed_artifact_is_refused_by_the_name_of_its_file(site: Site) -> None:
    (text,) = (site.root / "models/scorer/v1" / str(OLD)).glob("model-*.txt")
    text.write_text(text.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    with pytest.raises(ModelError, match=f"{text.name}.*its digest does not match"):
        site.project.rollback("scorer", reason="alerts doubled")
    assert champion(site, LAST) == NEW


def test_an_artifact_of_other_attributes_is_refused(site: Site) -> None:
    narrow = {
        **EAGER,
        "input_features": [{"family_name": "request", "feature_names": {"all": ["hour"]}}],
    }
    write_project(site.root, {"models/scorer.json": narrow, "models/strict.json": STRICT})
    with (
        opened(site.root) as other,
        pytest.raises(ModelError, match=r"learned from request\.ip_weekly_failure_rate@1, "),
    ):
        other.project.promote("scorer@1", OLD, reason="good")
