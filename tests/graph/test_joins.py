"""Joins of a row family: what each mistake is told as, and how features are called."""

from pathlib import Path

import pytest

from fig_assets.graph.definitions import Joined
from tests.graph.projects import Change, drop, graph_of, problems_of, put

REQUEST = "features/request.json"
SCORES = {"source": "scorer", "features": ["score"]}


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        pytest.param(
            put(REQUEST, "groups", 1, "source", value="shop_stat"),
            "/groups/1/source\n  source 'shop_stat' is not defined\n  fix: write shop_stats",
            id="unknown source",
        ),
        pytest.param(
            put(REQUEST, "groups", 1, "features", value=["orders", "refund_rte"]),
            "/groups/1/features/1\n"
            "  'refund_rte' is not a feature of 'shop_stats'\n"
            "  fix: write refund_rate",
            id="unknown feature",
        ),
        pytest.param(
            put(REQUEST, "groups", 1, "features", value=["refund_rate", "orders@3"]),
            "/groups/1/features/1\n"
            "  'orders@3' is not a feature of 'shop_stats'\n"
            "  fix: write orders",
            id="unknown version",
        ),
        pytest.param(
            put(REQUEST, "groups", 1, "granularity_match", "period", value="monthly_by_day"),
            "/groups/1/granularity_match/period\n"
            "  family 'shop_stats' has no period 'monthly_by_day'\n"
            '  fix: use one of: daily, weekly_by_day, or add it to "period" of family'
            " 'shop_stats'",
            id="period that the family lacks",
        ),
        pytest.param(
            drop(REQUEST, "groups", 1, "granularity_match", "period"),
            "/groups/1/granularity_match\n"
            "  joining family 'shop_stats' needs a period\n"
            '  fix: add "period": "daily" or "weekly_by_day"',
            id="no period",
        ),
        pytest.param(
            put(REQUEST, "groups", 2, "as_of", value="same_day"),
            "/groups/2/as_of\n"
            '  "as_of" is for windowed families; countries has no windows\n'
            "  fix: leave it out",
            id="an option that would have no effect",
        ),
        pytest.param(
            drop(REQUEST, "groups", 2, "granularity_match"),
            "/groups/2\n"
            "  the join does not say how rows match\n"
            '  fix: add "granularity_match": {"field": "..."}',
            id="no match",
        ),
        pytest.param(
            put(REQUEST, "groups", 1, "granularity_match", "field", value="shp"),
            "/groups/1/granularity_match/field\n"
            "  'shp' is not a feature of 'request' nor a field of 'order'\n"
            "  fix: write shop",
            id="unknown match",
        ),
        pytest.param(
            put(REQUEST, "groups", 0, "features", "shop", value="$event_time"),
            "/groups/1/granularity_match/field\n"
            "  'shop' is a timestamp, and 'shop_stats' is by bigint\n"
            "  fix: match by a field of that type",
            id="match of another type",
        ),
        pytest.param(
            put(REQUEST, "groups", 2, "granularity_match", "period", value="daily"),
            "/groups/2/granularity_match/period\n"
            "  table 'countries' has no periods\n"
            '  fix: leave "period" out',
            id="period of a table",
        ),
        pytest.param(
            put(REQUEST, "groups", 1, "as_of", value="event_time"),
            "/groups/1/as_of\n"
            "  as_of 'event_time' is reserved and not available yet\n"
            '  fix: leave it out: a row sees the day before, or write "same_day"',
            id="reserved as_of",
        ),
        pytest.param(
            put(REQUEST, "groups", 1, "where", value="$orders > 1"),
            "/groups/1/where\n  a join has no where\n  fix: filter in the family that is joined",
            id="filter",
        ),
        pytest.param(
            put(REQUEST, "groups", 2, "features", value={"risk": {"default": "none"}}),
            "/groups/2/features/risk\n  the default 'none' is no float\n  fix: write a float",
            id="default of another type",
        ),
        pytest.param(
            put(REQUEST, "groups", 2, "prefix", value="window_"),
            "/groups/2/features\n"
            "  the joined feature's name 'window_risk' is taken\n"
            '  fix: give it another "prefix"',
            id="reserved name",
        ),
        pytest.param(
            put(REQUEST, "groups", 2, value={"source": "fraud", "features": "*"}),
            "/groups/2/source\n"
            "  label set 'fraud' cannot be joined yet\n"
            "  fix: join a family, a table or a model",
            id="label set",
        ),
        pytest.param(
            put(REQUEST, "groups", 2, value={**SCORES, "granularity_match": {"field": "shop"}}),
            "/groups/2/granularity_match\n"
            "  model 'scorer' has the same rows; nothing is to be matched\n"
            "  fix: leave it out",
            id="match of a model",
        ),
    ],
)
def test_a_mistake_is_told_once_where_it_stands_with_a_mend(
    tmp_path: Path, change: Change, problem: str
) -> None:
    assert problems_of(tmp_path, change) == [f"configs/features/request.json: {problem}"]


def test_a_join_of_a_model_whose_family_is_unknown_is_told_by_the_model_alone(
    tmp_path: Path,
) -> None:
    family = put("models/scorer.json", "input_features", 0, "family_name", value="reqest")
    join_it = put(REQUEST, "groups", 2, value=SCORES)

    assert problems_of(tmp_path, family, join_it) == [
        "configs/models/scorer.json: /input_features/0/family_name\n"
        "  'reqest' is not a row family\n"
        "  fix: write request"
    ]


def test_a_model_of_other_rows_cannot_be_joined(tmp_path: Path) -> None:
    visit = {
        "name": "visit",
        "granularity": "session",
        "groups": [
            {"source": "order", "granularity_field": "session", "features": {"shop": "$shop"}},
            SCORES,
        ],
    }

    assert problems_of(
        tmp_path, lambda project: project.update({"features/visit.json": visit})
    ) == [
        "configs/features/visit.json: /groups/1/source\n"
        "  model 'scorer' scores other rows than those of 'visit'\n"
        "  fix: join it in 'request'"
    ]


@pytest.mark.parametrize(
    ("change", "name"),
    [
        pytest.param(
            put(REQUEST, "name", value="request"), "shop_stats_weekly_orders", id="window"
        ),
        pytest.param(put(REQUEST, "name", value="request"), "countries_risk", id="table"),
        pytest.param(put(REQUEST, "groups", 2, "prefix", value="land_"), "land_risk", id="own"),
        pytest.param(put(REQUEST, "groups", 2, "prefix", value=""), "risk", id="no prefix"),
        pytest.param(
            lambda project: project[REQUEST]["groups"].append(SCORES), "scorer_score", id="model"
        ),
    ],
)
def test_a_joined_feature_is_called_by_its_prefix(
    tmp_path: Path, change: Change, name: str
) -> None:
    features = graph_of(tmp_path, change).row_families["request"].features

    assert name in {feature.name for feature in features}


def test_several_versions_of_one_feature_can_be_joined_with_own_defaults(tmp_path: Path) -> None:
    versions = {"default_version": 2, "versions": {"1": "@COUNT(*)", "2": "@COUNT($amount)"}}
    wanted = {"orders@1": {"default": 0}, "orders": {}, "refund_rate": {}, "refunds": {}}
    graph = graph_of(
        tmp_path,
        put("features/shop.json", "groups", 0, "features", "orders", value=versions),
        put(REQUEST, "groups", 1, "features", value=wanted),
    )
    found = {
        (feature.version, feature.is_default): feature.definition
        for feature in graph.row_families["request"].features
        if feature.name == "shop_stats_weekly_orders"
    }

    assert sorted(found) == [(1, False), (2, True)]
    assert [d.default for d in found.values() if isinstance(d, Joined)] == [0, None]
