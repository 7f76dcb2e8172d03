"""What a model's day decides when it is asked for again."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from fig_assets.workflow.learning.learn import (
    beside,
    champion_of,
    decide_day,
    evaluation_rows,
    is_due,
    training_days,
)
from tests.assets.signins import FIRST, Site, opened, write_project

LAST = date(2024, 1, 12)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve days, built once; the champion is of the fifth."""
    root = tmp_path_factory.mktemp("learn")
    write_project(root, days=12)
    with opened(root) as site:
        assert site.run(FIRST, LAST).ok
    return root


@pytest.fixture
def site(built: Path, tmp_path: Path) -> Iterator[Site]:
    """A copy that a test may change."""
    shutil.copytree(built, tmp_path, dirs_exist_ok=True)
    with opened(tmp_path) as site:
        yield site


def test_a_day_that_was_trained_for_on_demand_is_not_undone_by_running_it_again(site: Site) -> None:
    workspace = site.project.workspace
    model = site.project.graph.models["scorer"]
    day = date(2024, 1, 6)
    assert not is_due(workspace, model, day)
    asked = decide_day(workspace, model, day, explicit=True)
    assert decide_day(workspace, model, day, explicit=False) == asked


def test_candidate_and_champion_are_compared_on_earlier_days_that_neither_learned_from(
    site: Site,
) -> None:
    workspace = site.project.workspace
    model = replace(site.project.graph.models["scorer"], promotion_days=2)
    learned = training_days(workspace, model, date(2024, 1, 12))
    champion = champion_of(workspace, model, date(2024, 1, 11))
    assert champion is not None
    assert champion.card.days == (date(2024, 1, 1), date(2024, 1, 2))
    assert learned == (date(2024, 1, 8), date(2024, 1, 9))
    older = replace(champion.card, days=(date(2024, 1, 6), date(2024, 1, 7)))

    rows = evaluation_rows(workspace, model, learned, champion)
    earlier = evaluation_rows(workspace, model, learned, replace(champion, card=older))

    assert rows is not None
    assert earlier is not None
    assert sorted(set(rows["day"].to_pylist())) == [date(2024, 1, 6), date(2024, 1, 7)]
    assert sorted(set(earlier["day"].to_pylist())) == [date(2024, 1, 4), date(2024, 1, 5)]


def test_a_day_before_that_was_never_built_is_passed_over(site: Site) -> None:
    workspace = site.project.workspace
    workspace.engine.drop_day("label_sets/truth", date(2024, 1, 4))
    model = replace(site.project.graph.models["scorer"], promotion_days=2)

    rows = evaluation_rows(workspace, model, [date(2024, 1, 6)], None)

    assert rows is not None
    assert sorted(set(rows["day"].to_pylist())) == [date(2024, 1, 3), date(2024, 1, 5)]


def test_before_the_first_day_there_is_nothing_to_compare_on(tmp_path: Path) -> None:
    write_project(tmp_path, days=1)
    with opened(tmp_path) as site:
        model = site.project.graph.models["scorer"]
        assert evaluation_rows(site.project.workspace, model, [FIRST], None) is None


def test_a_champion_of_other_versions_is_compared_on_rows_with_those_of_both(site: Site) -> None:
    workspace = site.project.workspace
    model = site.project.graph.models["scorer"]
    other = next(
        attribute
        for attribute in site.project.graph.attributes.values()
        if attribute.identity == "request.network@1"
    )
    moved = replace(model, inputs=(*model.inputs[1:], other), fingerprint="moved")

    decision = decide_day(workspace, moved, date(2024, 1, 9), explicit=True)

    assert decision.candidate == date(2024, 1, 9)
    assert "matured rows" in decision.reason
    assert set(decision.metrics) >= {
        "candidate_average_precision",
        "champion_average_precision",
    }


def test_no_rows_are_for_both_where_an_attribute_of_the_champion_is_gone(site: Site) -> None:
    workspace = site.project.workspace
    model = site.project.graph.models["scorer"]
    champion = champion_of(workspace, model, date(2024, 1, 5))
    assert champion is not None
    inputs = (replace(champion.card.inputs[0], attribute="request.gone@1"),)
    of_old = replace(champion, card=replace(champion.card, inputs=inputs))

    assert beside(workspace, model, of_old) is None
    assert beside(workspace, model, champion) is not None
