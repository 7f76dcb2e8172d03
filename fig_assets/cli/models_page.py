"""Trained models -> a page: curves of those that learned the same label, intervals, history."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING

from fig_assets.pictures.lines import Line, lines
from fig_assets.pictures.shown import page, table
from fig_assets.workflow.learning.model_pictures import (
    Named,
    calibration,
    interval_text,
    precision_recall,
    score_histogram,
)

if TYPE_CHECKING:
    from fig_assets.workflow.learning.model_report import Training

CANDIDATE = "candidate_"
HEADS = ("model", "trained for", "learned from", "rows", "positive", "judged by", "outcome")


def models_page(trainings: "Sequence[Training]") -> str:
    """Return the page: whatever it shows of the project is escaped."""
    return page("Models", _body(trainings))


def _body(trainings: "Sequence[Training]") -> Iterator[str]:
    yield "<h1>Models</h1>"
    if not trainings:
        yield "<p>Nothing was trained yet.</p>"
    for truth in dict.fromkeys(it.truth for it in trainings):
        found = [it for it in trainings if it.truth == truth]
        yield f"<h2>Learned and judged by {escape(truth)}</h2>"
        yield "<p>A label combined of this project's votes: metrics tell how well it is met.</p>"
        yield from _curves(found)
        yield from _history(found)
        yield '<div class="wide">'
        yield from table(HEADS, map(_row, found))
        yield "</div>"
        yield from _reasons(found)


def _curves(found: "Sequence[Training]") -> Iterator[str]:
    """Draw the model in force of each version, or its newest training with curves."""
    shown = _shown(found)
    named: list[Named] = [
        (f"{it.identity} of {it.trained_for}: {_short(it)}", it.measured)
        for it in shown
        if it.measured is not None
    ]
    if not named:
        return
    yield "<h3>Precision over recall</h3>" + precision_recall(named)
    on = [f"{it.identity} of {it.trained_for}: {_value(it)} {it.judged_on}" for it in shown]
    yield f"<p>{'<br>'.join(map(escape, on))}</p>"
    if len({it.judged_on for it in shown}) > 1 or _are_of_their_own_days(shown):
        yield "<p><strong>They were measured on different rows.</strong></p>"
    yield "<h3>Share of positive rows by score</h3>" + calibration(named)
    short = [(name.partition(":")[0], measured) for name, measured in named]
    yield "<h3>Scores of each class</h3>" + score_histogram(short)


def _are_of_their_own_days(shown: "Sequence[Training]") -> bool:
    """Tell whether models of different days were each judged on what they learned from."""
    days = {(it.first, it.last) for it in shown}
    return len(days) > 1 and any(name.startswith("oof_") for it in shown for name in it.metrics)


def _shown(found: "Sequence[Training]") -> "list[Training]":
    best: dict[str, Training] = {}
    for it in found:
        if it.measured is None:
            continue
        known = best.get(it.identity)
        if known is None or it.is_champion or not known.is_champion:
            best[it.identity] = it
    return list(best.values())


def _history(found: "Sequence[Training]") -> Iterator[str]:
    """Draw what each candidate reached, over the training days; a picture for each metric."""
    days = sorted({it.trained_for for it in found})
    names = list(dict.fromkeys(it.identity for it in found))
    for metric in dict.fromkeys(name for it in found if (name := _metric(it))):
        series = []
        for name in names:
            mine = {it.trained_for: it for it in found if it.identity == name}
            by_day = [mine.get(day) for day in days]
            values = [it.compared.get(CANDIDATE + metric) if it else None for it in by_day]
            ends = [it.intervals.get(CANDIDATE + metric) if it else None for it in by_day]
            low = [end[0] if end else None for end in ends]
            series.append(Line(name, values, low, [end[1] if end else None for end in ends]))
        picture = lines([str(day) for day in days], series, title=f"{metric} by training day")
        if picture:
            yield f"<h3>{escape(metric)} of each candidate by training day, 95 % intervals</h3>"
            yield picture


def _row(it: "Training") -> tuple[str, ...]:
    return (
        it.identity + (" (in force)" if it.is_champion else ""),
        str(it.trained_for),
        f"{it.first} to {it.last}" if it.first else "-",
        f"{it.rows:,}",
        f"{it.positives:,}",
        _value(it) or _own(it.metrics, it.intervals),
        it.outcome or "-",
    )


def _reasons(found: "Sequence[Training]") -> Iterator[str]:
    for it in found:
        told = "; ".join(words for words in (it.reason, it.problem) if words)
        if told:
            yield f"<p>{escape(f'{it.identity} of {it.trained_for}: {told}')}</p>"


def _metric(it: "Training") -> str:
    """Return the metric that the rule looked at."""
    found = [name for name in it.compared if name.startswith(CANDIDATE)]
    return found[0].removeprefix(CANDIDATE) if found else ""


def _value(it: "Training") -> str:
    metric = _metric(it)
    value = it.compared.get(CANDIDATE + metric)
    if value is None:
        return ""
    return f"{metric} {value:.4f}{interval_text(it.intervals, CANDIDATE + metric)}"


def _short(it: "Training") -> str:
    """Return the metric alone: with its interval a name would not fit into a legend."""
    return _value(it).removeprefix(f"{_metric(it)} ").partition(" (")[0]


def _own(metrics: Mapping[str, float | None], intervals: Mapping[str, tuple[float, float]]) -> str:
    known = [(name, value) for name, value in sorted(metrics.items()) if value is not None]
    return ", ".join(f"{n} {value:.4f}{interval_text(intervals, n)}" for n, value in known)
