"""One in-memory DuckDB for the tests of a module, set as the lake's but far from UTC."""

from collections.abc import Iterator

import duckdb
import pytest

from fig_assets.engines.sandbox import SETTINGS


@pytest.fixture(scope="module")
def engine() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(":memory:", config=dict(SETTINGS)) as connection:
        connection.execute("SET timezone = 'America/New_York'")
        yield connection
