"""`fig drop`: what goes, what stays to the byte, and a stop half-way."""

import copy
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from fig_assets.cli import main
from fig_assets.config.lock import FILE
from fig_assets.errors import EngineError
from fig_assets.project import Project, load_project
from fig_assets.workflow.changing.drop import drop, leftovers
from fig_assets.workflow.changing.lock import lock_project
from fig_assets.workflow.run import run_op
from tests.assets.signins import CONFIGS, FIRST, days_from, login, write_day, write_project

DAYS = days_from(FIRST, 6)
FAMILIES = "features/all.json"
WEEKLY, MONTHLY, REQUEST = (
    "families/ip/weekly_by_day",
    "families/ip/monthly_by_day",
    "families/request",
)
Json = Any
Edit = Callable[[list[Json]], object]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six days of everything, locked; the last two have a champion."""
    root = tmp_path_factory.mktemp("drop")
    configs = write_project(root)
    for day in DAYS:
        write_day(root, day, [login(day, n) for n in range(14)])
    lock_project(configs, "local")
    with load_project(configs) as project:
        for op in project.graph.ops:
            assert run_op(project.workspace, op, DAYS, op.keys).refused == {}
    return root


@dataclass
class Edited:
    """A copy of the project that was edited and locked anew."""

    root: Path

    def open(self) -> Project:
        return load_project(self.root / "configs")


def edited(built: Path, root: Path, *edits: Edit, lock: bool = True, **how: object) -> Edited:
    shutil.copytree(built, root, dirs_exist_ok=True)
    families = copy.deepcopy(CONFIGS[FAMILIES])
    for edit in edits:
        edit(families)
    (root / "configs" / FAMILIES).write_text(json.dumps(families), encoding="utf-8")
    if lock:
        lock_project(root / "configs", "local", **how)
    return Edited(root)


def features(families: list[Json]) -> dict[str, Json]:
    return families[0]["groups"][0]["features"]


def retire(families: list[Json]) -> None:
    features(families)["failure_rate"]["versions"]["2"]["retired"] = True


def remove(families: list[Json]) -> None:
    del features(families)["session_count"]


def contents(root: Path) -> dict[tuple[str, str], bytes]:
    """Every stored column's values, by file and column."""
    found = {}
    for path in sorted((root / "lake").rglob("*.parquet")):
        table = pq.ParquetFile(path).read()
        for name in table.column_names:
            values = repr(table.column(name).to_pylist()).encode()
            found[str(path.relative_to(root)), name] = values
    return found


def digests(project: Project, relation: str) -> dict[tuple[date, str], tuple[str, str]]:
    engine = project.workspace.engine
    return {
        (day, name): (column.digest, column.fingerprint)
        for day in engine.days(relation)
        for name, column in engine.partition(relation, day).columns.items()
    }


def files(root: Path) -> dict[str, bytes]:
    return {str(p.relative_to(root)): p.read_bytes() for p in (root / "lake").rglob("*.parquet")}


def test_what_is_retired_or_removed_is_listed_and_nothing_is_touched(
    built: Path, tmp_path: Path
) -> None:
    site = edited(built, tmp_path, retire, remove)
    before = files(tmp_path)

    with site.open() as project:
        found, count = project.drop()

    assert files(tmp_path) == before
    assert (count, found.unknown, found.consumed) == (0, (), ())
    assert {(it.relation, it.column, it.why, it.days) for it in found.free} == {
        (relation, column, why, tuple(DAYS))
        for relation in (WEEKLY, MONTHLY)
        for column, why in (("failure_rate__v2", "retired"), ("session_count__v1", "removed"))
    }
    assert found.free[0].key.startswith("features/ip/monthly_by_day/")
    assert all(it.bytes > 0 for it in found.free)


def test_only_they_go_and_every_other_column_stays_what_it_was(built: Path, tmp_path: Path) -> None:
    site = edited(built, tmp_path, retire, remove)
    before = contents(tmp_path)
    with site.open() as project:
        records = digests(project, WEEKLY)
        plan = project.plan(DAYS[0], DAYS[-1])

        _, count = project.drop(confirmed=True)

        gone = {"failure_rate__v2", "session_count__v1"}
        kept = {place: it for place, it in records.items() if place[1] not in gone}
        assert digests(project, WEEKLY) == kept
        assert count == 2 * len(DAYS)
        assert contents(tmp_path) == {p: it for p, it in before.items() if p[1] not in gone}
        assert project.plan(DAYS[0], DAYS[-1]) == plan
        assert project.read("ip", "weekly_by_day").num_rows > 0
        assert project.drop(confirmed=True)[0].known == ()


def test_a_stop_half_way_is_continued_to_the_same_bytes(built: Path, tmp_path: Path) -> None:
    whole = edited(built, tmp_path / "whole", retire, remove)
    stopped = edited(built, tmp_path / "stopped", retire, remove)
    with whole.open() as project:
        project.drop(confirmed=True)

    with stopped.open() as project:
        some = list(islice(drop(project.workspace, leftovers(project.workspace).free), 5))
    with stopped.open() as project:
        assert [len(it.days) for it in project.drop()[0].free] == [1, 1, 6, 6]
        project.drop(confirmed=True)

    assert len(some) == 5
    assert files(whole.root) == files(stopped.root)


def test_what_the_lock_does_not_call_removed_is_left_alone(built: Path, tmp_path: Path) -> None:
    site = edited(built, tmp_path, remove, lock=False)
    before = files(tmp_path)

    with site.open() as project:
        found, count = project.drop(confirmed=True)

    assert (found.known, count) == ((), 0)
    assert {it.column for it in found.unknown} == {"session_count__v1"}
    assert files(tmp_path) == before


def test_a_period_that_is_no_more_goes_as_a_whole(built: Path, tmp_path: Path) -> None:
    def without(families: list[Json]) -> None:
        families[0]["period"] = ["weekly_by_day"]

    site = edited(built, tmp_path, without)
    before = contents(tmp_path)

    with site.open() as project:
        found, count = project.drop(confirmed=True)
        assert project.workspace.engine.days(MONTHLY) == ()

    assert {it.relation for it in found.known} == {MONTHLY}
    assert count == len(DAYS)
    assert contents(tmp_path) == {p: it for p, it in before.items() if MONTHLY not in p[0]}


def test_what_a_champion_was_trained_on_stays(built: Path, tmp_path: Path) -> None:
    def move(families: list[Json]) -> None:
        features(families)["failure_rate"]["default_version"] = 2
        families[1]["groups"][1]["features"] = ["login_count", "failure_rate@2"]

    follow = ["scorer@1", "request.ip_weekly_failure_rate"]
    site = edited(built, tmp_path, move, follow=follow)
    column = "ip_weekly_failure_rate__v1"

    words = ["drop", "--project", str(tmp_path / "configs"), "--yes"]
    done = CliRunner().invoke(main, words)
    told = json.loads(CliRunner().invoke(main, [*words, "--json"]).stdout)

    assert done.exit_code == 1
    assert "kept, read by the champion of scorer@1, trained for 2024-01-05" in done.stdout
    assert [it["column"] for it in told["consumed"]] == [column]
    with site.open() as project:
        assert (DAYS[0], column) in digests(project, REQUEST)
    for path in (tmp_path / "models").rglob("*.json"):
        if path.parent.name == "decisions":
            path.unlink()
    assert CliRunner().invoke(main, words).exit_code == 0
    with site.open() as project:
        assert (DAYS[0], column) not in digests(project, REQUEST)


def test_the_command_drops_only_when_told(built: Path, tmp_path: Path) -> None:
    edited(built, tmp_path, retire)
    words = ["drop", "--project", str(tmp_path / "configs")]

    listed = CliRunner().invoke(main, words)
    dropped = CliRunner().invoke(main, [*words, "--yes"])
    again = CliRunner().invoke(main, words)

    assert [it.exit_code for it in (listed, dropped, again)] == [0, 0, 0]
    assert "features/ip/weekly_by_day/failure_rate__v2  retired, 6 days from" in listed.stdout
    assert "nothing was dropped yet\n  to drop them: fig drop --yes" in listed.stdout
    assert "2 columns dropped from 12 files" in dropped.stdout
    assert again.stdout == "nothing is to be dropped\n"


def test_a_damaged_file_is_named_and_kept(built: Path, tmp_path: Path) -> None:
    site = edited(built, tmp_path, retire)
    file = tmp_path / "lake" / WEEKLY / f"day={DAYS[2]}" / "data.parquet"
    content = bytearray(file.read_bytes())
    content[20] ^= 255
    file.write_bytes(content)

    with site.open() as project, pytest.raises(EngineError, match="day=2024-01-03"):
        project.drop(confirmed=True)

    assert file.read_bytes() == bytes(content)
    assert (built / "configs" / FILE).exists()
