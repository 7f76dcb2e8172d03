"""Single values become what a cast in an expression makes of them."""

from datetime import date, datetime

import duckdb
import pyarrow as pa
import pytest
from sqlglot import exp

from fig_assets.language.types import (
    BIGINT,
    BOOLEAN,
    DATE,
    FLOAT,
    STRING,
    TIMESTAMP,
    Type,
    arrow_type,
    convert,
    convertible,
)
from fig_assets.usercode.result import to_column

TEXTS = [
    "", " 1", "1 ", "+1", "-0", "007", "12.", "12.0", "12.5", "1e3", ".5", "-.5", "0x1", "\u0661",
    "9223372036854775807", "9223372036854775808", "-9223372036854775808", "1e400", "nan", "inf",
    "0" * 50 + "1", "TRUE", "True", "t", "1", "2024-01-01", "2024-02-30", "2024-1-1", "0000-01-01",
    "9999-12-31", "10000-01-01", "2024-01-01T00:00", "2024-01-01 23:59:59.9999999",
    "2024-01-01T24:00:00", "2024-01-01T23:00:00-02:00", "2024-01-01T01:00:00+0200", "now",
    "2024-01-01T01:00:00+02", "2024-01-01T01:00:00Z", "2024-01-01Z", "2024-01-01T23:59:60",
    "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00", "2024-01-01T00:00:00+24:00",
]  # fmt: skip
VALUES: dict[Type, list[object]] = {
    STRING: [*TEXTS],
    BIGINT: [0, 1, -1, 2, 2**53 + 1, 2**63 - 1, -(2**63)],
    FLOAT: [0.0, -0.0, 1.0, 1.5, 0.1, 1e15, 1e16, 1e20, 1e-5, 1e-7, 1e300, 9.3e18, -2.5, 2.0**63],
    BOOLEAN: [True, False],
    TIMESTAMP: [
        datetime(2024, 1, 1),  # noqa: DTZ001 - the language's timestamps have no zone
        datetime(2024, 1, 1, 23, 59, 59, 120000),  # noqa: DTZ001
        datetime(1, 1, 1),  # noqa: DTZ001
        datetime(1969, 12, 31, 23, 59, 59, 999999),  # noqa: DTZ001
    ],
    DATE: [date(2024, 1, 1), date(1, 1, 1), date(9999, 12, 31)],
}
PAIRS = [(a, b) for a in VALUES for b in VALUES if convertible(a, b)]


@pytest.mark.parametrize(("source", "target"), PAIRS, ids=str)
def test_a_returned_value_converts_as_by_a_cast(source: Type, target: Type) -> None:
    given = pa.array(VALUES[source], arrow_type(source))
    tree = exp.select(convert(exp.column("x"), source, target, "duckdb").as_("y")).from_("given")
    with duckdb.connect() as connection:
        connection.register("given", pa.table({"x": given}))
        cast = connection.sql(tree.sql("duckdb")).to_arrow_table().column("y").to_pylist()

    for returned in (given, VALUES[source]):
        found = to_column(returned, len(given), arrow_type(target)).column.to_pylist()
        wrong = [
            (value, one, other)
            for value, one, other in zip(VALUES[source], found, cast, strict=True)
            if (one, type(one)) != (other, type(other))
        ]
        assert wrong == []
