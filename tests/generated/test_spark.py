"""Statements of random projects, over their hostile values, give on Spark what they give in DuckDB.

A statement costs Spark about a second, so this is tried at night.
"""

import math
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest
from sqlglot import exp

from fig_assets.engines.connection import Connection
from fig_assets.engines.duckdb import DuckDBEngine
from fig_assets.engines.spark.engine import SparkEngine
from tests.generated.cases import made, run
from tests.profiles import at_night

SEEDS = (1, 2, 3, 5, 7, 11, 13, 17)
IN_DUCKDB, BY_DAY = DuckDBEngine.query, DuckDBEngine._by_day


class Both:
    """Computes each shape of statement on Spark as well, and keeps what differs."""

    def __init__(self, address: str) -> None:
        self.connection = Connection({"remote": address}, environment="test")
        self.shapes: set[str] = set()
        self.wrong: list[object] = []
        self._lock = threading.Lock()

    def compare(
        self,
        engine: DuckDBEngine,
        tree: exp.Query,
        tables: Mapping[str, pa.Table] | None,
        expected: pa.Table,
    ) -> None:
        shape = re.sub("'[^']*'", "''", tree.sql("duckdb"))
        with self._lock:
            if shape in self.shapes:
                return
            self.shapes.add(shape)
            with SparkEngine(engine.lake, self.connection) as spark:
                found = _rows(spark.query(tree, tables))
            wanted = _rows(expected)
            pairs = zip(found, wanted, strict=False)
            different = [pair for pair in pairs if not _same(*pair)]
            if len(found) != len(wanted) or different:
                self.wrong.append((shape, len(found), len(wanted), different[:1]))


def _rows(table: pa.Table) -> list[dict[str, object]]:
    """Give the rows in an order that the last digits of a float do not change."""
    return sorted(
        table.to_pylist(), key=lambda row: repr([_coarse(row[name]) for name in sorted(row)])
    )


def _coarse(value: object) -> object:
    return f"{value:.6e}" if isinstance(value, float) else value


def _same(left: dict[str, object], right: dict[str, object]) -> bool:
    def alike(one: object, other: object) -> bool:
        if isinstance(one, float) and isinstance(other, float):
            return (
                one == other
                or math.isclose(one, other, rel_tol=1e-9)
                or (math.isnan(one) and math.isnan(other))
            )
        return one == other and type(one) is type(other)

    return left.keys() == right.keys() and all(alike(left[name], right[name]) for name in left)


@pytest.fixture
def both(monkeypatch: pytest.MonkeyPatch, spark_address: str) -> Both:
    """Let DuckDB's statements be computed on Spark too."""
    both = Both(spark_address)

    def query(
        engine: DuckDBEngine, tree: exp.Query, tables: Mapping[str, pa.Table] | None = None
    ) -> pa.Table:
        found = IN_DUCKDB(engine, tree.copy(), tables)
        both.compare(engine, tree, tables, found)
        return found

    def by_day(
        engine: DuckDBEngine, tree: exp.Query, days: Sequence[date]
    ) -> Iterator[tuple[date, pa.Table]]:
        found = list(BY_DAY(engine, tree.copy(), days))
        both.compare(engine, tree, None, pa.concat_tables([rows for _, rows in found]))
        return iter(found)

    monkeypatch.setattr(DuckDBEngine, "query", query)
    monkeypatch.setattr(DuckDBEngine, "_by_day", by_day)
    return both


@at_night
@pytest.mark.parametrize("seed", SEEDS)
def test_statements_of_a_random_project_give_the_same_on_spark(
    tmp_path: Path, both: Both, seed: int
) -> None:
    project = made(tmp_path, seed)
    try:
        assert not run(project)
    finally:
        project.workspace.close()

    assert both.wrong == []
    assert len(both.shapes) > 5
