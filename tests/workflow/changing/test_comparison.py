"""`workflow.comparison` against plain loops, over relations of made-up values."""

import math
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fig_assets.engines import open_engine
from fig_assets.engines.base import DAY, Column, Engine, Target
from fig_assets.language.types import (
    BIGINT,
    BOOLEAN,
    DATE,
    FLOAT,
    STRING,
    TIMESTAMP,
    Type,
    arrow_type,
)
from fig_assets.sql.comparison import MOST_CATEGORIES, QUANTILES, Pair
from fig_assets.sql.published import days_of
from fig_assets.workflow.changing.comparison import OTHERS, Comparison, compare
from tests.naive import comparison as naive

FIRST, SECOND = date(2024, 1, 1), date(2024, 1, 2)
Values = Sequence[object]


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with open_engine("duckdb", "lake", tmp_path_factory.mktemp("comparison")) as engine:
        yield engine


def compared(
    engine: Engine, left: Values, right: Values, one: Type, other: Type | None = None
) -> Comparison:
    """Compare two columns; the first half of the rows is of the first day."""
    kinds = one, other or one
    stored = {"key": pa.int64(), "a__v1": arrow_type(kinds[0]), "a__v2": arrow_type(kinds[1])}
    target = Target("families/made", ("key",), tuple(Column(n, k) for n, k in stored.items()))
    half = len(left) // 2
    days = [FIRST] * half + [SECOND] * (len(left) - half)
    columns = [pa.array(days, pa.date32()), pa.array(range(len(left)), pa.int64())]
    columns += [pa.array(left, stored["a__v1"]), pa.array(right, stored["a__v2"])]
    engine.replace_days(target, pa.table(columns, [DAY, *stored]), [FIRST, SECOND])
    shape = {DAY: pa.date32(), **stored}
    pair = Pair("families/made", shape, ("key",), "a__v1", "a__v2", *kinds)
    return compare(engine, pair, days_of(FIRST, SECOND))


numbers = st.one_of(
    st.none(),
    st.sampled_from([0.0, 0.1, 0.30000000000000004, 1.0, -1.5]),
    st.floats(-1e6, 1e6, allow_subnormal=False),
)
pairs_of_numbers = st.lists(st.tuples(numbers, numbers), max_size=30)
texts = st.sampled_from([None, "", "a", "b", "it's", "NULL", "ä"])
pairs_of_texts = st.lists(st.tuples(texts, texts), max_size=30)


@settings(max_examples=12, deadline=None)
@given(pairs=pairs_of_numbers)
def test_numbers_are_compared_as_by_plain_loops(
    engine: Engine, pairs: list[tuple[float | None, float | None]]
) -> None:
    left, right = [a for a, _ in pairs], [b for _, b in pairs]

    found = compared(engine, left, right, FLOAT)

    assert (found.kind, found.rows) == ("number", len(pairs))
    assert found.differ == naive.differing(left, right)
    assert found.both == sum(a is not None and b is not None for a, b in pairs)
    bins = naive.tenths(left, right)
    assert [(it.left, it.right) for it in found.bins] == bins
    assert found.psi == pytest.approx(naive.psi(bins), abs=1e-9)
    assert found.js_distance == pytest.approx(naive.js_distance(bins), abs=1e-6)
    for side, values in ((found.left, left), (found.right, right)):
        there = [value for value in values if value is not None]
        assert (side.values, side.nulls) == (len(there), len(values) - len(there))
        if there:
            assert side.mean == pytest.approx(sum(there) / len(there), abs=1e-6)
            assert (side.low, side.high) == (min(there), max(there))
            for place, value in side.quantiles:
                assert value == pytest.approx(naive.quantile(there, place), abs=1e-6)
            assert [place for place, _ in side.quantiles] == list(QUANTILES)
    assert sum(it.left for it in found.histogram) == len(pairs)


@settings(max_examples=8, deadline=None)
@given(pairs=pairs_of_texts)
def test_texts_are_compared_as_by_plain_loops(
    engine: Engine, pairs: list[tuple[str | None, str | None]]
) -> None:
    left, right = [a for a, _ in pairs], [b for _, b in pairs]

    found = compared(engine, left, right, STRING)

    assert found.kind == "category"
    assert found.differ == naive.differing(left, right)
    expected = naive.categories(left, right, MOST_CATEGORIES)
    told = [("NULL" if value is None else value, a, b) for value, a, b in expected]
    assert [(it.label, it.left, it.right) for it in found.bins] == told
    assert found.psi == pytest.approx(naive.psi([(a, b) for _, a, b in expected]), abs=1e-9)


def test_correlation_is_pearsons_and_none_beside_a_constant(engine: Engine) -> None:
    left, right = [1.0, 2.0, 3.0, None, 5.0], [2.0, 1.0, 4.0, 8.0, None]

    found = compared(engine, left, right, FLOAT)

    assert found.correlation == pytest.approx(naive.correlation(left, right))
    assert compared(engine, left, [7.0] * 5, FLOAT).correlation is None


def test_more_categories_than_are_told_are_counted_together(engine: Engine) -> None:
    left = [str(n) for n in range(30)]

    found = compared(engine, left, ["x"] * 30, STRING)

    assert len(found.bins) == MOST_CATEGORIES + 1
    assert (found.bins[-1].label, found.bins[-1].left, found.bins[-1].right) == (OTHERS, 11, 0)
    assert (found.bins[0].label, found.bins[0].right) == ("x", 30)


@pytest.mark.parametrize(
    ("one", "other", "left", "right", "differ"),
    [
        (BOOLEAN, BOOLEAN, [True, None, False], [True, False, True], 2),
        (BIGINT, FLOAT, [1, 2, None], [1.0, 2.5, None], 1),
        (DATE, DATE, [FIRST, SECOND, None], [FIRST, FIRST, FIRST], 2),
        (TIMESTAMP, TIMESTAMP, [datetime(2024, 1, 1)], [datetime(2024, 1, 1, 1)], 1),  # noqa: DTZ001
        (BIGINT, STRING, [1, 2, None], ["1", "x", None], 1),
        (Type("embedding", 2), Type("embedding", 2), [[1.0, 2.0], None], [[1.0, 2.5], None], 1),
    ],
    ids=["booleans", "a bigint and a float", "dates", "moments", "a number and text", "vectors"],
)
def test_values_of_any_type_are_compared(
    engine: Engine, one: Type, other: Type, left: Values, right: Values, differ: int
) -> None:
    found = compared(engine, left, right, one, other)

    assert found.differ == differ
    assert len(found.examples) == differ


def test_a_vector_beside_a_simple_value_is_refused(engine: Engine) -> None:
    with pytest.raises(ValueError, match="nothing in common"):
        compared(engine, [[1.0]], [1.0], Type("embedding", 1), FLOAT)


def test_the_largest_numbers_break_nothing(engine: Engine) -> None:
    found = compared(engine, [1e308, -1e308, 2.0, 4.0], [1.7e308, 1e308, 2.0, 5.0], FLOAT)

    assert (found.left.mean, found.right.mean) == (3.0, 3.5)
    assert found.differ == 3
    assert all(math.isfinite(it) for it in (found.psi or 0, found.js_distance or 0))


def test_examples_go_by_distance_then_null_then_key(engine: Engine) -> None:
    found = compared(engine, [1.0, 1.0, None, 5.0], [1.5, 9.0, 1.0, 5.0], FLOAT)

    assert [row["key"] for row in found.examples] == [1, 0, 2]
    assert found.examples[0] == {
        "day": FIRST, "key": 1, "left_value": 1.0, "right_value": 9.0,
    }  # fmt: skip


def test_days_are_told_one_by_one(engine: Engine, tmp_path: Path) -> None:
    found = compared(engine, [1.0, 3.0, None, 5.0], [1.0, 4.0, 2.0, 5.0], FLOAT)

    told = [(it.day, it.rows, it.differ, it.left_mean, it.right_mean) for it in found.by_day]
    assert told == [(FIRST, 2, 1, 2.0, 2.5), (SECOND, 2, 1, 5.0, 3.5)]
    assert compared(engine, [], [], FLOAT).by_day == ()
