"""Features that a join without a match makes 0: what is made of counts and nothing else."""

from pathlib import Path

import pytest

from fig_assets.graph.definitions import Joined
from tests.graph.projects import graph_of, put

SHOP, REQUEST = "features/shop.json", "features/request.json"


@pytest.mark.parametrize(
    ("feature", "default"),
    [
        ("@COUNT(*)", 0),
        ("@COUNT_IF($is_refund) FILTER (WHERE $amount > 1)", 0),
        ("@APPROX_COUNT_DISTINCT($country)", 0),
        ("@COUNT($amount) + @COUNT_DISTINCT($country) * 2 - @COUNT(*)", 0),
        ("-@COUNT(*) / 7", 0),
        ("@COUNT(*) % 3", 0),
        ("$orders * 1.5", 0),
        ("$orders + @COUNT($country)", 0),
        ({"function": "@COUNT(*)", "type": "float"}, 0),
        ("(@COUNT(*) + 1)::bigint - 1", 0),
        ({"function": "@COUNT(*)", "type": "string"}, None),
        ("@COUNT(*) + 1", None),
        ("@COUNT(*) / $orders", None),
        ("@COUNT(*) % 0", None),
        ("@SUM($amount)", None),
        ("@SUM($is_refund) + @COUNT(*)", None),
        ("@COALESCE(@SUM($amount), 0)", None),
        ("$orders > 3", None),
        ("$refunds * $orders", None),
        ("$orders * 1e308 * 1e308", 0),
        ("($orders + 1e308) * 1e308 * 0", None),
    ],
    ids=str,
)
def test_what_is_made_of_counts_is_zero_without_a_match(
    tmp_path: Path, feature: object, default: int | None
) -> None:
    graph = graph_of(
        tmp_path,
        put(SHOP, "groups", 0, "features", "made", value=feature),
        put(REQUEST, "groups", 1, "no_match", value="zero"),
    )
    [made] = [
        attribute
        for attribute in graph.row_families["request"].features
        if attribute.name.endswith("_made")
    ]

    assert isinstance(made.definition, Joined)
    assert made.definition.default == default
