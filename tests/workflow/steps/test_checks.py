"""Declared checks of a day: what keeps it from being published, and what only tells."""

from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest

from fig_assets.workflow.run import run_op
from fig_assets.workflow.steps.checks import ChecksFailed, check_titles, judge
from fig_assets.workflow.steps.schemas import pandera_schema
from tests.assets.signins import FIRST, SCORER, TRUTH, opened
from tests.assets.signins import write_project as write_signins
from tests.workflow.projects import Project, days_from, write_project

DAYS = days_from("2024-03-01", 1)


def project_with(root: Path, check: object, amounts: list[object]) -> Project:
    event = {
        "name": "sale",
        "event_name": "sale",
        "fields": {"amount": {"json": "amount::bigint", "checks": check}},
    }
    project = write_project(root, {"events/sale.json": event}, start=str(DAYS[0]))
    common = {"kind": "sale", "at": f"{DAYS[0]}T10:00:00Z"}
    project.write(DAYS[0], [{**common, "id": n, "amount": a} for n, a in enumerate(amounts)])
    return project


@pytest.mark.parametrize(("share", "passes"), [(0.25, True), (0.24, False)])
def test_the_largest_share_of_lost_values_is_included(
    tmp_path: Path,
    share: float,
    passes: bool,  # noqa: FBT001 - a case of the table
) -> None:
    check = {"max_lost_fraction": share, "severity": "block"}
    project = project_with(tmp_path, check, [1, "x", None, 3])
    project.run(DAYS, project.ops("raw"))
    [op] = project.ops("event")

    result = run_op(project.workspace, op, DAYS, op.keys)

    assert bool(result.days) is passes
    if not passes:
        refusal = result.refused[DAYS[0]]
        assert isinstance(refusal, ChecksFailed)
        [verdict] = [v for v in refusal.verdicts if v.name == "max_lost_fraction"]
        assert verdict.words == "1 of 4 rows fail"
        assert verdict.sample == ({"amount__v1": "None"},)


@pytest.mark.parametrize(("rows", "passes"), [(100, True), (99, False)])
def test_the_largest_share_of_broken_rows_is_included(
    tmp_path: Path,
    rows: int,
    passes: bool,  # noqa: FBT001 - a case of the table
) -> None:
    amounts: list[object] = [-1] * 29 + [1] * (rows - 29)
    project = project_with(tmp_path, {"ge": 0, "max_fraction": 0.29}, amounts)

    result = project.run(DAYS)["event__sale"].days[DAYS[0]]

    [verdict] = [v for v in result.verdicts if v.name == "ge"]
    assert (verdict.failed_rows, verdict.passed, verdict.blocking) == (29, passes, False)


@pytest.mark.parametrize(
    ("keys", "places"),
    [
        ([], []),
        (["a", "b", "c"], []),
        (["c", "a", "b"], []),
        (["b", "a", "b"], [0, 2]),
        (["a", None, "c"], [1]),
    ],
    ids=["no rows", "sorted", "unsorted", "twice", "none"],
)
def test_the_rows_that_break_the_contract_of_a_relation_are_named(
    keys: list[str | None], places: list[int]
) -> None:
    rows = pa.table({"shop": pa.array(keys, pa.string())})

    [verdict] = judge(("families", "shop"), {"shop": pa.string()}, [], rows)

    assert (verdict.passed, verdict.failed_rows) == (not places, len(places))
    assert list(verdict.sample) == [{"shop": str(keys[place])} for place in places]


def test_a_column_of_another_type_breaks_the_contract_of_a_relation() -> None:
    rows = pa.table({"shop": pa.array([1, 2], pa.int64())})

    [verdict] = judge(("families", "shop"), {"shop": pa.string()}, [], rows)

    assert not verdict.passed


def test_two_checks_of_one_kind_have_names_of_their_own(tmp_path: Path) -> None:
    checks = [{"ge": 0, "severity": "block"}, {"ge": 2}, "nonnull"]
    project = project_with(tmp_path, checks, [1, 2])

    result = project.run(DAYS)["event__sale"].days[DAYS[0]]

    found = {v.name: v.passed for v in result.verdicts if v.key[-1] == "amount__v1"}
    [attribute] = [a for a in project.graph.attributes.values() if a.name == "amount"]
    assert found == {"ge": True, "ge_2": False, "nonnull": True}
    assert check_titles(attribute.checks) == ["ge", "ge_2", "nonnull"]
    assert set(pandera_schema({}, [attribute]).columns) == {"amount"}


def test_scores_and_labels_are_judged_before_they_are_published(tmp_path: Path) -> None:
    output = {"badness": {"checks": [{"ge": 0}, {"le": -1, "severity": "block"}]}}
    label = {"when": "$is_failure", "vote": "bad", "checks": {"ne": "bad"}}
    weak = {**TRUTH["weak_labels"], "failed": label}  # type: ignore[dict-item]
    write_signins(
        tmp_path,
        {
            "models/scorer.json": {**SCORER, "output_features": output},
            "labels/truth.json": {**TRUTH, "weak_labels": weak},
        },
        days=6,
    )
    last = date(2024, 1, 6)
    with opened(tmp_path) as site:
        summary = site.run(FIRST, last)
        stored = site.project.workspace.engine.days("scores/scorer")

    assert last not in stored
    assert "score__scorer" in summary.refused
    assert "le: " in summary.refused["score__scorer"]
    assert any(words.startswith("labels/truth/failed__v1 ne:") for words in summary.failed_checks)
