"""The table of what every function, operator and cast gives: `*.json` in this folder, as cases.

A file maps a function, an operator or a cast to its cases. A case is a list: the kind of its
input, a title, the expression, the row it reads, the value, and `"lost"` where some value is lost
on the way. The columns have the types of `tests.language.rows.TYPES`; moments and days are
written as text. For an aggregate a column is a list, one value for each event, in the order of
time. The value of a refused expression is the start of its message.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from pathlib import Path

from fig_assets.language.functions import FUNCTIONS
from fig_assets.language.types import Type, convertible, parse_type
from tests.language.rows import TYPES

KINDS = ("ordinary", "null", "bad", "boundary", "refused")
SIMPLE = ("string", "bigint", "float", "boolean", "timestamp", "date")
CASTS = tuple(
    f"{source}::{target}"
    for source in (*SIMPLE, "json")
    for target in (*SIMPLE, "embedding(2)")
    if source != target and convertible(Type(source), parse_type(target))
)
ARITHMETIC = ("+", "-", "*", "/", "%", "||")
COMPARISONS = ("=", "<>", "<", "<=", ">", ">=")
MORE = ("ILIKE", "IS", "IS DISTINCT FROM", "CASE")
OPERATORS = (*ARITHMETIC, *COMPARISONS, "AND", "OR", "NOT", "IN", "BETWEEN", "LIKE", *MORE)
HARMLESS = {
    *("AND", "OR", "NOT", "IS"),
    *("bigint::string", "bigint::float", "float::string", "timestamp::string", "timestamp::date"),
    *("date::string", "date::timestamp", "json::string"),
    *("boolean::string", "boolean::bigint", "boolean::float"),
}
"""Operators and casts for which no input is bad."""
LENIENT = {"AND", "OR", "IN", "BETWEEN", "IS", "IS DISTINCT FROM", "CASE"}
"""Operators that give a value although an operand is NULL."""


@dataclass(frozen=True)
class Case:
    """One line of the table; `of` is the function, operator or cast that it is about."""

    of: str
    kind: str
    title: str
    expression: str
    row: Mapping[str, object] = field(hash=False)
    value: object = field(hash=False)
    is_lost: bool = False

    def __str__(self) -> str:
        return f"{self.of}: {self.kind}: {self.title}"

    @property
    def is_aggregate(self) -> bool:
        return self.of in FUNCTIONS and FUNCTIONS[self.of].kind == "aggregate"

    def typed_row(self) -> dict[str, object]:
        return {name: typed(value, TYPES[name]) for name, value in self.row.items()}

    def typed_columns(self) -> dict[str, list[object]]:
        return {
            name: [typed(one, TYPES[name]) for one in values]
            for name, values in self.row.items()
            if isinstance(values, list)
        }


def typed(value: object, type_: Type) -> object:
    """Return a JSON value as the Python value of `type_`.

    Raises:
        TypeError: the JSON value is of another type.
    """
    if value is None:
        return None
    if type_.name in ("timestamp", "date") and isinstance(value, str):
        return (datetime if type_.name == "timestamp" else date).fromisoformat(value)
    if type_.name == "embedding" and isinstance(value, list):
        return value
    wanted = {"string": str, "bigint": int, "float": float, "boolean": bool}[type_.name]
    if type(value) is not wanted:
        raise TypeError(f"{value!r} is no {type_}")
    return value


def is_strict(of: str) -> bool:
    """Tell whether a row function, an operator or a cast gives NULL where an input is NULL."""
    if of in FUNCTIONS:
        return FUNCTIONS[of].on_null == "NULL"
    return of not in LENIENT


@cache
def table() -> tuple[Case, ...]:
    """Return every written case."""
    return tuple(_read())


def _read() -> Iterator[Case]:
    for path in sorted(Path(__file__).parent.glob("*.json")):
        for of, cases in json.loads(path.read_text(encoding="utf-8")).items():
            for kind, title, expression, row, value, *lost in cases:
                yield Case(of, kind, title, expression, row, value, lost == ["lost"])


def with_nulls(cases: tuple[Case, ...]) -> Iterator[Case]:
    """Yield, for each ordinary case of a strict function, one with NULL in each column in turn."""
    for case in cases:
        if case.kind == "ordinary" and not case.is_aggregate and is_strict(case.of):
            for name in case.row:
                row = {**case.row, name: None}
                title = f"{case.title}, but ${name} is NULL"
                yield Case(case.of, "null", title, case.expression, row, None)
