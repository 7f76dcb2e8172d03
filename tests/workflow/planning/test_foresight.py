"""What is planned is enough: whatever changed, following the plan gives what a new build gives."""

import shutil
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fig_assets.workflow.planning.foresight import Foresight
from fig_assets.workflow.planning.plan import make_plan
from tests.profiles import examples
from tests.workflow.planning_project import (
    DAYS,
    append,
    carry_out,
    edit,
    events_of,
    plan_of,
    write_tiny,
)
from tests.workflow.projects import Project

KINDS = ("event", "states", "window", "row", "python", "label")
EDITS = (
    ("features/asn.yaml", "@SUM($is_failure)", "@SUM($is_long)"),
    ("features/asn.yaml", '"1": "$failures / $logins"', '"1": "$failures * $logins"'),
    ("features/asn.yaml", '"source": "login"', '"source": "login", "where": "$seconds > 1"'),
    ("features/request.json", '"$is_long"', '"$is_long AND $hour > 3"'),
    ("events/login.json", '"seconds::float"', '"duration::float"'),
    ("events/login.json", "$seconds > 5", "$seconds > 2"),
    ("labels/kinds.json", "$asn_3d_logins > 9", "$asn_3d_logins > 12"),
)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project without its model, built."""
    project = write_tiny(tmp_path_factory.mktemp("foresight"))
    shutil.rmtree(project.root / "configs" / "models")
    project.reopen()
    carry_out(project, plan_of(project))
    project.workspace.close()
    return project.root


@settings(
    max_examples=examples(4),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@given(
    edits=st.lists(st.sampled_from(EDITS), max_size=2, unique=True),
    late=st.lists(
        st.tuples(st.sampled_from(DAYS), st.integers(0, 1), st.sampled_from([0, 77])), max_size=2
    ),
    seed=st.integers(0, 99),
)
def test_a_plan_that_was_followed_leaves_what_a_new_build_gives(
    tmp_path_factory: pytest.TempPathFactory,
    base: Path,
    edits: list[tuple[str, str, str]],
    late: list[tuple[object, int, int]],
    seed: int,
) -> None:
    root = tmp_path_factory.mktemp("changed")
    shutil.copytree(base, root, dirs_exist_ok=True)
    project = Project(root)
    for name, old, new in edits:
        edit(project, name, old, new)
    chance = Random(seed)
    for number, (day, after, asn) in enumerate(late):
        file = min(day + timedelta(days=after), DAYS[-1])
        line = chance.choice(events_of(day))
        append(project, file, {**line, "id": f"late{number}", "session": f"l{number}", "asn": asn})
    carry_out(project, plan_of(project))

    clean = tmp_path_factory.mktemp("clean")
    for name in ("configs", "raw"):
        shutil.copytree(root / name, clean / name, dirs_exist_ok=True)
    other = Project(clean)
    other.run(DAYS)
    found = project.digests()
    for place, expected in other.digests().items():
        live = {name: found[place].columns.get(name) for name in expected.columns}
        assert (found[place].keys, live) == (expected.keys, expected.columns), place
    assert plan_of(project).is_empty


def test_nothing_is_planned_of_assets_that_are_not_selected(base: Path) -> None:
    project = Project(base)
    keys = {key for key in project.graph.attributes if key[-1] == "rate__v1"}
    look = Foresight(project.workspace, DAYS, keys, upgrade_rules=True)
    look.look()

    assert look.found == []


def test_another_rule_makes_nothing_stale_but_unknown(base: Path, tmp_path: Path) -> None:
    shutil.copytree(base, tmp_path, dirs_exist_ok=True)
    project = Project(tmp_path)
    before = project.digests()
    project.workspace.engine.rule = 2

    plan = plan_of(project)
    upgraded = make_plan(project.workspace, upgrade_rules=True)

    assert plan.is_empty
    assert {r.cause for work in plan.unknown for r in work.columns.values()} == {"rule changed"}
    assert {standing.status for standing in plan.attributes} == {"unchanged"}
    assert {work.op for work in upgraded.work} >= {"event__login", "row__request", "label__kinds"}
    assert upgraded.unknown == ()
    proof = carry_out(project, upgraded)
    assert proof.same == proof.replaced > 0
    assert (plan_of(project).unknown, project.digests()) == ((), before)
