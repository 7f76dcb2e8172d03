"""Labelled scores -> metrics with intervals, and what pictures of them need."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from fig_assets.engines.base import DAY
from fig_assets.models.bootstrap import Codes, Draws, Interval, draw
from fig_assets.models.metrics import Bools, Floats, precision_recall_curve

BINS = 10
"""Bins of scores from 0 to 1, all of one width."""
MOST_POINTS = 50
_DIGITS = 5
Point = tuple[float, float]


@dataclass(frozen=True)
class Measured:
    """How good scores are on labelled rows, and their curves in few points."""

    rows: int
    positives: int
    days: int
    """0 where the days are not known."""
    drawn: str
    """What was drawn for the intervals: `days` or `rows`."""
    intervals: Mapping[str, Interval]
    """By metric, 95 %; those that could not be told are left out."""
    curve: tuple[Point, ...]
    """Recall and precision by falling score, at most `MOST_POINTS`."""
    reliability: tuple[tuple[float, float, int], ...]
    """Of each bin with rows: the mean score, the share of positive rows, and how many rows."""
    negative_scores: tuple[int, ...]
    """How many rows of the other classes score in each bin."""
    positive_scores: tuple[int, ...]


def measured(
    labels: Bools,
    scores: Floats,
    draws: Draws,
    *,
    place: int = 0,
    days: Codes | None = None,
    probabilities: Floats | None = None,
) -> Measured:
    """Measure the scores at `place` of `draws`, which were made of them.

    Args:
        labels: True for the positive rows, at least one.
        scores: Finite numbers.
        draws: Of these labels and scores.
        place: Which of the lists of scores of `draws` these are.
        days: The day of each row, as a number.
        probabilities: What the scores mean from 0 to 1; they themselves if left out.
    """
    meant = scores if probabilities is None else probabilities
    bins = np.clip((meant * BINS).astype(np.int64), 0, BINS - 1)
    found = {name: draws.interval(name, place) for name in draws.metrics}
    return Measured(
        rows=len(labels),
        positives=int(labels.sum()),
        days=0 if days is None else len(np.unique(days)),
        drawn=draws.drawn,
        intervals={name: ends for name, ends in found.items() if ends is not None},
        curve=_curve(labels, scores),
        reliability=_reliability(labels, meant, bins),
        negative_scores=tuple(np.bincount(bins[~labels], minlength=BINS).tolist()),
        positive_scores=tuple(np.bincount(bins[labels], minlength=BINS).tolist()),
    )


def measure(
    labels: Bools,
    scores: Floats,
    *,
    days: Codes | None = None,
    weights: Floats | None = None,
    probabilities: Floats | None = None,
) -> Measured:
    """Measure one list of scores; see `measured` and `bootstrap.draw`."""
    draws = draw(labels, [scores], days=days, weights=weights)
    return measured(labels, scores, draws, days=days, probabilities=probabilities)


def days_of(table: pa.Table) -> Codes | None:
    """Return the day of each row as a number; None where the rows have no column of days."""
    if DAY not in table.column_names:
        return None
    days: Codes = table.column(DAY).cast(pa.int32()).to_numpy().astype(np.int64)
    return days


def _curve(labels: Bools, scores: Floats) -> tuple[Point, ...]:
    found = precision_recall_curve(labels, scores)
    # At one recall the first, highest precision counts: the steps that average precision adds up.
    rising = np.flatnonzero(np.diff(found.recall, prepend=0.0) > 0)
    if len(rising) > MOST_POINTS:
        spread = np.linspace(0, 1, MOST_POINTS)
        places = np.searchsorted(found.recall[rising], spread).clip(0, len(rising) - 1)
        rising = rising[np.unique(places)]
    pairs = zip(found.recall[rising].tolist(), found.precision[rising].tolist(), strict=True)
    return tuple((round(recall, _DIGITS), round(precision, _DIGITS)) for recall, precision in pairs)


def _reliability(
    labels: Bools, scores: Floats, bins: Codes
) -> tuple[tuple[float, float, int], ...]:
    rows = np.bincount(bins, minlength=BINS)
    known = np.flatnonzero(rows)
    means = np.bincount(bins, scores, BINS)[known] / rows[known]
    shares = np.bincount(bins, labels, BINS)[known] / rows[known]
    told = zip(means.tolist(), shares.tolist(), rows[known].tolist(), strict=True)
    return tuple(
        (round(mean, _DIGITS), round(share, _DIGITS), count) for mean, share, count in told
    )
