"""What a model's day decides when it is asked for again."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest

from fig_assets.workflow.learning.learn import (
    beside,
    champion_of,
    decide_day,
    evaluation_rows,
    is_due,
    training_days,
    training_set,
)
from fig_assets.workflow.run import run_op
from tests.assets.signins import FIRST, Site, opened, write_project
from tests.workflow.projects import move_to_spark

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


def _learned(root: Path) -> tuple[pa.Table, dict[str, bytes], pa.Table]:
    """Train for the last day and score it anew: what is learned from, the models, the scores."""
    with opened(root) as site:
        workspace = site.project.workspace
        model = site.project.graph.models["scorer"]
        decide_day(workspace, model, LAST, explicit=True)
        known = training_set(workspace, model, training_days(workspace, model, LAST))
        workspace.engine.drop_day(model.relation, LAST)
        (op,) = [op for op in site.project.graph.ops if op.kind == "score"]
        assert not run_op(workspace, op, [LAST], op.keys).refused
        models = {str(file.relative_to(root)): file.read_bytes() for file in root.rglob("*.txt")}
        return known, models, site.project.read("scorer", start=LAST, end=LAST)


def test_spark_gives_the_same_training_set_model_and_scores(
    built: Path, tmp_path: Path, spark_address: str
) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    for folder in (here, there):
        shutil.copytree(built, folder)
    move_to_spark(there, spark_address)

    known, models, scores = _learned(here)
    known_there, models_there, scores_there = _learned(there)

    assert known.num_rows > 0
    assert known_there.equals(known)
    assert len(models) > 1
    assert models_there == models
    assert scores.num_rows > 0
    assert scores_there.equals(scores)
