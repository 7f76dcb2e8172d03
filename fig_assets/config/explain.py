"""Pydantic's refusals -> `Problem`s in the user's words."""

import json
import re
from difflib import get_close_matches
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol

from pydantic import ValidationError

from fig_assets.config.patterns import S3
from fig_assets.config.rules import Unknown
from fig_assets.errors import Problem, Where

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

EXAMPLES = {
    "classes": '["legitimate", "malicious"]',
    "columns": '{"email": "string"}',
    "end_date": '"2024-12-31"',
    "family": '"request"',
    "family_name": '"request"',
    "feature_names": '{"all": ["failure_rate"]}',
    "features": '{"login_count": "@COUNT(*)"}',
    "field": '"client_ip"',
    "models/path": '"data/models"',
    "truth_label/name": '"plurality_vote"',
    "truth_label/source": '"request_labels"',
    "fields": '{"actor_id": "actor:id::string"}',
    "format": '"json"',
    "granularity": '"autonomous_system_number"',
    "groups": '[{"source": "<event>", "granularity_field": "<field>", "features": {}}]',
    "input_features": '[{"family_name": "request", "feature_names": {"all": ["country"]}}]',
    "key": '"email"',
    "method": '"plurality_vote"',
    "models": '{"path": "data/models"}',
    "output_features": '["request_threat_score"]',
    "path": '"data/raw/events/{date}*.jsonl*"',
    "source": '"employees"',
    "start_date": '"2024-01-01"',
    "training_delay_delta_days": "3",
    "training_time_delta_days": "1",
    "truth_label": '{"source": "request_labels", "name": "plurality_vote"}',
    "type": '"duckdb"',
    "warehouse": '{"type": "duckdb", "path": "data/lake"}',
}
"""What a missing key could look like."""

TAGS = ("<every>", "<listed>", "<own>", "<joined>", "<text>", "<env>", "<one>", "<many>")
"""Steps that the schema puts into Pydantic's places and nobody wrote."""

_KINDS = {
    "bool_type": "true or false",
    "dict_type": "an object {...}",
    "float_type": "a number",
    "int_type": "a whole number",
    "model_type": "an object {...}",
    "string_type": "a text",
    "tuple_type": "a list [...]",
}


class Place(Protocol):
    """Whatever can say where a value was written: a document, or a part of one."""

    def where(self, *path: str | int, key: bool = False) -> Where:
        """Return where the value at `path` was written."""
        ...


def problems_of(refusal: ValidationError, place: Place) -> list[Problem]:
    """Return one problem for each thing that Pydantic refused in what stands at `place`."""
    errors = [error for error in refusal.errors(include_url=False) if not _is_echo(error)]
    problems = [_problem(error, place) for error in errors]
    misspelt = {
        (problem.where.pointer.rpartition("/")[0], problem.fix)
        for problem in problems
        if problem.message.startswith("unknown key")
    }
    return [
        problem
        for problem in problems
        if not (missing := re.match('"(.*)" is missing$', problem.message))
        or (problem.where.pointer, f'write "{missing[1]}"') not in misspelt
    ]


def did_you_mean(word: str, known: list[str]) -> str:
    """Return a mend that names the nearest of `known`, or all of them."""
    return _mean(word, tuple(known))


@lru_cache(maxsize=1000)
def _mean(word: str, known: tuple[str, ...]) -> str:
    if near := get_close_matches(word.lower(), known, n=1):
        return f'write "{near[0]}"'
    return f"use one of: {', '.join(known)}" if known else ""


def shown(value: object) -> str:
    """Return `value` as it can be quoted in a sentence."""
    match value:
        case str():
            text = value if value.isprintable() else json.dumps(value)[1:-1]
            return f"'{text if len(text) <= 60 else text[:57] + '...'}'"
        case dict():
            return "an object"
        case list() | tuple():
            return "a list"
        case Unknown():
            return "an unknown key"
        case _:
            return json.dumps(value)


def _is_echo(error: "ErrorDetails") -> bool:
    """Whether a list is called too short only because its entries are refused themselves."""
    value = error["input"]
    return (
        error["type"] == "too_short"
        and isinstance(value, list | dict)
        and len(value) >= error["ctx"]["min_length"]
    )


def _problem(error: "ErrorDetails", place: Place) -> Problem:
    *parents, last = error["loc"] or ("",)
    # A key that nobody knows may be called like one of the tags.
    tail = (last,) if last not in TAGS or error["type"] == "extra_forbidden" else ()
    path = (*(step for step in parents if step not in TAGS), *tail)
    is_key = path[-1:] == ("[key]",)
    path = path[:-1] if is_key or not error["loc"] else path
    about = error.get("ctx", {})
    match error["type"]:
        case "wrong":
            path = (*path, *about["at"])
            return Problem(place.where(*path, key=is_key), about["said"], about["fix"])
        case "missing":
            return _missing(path, place)
        case "extra_forbidden":
            return _unknown(path, error["input"], place)
        case kind:
            key = str(path[-1]) if path else ""
            message, fix = _told(kind, error["input"], about, error["msg"], key)
            return Problem(place.where(*path, key=is_key), message, fix)


def _missing(path: tuple[str | int, ...], place: Place) -> Problem:
    key = path[-1]
    if isinstance(key, int):
        return Problem(place.where(*path[:-1]), f"the list needs at least {key + 1} values")
    parent = next((step for step in reversed(path[:-1]) if isinstance(step, str)), "")
    example = EXAMPLES.get(f"{parent}/{key}") or EXAMPLES.get(key, '"<name>"')
    return Problem(place.where(*path[:-1]), f'"{key}" is missing', f'add "{key}": {example}')


def _unknown(path: tuple[str | int, ...], mark: object, place: Place) -> Problem:
    key = str(path[-1])
    known = list(mark.known) if isinstance(mark, Unknown) else []
    where = place.where(*path, key=True)
    return Problem(where, f"unknown key {shown(key)}", did_you_mean(key, known))


def _told(
    kind: str, value: object, about: dict[str, object], said: str, key: str
) -> tuple[str, str]:
    """Return message and mend for the refusal `kind` of `value`."""
    if kind in _KINDS:
        fix = _converted(kind, value)
        if not fix and kind in ("dict_type", "model_type", "tuple_type") and key in EXAMPLES:
            fix = f"write {EXAMPLES[key]}"
        return f"must be {_KINDS[kind]}, not {shown(value)}", fix
    match kind:
        case "literal_error":
            known = re.findall(r"'([^']*)'", str(about["expected"]))
            return f"unknown value {shown(value)}", did_you_mean(str(value), known)
        case "greater_than_equal" | "less_than_equal" if key in SHARES:
            return f"must be a share from 0 to 1, not {shown(value)}", _share(value)
        case "greater_than_equal":
            least = _number(about["ge"])
            return f"must be {least} or more, not {shown(value)}", f"write {least}"
        case "greater_than":
            return f"must be more than {_number(about['gt'])}, not {shown(value)}", ""
        case "less_than_equal":
            most = _number(about["le"])
            return f"must be {most} or less, not {shown(value)}", f"write {most}"
        case "string_too_short":
            return "must not be empty", "write something, or leave it out"
        case "too_short":
            fewest = about["min_length"]
            fix = f"write {EXAMPLES[key]}" if key in EXAMPLES else ""
            return ("must not be empty" if fewest == 1 else f"needs at least {fewest} entries"), fix
        case "too_long":
            return f"has more than {about['max_length']} entries", ""
        case "string_pattern_mismatch":
            return f"{shown(value)} is not written as it must be", _PATTERNS[str(about["pattern"])]
        case _:
            return said[:1].lower() + said[1:], ""


def _share(value: object) -> str:
    """Word a share, by what was perhaps meant as a percentage."""
    percent = value if isinstance(value, int | float) and 1 < value < 100 else 5
    return f"write a share from 0 to 1, such as {percent / 100:g} for {percent:g} %"


SHARES = ("max_fraction", "max_lost_fraction")

_PATTERNS = {
    r"^\w+(\.\w+)*:\w+$": 'write "package.module:function"',
    r"^[A-Za-z_][A-Za-z0-9_]*$": 'write the name of an environment variable, such as "FIG_TOKEN"',
    r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$": 'write the name of a package, such as "threat_scorer"',
    S3: 'write a bucket and a prefix, such as "s3://my-bucket/fig"',
}


def _number(bound: object) -> str:
    return f"{bound:g}" if isinstance(bound, int | float) else str(bound)


def _converted(kind: str, value: object) -> str:
    """Return `value` as the kind that is wanted, where that is only a matter of spelling."""
    match kind, value:
        case ("int_type" | "float_type", str()) if re.fullmatch(r"-?(0|[1-9][0-9]*)", value):
            return f"write {value}"
        case ("float_type", str()) if re.fullmatch(r"-?(0|[1-9][0-9]*)\.[0-9]+", value):
            return f"write {value}"
        case ("int_type", float()) if value.is_integer():
            return f"write {int(value)}"
        case ("bool_type", str()) if value.lower() in ("true", "yes", "on", "1"):
            return "write true"
        case ("bool_type", str()) if value.lower() in ("false", "no", "off", "0"):
            return "write false"
        case ("string_type", bool() | int() | float()):
            return f'write "{json.dumps(value)}"'
        case ("tuple_type", str()):
            return f"write [{json.dumps(value)}]"
        case _:
            return ""
