"""What all pictures share: the place of the axes, colours, words that are safe, the SVG around."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

COLOURS = ("#3566b8", "#d9822b", "#2f8f6b", "#a2477f", "#6b6fb3", "#8a7a1f", "#3d9ab5", "#8c5a3c")
"""One for each series, in their order; after the last the first comes again."""
WORDS, AXIS, PAPER = "#5b6577", "#c3c9d4", "#ffffff"
LONGEST_LABEL, LONGEST_NAME = 26, 60
EDGE = 60
"""Labels of what stands nearer to the right edge than this end there, so that none is cut off."""
MOST_TICKS = 4
LETTER, LINE = 6.2, 15
"""How wide a letter of the legend is at most, and how high one of its lines."""
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Frame:
    """A picture of `width` by `height` with room for the axes; shares of 0 to 1 become places."""

    width: float = 640
    height: float = 180
    left: float = 44
    right: float = 8
    top: float = 8
    bottom: float = 26

    def x(self, share: float) -> float:
        """Return the place of a share of the way from the left axis to the right edge."""
        return self.left + (self.width - self.left - self.right) * share

    def y(self, share: float) -> float:
        """Return the place of a share of the way from the bottom axis up."""
        return self.height - self.bottom - (self.height - self.top - self.bottom) * share

    def below_legend(self, names: Sequence[str]) -> "Frame":
        """Return a frame with room for the legend of `names` above what this one shows."""
        more = LINE * (max((line for line, _ in _legend_places(self, names)), default=-1) + 1)
        return Frame(
            self.width, self.height + more, self.left, self.right, self.top + more, self.bottom
        )


def text(words: str, longest: int = LONGEST_LABEL) -> str:
    """Return words as they may stand in SVG and HTML: no markup, nothing that XML refuses."""
    known = _NOT_XML.sub("\ufffd", words)
    return escape(known if len(known) <= longest else f"{known[: longest - 1]}…")


def colour(place: int) -> str:
    """Return the colour of a series by its place."""
    return COLOURS[place % len(COLOURS)]


def axes(frame: Frame, top: str, bottom: str) -> Iterator[str]:
    """Draw the line at the bottom, and what its height and that of the top mean."""
    base = frame.y(0)
    yield (
        f'<line stroke="{AXIS}" x1="{frame.left:g}" y1="{base:g}" x2="{frame.width:g}" '
        f'y2="{base:g}"/>'
    )
    for words, y in ((top, frame.top + 8), (bottom, base)):
        yield label(words, frame.left - 4, y, "end")


def ticks(frame: Frame, labels: Sequence[str], places: Sequence[float]) -> Iterator[str]:
    """Write a few of the labels below the bottom axis, each at its place in pixels."""
    every = -(-len(labels) // MOST_TICKS) or 1
    for place in range(0, len(labels), every):
        at_edge = places[place] > frame.width - EDGE
        x, anchor = (frame.width, "end") if at_edge else (places[place], "middle")
        yield label(labels[place], x, frame.y(0) + 14, anchor)


def legend(frame: Frame, names: Sequence[str]) -> Iterator[str]:
    """Write the names of the series, each in its colour, above what is shown."""
    for place, (line, x) in enumerate(_legend_places(frame, names)):
        words = text(names[place], LONGEST_NAME)
        yield (
            f'<text x="{x:.0f}" y="{LINE * (line + 1) - 3}" fill="{colour(place)}" '
            f'font-weight="600">{words}</text>'
        )


def label(words: str, x: float, y: float, anchor: str = "start") -> str:
    """Write words at a place: it is where they start, their middle, or where they end."""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" fill="{WORDS}" text-anchor="{anchor}">{text(words)}</text>'
    )


def picture(frame: Frame, parts: Sequence[str], title: str) -> str:
    """Return the parts as one SVG element on white paper; `title` is for those who cannot see it.

    In a page it stands as it is; `shown.image` makes it a document of its own.
    """
    size = f"{frame.width:g}", f"{frame.height:g}"
    return (
        f'<svg viewBox="0 0 {size[0]} {size[1]}" '
        f'width="{size[0]}" height="{size[1]}" role="img" aria-label="{text(title, 200)}" '
        f'font-family="system-ui, sans-serif" font-size="10">'
        f'<rect width="{size[0]}" height="{size[1]}" fill="{PAPER}"/>{"".join(parts)}</svg>'
    )


def _legend_places(frame: Frame, names: Sequence[str]) -> list[tuple[int, float]]:
    """Return the line and the place of each name; a name that does not fit begins a line."""
    places: list[tuple[int, float]] = []
    line, x = 0, frame.left
    for name in names:
        wide = LETTER * min(len(name), LONGEST_NAME) + 18
        if x > frame.left and x + wide > frame.width:
            line, x = line + 1, frame.left
        places.append((line, x))
        x += wide
    return places
