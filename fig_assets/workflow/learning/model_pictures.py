"""How candidate and champion did -> pictures: precision over recall, calibration, scores."""

from collections.abc import Mapping, Sequence

from fig_assets.models.evaluation import Evaluation, Side
from fig_assets.models.measure import BINS, Measured
from fig_assets.pictures.bars import bars
from fig_assets.pictures.curves import Curve, curves

PRECISION_RECALL, CALIBRATION, SCORES = "precision_recall", "calibration", "score_histogram"
Named = tuple[str, Measured]
"""What is compared, under the name that it has in pictures."""


def promotion_pictures(evaluation: Evaluation) -> dict[str, str]:
    """Draw what a decision looked at; nothing where nothing could be measured.

    Returns:
        SVG pictures by name.
    """
    sides = [("candidate", evaluation.candidate), ("champion", evaluation.champion)]
    named = [
        (_title(role, side, evaluation.metric), side.measured)
        for role, side in sides
        if side is not None and side.measured is not None
    ]
    if not named:
        return {}
    return {
        PRECISION_RECALL: precision_recall(named),
        CALIBRATION: calibration(named),
        SCORES: score_histogram([(name.partition(":")[0], found) for name, found in named]),
    }


def precision_recall(named: Sequence[Named]) -> str:
    """Draw precision over recall; each curve begins where the highest score is."""
    drawn = [
        Curve(name, [(0.0, found.curve[0][1]), *found.curve] if found.curve else [])
        for name, found in named
    ]
    return curves(drawn, x="recall", y="precision", stepped=True)


def calibration(named: Sequence[Named]) -> str:
    """Draw how often rows of a score are positive: on the diagonal a score is a probability."""
    drawn = [
        Curve(name, [(mean, share) for mean, share, _ in found.reliability])
        for name, found in named
    ]
    return curves(drawn, x="mean score", y="share of positive rows", diagonal=True, dotted=True)


def score_histogram(named: Sequence[Named]) -> str:
    """Draw how the scores of each class are spread, as shares of the class."""
    labels = [f"{place / BINS:g} to {(place + 1) / BINS:g}" for place in range(BINS)]
    counts = [c for _, it in named for c in (it.negative_scores, it.positive_scores)]
    names = [f"{name}, {kind}" for name, _ in named for kind in ("other rows", "positive rows")]
    return bars(labels, counts, names, title="scores of each class")


def interval_text(intervals: Mapping[str, tuple[float, float]], metric: str) -> str:
    """Write an interval as ` (0.91 to 0.95)`; nothing where there is none."""
    ends = intervals.get(metric)
    return f" ({ends[0]:.4f} to {ends[1]:.4f})" if ends else ""


def _title(role: str, side: Side, metric: str) -> str:
    if side.value is None or side.measured is None:
        return f"{role} {side.trained_for}"
    told = interval_text(side.measured.intervals, metric)
    return f"{role} {side.trained_for}: {side.value:.4f}{told}"
