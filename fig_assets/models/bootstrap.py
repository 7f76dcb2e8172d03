"""Labelled scores -> how certain a metric is: the metric of the same days, or rows, drawn again.

What is drawn are days where there are several: rows of one day are alike (one attack, one outage),
so a row more of it tells less than a day more. Rows that rank alike are counted together, so that
a draw costs as much as there are distinct ranks, and not as there are rows.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fig_assets.models.metrics import Bools, Floats

DRAWS, FEW_DRAWS = 500, 100
"""How many times all days, or rows, are drawn again; few where there are many distinct ranks."""
MANY = 50_000
"""Distinct ranks from which on there are few draws: intervals are narrow there."""
SEED = 7
_DENSE = 8
"""Rows per cell from which on it is cheaper to draw how many of each cell than to draw rows."""
LOW, HIGH = 0.025, 0.975
"""The ends of an interval: 95 of 100 draws lie between them."""
DAYS, ROWS = "days", "rows"

Codes = npt.NDArray[np.int64]
Interval = tuple[float, float]


@dataclass(frozen=True, eq=False)
class Draws:
    """The metrics of each draw: a row for each draw, a column for each list of scores.

    Where a draw has no positive row, or no other, a metric is NaN.
    """

    drawn: str
    """`DAYS` or `ROWS`."""
    metrics: Mapping[str, Floats]

    def interval(self, metric: str, place: int = 0) -> Interval | None:
        """Return the interval of a metric of the scores at `place`."""
        return _interval(self.metrics[metric][:, place])

    def gain(self, metric: str) -> Interval | None:
        """Return the interval of how much the first scores are better than the second.

        Both are measured on the same draws: what makes a day hard for both does not count.
        """
        found = self.metrics[metric]
        return _interval(found[:, 0] - found[:, 1])


@dataclass(frozen=True, eq=False)
class _Cells:
    """Rows that count alike in everything: how many there are, and where they rank."""

    rows: Codes
    weights: Floats
    """What one of its rows counts for."""
    is_positive: Bools
    days: Codes
    ranks: tuple[Codes, ...]
    """Of each list of scores; see `_ranks`."""

    @property
    def draws(self) -> int:
        return DRAWS if len(self.rows) <= MANY else FEW_DRAWS


def draw(
    labels: Bools,
    scores: Sequence[Floats],
    *,
    days: Codes | None = None,
    weights: Floats | None = None,
) -> Draws:
    """Measure samples of as many days as there are, drawn with replacement.

    Where there is one day only, or none is given, rows are drawn. The same input gives the same.

    Args:
        labels: True for the positive rows, at least one.
        scores: Finite numbers for the same rows, one list or several.
        days: The day of each row, as a number.
        weights: What each row counts for; 1 each if left out.
    """
    places = (
        np.zeros(len(labels), np.int64) if days is None else np.unique(days, return_inverse=True)[1]
    )
    count = int(places.max()) + 1
    cells = _cells(labels, [_ranks(labels, some) for some in scores], places, weights)
    found: dict[str, list[list[float]]] = {name: [] for name in OF_COUNTS}
    for counts in _days_drawn(cells, count) if count > 1 else _rows_drawn(cells):
        for name, values in _measured(cells, counts * cells.weights).items():
            found[name].append(values)
    metrics = {name: np.array(values) for name, values in found.items()}
    return Draws(DAYS if count > 1 else ROWS, metrics)


def _days_drawn(cells: _Cells, count: int) -> Iterator[Floats]:
    random = np.random.default_rng(SEED)
    for _ in range(cells.draws):
        times = np.bincount(random.integers(0, count, count), minlength=count)
        yield (times[cells.days] * cells.rows).astype(np.float64)


def _rows_drawn(cells: _Cells) -> Iterator[Floats]:
    random = np.random.default_rng(SEED)
    rows = int(cells.rows.sum())
    if len(cells.rows) * _DENSE < rows:
        for _ in range(cells.draws):
            yield random.multinomial(rows, cells.rows / rows).astype(np.float64)
        return
    owners = np.repeat(np.arange(len(cells.rows)), cells.rows)
    for _ in range(cells.draws):
        drawn = owners[random.integers(0, rows, rows)]
        yield np.bincount(drawn, minlength=len(cells.rows)).astype(np.float64)


def _measured(cells: _Cells, counts: Floats) -> dict[str, list[float]]:
    hits = np.where(cells.is_positive, counts, 0.0)
    pairs = [(_sums(ranks, hits), _sums(ranks, counts - hits)) for ranks in cells.ranks]
    return {name: [of(*pair) for pair in pairs] for name, of in OF_COUNTS.items()}


def _sums(ranks: Codes, counts: Floats) -> Floats:
    return np.bincount(ranks, counts).astype(np.float64)


def _average_precision(hits: Floats, misses: Floats) -> float:
    above, below = np.cumsum(hits), np.cumsum(misses)
    if above[-1] <= 0:
        return float("nan")
    seen = hits > 0
    return float(np.sum(hits[seen] * (above / (above + below).clip(1e-300))[seen]) / above[-1])


def _roc_auc(hits: Floats, misses: Floats) -> float:
    total = hits.sum(), misses.sum()
    if min(total) <= 0:
        return float("nan")
    lower = total[1] - np.cumsum(misses) + misses / 2
    return float(np.sum(hits * lower) / (total[0] * total[1]))


OF_COUNTS = {"average_precision": _average_precision, "roc_auc": _roc_auc}
"""The metrics that are drawn, of the weight of each class by falling rank."""


def _ranks(labels: Bools, scores: Floats) -> Codes:
    """Number the rows by falling score; negative rows between the same positive ones are alike.

    The n-th highest score of a positive row has 2n + 1, what is above it and below the one before
    2n.
    """
    known = np.unique(scores[labels])
    higher = len(known) - np.searchsorted(known, scores, side="right")
    lower = np.searchsorted(known, scores, side="left")
    tied = higher + lower < len(known)
    found: Codes = 2 * higher + tied
    return found


def _cells(labels: Bools, ranks: Sequence[Codes], days: Codes, weights: Floats | None) -> _Cells:
    alike = labels.astype(np.int64)
    parts = [*ranks, days]
    if weights is not None:
        parts.append(np.unique(weights, return_inverse=True)[1])
    for part in parts:
        # Numbered anew each time, so that the product never grows beyond 64 bits.
        alike = np.unique(alike * (int(part.max()) + 1) + part, return_inverse=True)[1]
    _, first, counts = np.unique(alike, return_index=True, return_counts=True)
    heavy = np.ones(len(first)) if weights is None else weights[first]
    return _Cells(counts, heavy, labels[first], days[first], tuple(r[first] for r in ranks))


def _interval(values: Floats) -> Interval | None:
    """Return the interval of what could be measured; None where that was less than half."""
    known = values[~np.isnan(values)]
    if len(known) * 2 < len(values):
        return None
    low, high = np.quantile(known, [LOW, HIGH])
    return float(low), float(high)
