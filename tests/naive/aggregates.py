"""Aggregates over the values that are not NULL; for FIRST and LAST they come in order."""

import hashlib
import math
from collections import Counter
from collections.abc import Callable, Sequence

from tests.naive.values import Value, number, text

LARGEST_SQUARED = 1e140
"""The language gives no spread of values from here on, in either direction."""


def _sum(values: Sequence[Value]) -> Value:
    if not values:
        return None
    if any(isinstance(value, float) for value in values):
        return _float_sum(_numbers(values))
    return number(sum(int(value) for value in _numbers(values)))


def _float_sum(values: Sequence[int | float]) -> float | None:
    try:
        total = math.fsum(values)
    except (OverflowError, ValueError):
        return None
    return total if math.isfinite(total) else None


def _average(values: Sequence[Value]) -> Value:
    total = _sum(values)
    if any(isinstance(value, float) for value in values):
        return total / len(values) if isinstance(total, float) else None
    return sum(_numbers(values)) / len(values) if values else None


def _variance(values: Sequence[Value]) -> float | None:
    numbers = _numbers(values)
    if len(numbers) < 2 or any(abs(value) >= LARGEST_SQUARED for value in numbers):
        return None
    mean = math.fsum(numbers) / len(numbers)
    return math.fsum((value - mean) ** 2 for value in numbers) / (len(numbers) - 1)


def _deviation(values: Sequence[Value]) -> float | None:
    variance = _variance(values)
    return None if variance is None else math.sqrt(variance)


def _mode(values: Sequence[Value]) -> Value:
    counts = Counter(values)
    often = max(counts.values(), default=0)
    return _unsigned(_minimum([value for value, count in counts.items() if count == often]))


def _unsigned(value: Value) -> Value:
    """Give the zero without a sign for both zeros."""
    return 0.0 if isinstance(value, float) and value == 0 else value


def _entropy(values: Sequence[Value]) -> float | None:
    shares = [count / len(values) for count in Counter(values).values()]
    return abs(math.fsum(-share * math.log2(share) for share in shares)) if values else None


def _approximate_count(values: Sequence[Value]) -> int:
    """HyperLogLog of 2048 registers over the first 63 bits of each text's MD5, and its estimate."""
    registers = [0] * 2048
    for value in values:
        digest = hashlib.md5(
            (text(_unsigned(value)) or "").encode(), usedforsecurity=False
        ).digest()
        rest, place = divmod(int.from_bytes(digest[:8], "big") >> 1, 2048)
        bits = f"{rest:052b}"
        rank = min(len(bits) - len(bits.rstrip("0")) + 1, 40)
        registers[place] = max(registers[place], rank)
    estimate = 0.7213 / (1 + 1.079 / 2048) * 2048**2 / sum(2.0**-rank for rank in registers)
    empty = registers.count(0)
    if estimate <= 2.5 * 2048 and empty:
        estimate = 2048 * math.log(2048 / empty)
    return math.floor(estimate + 0.5)


def _minimum(values: Sequence[Value]) -> Value:
    return min(values, default=None)  # type: ignore[type-var]


def _maximum(values: Sequence[Value]) -> Value:
    return max(values, default=None)  # type: ignore[type-var]


def _numbers(values: Sequence[Value]) -> list[int | float]:
    return [value for value in values if isinstance(value, int | float)]


AGGREGATES: dict[str, Callable[[Sequence[Value]], Value]] = {
    "COUNT": len,
    "COUNT_IF": lambda values: sum(value is True for value in values),
    "COUNT_DISTINCT": lambda values: len(set(values)),
    "APPROX_COUNT_DISTINCT": _approximate_count,
    "SUM": _sum,
    "AVG": _average,
    "MIN": _minimum,
    "MAX": _maximum,
    "STDDEV": _deviation,
    "VARIANCE": _variance,
    "BOOL_OR": lambda values: any(values) if values else None,
    "BOOL_AND": lambda values: all(values) if values else None,
    "FIRST": lambda values: values[0] if values else None,
    "LAST": lambda values: values[-1] if values else None,
    "ENTROPY": _entropy,
    "MODE": _mode,
}
