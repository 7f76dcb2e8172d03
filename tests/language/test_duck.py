"""Pieces of DuckDB trees: literals, guards, values that stand once, and strict JSON."""

import duckdb
import pytest
from sqlglot import exp

from fig_assets.language.duck import (
    INLINE_NODES,
    convert_in_duckdb,
    let,
    let_all,
    number,
    operand,
    parsed_json,
    text,
)


def value_of(engine: duckdb.DuckDBPyConnection, tree: exp.Expr) -> object:
    [(found,)] = engine.execute(exp.select(tree).sql("duckdb")).fetchall()
    return found


def long_sum() -> exp.Expr:
    tree: exp.Expr = number(1)
    for _ in range(INLINE_NODES):
        tree = exp.Add(this=tree, expression=number(1))
    return tree


def twice(tree: exp.Expr) -> exp.Expr:
    return exp.Add(this=operand(tree), expression=operand(tree.copy()))


def test_a_small_value_is_written_twice_and_a_large_one_once(
    engine: duckdb.DuckDBPyConnection,
) -> None:
    small, large = let(number(2), twice), let(long_sum(), twice)

    assert small.sql("duckdb") == "2 + 2"
    assert (
        large.sql("duckdb").count("1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1") == 1
    )
    assert value_of(engine, large) == 2 * (INLINE_NODES + 1)


def test_several_values_stand_once_each(engine: duckdb.DuckDBPyConnection) -> None:
    tree = let_all([long_sum(), number(3)], lambda v: exp.Sub(this=v[0], expression=v[1]))

    assert value_of(engine, tree) == INLINE_NODES + 1 - 3


@pytest.mark.parametrize(
    ("written", "target", "sql"),
    [
        ("12.0", "bigint", "CAST(12 AS BIGINT)"),
        ("12.5", "bigint", "CAST(NULL AS BIGINT)"),
        ("9223372036854775808", "bigint", "CAST(NULL AS BIGINT)"),
        ("12\n", "bigint", "CAST(NULL AS BIGINT)"),
        ("-.5e1", "float", "-5.0e0"),
        ("1e400", "float", "CAST(NULL AS DOUBLE)"),
        ("nan", "float", "CAST(NULL AS DOUBLE)"),
        ("2024-03-15T10:30+02:00", "timestamp", "CAST('2024-03-15 08:30:00' AS TIMESTAMP)"),
        ("2024-02-30", "date", "CAST(NULL AS DATE)"),
    ],
    ids=repr,
)
def test_a_literal_is_converted_when_it_is_read(written: str, target: str, sql: str) -> None:
    assert convert_in_duckdb(text(written), "string", target).sql("duckdb") == sql


@pytest.mark.parametrize(
    ("written", "is_json"),
    [
        ('{"a": [1, -2.5e3, null, true], "b": {}}', True),
        ('" NaN, \\" inf ,] "', True),
        ('[\n1 ,\t"é"]', True),
        ("1e400", True),
        ("NaN", False),
        ("[1, Infinity]", False),
        ('{"a": nan}', False),
        ("[1,]", False),
        ('{"a":1,}', False),
        ("[1] 2", False),
        ("/**/1", False),
        ("'a'", False),
        ("null", False),
        ("", False),
    ],
    ids=repr,
)
def test_json_is_strict_and_null_is_null(
    engine: duckdb.DuckDBPyConnection, written: str, *, is_json: bool
) -> None:
    assert (value_of(engine, parsed_json(text(written))) is not None) == is_json
