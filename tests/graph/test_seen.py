from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fig_assets.graph.nodes import Attribute, Graph
from fig_assets.graph.seen import Seen, seen_by
from tests.graph.projects import graph_of, put
from tests.naive.seen import days_of_window

START = date(2024, 1, 1)
DAY = date(2024, 3, 1)
FAMILY, STATS, TABLE = "features/request.json", "features/shop.json", "tables/countries.json"
PERIODS = ["daily", "weekly_by_day", "monthly_by_day", "2d_by_day", "400d_by_day"]
JOINS = [
    {
        "source": "shop_stats",
        "granularity_match": {"field": "shop", "period": period},
        "features": ["orders"],
        "prefix": f"{'now' if as_of else 'before'}_{period}_",
        **as_of,
    }
    for period in PERIODS
    for as_of in ({}, {"as_of": "same_day"})
]
OWN = {
    "source": "order",
    "granularity_field": "session",
    "features": {
        "shop": "$shop",
        "country": "$country",
        "shift": "$amount + $before_daily_orders + $before_weekly_by_day_orders",
        "twice": "$shift * 2 + $risk",
        "nothing": "1",
    },
}
TABLE_JOIN = {"source": "countries", "granularity_match": {"field": "country"}, "prefix": ""}


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    names = ["shop", "shift", "twice"]
    return graph_of(
        tmp_path_factory.mktemp("seen"),
        put(STATS, "period", value=PERIODS),
        put(FAMILY, "groups", value=[OWN, *JOINS, {**TABLE_JOIN, "features": ["risk"]}]),
        put(
            "labels/fraud.json", "weak_labels", value={"a": {"when": "$shop > 1", "vote": "fraud"}}
        ),
        put("models/scorer.json", "input_features", 0, "feature_names", "all", value=names),
        put("models/scorer.json", "allow_shared", value={"shop": "a test"}),
    )


def feature(graph: Graph, name: str) -> Attribute:
    (found,) = [a for a in graph.row_families["request"].features if a.name == name]
    return found


def seen(graph: Graph, name: str, day: date = DAY) -> tuple[Seen, ...]:
    return seen_by(graph, graph.row_families["request"], feature(graph, name), day)


@settings(max_examples=40, deadline=None)
@given(
    period=st.sampled_from(PERIODS),
    day=st.dates(START, START + timedelta(days=800)),
    same_day=st.booleans(),
)
def test_a_window_has_the_days_that_a_loop_over_days_finds(
    graph: Graph, period: str, day: date, *, same_day: bool
) -> None:
    (found,) = seen(graph, f"{'now' if same_day else 'before'}_{period}_orders", day)
    days = days_of_window(period, day, same_day=same_day)

    assert (found.source, found.period) == ("shop_stats", period)
    assert (found.first, found.last) == (days[0], days[-1])
    assert found.complete == all(it >= START for it in days)


def test_what_is_computed_from_others_sees_what_they_see_and_the_own_event(graph: Graph) -> None:
    yesterday = DAY - timedelta(days=1)
    own = Seen("order", None, DAY, DAY)
    windows = {
        Seen("shop_stats", "daily", yesterday, yesterday),
        Seen("shop_stats", "weekly_by_day", DAY - timedelta(days=7), yesterday),
    }

    assert seen(graph, "shop") == (own,)
    assert set(seen(graph, "shift")) == {own, *windows}
    assert set(seen(graph, "twice")) == {own, *windows, Seen("countries", None, None, None)}


def test_a_number_is_of_the_own_event_and_of_nothing_else(graph: Graph) -> None:
    assert seen(graph, "nothing") == (Seen("order", None, DAY, DAY),)


@pytest.mark.parametrize(
    ("options", "first", "last"),
    [
        ({}, START, DAY - timedelta(days=1)),
        ({"within_days": 3}, DAY - timedelta(days=3), DAY - timedelta(days=1)),
        ({"within_days": 3, "as_of": "same_day"}, DAY - timedelta(days=2), DAY),
    ],
    ids=["any day before", "three days before", "three days with its own"],
)
def test_rows_of_other_days_are_seen_back_to_the_start_or_so_many_days(
    tmp_path: Path, options: dict[str, object], first: date, last: date
) -> None:
    within = {name: value for name, value in options.items() if name == "within_days"}
    others = {name: value for name, value in options.items() if name != "within_days"}
    visit = {
        "name": "visit",
        "granularity": "shop",
        "granularity_type": "bigint",
        "groups": [
            {"source": "order", "granularity_field": "shop", "features": {"paid": "$amount"}}
        ],
    }
    join = {
        "source": "visit",
        "granularity_match": {"field": "shop", **within},
        "features": ["paid"],
        **others,
    }
    graph = graph_of(
        tmp_path,
        lambda project: project.update({"features/visit.json": visit}),
        lambda project: project[FAMILY]["groups"].append(join),
    )

    assert seen(graph, "visit_paid") == (Seen("visit", None, first, last),)
    (at_start,) = seen(graph, "visit_paid", START)
    assert at_start.complete == ("as_of" in options)


def test_a_daily_table_is_seen_as_of_the_day_before(tmp_path: Path) -> None:
    daily = put(TABLE, "snapshot", value="daily")
    source = {"format": "csv", "path": "raw/{date}-countries.csv"}
    dated = put("environments/local.json", "sources", "countries", value=source)

    graph = graph_of(tmp_path, daily, dated)

    assert seen(graph, "countries_risk") == (
        Seen("countries", None, DAY - timedelta(days=1), DAY - timedelta(days=1)),
    )
