import pytest

from fig_assets.pictures.bars import bars
from tests.pictures.drawn import HOSTILE, read, titles, words


def heights(svg: str) -> list[float]:
    return [float(part.get("height", "0")) for part in read(svg).iter("rect")][1:]


def test_bars_are_as_high_as_the_shares_and_say_their_counts() -> None:
    svg = bars(["low", "high"], [[1, 3], [10, 10]], ["old", "new"])

    low, high, new_low, new_high = heights(svg)
    assert high == pytest.approx(3 * low, abs=0.2)
    assert new_low == new_high
    assert titles(svg)[:2] == ["low: 1 (25.00%)", "high: 3 (75.00%)"]
    assert words(svg) == ["75%", "0%", "old", "new", "low", "high"]


def test_counts_of_nothing_have_no_height() -> None:
    assert heights(bars(["a", "b"], [[0, 0]])) == [0, 0]
    assert heights(bars([], [[]])) == []


def test_labels_of_the_data_are_text() -> None:
    assert "<script>" in titles(bars([HOSTILE], [[1]]))[0]
