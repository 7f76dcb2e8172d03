"""Comparisons of two types: which type they are made in, and how plain they stay."""

import json

import duckdb
import pytest
from sqlglot import exp

from fig_assets.language.comparison import Incomparable, compare, one_of, shared
from fig_assets.language.duck import cast, number
from fig_assets.language.functions import lower
from fig_assets.language.parse import parse
from fig_assets.language.types import BIGINT, BOOLEAN, DATE, FLOAT, STRING, TIMESTAMP, Type
from fig_assets.language.value import Value
from tests.language.rows import column, type_of, value_of

TEXT, WHOLE = Value(exp.column("s"), STRING), Value(exp.column("i"), BIGINT)
NINE = Value(cast(number(9), "BIGINT"), BIGINT)


def sql(text: str) -> str:
    return lower(parse(text).tree, "duckdb", column, type_of).sql("duckdb")


@pytest.mark.parametrize(
    ("values", "common"),
    [
        ([TEXT, NINE], FLOAT),
        ([TEXT, WHOLE], None),
        ([Value(exp.Literal.string("9"), STRING), WHOLE], BIGINT),
        ([Value(exp.Literal.string("9.5"), STRING), WHOLE], FLOAT),
        ([TEXT, Value(exp.column("t"), TIMESTAMP), Value(exp.column("d"), DATE)], TIMESTAMP),
        ([TEXT, TEXT], STRING),
    ],
    ids=["small number", "column", "whole text", "other text", "times", "texts"],
)
def test_values_are_compared_in_the_type_that_holds_them_all(
    values: list[Value], common: Type | None
) -> None:
    assert shared(values) == common


def test_types_without_an_order_between_them_are_refused_by_name() -> None:
    with pytest.raises(Incomparable, match="bigint and boolean"):
        compare(exp.EQ, WHOLE, Value(exp.true(), BOOLEAN), "duckdb")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$i > 9", '"i" > 9'),
        ("$f > 9", '"f" > 9.0e0'),
        ("'9.5' > $i", '9.5e0 > CAST("i" AS DOUBLE)'),
        ("$i IN (1, '2')", '"i" IN (1, 2)'),
        ("$s = 'x'", "\"s\" = 'x'"),
        ("$ts > '2024-01-01'", "\"ts\" > CAST('2024-01-01 00:00:00' AS TIMESTAMP)"),
    ],
    ids=lambda part: part,
)
def test_a_comparison_stays_plain(text: str, expected: str) -> None:
    assert sql(text) == expected


def test_each_option_is_compared_in_its_own_type() -> None:
    found = one_of(TEXT, [WHOLE, Value(exp.Literal.string("x"), STRING)], "duckdb").sql("duckdb")

    assert found.startswith("COALESCE(")
    assert found.endswith(" OR s = 'x'")


@pytest.mark.parametrize("held", ["x", "7 ", "\0", '{"b": 1}', "null"])
def test_json_that_holds_no_number_is_compared_with_one(
    engine: duckdb.DuckDBPyConnection, held: str
) -> None:
    row = {"s": json.dumps({"a": held}), "t": '{"a": 7}', "i": 7}
    assert value_of(engine, "@GET(@IF($b, $t, $s), 'a') = $i", row) is None
    assert value_of(engine, "@GET(@IF($b, $t, $s), 'a') = $i", {**row, "b": True}) is True
