import pytest

from fig_assets.pictures.frame import Frame, axes, colour, legend, picture, text, ticks
from tests.pictures.drawn import HOSTILE, read, words


def test_shares_become_places_between_the_axes() -> None:
    frame = Frame(100, 60, left=10, right=5, top=4, bottom=6)

    assert (frame.x(0), frame.x(1)) == (10, 95)
    assert (frame.y(0), frame.y(1)) == (54, 4)


def test_whatever_words_are_the_picture_is_one_document_without_markup_of_theirs() -> None:
    parts = [*axes(Frame(), HOSTILE, "0"), *legend(Frame(), [HOSTILE])]

    read_back = read(picture(Frame(), parts, HOSTILE))

    assert {part.tag for part in read_back.iter()} == {"svg", "rect", "line", "text"}
    assert "<script>" in (read_back.get("aria-label") or "")


@pytest.mark.parametrize(
    ("longest", "shown"), [(4, "abcd"), (3, "ab…")], ids=["as long as allowed", "too long"]
)
def test_long_words_end_in_dots(longest: int, shown: str) -> None:
    assert text("abcd", longest) == shown


def test_few_labels_are_written_and_the_last_one_ends_at_the_edge() -> None:
    frame = Frame()
    drawn = read(picture(frame, list(ticks(frame, list("abcdefgh"), [frame.width] * 8)), ""))

    assert [part.text for part in drawn.iter("text")] == ["a", "c", "e", "g"]
    assert {part.get("text-anchor") for part in drawn.iter("text")} == {"end"}


def test_a_legend_that_is_too_wide_goes_on_in_another_line() -> None:
    names = ["first " * 8, "second " * 8, "third"]
    frame = Frame().below_legend(names)

    drawn = read(picture(frame, list(legend(frame, names)), ""))
    lines = [float(part.get("y", "0")) for part in drawn.iter("text")]

    assert lines == [12, 27, 27]
    assert frame.y(0) - frame.y(1) == Frame().y(0) - Frame().y(1)
    assert frame.top > lines[-1]


def test_no_names_take_no_room() -> None:
    assert Frame().below_legend([]) == Frame()
    assert words(picture(Frame(), list(legend(Frame(), [])), "")) == []


def test_colours_begin_again_after_the_last() -> None:
    assert len({colour(place) for place in range(8)}) == 8
    assert colour(8) == colour(0)
