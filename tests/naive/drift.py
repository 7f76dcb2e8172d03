"""How the values of one day lie beside those of a training, in plain loops."""

import math
from collections import Counter
from collections.abc import Sequence

from tests.naive import comparison


def bins_of_numbers(
    trained: Sequence[float | None], day: Sequence[float | None]
) -> list[tuple[int, int]]:
    """Count both in bins whose ends are the tenths of the training's numbers, which they include.

    Numbers below the least and above the greatest of the training have bins of their own, and so
    have rows without a number.
    """
    known = [value for value in trained if value is not None]
    ends = sorted({comparison.reaching(known, n) for n in range(1, 10)} | {max(known)})
    counts: Counter[tuple[int, str]] = Counter()
    for side, values in enumerate((trained, day)):
        for value in values:
            counts[side, _place(value, min(known), ends)] += 1
    places = ["none", "below", "above", *map(str, range(len(ends)))]
    return [(counts[0, place], counts[1, place]) for place in places]


def _place(value: float | None, least: float, ends: Sequence[float]) -> str:
    if value is None:
        return "none"
    if value < least:
        return "below"
    for number, end in enumerate(ends):
        if value <= end:
            return str(number)
    return "above"


def bins_of_texts(
    trained: Sequence[str | None], day: Sequence[str | None], most: int
) -> list[tuple[int, int]]:
    """Count both by the texts that the training has most often; all others are one bin."""
    often = Counter(text for text in trained if text is not None)
    own = sorted(often, key=lambda text: (-often[text], text))[:most]
    bins = [(trained.count(text), day.count(text)) for text in own]
    rest = [sum(t is not None and t not in own for t in side) for side in (trained, day)]
    return [*bins, (rest[0], rest[1]), (trained.count(None), day.count(None))]


def alerts(
    scores: Sequence[float], labels: Sequence[bool | None], budget: int
) -> tuple[float | None, float | None]:
    """Precision and recall of a budget: the mean over all ways to break ties, one by one."""
    hits = judged = 0.0
    for score, label in zip(scores, labels, strict=True):
        above = sum(other > score for other in scores)
        same = sum(other == score for other in scores)
        chance = min(1.0, max(0.0, (budget - above) / same))
        judged += chance * (label is not None)
        hits += chance * (label is True)
    positives = sum(label is True for label in labels)
    precision = hits / judged if not math.isclose(judged, 0, abs_tol=1e-12) else None
    return precision, hits / positives if positives else None


def average_precision(scores: Sequence[float], labels: Sequence[bool | None]) -> float:
    """Over the distinct scores, falling: the gain in recall times the precision so far."""
    rows = [(s, label) for s, label in zip(scores, labels, strict=True) if label is not None]
    positives, before, total = sum(label for _, label in rows), 0, 0.0
    for threshold in sorted({score for score, _ in rows}, reverse=True):
        reached = [label for score, label in rows if score >= threshold]
        total += (sum(reached) - before) / positives * sum(reached) / len(reached)
        before = sum(reached)
    return total
