"""How well scores put the positive rows first: average precision, ROC AUC and their curve.

Rows of the same score are one threshold: no order among them is ever assumed.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fig_assets.errors import ModelError

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class PrecisionRecall:
    """Precision and recall of catching the rows at or above each distinct score, highest first."""

    thresholds: Floats
    precision: Floats
    recall: Floats


def precision_recall_curve(
    labels: Bools, scores: Floats, weights: Floats | None = None
) -> PrecisionRecall:
    """Return precision and recall at every distinct score, in falling order of the scores.

    Args:
        labels: True for the positive rows.
        scores: Finite numbers, higher for rows more likely to be positive.
        weights: What each row counts for; 1 each if left out.

    Raises:
        ModelError: No row is positive, lengths differ, or a score is not a finite number.
    """
    thresholds, hits, misses = _counts(labels, scores, weights)
    if hits[-1] <= 0:
        raise ModelError("precision and recall need at least one positive row")
    return PrecisionRecall(thresholds, hits / (hits + misses), hits / hits[-1])


def average_precision(labels: Bools, scores: Floats, weights: Floats | None = None) -> float:
    """Return the sum over thresholds of (gain in recall) x precision, between 0 and 1.

    The step-wise area under the precision-recall curve as scikit-learn defines it, without
    interpolation. Random scores get the share of positive rows.

    Raises:
        ModelError: As `precision_recall_curve`.
    """
    curve = precision_recall_curve(labels, scores, weights)
    return float(np.sum(np.diff(curve.recall, prepend=0.0) * curve.precision))


def roc_auc(labels: Bools, scores: Floats, weights: Floats | None = None) -> float:
    """Return the chance that a positive row scores above a negative one, ties counting half.

    Raises:
        ModelError: Only one class is present, lengths differ, or a score is not finite.
    """
    _, hits, misses = _counts(labels, scores, weights)
    if hits[-1] <= 0 or misses[-1] <= 0:
        raise ModelError("the ROC curve needs rows of both classes")
    heights = (hits + np.concatenate([[0.0], hits[:-1]])) / 2
    return float(np.sum(np.diff(misses, prepend=0.0) * heights) / (hits[-1] * misses[-1]))


def log_loss(labels: Bools, scores: Floats, weights: Floats | None = None) -> float:
    """Return the mean of -ln(probability given to the class that came), in nats; lower is better.

    Probabilities are kept 1e-15 away from 0 and 1.
    """
    kept = np.clip(scores, 1e-15, 1 - 1e-15)
    return float(np.average(-np.log(np.where(labels, kept, 1 - kept)), weights=weights))


@dataclass(frozen=True)
class AtBudget:
    """What is caught when only so many rows of the highest scores are looked at."""

    precision: float | None
    """The share of positive ones among those with a label; None where none has one."""
    recall: float | None
    """The share of all positive rows that is looked at; None where no row is positive."""


def at_budget(scores: Floats, labels: Bools, known: Bools, alerts: int) -> AtBudget:
    """Measure precision and recall of looking at the `alerts` rows of the highest scores.

    Of rows that share the score at the edge each counts for the same part, as if they were drawn.

    Args:
        scores: Finite numbers.
        labels: True for the positive rows.
        known: True for the rows with a label; others take places in the budget and are not judged.
        alerts: How many rows are looked at, at least 1.
    """
    weights = np.ones(len(scores))
    if len(scores) > alerts:
        edge = np.partition(scores, -alerts)[-alerts]
        beyond, tied = scores > edge, scores == edge
        weights = beyond + tied * ((alerts - beyond.sum()) / tied.sum())
    judged, positive = weights[known].sum(), known & labels
    hits = weights[positive].sum()
    return AtBudget(
        float(hits / judged) if judged else None,
        float(hits / positive.sum()) if positive.any() else None,
    )


METRICS = {"average_precision": average_precision, "roc_auc": roc_auc}
"""What promotion can look at, by name; higher is better for each."""
WATCHED = (*METRICS, "alert_precision", "alert_recall")
"""What is measured once the labels of a scored day are there; higher is better for each."""


def _counts(labels: Bools, scores: Floats, weights: Floats | None) -> tuple[Floats, Floats, Floats]:
    """Return the distinct scores, falling, and the weight of each class at or above each."""
    weights = np.ones(len(scores)) if weights is None else weights
    if not len(labels) == len(scores) == len(weights):
        raise ModelError(f"{len(labels)} labels, {len(scores)} scores, {len(weights)} weights")
    if not np.isfinite(scores).all():
        raise ModelError("a score is not a finite number")
    if len(scores) == 0:
        return np.zeros(1), np.zeros(1), np.zeros(1)
    order = np.argsort(-scores, kind="stable")
    ranked = scores[order]
    last = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)
    positive = np.where(labels, weights, 0.0)[order]
    negative = np.where(labels, 0.0, weights)[order]
    return ranked[last], np.cumsum(positive)[last], np.cumsum(negative)[last]
