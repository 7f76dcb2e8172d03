"""`fig diff`: another version in place of one, against a project that is written so."""

import copy
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import product
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import fig_assets as fig
from fig_assets.cli.diff_page import diff_page
from fig_assets.errors import WorkflowError
from fig_assets.graph.nodes import Attribute
from fig_assets.models.score import score
from fig_assets.project import Project, load_project
from fig_assets.sql.training_set import select_scoring_set
from fig_assets.workflow.changing.diff import diff_versions
from fig_assets.workflow.changing.trial import try_in_place_of
from fig_assets.workflow.learning.learn import champion_of
from fig_assets.workflow.run import run_op
from tests.assets.signins import (
    ENVIRONMENT,
    FIRST,
    IP,
    LOGIN,
    REQUEST,
    SCORER,
    days_from,
    login,
    write_day,
    write_project,
)

DAYS = days_from(FIRST, 7)
SHOWN = DAYS[-2:]
MODELS = ("scorer", "second")
MODES = {"1": {"function": "$outcome = 'FAILURE'"}, "2": {"function": "$seconds > 4"}}
COMPUTED = ("event", "states", "window", "row", "score")
Json = Any


def configs() -> dict[str, Json]:
    """Models that read a version by joins, features over it, siblings, and scores."""
    event, ip, rows = (copy.deepcopy(it) for it in (LOGIN, IP, REQUEST))
    scorer: Json = copy.deepcopy(SCORER)
    event["fields"]["is_failure"] = {"default_version": 1, "versions": copy.deepcopy(MODES)}
    event["fields"]["is_odd"] = {"function": "$is_failure AND $network = 2"}
    ip["groups"][0]["features"]["half"] = "$failure_rate / 2"
    ip["groups"][0]["features"]["text"] = {
        "versions": {"1": "@MAX($outcome)", "2": "@MIN($outcome)"}
    }
    rows["groups"][0]["features"]["is_odd"] = "$is_odd"
    rows["groups"][1]["features"] = ["login_count", "failure_rate", "half", "text"]
    rows["groups"].append({"features": {"lift": "$ip_weekly_failure_rate * 3 + $hour / 100"}})
    rows["groups"].append({"source": "scorer", "features": "*"})
    rows["groups"].append({"features": {"doubt": "@COALESCE(1 - $scorer_badness, $hour / 24)"}})
    names = ["ip_weekly_half", "lift", "is_odd", "networks_kind", "ip_weekly_text"]
    scorer["input_features"][0]["feature_names"]["all"] = names
    second: Json = {**copy.deepcopy(scorer), "name": "second", "output_features": ["worse"]}
    second["input_features"][0]["feature_names"]["all"] = ["doubt", "hour"]
    return {
        "environments/local.json": ENVIRONMENT,
        "events/login.json": event,
        "features/all.json": [ip, rows],
        "models/scorer.json": [scorer, second],
    }


@dataclass
class Site:
    root: Path
    project: Project


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    root = tmp_path_factory.mktemp("diff")
    write_project(root, configs())
    for day in DAYS:
        write_day(root, day, [login(day, n) for n in range(12)])
    with load_project(root / "configs") as project:
        workspace = project.workspace
        for op in project.graph.ops:
            assert run_op(workspace, op, DAYS, op.keys).refused == {}
        yield Site(root, project)


def written_so(site: Site, root: Path, changes: dict[str, Json]) -> Project:
    """The same raw files and models under a configuration that says the other version as 1."""
    shutil.copytree(site.root, root, dirs_exist_ok=True)
    shutil.rmtree(root / "lake" / "families")
    for name, content in changes.items():
        (root / "configs" / name).write_text(json.dumps(content), encoding="utf-8")
    project = load_project(root / "configs")
    for op in project.graph.ops:
        if op.kind in COMPUTED:
            assert run_op(project.workspace, op, DAYS, op.keys).refused == {}
    return project


def named(project: Project, identity: str) -> list[Attribute]:
    found = [a for a in project.graph.attributes.values() if a.identity == identity]
    return sorted(found, key=lambda attribute: attribute.key)


def inputs_of(project: Project, model: str, day: date) -> pa.Table:
    tree = select_scoring_set(project.graph, project.graph.models[model], day)
    return project.workspace.engine.query(tree)


def stored(site: Site) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in site.root.rglob("*") if path.is_file()}


CASES = {
    "a window that siblings, joins and rows read": ("ip.failure_rate", "features/all.json"),
    "a field that fields, windows and rows read": ("login.is_failure", "events/login.json"),
}


def swapped(file: str, attribute: str) -> dict[str, Json]:
    """The files in which version 1 is written as version 2 is."""
    name = attribute.partition(".")[2]
    content = copy.deepcopy(configs()[file])
    owner = content if file.startswith("events") else content[0]["groups"][0]
    versions = owner["fields" if file.startswith("events") else "features"][name]["versions"]
    versions["1"] = copy.deepcopy(versions["2"])
    return {file: content}


@pytest.mark.parametrize(("attribute", "file"), CASES.values(), ids=CASES)
def test_a_model_sees_what_a_project_written_so_would_show_it(
    site: Site, tmp_path: Path, attribute: str, file: str
) -> None:
    old, new = f"{attribute}@1", f"{attribute}@2"
    before = stored(site)
    project, workspace = site.project, site.project.workspace
    after, moved = dict.fromkeys(MODELS, 0), dict.fromkeys(MODELS, 0)
    wanted = {
        a.key: (SHOWN[0], SHOWN[-1])
        for model in project.graph.models.values()
        for a in model.inputs
    }

    with (
        written_so(site, tmp_path, swapped(file, attribute)) as other,
        try_in_place_of(workspace, named(project, old), named(project, new), wanted) as trial,
    ):
        assert trial.refused == {}
        for name, day in product(MODELS, SHOWN):
            model = trial.workspace.graph.models[name]
            artifact = champion_of(workspace, model, day)
            assert artifact is not None
            expected = inputs_of(other, name, day)
            tree = select_scoring_set(trial.workspace.graph, model, day)
            assert trial.workspace.engine.query(tree).to_pylist() == expected.to_pylist()
            here = score(artifact, inputs_of(project, name, day))
            there = score(artifact, expected)
            after[name] += sum(value.as_py() >= 0.5 for value in there)
            moved[name] += sum(a != b for a, b in zip(here, there, strict=True))

    found = diff_versions(workspace, old, new, days=len(SHOWN), threshold=0.5)
    assert [shift.model for shift in found.models] == ["scorer@1", "second@1"]
    for name, shift in zip(MODELS, found.models, strict=True):
        assert (shift.old, shift.new, shift.days, dict(shift.refused)) == (old, new, 2, {})
        made = shift.decisions
        assert shift.scores is not None
        assert made is not None
        assert (shift.scores.differ, made.after) == (moved[name], after[name])
        assert made.after == made.before + made.appear - made.vanish
    assert stored(site) == before


def test_every_period_is_compared_unless_one_is_named(site: Site) -> None:
    workspace, names = site.project.workspace, ("ip.failure_rate@1", "ip.failure_rate@2")

    every = diff_versions(workspace, *names[::-1], days=4)
    one = diff_versions(workspace, *names, days=1, period="weekly_by_day", end=DAYS[5])

    assert set(every.comparisons) == {"weekly_by_day", "monthly_by_day"}
    assert (every.start, every.end) == (DAYS[-4], DAYS[-1])
    assert list(one.comparisons) == ["weekly_by_day"]
    assert (one.start, one.end) == (DAYS[5], DAYS[5])
    # Models read the first one, whichever is named first.
    assert {(shift.old, shift.new) for shift in (*every.models, *one.models)} == {names}


def test_values_of_another_definition_are_told(site: Site, tmp_path: Path) -> None:
    shutil.copytree(site.root, tmp_path, dirs_exist_ok=True)
    for name, content in swapped("features/all.json", "ip.failure_rate").items():
        (tmp_path / "configs" / name).write_text(json.dumps(content), encoding="utf-8")
    names = ("ip.failure_rate@1", "ip.failure_rate@2")
    with load_project(tmp_path / "configs") as changed:
        found = diff_versions(changed.workspace, *names, days=3, period="weekly_by_day")
    sound = diff_versions(site.project.workspace, *names, days=3, period="weekly_by_day")

    assert found.outdated == (
        "3 of the days of ip.failure_rate@1 in families/ip/weekly_by_day were computed by another "
        "definition; fix: fig run --plan",
    )
    assert found.outdated[0] in diff_page(found)
    assert sound.outdated == ()


def test_days_without_a_model_in_force_are_named(site: Site) -> None:
    names = ("ip.failure_rate@1", "ip.failure_rate@2")
    found = diff_versions(site.project.workspace, *names, days=2, end=DAYS[1])

    shift = found.models[0]
    assert shift.scores is None
    assert shift.refused == dict.fromkeys(map(str, DAYS[:2]), "no model was in force")


def test_rows_labels_and_events_are_compared_too(site: Site) -> None:
    workspace = site.project.workspace

    rows = diff_versions(workspace, "request.lift", "request.ip_weekly_half", days=2)
    labels = diff_versions(workspace, "truth.failed", "truth.passed", days=2)

    assert rows.comparisons["request"].kind == "number"
    assert labels.comparisons["truth"].kind == "category"
    assert labels.models == ()


@pytest.mark.parametrize(
    ("left", "right", "options", "words"),
    [
        ("ip.failure_rat@1", "ip.failure_rate@2", {}, "fix: write ip.failure_rate"),
        ("ip.failure_rate@1", "ip.failure_rate@3", {}, "use ip.failure_rate@1, ip.failure_rate@2"),
        ("ip.failure_rate@1", "login.is_failure@2", {}, "compare attributes of 'ip'"),
        ("ip.failure_rate", "ip.failure_rate@1", {}, "are the same version"),
        ("ip.half", "ip.text@2", {"period": "daily"}, "use one of: monthly_by_day, weekly_by_day"),
        ("truth.failed", "truth.passed", {"period": "daily"}, "leave --period out"),
        ("ip.failure_rate@1", "ip.failure_rate@2", {"end": days_from(FIRST, 20)[-1]},
         "ip.failure_rate@1 of 2024-01-08 and 12 more days was never built"),
    ],
    ids=["name", "version", "owners", "same", "period", "no periods", "days"],
)  # fmt: skip
def test_what_cannot_be_compared_is_refused_with_a_mend(
    site: Site, left: str, right: str, options: Json, words: str
) -> None:
    with pytest.raises(WorkflowError) as refusal:
        diff_versions(site.project.workspace, left, right, **{"days": 14, **options})
    assert words in str(refusal.value)


def test_what_is_made_of_a_version_cannot_take_its_place(site: Site) -> None:
    found = diff_versions(site.project.workspace, "ip.failure_rate@1", "ip.half", days=1)

    shift = found.models[0]
    assert shift.problem == "ip.half@1 is made of ip.failure_rate@1"
    assert isinstance(site.project, fig.Project)
