"""Every function, operator and cast gives what the table says, on each engine and plainly read."""

import math
from collections.abc import Iterator, Mapping
from functools import cache

import duckdb
import pytest

from fig_assets.engines.sandbox import SETTINGS
from fig_assets.language.functions import FUNCTIONS, infer
from fig_assets.language.parse import ExpressionError, parse
from fig_assets.language.types import Type
from tests.conformance.duck import Duck
from tests.conformance.runner import (
    Runner,
    events_of,
    row_losses,
    row_values,
    window_value,
)
from tests.conformance.table import (
    CASTS,
    HARMLESS,
    KINDS,
    OPERATORS,
    Case,
    table,
    typed,
    with_nulls,
)
from tests.language.rows import type_of
from tests.naive.expressions import Scope, evaluate, evaluate_over
from tests.naive.expressions import parse as naive_parse
from tests.naive.losses import trace
from tests.naive.values import Value, convert

COMPUTED = [case for case in [*table(), *with_nulls(table())] if case.kind != "refused"]
SUBJECTS = [*FUNCTIONS, *OPERATORS, *CASTS]
OF_ROWS = [of for of in SUBJECTS if of not in FUNCTIONS or FUNCTIONS[of].kind == "row"]
OF_WINDOWS = [of for of in SUBJECTS if of not in OF_ROWS]


@pytest.fixture(scope="module")
def runner() -> Iterator[Runner]:
    with duckdb.connect(":memory:", config=dict(SETTINGS)) as connection:
        connection.execute("SET timezone = 'America/New_York'")
        yield Duck(connection)


@cache
def type_of_value(expression: str) -> Type:
    return infer(parse(expression).tree, type_of)


def differences(found: Mapping[Case, object]) -> dict[str, object]:
    """Return what was found where the table says something else; floats to nine digits."""
    return {
        f"{case}: {case.expression} on {dict(case.row)}": value
        for case, value in found.items()
        if not _is_same(value, typed(case.value, type_of_value(case.expression)))
    }


def _is_same(found: object, expected: object) -> bool:
    if isinstance(found, float) and isinstance(expected, float):
        return math.isclose(found, expected, rel_tol=1e-9)
    return found == expected and type(found) is type(expected)


@pytest.mark.parametrize("of", OF_ROWS)
def test_rows_have_the_values_of_the_table(runner: Runner, of: str) -> None:
    by_expression: dict[str, list[Case]] = {}
    for case in COMPUTED:
        if case.of == of:
            by_expression.setdefault(case.expression, []).append(case)

    found: dict[Case, object] = {}
    for expression, cases in by_expression.items():
        values = row_values(runner, expression, [case.typed_row() for case in cases])
        found |= zip(cases, values, strict=True)

    assert differences(found) == {}


@pytest.mark.parametrize("of", OF_ROWS)
def test_rows_lose_what_the_table_says(runner: Runner, of: str) -> None:
    cases = [case for case in COMPUTED if case.of == of]
    counted = [row_losses(runner, case.expression, [case.typed_row()]) for case in cases]
    read = [trace(naive_parse(c.expression), scope_of_row(c.typed_row()))[1] for c in cases]

    wrong = {
        f"{case}: {case.expression} on {dict(case.row)}": (found, plain)
        for case, [found], plain in zip(cases, counted, read, strict=True)
        if not found == plain == case.is_lost
    }
    assert wrong == {}


def scope_of_row(row: Mapping[str, Value]) -> Scope:
    return lambda name, _: row.get(name)


@pytest.mark.parametrize("of", OF_ROWS)
def test_rows_have_the_values_of_the_table_when_plainly_read(of: str) -> None:
    found: dict[Case, object] = {}
    for case in COMPUTED:
        if case.of == of:
            row = case.typed_row()
            value = evaluate(case.expression, lambda name, _, row=row: row.get(name))
            found[case] = convert(value, str(type_of_value(case.expression)))

    assert differences(found) == {}


@pytest.mark.parametrize("of", OF_WINDOWS)
@pytest.mark.parametrize("cut", ["one day", "a day each", "days in turn"])
def test_windows_have_the_values_of_the_table_however_days_are_cut(
    runner: Runner, of: str, cut: str
) -> None:
    found: dict[Case, object] = {}
    for case in (case for case in COMPUTED if case.of == of):
        columns = case.typed_columns()
        count = len(next(iter(columns.values())))
        days = {
            "one day": [0] * count,
            "a day each": list(range(count)),
            "days in turn": [place % 2 for place in range(count)],
        }[cut]
        found[case] = window_value(runner, case.expression, events_of(columns, days))

    assert differences(found) == {}


def scope_of(columns: Mapping[str, list[Value]], place: int) -> Scope:
    """Read the row at `place`; rows stand in the order of their time."""
    row = {
        "event_time": place,
        "event_id": None,
        **{n: column[place] for n, column in columns.items()},
    }
    return lambda name, _: row[name]


@pytest.mark.parametrize("of", OF_WINDOWS)
def test_windows_have_the_values_of_the_table_when_plainly_read(of: str) -> None:
    found: dict[Case, object] = {}
    for case in (case for case in COMPUTED if case.of == of):
        columns = case.typed_columns()
        count = len(next(iter(columns.values())))
        scopes = [scope_of(columns, place) for place in range(count)]
        found[case] = evaluate_over(case.expression, scopes, lambda name, _: None)

    assert differences(found) == {}


@pytest.mark.parametrize("case", [c for c in table() if c.kind == "refused"], ids=str)
def test_what_cannot_be_computed_is_refused_when_read(case: Case) -> None:
    with pytest.raises(ExpressionError) as refusal:
        infer(parse(case.expression).tree, type_of)

    assert refusal.value.message.startswith(str(case.value))


@pytest.mark.parametrize("of", SUBJECTS)
def test_everything_has_a_case_of_every_kind_that_it_can_meet(of: str) -> None:
    kinds = {case.kind for case in [*table(), *with_nulls(table())] if case.of == of}
    has_bad = bool(kinds & {"bad", "refused"})
    wanted = {"ordinary", "null", "boundary"} - ({"boundary"} if "boolean::" in of else set())

    assert wanted - kinds == set(), "add cases to tests/conformance/*.json"
    assert has_bad or is_harmless(of), "add cases of bad input to tests/conformance/*.json"
    assert not (has_bad and is_harmless(of)), "bad input is said to be impossible, but is not"


def is_harmless(of: str) -> bool:
    return of in HARMLESS or (of in FUNCTIONS and FUNCTIONS[of].on_bad_input == "none possible")


def test_the_table_names_only_what_there_is() -> None:
    assert {case.of for case in table()} - set(SUBJECTS) == set()
    assert {case.kind for case in table()} - set(KINDS) == set()


def test_a_case_stands_once() -> None:
    seen = [(case.expression, str(case.row)) for case in table()]

    assert [key for key in set(seen) if seen.count(key) > 1] == []
