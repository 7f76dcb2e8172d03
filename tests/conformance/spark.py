"""The real Spark as an engine of the conformance table, by Spark Connect."""

from collections.abc import Mapping

import pyarrow as pa
from sqlglot import exp

from fig_assets.engines.connection import Connection
from fig_assets.engines.spark.session import opened
from fig_assets.engines.spark.words import spark_sql


class Spark:
    """Runs trees in the session of a server."""

    dialect = "duckdb"

    def __init__(self, address: str) -> None:
        self.session = opened(Connection({"remote": address}, environment="test"))
        self._known: dict[str, pa.Table] = {}

    def run(self, query: exp.Query, tables: Mapping[str, pa.Table]) -> pa.Table:
        for name, rows in tables.items():
            if self._known.get(name) is not rows:
                self.session.createDataFrame(rows).createOrReplaceTempView(name)
                self._known[name] = rows
        return self.session.sql(spark_sql(query)).toArrow()
