"""What single values look like, as far as an editor can check it (JSON Schema, draft 07)."""

from typing import Any

TYPES = ("string", "bigint", "float", "boolean", "timestamp", "date")
OTHER_TYPES = (
    "str", "varchar", "text", "int", "integer", "long", "double", "number", "bool", "datetime",
)  # fmt: skip
S3 = r"^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9._/-]*)?$"
"""A bucket, and a prefix in it."""
PERIODS = ("daily", "weekly_by_day", "monthly_by_day", "quarterly_by_day", "yearly_by_day")


def _matching(pattern: str, message: str) -> dict[str, Any]:
    return {"type": "string", "pattern": pattern, "patternErrorMessage": message}


def _in_any_case(word: str) -> str:
    return "".join(f"[{letter}{letter.upper()}]" for letter in word)


NAME = _matching(
    r"^(?!(?:day|event_time|event_id)$)(?!window_)(?!.*__)[a-z][a-z0-9_]{0,62}$",
    "a name: a-z, 0-9 and single _, starting with a letter, at most 63 characters; day, "
    "event_time, event_id and window_... are taken",
)
ACCOUNT = _matching(
    r"^[a-z0-9]([a-z0-9]|[-_.](?=[a-z0-9])){0,62}$",
    "an account: a-z, 0-9 and single - _ . between them, at most 63 characters",
)
REFERENCE = _matching(
    r"^[a-z][a-z0-9_]{0,62}(@[1-9][0-9]{0,8})?$", 'a feature: "failure_rate" or "failure_rate@2"'
)
PREFIX = _matching(
    r"^([a-z]([a-z0-9]|_(?!_))*)?$", "the beginning of a name: a-z, 0-9 and single _, or empty"
)
DAY = _matching(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "a UTC day such as 2026-01-31")
SIZE = _matching(
    r"^(?=.*[1-9])[0-9]{1,6}(\.[0-9]{1,6})? ?[KMGT]i?B$", 'a size such as "6GB" or "512MiB"'
)
MEMORY = _matching(
    r"^((?=.*[1-9])[0-9]{1,6}(\.[0-9]{1,6})? ?[KMGT]i?B|([1-9][0-9]?|100)%)$",
    'a size such as "6GB", or a share of the memory such as "50%"',
)
SCALAR: dict[str, Any] = {"type": ["string", "number", "boolean", "null"]}
TAGS: dict[str, Any] = {
    "anyOf": [
        {"type": "array", "items": {"type": "string"}},
        {"type": "object", "additionalProperties": {"type": "string"}},
    ]
}
TYPE: dict[str, Any] = {
    "anyOf": [
        {"enum": list(TYPES)},
        _matching(
            r"^\s*("
            + "|".join(map(_in_any_case, (*TYPES, *OTHER_TYPES)))
            + rf"|{_in_any_case('embedding')}\s*\(\s*[1-9][0-9]{{0,4}}\s*\))\s*$",
            f"a type: {', '.join(TYPES)} or embedding(n)",
        ),
    ]
}
PERIOD: dict[str, Any] = {
    "anyOf": [
        {"enum": list(PERIODS)},
        _matching(r"^[1-9][0-9]{0,3}d_by_day$", f"one of {', '.join(PERIODS)}, or <N>d_by_day"),
    ]
}
