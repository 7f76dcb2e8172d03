"""Names of types, and casts that no value can make fail."""

import json
from datetime import date

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
from tests.language.rows import HOSTILE, moment, value_of
from tests.naive.expressions import evaluate

MAX = 2**63 - 1


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


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("[1, 2.5]", [1.0, 2.5]),
        (" [ -1e-3\t,\r\n0 ] ", [-0.001, 0.0]),
        ("[1e5, 5e-324]", [1e5, 5e-324]),
        ("[1]", None),
        ("[1, 2, 3]", None),
        ("[]", None),
        ("[1, null]", None),
        ('[1, "2"]', None),
        ("[1, true]", None),
        ("[[1], 2]", None),
        ("[1, 1e400]", None),
        ("[1, NaN]", None),
        ("[1, +2]", None),
        ("[1, 02]", None),
        ("[1, .5]", None),
        ("[1, 2,]", None),
        ("[1, 2", None),
        ("[1\x0b, 2]", None),
        ("1, 2", None),
        ("", None),
        (None, None),
    ],
    ids=repr,
)
def test_text_becomes_an_embedding_or_null(
    engine: duckdb.DuckDBPyConnection, value: str | None, expected: object
) -> None:
    row = {"s": value}
    assert value_of(engine, "$s::embedding(2)", row) == expected
    assert value_of(engine, "@PARSE_JSON($s)::embedding(2)", row) == expected
    assert evaluate("$s::embedding(2)", lambda name, version: value) == expected


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


CASTS: list[tuple[str, object, str, object]] = [
    ("s", "12", "bigint", 12),
    ("s", "+5", "bigint", 5),
    ("s", "-12.000", "bigint", -12),
    ("s", "12.", "bigint", 12),
    ("s", "2.7", "bigint", None),
    ("s", " 12", "bigint", None),
    ("s", "12\n", "bigint", None),
    ("s", "1e3", "bigint", None),
    ("s", "1_000", "bigint", None),
    ("s", "0x10", "bigint", None),
    ("s", "", "bigint", None),
    ("s", "9223372036854775807", "bigint", MAX),
    ("s", "9223372036854775808", "bigint", None),
    ("s", "-9223372036854775808.0", "bigint", -MAX - 1),
    ("s", "1e3", "float", 1000.0),
    ("s", ".5", "float", 0.5),
    ("s", "NaN", "float", None),
    ("s", "-inf", "float", None),
    ("s", "infinity", "float", None),
    ("s", "1e400", "float", None),
    ("s", "1e-400", "float", 0.0),
    ("s", "TrUe", "boolean", True),
    ("s", "1", "boolean", None),
    ("s", "t", "boolean", None),
    ("s", "2024-01-02", "timestamp", moment(2024, 1, 2)),
    ("s", "2024-01-02T03:04", "timestamp", moment(2024, 1, 2, 3, 4)),
    ("s", "2024-01-02T03:04:05.1234569Z", "timestamp", moment(2024, 1, 2, 3, 4, 5, 123456)),
    ("s", "2024-01-02 03:04:05+02:00", "timestamp", moment(2024, 1, 2, 1, 4, 5)),
    ("s", "2024-01-02T03:04:05.9999999-0530", "timestamp", moment(2024, 1, 2, 8, 34, 5, 999999)),
    ("s", "2024-01-02T03:04:05+02", "timestamp", moment(2024, 1, 2, 1, 4, 5)),
    ("s", "2024-03-10T02:30:00", "timestamp", moment(2024, 3, 10, 2, 30)),
    ("s", "2024-02-30", "timestamp", None),
    ("s", "2024-01-02T24:00:00", "timestamp", None),
    ("s", "2024-06-30T23:59:60Z", "timestamp", None),
    ("s", "now", "timestamp", None),
    ("s", "infinity", "timestamp", None),
    ("s", "epoch", "timestamp", None),
    ("s", "0000-01-01", "timestamp", None),
    ("s", "10000-01-01", "timestamp", None),
    ("s", "9999-12-31T23:59:59.999999Z", "timestamp", moment(9999, 12, 31, 23, 59, 59, 999999)),
    ("s", "9999-12-31T23:59:59-01:00", "timestamp", None),
    ("s", "9999-12-31T23:59:59+01:00", "timestamp", moment(9999, 12, 31, 22, 59, 59)),
    ("s", "0001-01-01T00:30:00+01:00", "timestamp", None),
    ("s", "2024-01-02T23:30:00-01:00", "date", date(2024, 1, 3)),
    ("s", "2024-1-2", "date", None),
    ("i", 1, "boolean", True),
    ("i", 2, "boolean", None),
    ("i", MAX, "string", "9223372036854775807"),
    ("i", 3, "float", 3.0),
    ("f", 3.0, "bigint", 3),
    ("f", 2.7, "bigint", None),
    ("f", 9223372036854775808.0, "bigint", None),
    ("f", 2.5, "string", "2.5"),
    ("f", 0.0, "boolean", False),
    ("b", True, "bigint", 1),
    ("b", False, "float", 0.0),
    ("b", True, "string", "true"),
    ("ts", moment(2024, 1, 2, 23), "date", date(2024, 1, 2)),
    ("ts", moment(2024, 1, 2, 23), "string", "2024-01-02 23:00:00"),
    ("d", date(2024, 1, 2), "timestamp", moment(2024, 1, 2)),
]


@pytest.mark.parametrize(("name", "value", "target", "expected"), CASTS)
def test_a_cast_gives_the_value_or_null(
    engine: duckdb.DuckDBPyConnection, name: str, value: object, target: str, expected: object
) -> None:
    assert value_of(engine, f"${name}::{target}", {name: value}) == expected


@pytest.mark.parametrize(
    ("value", "target", "expected"),
    [(value, target, expected) for name, value, target, expected in CASTS if name == "s"],
)
def test_a_literal_is_cast_as_a_column_is(
    engine: duckdb.DuckDBPyConnection, value: str, target: str, expected: object
) -> None:
    literal = "'" + value.replace("'", "''") + "'"

    assert value_of(engine, f"{literal}::{target}") == expected


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
