"""Outcomes of curves -> one picture of CPU seconds, a panel for each curve."""

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

from benchmarks import hand, ours
from benchmarks.case import Outcome
from benchmarks.cases.curves import CURVES, Curve, titles

COLOURS = {ours.NAME: "#1f6feb", hand.NAME: "#8b949e"}
SETTINGS = {"svg.hashsalt": "fig-assets", "svg.fonttype": "none", "font.size": 9}
Line = list[tuple[int, float]]


def lines_of(curve: Curve, outcome: Outcome) -> Mapping[str, Line]:
    """Return the points of a curve that were measured, by series: the number and CPU seconds."""
    found: dict[str, Line] = {ours.NAME: [], hand.NAME: []}
    for point in curve.points:
        for series, title in zip(found, titles(point), strict=True):
            best = outcome.best(title)
            if best is not None:
                found[series].append((point.x, best.cpu_s))
    return found


def curves_of(outcomes: Sequence[Outcome]) -> list[tuple[Curve, Outcome]]:
    """Return the curves among the outcomes."""
    by_name = {outcome.case.name: outcome for outcome in outcomes}
    return [(c, by_name[f"curve_{c.name}"]) for c in CURVES if f"curve_{c.name}" in by_name]


def draw(outcomes: Sequence[Outcome], path: Path) -> bool:
    """Draw every curve into one SVG; returns whether there was one, and matplotlib to draw it."""
    found = curves_of(outcomes)
    if not found or not find_spec("matplotlib"):
        return False
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator, StrMethodFormatter

    with mpl.rc_context(SETTINGS):
        figure = Figure(figsize=(9.6, 2.9 * ((len(found) + 2) // 3)), layout="constrained")
        FigureCanvasSVG(figure)
        for place, (curve, outcome) in enumerate(found, 1):
            axes = figure.add_subplot((len(found) + 2) // 3, 3, place)
            for series, line in lines_of(curve, outcome).items():
                axes.plot(*zip(*line, strict=True), "o-", color=COLOURS[series], label=series)
            axes.set_xlabel(curve.axis)
            axes.set_ylabel("CPU seconds")
            axes.set_ylim(bottom=0)
            if curve.name == "entities":
                axes.set_xscale("log")
            if curve.name == "events":
                axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
                axes.xaxis.set_major_locator(MaxNLocator(4))
            axes.grid(visible=True, alpha=0.3)
            if place == 1:
                axes.legend(frameon=False)
        figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})
    return True
