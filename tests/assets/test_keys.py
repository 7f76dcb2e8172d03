import pytest
from dagster import AssetKey

from fig_assets.assets import keys
from fig_assets.graph.nodes import Op
from fig_assets.graph.period import Period

WEEK = Period("weekly_by_day", 7)


def op(kind: str, owner: str, period: Period | None = None) -> Op:
    return Op(f"{kind}__{owner}", kind, owner, (), period)


@pytest.mark.parametrize(
    "key", [("raw", "events"), ("features", "asn", "weekly_by_day", "failure_rate__v2")]
)
def test_a_key_survives_the_way_to_dagster_and_back(key: tuple[str, ...]) -> None:
    assert keys.graph_key(keys.asset_key(key)) == key


def test_the_asset_graph_shows_the_name_and_version() -> None:
    shown = keys.asset_key(("features", "asn", "weekly_by_day", "failure_rate__v2"))

    assert shown.path[-1] == "failure_rate__v2"
    assert shown == AssetKey(["features", "asn", "weekly_by_day", "failure_rate__v2"])


@pytest.mark.parametrize(
    ("made_by", "group"),
    [
        (op("raw", "events"), "raw"),
        (op("table", "networks"), "tables"),
        (op("event", "login"), "events/login"),
        (op("states", "asn"), "features/asn/states"),
        (op("window", "asn", WEEK), "features/asn/weekly_by_day"),
        (op("row", "request"), "features/request"),
        (op("label", "truth"), "labels/truth"),
        (op("model", "scorer"), "models/scorer"),
        (op("score", "scorer"), "models/scorer"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.kind,
)
def test_groups_have_levels(made_by: Op, group: str) -> None:
    assert keys.group_name(made_by) == group


@pytest.mark.parametrize(
    ("kind", "dialect", "kinds"),
    [
        ("window", "duckdb", {"duckdb", "parquet"}),
        ("window", "snowflake", {"snowflake"}),
        ("model", "duckdb", {"lightgbm", "python"}),
        ("score", "duckdb", {"lightgbm", "python"}),
    ],
)
def test_icons_tell_where_rows_live(kind: str, dialect: str, kinds: set[str]) -> None:
    assert keys.kinds(op(kind, "asn"), dialect) == kinds
