"""Trees -> the columns that they give, bound by a DuckDB that holds empty tables and sees no file.

Each relation of a tree becomes a table of exactly the shape that the tree gives it, so that a
column which the shape forgets does not bind. Tables are called by their shapes alone, and so
statements that differ in the names of relations and in days are one text, which is bound once.
"""

import re
import threading
from collections.abc import Callable, Mapping

import duckdb
import pyarrow as pa
from sqlglot import exp

from fig_assets.engines.base import Scan
from fig_assets.engines.lake import scans
from fig_assets.errors import EngineError

Render = Callable[[exp.Expr], str]
Shape = tuple[tuple[str, pa.DataType], ...]

SETTINGS = {
    "threads": "1",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "enable_external_access": "false",
    "enable_optimizer": "false",
}
"""Without the optimizer nothing is cut away because there are no rows: every step is set up."""
DAYS = re.compile(r"CAST\('\d{4}-\d\d-\d\d' AS DATE\)")
"""Days in a text. No text in quotes holds one: the quotes inside of it are written twice."""
_ARROW: dict[str, pa.DataType] = {
    "VARCHAR": pa.string(),
    "BIGINT": pa.int64(),
    "INTEGER": pa.int32(),
    "DOUBLE": pa.float64(),
    "BOOLEAN": pa.bool_(),
    "TIMESTAMP": pa.timestamp("us"),
    "DATE": pa.date32(),
    "DOUBLE[]": pa.list_(pa.float64()),
    '"NULL"': pa.null(),
}


class EmptyRelations:
    """An in-memory database of empty tables, made as trees ask for them; nothing else is there."""

    def __init__(self, render: Render) -> None:
        self._render = render
        self._lock = threading.Lock()
        self._database: duckdb.DuckDBPyConnection | None = None
        self._tables: dict[Shape, str] = {}
        self._bound: dict[str, pa.Schema] = {}

    def check(self, tree: exp.Query, tables: Mapping[str, pa.Schema]) -> pa.Schema:
        """See `Engine.check`."""
        with self._lock:
            scans.replace(tree, self._empty)
            for table in tree.find_all(exp.Table) if tables else ():
                if table.name in tables:
                    shape = tables[table.name]
                    columns = {name: shape.field(name).type for name in shape.names}
                    table.replace(self._empty(Scan(table.name, columns)))
            text = self._render(tree)
            meaning = DAYS.sub("day", text)
            if meaning not in self._bound:
                self._bound[meaning] = self._bind(text)
            return self._bound[meaning]

    def close(self) -> None:
        """Release the database, if it was opened."""
        with self._lock:
            if self._database is not None:
                self._database.close()
            self._database = None
            self._tables.clear()
            self._bound.clear()

    def _opened(self) -> duckdb.DuckDBPyConnection:
        if self._database is None:
            self._database = duckdb.connect(":memory:", config=dict(SETTINGS))
        return self._database

    def _bind(self, text: str) -> pa.Schema:
        try:
            result = self._opened().execute(text)
            found = result.description or ()
            result.fetchall()
        except duckdb.Error as refusal:
            raise EngineError(f"DuckDB: {refusal}\n{text}") from refusal
        return pa.schema([(str(name), _arrow(str(kind))) for name, kind, *_ in found])

    def _empty(self, scan: Scan) -> exp.Table:
        shape = tuple(scan.columns.items())
        name = self._tables.get(shape)
        if name is None:
            name = self._tables[shape] = f"empty_{len(self._tables) + 1}"
            self._opened().execute(self._render(_create(name, shape)))
        return exp.Table(this=exp.to_identifier(name))


def _create(name: str, shape: Shape) -> exp.Create:
    """Say it in SQL: DuckDB imports pandas to make a table from Arrow, half a second of start."""
    columns = [
        exp.ColumnDef(this=exp.to_identifier(column, quoted=True), kind=scans.sql_type(kind))
        for column, kind in shape
    ]
    table = exp.Table(this=exp.to_identifier(name))
    return exp.Create(this=exp.Schema(this=table, expressions=columns), kind="TABLE")


def _arrow(kind: str) -> pa.DataType:
    """Translate a type of DuckDB's; one that no relation can store is refused."""
    if kind not in _ARROW:
        raise EngineError(f"no relation can store a column of DuckDB's type {kind}")
    return _ARROW[kind]
