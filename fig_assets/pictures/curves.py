"""Points of two shares each -> curves in a square from 0 to 1, such as precision over recall."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fig_assets.pictures.frame import AXIS, Frame, colour, label, legend, picture, text

SQUARE = Frame(width=420, height=330, left=50, right=20, top=10, bottom=40)
_MARKS = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True)
class Curve:
    """Points (x, y), both from 0 to 1, in the order in which they are joined."""

    name: str
    points: Sequence[tuple[float, float]]


def curves(
    series: Sequence[Curve],
    *,
    x: str,
    y: str,
    diagonal: bool = False,
    stepped: bool = False,
    dotted: bool = False,
) -> str:
    """Draw curves over each other.

    Args:
        series: The curves; one without points is only named.
        x: What the horizontal axis is.
        y: What the vertical axis is.
        diagonal: Whether the line of x = y is drawn too.
        stepped: Whether y holds back to the point before: nothing between two points is guessed.
        dotted: Whether each point is marked, and says its numbers.
    """
    names = [curve.name for curve in series]
    frame = SQUARE.below_legend(names)
    parts = [*_grid(frame, x, y), *legend(frame, names)]
    if diagonal:
        ends = f'x1="{frame.x(0):.1f}" y1="{frame.y(0):.1f}" x2="{frame.x(1):.1f}"'
        parts.append(f'<line stroke="{AXIS}" stroke-dasharray="4 3" {ends} y2="{frame.y(1):.1f}"/>')
    for place, curve in enumerate(series):
        points = _steps(curve.points) if stepped else curve.points
        path = " ".join(f"{frame.x(a):.1f},{frame.y(b):.1f}" for a, b in points)
        parts.append(
            f'<polyline fill="none" stroke="{colour(place)}" stroke-width="1.6" points="{path}"/>'
        )
        parts += _dots(frame, curve, colour(place)) if dotted else ()
    return picture(frame, parts, f"{y} by {x}")


def _grid(frame: Frame, x: str, y: str) -> Iterator[str]:
    for mark in _MARKS:
        across, up = frame.x(mark), frame.y(mark)
        thin = f'<line stroke="{AXIS}" stroke-width="0.5"'
        yield f'{thin} x1="{across:g}" x2="{across:g}" y1="{frame.y(0):g}" y2="{frame.y(1):g}"/>'
        yield f'{thin} x1="{frame.x(0):g}" x2="{frame.x(1):g}" y1="{up:g}" y2="{up:g}"/>'
        yield label(f"{mark:g}", across, frame.y(0) + 13, "middle")
        yield label(f"{mark:g}", frame.left - 5, up + 3, "end")
    yield label(x, frame.x(0.5), frame.y(0) + 30, "middle")
    middle = frame.y(0.5)
    turned = label(y, 14, middle, "middle")
    yield f'<g transform="rotate(-90 14 {middle:.1f})">{turned}</g>'


def _steps(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    found: list[tuple[float, float]] = []
    for point in points:
        if found:
            found.append((found[-1][0], point[1]))
        found.append(point)
    return found


def _dots(frame: Frame, curve: Curve, fill: str) -> Iterator[str]:
    for a, b in curve.points:
        told = text(f"{a:.4g}: {b:.4g}", 60)
        yield (
            f'<circle fill="{fill}" cx="{frame.x(a):.1f}" cy="{frame.y(b):.1f}" r="2.5">'
            f"<title>{told}</title></circle>"
        )
