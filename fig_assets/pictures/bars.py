"""Lists of counts -> their shares as groups of bars beside each other."""

from collections.abc import Sequence

from fig_assets.pictures.frame import Frame, axes, colour, legend, picture, text, ticks


def bars(
    labels: Sequence[str],
    counts: Sequence[Sequence[float]],
    names: Sequence[str] = (),
    *,
    title: str = "shares of the rows",
) -> str:
    """Draw the shares of lists of counts as groups of bars; a bar says its numbers.

    Args:
        labels: What each group stands for.
        counts: A list for each series, with a count (0 or more) for each label.
        names: What each series is called; without them there is no legend.
        title: What the picture shows.
    """
    frame = Frame().below_legend(names)
    shares = [[count / (sum(series) or 1) for count in series] for series in counts]
    most = max((share for series in shares for share in series), default=0.0) or 1.0
    room = 1 / max(len(labels), 1)
    wide = 0.76 * room / max(len(counts), 1)
    parts = [*axes(frame, f"{most:.0%}", "0%"), *legend(frame, names)]
    for side, series in enumerate(shares):
        for place, (label, share) in enumerate(zip(labels, series, strict=True)):
            left = frame.x(room * (place + 0.12) + wide * side)
            top = frame.y(share / most)
            told = text(f"{label}: {counts[side][place]:,} ({share:.2%})", 120)
            parts.append(
                f'<rect fill="{colour(side)}" x="{left:.1f}" y="{top:.1f}" '
                f'width="{(frame.x(wide) - frame.x(0)) * 0.95:.1f}" '
                f'height="{frame.y(0) - top:.1f}"><title>{told}</title></rect>'
            )
    places = [frame.x(room * (place + 0.5)) for place in range(len(labels))]
    return picture(frame, [*parts, *ticks(frame, labels, places)], title)
