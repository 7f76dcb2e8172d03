import pytest
from hypothesis import given
from hypothesis import strategies as st

from fig_assets.models.shift import js_distance, psi
from tests.naive import comparison as naive

bins = st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=8)


@given(bins)
def test_both_equal_plain_loops(counts: list[tuple[int, int]]) -> None:
    left, right = [a for a, _ in counts], [b for _, b in counts]

    assert psi(left, right) == pytest.approx(naive.psi(counts), abs=1e-9)
    assert js_distance(left, right) == pytest.approx(naive.js_distance(counts), abs=1e-6)


@given(bins)
def test_both_are_symmetric_and_zero_for_equal_shares(counts: list[tuple[int, int]]) -> None:
    left, right = [a for a, _ in counts], [b for _, b in counts]

    assert psi(left, right) == pytest.approx(psi(right, left))
    assert js_distance(left, right) == pytest.approx(js_distance(right, left))
    assert not any(left) or psi(left, [3 * count for count in left]) == pytest.approx(0)


def test_known_values() -> None:
    assert psi([50, 50], [60, 40]) == pytest.approx(0.040546, abs=1e-6)
    assert js_distance([1, 0], [0, 1]) == 1.0
    assert psi([], []) is js_distance([0], [1]) is None
