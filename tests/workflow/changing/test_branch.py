"""What a branch changes, edit by edit, against a committed project."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from fig_assets.cli import main
from fig_assets.errors import WorkflowError
from fig_assets.project import load_project
from fig_assets.workflow.changing.branch import BranchDiff
from fig_assets.workflow.changing.lock import lock_project
from tests.graph.projects import SMALL, write
from tests.repository import commit, repository

Json = dict[str, Any]
Edit = Callable[[Json], object]
SHOP, REQUEST, ORDER = "features/shop.json", "features/request.json", "events/order.json"
DAYS = 10
TWO = {
    "1": {"function": "@DIVIDE($refunds, $orders)", "type": "float"},
    "2": {"function": "($refunds + 1) / ($orders + 20)", "type": "float"},
}


def base() -> Json:
    project: Json = copy.deepcopy(SMALL)
    project["project.json"]["end_date"] = "2024-01-10"
    features(project)["refund_rate"] = {"default_version": 1, "versions": copy.deepcopy(TWO)}
    return project


def features(project: Json) -> Json:
    found: Json = project[SHOP]["groups"][0]["features"]
    return found


@pytest.fixture(scope="module")
def committed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = repository(tmp_path_factory.mktemp("branch"))
    write(root, base())
    lock_project(root / "configs", "local")
    commit(root, "the project")
    return root


def changed(root: Path, edit: Edit) -> BranchDiff:
    project = base()
    edit(project)
    write(root, project)
    with load_project(root / "configs") as opened:
        return opened.diff_branch("HEAD")


def set_in(*path: str | int, value: object) -> Edit:
    def edit(project: Json) -> None:
        place: Any = project
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value

    return edit


RATE = (SHOP, "groups", 0, "features", "refund_rate")
CASES: dict[str, tuple[Edit, set[tuple[str, str]]]] = {
    "nothing": (lambda _: None, set()),
    "another spelling": (
        set_in(*RATE, "versions", "1", "function", value="@divide( $refunds , $orders )"), set(),
    ),
    "a description": (set_in(*RATE, "versions", "1", "description", value="words"), set()),
    "the environment": (
        set_in("environments/local.json", "warehouse", "path", value="elsewhere"), set(),
    ),
    "a new feature": (
        set_in(SHOP, "groups", 0, "features", "most", value="@MAX($amount)"),
        {("added", "shop_stats.most@1"), ("added", "request.shop_stats_weekly_most@1")},
    ),
    "a new version": (
        set_in(*RATE, "versions", "3", value={"function": "$refunds", "type": "float"}),
        {("new version", "shop_stats.refund_rate@3")},
    ),
    "a version less": (
        set_in(*RATE, value=TWO["1"]), {("removed", "shop_stats.refund_rate@2")},
    ),
    "a retired version": (
        set_in(*RATE, "versions", "2", "retired", value=True),
        {("retired", "shop_stats.refund_rate@2")},
    ),
    "a deprecated version": (
        set_in(*RATE, "versions", "1", "deprecated", value="use 2"),
        {("deprecated", "shop_stats.refund_rate@1")},
    ),
    "a default": (
        set_in(*RATE, "default_version", value=2), {("default", "shop_stats.refund_rate@2")},
    ),
    "a check": (
        set_in(*RATE, "versions", "1", "checks", value="nonnull"),
        {("checks", "shop_stats.refund_rate@1")},
    ),
    "a period": (
        set_in(SHOP, "period", value=["daily", "weekly_by_day", "monthly_by_day"]),
        {("added", f"shop_stats.{name}") for name in (
            "orders@1", "refunds@1", "refund_rate@1", "refund_rate@2",
        )},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("edit", "expected"), CASES.values(), ids=CASES)
def test_an_edit_is_told_and_nothing_else(
    committed: Path, edit: Edit, expected: set[tuple[str, str]]
) -> None:
    found = changed(committed, edit)

    assert {(it.what, it.identity) for it in found.changes} == expected
    assert found.cost.days == DAYS


def test_who_reads_a_changed_version_is_affected_and_costs(committed: Path) -> None:
    project = base()
    project[ORDER]["fields"]["is_refund"] = {"function": "$amount < -1"}
    write(committed, project)
    lock = committed / "configs" / "attributes.lock.json"
    kept = lock.read_bytes()
    lock_project(committed / "configs", "local", allow_change=["order.is_refund@1"])

    with load_project(committed / "configs") as opened:
        found = opened.diff_branch("HEAD")
    lock.write_bytes(kept)

    assert [(it.what, it.identity) for it in found.changes] == [("changed", "order.is_refund@1")]
    assert found.affected.models == ("scorer@1",)
    assert {"shop_stats.refunds@1", "shop_stats.refund_rate@2"} <= set(found.affected.features)
    assert "request.shop_stats_weekly_refunds@1" in found.affected.features
    assert "shop_stats.orders@1" not in found.affected.features
    assert "fraud.many_refunds@1" in found.affected.labels
    assert (found.cost.new, found.cost.rows) == (1, None)
    assert found.cost.again == len(found.affected.keys)
    assert found.cost.column_days == DAYS * (1 + found.cost.again)


def test_the_command_prints_lines_for_people_and_json_for_programs(committed: Path) -> None:
    project = base()
    features(project)["most"] = "@MAX($amount)"
    write(committed, project)
    words = ["project", "diff", "--project", str(committed / "configs"), "HEAD"]

    printed = CliRunner().invoke(main, words)
    told = json.loads(CliRunner().invoke(main, [*words, "--json"]).stdout)

    assert printed.exit_code == 0, printed.output
    assert "+ added        feature   shop_stats.most@1  daily, weekly_by_day" in printed.stdout
    assert "to compute: 3 new and 0 dependent columns x 10 days = 30 column days" in printed.stdout
    assert told["column_days"] == 30
    assert {it["identity"] for it in told["changes"]} == {
        "shop_stats.most@1", "request.shop_stats_weekly_most@1",
    }  # fmt: skip


def test_an_unknown_revision_is_refused(committed: Path) -> None:
    write(committed, base())
    words = ["project", "diff", "--project", str(committed / "configs")]

    for revision in ("nowhere", "--", "-p"):
        assert CliRunner().invoke(main, [*words, "--", revision]).exit_code == 1
    assert "Traceback" not in CliRunner().invoke(main, [*words, "nowhere"]).output


def test_a_revision_whose_project_is_broken_is_named(tmp_path: Path) -> None:
    root = repository(tmp_path)
    project = base()
    features(project)["refunds"] = "@SUM($nothing)"
    write(root, project)
    commit(root, "broken")
    write(root, base())

    with (
        load_project(root / "configs") as opened,
        pytest.raises(WorkflowError, match=r"the project of HEAD cannot be resolved: .*nothing"),
    ):
        opened.diff_branch("HEAD")


def test_an_environment_that_was_not_there_is_todays(tmp_path: Path) -> None:
    root = repository(tmp_path)
    write(root, base())
    commit(root, "first")
    local = json.dumps({**base()["environments/local.json"], "name": "mine"})
    (root / "configs" / "environments" / "mine.json").write_text(local, encoding="utf-8")

    with load_project(root / "configs", "mine") as opened:
        assert opened.diff_branch("HEAD").changes == ()
