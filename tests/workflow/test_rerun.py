"""Running again, late, in another order or at once changes nothing but what changed."""

import json
import os
import shutil
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from datetime import date
from multiprocessing import get_context
from pathlib import Path
from random import Random

import pytest

from fig_assets.errors import EngineError
from fig_assets.workflow.run import run_op
from tests.workflow.projects import Digests, Json, Project, build, days_from, write_project

DAYS = days_from("2024-03-01", 7)
CONFIGS: Json = {
    "environments/local.json": {
        "name": "local",
        "warehouse": {"type": "duckdb", "path": "lake"},
        "models": {"path": "models"},
        "sources": {
            "events": {"format": "json", "path": "raw/{date}*.jsonl*", "late_days": 1},
            "places": {"format": "csv", "path": "raw/places.csv"},
        },
        "event_defaults": {"event_type": "kind", "time": "at", "id": "id"},
    },
    "events/login.json": {
        "name": "login",
        "event_name": "login",
        "fields": {
            "asn": "asn::bigint",
            "place": "place",
            "seconds": "seconds::float",
            "is_long": {"function": "$seconds > 5"},
        },
    },
    "tables/places.json": {
        "name": "places",
        "source": "places",
        "key": "code",
        "columns": {"code": "string", "risk": "bigint"},
    },
    "features/asn.json": {
        "name": "asn",
        "granularity": "asn",
        "period": ["3d_by_day"],
        "groups": [
            {
                "source": "login",
                "granularity_field": "asn",
                "features": {
                    "logins": "@COUNT(*)",
                    "places": "@COUNT_DISTINCT($place)",
                    "seconds": "@SUM($seconds)",
                    "spread": "@STDDEV($seconds)",
                },
            }
        ],
    },
    "features/request.json": {
        "name": "request",
        "granularity": "request_id",
        "groups": [
            {"source": "login", "granularity_field": "event_id", "features": {"asn": "$asn"}},
            {
                "source": "asn",
                "granularity_match": {"field": "asn", "period": "3d_by_day"},
                "features": "*",
            },
            {"source": "places", "granularity_match": {"field": "place"}, "features": ["risk"]},
        ],
    },
    "labels/kinds.json": {
        "name": "kinds",
        "family": "request",
        "classes": ["good", "bad"],
        "weak_labels": {
            "long": {"when": "$is_long", "vote": "bad"},
            "busy": {"when": "$asn_3d_logins > 3", "vote": "good"},
        },
        "strong_labels": {"vote": {"method": "plurality_vote", "default": "good"}},
    },
}


def write_raw(project: Project) -> None:
    chance = Random(4)
    (project.root / "raw" / "places.csv").write_text("code,risk\nde,1\nfr,2\n")
    for day in DAYS:
        project.write(day, (login(chance, day, n) for n in range(12)))


def login(chance: Random, day: date, n: int) -> Json:
    return {
        "kind": "login",
        "id": f"{day}-{n}",
        "at": f"{day}T{n:02}:00:00Z",
        "asn": chance.choice([1, 2, 3, None]),
        "place": chance.choice(["de", "fr", "it", None]),
        "seconds": chance.choice([0.1, 0.2, 0.3, 7.7, 1e6, None]),
    }


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """All days built once; copy it, do not touch it."""
    project = write_project(tmp_path_factory.mktemp("built"), CONFIGS, start="2024-03-01")
    write_raw(project)
    project.run(DAYS)
    return project


@pytest.fixture
def project(built: Project, tmp_path: Path) -> Project:
    """A copy of the built project."""
    shutil.copytree(built.root, tmp_path, dirs_exist_ok=True)
    return Project(tmp_path)


def clean_build(project: Project, folder: Path) -> Digests:
    """Build the same configuration and raw files from nothing in another folder."""
    shutil.copytree(project.root / "configs", folder / "configs")
    shutil.copytree(project.root / "raw", folder / "raw")
    fresh = Project(folder)
    fresh.run(DAYS)
    return fresh.digests()


def append(project: Project, day: date, *lines: Json | str) -> None:
    with (project.root / "raw" / f"{day}.jsonl").open("a") as file:
        file.writelines(f"{it if isinstance(it, str) else json.dumps(it)}\n" for it in lines)


def dates(*numbers: int) -> list[date]:
    """Give days of the March in question."""
    return [date(2024, 3, number) for number in numbers]


def test_late_and_new_lines_mark_exactly_the_days_that_changed(project: Project) -> None:
    late: Json = {"kind": "login", "id": "late", "at": "2024-03-03T23:00:00Z", "asn": 1}
    append(project, date(2024, 3, 4), {**late, "place": "xx", "seconds": 6})
    assert project.stale(DAYS) == {"raw__events": dates(4)}
    assert project.run_stale(DAYS) == {
        "raw__events": dates(4),
        "event__login": dates(3),
        "states__asn": dates(3),
        "window__asn__3d": dates(3, 4, 5),
        "row__request": dates(3, 4, 5, 6),
        "label__kinds": dates(3, 4, 5, 6),
    }
    assert project.stale(DAYS) == {}


def other_files(project: Project) -> None:
    late: Json = {"kind": "login", "id": "late", "at": "2024-03-01T23:00:00Z", "asn": 9}
    append(project, date(2024, 3, 2), late, {**late, "id": "new", "at": "2024-03-02T23:00:00Z"})
    (project.root / "raw" / "2024-03-04.jsonl").unlink()
    again: Json = {"kind": "login", "id": "2024-03-06-1", "at": "2024-03-06T00:30:00Z", "asn": 2}
    (project.root / "raw" / "2024-03-06.b.jsonl").write_text(json.dumps(again) + "\n")


def other_table(project: Project) -> None:
    (project.root / "raw" / "places.csv").write_text("code,risk\nde,7\nit,\nfr,2\n")


def edit(project: Project, name: str, old: str, new: str) -> None:
    path = project.root / "configs" / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    project.reopen()


def other_paths(project: Project) -> None:
    edit(project, "environments/local.json", '"id": "id"', '"id": "asn"')
    edit(project, "environments/local.json", '"event_type": "kind"', '"event_type": "place"')
    edit(project, "events/login.json", '"event_name": "login"', '"event_name": "de"')


def own_time(project: Project) -> None:
    edit(project, "events/login.json", '"event_name"', '"time": "at", "id": "asn", "event_name"')


def other_meaning(project: Project) -> None:
    edit(project, "events/login.json", "$seconds > 5", "$seconds > 0.2")
    edit(project, "features/asn.json", "@SUM($seconds)", "@SUM($seconds) + @MAX($seconds)")


def other_filter(project: Project) -> None:
    edit(project, "events/login.json", '"event_name"', '"where": "$asn < 3", "event_name"')


@pytest.mark.parametrize(
    "change",
    [
        other_files,
        other_table,
        other_paths,
        own_time,
        other_meaning,
        other_filter,
    ],
)
def test_running_what_is_stale_makes_everything_equal_to_a_clean_build(
    project: Project, tmp_path: Path, change: Callable[[Project], None]
) -> None:
    before = project.digests()
    change(project)
    assert project.run_stale(DAYS)
    assert project.stale(DAYS) == {}
    after = project.digests()
    assert after != before
    for place, expected in clean_build(project, tmp_path / "clean").items():
        live = {name: after[place].columns.get(name) for name in expected.columns}
        assert (after[place].keys, live) == (expected.keys, expected.columns), place


def test_a_line_that_is_no_event_changes_nothing_below_the_raw_files(project: Project) -> None:
    before = project.files()
    append(project, date(2024, 3, 4), "", "{", {"kind": "login", "id": "x", "at": "never"})
    assert project.run_stale(DAYS) == {"raw__events": dates(4)}
    changed = {name for name, content in project.files().items() if before.get(name) != content}
    assert {name.split("/")[0] for name in changed} == {"landing", "quarantine"}


def test_a_touched_file_is_not_stale(project: Project) -> None:
    os.utime(project.root / "raw" / "2024-03-04.jsonl", (1, 1))
    assert project.stale(DAYS) == {}


def test_a_line_of_another_event_computes_nothing_below_its_event(project: Project) -> None:
    append(project, date(2024, 3, 4), {"kind": "logout", "id": "x", "at": "2024-03-04T12:00Z"})
    assert project.run_stale(DAYS) == {"raw__events": dates(4), "event__login": dates(4)}


def test_running_every_day_twice_leaves_the_same_bytes(project: Project) -> None:
    before = project.files()
    project.run(DAYS)
    assert project.files() == before


def test_neighbours_of_a_recomputed_day_keep_their_bytes(project: Project) -> None:
    before = project.files()
    append(project, date(2024, 3, 7), login(Random(1), date(2024, 3, 7), 13))
    project.run_stale(DAYS)
    changed = {name for name, content in project.files().items() if before.get(name) != content}
    assert changed
    assert all("day=2024-03-07" in name for name in changed)


def test_rows_wait_for_a_table_that_was_never_built(project: Project) -> None:
    shutil.rmtree(project.lake / "tables")
    [op] = project.ops("row")
    result = run_op(project.workspace, op, DAYS[:1], op.keys)
    expected = "families/request of 2024-03-01 needs tables/places, never built; build it first"
    assert str(result.refused[DAYS[0]]) == expected


def test_days_may_be_built_in_any_order(built: Project, tmp_path: Path) -> None:
    shutil.copytree(built.root, tmp_path, dirs_exist_ok=True)
    shutil.rmtree(tmp_path / "lake")
    project = Project(tmp_path)
    days = Random(1).sample(DAYS, len(DAYS))
    for day in days:
        for op in project.ops():
            for refusal in run_op(project.workspace, op, [day], op.keys).refused.values():
                assert isinstance(refusal, EngineError)
                assert "never built" in str(refusal)
    project.run_stale(DAYS)
    assert project.stale(DAYS) == {}
    assert project.digests() == built.digests()


@pytest.fixture
def imported(built: Project, tmp_path: Path) -> Project:
    """A copy in which no state, window, row or label was built."""
    shutil.copytree(built.root, tmp_path, dirs_exist_ok=True)
    for folder in ("states", "families", "label_sets"):
        shutil.rmtree(tmp_path / "lake" / folder)
    return Project(tmp_path)


def test_threads_that_build_different_days_do_not_disturb_each_other(
    built: Project, imported: Project
) -> None:
    others = [Project(imported.root), Project(imported.root)]
    for kind in ("window", "row", "label"):
        with ThreadPoolExecutor(2) as pool:
            halves = [pool.submit(p.run, DAYS[n::2], p.ops(kind)) for n, p in enumerate(others)]
            for half in halves:
                half.result()
    assert imported.digests() == built.digests()


def test_processes_that_build_different_days_do_not_disturb_each_other(
    built: Project, imported: Project
) -> None:
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        halves = [pool.submit(build, imported.root, DAYS[n::2], "window") for n in range(2)]
        for half in halves:
            half.result()
    imported.run_stale(DAYS)
    assert imported.digests() == built.digests()
