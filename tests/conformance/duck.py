"""The real DuckDB as an engine of the conformance table."""

from collections.abc import Mapping

import duckdb
import pyarrow as pa
from sqlglot import exp


class Duck:
    """Runs trees on one connection."""

    dialect = "duckdb"

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection

    def run(self, query: exp.Query, tables: Mapping[str, pa.Table]) -> pa.Table:
        for name, rows in tables.items():
            self.connection.register(name, rows)
        try:
            found: pa.Table = self.connection.sql(query.sql(self.dialect)).to_arrow_table()
        finally:
            for name in tables:
                self.connection.unregister(name)
        return found
