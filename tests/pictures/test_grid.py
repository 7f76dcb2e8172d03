from fig_assets.pictures.grid import grid
from tests.pictures.drawn import HOSTILE, read, titles, words


def test_the_larger_share_is_darker_and_says_its_number() -> None:
    svg = grid(["a", "b"], ["c", "d"], [[0.1, 0.2], [None, 0.0]], title="conflicts")

    dark = [float(part.get("fill-opacity", "-1")) for part in read(svg).iter("rect")][1:]
    assert len(dark) == 3
    assert dark[1] == 1 > dark[0] > dark[2]
    assert titles(svg) == ["10.000%", "20.000%", "0.000%"]
    assert words(svg)[:3] == ["c", "d", "a"]


def test_the_same_names_on_both_sides_are_numbered() -> None:
    svg = grid([HOSTILE, "b"], [HOSTILE, "b"], [[None, 0.5], [0.5, None]], title="conflicts")

    assert words(svg)[:2] == ["1", "2"]
    assert any(word.startswith("1 </title>") for word in words(svg))


def test_nobody_disagrees_with_nobody() -> None:
    assert titles(grid([], [], [], title="conflicts")) == []
