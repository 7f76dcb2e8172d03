import pytest

from fig_assets.pictures.curves import SQUARE, Curve, curves
from tests.pictures.drawn import HOSTILE, points, read, titles, words

FRAME = SQUARE.below_legend(["a"])


def test_points_stand_between_0_and_1_on_both_axes() -> None:
    svg = curves([Curve("a", [(0.0, 1.0), (1.0, 0.0)])], x="recall", y="precision")

    assert points(svg) == [[(FRAME.x(0), FRAME.y(1)), (FRAME.x(1), FRAME.y(0))]]
    assert {"recall", "precision", "0", "0.5", "1", "a"} <= set(words(svg))


def test_steps_guess_nothing_between_two_points() -> None:
    svg = curves([Curve("a", [(0.0, 1.0), (1.0, 0.5)])], x="x", y="y", stepped=True)

    corner = pytest.approx((FRAME.x(0), FRAME.y(0.5)), abs=0.06)
    assert points(svg)[0][1] == corner


def test_the_diagonal_is_drawn_where_it_means_something() -> None:
    def dashed(svg: str) -> int:
        return sum(part.get("stroke-dasharray") is not None for part in read(svg).iter("line"))

    assert dashed(curves([], x="x", y="y", diagonal=True)) == 1
    assert dashed(curves([], x="x", y="y")) == 0


def test_marked_points_say_their_numbers() -> None:
    svg = curves([Curve(HOSTILE, [(0.25, 0.5)])], x="x", y="y", dotted=True)

    assert titles(svg) == ["0.25: 0.5"]


def test_a_curve_without_points_is_only_named() -> None:
    svg = curves([Curve("nothing", [])], x="x", y="y")

    assert points(svg) == [[]]
    assert "nothing" in words(svg)
