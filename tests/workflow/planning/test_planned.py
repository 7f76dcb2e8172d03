import json
from datetime import date
from pathlib import Path

import pytest

from fig_assets.errors import WorkflowError
from fig_assets.workflow.planning.plan import check_plan, make_plan
from fig_assets.workflow.planning.planned import Plan, Standing, Work, read_plan
from fig_assets.workflow.steps.stale import Reason
from tests.workflow.planning_project import edit, write_tiny

DAY = date(2024, 3, 1)
WORK = Work(
    "event__login", "events/login", DAY, date(2024, 3, 3),
    {"ip__v1": Reason("stale", "definition changed")}, rows=6, bytes=7,
)  # fmt: skip
PLAN = Plan(
    "p", "local", "f" * 16, 1, DAY, date(2024, 3, 3), (WORK,),
    attributes=(Standing("events/login/ip__v1", "login.ip@1", 3, "changed", stale=3),),
)  # fmt: skip


def test_a_plan_is_the_same_after_it_was_written_and_read() -> None:
    assert read_plan(PLAN.to_text(), "plan.json") == PLAN
    assert (PLAN.cells, WORK.days, PLAN.is_empty) == (3, 3, False)


def test_what_there_is_to_do_stands_first() -> None:
    told = PLAN.as_json()

    assert next(iter(told.items())) == ("something_to_do", True)
    assert json.loads(json.dumps(told)) == told


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"format": 2}', '{"format": 1, "project": 3}', PLAN.to_text()[:-40]],
    ids=["empty", "a list", "no format", "another format", "wrong values", "cut"],
)
def test_what_is_no_plan_is_refused_with_a_mend(text: str) -> None:
    with pytest.raises(WorkflowError, match="not a plan") as refusal:
        read_plan(text, "my.json")

    assert "fix: make it again: fig plan --out my.json" in str(refusal.value)


def test_a_plan_of_another_configuration_is_refused(tmp_path: Path) -> None:
    project = write_tiny(tmp_path)
    plan = make_plan(project.workspace)
    check_plan(project.workspace, plan)

    edit(project, "features/asn.yaml", '"@COUNT(*)"', '{"function": "@COUNT(*)", "tags": ["x"]}')
    check_plan(project.workspace, plan)
    edit(project, "features/asn.yaml", "@SUM($seconds)", "@MAX($seconds)")

    with pytest.raises(WorkflowError, match="made before the configuration changed again"):
        check_plan(project.workspace, plan)
