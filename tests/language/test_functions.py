"""Types of expressions, refusals, aggregates by way of daily states, and the printed table."""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from statistics import StatisticsError, stdev, variance

import duckdb
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlglot import exp

from fig_assets.language.functions import (
    FUNCTIONS,
    AggregateCall,
    calls,
    daily,
    empty,
    finish,
    from_values,
    function_table,
    infer,
    lower,
    merge,
    merged_times,
    needs_values,
    state_types,
    times_of,
    value_type,
    values_of,
)
from fig_assets.language.parse import ExpressionError, is_aggregate, parse
from fig_assets.language.tree import AGGREGATES
from fig_assets.language.types import BIGINT, FLOAT, arrow_type, sql_type
from tests.language.rows import HOSTILE, TYPES, column, moment, type_of

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
        ("@REGEXP_LIKE($s, '(')", "'('", "the pattern is refused: ", "use RE2 syntax"),
        ("@REGEXP_LIKE($s, 'a(?=b)')", "'a(?=b)'", "the pattern is refused: ", "use RE2 syntax"),
        ("@REGEXP_LIKE($s, $t)", "$t", "@REGEXP_LIKE takes a literal here", ""),
        ("@REGEXP_EXTRACT($s, '(a)', 2)", "2", "the pattern is refused: ", "use RE2 syntax"),
        ("@TIMESTAMP_DIFF('eon', $ts, $tt)", "'eon'", "@TIMESTAMP_DIFF takes one of ", ""),
        ("@ARRAY_JOIN($s, $t)", "$t", "@ARRAY_JOIN takes a literal here", ""),
        ("@ARRAY_JOIN($s, 1)", "1", "@ARRAY_JOIN takes a text in quotes here", ""),
        ("@ARRAY_REGEXP_LIKE($s, '(')", "'('", "the pattern is refused: ", "use RE2 syntax"),
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


Row = dict[str, object]


def windowed(engine: duckdb.DuckDBPyConnection, text: str, rows: Sequence[Row]) -> object:
    """Return an aggregate expression over `rows`, by way of the states of their days."""
    tree = parse(text).tree
    assert is_aggregate(tree)
    infer(tree, type_of)
    names = ("i", "f", "s", "b", "ts")
    data = {
        name: pa.array([row.get(name) for row in rows], arrow_type(TYPES[name])) for name in names
    }
    data["day"] = pa.array([row["day"] for row in rows], pa.int64())
    data["event_time"] = pa.array([row["event_time"] for row in rows], pa.timestamp("us"))
    data["event_id"] = pa.array([row["event_id"] for row in rows], pa.string())
    engine.register("events", pa.table(data))
    finished: dict[str, object] = {}
    for call in calls(tree):
        query = _values(call) if needs_values(call) else _states(call)
        [(finished[call.meaning],)] = engine.execute(query.sql("duckdb")).fetchall()
    engine.unregister("events")

    def value(call: AggregateCall) -> exp.Expr:
        type_ = sql_type(value_type(call, type_of))
        return exp.Cast(this=exp.convert(finished[call.meaning]), to=type_)

    [(found,)] = engine.execute(
        exp.select(finish(tree, value, "duckdb", type_of)).sql("duckdb")
    ).fetchall()
    return found


def _states(call: AggregateCall) -> exp.Select:
    parts = daily(call, "duckdb", column, type_of)
    assert parts.keys() == state_types(call, type_of).keys()
    typed = {
        k: exp.Cast(this=v, to=sql_type(state_types(call, type_of)[k])) for k, v in parts.items()
    }
    days = exp.select(*(exp.alias_(tree, name) for name, tree in typed.items()))
    inner = days.from_("events").group_by("day").subquery("days")
    return exp.select(merge(call, exp.column, "duckdb")).from_(inner)


def _values(call: AggregateCall) -> exp.Select:
    value = exp.alias_(values_of(call, "duckdb", column, type_of), "value")
    n = exp.alias_(times_of(call, "duckdb", column, type_of), "n")
    counts = exp.select("day", value, n).from_("events").group_by("1", "2")
    if call.filter is not None:
        counts = counts.where(lower(call.filter, "duckdb", column, type_of))
    n = exp.alias_(merged_times(call, exp.column("n")), "n")
    inner = exp.select("value", n).from_(counts.subquery("days")).group_by("1").subquery("counts")
    return exp.select(from_values(call, exp.column("value"), exp.column("n"), "duckdb")).from_(
        inner
    )


def rows_of(name: str, values: Sequence[object], **more: Sequence[object]) -> list[Row]:
    """Return one event per value, the first half on one day and the rest on the next."""
    start = moment(2024, 1, 1, 23)
    return [
        {
            name: value,
            "day": place * 2 // max(len(values), 1),
            "event_time": start + timedelta(hours=place),
            "event_id": f"e{place}",
            **{key: column_[place] for key, column_ in more.items()},
        }
        for place, value in enumerate(values)
    ]


@pytest.mark.parametrize(
    ("text", "name", "values", "expected"),
    [
        ("@COUNT(*)", "i", [1, None, 3], 3),
        ("@COUNT($i)", "i", [1, None, 3], 2),
        ("@COUNT_IF($b)", "b", [True, None, False, True], 2),
        ("@COUNT_IF($b)", "b", [None], 0),
        ("@COUNT_DISTINCT($s)", "s", ["a", None, "b", "a"], 2),
        ("@COUNT_DISTINCT($s)", "s", [None], 0),
        ("@APPROX_COUNT_DISTINCT($s)", "s", ["a", None, "b", "a"], 2),
        ("@APPROX_COUNT_DISTINCT($s)", "s", [None], 0),
        ("@APPROX_COUNT_DISTINCT($i) FILTER (WHERE $i > 1)", "i", [1, None, 3, 4], 2),
        ("@APPROX_COUNT_DISTINCT($i)", "i", list(range(60)), 60),
        ("@APPROX_COUNT_DISTINCT($ts) + 1", "ts", [moment(2024, 1, 1), None], 2),
        ("@SUM($i)", "i", [1, None, 3], 4),
        ("@SUM($i)", "i", [None, None], None),
        ("@SUM($i)", "i", [MAX, MAX, MIN, MIN], -2),
        ("@SUM($i)", "i", [MAX, 1], None),
        ("@SUM($i)", "i", [MAX, MAX, -MAX, -1], MAX - 1),
        ("@SUM($b)", "b", [True, None, True, False], 2),
        ("@SUM($b)", "b", [None], None),
        ("@SUM($f)", "f", [0.5, 1.5, None], 2.0),
        ("@SUM($f)", "f", [1e308, 1e308, -1e308], None),
        ("@AVG($i)", "i", [MAX, MAX, None], float(MAX)),
        ("@AVG($b)", "b", [True, False, None, False], 1 / 3),
        ("@AVG($f)", "f", [None], None),
        ("@AVG($f)", "f", [1e308, 1e308], None),
        ("@MIN($s)", "s", ["b", None, "a"], "a"),
        ("@MIN($b)", "b", [True, None], True),
        ("@MODE($b)", "b", [True, None, False], False),
        ("@MAX($ts)", "ts", [moment(2024, 1, 1), None], moment(2024, 1, 1)),
        ("@VARIANCE($i)", "i", [1, 2, 3, 4, None], 5 / 3),
        ("@VARIANCE($f)", "f", [1e9, 1e9 + 1, 1e9 + 2, None], 1.0),
        ("@VARIANCE($f)", "f", [1.0, None], None),
        ("@STDDEV($f)", "f", [5.0, 5.0, 5.0], 0.0),
        ("@STDDEV($f)", "f", [1e308, -1e308, 0.0], None),
        ("@STDDEV($i)", "i", [MAX, MIN], pytest.approx(2**64 / math.sqrt(2))),
        ("@BOOL_OR($b)", "b", [None, False, True], True),
        ("@BOOL_AND($b)", "b", [None], None),
        ("@BOOL_AND($b)", "b", [None, True, False], False),
        ("@FIRST($s)", "s", [None, "x", "y"], "x"),
        ("@LAST($s)", "s", ["x", "y", None], "y"),
        ("@ENTROPY($s)", "s", ["a", "b", "a", "b", None], 1.0),
        ("@ENTROPY($s)", "s", ["a", "a", "a"], 0.0),
        ("@ENTROPY($s)", "s", [None], None),
        ("@MODE($i)", "i", [3, 2, 3, 2, 9, None, None, None], 2),
        ("@MODE($s)", "s", [None], None),
        ("@SUM($i) / @COUNT(*)", "i", [1, None, 3, 4], 2.0),
        ("@SUM($i) FILTER (WHERE $i > 1 OR $i = 0)", "i", [1, None, 3, 4], 7),
        ("@COUNT(*) FILTER (WHERE $i > 1)", "i", [1, None, 3, 4], 2),
        ("@COUNT_DISTINCT($i) FILTER (WHERE $i > 1)", "i", [1, None, 3, 4], 2),
        ("@FIRST($i) FILTER (WHERE $i > 1)", "i", [1, None, 3, 4], 3),
        ("@VARIANCE($i) FILTER (WHERE $i > 1)", "i", [1, None, 3, 5, 7], 4.0),
        ("@COUNT_IF($i > 1) FILTER (WHERE $i < 4)", "i", [1, None, 3, 4], 1),
        ("@SUM($i * 2)", "i", [MAX, 1, None], 2),
        ("@ROUND(@AVG($f), 1) + 1", "f", [0.25, None], 1.3),
    ],
    ids=str,
)
def test_an_aggregate_has_its_documented_value(
    engine: duckdb.DuckDBPyConnection,
    text: str,
    name: str,
    values: list[object],
    expected: object,
) -> None:
    assert windowed(engine, text, rows_of(name, values)) == expected


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
    max_examples=12,
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


def test_a_merged_sum_has_the_declared_type(engine: duckdb.DuckDBPyConnection) -> None:
    (call,) = calls(parse("@SUM($i)").tree)

    assert value_type(call, type_of) == BIGINT
    assert type(windowed(engine, "@SUM($i)", rows_of("i", [1, 2]))) is int
