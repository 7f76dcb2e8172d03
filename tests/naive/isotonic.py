"""Isotonic regression from its min-max formula: no pooling, every pair of bounds is tried."""

from itertools import groupby


def rising_steps(rows: list[tuple[float, bool, float]]) -> list[tuple[float, float]]:
    """Return per step the mean point and the rate: max over lower of min over upper averages.

    Args:
        rows: A point, whether it is positive, and what it counts for.
    """
    points = sorted({point for point, _, _ in rows})
    rates = []
    for place in range(len(points)):
        lows = []
        for first in range(place + 1):
            means = []
            for last in range(place, len(points)):
                within = [row for row in rows if points[first] <= row[0] <= points[last]]
                means.append(round(_share(within), 12))
            lows.append(min(means))
        rates.append(max(lows))
    steps = []
    for rate, places in groupby(range(len(points)), key=lambda place: rates[place]):
        inside = {points[place] for place in places}
        within = [row for row in rows if row[0] in inside]
        weight = sum(row[2] for row in within)
        steps.append((sum(row[0] * row[2] for row in within) / weight, rate))
    return steps


def _share(rows: list[tuple[float, bool, float]]) -> float:
    return sum(row[2] for row in rows if row[1]) / sum(row[2] for row in rows)
