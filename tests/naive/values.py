"""The values of the language and the conversions between its types, none of which can fail."""

import json
import math
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import TypeAlias

BIGINT_MIN, BIGINT_MAX = -(2**63), 2**63 - 1
ALIASES = {
    **dict.fromkeys(("str", "varchar", "text"), "string"),
    **dict.fromkeys(("int", "integer", "long"), "bigint"),
    **dict.fromkeys(("double", "number"), "float"),
    "bool": "boolean",
    "datetime": "timestamp",
}
TYPES = ("string", "bigint", "float", "boolean", "timestamp", "date")

_EMBEDDING = re.compile(r"embedding\s*\(\s*([0-9]+)\s*\)")
_INTEGER = re.compile(r"[+-]?[0-9]+(\.0*)?")
_DECIMAL = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_ISO_8601 = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
    r"(?:[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]+))?)?"
    r"(Z|[+-][0-9]{2}(?::?[0-9]{2})?)?)?"
)


@dataclass(frozen=True)
class Number:
    """A JSON number, kept as it was written so that no digit is lost."""

    text: str


@dataclass(frozen=True)
class Document:
    """A piece of parsed JSON inside an expression: what PARSE_JSON and GET give."""

    json: object


Value: TypeAlias = bool | int | float | str | datetime | date | Document | list[float] | None


def convert(value: Value, target: str) -> Value:
    """Give `value` as the type `target`, or None where it has no meaning there."""
    if isinstance(value, Document):
        value = text(value)
    if value is None:
        return None
    match ALIASES.get(target.lower(), target.lower()):
        case "string":
            return text(value)
        case "bigint":
            return _bigint(value)
        case "float":
            return _float(value)
        case "boolean":
            return _boolean(value)
        case "timestamp":
            return _timestamp(value)
        case "date":
            moment = _timestamp(value)
            return None if moment is None else moment.date()
        case other if found := _EMBEDDING.fullmatch(other):
            return _embedding(value, int(found[1]))
        case unknown:
            raise ValueError(f"unknown type '{unknown}'")


def number(value: int | float) -> int | float | None:
    """Give a result of arithmetic, or None where it left bigint or the finite floats."""
    if isinstance(value, int):
        return value if BIGINT_MIN <= value <= BIGINT_MAX else None
    return value if math.isfinite(value) else None


def text(value: Value) -> str | None:
    """Write a value as plain text."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, Document):
        return json_text(value.json)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        whole = value.isoformat(sep=" ")
        return whole.rstrip("0") if value.microsecond else whole
    if isinstance(value, date):
        return value.isoformat()
    return repr(value)


def json_text(node: object) -> str | None:
    """Give a JSON scalar's own text, or the JSON text of an object or array."""
    if node is None or isinstance(node, str):
        return node
    return _written(node)


def parse_json(written: str, *, lenient: bool = False) -> object:
    """Parse strict JSON: NaN and Infinity are refused with ValueError.

    So is a key that occurs twice; if `lenient`, the first of them counts.
    """
    return json.loads(
        written,
        parse_int=Number,
        parse_float=Number,
        parse_constant=_refuse_constant,
        object_pairs_hook=_first_of_each_key if lenient else _object,
    )


def parse_timestamp(written: str) -> datetime | None:
    """Read ISO 8601 as naive UTC; digits beyond microseconds are cut off, never rounded."""
    found = _ISO_8601.fullmatch(written)
    if found is None:
        return None
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    microsecond = int((fraction or "0")[:6].ljust(6, "0"))
    try:
        clock = time(int(hour or 0), int(minute or 0), int(second or 0), microsecond, _zone(zone))
        moment = datetime.combine(date(int(year), int(month), int(day)), clock)
        return moment.astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):
        return None


def _zone(written: str | None) -> timezone:
    if written is None or written == "Z":
        return UTC
    hours, minutes = int(written[1:3]), int(written[3:].lstrip(":") or 0)
    if minutes > 59:
        raise ValueError(f"no such offset: {written}")
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if written[0] == "-" else offset)


def _bigint(value: Value) -> int | None:
    if isinstance(value, str):
        if not _INTEGER.fullmatch(value):
            return None
        digits = value.partition(".")[0]
        return None if len(digits.lstrip("+-0")) > 19 else _bigint(int(digits))
    if isinstance(value, float):
        return _bigint(int(value)) if math.isfinite(value) and value == int(value) else None
    if isinstance(value, int):
        return int(value) if BIGINT_MIN <= value <= BIGINT_MAX else None
    return None


def _float(value: Value) -> float | None:
    if isinstance(value, str):
        value = float(value) if _DECIMAL.fullmatch(value) else None
    if isinstance(value, int | float):
        return float(value) if math.isfinite(value) else None
    return None


def _embedding(value: Value, size: int) -> list[float] | None:
    """Read a JSON array of exactly `size` finite numbers."""
    if isinstance(value, list):
        return value
    if not isinstance(value, str):
        return None
    try:
        found = parse_json(value, lenient=True)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, list) or len(found) != size:
        return None
    numbers = [float(item.text) for item in found if isinstance(item, Number)]
    return numbers if len(numbers) == size and all(map(math.isfinite, numbers)) else None


def _boolean(value: Value) -> bool | None:
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.lower())
    if isinstance(value, int | float):
        return bool(value) if value in {0, 1} else None
    return None


def _timestamp(value: Value) -> datetime | None:
    if isinstance(value, str):
        return parse_timestamp(value)
    if isinstance(value, datetime):
        return value
    return datetime.combine(value, time()) if isinstance(value, date) else None


def _written(node: object) -> str:
    if isinstance(node, Number):
        return _number_text(node.text)
    if isinstance(node, list):
        return "[" + ",".join(_written(item) for item in node) + "]"
    if isinstance(node, dict):
        items = (f"{_written(key)}:{_written(item)}" for key, item in node.items())
        return "{" + ",".join(items) + "}"
    return json.dumps(node, ensure_ascii=False)


def _number_text(written: str) -> str:
    """Integers as they are; others as the nearest double in its shortest form, 1e3 as 1000.0."""
    if re.fullmatch("-?[0-9]+", written):
        return "0" if written == "-0" else written
    value = float(written)
    if not math.isfinite(value):
        return written
    if 1e-6 <= abs(value) < 1e21 or value == 0:
        plain = format(Decimal(repr(value)), "f")
        return plain if "." in plain else plain + ".0"
    mantissa, _, exponent = repr(value).partition("e")
    return f"{mantissa.removesuffix('.0')}e{int(exponent)}"


def _refuse_constant(constant: str) -> object:
    raise ValueError(f"{constant} is not JSON")


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    keys = [key for key, _ in pairs]
    if len(set(keys)) < len(keys):
        raise ValueError("a key occurs twice")
    return dict(pairs)


def _first_of_each_key(pairs: list[tuple[str, object]]) -> dict[str, object]:
    return dict(reversed(pairs))
