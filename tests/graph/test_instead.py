"""The graph in which one version means what another means: who follows, for which days."""

import copy
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from fig_assets.config.load import load_config
from fig_assets.graph.build import build_graph
from fig_assets.graph.instead import days_needed, downstream, in_place_of
from fig_assets.graph.nodes import Attribute, Graph
from tests.graph.projects import SMALL, write

DAY = date(2024, 3, 20)
RATE = {
    "1": {"function": "@DIVIDE($refunds, $orders)", "type": "float"},
    "2": {"function": "($refunds + 1) / ($orders + 20)"},
    "3": {"function": "$twice + 1", "type": "float"},
    "4": {"function": "$refunds > 1"},
}


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    project: dict[str, Any] = copy.deepcopy(SMALL)
    features = project["features/shop.json"]["groups"][0]["features"]
    features["refund_rate"] = {"default_version": 1, "versions": RATE}
    features["twice"] = "$refund_rate@1 * 2"
    config = load_config(write(tmp_path_factory.mktemp("instead"), project), "local")
    return build_graph(config)[0]


def named(graph: Graph, identity: str) -> list[Attribute]:
    found = [a for a in graph.attributes.values() if a.identity == identity]
    return sorted(found, key=lambda attribute: attribute.key)


def swapped(graph: Graph, old: str, new: str) -> Graph:
    return in_place_of(graph, named(graph, old), named(graph, new))


def test_only_the_version_itself_is_defined_anew(graph: Graph) -> None:
    found = swapped(graph, "shop_stats.refund_rate@1", "shop_stats.refund_rate@2")

    changed = {a.identity for k, a in found.attributes.items() if a is not graph.attributes[k]}
    assert changed == {"shop_stats.refund_rate@1"}
    for one, other in zip(
        named(found, "shop_stats.refund_rate@1"),
        named(graph, "shop_stats.refund_rate@1"),
        strict=True,
    ):
        assert (one.key, one.column, one.type) == (other.key, other.column, other.type)
        assert any(read.key[-1] == "refund_rate__v2" for read in one.inputs)
    assert {op.name for op in found.ops} == {op.name for op in graph.ops}


def test_each_family_has_it_after_what_it_reads(graph: Graph) -> None:
    found = swapped(graph, "shop_stats.refund_rate@1", "shop_stats.refund_rate@2")

    for features in found.families["shop_stats"].features.values():
        names = [f"{a.name}@{a.version}" for a in features]
        assert names.index("refund_rate@2") < names.index("refund_rate@1") < names.index("twice@1")


def test_what_follows_goes_through_siblings_joins_and_features(graph: Graph) -> None:
    keys = downstream(graph, [a.key for a in named(graph, "shop_stats.refund_rate@1")])
    found = {graph.attributes[key].identity for key in keys}

    assert {"shop_stats.twice@1", "request.shop_stats_weekly_refund_rate@1"} <= found
    assert {"shop_stats.refund_rate@2", "shop_stats.refunds@1"}.isdisjoint(found)


def test_days_go_back_by_the_reach_of_each_reader(graph: Graph) -> None:
    every = {a.key for a in graph.attributes.values()}
    (joined,) = named(graph, "request.shop_stats_weekly_refunds@1")

    found = days_needed(graph, {joined.key: (DAY, DAY)}, every)

    day_before, week_before = date(2024, 3, 19), date(2024, 3, 13)
    weekly = ("features", "shop_stats", "weekly_by_day", "refunds__v1")
    assert found[weekly] == (day_before, day_before)
    assert found["events", "order", "is_refund__v1"] == (week_before, day_before)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("shop_stats.refund_rate@1", "shop_stats.twice@1", "is made of shop_stats.refund_rate@1"),
        ("shop_stats.refund_rate@1", "shop_stats.refund_rate@3", "is made of"),
        ("order.is_refund@1", "order.session@1", None),
        ("shop_stats.refund_rate@4", "shop_stats.refund_rate@1", None),
        ("fraud.majority@1", "fraud.majority@1", "is no field and no feature"),
    ],
)
def test_what_cannot_stand_in_is_refused(
    graph: Graph, old: str, new: str, words: str | None
) -> None:
    step = partial(swapped, graph, old, new)
    if words is None:
        assert step().attributes.keys() == graph.attributes.keys()
        return
    with pytest.raises(ValueError, match=words):
        step()


def test_the_given_graph_stays_as_it_is(graph: Graph, tmp_path: Path) -> None:
    before = dict(graph.attributes)

    swapped(graph, "shop_stats.refund_rate@1", "shop_stats.refund_rate@2")

    assert dict(graph.attributes) == before
