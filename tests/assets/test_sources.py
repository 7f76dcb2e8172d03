"""Tables with days, seen through Dagster: partitions, mappings, runs and what they record."""

import copy
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from tests import naive
from tests.assets.signins import (
    ENVIRONMENT,
    FIRST,
    IP,
    NETWORKS,
    REQUEST,
    Json,
    Site,
    days_from,
    key,
    opened,
    write_project,
)

DAYS = days_from(FIRST, 4)
TABLE, KIND = "tables/networks", "features/request/networks_kind__v1"


def daily_networks() -> dict[str, object]:
    sources: Json = copy.deepcopy(ENVIRONMENT["sources"])  # type: ignore[assignment]
    sources["networks"] = {"format": "csv", "path": "networks/{date}.csv"}
    return {
        "environments/local.json": {**ENVIRONMENT, "sources": sources},
        "tables/networks.json": {**NETWORKS, "snapshot": "daily"},
        "features/all.json": [IP, REQUEST],
    }


def write_networks(root: Path, dated: date, kind: str) -> None:
    (root / "networks").mkdir(exist_ok=True)
    path = root / "networks" / f"{dated}.csv"
    path.write_text(f"number,kind\n1,{kind}\n2,hosting\n", encoding="utf-8")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Four days, everything built but the models, with snapshots of the second and the fourth."""
    root = tmp_path_factory.mktemp("sources")
    write_project(root, daily_networks(), days=len(DAYS))
    write_networks(root, DAYS[1], "home")
    write_networks(root, DAYS[3], "moved")
    with opened(root) as site:
        summary = site.run(DAYS[0], DAYS[3], 'not (key:"models/*" or key:"scores/*")')
        assert summary.refused == {}
        yield site


def test_a_daily_table_has_days_and_a_row_reads_the_day_before(site: Site) -> None:
    graph = site.project.definitions().resolve_asset_graph()
    read = graph.get_parents_partitions(key(KIND), "2024-01-03").parent_partitions

    assert site.days(TABLE) == list(map(str, DAYS))
    assert [it.partition_key for it in read if it.asset_key == key(TABLE)] == ["2024-01-02"]
    assert not graph.get(key("raw/networks")).is_materializable


def test_each_day_says_which_snapshot_it_holds(site: Site) -> None:
    said = {day: found["snapshot"] for day, found in site.metadata(TABLE).items()}

    assert said == dict(
        zip(map(str, DAYS), ["none yet", "2024-01-02", "2024-01-02", "2024-01-04"], strict=True)
    )


def test_the_table_and_the_rows_read_as_the_plain_reading_says(site: Site) -> None:
    plain = naive.load(site.root / "configs", "local")
    found = site.project.read("networks").to_pylist()
    rows = site.project.read("request", columns=["networks_kind"]).to_pylist()

    assert [(row["day"], row["number"], row["kind"]) for row in found] == [
        (day, row["number__v1"], row["kind__v1"])
        for day in DAYS
        for row in plain.table_rows("networks", day)
    ]
    assert [row["networks_kind"] for row in rows] == [
        row["networks_kind__v1"]
        for day in DAYS
        for row in sorted(plain.request_rows("request", day), key=lambda it: str(it["session_id"]))
    ]
    assert {row["networks_kind"] for row in rows} == {None, "home", "hosting"}


def test_a_late_snapshot_is_planned_and_caught_up(site: Site) -> None:
    write_networks(site.root, DAYS[2], "late")
    planned = site.project.plan(DAYS[0], DAYS[3])
    site.run(DAYS[0], DAYS[3], 'not (key:"models/*" or key:"scores/*")', only_stale=True)
    rows = site.project.read("request", start=DAYS[3], end=DAYS[3]).to_pylist()

    (work,) = [work for work in planned.work if work.op == "table__networks"]
    assert (work.first, work.last) == (DAYS[2], DAYS[2])
    assert {reason.cause for reason in work.columns.values()} == {"source file changed"}
    assert {row["networks_kind"] for row in rows} == {"late", "hosting"}
    later = site.project.plan(DAYS[0], DAYS[3])
    assert {work.op for work in later.work} <= {"model__scorer", "score__scorer"}
