"""Two lists of counts over the same bins -> how far one distribution lies from the other."""

from collections.abc import Sequence
from math import log, log2, sqrt

LEAST_SHARE = 1e-4
"""What stands for the share of an empty bin in `psi`, whose logarithm has no value at 0."""


def psi(expected: Sequence[int], actual: Sequence[int]) -> float | None:
    """Return the population stability index, or None where a side has no rows.

    The sum over all bins of `(a - e) * ln(a / e)`, a and e being the shares of the bin; it is 0
    for equal shares and has no upper bound. By custom below 0.1 is little, above 0.25 much.
    Source: N. Siddiqi, Credit Risk Scorecards, Wiley 2006; its statistics: B. Yurdakul,
    Statistical Properties of Population Stability Index, Western Michigan University 2018.

    >>> round(psi([50, 50], [60, 40]), 4)
    0.0405
    """
    if not sum(expected) or not sum(actual):
        return None
    shares = zip(_shares(expected), _shares(actual), strict=True)
    floored = ((max(e, LEAST_SHARE), max(a, LEAST_SHARE)) for e, a in shares)
    return sum((a - e) * log(a / e) for e, a in floored)


def js_distance(left: Sequence[int], right: Sequence[int]) -> float | None:
    """Return the Jensen-Shannon distance, or None where a side has no rows.

    The root of the Jensen-Shannon divergence in bits: 0 for equal shares, 1 where no bin has
    values of both sides. It is symmetric and a metric.
    Source: J. Lin, Divergence Measures Based on the Shannon Entropy, IEEE Transactions on
    Information Theory 37 (1991); D. Endres, J. Schindelin, A New Metric for Probability
    Distributions, the same 49 (2003).

    >>> js_distance([1, 0], [0, 5]), js_distance([1, 3], [2, 6])
    (1.0, 0.0)
    """
    if not sum(left) or not sum(right):
        return None
    divergence = 0.0
    for p, q in zip(_shares(left), _shares(right), strict=True):
        middle = (p + q) / 2
        divergence += (p * log2(p / middle) if p else 0.0) / 2
        divergence += (q * log2(q / middle) if q else 0.0) / 2
    return sqrt(min(max(divergence, 0.0), 1.0))


def _shares(counts: Sequence[int]) -> list[float]:
    total = sum(counts)
    return [count / total for count in counts]
