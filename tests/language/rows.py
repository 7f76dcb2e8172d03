"""Small tables for the tests of the language: hostile values, and one value of an expression."""

from collections.abc import Mapping
from datetime import UTC, date, datetime

import duckdb
import pyarrow as pa
from sqlglot import exp

from fig_assets.language.functions import infer, lower
from fig_assets.language.parse import Reference, parse
from fig_assets.language.types import (
    BIGINT,
    BOOLEAN,
    DATE,
    FLOAT,
    STRING,
    TIMESTAMP,
    Type,
    arrow_type,
)

TYPES = {
    "i": BIGINT,
    "j": BIGINT,
    "f": FLOAT,
    "g": FLOAT,
    "s": STRING,
    "t": STRING,
    "b": BOOLEAN,
    "c": BOOLEAN,
    "ts": TIMESTAMP,
    "tt": TIMESTAMP,
    "d": DATE,
    "e": DATE,
    "v": Type("embedding", 2),
    "w": Type("embedding", 3),
}


def moment(year: int, month: int, day: int, *rest: int) -> datetime:
    """Return a naive UTC moment, as timestamps are."""
    hour, minute, second, microsecond = (*rest, 0, 0, 0, 0)[:4]
    aware = datetime(year, month, day, hour, minute, second, microsecond, tzinfo=UTC)
    return aware.replace(tzinfo=None)


HOSTILE: dict[str, list[object]] = {
    "bigint": [None, 0, 1, -1, 7, -7, 2**63 - 1, -(2**63), 2**31, 2**53 + 1],
    "float": [None, 0.0, -0.0, 1.0, -1.5, 2.5, 1e308, -1e308, 5e-324, 9.3e18, 90.0, 180.0],
    "string": [
        *(None, "", "a", "NaN", "inf", "-inf", "1e400", "1e308", "12", "12.0", "2.7", "+5", "-0"),
        *("9223372036854775807", "9223372036854775808", "true", "TRUE", "now", "infinity"),
        *("epoch", "2024-02-30", "2024-01-01T10:00:00+02:00", "0001-01-01T00:00:00+01:00"),
        *("9999-12-31T23:59:60Z", '{"a":1}', "[1,2,3]", "[", "null", "\0", "é", "(", "%", "_"),
        *('{"a":"\\u0000"}', "\u0663", "e\u0301\U0001f600", "-9223372036854775808"),
        *("x" * 300, "1_000", "0x10", " 12", "12\n"),
    ],
    "boolean": [None, True, False],
    "timestamp": [
        None,
        moment(1, 1, 1),
        moment(2024, 2, 29, 23, 59, 59),
        moment(9999, 12, 31, 23, 59, 59, 999999),
    ],
    "embedding": [None],
    "date": [None, date(1, 1, 1), date(2024, 2, 29), date(9999, 12, 31)],
}


def type_of(reference: Reference) -> Type:
    return TYPES[reference.name]


def column(reference: Reference) -> exp.Expr:
    return exp.column(str(reference), quoted=True)


def table(rows: Mapping[str, list[object]]) -> pa.Table:
    return pa.table({name: pa.array(v, arrow_type(TYPES[name])) for name, v in rows.items()})


def value_of(
    engine: duckdb.DuckDBPyConnection, text: str, row: Mapping[str, object] | None = None
) -> object:
    """Return what the row expression `text` is on `row`, as DuckDB computes it."""
    filled = {**dict.fromkeys(TYPES), **(row or {})}
    engine.register("one_row", table({name: [value] for name, value in filled.items()}))
    tree = parse(text).tree
    infer(tree, type_of)
    query = exp.select(lower(tree, "duckdb", column, type_of)).from_("one_row")
    [(found,)] = engine.execute(query.sql("duckdb")).fetchall()
    engine.unregister("one_row")
    return found
