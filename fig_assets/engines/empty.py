"""Trees -> the columns that they give, bound by a DuckDB that holds empty tables and sees no file.

Each relation of a tree becomes a table of exactly the shape that the tree gives it, so that a
column which the shape forgets does not bind.
"""

import threading
from collections.abc import Callable, Mapping

import duckdb
import pyarrow as pa
from sqlglot import exp

from fig_assets.engines import scans
from fig_assets.engines.base import Scan
from fig_assets.errors import EngineError

Render = Callable[[exp.Expr], str]
Shape = tuple[str, tuple[tuple[str, pa.DataType], ...]]

SETTINGS = {
    "threads": "1",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "enable_external_access": "false",
}
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
            try:
                self._opened().execute(text)
            except duckdb.Error as refusal:
                raise EngineError(f"DuckDB: {refusal}\n{text}") from refusal
            found = self._opened().description or ()
            return pa.schema([(str(name), _arrow(str(kind))) for name, kind, *_ in found])

    def close(self) -> None:
        """Release the database, if it was opened."""
        with self._lock:
            if self._database is not None:
                self._database.close()
            self._database = None
            self._tables.clear()

    def _opened(self) -> duckdb.DuckDBPyConnection:
        if self._database is None:
            self._database = duckdb.connect(":memory:", config=dict(SETTINGS))
        return self._database

    def _empty(self, scan: Scan) -> exp.Table:
        shape = (scan.relation, tuple(scan.columns.items()))
        name = self._tables.get(shape)
        if name is None:
            name = self._tables[shape] = f"{scan.relation} {len(self._tables) + 1}"
            columns = [
                exp.ColumnDef(this=exp.to_identifier(n, quoted=True), kind=scans.sql_type(kind))
                for n, kind in scan.columns.items()
            ]
            schema = exp.Schema(this=_table(name), expressions=columns)
            self._opened().execute(self._render(exp.Create(this=schema, kind="TABLE")))
        return _table(name)


def _table(name: str) -> exp.Table:
    return exp.Table(this=exp.to_identifier(name, quoted=True))


def _arrow(kind: str) -> pa.DataType:
    """Translate a type of DuckDB's; one that no relation can store is refused."""
    if kind not in _ARROW:
        raise EngineError(f"no relation can store a column of DuckDB's type {kind}")
    return _ARROW[kind]
