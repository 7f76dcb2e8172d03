"""Windowed families: what may be written, what each feature reads, and its fingerprint."""

from pathlib import Path

import pytest

from fig_assets.graph.definitions import Aggregated, Computed
from fig_assets.graph.period import Period, Reach
from fig_assets.language.types import BIGINT, FLOAT
from tests.graph.projects import SMALL, Change, graph_of, problems_of, put

SHOP = "features/shop.json"
FEATURES = ("groups", 0, "features")


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        pytest.param(
            put(SHOP, "period", value=["daily", "week"]),
            "configs/features/shop.json: /period/1\n"
            "  unknown period 'week'\n"
            '  fix: write "weekly_by_day"',
            id="unknown period",
        ),
        pytest.param(
            put(SHOP, *FEATURES, "orders", value="@COUNT_DISTICT($country)"),
            "configs/features/shop.json: /groups/0/features/orders\n"
            "  unknown function @COUNT_DISTICT\n"
            "    @COUNT_DISTICT($country)\n"
            "    ^^^^^^^^^^^^^^\n"
            "  fix: write @COUNT_DISTINCT",
            id="misspelt aggregate",
        ),
        pytest.param(
            put(SHOP, "groups", 0, "source", value="ordr"),
            "configs/features/shop.json: /groups/0/source\n"
            "  source 'ordr' is not defined\n"
            "  fix: write order",
            id="unknown source",
        ),
        pytest.param(
            put(SHOP, "groups", 0, "source", value="fraud"),
            "configs/features/shop.json: /groups/0/source\n"
            "  label set 'fraud' cannot be aggregated; events and row families can\n"
            "  fix: name an event or a row family as the source",
            id="family over labels",
        ),
        pytest.param(
            put(SHOP, "groups", 0, "granularity_field", value="shp"),
            "configs/features/shop.json: /groups/0/granularity_field\n"
            "  'shp' is not known in event 'order'\n"
            "  fix: write shop",
            id="unknown granularity",
        ),
        pytest.param(
            put(SHOP, "granularity_type", value="timestamp"),
            "configs/features/shop.json: /granularity_type\n"
            "  a bigint cannot become a timestamp\n"
            '  fix: write "bigint"',
            id="impossible granularity",
        ),
        pytest.param(
            put(SHOP, "granularity_type", value="embedding(2)"),
            "configs/features/shop.json: /granularity_type\n"
            "  a bigint cannot become an embedding(2)\n"
            '  fix: write "bigint"',
            id="embedding of a number as granularity",
        ),
        pytest.param(
            put(SHOP, *FEATURES, "refunds", value="@SUM($is_refnd)"),
            "configs/features/shop.json: /groups/0/features/refunds\n"
            "  $is_refnd is not a field of 'order'\n"
            "    @SUM($is_refnd)\n"
            "         ^^^^^^^^^\n"
            "  fix: write $is_refund",
            id="unknown field in an aggregate",
        ),
        pytest.param(
            put(SHOP, *FEATURES, "spent", value="$amount"),
            "configs/features/shop.json: /groups/0/features/spent\n"
            "  $amount is a field of 'order', one value an event\n"
            "    $amount\n"
            "    ^^^^^^^\n"
            "  fix: put it into an aggregate, such as @MAX($amount)",
            id="bare field",
        ),
        pytest.param(
            put(SHOP, *FEATURES, "half", value="$order / 2"),
            "configs/features/shop.json: /groups/0/features/half\n"
            "  $order is not a feature of 'shop_stats'\n"
            "    $order / 2\n"
            "    ^^^^^^\n"
            "  fix: write $orders",
            id="unknown feature",
        ),
        pytest.param(
            put(SHOP, *FEATURES, "half", value="$orders@2 / 2"),
            "configs/features/shop.json: /groups/0/features/half\n"
            "  orders@2 is no version of family 'shop_stats'\n"
            "    $orders@2 / 2\n"
            "    ^^^^^^^^^\n"
            "  fix: use $orders@1",
            id="unknown version",
        ),
        pytest.param(
            put(SHOP, *FEATURES, "two", value="1 + 1"),
            "configs/features/shop.json: /groups/0/features/two\n"
            "  the expression reads nothing\n"
            "    1 + 1\n"
            "    ^^^^^\n"
            "  fix: use an aggregate such as @COUNT(*), or another feature",
            id="nothing read",
        ),
        pytest.param(
            put(SHOP, *FEATURES, "total", value="@SUM($country)"),
            "configs/features/shop.json: /groups/0/features/total\n"
            "  @SUM takes bigint or float or boolean, not string\n"
            "    @SUM($country)\n"
            "         ^^^^^^^^",
            id="sum of texts",
        ),
        pytest.param(
            put(SHOP, *FEATURES, "twice", value="@SUM(@MAX($amount))"),
            "configs/features/shop.json: /groups/0/features/twice\n"
            "  aggregates cannot stand inside one another\n"
            "    @SUM(@MAX($amount))\n"
            "         ^^^^^^^^^^^^^\n"
            "  fix: make the inner one a feature",
            id="aggregate of an aggregate",
        ),
        pytest.param(
            put(SHOP, "groups", 0, "where", value="$amount"),
            "configs/features/shop.json: /groups/0/where\n"
            "  gives a float, not a boolean\n"
            "    $amount\n"
            "    ^^^^^^^\n"
            "  fix: write $amount > 0",
            id="filter without an answer",
        ),
        pytest.param(
            put(SHOP, *FEATURES, "own", value={"python": "my.code:own", "inputs": ["$orders"]}),
            "configs/features/shop.json: /groups/0/features/own/python\n"
            "  a python feature does not say its type\n"
            '  fix: add "type": "float"',
            id="python",
        ),
    ],
)
def test_a_mistake_is_told_where_it_stands_with_a_mend(
    tmp_path: Path, change: Change, problem: str
) -> None:
    # Only these two features, so that no other thing reads what is broken.
    only = put("features/request.json", "groups", 1, "features", value=["orders"])
    plain = put("features/request.json", "groups", 3, "features", "is_odd", value="$amount > 1")
    rule = put("labels/fraud.json", "weak_labels", "many_refunds", "when", value="$amount > 1")

    assert problems_of(tmp_path, only, plain, rule, change) == [problem]


def test_a_family_without_a_source_is_refused(tmp_path: Path) -> None:
    change = put(SHOP, "groups", value=[{"features": {"orders": "1"}}])

    assert problems_of(tmp_path, change) == [
        "configs/features/shop.json: /groups\n"
        "  family 'shop_stats' aggregates no source\n"
        '  fix: add a group with "source" and "granularity_field"'
    ]


def test_a_feature_defined_in_two_groups_is_refused(tmp_path: Path) -> None:
    group = SMALL[SHOP]["groups"][0]
    again = {**group, "features": {"orders": "@COUNT(*)", "more": "@COUNT(*)"}}

    assert problems_of(tmp_path, put(SHOP, "groups", value=[group, again])) == [
        "configs/features/shop.json: /groups/1/features/orders\n"
        "  feature 'orders' is defined twice in family 'shop_stats'\n"
        "  fix: rename one of them"
    ]


def test_groups_whose_fields_have_no_type_in_common_are_refused(tmp_path: Path) -> None:
    group = SMALL[SHOP]["groups"][0]
    other = {"source": "order", "granularity_field": "event_time", "features": {"n": "@COUNT(*)"}}

    assert problems_of(tmp_path, put(SHOP, "groups", value=[group, other])) == [
        "configs/features/shop.json: /groups/1/granularity_field\n"
        "  'event_time' is a timestamp, which cannot become a bigint\n"
        "  fix: group by a field of the same type in every group"
    ]


def test_a_circle_of_features_is_printed(tmp_path: Path) -> None:
    change = [put(SHOP, *FEATURES, "a", value="$b + 1"), put(SHOP, *FEATURES, "b", value="$a")]

    assert problems_of(tmp_path, *change) == [
        "configs/features/shop.json: /groups/0/features/b\n"
        "  attributes read each other in a circle:"
        " shop_stats.a@1 -> shop_stats.b@1 -> shop_stats.a@1\n"
        "    $a\n"
        "    ^^\n"
        "  fix: let one of them read something else"
    ]


def test_features_come_after_their_siblings_and_have_inferred_types(tmp_path: Path) -> None:
    early = put(SHOP, *FEATURES, value={"rate": "$many / 2", "many": "@SUM($is_refund)"})
    all_of = put(
        "features/request.json", "groups", value=SMALL["features/request.json"]["groups"][:1]
    )
    graph = graph_of(tmp_path, early, all_of, *without_labels())
    weekly = graph.families["shop_stats"].features[Period("weekly_by_day", 7)]

    assert [(f.name, f.type) for f in weekly] == [("many", BIGINT), ("rate", FLOAT)]
    assert isinstance(weekly[0].definition, Aggregated)
    assert isinstance(weekly[1].definition, Computed)


def without_labels() -> list[Change]:
    def change(project: dict[str, object]) -> None:
        del project["labels/fraud.json"], project["models/scorer.json"]

    return [change]


def test_an_aggregate_reads_the_days_of_its_window_and_a_sibling_its_own_day(
    tmp_path: Path,
) -> None:
    graph = graph_of(tmp_path)
    key = ("features", "shop_stats", "weekly_by_day")

    refunds, rate = (graph.attributes[*key, name] for name in ("refunds__v1", "refund_rate__v1"))

    assert {read.key: read.reach for read in refunds.inputs} == {
        ("events", "order", "is_refund__v1"): Reach(-6, 0),
        ("events", "order", "shop__v1"): Reach(-6, 0),
        ("states", "shop_stats"): Reach(-6, 0),
    }
    assert {read.reach for read in rate.inputs} == {Reach(0, 0)}


def test_pins_and_defaults_choose_the_version(tmp_path: Path) -> None:
    versions = {
        "default_version": 2,
        "versions": {"1": {"function": "@COUNT(*)"}, "2": {"function": "@COUNT($amount)"}},
    }
    changes = [
        put(SHOP, *FEATURES, "orders", value=versions),
        put(SHOP, *FEATURES, "refund_rate", value="$orders@1 / $orders"),
    ]
    graph = graph_of(tmp_path, *changes)
    rate = graph.attributes["features", "shop_stats", "daily", "refund_rate__v1"]

    assert [read.key[-1] for read in rate.inputs] == ["orders__v1", "orders__v2"]
    assert ("features", "request", "shop_stats_weekly_orders__v2") in graph.attributes
    assert ("features", "request", "shop_stats_weekly_orders__v1") not in graph.attributes


def fingerprint(folder: Path, *changes: Change, name: str = "refunds__v1") -> str:
    graph = graph_of(folder, *changes)
    return graph.attributes["features", "shop_stats", "daily", name].fingerprint


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(put(SHOP, *FEATURES, "refunds", value=" @sum( ($is_refund@1) )"), id="text"),
        pytest.param(put(SHOP, "granularity_type", value="int"), id="granularity type written"),
        pytest.param(put(SHOP, "granularity", value="store"), id="name of the key"),
        pytest.param(
            put(SHOP, *FEATURES, "refunds", value={"function": "@SUM($is_refund)", "type": "long"}),
            id="type written",
        ),
        pytest.param(
            put(
                SHOP, *FEATURES, "refunds",
                value={"function": "@SUM($is_refund)", "description": "Money back.", "tags": ["a"]},
            ),
            id="description and tags",
        ),
        pytest.param(put("events/order.json", "fields", "amount", value="a"), id="a field's path"),
    ],
)  # fmt: skip
def test_another_spelling_has_the_same_fingerprint(tmp_path: Path, change: Change) -> None:
    assert fingerprint(tmp_path / "a", change) == fingerprint(tmp_path / "b")


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(put(SHOP, "groups", 0, "where", value="$amount > 1"), id="own filter"),
        pytest.param(put("events/order.json", "where", value="$amount > 1"), id="event's filter"),
        pytest.param(put(SHOP, "granularity_type", value="string"), id="granularity type"),
        pytest.param(put(SHOP, "groups", 0, "granularity_field", value="country"), id="key"),
        pytest.param(
            put(SHOP, *FEATURES, "refunds", value="@SUM($is_refund) FILTER (WHERE $amount > 1)"),
            id="filter of the aggregate",
        ),
        pytest.param(
            put(
                SHOP, *FEATURES, "refunds", value={"function": "@SUM($is_refund)", "type": "float"}
            ),
            id="type",
        ),
    ],
)
def test_another_meaning_has_another_fingerprint(tmp_path: Path, change: Change) -> None:
    assert fingerprint(tmp_path / "a", change) != fingerprint(tmp_path / "b")


def test_each_period_has_its_own_fingerprint(tmp_path: Path) -> None:
    graph = graph_of(tmp_path)
    found = {
        attribute.fingerprint
        for key, attribute in graph.attributes.items()
        if key[:2] == ("features", "shop_stats") and key[-1] == "orders__v1"
    }

    assert len(found) == 2
