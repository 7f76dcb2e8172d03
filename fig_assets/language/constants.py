"""A value as it is written in JSON -> a value of a type."""

import re
from datetime import UTC, date, datetime
from math import isfinite

from fig_assets.language.types import BIGINT, BOOLEAN, DATE, FLOAT, STRING, TIMESTAMP, Type
from fig_assets.readings import OFFSET_TIMESTAMP, UTC_TIMESTAMP

Constant = bool | int | float | str | date | datetime

EXAMPLES = {
    STRING: '"text"',
    BIGINT: "12",
    FLOAT: "0.5",
    BOOLEAN: "true",
    TIMESTAMP: '"2026-01-31T10:00:00Z"',
    DATE: '"2026-01-31"',
}
"""How a value of each type is written."""

_LARGEST = 2**63


def constant(written: object, kind: Type) -> Constant:
    """Return the value of `kind` that is written so; timestamps are naive UTC.

    Raises:
        ValueError: it is no value of that type; the message says how one is written.

    >>> constant("2026-01-31", TIMESTAMP)
    datetime.datetime(2026, 1, 31, 0, 0)
    """
    found = _found(written, kind)
    if found is None:
        shown = repr(written) if isinstance(written, str) else str(written).lower()
        raise ValueError(f"{shown} is no {kind}")
    return found


def _found(written: object, kind: Type) -> Constant | None:
    match written:
        case bool():
            return written if kind == BOOLEAN else None
        case int() | float() if not isfinite(written):
            return None
        case int() | float() if kind == FLOAT:
            return float(written)
        case int() | float() if kind == BIGINT:
            whole = int(written)
            return whole if whole == written and -_LARGEST <= whole < _LARGEST else None
        case str() if kind == STRING:
            return written
        case str() if kind in (TIMESTAMP, DATE):
            return _moment(written, kind)
        case _:
            return None


def _moment(written: str, kind: Type) -> date | datetime | None:
    if not (re.fullmatch(UTC_TIMESTAMP, written) or re.fullmatch(OFFSET_TIMESTAMP, written)):
        return None
    try:
        found = datetime.fromisoformat(written)
        utc = found.astimezone(UTC).replace(tzinfo=None) if found.tzinfo else found
    except (ValueError, OverflowError):
        return None
    return utc if kind == TIMESTAMP else utc.date()
