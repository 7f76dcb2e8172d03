"""Series over the same labels, days for instance -> lines, with bands where they are uncertain."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from fig_assets.pictures.frame import Frame, axes, colour, legend, picture, text, ticks


@dataclass(frozen=True)
class Line:
    """A number for each label, or None; with `low` and `high` an interval around it."""

    name: str
    values: Sequence[float | None]
    low: Sequence[float | None] = field(default=())
    high: Sequence[float | None] = field(default=())

    @property
    def interval(self) -> tuple[tuple[float | None, float | None], ...]:
        """The interval of each label; None and None where there is none."""
        return tuple(zip(self.low, self.high, strict=True)) or ((None, None),) * len(self.values)


def lines(
    labels: Sequence[str],
    series: Sequence[Line],
    *,
    named: bool = True,
    title: str = "values by day",
) -> str:
    """Draw series over the same labels; what is None is left out. Empty where all of it is None.

    Args:
        labels: What each place of the series stands for.
        series: The lines.
        named: Whether their names stand in a legend.
        title: What the picture shows.
    """
    every = [
        value
        for line in series
        for part in (line.values, line.low, line.high)
        for value in part
        if value is not None
    ]
    if not every:
        return ""
    names = [line.name for line in series] if named else []
    frame = Frame(right=16).below_legend(names)
    bounds = (min(every), max(every))
    parts = [*axes(frame, f"{bounds[1]:.4g}", f"{bounds[0]:.4g}"), *legend(frame, names)]
    places = _places(frame, len(labels))
    for side, line in enumerate(series):
        parts += _drawn(frame, line, side, (labels, places), bounds)
    return picture(frame, [*parts, *ticks(frame, labels, places)], title)


def _places(frame: Frame, count: int) -> list[float]:
    return [frame.x(0.01 + 0.99 * place / max(count - 1, 1)) for place in range(count)]


def _drawn(
    frame: Frame,
    line: Line,
    side: int,
    across: tuple[Sequence[str], Sequence[float]],
    bounds: tuple[float, float],
) -> Iterator[str]:
    span = (bounds[1] - bounds[0]) or 1.0
    points = []
    rows = zip(*across, line.values, line.interval, strict=True)
    for label, x, value, (low, high) in rows:
        if low is not None and high is not None:
            ends = [frame.y((end - bounds[0]) / span) for end in (low, high)]
            yield (
                f'<line stroke="{colour(side)}" stroke-opacity="0.35" stroke-width="7" '
                f'x1="{x:.1f}" x2="{x:.1f}" y1="{ends[0]:.1f}" y2="{ends[1]:.1f}"/>'
            )
        if value is None:
            continue
        y = frame.y((value - bounds[0]) / span)
        points.append(f"{x:.1f},{y:.1f}")
        told = f"{label}: {value:.6g}" + ("" if low is None else f" ({low:.6g} to {high:.6g})")
        yield (
            f'<circle fill="{colour(side)}" cx="{x:.1f}" cy="{y:.1f}" r="3">'
            f"<title>{text(told, 120)}</title></circle>"
        )
    yield f'<polyline fill="none" stroke="{colour(side)}" points="{" ".join(points)}"/>'
