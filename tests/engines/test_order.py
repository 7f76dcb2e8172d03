"""Rows that are put in order outside of the statement stand as DuckDB orders them."""

from datetime import date

import duckdb
import pyarrow as pa
import pytest
import sqlglot
from sqlglot import exp

from fig_assets.engines.order import Order, taken_out

ROWS = pa.table(
    {
        "day": pa.array([date(2024, 1, 2), date(2024, 1, 1)] * 4 + [None], pa.date32()),
        "name": pa.array(["b", "ä", "a", None, "Z", "", "a", "B", "b"]),
        "n": pa.array([3, None, -1, 2, 2, 0, 7, 1, 5], pa.int64()),
    }
)


def _tree(text: str) -> exp.Query:
    tree = sqlglot.parse_one(text, read="duckdb")
    assert isinstance(tree, exp.Query)
    return tree


def _run(tree: exp.Query) -> pa.Table:
    with duckdb.connect() as connection:
        connection.register("lines", ROWS)
        return connection.sql(tree.sql("duckdb")).to_arrow_table()


@pytest.mark.parametrize(
    "text",
    [
        "SELECT day, name, n FROM lines ORDER BY day, name, n",
        "SELECT day AS d, name AS who, n FROM lines AS r ORDER BY r.day, r.name, n",
        "SELECT name, n FROM lines ORDER BY day, name, n",
        "SELECT name, n, day FROM lines ORDER BY 3, 1, 2",
        "SELECT * FROM lines ORDER BY name, n",
        "SELECT name, SUM(n) AS total FROM lines GROUP BY name ORDER BY LENGTH(name), name",
        "SELECT name, n, day FROM lines ORDER BY n DESC, name, day",
        "SELECT name, n, day FROM lines ORDER BY name NULLS FIRST, n",
        "SELECT name, n, day FROM lines ORDER BY n NULLS FIRST, name DESC NULLS FIRST",
        "SELECT name, n, day FROM lines",
    ],
)
def test_rows_stand_as_a_warehouse_orders_them(text: str) -> None:
    tree = _tree(text)
    expected = _run(tree)
    order = taken_out(tree)
    assert order is not None
    assert tree.args.get("order") is None
    found = order.of(_run(tree))
    assert found.column_names == expected.column_names
    assert found.to_pylist() == expected.to_pylist()


@pytest.mark.parametrize(
    "text",
    [
        "SELECT name FROM lines ORDER BY name LIMIT 2",
        "SELECT DISTINCT name FROM lines ORDER BY name",
        "SELECT name FROM lines UNION ALL SELECT name FROM lines ORDER BY name",
    ],
)
def test_an_order_that_decides_more_stays_in_the_statement(text: str) -> None:
    tree = _tree(text)
    assert taken_out(tree) is None
    assert tree == _tree(text)


def test_rows_of_no_order_stay_as_they_are() -> None:
    assert Order().of(ROWS).equals(ROWS)
