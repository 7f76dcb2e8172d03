"""Types of expressions, refusals, aggregates by way of daily states, and the printed table."""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from statistics import StatisticsError, stdev, variance

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlglot import exp

from fig_assets.language.functions import (
    FUNCTIONS,
    calls,
    empty,
    finish,
    function_table,
    infer,
    lower,
    merge,
    value_type,
)
from fig_assets.language.parse import ExpressionError, parse
from fig_assets.language.tree import AGGREGATES
from fig_assets.language.types import BIGINT, FLOAT
from tests.conformance.duck import Duck
from tests.conformance.runner import events_of, window_value
from tests.language.rows import HOSTILE, TYPES, column, moment, type_of
from tests.profiles import examples

MAX, MIN = 2**63 - 1, -(2**63)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("$i + 1", "bigint"),
        ("$i + 1.0", "float"),
        ("$i / 2", "float"),
        ("@COALESCE($i, $f)", "float"),
        ("CASE WHEN $b THEN $d ELSE $ts END", "timestamp"),
        ("NULL::date", "date"),
        ("@IF($b, NULL, 'x')", "string"),
        ("@COALESCE($v, NULL)", "embedding"),
        ("CASE WHEN $b THEN '[1, 2]'::embedding(2) ELSE $v END", "embedding"),
        ("@COUNT($v)", "bigint"),
        ("@IS_NULL($v) AND $w IS NOT NULL", "boolean"),
        ("@SUM($b)", "bigint"),
        ("@SUM($f)", "float"),
        ("@AVG($i)", "float"),
        ("@MODE($s)", "string"),
        ("@MAX($ts)", "timestamp"),
        ("@MIN($b)", "boolean"),
        ("@LAST($b)", "boolean"),
        ("@SUM($i) / @COUNT(*)", "float"),
        ("@COUNT_DISTINCT($s) FILTER (WHERE $b) > 3", "boolean"),
    ],
)
def test_the_type_of_an_expression_is_inferred(text: str, name: str) -> None:
    assert infer(parse(text).tree, type_of).name == name


@pytest.mark.parametrize(
    ("text", "blamed", "message", "fix"),
    [
        ("$i + $s", "$s", "arithmetic needs numbers, not a string", "convert it: ::bigint"),
        ("$b = 1", "$b = 1", "boolean and bigint cannot be compared", "convert one of them"),
        ("@LENGT($s)", "@LENGT", "unknown function @LENGT", "write @LENGTH"),
        ("@LENGTH($s, $s)", "@LENGTH($s, $s)", "@LENGTH takes 1 argument, not 2", ""),
        ("@COALESCE()", "@COALESCE()", "@COALESCE takes at least 1 argument, not 0", ""),
        ("@LENGTH($i)", "$i", "@LENGTH takes a string here, not a bigint", "convert it: ::string"),
        ("@SUM(@SUM($i))", "@SUM($i)", "aggregates cannot stand inside one another", "make the"),
        ("@SUM($s)", "$s", "@SUM takes bigint or float or boolean, not string", ""),
        ("@SUM()", "@SUM()", "@SUM takes 1 argument, not 0", ""),
        ("@REGEXP_LIKE($s, '(')", "'('", "the pattern is refused: ", "close every"),
        ("@REGEXP_LIKE($s, 'a(?=b)')", "'a(?=b)'", "the pattern is refused: ", "use RE2 syntax"),
        ("@REGEXP_LIKE($s, $t)", "$t", "@REGEXP_LIKE takes a literal here", ""),
        ("@REGEXP_EXTRACT($s, '(a)', 2)", "2", "the pattern is refused: ", "write the number"),
        ("@TIMESTAMP_DIFF('eon', $ts, $tt)", "'eon'", "@TIMESTAMP_DIFF takes one of ", ""),
        ("@ARRAY_JOIN($s, $t)", "$t", "@ARRAY_JOIN takes a literal here", ""),
        ("@ARRAY_JOIN($s, 1)", "1", "@ARRAY_JOIN takes a text of at most 100", ""),
        ("@ARRAY_REGEXP_LIKE($s, '(')", "'('", "the pattern is refused: ", "close every"),
        ("@ARRAY_CONTAINS($i, 1)", "$i", "@ARRAY_CONTAINS takes JSON or a string", ""),
        ("@ARRAY_CONTAINS($s, $v)", "$v", "@ARRAY_CONTAINS takes a simple value here", ""),
        ("@ROUND($f, 99)", "99", "@ROUND takes a whole number from 0 to 15 here", ""),
        ("$ts::bigint", "$ts::bigint", "a timestamp can never become a bigint", ""),
        ("CASE WHEN $i THEN 1 END", "$i", "a condition is a boolean, not a bigint", "write a"),
        ("@IF($b, 1, 'x')", "@IF($b, 1, 'x')", "bigint and string have no common type", "conv"),
        ("NULL", "NULL", "the expression is always NULL", "give it a type"),
        ("$i LIKE 'x'", "$i", "LIKE takes a string here, not a bigint", "convert it: ::string"),
        ("$s ILIKE $b", "$b", "ILIKE takes a string here, not a boolean", "convert it: ::string"),
        (
            "$s LIKE 'x' ESCAPE ''",
            "''",
            "the escape is one character of ASCII",
            "write ESCAPE '\\'",
        ),
        ("$s LIKE 'x' ESCAPE 'é'", "'é'", "the escape is one character of ASCII", "write ESCAPE"),
        ("$s LIKE 'x' ESCAPE '%'", "'%'", "the escape is one character of ASCII", "write ESCAPE"),
        ("$s ILIKE 'x' ESCAPE 'a'", "'a'", "the escape of ILIKE is no letter", "write ESCAPE"),
        ("$s LIKE 'x!' ESCAPE '!'", "'!'", "the pattern ends in !, with", "double it: 'x!!'"),
        (
            "$i IS DISTINCT FROM $b",
            "$i IS DISTINCT FROM $b",
            "bigint and boolean cannot be",
            "conv",
        ),
        ("@SUM($v)", "$v", "@SUM takes bigint or float or boolean, not embedding(2)", ""),
        ("@MIN($v)", "$v", "@MIN takes string or bigint or float or boolean", ""),
        ("@COUNT_DISTINCT($v)", "$v", "@COUNT_DISTINCT takes string or bigint", ""),
        ("@LAST($v)", "$v", "@LAST takes string or bigint", ""),
        ("$v = $v", "$v = $v", "embedding(2) cannot be compared", ""),
        ("$v IN ($v)", "$v IN ($v)", "embedding(2) cannot be compared", ""),
        ("$v < '[1, 2]'", "$v < '[1, 2]'", "embedding(2) and string cannot be compared", ""),
        ("@COALESCE($v, $w)", "@COALESCE($v, $w)", "embedding(2) and embedding(3) have no", ""),
        ("@LEAST($v, $v)", "@LEAST($v, $v)", "@LEAST compares, and embedding(2) cannot", ""),
        ("$v + 1", "$v", "arithmetic needs numbers, not an embedding(2)", "use one float for"),
        ("NOT $v", "$v", "a condition is a boolean, not an embedding(2)", "ask whether there"),
        ("$v::string", "$v::string", "an embedding(2) can never become a string", ""),
        ("$i::embedding(2)", "$i::embedding(2)", "a bigint can never become an embedding(2)", ""),
        ("@CONCAT($v)", "$v", "@CONCAT takes a simple value here, not an embedding(2)", ""),
        ("@APPROX_DISTINCT($s)", "@APPROX_DISTINCT", "unknown function", ""),
        ("@APPROX_COUNT_DISTINCT($v)", "$v", "@APPROX_COUNT_DISTINCT takes string or", ""),
    ],
)
def test_a_misfit_is_refused_where_it_stands(
    text: str, blamed: str, message: str, fix: str
) -> None:
    with pytest.raises(ExpressionError) as refusal:
        infer(parse(text).tree, type_of)

    error = refusal.value
    assert text[error.start : error.end] == blamed
    assert error.message.startswith(message)
    assert error.fix.startswith(fix)


def test_an_aggregate_is_no_row_expression() -> None:
    with pytest.raises(ExpressionError, match="@SUM aggregates many rows"):
        lower(parse("1 + @SUM($i)").tree, "duckdb", column, type_of)


def test_an_unknown_dialect_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown dialect 'oracle'"):
        lower(parse("$i").tree, "oracle", column, type_of)


def test_the_table_shows_every_function_once() -> None:
    shown = [line.split("`")[1] for line in function_table().splitlines()[2:]]

    assert sorted(shown) == sorted(FUNCTIONS)
    assert {name for name, f in FUNCTIONS.items() if f.kind == "aggregate"} == AGGREGATES


def test_an_unseen_type_is_asked_for() -> None:
    (call,) = calls(parse("@SUM($i)").tree)

    with pytest.raises(ValueError, match="give type_of"):
        merge(call, exp.column, "duckdb")


def test_without_rows_counts_are_zero_and_others_null() -> None:
    shown = [empty(call, FLOAT).sql("duckdb") for call in calls(parse("@COUNT(*) + @AVG($i)").tree)]

    assert shown == ["CAST(0 AS BIGINT)", "CAST(NULL AS DOUBLE)"]


def test_a_reference_outside_of_an_aggregate_is_refused_unless_it_has_a_column() -> None:
    tree = parse("@SUM($i) / $j").tree

    with pytest.raises(ExpressionError, match=r"\$j stands outside of every aggregate"):
        finish(tree, lambda _: exp.column("sum"), "duckdb", type_of)

    done = finish(tree, lambda _: exp.column("sum"), "duckdb", type_of, column=column)
    assert done.sql("duckdb") == 'CAST(sum AS DOUBLE) / CAST(NULLIF("j", 0) AS DOUBLE)'


Row = Mapping[str, object]


def windowed(engine: duckdb.DuckDBPyConnection, text: str, rows: Sequence[Row]) -> object:
    """Return an aggregate expression over `rows`, by way of the states of their days."""
    return window_value(Duck(engine), text, rows)


def rows_of(name: str, values: Sequence[object]) -> list[Row]:
    """Return one event per value, the first half on one day and the rest on the next."""
    days = [place * 2 // len(values) for place in range(len(values))]
    return events_of({name: values}, days)


def test_first_breaks_ties_of_time_by_event_id_and_skips_no_missing_id(
    engine: duckdb.DuckDBPyConnection,
) -> None:
    noon = moment(2024, 1, 1, 12)
    rows: list[Row] = [
        {"s": "late", "day": 0, "event_time": noon, "event_id": "b"},
        {"s": "early", "day": 0, "event_time": noon, "event_id": "a"},
        {"s": "unnamed", "day": 0, "event_time": noon, "event_id": None},
    ]

    assert windowed(engine, "@FIRST($s)", rows) == "early"
    assert windowed(engine, "@LAST($s)", rows) == "unnamed"
    assert windowed(engine, "@FIRST($s)", rows[:1] + rows[2:]) == "late"


def test_what_happened_at_once_and_has_no_id_is_ordered_by_value(
    engine: duckdb.DuckDBPyConnection,
) -> None:
    noon = moment(2024, 1, 1, 12)
    rows: list[Row] = [
        {"s": text, "i": len(text), "day": 0, "event_time": noon, "event_id": None}
        for text in ("b", "é", "aa", "B")
    ]

    for order in (rows, rows[::-1]):
        assert windowed(engine, "@FIRST($s)", order) == "B"
        assert windowed(engine, "@LAST($s)", order) == "é"
        assert windowed(engine, "@FIRST($i)", order) == 1


def known(values: Sequence[object]) -> list[float]:
    return [float(str(v)) for v in values if v is not None]


def spread(measure: Callable[[list[float]], float], values: list[float]) -> float | None:
    try:
        return measure(values)
    except StatisticsError:
        return None


def entropy(values: list[float]) -> float | None:
    shares = [n / len(values) for n in Counter(values).values()]
    return -sum(p * math.log2(p) for p in shares) if shares else None


ORACLES: dict[str, Callable[[list[float]], float | None]] = {
    "@SUM($i)": lambda v: sum(v) if v else None,
    "@AVG($i)": lambda v: sum(v) / len(v) if v else None,
    "@SUM($f)": lambda v: math.fsum(v) if v else None,
    "@VARIANCE($f)": lambda v: spread(variance, v),
    "@STDDEV($i)": lambda v: spread(stdev, v),
    "@ENTROPY($i)": entropy,
    "@MODE($i)": lambda v: min(v, key=lambda x: (-v.count(x), x)) if v else None,
    "@MIN($f)": lambda v: min(v, default=None),
    "@COUNT_DISTINCT($i)": lambda v: len(set(v)),
    "@LAST($i)": lambda v: v[-1] if v else None,
}


@pytest.mark.parametrize("text", list(ORACLES))
@settings(
    max_examples=examples(12),
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(values=st.lists(st.none() | st.integers(-50, 50), min_size=1, max_size=12))
def test_merged_days_equal_one_aggregation(
    engine: duckdb.DuckDBPyConnection, text: str, values: list[int | None]
) -> None:
    name = "f" if "$f" in text else "i"

    found = windowed(engine, text, rows_of(name, values))

    expected = ORACLES[text](known(values))
    assert found == (expected if expected is None else pytest.approx(expected, abs=1e-12))


@pytest.mark.parametrize("function", sorted(AGGREGATES))
@pytest.mark.parametrize("name", ["i", "f", "s", "b", "ts"])
def test_no_value_makes_an_aggregate_fail(
    engine: duckdb.DuckDBPyConnection, function: str, name: str
) -> None:
    (call,) = calls(parse(f"@{function}(${name})").tree)
    try:
        value_type(call, type_of)
    except ExpressionError:
        return

    windowed(engine, f"@{function}(${name})", rows_of(name, HOSTILE[TYPES[name].name]))


@pytest.mark.parametrize("function", sorted(AGGREGATES))
@pytest.mark.parametrize(
    ("text", "name", "value"),
    [("1", "i", 1), ("-2", "i", -2), ("0.5", "f", 0.5), ("-(1.0)", "f", -1.0), ("'a'", "s", "a")],
)
def test_a_constant_is_aggregated_like_a_column_that_is_always_it(
    engine: duckdb.DuckDBPyConnection, function: str, text: str, name: str, value: object
) -> None:
    (call,) = calls(parse(f"@{function}(${name})").tree)
    try:
        value_type(call, type_of)
    except ExpressionError:
        return
    rows = rows_of(name, [value] * 3)

    found = windowed(engine, f"@{function}({text})", rows)

    assert found == windowed(engine, f"@{function}(${name})", rows)


def test_a_merged_sum_has_the_declared_type(engine: duckdb.DuckDBPyConnection) -> None:
    (call,) = calls(parse("@SUM($i)").tree)

    assert value_type(call, type_of) == BIGINT
    assert type(windowed(engine, "@SUM($i)", rows_of("i", [1, 2]))) is int
