"""Spreads merged from days, quickly or carefully, beside exact fractions."""

import math
import random
from collections.abc import Iterator, Sequence
from fractions import Fraction

import duckdb
import pyarrow as pa
import pytest
from sqlglot import exp

from fig_assets.engines.sandbox import SETTINGS
from fig_assets.language.spread import (
    SPREADS,
    in_doubt,
    merged_spread,
    parts_of_spread,
    quickly,
)

Days = Sequence[tuple[int, float, float | None]]
"""Of each day its number of values, their mean, and their squares around it."""

EVEN = [(3, 1e9 + n, 0.0) for n in range(9)]
UNEVEN = [(1 + 7 * n, 1e9 + n / 4, 0.0) for n in range(9)]
NEAR_ZERO = [(1 + 7 * n, n / 4, 1.5) for n in range(9)]
HEAVY = [(1_000_000, 1000.0, 0.0), (1, 1001.0, 0.0)]
ALIKE = [(n, 0.5, 0.0) for n in (1, 3, 8)]


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(":memory:", config=dict(SETTINGS)) as opened:
        yield opened


def merged(connection: duckdb.DuckDBPyConnection, tree: exp.Expr, days: Days) -> object:
    """Evaluate an aggregate over the states of some days."""
    counts = pa.array([n for n, _, _ in days], pa.int64())
    sums = pa.array([n * mean if n else None for n, mean, _ in days], pa.float64())
    within = pa.array([m2 for _, _, m2 in days], pa.float64())
    connection.register("days", pa.table({"count": counts, "sum": sums, "m2": within}))
    ((found,),) = connection.execute(exp.select(tree).from_("days").sql("duckdb")).fetchall()
    return found


def doubt() -> exp.Expr:
    parts = parts_of_spread(exp.column)
    return in_doubt(lambda name: parts[name].copy(), quickly(lambda name: parts[name].copy()))


def exact(days: Days) -> float | None:
    """Merge with fractions: no digit is lost, but those of each day's mean."""
    known = [(n, Fraction(n * mean / n), Fraction(m2 or 0)) for n, mean, m2 in days if n]
    count = sum(n for n, _, _ in known)
    if count < 2:
        return None
    centre = sum(n * mean for n, mean, _ in known) / count
    squares = sum(m2 + n * (mean - centre) ** 2 for n, mean, m2 in known)
    return float(squares / (count - 1))


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        pytest.param(EVEN, True, id="far from zero"),
        pytest.param(UNEVEN, True, id="far from zero, more values on some days"),
        pytest.param(NEAR_ZERO, False, id="near zero, more values on some days"),
        pytest.param([(1, 49_999.0, 0.0), (1, 50_001.0, 0.0)], False, id="near enough"),
        pytest.param([(1, 199_999.0, 0.0), (1, 200_001.0, 0.0)], True, id="too far"),
        pytest.param(HEAVY, True, id="one value beside a million that are alike"),
        pytest.param(ALIKE, False, id="all alike"),
        pytest.param([(5, 1e9, 0.0)], False, id="one day"),
        pytest.param([(4, 1e139, 1.0), (1, -1e139, 0.0)], False, id="the largest that is squared"),
        pytest.param([(4, 1e140, math.nan), (1, 3.0, 0.0)], False, id="one that is not squared"),
        pytest.param([(0, 0.0, None)], None, id="no value"),
    ],
)
def test_a_window_is_in_doubt_where_its_days_are_far_from_zero_beside_their_spread(
    connection: duckdb.DuckDBPyConnection, days: Days, expected: object
) -> None:
    assert merged(connection, doubt(), days) is expected


@pytest.mark.parametrize(
    "days",
    [EVEN, UNEVEN, NEAR_ZERO, HEAVY, ALIKE],
    ids=["even", "uneven", "near zero", "heavy", "alike"],
)
def test_a_variance_keeps_nine_digits(connection: duckdb.DuckDBPyConnection, days: Days) -> None:
    found = merged(connection, merged_spread("VARIANCE", exp.column), days)

    assert found == pytest.approx(exact(days), rel=1e-9, abs=1e-300)


def test_what_is_not_in_doubt_keeps_nine_digits_whatever_the_days(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    chance = random.Random(4)
    doubtful = 0
    for _ in range(60):
        offset, apart = 10.0 ** chance.randint(-3, 8), 10.0 ** chance.randint(-3, 6)
        most = 10 ** chance.randint(0, 6)
        days = [
            (chance.randint(1, most), chance.gauss(offset, apart), chance.choice([0.0, 1.0]))
            for _ in range(chance.choice([2, 7, 30]))
        ]
        found = merged(connection, merged_spread("VARIANCE", exp.column), days)
        assert found == pytest.approx(exact(days), rel=1e-9, abs=1e-300), days
        doubtful += merged(connection, doubt(), days) is True
    assert 10 < doubtful < 50


def test_a_deviation_is_the_root_of_a_variance(connection: duckdb.DuckDBPyConnection) -> None:
    found = {name: merged(connection, merged_spread(name, exp.column), EVEN) for name in SPREADS}

    assert found == {"VARIANCE": exact(EVEN), "STDDEV": math.sqrt(exact(EVEN) or 0.0)}
