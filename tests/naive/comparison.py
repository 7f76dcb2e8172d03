"""Two lists of values beside each other, compared by plain loops."""

import math
from collections import Counter
from collections.abc import Sequence

Value = object


def differing(left: Sequence[Value], right: Sequence[Value]) -> int:
    count = 0
    for a, b in zip(left, right, strict=True):
        if a is None or b is None:
            count += (a is None) != (b is None)
        elif a != b:
            count += 1
    return count


def quantile(values: Sequence[float], place: float) -> float:
    """Between the two neighbours of the place, as far as it lies between them."""
    ordered = sorted(values)
    spot = place * (len(ordered) - 1)
    below = math.floor(spot)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (spot - below)


def reaching(values: Sequence[float], tenth: int) -> float:
    """The smallest value up to which `tenth` tenths of all values lie."""
    ordered = sorted(values)
    for place, value in enumerate(ordered, 1):
        if place * 10 >= tenth * len(ordered):
            return value
    raise ValueError(values)


def correlation(left: Sequence[float | None], right: Sequence[float | None]) -> float | None:
    pairs = [(a, b) for a, b in zip(left, right, strict=True) if a is not None and b is not None]
    if len(pairs) < 2:
        return None
    x, y = sum(a for a, _ in pairs) / len(pairs), sum(b for _, b in pairs) / len(pairs)
    both = sum((a - x) * (b - y) for a, b in pairs)
    squares = sum((a - x) ** 2 for a, _ in pairs) * sum((b - y) ** 2 for _, b in pairs)
    return both / math.sqrt(squares) if squares else None


def tenths(left: Sequence[float | None], right: Sequence[float | None]) -> list[tuple[int, int]]:
    """Count both sides in the bins between the tenths of all their values; NULL first."""
    values = [value for value in (*left, *right) if value is not None]
    edges = sorted({reaching(values, n) for n in range(1, 10)}) if values else []
    bins = [[0, 0] for _ in range(len(edges) + 2)]
    for side, column in enumerate((left, right)):
        for value in column:
            place = 0
            if value is not None:
                place = 1
                for edge in edges:
                    if value > edge:
                        place += 1
            bins[place][side] += 1
    return [(a, b) for a, b in bins]


def categories(
    left: Sequence[Value], right: Sequence[Value], most: int
) -> list[tuple[Value, int, int]]:
    ours, theirs = Counter(left), Counter(right)

    def place(value: Value) -> tuple[int, bool, str]:
        return -(ours[value] + theirs[value]), value is not None, str(value)

    every = sorted({*ours, *theirs}, key=place)
    return [(value, ours[value], theirs[value]) for value in every[:most]]


def psi(bins: Sequence[tuple[int, int]]) -> float | None:
    expected, actual = sum(a for a, _ in bins), sum(b for _, b in bins)
    if not expected or not actual:
        return None
    total = 0.0
    for a, b in bins:
        e = a / expected if a / expected > 0.0001 else 0.0001
        f = b / actual if b / actual > 0.0001 else 0.0001
        total += (f - e) * (math.log(f) - math.log(e))
    return total


def js_distance(bins: Sequence[tuple[int, int]]) -> float | None:
    """The root of what the mixture's entropy is above the mean of both entropies."""
    expected, actual = sum(a for a, _ in bins), sum(b for _, b in bins)
    if not expected or not actual:
        return None
    p = [a / expected for a, _ in bins]
    q = [b / actual for _, b in bins]
    middle = [(a + b) / 2 for a, b in zip(p, q, strict=True)]
    return math.sqrt(max(0.0, entropy(middle) - (entropy(p) + entropy(q)) / 2))


def entropy(shares: Sequence[float]) -> float:
    return -sum(share * math.log2(share) for share in shares if share > 0)
