"""Names and versions: retired ones are gone, chains end, and mends are near."""

from pathlib import Path

from fig_assets.config.load import load_config
from fig_assets.graph.owners import Choice
from fig_assets.graph.scope import Scope, choices
from tests.graph.projects import SMALL, Json, graph_of, problems_of, put, write

SHOP = "features/shop.json"
FEATURES = ("groups", 0, "features")
RETIRED = {
    "default_version": 2,
    "versions": {"1": {"function": "@COUNT(*)", "retired": True}, "2": "@COUNT($amount)"},
}


def test_a_retired_version_is_neither_built_nor_readable(tmp_path: Path) -> None:
    graph = graph_of(tmp_path / "a", put(SHOP, *FEATURES, "orders", value=RETIRED))
    reader = put(SHOP, *FEATURES, "refund_rate", value="$refunds / $orders@1")

    assert ("features", "shop_stats", "daily", "orders__v1") not in graph.attributes
    assert problems_of(tmp_path / "b", put(SHOP, *FEATURES, "orders", value=RETIRED), reader) == [
        "configs/features/shop.json: /groups/0/features/refund_rate\n"
        "  orders@1 of family 'shop_stats' is retired\n"
        "    $refunds / $orders@1\n"
        "               ^^^^^^^^^\n"
        "  fix: use $orders@2"
    ]


def test_the_live_versions_of_a_name_are_listed_with_the_default(tmp_path: Path) -> None:
    project = {**SMALL, SHOP: {**SMALL[SHOP], "groups": [dict(SMALL[SHOP]["groups"][0])]}}
    project[SHOP]["groups"][0]["features"] = {**SMALL[SHOP]["groups"][0]["features"], "n": RETIRED}
    [family] = [
        definition
        for definition in load_config(write(tmp_path, project), "local").families
        if definition.spec.name == "shop_stats"
    ]

    assert choices(family.spec.groups[0].own)["n"] == Choice(2, (2,))


def test_a_mend_names_what_is_near_or_everything(tmp_path: Path) -> None:
    scope = Scope(load_config(write(tmp_path, SMALL), "local"))

    assert scope.nearest("ordrs", ["orders", "refunds"], "$") == "write $orders"
    assert scope.nearest("x", ["orders", "refunds"]) == "use one of: orders, refunds"
    assert scope.nearest("x", []) == "define it first"


def test_an_endless_chain_is_refused_before_python_gives_up(tmp_path: Path) -> None:
    def chain(project: Json) -> None:
        features = project[SHOP]["groups"][0]["features"]
        features |= {f"x{n}": f"$x{n + 1} + 1" for n in range(200)} | {"x200": "$orders"}

    assert problems_of(tmp_path, chain)[0] == (
        "configs/features/shop.json: /groups/0/features/x59\n"
        "  shop_stats.x60@1 is read through a chain of more than 60 attributes\n"
        "    $x60 + 1\n"
        "    ^^^^\n"
        "  fix: write a part of the chain as one expression"
    )


def test_a_circle_through_a_model_is_printed(tmp_path: Path) -> None:
    scores = {"source": "scorer", "features": ["score"]}
    odd = put("features/request.json", "groups", 3, "features", "is_odd", value="$scorer_score > 1")

    assert problems_of(tmp_path, put("features/request.json", "groups", 2, value=scores), odd) == [
        "configs/features/request.json: /groups/3/features/is_odd\n"
        "  attributes read each other in a circle: request.scorer_score@1 -> scorer.score@1"
        " -> request.is_odd@1 -> request.scorer_score@1\n"
        "    $scorer_score > 1\n"
        "    ^^^^^^^^^^^^^\n"
        "  fix: let one of them read something else"
    ]
