"""Plans that are killed and continued, and two at once: real processes on the same files."""

import json
import random
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from fig_assets.workflow.planning.plan import make_plan
from tests.workflow.planning_project import append, carry_out, edit, events_of, plan_of, write_tiny
from tests.workflow.projects import Project

ROOT = Path(__file__).parents[2]
MOST_TOUCHES = 24
"""Before how many of its touches of the lake a child dies at the latest; a whole run has more."""

DYING = """
import json, os, signal, sys
from pathlib import Path
from fig_assets.workflow.planning.planned import read_plan
from tests.workflow.planning_project import carry_out
from tests.workflow.projects import Project

root, lake = sys.argv[1], sys.argv[1] + "/lake/"
plan = read_plan(Path(sys.argv[2]).read_text(), "plan.json")
WATCHED = ("open", "os.rename", "os.remove", "os.mkdir")

def follow_and_die(moment):
    left = moment
    def touched(event, arguments):
        nonlocal left
        if event in WATCHED and str(arguments[0]).startswith(lake):
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
    sys.addaudithook(touched)
    carry_out(Project(Path(root)), plan)

for word in [*sys.argv[3:], "0"]:
    child = os.fork()
    if child == 0:
        follow_and_die(int(word))
        os._exit(7)
    _, status = os.waitpid(child, 0)
    print(os.WTERMSIG(status) if os.WIFSIGNALED(status) else -os.WEXITSTATUS(status))
"""
"""Follows a plan in children, each killed before the n-th time that it touches the lake."""

BESIDE = """
import os, sys
from pathlib import Path
from fig_assets.workflow.planning.planned import read_plan
from tests.workflow.planning_project import carry_out
from tests.workflow.projects import Project

plan = read_plan(Path(sys.argv[2]).read_text(), "plan.json")
project = Project(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
proof = carry_out(project, plan)
print(proof.replaced, flush=True)
"""


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    project = write_tiny(tmp_path_factory.mktemp("stopped"))
    carry_out(project, plan_of(project))
    project.workspace.close()
    return project.root


def copy_of(base: Path, root: Path) -> Project:
    shutil.copytree(base, root)
    return Project(root)


def stored(project: Project) -> dict[str, bytes]:
    """The bytes of every file of the lake and of the models."""
    models = sorted((project.root / "models").rglob("*.*"))
    return {**project.files(), **{str(it.name): it.read_bytes() for it in models if it.is_file()}}


def change(project: Project) -> None:
    """A changed field, feature and label, and a late line: work on every layer."""
    edit(project, "events/login.json", '"seconds::float"', '"duration::float"')
    edit(project, "features/asn.yaml", '"1": "$failures / $logins"', '"1": "$failures - $logins"')
    edit(project, "labels/kinds.json", '"$is_failure"', '"$is_long"')
    late = {**events_of(date(2024, 3, 5), 1)[0], "id": "late", "session": "late", "asn": 77}
    append(project, date(2024, 3, 5), late)


def test_a_plan_that_is_killed_anywhere_and_continued_gives_the_same_bytes(
    base: Path, tmp_path: Path
) -> None:
    whole = copy_of(base, tmp_path / "whole")
    change(whole)
    plan = plan_of(whole)
    carry_out(whole, plan)
    killed = copy_of(base, tmp_path / "killed")
    change(killed)
    shutil.copystat(whole.root / "raw/2024-03-05.jsonl", killed.root / "raw/2024-03-05.jsonl")
    (tmp_path / "plan.json").write_text(plan.to_text())
    killed.workspace.close()
    dice = random.Random(5)
    moments = [dice.randrange(1, MOST_TOUCHES) for _ in range(14)]

    words = [sys.executable, "-c", DYING, str(killed.root), str(tmp_path / "plan.json")]
    done = subprocess.run(
        [*words, *map(str, moments)], cwd=ROOT, check=True, capture_output=True, text=True
    )

    ends = [int(line) for line in done.stdout.split()]
    assert ends[-1] == -7
    assert ends.count(9) >= 8
    survivor = Project(killed.root)
    assert stored(survivor) == stored(whole)
    assert plan_of(survivor).is_empty


def test_two_plans_of_different_columns_on_the_same_days_at_once_lose_nothing(
    base: Path, tmp_path: Path
) -> None:
    project = copy_of(base, tmp_path / "project")
    edit(project, "features/asn.yaml", "@SUM($seconds)", "@SUM($seconds) + 1")
    edit(project, "features/asn.yaml", '"2": "($failures + 1)', '"2": "($failures + 3)')
    edit(project, "features/request.json", '"$is_long"', '"NOT $is_long"')
    edit(project, "features/request.json", "@HOUR($event_time)", "@HOUR($event_time) + 1")
    before = project.digests()
    names = ({"seconds__v1", "long__v1"}, {"rate__v2", "hour__v1", "short__v1"})
    running = []
    for number, wanted in enumerate(names):
        keys = {key for key in project.graph.attributes if key[-1] in wanted}
        keys = {key for key in keys if key[0] == "features"}
        plan = make_plan(project.workspace, selected=keys)
        assert {name for work in plan.work for name in work.columns} == wanted
        file = tmp_path / f"{number}.json"
        file.write_text(plan.to_text())
        words = [sys.executable, "-c", BESIDE, str(project.root), str(file)]
        running.append(
            subprocess.Popen(
                words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
        )

    for process in running:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    replaced = [json.loads(process.communicate("go\n")[0]) for process in running]

    assert [process.returncode for process in running] == [0, 0]
    assert replaced == [12, 18]
    left = plan_of(project)
    assert {work.relation for work in left.work} == {"scores/scorer"}
    after = project.digests()
    planned = set().union(*names)
    for place, found in before.items():
        assert set(after[place].columns) == set(found.columns)
        for name, digest in found.columns.items():
            changed = place[0] in ("families/asn/3d_by_day", "families/request") and name in planned
            assert (after[place].columns[name] == digest) != changed, (place, name)
