"""Row families: base rows, own features, what each of them reads, and their fingerprints."""

from pathlib import Path

import pytest

from fig_assets.graph.definitions import Computed, Joined
from fig_assets.graph.models import longest_window
from fig_assets.graph.period import Reach
from tests.graph.projects import SMALL, Change, graph_of, problems_of, put

REQUEST = "features/request.json"
BASE = ("groups", 0, "features")
DERIVED = ("groups", 3, "features")


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        pytest.param(
            put(REQUEST, *BASE, "count", value="@COUNT(*)"),
            "configs/features/request.json: /groups/0/features/count\n"
            "  family 'request' has one row for each event\n"
            "    @COUNT(*)\n"
            "    ^^^^^^^^^\n"
            '  fix: aggregate in a family with a "period", then join it here',
            id="aggregate in a row family",
        ),
        pytest.param(
            put(REQUEST, "granularity_type", value="embedding(2)"),
            "configs/features/request.json: /granularity_type\n"
            "  an embedding(2) is no granularity\n"
            "  fix: group by a simple value",
            id="embedding as granularity",
        ),
        pytest.param(
            put(REQUEST, *BASE, "place", value="$cuntry"),
            "configs/features/request.json: /groups/0/features/place\n"
            "  $cuntry is not a feature of 'request' nor a field of 'order'\n"
            "    $cuntry\n"
            "    ^^^^^^^\n"
            "  fix: write $country",
            id="unknown name in the base group",
        ),
        pytest.param(
            put(REQUEST, *DERIVED, "back", value="$is_refund"),
            "configs/features/request.json: /groups/3/features/back\n"
            "  $is_refund is not a feature of 'request'\n"
            "    $is_refund\n"
            "    ^^^^^^^^^^\n"
            "  fix: define it in the group of 'order' first",
            id="field in a group without source",
        ),
        pytest.param(
            put(REQUEST, *DERIVED, "back", value="$shop_stats_weekly_orders@2 > 1"),
            "configs/features/request.json: /groups/3/features/back\n"
            "  shop_stats_weekly_orders@2 is no version of family 'request'\n"
            "    $shop_stats_weekly_orders@2 > 1\n"
            "    ^^^^^^^^^^^^^^^^^^^^^^^^^^^\n"
            "  fix: use $shop_stats_weekly_orders@1",
            id="unknown version",
        ),
        pytest.param(
            put(REQUEST, *BASE, "amount", value="$amount AND TRUE"),
            "configs/features/request.json: /groups/0/features/amount\n"
            "  a condition is a boolean, not a float\n"
            "    $amount AND TRUE\n"
            "    ^^^^^^^\n"
            "  fix: write a comparison",
            id="types that do not fit",
        ),
        pytest.param(
            put(REQUEST, "groups", 0, "granularity_field", value="sesion"),
            "configs/features/request.json: /groups/0/granularity_field\n"
            "  'sesion' is not known in event 'order'\n"
            "  fix: write session",
            id="unknown key",
        ),
        pytest.param(
            put(REQUEST, *BASE, "session", value="$session"),
            "configs/features/request.json: /groups/0/features/session\n"
            "  'session' is the granularity of 'request' already\n"
            "  fix: leave it out, or rename it",
            id="feature called like the key",
        ),
    ],
)
def test_a_mistake_is_told_where_it_stands_with_a_mend(
    tmp_path: Path, change: Change, problem: str
) -> None:
    fixed = put("labels/fraud.json", "weak_labels", "small", "when", value="$country = 'x'")

    assert problems_of(tmp_path, fixed, change) == [problem]


def test_the_base_must_be_an_event(tmp_path: Path) -> None:
    change = put(REQUEST, "groups", 0, "source", value="shop_stats")

    assert problems_of(tmp_path, change)[0] == (
        "configs/features/request.json: /groups/0/source\n"
        "  'shop_stats' is not an event\n"
        "  fix: use one of: order"
    )


def test_two_base_groups_are_refused(tmp_path: Path) -> None:
    groups = SMALL[REQUEST]["groups"]

    assert problems_of(tmp_path, put(REQUEST, "groups", value=[groups[0], groups[0]])) == [
        "configs/features/request.json: /groups/1\n"
        "  family 'request' needs one base group, found 2\n"
        '  fix: give exactly one group a "granularity_field"; the others join'
    ]


def test_a_name_that_two_groups_give_is_refused_with_both_places(tmp_path: Path) -> None:
    changes = [
        put(REQUEST, "groups", 2, "prefix", value=""),
        put(REQUEST, *BASE, "risk", value="1"),
    ]

    assert problems_of(tmp_path, *changes) == [
        "configs/features/request.json: /groups/2/features\n"
        "  feature 'risk' is already defined at"
        " configs/features/request.json:13:13\n"
        '  fix: rename one, or give the join another "prefix"'
    ]


def test_a_row_sees_the_window_that_ended_the_day_before(tmp_path: Path) -> None:
    graph = graph_of(tmp_path)
    orders = graph.attributes["features", "request", "shop_stats_weekly_orders__v1"]

    assert isinstance(orders.definition, Joined)
    assert {read.key: read.reach for read in orders.inputs} == {
        ("features", "request", "shop__v1"): Reach(0, 0),
        ("features", "shop_stats", "weekly_by_day", "orders__v1"): Reach(-1, -1),
        ("events", "order", "session__v1"): Reach(0, 0),
    }


def test_a_feature_named_like_a_field_reads_the_field_in_the_base_group(tmp_path: Path) -> None:
    graph = graph_of(tmp_path)
    amount = graph.attributes["features", "request", "amount__v1"]

    assert isinstance(amount.definition, Computed)
    assert amount.definition.columns == {"amount": "event__amount__v1"}


def test_groups_may_stand_in_any_order(tmp_path: Path) -> None:
    groups = SMALL[REQUEST]["groups"]
    turned = put(REQUEST, "groups", value=groups[::-1])

    one, two = graph_of(tmp_path / "a"), graph_of(tmp_path / "b", turned)

    assert {k: a.fingerprint for k, a in one.attributes.items()} == {
        k: a.fingerprint for k, a in two.attributes.items()
    }
    assert [join.source for join in two.row_families["request"].joins] == [
        "countries",
        "shop_stats",
    ]


def test_a_same_day_join_is_warned_of_and_reads_its_own_day(tmp_path: Path) -> None:
    graph = graph_of(tmp_path, put(REQUEST, "groups", 1, "as_of", value="same_day"))
    orders = graph.attributes["features", "request", "shop_stats_weekly_orders__v1"]

    assert [read.reach for read in orders.inputs if read.key[1] == "shop_stats"] == [Reach(0, 0)]


@pytest.mark.parametrize(
    ("changes", "days"),
    [
        pytest.param([], 7, id="a week that ended the day before"),
        pytest.param([put(REQUEST, "groups", 1, "as_of", value="same_day")], 6, id="same day"),
        pytest.param([put(REQUEST, *DERIVED, "is_odd", value="$amount > 1")], 0, id="no window"),
    ],
)
def test_the_longest_window_counts_from_the_row(
    tmp_path: Path, changes: list[Change], days: int
) -> None:
    family = graph_of(tmp_path, *changes).row_families["request"]
    odd = next(f for f in family.features if f.name == "is_odd")

    assert longest_window(family, [odd.key]) == days


def fingerprint(folder: Path, name: str, *changes: Change) -> str:
    return graph_of(folder, *changes).attributes["features", "request", name].fingerprint


@pytest.mark.parametrize(
    ("name", "change", "is_same"),
    [
        ("amount__v1", put(REQUEST, *BASE, "amount", value="( $amount )"), True),
        ("amount__v1", put(REQUEST, "granularity_type", value="text"), True),
        ("amount__v1", put(REQUEST, "groups", 0, "granularity_field", value="country"), False),
        ("amount__v1", put("events/order.json", "where", value="$amount > 0"), False),
        ("is_odd__v1", put(REQUEST, *DERIVED, "is_odd", value="$amount > 0.5"), False),
        (
            "shop_stats_weekly_orders__v1",
            put(REQUEST, "groups", 1, "as_of", value="same_day"),
            False,
        ),
        (
            "shop_stats_weekly_orders__v1",
            put(REQUEST, "groups", 1, "no_match", value="zero"),
            False,
        ),
        (
            "shop_stats_weekly_refund_rate__v1",
            put(REQUEST, "groups", 1, "no_match", value="zero"),
            True,
        ),
        ("amount__v1", put(REQUEST, "description", value="Requests."), True),
    ],
    ids=[
        *("parentheses", "alias of a type", "key", "filter of the event", "source"),
        *("day of the join", "zero for a count", "zero for a rate", "description"),
    ],
)
def test_a_fingerprint_follows_the_meaning(
    tmp_path: Path, name: str, change: Change, *, is_same: bool
) -> None:
    same = fingerprint(tmp_path / "a", name) == fingerprint(tmp_path / "b", name, change)

    assert same == is_same


def test_a_joined_feature_names_its_place_among_the_joins_wherever_it_is_found(
    tmp_path: Path,
) -> None:
    """Once the graph's own list named the place among the groups instead."""
    graph = graph_of(tmp_path)
    family = graph.row_families["request"]
    for feature in family.features:
        assert graph.attributes[feature.key] is feature
        if isinstance(feature.definition, Joined):
            assert feature.definition.join < len(family.joins)
