from datetime import date
from pathlib import Path

import dagster as dg
import pytest

from fig_assets.assets import partitions
from fig_assets.graph.period import DAY_BEFORE, SAME_DAY, Reach, parse_period
from fig_assets.project import load_project
from tests.assets.signins import ENVIRONMENT, days_from, write_project

DAYS = dg.DailyPartitionsDefinition("2024-01-01", end_date="2024-03-01", timezone="UTC")


def upstream_of(mapping: dg.PartitionMapping, day: str) -> list[str]:
    """Ask Dagster which upstream days partition `day` reads."""
    found = mapping.get_upstream_mapped_partitions_result_for_partitions(
        DAYS.subset_with_partition_keys([day]), DAYS, DAYS
    )
    assert not list(found.required_but_nonexistent_subset.get_partition_keys())
    return sorted(found.partitions_subset.get_partition_keys())


def downstream_of(mapping: dg.PartitionMapping, day: str) -> list[str]:
    """Ask Dagster which downstream days read partition `day`."""
    found = mapping.get_downstream_partitions_for_partitions(
        DAYS.subset_with_partition_keys([day]), DAYS, DAYS
    )
    return sorted(found.get_partition_keys())


@pytest.mark.parametrize(
    ("reach", "day", "first", "count"),
    [
        pytest.param(SAME_DAY, "2024-01-20", "2024-01-20", 1, id="same day"),
        pytest.param(DAY_BEFORE, "2024-01-20", "2024-01-19", 1, id="day before"),
        pytest.param(parse_period("weekly_by_day").reach, "2024-01-20", "2024-01-14", 7, id="week"),
        pytest.param(
            parse_period("monthly_by_day").reach, "2024-02-20", "2024-01-22", 30, id="month"
        ),
        pytest.param(parse_period("14d_by_day").reach, "2024-01-20", "2024-01-07", 14, id="14d"),
        pytest.param(Reach(-4, -3), "2024-01-20", "2024-01-16", 2, id="training"),
        pytest.param(Reach(0, 1), "2024-01-20", "2024-01-20", 2, id="raw and a late file"),
        pytest.param(Reach(None, -1), "2024-01-03", "2024-01-01", 2, id="every day before"),
        pytest.param(Reach(None, 0), "2024-02-20", "2024-01-01", 51, id="every day with its own"),
        pytest.param(Reach(0, 3), "2024-01-20", "2024-01-20", 4, id="raw and three late files"),
    ],
)
def test_dagster_maps_a_day_to_the_days_it_reads(
    reach: Reach, day: str, first: str, count: int
) -> None:
    expected = [str(d) for d in days_from(date.fromisoformat(first), count)]

    assert upstream_of(partitions.over(reach), day) == expected


@pytest.mark.parametrize(
    ("reach", "day", "expected"),
    [
        pytest.param(Reach(-6, 0), "2024-01-01", ["2024-01-01"], id="week on the first day"),
        pytest.param(Reach(-6, 0), "2024-01-02", ["2024-01-01", "2024-01-02"], id="week on day 2"),
        pytest.param(DAY_BEFORE, "2024-01-01", [], id="day before the first day"),
        pytest.param(Reach(None, -1), "2024-01-01", [], id="every day before the first day"),
        pytest.param(Reach(-4, -3), "2024-01-03", [], id="training before there is anything"),
        pytest.param(Reach(-4, -3), "2024-01-04", ["2024-01-01"], id="training on half of it"),
        pytest.param(Reach(0, 1), "2024-02-29", ["2024-02-29"], id="late file after the last day"),
    ],
)
def test_days_outside_the_project_are_left_out(reach: Reach, day: str, expected: list[str]) -> None:
    assert upstream_of(partitions.over(reach), day) == expected


@pytest.mark.parametrize(
    ("reach", "first", "last"),
    [
        pytest.param(Reach(-6, 0), "2024-01-20", "2024-01-26", id="week"),
        pytest.param(DAY_BEFORE, "2024-01-21", "2024-01-21", id="day before"),
        pytest.param(Reach(-4, -3), "2024-01-23", "2024-01-24", id="training"),
        pytest.param(Reach(0, 1), "2024-01-19", "2024-01-20", id="late file"),
    ],
)
def test_dagster_maps_a_day_to_the_days_that_read_it(reach: Reach, first: str, last: str) -> None:
    found = downstream_of(partitions.over(reach), "2024-01-20")

    assert (found[0], found[-1]) == (first, last)
    assert len(found) == reach.last - reach.first + 1


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_project(tmp_path)
    return tmp_path


def test_the_days_of_a_project_include_its_first_and_last(root: Path) -> None:
    with load_project(root / "configs") as project:
        days = partitions.daily(project.graph)

    assert days.get_first_partition_key() == "2024-01-01"
    assert days.get_last_partition_key() == "2024-02-29"
    assert days.timezone == "UTC"


def test_a_project_without_an_end_goes_on_until_yesterday(root: Path) -> None:
    write_project(root, {"project.json": {"name": "signins", "start_date": "2024-01-01"}})

    with load_project(root / "configs") as project:
        days = partitions.daily(project.graph)

    now = dg.DailyPartitionsDefinition("2024-01-01", timezone="UTC")
    assert days.get_last_partition_key() == now.get_last_partition_key()


def test_a_source_without_days_is_no_partitioned_asset(root: Path) -> None:
    sources = {"events": {"format": "json", "path": "raw/all.jsonl"}}
    sources["networks"] = {"format": "csv", "path": "networks.csv"}
    write_project(root, {"environments/local.json": {**ENVIRONMENT, "sources": sources}})

    with load_project(root / "configs") as project:
        graph = project.definitions().resolve_asset_graph()

    assert graph.get(dg.AssetKey(["raw", "events"])).partitions_def is None
    assert graph.get(dg.AssetKey(["events", "login"])).partitions_def is not None
