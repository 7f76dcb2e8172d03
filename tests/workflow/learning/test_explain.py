import json
import shutil
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from fig_assets.errors import ModelError, WorkflowError
from fig_assets.project import Project, load_project
from fig_assets.workflow.learning.explained import Explained, Part
from fig_assets.workflow.run import run_op
from tests.assets.signins import FIRST, IP, REQUEST, SCORER, days_from, write_project
from tests.naive.seen import lines_between

Json = dict[str, Any]
DAYS = days_from(FIRST, 12)
LAST = DAYS[-1]
SAME = {"granularity_match": {"field": "ip", "period": "monthly_by_day"}, "as_of": "same_day"}


def configs() -> Json:
    names = ["ip_weekly_login_count", "ip_monthly_login_count", "networks_kind", "hour", "odd"]
    groups = [
        *REQUEST["groups"],
        {"source": "ip", **SAME, "features": ["login_count"]},
        {"features": {"odd": "$hour % 2 = 1"}},
    ]
    scorer: Json = {
        **SCORER,
        "explain": {"top_k": 2, "above": 0.3},
        "input_features": [{"family_name": "request", "feature_names": {"all": names}}],
    }
    second = {**scorer, "name": "second", "output_features": ["worse"]}
    second.pop("explain")
    return {
        "features/all.json": [IP, {**REQUEST, "groups": groups}],
        "models/scorer.json": [scorer, second],
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("explain")


@pytest.fixture(scope="module")
def project(folder: Path) -> Iterator[Project]:
    """Twelve days, all computed; both models are trained for the fifth day and the twelfth."""
    with load_project(write_project(folder, configs(), days=len(DAYS))) as project:
        for op in project.graph.ops:
            assert run_op(project.workspace, op, DAYS, op.keys).refused == {}
        yield project


def key(day: date, n: int = 5) -> str:
    return f"s-{day}-{n}"


def explained(project: Project, day: date = LAST, n: int = 5) -> Explained:
    (found,) = project.explain("scorer", key(day, n))
    return found


def part(told: Explained, name: str) -> Part:
    (found,) = [it for it in told.parts if it.attribute == f"request.{name}@1"]
    return found


def test_a_row_has_its_stored_score_and_the_replay_gives_the_same_bits(project: Project) -> None:
    told = explained(project)
    stored = project.read("scorer", None, LAST, LAST, ["badness", "trained_for"]).to_pylist()
    (row,) = [it for it in stored if it["session_id"] == key(LAST)]

    assert (told.score, told.trained_for) == (row["badness"], row["trained_for"])
    assert (told.model, told.family, told.day, told.rows) == ("scorer@1", "request", LAST, 24)
    assert (told.replay.score.hex(), told.replay.exact) == (told.score.hex(), True)


def test_the_contributions_are_of_all_inputs_and_add_up_to_the_log_odds(project: Project) -> None:
    told = explained(project)
    sizes = [abs(it.contribution or 0) for it in told.parts]

    assert len(told.parts) == 5
    assert sizes == sorted(sizes, reverse=True)
    assert told.log_odds == pytest.approx(
        (told.base or 0) + sum(it.contribution or 0 for it in told.parts)
    )


@pytest.mark.parametrize("day", [DAYS[5], DAYS[8], LAST], ids=str)
@pytest.mark.parametrize("name", ["ip_weekly_login_count", "ip_monthly_login_count"])
def test_a_window_has_exactly_the_days_whose_lines_make_its_value(
    project: Project, folder: Path, day: date, name: str
) -> None:
    found = part(explained(project, day), name)
    (window,) = found.seen
    ip = {"client.ip": "10.0.0.5"}
    first, last = window.first or LAST, window.last or LAST
    one = timedelta(days=1)

    def counted(first: date, last: date) -> str:
        return str(lines_between(folder / "raw", first, last, ip))

    assert found.value == counted(first, last)
    assert found.value != counted(first, last - one)
    assert (found.value == counted(first + one, last)) == (first < FIRST)
    assert window.complete == (first >= FIRST)
    assert last == (day if "monthly" in name else day - one)


def test_values_stand_beside_those_of_the_day(project: Project) -> None:
    told = explained(project, n=7)

    hour, kind = part(told, "hour"), part(told, "networks_kind")
    assert (hour.value, hour.lower, hour.same) == ("7", 7 / 24, 1 / 24)
    assert (kind.value, kind.lower, kind.same) == ("hosting", None, 0.5)
    odd = part(told, "odd")
    assert (odd.value, odd.lower, odd.same) == ("true", None, 0.5)


def test_votes_and_strong_labels_of_the_row_are_told(project: Project) -> None:
    told = explained(project)

    assert [(vote.label, vote.value) for vote in told.weak_labels] == [
        ("truth.failed@1", "bad"),
        ("truth.passed@1", None),
    ]
    assert [(vote.label, vote.value) for vote in told.strong_labels] == [
        ("truth.plurality@1", "bad")
    ]
    assert told.labels_problem == ""


def test_a_family_asks_each_of_its_models_or_the_one_that_is_named(project: Project) -> None:
    both = project.explain("request", key(LAST))
    (one,) = project.explain("request", key(LAST), model="second")

    assert [told.model for told in both] == ["scorer@1", "second@1"]
    assert one == both[1]


def test_a_stored_explanation_has_the_largest_contributions_of_the_row(project: Project) -> None:
    told = explained(project)
    rows = project.read("explanations/scorer", None, LAST, LAST).to_pylist()
    mine = [row for row in rows if row["session_id"] == key(LAST)]

    assert [row["rank"] for row in mine] == [1, 2]
    assert [
        (f"{row['attribute']}@{row['version']}", row["value"], row["contribution"]) for row in mine
    ] == [(it.attribute, it.value, it.contribution) for it in told.parts[:2]]
    assert {row["trained_for"] for row in mine} == {told.trained_for}


def test_explanations_are_of_all_high_scores_and_of_no_others(project: Project) -> None:
    scores = project.read("scorer", None, LAST, LAST, ["badness"]).to_pylist()
    rows = project.read("explanations/scorer", None, LAST, LAST).to_pylist()

    high = {row["session_id"] for row in scores if row["badness"] >= 0.3}
    assert {row["session_id"] for row in rows} == high
    assert 0 < len(high) < len(scores)
    assert project.read("explanations/second").num_rows == 0


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (("nobody", "x"), r"'nobody' is no row family and no model\n  fix: .*request, scorer"),
        (("ip", "x"), "'ip' is no row family and no model"),
        (("request", "x"), r"no stored day of request has a row with session_id 'x'"),
        (("scorer", key(FIRST)), "no champion of scorer yet.*materialise models/scorer__v1"),
        (("scorer", "'; --"), "has a row with session_id ''; --'"),
    ],
    ids=["nothing", "a windowed family", "no row", "before the first champion", "hostile"],
)
def test_what_cannot_be_explained_says_why(
    project: Project, asked: tuple[str, str], message: str
) -> None:
    with pytest.raises(WorkflowError, match=message):
        project.explain(*asked)


@pytest.mark.parametrize(
    ("day", "message"),
    [
        (DAYS[-2], rf"scored no session_id '{key(LAST)}' on .*\n  fix: --day {LAST}"),
        (LAST + timedelta(days=9), r"never scored .*\n  fix: fig run --from"),
        (FIRST, "no champion of scorer yet"),
    ],
    ids=["another day", "a day never scored", "before the first champion"],
)
def test_a_day_without_the_row_says_which_has_it(project: Project, day: date, message: str) -> None:
    with pytest.raises(WorkflowError, match=message):
        project.explain("scorer", key(LAST), day=day)


def test_a_model_of_another_family_is_refused(project: Project) -> None:
    with pytest.raises(WorkflowError, match=r"no model 'third'\n  fix: use one of: scorer@1"):
        project.explain("request", key(LAST), model="third")


def test_labels_that_were_not_computed_are_told(project: Project, tmp_path: Path) -> None:
    with copied(project, tmp_path) as copy:
        copy.workspace.engine.drop_day("label_sets/truth", LAST)

        told = explained(copy)

    assert told.labels_problem == f"the labels of {LAST} were not computed"
    assert (told.weak_labels, told.strong_labels) == ((), ())


def test_a_score_of_other_values_is_not_reproduced_and_says_so(
    project: Project, tmp_path: Path
) -> None:
    with copied(project, tmp_path) as copy:
        raw = copy.config.root / "raw" / f"{LAST}.jsonl"
        lines = [json.loads(line) for line in raw.read_text(encoding="utf-8").splitlines()]
        lines[5]["client"]["network"] = 1
        raw.write_text("".join(f"{json.dumps(it)}\n" for it in lines), encoding="utf-8")
        for op in copy.graph.ops:
            if op.kind in ("raw", "event", "row"):
                run_op(copy.workspace, op, [LAST], op.keys)

        told = explained(copy)

    assert not told.replay.exact
    assert told.replay.score != told.score
    assert "does not reproduce the score: the stored values are not those" in told.replay.problem
    assert f"fix: fig run --from {LAST} --to {LAST} --stale" in told.replay.problem


def test_a_champion_whose_file_was_changed_is_refused(project: Project, tmp_path: Path) -> None:
    with copied(project, tmp_path) as copy:
        day = explained(copy).trained_for
        folder = copy.workspace.registry.root / "scorer" / "v1" / str(day)
        (text,) = folder.glob("model-*.txt")
        text.write_text(text.read_text(encoding="utf-8").replace("leaf_value=", "leaf_value=9", 1))

        with pytest.raises(ModelError, match="digest"):
            explained(copy)


def copied(project: Project, root: Path) -> Project:
    """Open a copy of everything in another folder."""
    shutil.copytree(project.config.root, root, dirs_exist_ok=True)
    return load_project(root / "configs")
