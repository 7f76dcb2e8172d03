from fig_assets.pictures.lines import Line, lines
from tests.pictures.drawn import HOSTILE, points, read, titles, words

DAYS = ["1", "2", "3"]


def test_a_higher_value_stands_higher_and_a_missing_one_nowhere() -> None:
    svg = lines(DAYS, [Line("a", [1.0, None, 3.0]), Line("b", [2.0, 2.0, 2.0])])

    first, second = points(svg)
    assert [x for x, _ in first] == [x for x, _ in second][::2]
    assert first[0][1] > second[0][1] > first[1][1]
    assert words(svg)[:2] == ["3", "1"]


def test_an_interval_reaches_from_its_low_end_to_its_high_end() -> None:
    svg = lines(DAYS[:2], [Line("a", [1.0, 2.0], low=[0.0, None], high=[3.0, None])])

    (band,) = [part for part in read(svg).iter("line") if part.get("stroke-width") == "7"]
    ((_, low_y), _) = points(svg)[0]
    assert float(band.get("y2", "0")) < low_y < float(band.get("y1", "0"))
    assert titles(svg) == ["1: 1 (0 to 3)", "2: 2"]


def test_nothing_to_draw_is_no_picture() -> None:
    assert lines(DAYS, [Line("a", [None, None, None])]) == ""
    assert lines([], []) == ""


def test_one_day_with_one_value_can_be_drawn() -> None:
    assert len(points(lines(["1"], [Line("a", [5.0])]))[0]) == 1


def test_names_are_text_and_may_be_left_out() -> None:
    assert "<script>" in words(lines(DAYS, [Line(HOSTILE, [1.0, 2.0, 3.0])]))[2]
    assert words(lines(DAYS, [Line("a", [1.0, 2.0, 3.0])], named=False))[2:] == DAYS
