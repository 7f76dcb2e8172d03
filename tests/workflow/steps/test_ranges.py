"""Windows of many days in one statement are those of each day alone, byte by byte."""

import json
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from random import Random

import pytest
from sqlglot import exp

from fig_assets.engines.base import scan_of
from fig_assets.errors import EngineError
from fig_assets.graph.nodes import Op
from fig_assets.sql.distinct import LONGEST
from fig_assets.workflow.steps import ranges
from fig_assets.workflow.steps.compute import attributes_of, select_windows_of
from fig_assets.workflow.steps.ranges import run_days, run_state_days, runs, state_runs
from tests.workflow.logins import CONFIGS, COUNTRIES_CSV, random_files
from tests.workflow.projects import Json, Project, days_from, differences, write_project

DAYS = days_from("2024-03-01", 34)
SHOP: Json = {
    "name": "shop",
    "granularity": "shop",
    "period": ["daily", "2d_by_day", "31d_by_day", "32d_by_day"],
    "groups": [
        {
            "source": "order",
            "granularity_field": "shop",
            "features": {
                "orders": "@COUNT(*)",
                "buyers": "@COUNT_DISTINCT($buyer)",
                "usual": "@MODE($buyer)",
                "spent": "@SUM($amount)",
                "spread": "@STDDEV($amount)",
                "last_buyer": "@LAST($buyer)",
            },
        }
    ],
}
ORDER: Json = {
    "name": "order",
    "event_name": "order",
    "fields": {"shop": "shop", "buyer": "buyer", "amount": "amount::float"},
}


@pytest.fixture(scope="module")
def shops(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A month of few orders: buyers come back after days, weeks and never."""
    files = {"events/order.json": ORDER, "features/shop.json": SHOP}
    project = write_project(tmp_path_factory.mktemp("shops"), files, start=str(DAYS[0]))
    chance = Random(5)
    for day in DAYS:
        orders = [
            {
                "kind": "order",
                "at": f"{day}T{n:02}:00:00Z",
                "id": f"{day}-{n}",
                "shop": chance.choice("abc") if chance.random() < 0.8 else None,
                "buyer": chance.choice("uvwxyz") if chance.random() < 0.9 else None,
                "amount": chance.choice([0.1, 1e9 + 0.25, -3.7, None]),
            }
            for n in range(chance.choice([0, 1, 4, 9]))
        ]
        project.write(day, orders)
    project.run(DAYS, project.ops("raw", "event", "states"))
    yield project
    project.workspace.close()


def windows_of(project: Project, folder: Path, days: list[list[date]]) -> dict[str, bytes]:
    """Compute the windows of runs of days from the same states, and give the bytes of all files."""
    for op in project.ops("window"):
        for run in days:
            outcomes = run_days(project.workspace, op, run, attributes_of(project.graph, op))
            assert [day for day, _ in outcomes] == run
    files = {name: text for name, text in project.files().items() if name.startswith("families")}
    for name in files:
        (project.lake / name).unlink()
    assert not list(folder.iterdir())
    return files


@pytest.fixture(scope="module")
def alone(shops: Project, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The windows of each day, computed alone."""
    return windows_of(shops, tmp_path_factory.mktemp("alone"), [[day] for day in DAYS])


@pytest.mark.parametrize("length", [2, LONGEST], ids=lambda n: f"runs_of_{n}_days")
def test_windows_of_a_range_are_those_of_each_day(
    shops: Project, alone: dict[str, bytes], tmp_path: Path, length: int
) -> None:
    together = windows_of(
        shops, tmp_path, [DAYS[n : n + length] for n in range(0, len(DAYS), length)]
    )

    assert len(alone) == len(DAYS) * len(shops.ops("window"))
    assert {name for name in alone if alone[name] != together.get(name)} == set()


def states_of(project: Project, runs: list[list[date]]) -> dict[str, bytes]:
    """Compute the states of runs of days from nothing, and give the bytes of their files."""
    shutil.rmtree(project.lake / "states")
    for op in project.ops("states"):
        for run in runs:
            outcomes = list(run_state_days(project.workspace, op, run))
            assert [day for day, _ in outcomes] == run
    return {name: text for name, text in project.files().items() if name.startswith("states/")}


@pytest.mark.parametrize("length", [2, LONGEST], ids=lambda n: f"runs_of_{n}_days")
def test_states_of_a_range_are_those_of_each_day(
    shops: Project, tmp_path: Path, length: int
) -> None:
    shutil.copytree(shops.root, tmp_path, dirs_exist_ok=True)
    project = Project(tmp_path)
    alone = states_of(project, [[day] for day in DAYS])
    together = states_of(project, [DAYS[n : n + length] for n in range(0, len(DAYS), length)])

    assert len(alone) == 2 * len(DAYS)
    assert {name for name in alone if alone[name] != together.get(name)} == set()


def test_windows_of_a_range_equal_the_oracle(shops: Project, tmp_path: Path) -> None:
    oracle = shops.oracle()
    for op in shops.ops("window"):
        for n in range(0, len(DAYS), LONGEST):
            list(
                run_days(shops.workspace, op, DAYS[n : n + LONGEST], attributes_of(shops.graph, op))
            )
    for period in shops.graph.families["shop"].periods:
        for day in [DAYS[0], DAYS[1], DAYS[30], DAYS[31], DAYS[32], DAYS[-1]]:
            found = shops.rows(f"families/shop/{period.name}", day)
            expected = oracle.window_rows("shop", period.name, day)
            assert not differences(found, expected), (period.name, day)
    assert not list(tmp_path.iterdir())


def test_spreads_in_doubt_are_the_same_in_a_range_and_day_by_day(tmp_path: Path) -> None:
    days = days_from("2024-03-01", 6)
    files = {"events/order.json": ORDER, "features/shop.json": {**SHOP, "period": ["4d_by_day"]}}
    project = write_project(tmp_path, files, start=str(days[0]))
    for place, day in enumerate(days):
        # Shop a has a growing number of orders a day far from zero: in doubt, as b is; c is not.
        amounts = {"a": [1e9 + place / 4] * (1 + 5 * place), "b": [1e9 + place / 4], "c": [0.1]}
        orders = [
            {"shop": shop, "amount": amount, "buyer": "u", "kind": "order", "id": f"{shop}{n}"}
            for shop, all_amounts in amounts.items()
            for n, amount in enumerate(all_amounts)
        ]
        project.write(day, [{**order, "at": f"{day}T01:00:00Z"} for order in orders])
    project.run(days, project.ops("raw", "event", "states"))
    (tmp_path / "none").mkdir()

    alone = windows_of(project, tmp_path / "none", [[day] for day in days])
    assert windows_of(project, tmp_path / "none", [days]) == alone
    assert windows_of(project, tmp_path / "none", [days[:4], days[4:]]) == alone
    project.run(days, project.ops("window"))
    for day in days:
        found = project.rows("families/shop/4d_by_day", day)
        assert not differences(found, project.oracle().window_rows("shop", "4d_by_day", day)), day


def test_hostile_events_give_the_same_in_a_range_and_day_by_day(tmp_path: Path) -> None:
    days = days_from("2024-03-01", 6)
    project = write_project(tmp_path / "all", CONFIGS, start="2024-03-01")
    (project.root / "raw" / "countries.csv").write_text(COUNTRIES_CSV)
    for day, lines in random_files(Random(3), days, 25).items():
        project.write(day, lines)
    project.run(days, project.ops("raw", "event", "table", "states"))
    states = states_of(project, [days])
    folder = tmp_path / "none"
    folder.mkdir()
    assert states == states_of(project, [[day] for day in days])
    alone = windows_of(project, folder, [[day] for day in days])
    together = windows_of(project, folder, [days])

    assert len(alone) > len(days)
    assert {name for name in alone if alone[name] != together.get(name)} == set()


def window_op(project: Project, period: str) -> Op:
    (op,) = [op for op in project.ops("window") if op.period and op.period.name == period]
    return op


def test_a_day_without_its_states_is_refused_and_the_others_are_made(tmp_path: Path) -> None:
    files = {"events/order.json": ORDER, "features/shop.json": SHOP}
    project = write_project(tmp_path, files, start="2024-03-01")
    days = days_from("2024-03-01", 6)
    for day in days:
        project.write(
            day, [{"kind": "order", "at": f"{day}T01:00:00Z", "id": str(day), "shop": "a"}]
        )
    known = [day for day in days if day != days[2]]
    project.run(known, project.ops("raw", "event", "states"))
    op = window_op(project, "2d_by_day")
    outcomes = dict(run_days(project.workspace, op, days, attributes_of(project.graph, op)))

    refused = {day for day, outcome in outcomes.items() if isinstance(outcome, EngineError)}
    assert refused == {days[2], days[3]}
    assert all(str(days[2]) in str(outcomes[day]) for day in refused)
    assert (
        {day for day in days if project.rows(f"families/{op.owner}/2d_by_day", day)}
        if not (refused)
        else True
    )
    assert [
        len(project.rows("families/shop/2d_by_day", d)) for d in sorted(set(days) - refused)
    ] == [1] * 4


def test_states_of_a_day_without_events_are_refused_and_the_others_are_made(
    tmp_path: Path,
) -> None:
    files = {"events/order.json": ORDER, "features/shop.json": SHOP}
    project = write_project(tmp_path, files, start="2024-03-01")
    days = days_from("2024-03-01", 4)
    for day in days:
        project.write(
            day, [{"kind": "order", "at": f"{day}T01:00:00Z", "id": str(day), "shop": "a"}]
        )
    project.run([day for day in days if day != days[1]], project.ops("raw", "event"))
    (op,) = project.ops("states")
    outcomes = dict(run_state_days(project.workspace, op, days))

    assert [day for day in days if isinstance(outcomes[day], EngineError)] == [days[1]]
    assert str(days[1]) in str(outcomes[days[1]])
    assert project.workspace.engine.days("states/shop/order") == (days[0], *days[2:])


def test_states_of_many_events_are_made_of_few_days_at_once(
    shops: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    (op,) = shops.ops("states")

    assert [len(run) for run in state_runs(shops.workspace, op, DAYS[:20], 2)] == [10, 10]
    monkeypatch.setattr(ranges, "MOST_EVENTS", 30)
    assert {len(run) for run in state_runs(shops.workspace, op, DAYS[:18], 2)} == {3}


def test_a_period_that_is_added_is_made_of_states_alone(tmp_path: Path) -> None:
    family = {**SHOP, "period": ["daily"]}
    files = {"events/order.json": ORDER, "features/shop.json": family}
    project = write_project(tmp_path, files, start="2024-03-01")
    days = days_from("2024-03-01", 5)
    for day in days:
        order = {"kind": "order", "at": f"{day}T01:00:00Z", "id": str(day), "shop": "a"}
        project.write(day, [order])
    project.run(days)
    (tmp_path / "configs" / "features" / "shop.json").write_text(
        json.dumps({**family, "period": ["daily", "30d_by_day"]})
    )
    project.reopen()
    before = project.files()
    # What is gone cannot be read.
    for name in before:
        if name.startswith(("events/", "landing/")):
            (project.lake / name).unlink()
    op = window_op(project, "30d_by_day")
    tree = select_windows_of(project.workspace, op, days, attributes_of(project.graph, op))
    read = {scan.relation for table in tree.find_all(exp.Table) if (scan := scan_of(table))}
    project.run(days, [op])

    assert read == {name for name in relations(before) if name.startswith("states/shop/order")}
    assert [row["orders__v1"] for row in project.rows("families/shop/30d_by_day", days[4])] == [5]
    after = project.files()
    assert {n for n in after if after[n] != before.get(n)} == {
        f"families/shop/30d_by_day/day={day}/data.parquet" for day in days
    }


def relations(files: dict[str, bytes]) -> set[str]:
    return {name.rpartition("/day=")[0] for name in files}


def test_runs_are_of_consecutive_days_and_not_too_long(shops: Project) -> None:
    op = window_op(shops, "31d_by_day")
    attributes = attributes_of(shops.graph, op)
    asked = [DAYS[0], *DAYS[2:]]

    found = runs(shops.workspace, op, asked, attributes, 2)

    assert [day for run in found for day in run] == asked
    assert all((run[-1] - run[0]).days == len(run) - 1 for run in found)
    assert [len(run) for run in found] == [1, LONGEST, 1]


def test_runs_are_shared_by_the_workers_where_no_value_is_counted(shops: Project) -> None:
    op = window_op(shops, "31d_by_day")
    counted = [a for a in attributes_of(shops.graph, op) if a.name in ("orders", "spent")]

    assert [len(run) for run in runs(shops.workspace, op, DAYS[:20], counted, 2)] == [10, 10]
    assert [len(run) for run in runs(shops.workspace, op, DAYS[:20], counted, 1)] == [20]
