"""Aggregate calls that look at the same values are merged from the same stored states."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from fig_assets.sql.state_columns import GroupStates, states_of
from tests.workflow.projects import write_project

FIELDS = {
    "shop": "shop::bigint",
    "country": "country",
    "amount": "amount::float",
    "is_refund": "is_refund::boolean",
}


def states(folder: Path, calls: Sequence[str]) -> GroupStates:
    """Give the states of a family that has one feature for each call."""
    features = {f"feature_{n}": call for n, call in enumerate(calls)}
    group = {"source": "order", "granularity_field": "shop", "features": features}
    family = {"name": "shop", "granularity": "shop", "period": ["daily"], "groups": [group]}
    configs = {
        "events/order.json": {"name": "order", "event_name": "order", "fields": FIELDS},
        "features/shop.json": family,
    }
    project = write_project(folder, configs, start="2024-03-01")
    (found,) = states_of(project.graph.families["shop"])
    return found


@pytest.mark.parametrize(
    ("calls", "kinds"),
    [
        (["@SUM($amount)", "@AVG($amount)", "@COUNT($amount)"], ["count", "sum"]),
        (["@STDDEV($amount)", "@VARIANCE($amount)", "@AVG($amount)"], ["count", "m2", "sum"]),
        (
            ["@SUM($shop)", "@AVG($shop)", "@STDDEV($shop)"],
            ["count", "float_sum", "m2", "sum_high", "sum_low"],
        ),
        (["@COUNT_IF($is_refund)", "@COUNT(*) FILTER (WHERE $is_refund)"], ["rows"]),
        (
            ["@COUNT_IF($shop > 1 AND $amount > 1)", "@COUNT_IF((($shop>1)) AND $amount>1)"],
            ["rows"],
        ),
        (["@COUNT(*)", "@COUNT_IF($is_refund)"], ["rows", "rows"]),
        (["@COUNT($is_refund)", "@COUNT_IF($is_refund)"], ["count", "rows"]),
        (["@COUNT_IF($is_refund)", "@SUM($is_refund)"], ["rows", "trues"]),
        (["@SUM($amount)", "@SUM($amount) FILTER (WHERE $shop > 1)"], ["sum", "sum"]),
        (["@MIN($amount)", "@MAX($amount)"], ["max", "min"]),
        (["@AVG($amount / $shop)", "@MAX($amount / $shop)"], ["count", "lost", "max", "sum"]),
        (
            ["@FIRST($amount)", "@LAST($amount)"],
            [f"{a}_{b}" for a in ("first", "last") for b in ("id", "time", "value")],
        ),
    ],
    ids=" and ".join,
)
def test_calls_share_the_columns_that_hold_the_same(
    tmp_path: Path, calls: list[str], kinds: list[str]
) -> None:
    names = states(tmp_path, calls).merged

    assert len(names) == len(kinds)
    assert all(any(name.startswith(f"{kind}_") for name in names) for kind in kinds), names


@pytest.mark.parametrize(
    ("calls", "kinds"),
    [
        (["@COUNT_DISTINCT($country)", "@MODE($country)", "@ENTROPY($country)"], ["values"]),
        (
            ["@COUNT_DISTINCT($country)", "@APPROX_COUNT_DISTINCT($country)"],
            ["registers", "values"],
        ),
        (["@MODE($country)", "@MODE($country) FILTER (WHERE $is_refund)"], ["values", "values"]),
    ],
    ids=" and ".join,
)
def test_calls_share_the_values_that_they_count(
    tmp_path: Path, calls: list[str], kinds: list[str]
) -> None:
    found = states(tmp_path, calls)

    assert sorted(name.split("/")[-1].split("_")[0] for name in found.values) == kinds
    assert not found.merged
