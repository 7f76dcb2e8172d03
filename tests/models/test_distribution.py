import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fig_assets.models.distribution import (
    MIN_ROWS,
    Distance,
    Distribution,
    count_numbers,
    count_texts,
    distance,
    frequent,
    of_numbers,
    of_texts,
)
from fig_assets.models.metrics import Floats
from tests.naive import drift as naive
from tests.naive.comparison import js_distance, psi

numbers = st.one_of(st.none(), st.sampled_from([-2.0, 0.0, 0.5, 1.0, 3.0]), st.floats(-9, 9))
texts = st.one_of(st.none(), st.sampled_from("aabcdefgh"))


def floats(values: list[float | None]) -> Floats:
    return np.array([np.nan if value is None else value for value in values])


@given(st.lists(numbers, min_size=1, max_size=40), st.lists(numbers, max_size=40), st.floats(-9, 9))
def test_numbers_are_counted_in_the_bins_of_plain_loops(
    trained: list[float | None], day: list[float | None], some: float
) -> None:
    trained = [*trained, some]
    reference = of_numbers(floats(trained))
    counted = count_numbers(reference, floats(day))

    found = sorted(zip(reference.counts, counted.counts, strict=True))
    assert [b for b in found if any(b)] == sorted(
        b for b in naive.bins_of_numbers(trained, day) if any(b)
    )


@settings(deadline=None)
@given(st.lists(texts, max_size=60), st.lists(texts, max_size=60))
def test_texts_are_counted_in_the_bins_of_plain_loops(
    trained: list[str | None], day: list[str | None]
) -> None:
    column = pa.chunked_array([pa.array(trained, pa.string())])
    reference = of_texts(column)
    counted = count_texts(reference, pa.array(day, pa.large_string()))

    found = list(zip(reference.counts, counted.counts, strict=True))
    assert found == naive.bins_of_texts(trained, day, 20)


@settings(max_examples=8, deadline=None)
@given(st.lists(numbers, min_size=1, max_size=20), st.lists(numbers, min_size=1, max_size=20))
def test_distances_are_those_of_plain_loops(
    trained: list[float | None], day: list[float | None]
) -> None:
    trained, day = [0.25, *trained] * MIN_ROWS, day * MIN_ROWS
    reference = of_numbers(floats(trained))
    found = distance(reference, count_numbers(reference, floats(day)))

    bins = naive.bins_of_numbers(trained, day)
    assert found.psi == pytest.approx(psi(bins), abs=1e-9)
    assert found.js == pytest.approx(js_distance(bins), abs=1e-6)


@pytest.mark.parametrize(
    ("trained", "day"),
    [([1.0], [0.0]), ([1.0], [2.0]), ([0.0, 1.0], [2.0]), ([1.0], [None])],
    ids=["below a constant", "above a constant", "beyond a flag", "gone missing"],
)
def test_a_new_value_of_a_column_with_few_values_is_far_away(
    trained: list[float | None], day: list[float | None]
) -> None:
    reference = of_numbers(floats(trained * MIN_ROWS))

    found = distance(reference, count_numbers(reference, floats(day * MIN_ROWS)))

    assert found.psi is not None
    assert found.psi > 5
    assert found.js == 1.0


@pytest.mark.parametrize(("rows", "told"), [(MIN_ROWS - 1, False), (MIN_ROWS, True)])
def test_few_rows_on_either_side_have_no_distance(rows: int, *, told: bool) -> None:
    many, few = of_numbers(np.arange(2000.0)), np.arange(float(rows))

    assert (distance(many, count_numbers(many, few)) != Distance()) == told
    assert (distance(of_numbers(few), count_numbers(of_numbers(few), few)) != Distance()) == told


def test_chance_alone_stays_below_what_people_call_a_shift() -> None:
    random = np.random.default_rng(5)
    reference = of_numbers(random.normal(size=20_000))
    days = [count_numbers(reference, random.normal(size=MIN_ROWS)) for _ in range(300)]

    found = sorted(distance(reference, day).psi or 0.0 for day in days)

    assert 0.01 < found[150] < 0.03
    assert found[297] < 0.1


@pytest.mark.parametrize("values", [[], [np.nan, np.nan]], ids=["no rows", "only NULL"])
def test_a_column_without_values_has_two_bins(values: list[float]) -> None:
    found = of_numbers(np.array(values))

    assert found == Distribution((0, len(values)))
    assert found.null_share == (1.0 if values else None)


def test_infinite_and_extreme_numbers_have_bins() -> None:
    greatest = float(np.finfo(np.float64).max)
    reference = of_numbers(np.array([-greatest, greatest, 0.0]))

    assert count_numbers(reference, np.array([np.inf, -np.inf, np.nan])).rows == 3
    assert np.isfinite(reference.edges).all()


def test_the_most_frequent_texts_come_first_and_ties_by_the_text() -> None:
    column = pa.array(["b", "a", None, "b", "a", "c"])

    assert frequent(column, 2) == [("a", 2), ("b", 2)]
