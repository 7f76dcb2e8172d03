"""One in-memory DuckDB for the tests of a module, in a time zone far from UTC."""

from collections.abc import Iterator

import duckdb
import pytest


@pytest.fixture(scope="module")
def engine() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(":memory:", config={"threads": "1"}) as connection:
        connection.execute("SET timezone = 'America/New_York'")
        yield connection
