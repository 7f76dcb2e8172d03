"""`graph.usage` against a naive walk over the expressions of small projects."""

import copy
from pathlib import Path
from typing import Any

import pytest

from fig_assets.config.load import load_config
from fig_assets.graph.build import build_graph
from fig_assets.graph.usage import Used, usage
from tests.graph.projects import SMALL, write

RATE = {
    "1": {"function": "@DIVIDE($refunds, $orders)", "type": "float", "deprecated": "use 2"},
    "2": {"function": "($refunds + 1) / ($orders + 20)"},
    "3": {"function": "$refunds", "type": "float", "retired": True},
}


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Used]:
    project: dict[str, Any] = copy.deepcopy(SMALL)
    features = project["features/shop.json"]["groups"][0]["features"]
    features["refund_rate"] = {"default_version": 1, "versions": RATE}
    features["unread"] = "@MAX($amount)"
    features["watched"] = {"function": "@MIN($amount)", "tags": ["output"]}
    joined = ["orders", "refunds", "refund_rate"]
    project["features/request.json"]["groups"][1]["features"] = joined
    config = load_config(write(tmp_path_factory.mktemp("usage"), project), "local")
    graph, _ = build_graph(config)
    champions = {"champion of old@1": ("shop_stats.unread@1", "shop_stats.refund_rate@3")}
    return {it.identity: it for it in usage(graph, config, champions)}


def test_a_version_names_who_reads_its_values(used: dict[str, Used]) -> None:
    assert used["shop_stats.refund_rate@1"].readers == ("request.shop_stats_weekly_refund_rate@1",)
    assert used["shop_stats.refund_rate@2"].readers == ()
    assert used["shop_stats.orders@1"].readers == (
        "request.shop_stats_weekly_orders@1",
        "shop_stats.refund_rate@1",
        "shop_stats.refund_rate@2",
    )
    assert used["order.is_refund@1"].readers == ("shop_stats.refunds@1",)


def test_what_selects_rows_is_read_by_the_rows(used: dict[str, Used]) -> None:
    assert "rows of shop_stats" in used["order.shop@1"].readers
    assert "request.shop@1" in used["order.shop@1"].readers
    assert "rows of request" in used["order.session@1"].readers


def test_models_behind_are_found_through_joins_and_labels(used: dict[str, Used]) -> None:
    assert used["shop_stats.refunds@1"].models == ("scorer@1",)
    assert used["order.session@1"].models == ("scorer@1",)


def test_state_says_what_readers_should_know(used: dict[str, Used]) -> None:
    assert used["shop_stats.refund_rate@1"].state == "default, deprecated: use 2"
    assert used["shop_stats.refund_rate@2"].state == "nobody reads it"
    assert used["shop_stats.refund_rate@3"].state == "retired"


def test_a_champion_and_a_tag_are_readers_too(used: dict[str, Used]) -> None:
    assert used["shop_stats.unread@1"].readers == ("champion of old@1",)
    assert used["shop_stats.refund_rate@3"].readers == ("champion of old@1",)
    assert not used["shop_stats.unread@1"].is_unused
    assert not used["shop_stats.watched@1"].is_unused


def test_every_readers_own_name_is_an_attribute_a_model_or_rows(used: dict[str, Used]) -> None:
    owners = {identity.partition(".")[0] for identity in used}
    for it in used.values():
        for reader in it.readers:
            is_rows = reader.removeprefix("rows of ") in owners
            assert reader in used or is_rows or reader in ("scorer@1", "champion of old@1")


def test_times_of_the_raw_line_are_left_out(used: dict[str, Used], tmp_path: Path) -> None:
    assert "order.event_time@1" not in used
    assert len(used) == len(set(used))
