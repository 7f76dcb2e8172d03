"""Scores of fitted trees -> probabilities that mean the same after every training.

Whatever the method, the order of the rows stays: the curve rises strictly.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from fig_assets.models.artifact import Calibration
from fig_assets.models.metrics import Bools, Floats, log_loss

AUTO, NONE, PLATT, ISOTONIC = "auto", "none", "platt", "isotonic"
METHODS = (AUTO, ISOTONIC, PLATT, NONE)
"""What a request may ask for."""
FEW = 10
"""Rows that each class has at least where a method is chosen; with fewer scores stay as they are.
"""
_ISOTONIC_SHARE = 0.9
_FLATTEST = 0.01
_STEPS = 100
_FURTHEST = 1e-15

Folds = npt.NDArray[np.int64]


def calibrated(calibration: Calibration | None, scores: Floats) -> Floats:
    """Return the probabilities that stand for the scores of the trees, in the same order.

    Args:
        calibration: What `calibrate` found, or nothing: the scores stay.
        scores: Probabilities of the trees, between 0 and 1.
    """
    if calibration is None:
        return scores
    odds = _log_odds(scores)
    kept = np.clip(odds, *calibration.seen)
    beyond = min(calibration.slope, 1.0) * (odds - kept)
    line: Floats = 1 / (1 + np.exp(-(calibration.slope * kept + calibration.intercept + beyond)))
    if not calibration.knots:
        return line
    share = calibration.isotonic_share
    return share * _between(calibration, odds) + (1 - share) * line


def calibrate(
    method: str, scores: Floats, labels: Bools, weights: Floats | None, folds: Folds
) -> Calibration | None:
    """Fit a curve from scores of unseen rows to the classes of their rows.

    `auto` takes what has the lowest log loss where each fold is judged by a curve fitted on the
    others: nothing, Platt's sigmoid, or isotonic steps.

    Args:
        method: One of `METHODS`.
        scores: Probabilities of the trees, between 0 and 1.
        labels: True for the positive rows.
        weights: What each row counts for; 1 each if left out.
        folds: The fold of each row; its trees were fitted on other rows.

    Returns:
        The curve, or None: scores stay as they are.
    """
    if method == NONE:
        return None
    counts = np.ones(len(scores)) if weights is None else weights
    if method != AUTO:
        return _fit(method, scores, labels, counts)
    if min(labels.sum(), (~labels).sum()) < FEW:
        return None
    losses = {
        name: _crossed(name, scores, labels, counts, folds) for name in (NONE, PLATT, ISOTONIC)
    }
    best = min(losses, key=lambda name: losses[name])
    return None if best == NONE else _fit(best, scores, labels, counts, losses)


def isotonic(points: Floats, labels: Bools, weights: Floats) -> tuple[Floats, Floats]:
    """Pool adjacent violators: the rising steps that are closest, in squares, to the classes.

    Returns:
        Per step, in rising order, the weighted mean of its points and its share of positives.
    """
    known, place = np.unique(points, return_inverse=True)
    heavy = np.bincount(place, weights)
    hits = np.bincount(place, weights * labels)
    # Falling neighbours always share a step: whole runs of them are pooled at once.
    runs = np.flatnonzero(np.diff(hits / heavy, prepend=-1) > 0)
    pooled = [np.add.reduceat(sums, runs).tolist() for sums in (heavy, hits, heavy * known)]
    steps: list[tuple[float, float, float]] = []
    for weight, hit, moment in zip(*pooled, strict=True):
        step = (weight, hit, moment)
        while steps and steps[-1][1] * step[0] >= step[1] * steps[-1][0]:
            below = steps.pop()
            step = (below[0] + step[0], below[1] + step[1], below[2] + step[2])
        steps.append(step)
    sums = np.array(steps).T
    return sums[2] / sums[0], sums[1] / sums[0]


def _fit(
    method: str,
    scores: Floats,
    labels: Bools,
    weights: Floats,
    losses: Mapping[str, float] | None = None,
) -> Calibration:
    odds = _log_odds(scores)
    slope, intercept = _line(odds, labels, weights)
    seen = (float(odds.min()), float(odds.max()))
    found = Calibration(method, slope, intercept, seen, log_loss=dict(losses or {}))
    if method == PLATT:
        return found
    points, rates = isotonic(odds, labels, weights)
    knots = tuple(zip(points.tolist(), rates.tolist(), strict=True))
    return replace(found, isotonic_share=_ISOTONIC_SHARE, knots=knots)


def _crossed(name: str, scores: Floats, labels: Bools, weights: Floats, folds: Folds) -> float:
    """Return the log loss where no row is judged by a curve that has seen its fold."""
    told = scores.copy()
    for fold in np.unique(folds).tolist() if name != NONE else ():
        mine = folds == fold
        if not mine.all():
            curve = _fit(name, scores[~mine], labels[~mine], weights[~mine])
            told[mine] = calibrated(curve, scores[mine])
    return log_loss(labels, told, weights)


def _line(odds: Floats, labels: Bools, weights: Floats) -> tuple[float, float]:
    """Fit Platt's sigmoid by Newton's method; few rows do not make it certain.

    A class of n rows aims at (n + 1) / (n + 2), as Platt has it. A line that does not rise would
    turn the order: it is as flat as allowed.
    """
    hits, misses = float(weights @ labels), float(weights @ ~labels)
    aims = np.where(labels, (hits + 1) / (hits + 2), 1 / (misses + 2))
    slope, intercept = _descend(odds, aims, weights, 1.0, tilts=True)
    if slope < _FLATTEST:
        slope, intercept = _descend(odds, aims, weights, _FLATTEST, tilts=False)
    return slope, intercept


def _descend(
    odds: Floats, aims: Floats, weights: Floats, slope: float, *, tilts: bool
) -> tuple[float, float]:
    place, step = np.array([slope, 0.0]), np.zeros(2)
    loss = _loss(place, odds, aims, weights)
    for _ in range(_STEPS):
        told = 1 / (1 + np.exp(-(place[0] * odds + place[1])))
        off, bend = weights * (told - aims), weights * told * (1 - told)
        downhill = np.array([np.sum(off * odds) if tilts else 0.0, np.sum(off)])
        cross = np.sum(bend * odds) if tilts else 0.0
        steep = np.sum(bend * odds * odds) if tilts else 1.0
        curve = np.array([[steep + 1e-9, cross], [cross, np.sum(bend) + 1e-9]])
        step = np.linalg.solve(curve, downhill)
        while (ahead := _loss(place - step, odds, aims, weights)) > loss and abs(step).max() > 1e-9:
            step = step / 2
        if not ahead < loss:
            break
        place, loss = place - step, ahead
    return float(place[0]), float(place[1])


def _loss(place: npt.NDArray[np.float64], odds: Floats, aims: Floats, weights: Floats) -> float:
    line = place[0] * odds + place[1]
    return float(np.sum(weights * (np.logaddexp(0, line) - aims * line)))


def _between(calibration: Calibration, odds: Floats) -> Floats:
    """Read the rate at `odds` on the straight lines between the knots, flat beyond them."""
    points, rates = np.array(calibration.knots).T
    kept = np.clip(odds, points[0], points[-1])
    last = len(points) - 1
    right = np.clip(np.searchsorted(points, kept), min(1, last), last)
    left = np.maximum(right - 1, 0)
    gap = np.where(points[right] > points[left], points[right] - points[left], 1.0)
    found = rates[left] + (rates[right] - rates[left]) * ((kept - points[left]) / gap)
    # Rounding may reach above the next knot, and the order of two rows would turn.
    return np.asarray(np.minimum(found, rates[right]), dtype=np.float64)


def _log_odds(scores: Floats) -> Floats:
    kept = np.clip(scores, _FURTHEST, 1 - _FURTHEST)
    return np.asarray(np.log(kept) - np.log1p(-kept), dtype=np.float64)
