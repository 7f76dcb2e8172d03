"""Losses of row expressions, compared with the plain reading over hostile values."""

from itertools import product

import duckdb
import pyarrow as pa
import pytest
from sqlglot import exp

from fig_assets.language.losses import LOSING, can_lose, lost
from fig_assets.language.lower import Lowering
from fig_assets.language.parse import Reference, parse
from fig_assets.language.rows import ROW_FUNCTIONS
from fig_assets.language.types import (
    BIGINT,
    BOOLEAN,
    FLOAT,
    STRING,
    TIMESTAMP,
    Type,
    arrow_type,
    parse_type,
)
from tests.language.rows import HOSTILE, TYPES
from tests.naive.expressions import parse as parse_naively
from tests.naive.losses import trace

EXPRESSIONS = [
    "$i + $j",
    "$i - $j * 2",
    "$f * $g",
    "($i + $j) * $f",
    "-$i",
    "-(-$i) + 1",
    "$i / $j",
    "$f / $g",
    "$f / 0.5",
    "$i % $j",
    "@MOD($f, $g)",
    "@MOD($i, 0)",
    "$i / 0",
    "$s::bigint",
    "$s::float + $i",
    "$s::boolean",
    "$s::timestamp",
    "$s::date::timestamp",
    "$f::bigint",
    "$i::boolean AND $b",
    "'abc'::bigint",
    "$s = $i",
    "$s > $f OR $b",
    "$s IN ('a', 'b')",
    "$s IN (1, 2, $i)",
    "$i IN ('1', $s)",
    "$s BETWEEN $i AND 3",
    "$s = $b",
    "$s < $ts",
    "CASE WHEN $j = 0 THEN 0 ELSE $i / $j END",
    "CASE WHEN $i / $j > 1 THEN 1 WHEN $s::bigint = 12 THEN $f / $g END",
    "CASE $s WHEN 1 THEN 'one' WHEN $i THEN 'same' END",
    "@IF($b, $s::float, $i / $j)",
    "@COALESCE($s::bigint, $i)",
    "@COALESCE($i, $s::bigint, $j)",
    "@NULLIF($i / $j, 1.0)",
    "@PARSE_JSON($s)::string",
    "@GET($s, 'a')::bigint",
    "@GET(@GET($s, 0), 'b')::string",
    "@ARRAY_SIZE($s)",
    "@ARRAY_CONTAINS($s, $t)",
    "@ARRAY_JOIN($s, ',')",
    "@ARRAY_REGEXP_LIKE($s, 'x')",
    "@PARSE_JSON(@GET($s, 'a'))::bigint",
    "$s IS DISTINCT FROM $i",
    "$s::embedding(3) IS NULL",
    "@ABS($i) + @ABS($f)",
    "@LN($f)",
    "@EXP($f)",
    "@SQRT($f)",
    "@POWER($f, $g)",
    "@HAVERSINE_KM($f, $f, $g, $g)",
    "@DATE($s)",
    "@DATE($ts)",
    "@HOUR($ts)",
    "@SPLIT_PART($s, ':', $i)",
    "@SPLIT_PART($s, ':', 0)",
    "@SPLIT_PART($s, ':', -1)",
    "@REGEXP_EXTRACT($s, 'x')",
    "@LEAST($i / $j, $f)",
    "@LENGTH($s) + 1",
    "@ROUND($f, 2)",
    "@HASH($s)",
]


def type_of(reference: Reference) -> Type:
    return TYPES[reference.name]


def lowering() -> Lowering:
    return Lowering("duckdb", lambda ref: exp.column(ref.name, quoted=True), type_of)


def losing_rows(
    engine: duckdb.DuckDBPyConnection, text: str, target: Type, *, finished: bool = False
) -> list[tuple[dict[str, object], bool]]:
    """Give every combination of hostile values, and whether its row is told as one that lost.

    Where the value is `finished`, it stands in a column already.
    """
    tree = parse(text)
    names = sorted({reference.name for reference in tree.references}) or ["i"]
    rows = [
        dict(zip(names, values, strict=True))
        for values in product(*(HOSTILE[TYPES[name].name] for name in names))
    ][:: 1 if len(names) < 3 else 7]
    table = pa.table(
        {name: pa.array([r[name] for r in rows], arrow_type(TYPES[name])) for name in names}
    )
    found = lost(tree.tree, lowering(), target, exp.column("done") if finished else None)
    if found is None:
        return [(row, False) for row in rows]
    engine.register("hostile", table)
    done = lowering().value(tree.tree).to(target, "duckdb")
    source = exp.select("*", done.as_("done")).from_("hostile").subquery("rows")
    flags = engine.sql(exp.select(found).from_(source).sql("duckdb")).fetchall()
    return [(row, flag is True) for row, (flag,) in zip(rows, flags, strict=True)]


@pytest.mark.parametrize("finished", [False, True], ids=["in-place", "finished"])
@pytest.mark.parametrize("text", EXPRESSIONS)
def test_what_is_lost_is_what_the_plain_reading_loses(
    engine: duckdb.DuckDBPyConnection,
    text: str,
    finished: bool,  # noqa: FBT001 - a case of the table
) -> None:
    kind = lowering().value(parse(text).tree).type
    plain = parse_naively(text)
    wrong = [
        row
        for row, flag in losing_rows(engine, text, kind, finished=finished)
        if flag != trace(plain, lambda name, _, row=row: row[name])[1]  # type: ignore[misc]
    ]
    assert wrong[:3] == []


@pytest.mark.parametrize(
    ("text", "target", "row", "expected"),
    [
        ("$f", "bigint", {"f": 2.5}, True),
        ("$f", "bigint", {"f": 1.0}, False),
        ("$f", "bigint", {"f": None}, False),
        ("$i / $j", "bigint", {"i": 7, "j": 2**31}, True),
        ("$i / $j", "bigint", {"i": 7, "j": 7}, False),
        ("@PARSE_JSON($s)", "float", {"s": "[1,2,3]"}, True),
        ("@PARSE_JSON($s)", "float", {"s": "12"}, False),
        ("@PARSE_JSON($s)", "float", {"s": "null"}, False),
    ],
)
def test_a_declared_type_that_does_not_hold_the_value_loses_it(
    engine: duckdb.DuckDBPyConnection,
    text: str,
    target: str,
    row: dict[str, object],
    expected: bool,  # noqa: FBT001 - a case of the table
) -> None:
    rows = losing_rows(engine, text, parse_type(target))
    assert [flag for found, flag in rows if found == row] == [expected]


@pytest.mark.parametrize(
    "text",
    [
        "$i",
        "$f::string",
        "$b::bigint",
        "$ts::date",
        "$i / 20",
        "$f / 1.0",
        "$i % 7",
        "'12'::bigint",
        "$ts > TIMESTAMP '2026-01-01 00:00:00'",
        "$s = 'a'",
        "$i IN (1, '2')",
        "@UPPER($s)",
        "CASE WHEN $b THEN $i END",
        "@COALESCE($s, 'x')",
        "CASE WHEN $b THEN 2 ELSE 0 END + @IF($s = 'a', 1, 0) * 3 - 1.5",
    ],
)
def test_what_cannot_lose_has_no_condition(text: str) -> None:
    tree = parse(text).tree
    assert lost(tree, lowering(), lowering().value(tree).type) is None


def test_a_finished_value_is_not_computed_again() -> None:
    found = lost(parse("$i / $j").tree, lowering(), FLOAT, exp.column("rate"))

    assert found is not None
    assert found.sql("duckdb") == 'NOT "i" IS NULL AND NOT "j" IS NULL AND rate IS NULL'


def test_every_function_that_says_so_loses_and_no_other() -> None:
    by_design = {"CONCAT", "REPLACE", "GET", "REGEXP_EXTRACT", "PARSE_JSON", "DATE"}
    says = {name for name, it in ROW_FUNCTIONS.items() if "NULL" in it.on_bad_input}

    assert says - by_design == LOSING


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        (STRING, BIGINT, True),
        (FLOAT, BIGINT, True),
        (BIGINT, FLOAT, False),
        (BIGINT, BOOLEAN, True),
        (BOOLEAN, BIGINT, False),
        (TIMESTAMP, STRING, False),
        (STRING, STRING, False),
    ],
)
def test_some_pairs_of_types_can_lose(
    source: Type,
    target: Type,
    expected: bool,  # noqa: FBT001 - a case of the table
) -> None:
    assert can_lose(source, target) is expected
