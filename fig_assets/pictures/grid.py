"""Shares of pairs -> a table of squares, the darker the more: who disagrees with whom."""

from collections.abc import Sequence

from fig_assets.pictures.frame import COLOURS, LETTER, WORDS, Frame, label, picture, text

SIDE, LONGEST = 34, 30
_PALE = 0.55
"""Up to this share of the darkest square its number is written in dark letters."""


def grid(
    rows: Sequence[str],
    columns: Sequence[str],
    shares: Sequence[Sequence[float | None]],
    *,
    title: str,
) -> str:
    """Draw a square for each pair of a row and a column, with its share in percent.

    Args:
        rows: Their names; columns are numbered where a row has the same name.
        columns: Their names.
        shares: For each row a share from 0 to 1 of each column; None is left blank.
        title: What the picture shows.
    """
    numbered = list(rows) == list(columns)
    names = [f"{n + 1} {row}" if numbered else row for n, row in enumerate(rows)]
    left = LETTER * min(max(map(len, names), default=0), LONGEST) + 10
    width = left + SIDE * max(len(columns), 1) + 10
    frame = Frame(max(width, 200), 26 + SIDE * len(rows) + 6, left=left, top=26, bottom=6)
    most = max((s for row in shares for s in row if s is not None), default=0.0) or 1.0
    parts = [
        label(str(n + 1) if numbered else column, left + SIDE * (n + 0.5), 18, "middle")
        for n, column in enumerate(columns)
    ]
    for down, (name, row) in enumerate(zip(names, shares, strict=True)):
        y = frame.top + SIDE * down
        words = text(name, LONGEST)
        parts.append(f'<text x="2" y="{y + SIDE * 0.6:.1f}" fill="{WORDS}">{words}</text>')
        for across, share in enumerate(row):
            if share is not None:
                parts.append(_square(left + SIDE * across, y, share, share / most))
    return picture(frame, parts, title)


def _square(x: float, y: float, share: float, dark: float) -> str:
    ink = WORDS if dark <= _PALE else "#ffffff"
    inner = SIDE - 2
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{inner}" height="{inner}" fill="{COLOURS[0]}" '
        f'fill-opacity="{0.06 + 0.94 * dark:.3f}"><title>{share:.3%}</title></rect>'
        f'<text x="{x + inner / 2:.1f}" y="{y + SIDE * 0.6:.1f}" fill="{ink}" '
        f'text-anchor="middle">{share:.1%}</text>'
    )
