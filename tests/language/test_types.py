"""Names of types, and casts that no value can make fail."""

import json

import duckdb
import pyarrow as pa
import pytest
from sqlglot import exp

from fig_assets.language.parse import ExpressionError, canonical, parse
from fig_assets.language.types import (
    BIGINT,
    BOOLEAN,
    DATE,
    FLOAT,
    MAX_EMBEDDING,
    STRING,
    TIMESTAMP,
    Type,
    arrow_type,
    convert,
    convertible,
    parse_type,
    sql_type,
    widen,
)
from tests.conformance.table import table, typed
from tests.language.rows import HOSTILE, value_of


@pytest.mark.parametrize(
    ("alias", "name"),
    [("str", "string"), ("INT", "bigint"), (" double ", "float"), ("datetime", "timestamp")],
)
def test_aliases_name_the_same_type(alias: str, name: str) -> None:
    assert parse_type(alias) == Type(name)


def test_an_embedding_names_its_length() -> None:
    assert parse_type("embedding( 8 )") == Type("embedding", 8)
    assert str(sql_type(Type("embedding", 8)).sql("duckdb")) == "DOUBLE[]"
    assert arrow_type(Type("embedding", 8)) == pa.list_(pa.float64())


def test_a_long_embedding_is_read_whole(engine: duckdb.DuckDBPyConnection) -> None:
    numbers = [place / 7 for place in range(MAX_EMBEDDING)]
    row = {"s": json.dumps(numbers)}

    assert value_of(engine, f"$s::embedding({MAX_EMBEDDING})", row) == numbers
    assert value_of(engine, f"$s::embedding({MAX_EMBEDDING - 1})", row) is None


def test_an_embedding_is_parsed_with_its_length_and_place() -> None:
    text = "CAST($s AS embedding( 3 )) IS NULL"
    tree = parse(text).tree

    assert canonical(tree, str) == "(is (cast embedding(3) $s) null)"
    with pytest.raises(ExpressionError, match="1 to 16384 floats, not 'embedding\\(0\\)'") as error:
        parse("$s::embedding(0)")
    assert (error.value.start, error.value.end) == (4, 16)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("strnig", "unknown type 'strnig', did you mean 'string'?"),
        ("embedding(0)", "an embedding has 1 to 16384 floats, not 'embedding(0)'"),
        ("json", "unknown type 'json', use one of: string, bigint, float, boolean, "),
    ],
)
def test_an_unknown_type_is_refused_with_a_mend(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=r"type|embedding") as refusal:
        parse_type(text)

    assert str(refusal.value).startswith(message)


CASTS = [
    case
    for case in table()
    if case.of.startswith("string::") and case.expression.startswith("$s::")
]


@pytest.mark.parametrize("target", sorted({case.of.partition("::")[2] for case in CASTS}))
def test_a_literal_is_cast_as_a_column_is(engine: duckdb.DuckDBPyConnection, target: str) -> None:
    cases = [case for case in CASTS if case.of == f"string::{target}" and "\0" not in str(case.row)]
    found = {}
    for case in cases:
        literal = "'" + str(case.row["s"]).replace("'", "''") + "'"
        found[case] = value_of(engine, f"{literal}::{target}")

    assert found == {case: typed(case.value, parse_type(target)) for case in cases}


@pytest.mark.parametrize("source", ["bigint", "float", "string", "boolean", "timestamp", "date"])
@pytest.mark.parametrize("target", ["bigint", "float", "string", "boolean", "timestamp", "date"])
def test_no_value_makes_a_cast_fail(
    engine: duckdb.DuckDBPyConnection, source: str, target: str
) -> None:
    if not convertible(Type(source), Type(target)):
        with pytest.raises(ValueError, match="can never become"):
            convert(exp.column("v"), Type(source), Type(target), "duckdb")
        return
    values = pa.array(HOSTILE[source], arrow_type(Type(source)))
    engine.register("hostile", pa.table({"v": values}))
    tree = convert(exp.column("v"), Type(source), Type(target), "duckdb")

    found = engine.sql(exp.select(exp.alias_(tree, "v")).from_("hostile").sql("duckdb"))

    assert found.to_arrow_table().schema.field("v").type == arrow_type(Type(target))


def test_numbers_and_times_widen_and_others_do_not() -> None:
    assert widen(BIGINT, FLOAT) == FLOAT
    assert widen(TIMESTAMP, DATE) == TIMESTAMP
    assert widen(STRING, BIGINT) is None
    assert widen(BOOLEAN, BIGINT) is None
    assert widen(DATE, DATE) == DATE
