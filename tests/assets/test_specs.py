from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster import AssetKey
from dagster._core.definitions.assets.graph.base_asset_graph import BaseAssetGraph, BaseAssetNode

from fig_assets.assets import partitions
from fig_assets.graph.period import Reach
from fig_assets.project import load_project
from tests.assets.signins import key, write_project
from tests.graph.projects import changed, write
from tests.workflow.projects import write_project as write_any_project

Graph = BaseAssetGraph[BaseAssetNode]

SHIPPED = Path(__file__).parents[2] / "configs"
LAST = "2024-02-20"
FIRST = "2024-01-01"
PARENTS = {
    "raw/events": set(),
    "tables/networks": {"raw/networks"},
    "events/login/session__v1": {"raw/events"},
    "events/login/is_failure__v1": {"events/login/outcome__v1"},
    "states/ip": {
        "events/login/ip__v1",
        "events/login/is_failure__v1",
        "events/login/session__v1",
    },
    "features/ip/weekly_by_day/login_count__v1": {
        "states/ip",
        "events/login/ip__v1",
    },
    "features/ip/weekly_by_day/session_count__v1": {
        "states/ip",
        "events/login/ip__v1",
        "events/login/session__v1",
    },
    "features/ip/weekly_by_day/failure_rate__v2": {
        "features/ip/weekly_by_day/failure_count__v1",
        "features/ip/weekly_by_day/login_count__v1",
    },
    "features/request/ip__v1": {"events/login/ip__v1", "events/login/session__v1"},
    "features/request/ip_weekly_failure_rate__v1": {
        "events/login/session__v1",
        "features/ip/weekly_by_day/failure_rate__v1",
        "features/request/ip__v1",
    },
    "features/request/networks_kind__v1": {
        "events/login/session__v1",
        "features/request/network__v1",
        "tables/networks",
    },
    "families/request": {
        "features/request/hour__v1",
        "features/request/ip__v1",
        "features/request/ip_weekly_failure_rate__v1",
        "features/request/ip_weekly_login_count__v1",
        "features/request/network__v1",
        "features/request/networks_kind__v1",
    },
    "labels/truth/failed__v1": {
        "events/login/is_failure__v1",
        "events/login/session__v1",
        "features/request/ip__v1",
    },
    "labels/truth/plurality__v1": {"labels/truth/failed__v1", "labels/truth/passed__v1"},
    "label_sets/truth": {
        "labels/truth/failed__v1",
        "labels/truth/passed__v1",
        "labels/truth/plurality__v1",
    },
    "models/scorer__v1": {
        "features/request/hour__v1",
        "features/request/ip_weekly_failure_rate__v1",
        "features/request/networks_kind__v1",
        "labels/truth/plurality__v1",
    },
}
"""Written by hand: what each asset reads, whatever this program thinks."""


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Graph]:
    """The graph as Dagster resolved it."""
    root = tmp_path_factory.mktemp("specs")
    with load_project(write_project(root)) as project:
        yield project.definitions().resolve_asset_graph()


@pytest.fixture(scope="module")
def shipped() -> Iterator[Graph]:
    with load_project(SHIPPED) as project:
        yield project.definitions().resolve_asset_graph()


def parents(graph: Graph, asset: str) -> set[str]:
    return {parent.to_user_string() for parent in graph.get(key(asset)).parent_keys}


def read_days(graph: Graph, asset: str, parent: str, day: str) -> list[str]:
    """Ask Dagster which days of `parent` the partition `day` of `asset` reads."""
    found = graph.get_parents_partitions(key(asset), day)
    assert not found.required_but_nonexistent_parents_partitions
    return sorted(
        str(it.partition_key) for it in found.parent_partitions if it.asset_key == key(parent)
    )


@pytest.mark.parametrize("asset", PARENTS)
def test_the_parents_of_an_asset_are_what_it_reads(graph: Graph, asset: str) -> None:
    assert parents(graph, asset) == PARENTS[asset]


WEEK = "features/ip/weekly_by_day/login_count__v1"
MONTH = "features/ip/monthly_by_day/login_count__v1"
JOINED = "features/request/ip_weekly_login_count__v1"
MODEL = "models/scorer__v1"
SCORE = "scores/scorer/badness__v1"


@pytest.mark.parametrize(
    ("asset", "parent", "day", "first", "last", "count"),
    [
        pytest.param("events/login/ip__v1", "raw/events", LAST, "02-20", "02-21", 2, id="late"),
        pytest.param("states/ip", "events/login/ip__v1", LAST, "02-20", "02-20", 1, id="states"),
        pytest.param(WEEK, "states/ip", LAST, "02-14", "02-20", 7, id="week of states"),
        pytest.param(WEEK, "events/login/ip__v1", LAST, "02-14", "02-20", 7, id="week of fields"),
        pytest.param(MONTH, "states/ip", LAST, "01-22", "02-20", 30, id="month of states"),
        pytest.param(WEEK, "states/ip", FIRST, "01-01", "01-01", 1, id="first week"),
        pytest.param(MONTH, "states/ip", "2024-01-05", "01-01", "01-05", 5, id="short month"),
        pytest.param(JOINED, WEEK, LAST, "02-19", "02-19", 1, id="day before a request"),
        pytest.param(MODEL, JOINED.replace("login_count", "failure_rate"), LAST, "02-16", "02-17",
                     2, id="training rows"),
        pytest.param(MODEL, "labels/truth/plurality__v1", LAST, "02-16", "02-17", 2, id="labels"),
        pytest.param(SCORE, MODEL, LAST, "02-20", "02-20", 1, id="model in force"),
        pytest.param(SCORE, "features/request/hour__v1", LAST, "02-20", "02-20", 1, id="scored"),
        pytest.param("families/request", JOINED, LAST, "02-20", "02-20", 1, id="published"),
    ],
)  # fmt: skip
def test_dagster_knows_which_days_a_partition_reads(
    graph: Graph, asset: str, parent: str, day: str, first: str, last: str, count: int
) -> None:
    found = read_days(graph, asset, parent, day)

    assert (found[0], found[-1], len(found)) == (f"2024-{first}", f"2024-{last}", count)


@pytest.mark.parametrize(
    ("asset", "parent"),
    [
        pytest.param(JOINED, WEEK, id="no day before the first request"),
        pytest.param(MODEL, "labels/truth/plurality__v1", id="nothing to train on"),
    ],
)
def test_the_first_day_reads_nothing_from_before_the_project(
    graph: Graph, asset: str, parent: str
) -> None:
    assert read_days(graph, asset, parent, FIRST) == []


def test_dagster_calls_what_a_late_event_can_change_downstream(graph: Graph) -> None:
    changed = graph.get_children_partitions(key("states/ip"), "2024-01-20")

    weekly = {it.partition_key for it in changed if it.asset_key == key(WEEK)}
    assert (min(map(str, weekly)), max(map(str, weekly))) == ("2024-01-20", "2024-01-26")


def test_lookup_tables_have_no_days(graph: Graph) -> None:
    assert graph.get(key("tables/networks")).partitions_def is None
    assert not graph.get(key("raw/networks")).is_materializable


@pytest.mark.parametrize("which", ["graph", "shipped"])
def test_every_asset_says_what_it_is(which: str, request: pytest.FixtureRequest) -> None:
    found: Graph = request.getfixturevalue(which)

    for asset in found.materializable_asset_keys:
        node = found.get(asset)
        assert node.group_name not in {"", "default"}, asset
        assert node.kinds, asset
        assert node.description, asset
        assert node.code_version, asset
        assert node.tags["fig/kind"], asset


@pytest.mark.parametrize("which", ["graph", "shipped"])
def test_every_attribute_tells_its_column_and_where_it_comes_from(
    which: str, request: pytest.FixtureRequest
) -> None:
    found: Graph = request.getfixturevalue(which)

    attributes = [k for k in found.materializable_asset_keys if "fig/type" in found.get(k).tags]
    assert attributes
    for asset in attributes:
        metadata = found.get(asset).metadata
        schema = dg.TableSchema(metadata["dagster/column_schema"].columns)
        assert len(schema.columns) == 1, asset
        assert schema.columns[0].type, asset
        lineage: dg.TableColumnLineage = metadata["dagster/column_lineage"]
        assert set(lineage.deps_by_column) == {schema.columns[0].name}, asset
        parents_of_column = {
            dep.asset_key for dep in lineage.deps_by_column[schema.columns[0].name]
        }
        assert parents_of_column <= found.get(asset).parent_keys, asset
        assert metadata["dagster/code_references"].code_references, asset


def test_every_asset_of_the_shipped_project_has_its_owner(shipped: Graph) -> None:
    without = [
        asset.to_user_string()
        for asset in shipped.materializable_asset_keys
        if not shipped.get(asset).owners and shipped.get(asset).group_name != "raw"
    ]
    # Times, ids and columns of lookup tables are defined nowhere in the configuration.
    assert all("event_" in name or "as_registry_" in name for name in without), without


def test_an_asset_shows_the_words_of_its_configuration(graph: Graph) -> None:
    node = graph.get(key("features/ip/weekly_by_day/failure_rate__v1"))

    assert node.owners == ["analyst@example.org"]
    assert node.kinds == {"duckdb", "parquet"}
    assert node.description == (
        "The share of sign-ins that failed.\n\n```\n@DIVIDE($failure_count, $login_count)\n```"
    )
    [column] = node.metadata["dagster/column_schema"].columns
    assert (column.name, column.type) == ("failure_rate__v1", "DOUBLE")
    [reference] = node.metadata["dagster/code_references"].code_references
    lines = Path(reference.file_path).read_text(encoding="utf-8").splitlines()
    assert reference.label == f"configs/features/all.json:{reference.line_number}"
    assert "@DIVIDE" in "".join(lines[reference.line_number - 1 : reference.line_number + 2])


def test_lineage_is_written_where_column_lineage_is_hidden(graph: Graph) -> None:
    assert graph.get(key(JOINED)).metadata["fig/reads"].md_str.splitlines() == [
        "| reads | of the days |",
        "|---|---|",
        "| features/request/ip__v1 | D |",
        "| features/ip/weekly_by_day/login_count__v1 | D-1 |",
        "| events/login/session__v1 | D |",
    ]


def test_a_column_that_is_read_of_the_day_and_of_days_before_is_one_parent(tmp_path: Path) -> None:
    own = {"source": "seen", "granularity_field": "person", "features": {"who": "$person"}}
    last = {"source": "visit", "granularity_match": {"field": "who"}, "prefix": "last_"}
    write_any_project(
        tmp_path,
        {
            "events/seen.json": {"name": "seen", "event_name": "s", "fields": {"person": "person"}},
            "features/visit.json": {
                "name": "visit",
                "granularity": "visitor",
                "granularity_type": "string",
                "groups": [own, {**last, "features": ["who"]}],
            },
        },
        start=FIRST,
    ).workspace.close()

    with load_project(tmp_path / "configs") as project:
        found = project.definitions().resolve_asset_graph().get(key("features/visit/last_who__v1"))

    lineage = found.metadata["dagster/column_lineage"].deps_by_column["last_who__v1"]
    assert [dep.asset_key for dep in lineage].count(key("features/visit/who__v1")) == 1


def test_checks_and_tags_reach_the_column(graph: Graph) -> None:
    [session] = graph.get(key("events/login/session__v1")).metadata["dagster/column_schema"].columns
    [seconds] = graph.get(key("events/login/seconds__v1")).metadata["dagster/column_schema"].columns

    assert not session.constraints.nullable
    assert seconds.constraints.other == ["in_range"]
    assert graph.get(key("events/login/ip__v1")).tags["pii"] == "yes"


def test_descriptions_and_owners_change_no_code_version(graph: Graph, tmp_path: Path) -> None:
    folder = write_project(tmp_path)
    text = (folder / "features" / "all.json").read_text(encoding="utf-8")
    other = text.replace("The share of sign-ins", "Said anew").replace("analyst@", "other@")
    (folder / "features" / "all.json").write_text(other, encoding="utf-8")

    with load_project(folder) as project:
        again = project.definitions().resolve_asset_graph()

    for asset in graph.materializable_asset_keys:
        assert again.get(asset).code_version == graph.get(asset).code_version, asset


def test_a_changed_function_changes_the_code_version_of_what_it_means(
    graph: Graph, tmp_path: Path
) -> None:
    folder = write_project(tmp_path)
    text = (folder / "features" / "all.json").read_text(encoding="utf-8")
    other = text.replace("($failure_count + 1) /", "($failure_count + 2) /")
    (folder / "features" / "all.json").write_text(other, encoding="utf-8")

    with load_project(folder) as project:
        again = project.definitions().resolve_asset_graph()

    changed = {
        asset.to_user_string()
        for asset in graph.materializable_asset_keys
        if again.get(asset).code_version != graph.get(asset).code_version
    }
    assert changed == {
        f"{part}/ip/{period}{name}"
        for period in ("weekly_by_day", "monthly_by_day")
        for part, name in (("features", "/failure_rate__v2"), ("families", ""))
    }


def test_no_published_view_is_read_by_anything_computed(shipped: Graph) -> None:
    for asset in shipped.get_all_asset_keys():
        if asset.path[0] in {"families", "label_sets"} or asset == AssetKey(["events", "x"]):
            assert not shipped.get(asset).child_keys, asset


def test_what_is_locked_shows_its_number(tmp_path: Path) -> None:
    configs = write_project(tmp_path)
    with load_project(configs) as project:
        before = project.definitions().resolve_asset_graph()
        project.lock()
    with load_project(configs) as project:
        graph = project.definitions().resolve_asset_graph()
        numbers = {
            name: project.number(tuple(name.split("/")))
            for name in ("features/request/ip__v1", "models/scorer__v1")
        }

    for name, number in numbers.items():
        assert isinstance(number, int)
        assert graph.get(key(name)).metadata["fig/id"] == number
        assert "fig/id" not in before.get(key(name)).metadata


NOW = {
    "source": "shop_stats",
    "granularity_match": {"field": "shop", "period": "weekly_by_day"},
    "prefix": "now_",
    "as_of": "same_day",
    "features": ["orders"],
}
BEFORE = {
    "source": "request",
    "granularity_match": {"field": "country"},
    "prefix": "last_",
    "features": ["amount"],
}


@pytest.mark.parametrize(
    ("group", "read", "readers", "days"),
    [
        (
            NOW,
            "features/shop_stats/weekly_by_day/orders__v1",
            {"features/request/shop_stats_weekly_orders__v1", "features/request/now_orders__v1"},
            Reach(-1, 0),
        ),
        (
            BEFORE,
            "features/request/amount__v1",
            {"features/request/last_amount__v1", "families/request"},
            Reach(None, 0),
        ),
    ],
    ids=["a window of two days", "the family's own earlier rows"],
)
def test_readers_of_different_days_in_one_op_are_told_the_days_of_all(
    tmp_path: Path, group: dict[str, object], read: str, readers: set[str], days: Reach
) -> None:
    files = changed(lambda found: found["features/request.json"]["groups"].append(group))
    with load_project(write(tmp_path, files)) as project:
        graph = project.definitions().resolve_asset_graph()
        told = {graph.get_partition_mapping(key(reader), key(read)) for reader in readers}
    assert told == {partitions.over(days)}


def test_an_embedding_is_an_asset_with_its_size(tmp_path: Path) -> None:
    place = {"json": "place", "type": "embedding(3)"}
    files = changed(lambda found: found["events/order.json"]["fields"].update(place=place))
    with load_project(write(tmp_path, files)) as project:
        graph = project.definitions().resolve_asset_graph()
        tags = graph.get(key("events/order/place__v1")).tags
    assert tags["fig/type"] == "embedding-3"
