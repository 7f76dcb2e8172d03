"""Models of own code: trained, promoted, scored; and what remains when the code fails."""

import json
import shutil
from dataclasses import replace
from hashlib import md5
from pathlib import Path

import pytest

from fig_assets.errors import FigError, ModelError
from fig_assets.models.jobs import OwnCodeFailed
from fig_assets.workflow.learning.learn import decide_day, stale_decision
from fig_assets.workflow.planning.plan import stale_days
from tests.assets.signins import ENVIRONMENT, SCORER, Json, login, write_project
from tests.workflow.projects import Digests, Project, days_from

DAYS = days_from("2024-01-01", 7)
TRAINED, LAST = DAYS[3], DAYS[5]
CODE = "configs/models/code/mean_scorer/__init__.py"
OWN: Json = {
    **{name: value for name, value in SCORER.items() if name != "hyperparameters"},
    "location": "mean_scorer",
    "hyperparameters": {"share": 0.5, "words": "0.1"},
    "explain": {"top_k": 1, "above": 0.0},
    "calibration": "none",
    "training_delay_delta_days": 1,
    "training_time_delta_days": 3,
}
TRAIN = """
import json
import pyarrow.compute as pc

def train(rows, labels, weights, hyperparameters, model_dir):
    told = {"rates": rows.num_rows, "bad": int(labels.sum()), "all": float(weights.sum())}
    (model_dir / "deep").mkdir()
    (model_dir / "deep" / "m.json").write_text(json.dumps({**told, **hyperparameters}))
"""
PREDICT = """
def predict(rows, model_dir):
    share = json.loads((model_dir / "deep" / "m.json").read_text())["share"]
    return pc.multiply(pc.fill_null(rows["ip_weekly_failure_rate__v1"], 0.0), share)
"""
GOOD = TRAIN + PREDICT


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose model was trained for `TRAINED`; days `TRAINED` and `LAST` are scored."""
    root = tmp_path_factory.mktemp("own")
    (root / CODE).parent.mkdir(parents=True)
    (root / CODE).write_text(GOOD)
    changes = {"models/scorer.json": OWN}
    write_project(root, changes, days=7)
    project = Project(root)
    project.run(DAYS, project.ops("raw", "event", "table", "states", "window", "row", "label"))
    project.run([TRAINED], project.ops("model"))
    project.run([TRAINED, LAST], project.ops("score"))
    project.workspace.close()
    return root


@pytest.fixture
def project(built: Path, tmp_path: Path) -> Project:
    """A copy of `built`."""
    root = tmp_path / "own"
    shutil.copytree(built, root)
    return Project(root)


def rewrite(project: Project, text: str) -> None:
    (project.root / CODE).write_text(text)
    project.reopen()


def kept(project: Project) -> tuple[Digests, dict[str, bytes]]:
    """All that must stay as it is when code fails: scores, decisions and artifacts."""
    files = sorted((project.root / "models").rglob("*"))
    return project.digests(), {str(p): p.read_bytes() for p in files if p.is_file()}


def test_a_model_is_trained_promoted_and_scored_by_its_package(project: Project) -> None:
    workspace = project.workspace
    artifact = workspace.registry.load("scorer", 1, TRAINED)
    own = artifact.card.own

    assert own is not None
    assert own.location == "mean_scorer"
    assert sorted(own.files) == [
        "code/mean_scorer/__init__.py",
        "model/deep/m.json",
        "model/fig-inputs.json",
    ]
    seen = [
        str(row["plurality__v1"])
        for day in DAYS[:3]
        for row in project.rows("label_sets/truth", day)
        if int(md5(str(row["session_id"]).encode()).hexdigest(), 16) % 5
    ]
    assert json.loads(artifact.files["model/deep/m.json"]) == {
        "rates": len(seen),
        "bad": seen.count("bad"),
        "all": float(len(seen)),
        "seed": 7,
        "share": 0.5,
        "words": "0.1",
    }
    assert workspace.registry.champion("scorer", 1, LAST) == TRAINED
    rates = {
        row["session_id"]: row["ip_weekly_failure_rate__v1"]
        for row in project.rows("families/request", LAST)
    }
    scores = project.rows("scores/scorer", LAST)
    assert len(scores) == len(rates) == 24
    for row in scores:
        assert row["badness__v1"] == pytest.approx((rates[row["session_id"]] or 0.0) / 2)
        assert row["trained_for"] == TRAINED
        assert row["explanation"] is None


BAD_TRAINING = {
    "raises": ("raise ValueError('odd\\x1b[31m rows')", ["train raised ValueError: odd[31m rows"]),
    "exits": ("print('before')\n    raise SystemExit(0)", ["SystemExit: 0", "before"]),
    "ends the process": ("import os; os._exit(0)", ["train ended the process before it returned"]),
    "is killed": ("import os; os.kill(os.getpid(), 9)", ["train was ended by signal 9"]),
    "writes nothing": ("pass", ["train wrote nothing to model_dir"]),
    "writes a link": ("(model_dir / 'a').symlink_to('/etc/passwd')", ["'a' of the model is no"]),
    "prints much": (
        "for n in range(100_000): print('x' * 99)\n    raise ValueError('full')",
        ["train raised ValueError: full"],
    ),
}


@pytest.mark.parametrize("title", BAD_TRAINING)
def test_a_training_that_fails_leaves_champion_and_scores(project: Project, title: str) -> None:
    body, expected = BAD_TRAINING[title]
    before = kept(project)
    rewrite(project, f"def train(rows, model_dir):\n    {body}\n{PREDICT}")
    model = project.graph.models["scorer"]

    with pytest.raises(OwnCodeFailed) as refusal:
        decide_day(project.workspace, model, LAST, explicit=True)

    said = str(refusal.value)
    assert said.startswith(f"model 'scorer' v1 trained for {LAST}: own code 'mean_scorer': ")
    assert all(words in said for words in expected), said
    assert len(said) < 12_000
    assert kept(project) == before


def test_a_training_that_hangs_is_ended_when_the_environment_says_so(project: Project) -> None:
    before = kept(project)
    places = {**ENVIRONMENT, "training": {"timeout_minutes": 0.03}}
    (project.root / "configs/environments/local.json").write_text(json.dumps(places))
    rewrite(project, f"def train(model_dir):\n    while True: pass\n{PREDICT}")

    with pytest.raises(OwnCodeFailed, match=r"train took longer than 1\.8 seconds, and"):
        decide_day(project.workspace, project.graph.models["scorer"], LAST, explicit=True)

    assert kept(project) == before


BAD_SCORES = {
    "too few": ("[0.5]", "predict gave 1 scores for"),
    "no numbers": ("[None] * rows.num_rows", "predict gave a list that does not hold numbers"),
    "beyond 1": ("[2.0] * rows.num_rows", "predict gave 2, which is not between 0 and 1"),
}


@pytest.mark.parametrize("title", BAD_SCORES)
def test_a_candidate_that_cannot_score_is_no_candidate(project: Project, title: str) -> None:
    body, expected = BAD_SCORES[title]
    before = kept(project)
    rewrite(project, f"{TRAIN}\ndef predict(rows):\n    return {body}\n")
    model = project.graph.models["scorer"]

    with pytest.raises(OwnCodeFailed, match=expected) as refusal:
        decide_day(project.workspace, model, LAST, explicit=True)

    assert f"model 'scorer' v1 trained for {LAST}" in str(refusal.value)
    assert kept(project) == before


def test_a_due_day_whose_code_fails_is_a_failed_day_and_no_decision(project: Project) -> None:
    shutil.rmtree(project.root / "models")
    rewrite(project, f"def train(model_dir):\n    raise ValueError\n{PREDICT}")
    [op] = project.ops("model")

    with pytest.raises(OwnCodeFailed, match=f"trained for {TRAINED}"):
        project.run([TRAINED], [op])

    assert project.workspace.registry.decisions("scorer", 1) == ()


def test_a_day_that_cannot_be_scored_keeps_its_scores_and_is_named(project: Project) -> None:
    picky = PREDICT.replace("    share", "    assert rows.num_rows != 24, 'odd day'\n    share")
    rewrite(project, TRAIN + picky)
    model = project.graph.models["scorer"]
    decide_day(project.workspace, model, TRAINED, explicit=True)
    before = project.digests()

    with pytest.raises(OwnCodeFailed) as refusal:
        project.run([LAST], project.ops("score"))

    assert str(refusal.value).startswith(
        f"model 'scorer' v1 trained for {TRAINED}, scoring {LAST}: own code 'mean_scorer': "
        "predict raised AssertionError: odd day\n  mean_scorer/__init__.py:"
    )
    assert project.digests() == before


def test_other_code_is_another_definition_and_the_champion_scores_with_its_own(
    project: Project,
) -> None:
    [score], [model] = project.ops("score"), project.graph.models.values()
    assert stale_decision(project.workspace, model, TRAINED) == ""
    assert not stale_days(project.workspace, score, [LAST])
    scores = project.rows("scores/scorer", LAST)

    rewrite(project, GOOD + "\n# the same, said with more words\n")
    assert not stale_days(project.workspace, score, [LAST])

    rewrite(project, GOOD.replace("0.0), share", "0.0), 0.9"))
    [score], [model] = project.ops("score"), project.graph.models.values()
    assert stale_decision(project.workspace, model, TRAINED) == "definition changed"
    assert stale_days(project.workspace, score, [LAST])
    project.run([LAST], [score])
    assert project.rows("scores/scorer", LAST) == scores

    project.run([TRAINED, LAST], project.ops("model", "score"))
    assert project.rows("scores/scorer", LAST) != scores


def test_own_code_and_the_built_in_algorithm_are_rivals_on_the_same_rows(project: Project) -> None:
    built_in = {**SCORER, "hyperparameters": {"num_iterations": 5, "min_data_in_leaf": 5}}
    path = project.root / "configs/models/scorer.json"
    path.write_text(json.dumps({**built_in, "allow_shared": {"networks_kind": "as before"}}))
    project.reopen()
    model = project.graph.models["scorer"]

    decision = decide_day(project.workspace, model, DAYS[6], explicit=True)

    assert decision.candidate == DAYS[6]
    assert set(decision.metrics) == {"candidate_average_precision", "champion_average_precision"}
    path.write_text(json.dumps(OWN))
    project.reopen()
    model = project.graph.models["scorer"]
    assert decide_day(project.workspace, model, DAYS[6], explicit=True).candidate == DAYS[6]


@pytest.mark.parametrize("name", ["model/deep/m.json", "code/mean_scorer/__init__.py"])
def test_a_changed_byte_is_refused_by_name(project: Project, name: str) -> None:
    [place] = (project.root / "models").rglob(name)
    content = place.read_bytes()
    place.write_bytes(content[:-2] + b" " + content[-1:])

    with pytest.raises(ModelError, match=f"the file '{name}' is not the one that was trained"):
        project.run([LAST], project.ops("score"))

    place.unlink()
    with pytest.raises(ModelError, match=f"{name}: there is no such file"):
        project.run([LAST], project.ops("score"))


def test_a_card_that_names_a_file_elsewhere_is_refused(project: Project) -> None:
    artifact = project.workspace.registry.load("scorer", 1, TRAINED)
    own = artifact.card.own
    assert own is not None
    files = {**own.files, "../../up": "0" * 64}
    card = replace(artifact.card, own=replace(own, files=files))
    [place] = (project.root / "models").rglob("card.json")
    place.write_text(card.to_json())

    with pytest.raises(ModelError, match="is no path of a file in a folder"):
        project.workspace.registry.load("scorer", 1, TRAINED)


def test_rows_that_cannot_be_trained_on_keep_the_champion_as_ever(project: Project) -> None:
    for day in DAYS[3:6]:
        project.write(day, [login(day, n, outcome="SUCCESS") for n in range(24)])
    project.run(DAYS[3:6], project.ops("raw", "event", "states", "window", "row", "label"))
    model = replace(project.graph.models["scorer"], every_days=1)

    decision = decide_day(project.workspace, model, DAYS[6], explicit=False)

    assert (decision.outcome, decision.champion) == ("kept", TRAINED)
    assert "could not be trained" in decision.reason


def test_nothing_of_the_environment_but_the_named_variables_reaches_the_code(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIG_TOKEN", "canary")
    rewrite(
        project, f"import os\ndef train(model_dir):\n    raise ValueError(os.environ)\n{PREDICT}"
    )
    with pytest.raises(FigError) as refusal:
        decide_day(project.workspace, project.graph.models["scorer"], LAST, explicit=True)

    assert "environ" in str(refusal.value)
    assert "canary" not in str(refusal.value)


def test_own_code_learns_from_a_sample_whose_rows_stand_for_those_left_out(
    project: Project,
) -> None:
    sampled = {**OWN, "sample": {"negatives": 0.5}}
    (project.root / "configs/models/scorer.json").write_text(json.dumps(sampled))
    project.reopen()
    model = project.graph.models["scorer"]
    decide_day(project.workspace, model, TRAINED, explicit=True)

    stand_for = {}
    for day in DAYS[:3]:
        for row in project.rows("label_sets/truth", day):
            key = str(row["session_id"])
            place = int(md5(f"{key}/sample".encode()).hexdigest()[:16], 16) >> 1
            if row["plurality__v1"] == "bad" or place < 2**62:
                stand_for[key] = 1.0 if row["plurality__v1"] == "bad" else 2.0
    learned = [n for key, n in stand_for.items() if int(md5(key.encode()).hexdigest(), 16) % 5]
    artifact = project.workspace.registry.load("scorer", 1, TRAINED)
    told = json.loads(artifact.files["model/deep/m.json"])
    assert (told["rates"], told["all"]) == (len(learned), sum(learned))
    assert 2.0 in learned
