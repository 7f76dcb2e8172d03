"""One Python value -> the value of a simple type, or None where it has no counterpart."""

import json
import math
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal

import numpy as np
import pandas as pd

from fig_assets.moments import moment_of

OLDEST_US, LATEST_US = -62_135_596_800_000_000, 253_402_300_799_999_999
"""The first and last microsecond of the years 0001 to 9999, since 1970."""
LONGEST_BIGINT = 20
"""More digits than any whole number of 64 bits has."""
LARGEST_EXPONENT = 400
"""Beyond that of any float."""

_BIGINT = re.compile(r"([+-]?)0*(\d+?)(?:\.0*)?", re.ASCII)
_FLOAT = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)


def is_missing(value: object) -> bool:
    """Tell whether a value stands for none: None, NaN, pandas' NA and NaT."""
    if value is None or value is pd.NA or value is pd.NaT:
        return True
    if isinstance(value, np.datetime64):
        return bool(np.isnat(value))
    if isinstance(value, Decimal):
        return value.is_nan()
    return isinstance(value, float | np.floating) and math.isnan(value)


def to_string(value: object) -> str | None:
    """Write a value as text: numbers plainly, times in ISO 8601 with a blank."""
    value = _plain(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value if _is_unicode(value) else None
    if isinstance(value, int):
        return str(value) if -(2**63) <= value < 2**63 else None
    if isinstance(value, float):
        return str(value) if math.isfinite(value) else None
    if isinstance(value, datetime):
        moment = _utc(value)
        text = moment.isoformat(" ") if moment else None
        return text.rstrip("0") if text and moment and moment.microsecond else text
    return value.isoformat() if isinstance(value, date) else None


def to_bigint(value: object) -> int | None:
    """Give a whole number of 64 bits; 2.7 has none."""
    value = _plain(value)
    if isinstance(value, str):
        match = _BIGINT.fullmatch(value)
        value = int(match[1] + match[2]) if match and len(match[2]) < LONGEST_BIGINT else None
    elif isinstance(value, float):
        value = int(value) if value.is_integer() else None
    if not isinstance(value, int):
        return None
    return int(value) if -(2**63) <= value < 2**63 else None


def to_float(value: object) -> float | None:
    """Give a finite number."""
    value = _plain(value)
    if isinstance(value, str):
        value = float(value) if _FLOAT.fullmatch(value) else None
    if not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def to_boolean(value: object) -> bool | None:
    """Give true or false: of the numbers 1 and 0, of those words in any case."""
    value = _plain(value)
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.lower())
    if isinstance(value, int | float) and value in (0, 1):
        return bool(value)
    return None


def to_timestamp(value: object) -> datetime | None:
    """Give a moment in UTC without a zone; a time without a zone is UTC."""
    value = _plain(value)
    if isinstance(value, str):
        return moment_of(value)
    if isinstance(value, datetime):
        return _utc(value)
    return datetime(value.year, value.month, value.day) if isinstance(value, date) else None  # noqa: DTZ001 - UTC


def to_date(value: object) -> date | None:
    """Give the UTC day."""
    moment = to_timestamp(value)
    return moment.date() if moment else None


def to_embedding(value: object, size: int) -> list[float] | None:
    """Give exactly `size` finite numbers, of a sequence of numbers or the JSON text of one."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return None
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if not isinstance(value, Sequence) or isinstance(value, str | bytes) or len(value) != size:
        return None
    numbers = [None if isinstance(item := _plain(v), bool | str) else to_float(item) for v in value]
    found = [number for number in numbers if number is not None]
    return found if len(found) == size else None


def _plain(value: object) -> object:
    """Bring numpy's and pandas' scalars, and decimals, to Python's own."""
    if isinstance(value, pd.Timestamp):
        return value.to_pydatetime(warn=False)
    if isinstance(value, np.datetime64):
        value = value.astype("datetime64[us]")
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, Decimal):
        # An exponent of a billion would take as many digits.
        if not value.is_finite() or value.adjusted() > LARGEST_EXPONENT:
            return math.inf
        return int(value) if value == value.to_integral_value() else float(value)
    return value


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _utc(value: datetime) -> datetime | None:
    if value.tzinfo is None:
        return value
    try:
        return value.astimezone(UTC).replace(tzinfo=None)
    except (OverflowError, ValueError):
        return None
