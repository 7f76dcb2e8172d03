"""How models drifted -> tables for the terminal, and a page with pictures over the days."""

from collections.abc import Iterator, Sequence
from html import escape
from typing import TYPE_CHECKING

from rich.console import Console

from fig_assets.cli.base import show_table
from fig_assets.pictures.lines import Line, lines
from fig_assets.pictures.shown import page, table
from fig_assets.workflow.learning.watched import HEADS, cells

if TYPE_CHECKING:
    from fig_assets.models.watch import DayWatch
    from fig_assets.workflow.learning.drift_report import Drift, DriftDay

WIDEST_TEXTS = 60
"""Characters of the most frequent texts in a terminal, at most."""
DAY_HEADS = ("day", "trained for", "rows", "mean", "PSI", "furthest", "its PSI")
LATER_HEADS = ("average precision", "ROC AUC", "alert precision", "alert recall")
LATER = ("average_precision", "roc_auc", "alert_precision", "alert_recall")
MOST_LINES = 6
"""Inputs that a picture shows: those that were furthest on any of the days."""


def show(console: Console, drift: "Drift") -> None:
    """Print a model: its days, then the attributes of the newest one that was watched."""
    from rich.table import Table

    console.print(drift.identity, highlight=False, markup=False)
    if not drift.days:
        console.print("  it has no scores yet", highlight=False)
        return
    grid = Table(*DAY_HEADS, *LATER_HEADS)
    for day in drift.days:
        grid.add_row(*_row(day))
    show_table(grid, console)
    for line in _problems(drift):
        console.print(f"  {line}", highlight=False, markup=False, soft_wrap=True)
    newest = _newest(drift)
    if newest is None or newest.watch is None:
        return
    console.print(f"{drift.identity} on {newest.day}", highlight=False, markup=False)
    grid = Table(*HEADS)
    top = grid.columns[HEADS.index("top")]
    top.max_width, top.no_wrap = WIDEST_TEXTS, True
    for it in (newest.watch.scores, *newest.watch.inputs):
        grid.add_row(*cells(it))
    show_table(grid, console)


def drift_page(found: Sequence["Drift"]) -> str:
    """Draw models over their days in one HTML file that loads nothing."""
    return page("How models drift", [part for drift in found for part in _model(drift)])


def pictures(drift: "Drift") -> dict[str, str]:
    """Draw what lay furthest and how good the scores were, over the days; none where unknown."""
    labels = [str(day.day) for day in drift.days]
    far: dict[str, list[float | None]] = {}
    for place, day in enumerate(drift.days):
        for it in (day.watch.scores, *day.watch.inputs) if day.watch else ():
            far.setdefault(it.name, [None] * len(labels))[place] = it.psi
    highest = {name: max((v for v in far[name] if v is not None), default=-1.0) for name in far}
    shown = sorted(far, key=lambda name: (name != "score", -highest[name]))[: MOST_LINES + 1]
    later = [
        Line(title, [getattr(day.matured, name) if day.matured else None for day in drift.days])
        for name, title in zip(LATER, LATER_HEADS, strict=True)
    ]
    found = {
        "PSI": lines(labels, [Line(name, far[name]) for name in shown], title="PSI by day"),
        "metrics": lines(labels, later, title="metrics of days whose labels came, by day"),
    }
    return {title: svg for title, svg in found.items() if svg}


def _model(drift: "Drift") -> Iterator[str]:
    yield f"<h2>{escape(drift.identity)}</h2>"
    yield from (f"<h3>{title}</h3>{svg}" for title, svg in pictures(drift).items())
    yield '<div class="wide">'
    yield from table((*DAY_HEADS, *LATER_HEADS), map(_row, drift.days))
    yield "</div>"
    yield from (f"<p>{escape(line)}</p>" for line in _problems(drift))
    newest = _newest(drift)
    if newest is not None and newest.watch is not None:
        yield f'<h3>{newest.day}</h3><div class="wide">'
        every = (newest.watch.scores, *newest.watch.inputs)
        yield from table(HEADS, (list(cells(it)) for it in every))
        yield "</div>"


def _row(day: "DriftDay") -> list[str]:
    watched: DayWatch | None = day.watch
    scores, far = (watched.scores, watched.furthest) if watched else (None, None)
    later = [getattr(day.matured, name) if day.matured else None for name in LATER]
    return [
        str(day.day),
        str(day.trained_for or "-"),
        f"{scores.rows:,}" if scores else "-",
        _number(scores.mean if scores else None),
        _number(scores.psi if scores else None),
        far.name if far else "-",
        _number(far.psi if far else None),
        *map(_number, later),
    ]


def _problems(drift: "Drift") -> Iterator[str]:
    """Say why numbers are missing, each reason once with its days."""
    reasons: dict[str, list[str]] = {}
    for day in drift.days:
        if day.problem:
            reasons.setdefault(day.problem, []).append(str(day.day))
    for words, days in reasons.items():
        span = days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}, {len(days)} days"
        yield f"{span}: {words}"


def _newest(drift: "Drift") -> "DriftDay | None":
    return next((day for day in reversed(drift.days) if day.watch), None)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"
