"""Families over rows: what is refused, what is read, and how ops are cut."""

from pathlib import Path

import pytest

from fig_assets.graph.nodes import Input
from fig_assets.graph.period import Reach
from tests.graph.projects import Change, Json, graph_of, problems_of

WEEK = {"field": "shop", "period": "weekly_by_day"}


def buyers(features: Json, *more: Json, source: str = "request", field: str = "shop") -> Change:
    """Add a family of windows over rows, or over something else."""
    group = {"source": source, "granularity_field": field, "features": features}
    family = {
        "name": "buyer",
        "granularity": "shop_id",
        "granularity_type": "bigint",
        "period": ["weekly_by_day"],
        "groups": [group, *more],
    }
    return lambda project: project.update({"features/buyer.json": family})


def seen_by_rows(*features: str) -> Change:
    """Join windows over rows to the rows."""
    join = {"source": "buyer", "granularity_match": WEEK, "features": list(features)}
    return lambda project: project["features/request.json"]["groups"].append(join)


def said_of_rows(features: Json) -> Change:
    return lambda project: project["features/request.json"]["groups"].append({"features": features})


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        pytest.param(
            [buyers({"n": "@COUNT(*)"}, source="scorer", field="score")],
            "buyer.json: /groups/0/source\n"
            "  model 'scorer' cannot be aggregated; events and row families can\n"
            "  fix: name an event or a row family as the source",
            id="model",
        ),
        pytest.param(
            [buyers({"n": "@COUNT(*)"}, source="shop_stats", field="orders")],
            "buyer.json: /groups/0/source\n"
            "  family 'shop_stats' cannot be aggregated; events and row families can\n"
            "  fix: name an event or a row family as the source",
            id="windows",
        ),
        pytest.param(
            [buyers({"n": "@SUM($is_refund)"})],
            "buyer.json: /groups/0/features/n\n"
            "  $is_refund is not a feature of 'request'\n"
            "    @SUM($is_refund)\n"
            "         ^^^^^^^^^^\n"
            "  fix: define it in the group of 'order' first",
            id="field of the event",
        ),
        pytest.param(
            [buyers({"n": "@COUNT(*)"}, field="shp")],
            "buyer.json: /groups/0/granularity_field\n"
            "  'shp' is not known in family 'request'\n"
            "  fix: write shop",
            id="unknown granularity",
        ),
        pytest.param(
            [buyers({"n": "@AVG($buyer_weekly_n)"}), seen_by_rows("n")],
            "request.json: /groups/4/features/0\n"
            "  attributes read each other in a circle: buyer.n@1 -> request.buyer_weekly_n@1 ->"
            " buyer.n@1\n"
            "  fix: let one of them read something else",
            id="a feature of itself",
        ),
        pytest.param(
            [
                buyers({"n": "@COUNT(*)"}, field="group_of"),
                seen_by_rows("n"),
                said_of_rows({"group_of": "$buyer_weekly_n + 1"}),
            ],
            "buyer.json: /groups/0/granularity_field\n"
            "  attributes read each other in a circle: request.group_of@1 ->"
            " request.buyer_weekly_n@1 -> request.group_of@1\n"
            "  fix: let one of them read something else",
            id="an entity that hangs on its own windows",
        ),
        pytest.param(
            [
                buyers(
                    {"m": "@COUNT(*)"},
                    {
                        "source": "order",
                        "granularity_field": "shop",
                        "features": {"n": "@COUNT(*)"},
                    },
                    field="group_of",
                ),
                seen_by_rows("n"),
                said_of_rows({"group_of": "$buyer_weekly_n + 1"}),
            ],
            "buyer.json: /groups/0/granularity_field\n"
            "  attributes read each other in a circle: request.group_of@1 ->"
            " request.buyer_weekly_n@1 -> request.group_of@1\n"
            "  fix: let one of them read something else",
            id="an entity that hangs on windows of events beside it",
        ),
    ],
)
def test_a_mistake_is_told_where_it_stands_with_a_mend(
    tmp_path: Path, changes: list[Change], problem: str
) -> None:
    assert problems_of(tmp_path, *changes) == [f"configs/features/{problem}"]


def test_windows_read_the_features_of_rows_of_their_days_and_no_states_of_them(
    tmp_path: Path,
) -> None:
    graph = graph_of(tmp_path, buyers({"risk": "@MAX($countries_risk)", "at": "@MAX($event_time)"}))
    family = graph.families["buyer"]
    inputs = {a.name: set(a.inputs) for a in family.features[family.periods[0]]}
    week = Reach(-6, 0)

    assert inputs["risk"] == {
        Input(("features", "request", "countries_risk__v1"), week),
        Input(("features", "request", "shop__v1"), week),
    }
    assert Input(("events", "order", "event_time__v1"), week) in inputs["at"]
    assert not [op for op in graph.ops if op.kind == "states" and op.owner == "buyer"]


def test_rows_may_see_windows_over_rows_and_those_may_be_windows_over_them(tmp_path: Path) -> None:
    graph = graph_of(
        tmp_path,
        buyers({"n": "@COUNT(*)", "m": "@AVG($buyer_weekly_n)"}),
        seen_by_rows("n", "m"),
    )
    ops = [op for op in graph.ops if op.kind in ("row", "window") and op.owner != "shop_stats"]

    assert [(op.name, sorted(key[-1] for key in op.keys)) for op in ops if op.kind == "window"] == [
        ("window__buyer__weekly", ["n__v1"]),
        ("window__buyer__weekly__2", ["m__v1", "weekly_by_day"]),
    ]
    assert [op.name for op in ops] == [
        "row__request",
        "window__buyer__weekly",
        "row__request__2",
        "window__buyer__weekly__2",
        "row__request__3",
    ]
