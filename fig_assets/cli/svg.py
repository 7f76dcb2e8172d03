"""Counts and series -> small SVG pictures as text, for pages that load nothing."""

from collections.abc import Iterator, Sequence
from html import escape

WIDTH, HEIGHT = 640, 180
LEFT_MARGIN, BOTTOM, TOP = 44, 26, 8
LONGEST_LABEL = 26
MOST_TICKS = 4
EDGE = 60
"""Labels of what stands nearer to the right edge than this end there, so that none is cut off."""

Point = tuple[str, float | None]


def bars(labels: Sequence[str], left: Sequence[int], right: Sequence[int]) -> str:
    """Draw the shares of two lists of counts as pairs of bars; a bar says its numbers."""
    totals = (sum(left) or 1, sum(right) or 1)
    shares = [(a / totals[0], b / totals[1]) for a, b in zip(left, right, strict=True)]
    most = max((max(pair) for pair in shares), default=0.0) or 1.0
    room = (WIDTH - LEFT_MARGIN) / max(len(labels), 1)
    parts = list(_axis(f"{most:.0%}", "0%"))
    for place, (label, pair) in enumerate(zip(labels, shares, strict=True)):
        counts = (left[place], right[place])
        for side, share in enumerate(pair):
            height = (HEIGHT - TOP - BOTTOM) * share / most
            x = LEFT_MARGIN + room * (place + 0.12 + 0.38 * side)
            y = HEIGHT - BOTTOM - height
            told = escape(f"{label}: {counts[side]:,} ({share:.2%})")
            parts.append(
                f'<rect class="s{side}" x="{x:.1f}" y="{y:.1f}" width="{room * 0.36:.1f}" '
                f'height="{height:.1f}"><title>{told}</title></rect>'
            )
    parts += _ticks(labels, [LEFT_MARGIN + room * (place + 0.5) for place in range(len(labels))])
    return _picture(parts)


def lines(left: Sequence[Point], right: Sequence[Point]) -> str:
    """Draw two series over the same labels; what is None is left out."""
    numbers = [value for _, value in (*left, *right) if value is not None]
    if not numbers:
        return ""
    low, high = min(numbers), max(numbers)
    span = (high - low) or 1.0
    step = (WIDTH - LEFT_MARGIN - 16) / max(len(left) - 1, 1)
    parts = list(_axis(f"{high:.4g}", f"{low:.4g}"))
    for side, series in enumerate((left, right)):
        places = []
        for place, (label, value) in enumerate(series):
            if value is None:
                continue
            x = LEFT_MARGIN + 8 + step * place
            y = HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (value - low) / span
            places.append(f"{x:.1f},{y:.1f}")
            told = escape(f"{label}: {value:.6g}")
            parts.append(
                f'<circle class="s{side}" cx="{x:.1f}" cy="{y:.1f}" r="3">'
                f"<title>{told}</title></circle>"
            )
        parts.append(f'<polyline class="l{side}" points="{" ".join(places)}"/>')
    labels = [label for label, _ in left]
    parts += _ticks(labels, [LEFT_MARGIN + 8 + step * place for place in range(len(labels))])
    return _picture(parts)


def _axis(top: str, bottom: str) -> Iterator[str]:
    base = HEIGHT - BOTTOM
    yield f'<line class="axis" x1="{LEFT_MARGIN}" y1="{base}" x2="{WIDTH}" y2="{base}"/>'
    yield f'<text x="{LEFT_MARGIN - 4}" y="{TOP + 8}" text-anchor="end">{escape(top)}</text>'
    yield f'<text x="{LEFT_MARGIN - 4}" y="{base}" text-anchor="end">{escape(bottom)}</text>'


def _ticks(labels: Sequence[str], places: Sequence[float]) -> Iterator[str]:
    every = -(-len(labels) // MOST_TICKS) or 1
    for place in range(0, len(labels), every):
        text = labels[place]
        text = text if len(text) <= LONGEST_LABEL else f"{text[: LONGEST_LABEL - 1]}…"
        is_last = places[place] > WIDTH - EDGE
        x, anchor = (WIDTH, "end") if is_last else (places[place], "middle")
        yield (
            f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 14}" text-anchor="{anchor}">'
            f"{escape(text)}</text>"
        )


def _picture(parts: Sequence[str]) -> str:
    inner = "".join(parts)
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-hidden="false">{inner}</svg>'
