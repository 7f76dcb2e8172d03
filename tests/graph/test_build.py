"""A whole project: every problem at once, in file order, and none that follows from another."""

from pathlib import Path

import pytest

from fig_assets.config.load import load_config
from fig_assets.errors import ConfigError
from fig_assets.graph.build import build_graph
from tests.graph.projects import changed, drop, graph_of, problems_of, put, write

ORDER, SHOP, REQUEST = "events/order.json", "features/shop.json", "features/request.json"


def test_every_problem_is_told_at_once_in_file_order(tmp_path: Path) -> None:
    changes = [
        put("models/scorer.json", "input_features", 0, "feature_names", "all", value=["cuntry"]),
        put(ORDER, "fields", "a", value={"function": "$nope"}),
        put(ORDER, "fields", "b", value="c[-1]"),
        put(ORDER, "where", value="$amount"),
        put(SHOP, "groups", 0, "features", "c", value="$foo + $bar"),
        put(SHOP, "groups", 0, "features", "d", value="@SUM($baz)"),
        put(REQUEST, "groups", 0, "features", "e", value="@COUNT(*)"),
        put("labels/fraud.json", "weak_labels", "small", "vote", value="fin"),
        put("labels/fraud.json", "strong_labels", "majority", "ties", value="first"),
    ]

    found = problems_of(tmp_path, *changes)

    assert [problem.splitlines()[0].removeprefix("configs/") for problem in found] == [
        "events/order.json: /fields/a/function",
        "events/order.json: /fields/b",
        "events/order.json: /where",
        "features/request.json: /groups/0/features/e",
        "features/shop.json: /groups/0/features/c",
        "features/shop.json: /groups/0/features/c",
        "features/shop.json: /groups/0/features/d",
        "labels/fraud.json: /weak_labels/small/vote",
        "labels/fraud.json: /strong_labels/majority/ties",
        "models/scorer.json: /input_features/0/feature_names/all/0",
    ]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(put(ORDER, "source", value="nowhere"), id="an event that all read"),
        pytest.param(put(ORDER, "fields", "shop", value="a[-1]"), id="a field that is a key"),
        pytest.param(put(SHOP, "period", value=["weekly"]), id="a family that is joined"),
        pytest.param(put("tables/countries.json", "key", value="x"), id="a table that is joined"),
        pytest.param(put("labels/fraud.json", "family", value="x"), id="labels of a model"),
        pytest.param(put(REQUEST, "groups", 1, "source", value="x"), id="a join that labels read"),
    ],
)
def test_what_follows_from_a_problem_is_not_told(tmp_path: Path, change: object) -> None:
    assert len(problems_of(tmp_path, change)) == 1  # type: ignore[arg-type]


def test_the_report_counts_and_shows_line_and_column(tmp_path: Path) -> None:
    project = changed(put(SHOP, "groups", 0, "features", "c", value="$ordes"))

    with pytest.raises(ConfigError) as refusal:
        build_graph(load_config(write(tmp_path, project), "local"))

    assert str(refusal.value) == (
        "1 problem in the configuration\n"
        "configs/features/shop.json:19:10: /groups/0/features/c\n"
        "  $ordes is not a feature of 'shop_stats'\n"
        "    $ordes\n"
        "    ^^^^^^\n"
        "  fix: write $orders"
    )


def test_a_graph_knows_every_asset_of_the_project(tmp_path: Path) -> None:
    graph = graph_of(tmp_path)

    assert [len(v) for v in (graph.events, graph.tables, graph.families)] == [1, 1, 1]
    assert set(graph.sources) == {"events", "countries"}
    assert graph.sources["events"].landings[0].relation == "landing/events"
    assert len(graph.attributes) == len({a.identity for a in graph.attributes.values()}) + 3


def test_a_project_of_events_alone_is_a_project(tmp_path: Path) -> None:
    files = ["features/shop.json", "features/request.json", "labels/fraud.json"]
    files += ["models/scorer.json", "tables/countries.json"]

    graph = graph_of(tmp_path, *map(drop, files))

    assert [op.name for op in graph.ops] == ["raw__events", "event__order"]
