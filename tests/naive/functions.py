"""Row functions and operators over plain values. None is NULL, and the answer to bad input."""

import hashlib
import math
import re
from collections.abc import Callable
from datetime import date, datetime, timedelta

from tests.naive.strings import STRING_FUNCTIONS
from tests.naive.values import (
    Document,
    Value,
    convert,
    json_text,
    number,
    parse_json,
    text,
)

_UNITS = {
    "microsecond": timedelta(microseconds=1),
    "millisecond": timedelta(milliseconds=1),
    "second": timedelta(seconds=1),
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
}
_EARTH_RADIUS_KM = 6371.0088


def order(left: Value, right: Value) -> int | None:
    """Give -1, 0 or 1 as `left` is less, equal or greater; None where one cannot know.

    JSON is compared as its text. Text compared with another type is read as that type; text
    compares by code point; a whole number compared with a float is one.
    """
    left, right = (text(side) if isinstance(side, Document) else side for side in (left, right))
    if isinstance(left, str) != isinstance(right, str):
        left, right = _read_as(left, right), _read_as(right, left)
    if isinstance(left, datetime) != isinstance(right, datetime):
        left, right = convert(left, "timestamp"), convert(right, "timestamp")
    if left is None or right is None:
        return None
    if isinstance(left, float) or isinstance(right, float):
        left, right = float(left), float(right)  # type: ignore[arg-type]
    return (left > right) - (left < right)  # type: ignore[operator]


def _same(left: Value, right: Value) -> Value:
    if left is None or right is None:
        return left is right
    return order(left, right) == 0


def _read_as(value: Value, other: Value) -> Value:
    if not isinstance(value, str) or other is None:
        return value
    if isinstance(other, bool):
        return convert(value, "boolean")
    if isinstance(other, int | float):
        whole = convert(value, "bigint")
        return convert(value, "float") if whole is None else whole
    return convert(value, "timestamp" if isinstance(other, datetime) else "date")


def _comparison(holds: Callable[[int], bool]) -> Callable[[Value, Value], Value]:
    def compare(left: Value, right: Value) -> Value:
        found = order(left, right)
        return None if found is None else holds(found)

    return compare


def _arithmetic(combine: Callable[..., int | float]) -> Callable[..., Value]:
    """Make a function of numbers total: no number in, an error or an impossible result is None."""

    def total(*values: Value) -> Value:
        if not all(isinstance(value, int | float) for value in values):
            return None
        try:
            found = combine(*values)
        except (ArithmeticError, ValueError):
            return None
        return None if isinstance(found, complex) else number(found)

    return total


def _remainder(left: int | float, right: int | float) -> int | float:
    """Give the remainder with the sign of `left`, as SQL does."""
    if isinstance(left, float) or isinstance(right, float):
        return math.fmod(left, right)
    return (abs(left) % abs(right)) * (-1 if left < 0 else 1)


def _round(value: int | float, digits: int | float = 0) -> int | float:
    """Round half away from zero."""
    scale = 10.0 ** int(digits)
    scaled = abs(value) * scale
    if isinstance(value, int) or not math.isfinite(scaled):
        return value
    whole = math.floor(scaled)
    whole += scaled - whole >= 0.5
    return math.copysign(whole / scale, value)


def _floor(value: int | float) -> int | float:
    return _with_sign(math.floor(value), value)


def _ceil(value: int | float) -> int | float:
    return _with_sign(math.ceil(value), value)


def _with_sign(whole: int, value: int | float) -> int | float:
    """Give a whole number in the type of `value`; a zero keeps its sign."""
    return math.copysign(whole, value) if isinstance(value, float) else whole


def _and(left: Value, right: Value) -> Value:
    if left is False or right is False:
        return False
    return None if left is None or right is None else True


def _or(left: Value, right: Value) -> Value:
    if left is True or right is True:
        return True
    return None if left is None or right is None else False


def _not(value: Value) -> Value:
    return None if value is None else not value


def _in(value: Value, *choices: Value) -> Value:
    found: Value = False
    for choice in choices:
        compared = order(value, choice)
        found = _or(found, None if compared is None else compared == 0)
    return found


def _case(*branches: Value) -> Value:
    """Give the first value whose condition is TRUE; the last argument is the ELSE."""
    for condition, value in zip(branches[:-1:2], branches[1:-1:2], strict=True):
        if condition is True:
            return value
    return branches[-1]


def _if(condition: Value, value: Value, otherwise: Value = None) -> Value:
    return value if condition is True else otherwise


def _nullif(value: Value, unwanted: Value) -> Value:
    return None if order(value, unwanted) == 0 else value


def _coalesce(*values: Value) -> Value:
    return next((value for value in values if value is not None), None)


def _extreme(sign: int) -> Callable[..., Value]:
    """LEAST and GREATEST skip NULLs."""

    def extreme(*values: Value) -> Value:
        best: Value = None
        for value in values:
            if best is None or order(value, best) == sign:
                best = value
        return best

    return extreme


def _parse(value: Value) -> Value:
    if isinstance(value, Document) or not isinstance(value, str):
        return value if isinstance(value, Document) else None
    try:
        found = parse_json(value, lenient=True)
    except (ValueError, RecursionError):
        return None
    return None if found is None else Document(found)


def _get(value: Value, step: Value) -> Value:
    document = _parse(value)
    if not isinstance(document, Document):
        return None
    node = document.json
    found: object = None
    if isinstance(node, dict) and isinstance(step, str):
        found = node.get(step)
    if isinstance(node, list) and isinstance(step, int) and 0 <= step < len(node):
        found = node[step]
    return None if found is None else Document(found)


def _array_size(value: Value) -> Value:
    document = _parse(value)
    if isinstance(document, Document) and isinstance(document.json, list):
        return len(document.json)
    return None


def _element_texts(value: Value) -> list[str | None] | None:
    document = _parse(value)
    if isinstance(document, Document) and isinstance(document.json, list):
        return [json_text(item) for item in document.json]
    return None


def _array_contains(array: Value, value: Value) -> Value:
    texts, wanted = _element_texts(array), text(value)
    return None if texts is None or wanted is None else wanted in texts


def _array_join(array: Value, separator: Value) -> Value:
    texts, between = _element_texts(array), text(separator)
    if texts is None or between is None:
        return None
    return between.join(written for written in texts if written is not None)


def _array_regexp_like(array: Value, pattern: Value) -> Value:
    texts = _element_texts(array)
    if texts is None or not isinstance(pattern, str):
        return None
    return any(written is not None and re.search(pattern, written) for written in texts)


def _hour(value: Value) -> Value:
    moment = convert(value, "timestamp")
    return moment.hour if isinstance(moment, datetime) else None


def _day_of_week(value: Value) -> Value:
    day = convert(value, "date")
    return day.isoweekday() if isinstance(day, date) else None


def _timestamp_diff(unit: Value, start: Value, end: Value) -> Value:
    """Give the whole units from `start` to `end`, cut off towards zero."""
    first, last = convert(start, "timestamp"), convert(end, "timestamp")
    if not (isinstance(unit, str) and isinstance(first, datetime) and isinstance(last, datetime)):
        return None
    step = _UNITS.get(unit.lower().removesuffix("s"))
    return None if step is None else (abs(last - first) // step) * (-1 if last < first else 1)


def _hash(value: Value) -> Value:
    """Give the first 63 bits of the MD5 of the value's text."""
    written = text(value)
    if written is None:
        return None
    return int(hashlib.md5(written.encode(), usedforsecurity=False).hexdigest()[:16], 16) >> 1


def _haversine(*degrees: int | float) -> float:
    """Give the length of the great circle between two places; no place off the globe."""
    if any(abs(angle) > limit for angle, limit in zip(degrees, (90, 180, 90, 180), strict=True)):
        raise ValueError("degrees out of range")
    lat1, lon1, lat2, lon2 = (math.radians(value) for value in degrees)
    chord = (
        math.sin((lat2 - lat1) / 2) ** 2
        + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    )
    return 2 * _EARTH_RADIUS_KM * math.asin(math.sqrt(min(1.0, chord)))


_DIVIDE = _arithmetic(lambda left, right: float(left) / float(right))

FUNCTIONS: dict[str, Callable[..., Value]] = {
    "+": _arithmetic(lambda left, right: left + right),
    "-": _arithmetic(lambda left, right: left - right),
    "NEGATIVE": _arithmetic(lambda value: -value),
    "*": _arithmetic(lambda left, right: left * right),
    "/": _DIVIDE,
    "DIVIDE": _DIVIDE,
    "%": _arithmetic(_remainder),
    "MOD": _arithmetic(_remainder),
    "=": _comparison(lambda found: found == 0),
    "<>": _comparison(lambda found: found != 0),
    "<": _comparison(lambda found: found < 0),
    "<=": _comparison(lambda found: found <= 0),
    ">": _comparison(lambda found: found > 0),
    ">=": _comparison(lambda found: found >= 0),
    "SAME": _same,
    "AND": _and,
    "OR": _or,
    "NOT": _not,
    "IN": _in,
    "IS_NULL": lambda value: value is None,
    "IS_TRUE": lambda value: value is True,
    "IS_FALSE": lambda value: value is False,
    "CASE": _case,
    "CAST": convert,
    "IF": _if,
    "NULLIF": _nullif,
    "COALESCE": _coalesce,
    "LEAST": _extreme(-1),
    "GREATEST": _extreme(1),
    "PARSE_JSON": lambda value: _parse(text(value) if isinstance(value, Document) else value),
    "GET": _get,
    "ARRAY_SIZE": _array_size,
    "ARRAY_CONTAINS": _array_contains,
    "ARRAY_JOIN": _array_join,
    "ARRAY_REGEXP_LIKE": _array_regexp_like,
    "ABS": _arithmetic(abs),
    "ROUND": _arithmetic(_round),
    "FLOOR": _arithmetic(_floor),
    "CEIL": _arithmetic(_ceil),
    "LN": _arithmetic(math.log),
    "EXP": _arithmetic(math.exp),
    "SQRT": _arithmetic(math.sqrt),
    "POWER": _arithmetic(lambda base, exponent: float(base) ** exponent),
    "HOUR": _hour,
    "DAY_OF_WEEK": _day_of_week,
    "DATE": lambda value: convert(value, "date"),
    "TIMESTAMP_DIFF": _timestamp_diff,
    "HASH": _hash,
    "HAVERSINE_KM": _arithmetic(_haversine),
    **STRING_FUNCTIONS,
}
