"""sqlglot trees -> rows of the Parquet lake, by an in-process DuckDB without a database file.

Statements run on one thread each, so that sums of floats have one order; callers run several
days at once from their own threads.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Self

import duckdb
import pyarrow as pa
from sqlglot import exp
from sqlglot.dialects.dialect import Dialect

from fig_assets.engines.connection import NO_CONNECTION, Connection
from fig_assets.engines.day_rows import in_order
from fig_assets.engines.empty import EmptyRelations
from fig_assets.engines.lake import scans
from fig_assets.engines.lake.engine import SPILL, LakeEngine
from fig_assets.engines.lake.lake import Lake
from fig_assets.engines.lake.opening import open_lake
from fig_assets.engines.lake.spill import Spill
from fig_assets.engines.limits import Limits, refused
from fig_assets.engines.sandbox import open_sandbox
from fig_assets.errors import EngineError

BATCH_ROWS = 100_000
"""How many rows of a statement over several days are taken from DuckDB at once."""
NO_LIMITS = Limits()


class DuckDBEngine(LakeEngine):
    """Runs trees over a `Lake`; one in-memory instance, one cursor for each statement at work.

    Statements can read and write below the lake's folder and nowhere else, and no statement can
    change that.
    """

    dialect = "duckdb"

    def __init__(self, lake: Lake, limits: Limits = NO_LIMITS) -> None:
        super().__init__(lake)
        self._limits = limits
        self._spill = Spill(Path(limits.temp_directory or lake.root / SPILL))
        self._database = open_sandbox(lake.root, self._spill.folder, limits)
        self._idle: list[duckdb.DuckDBPyConnection] = []
        self._lock = threading.Lock()
        self._is_prepared = False
        self._empty = EmptyRelations(self._text)

    def sql(self, tree: exp.Query) -> str:
        """See `Engine.sql`. Relations appear as `read_parquet` over the whole relation."""
        return self._text(scans.shown(tree, self.lake), pretty=True)

    def query(self, tree: exp.Query, tables: Mapping[str, pa.Table] | None = None) -> pa.Table:
        """See `Engine.query`. Only the files of the days that a relation names are opened."""
        text = self._text(scans.stored(tree, self.lake))
        with self._cursor() as cursor:
            try:
                for name, table in (tables or {}).items():
                    cursor.register(name, table)
                found = cursor.sql(text)
                rows: pa.Table = found.to_arrow_table()
            except duckdb.Error as refusal:
                raise self._refused(refusal, tree) from refusal
            finally:
                for name in tables or {}:
                    cursor.unregister(name)
        return rows

    def check(self, tree: exp.Query, tables: Mapping[str, pa.Schema] | None = None) -> pa.Schema:
        """See `Engine.check`."""
        return self._empty.check(tree, tables or {})

    def close(self) -> None:
        """See `Engine.close`."""
        with self._lock:
            for cursor in self._idle:
                cursor.close()
            self._idle.clear()
        self._empty.close()
        self._database.close()
        self._spill.release()

    @contextmanager
    def _cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Lend a cursor to one statement; one that failed is not lent again."""
        with self._lock:
            if not self._is_prepared:
                self._prepare_spill()
                self._is_prepared = True
            cursor = self._idle.pop() if self._idle else self._database.cursor()
        try:
            yield cursor
        except BaseException:
            cursor.close()
            raise
        with self._lock:
            self._idle.append(cursor)

    def _prepare_spill(self) -> None:
        """Make the folder to spill to; without one of its own, a lake need not be writable."""
        try:
            self._spill.prepare()
        except OSError as refusal:
            if self._limits.temp_directory is not None:
                raise EngineError(
                    f"{self._limits.temp_directory}: nothing can be spilled there: {refusal}\n"
                    f'  fix: choose another "temp_directory" in {self._limits.said_in}'
                ) from refusal

    def _refused(self, refusal: Exception, tree: exp.Query) -> EngineError:
        return refused(refusal, self._limits, str(self._spill.folder.parent), self.sql(tree))

    def _over(self, lake: Lake) -> Self:
        return type(self)(lake, self._limits)

    def _by_day(self, rows: exp.Query, days: Sequence[date]) -> Iterator[tuple[date, pa.Table]]:
        text = self._text(scans.stored(rows, self.lake))
        with self._cursor() as cursor:
            try:
                reader = cursor.sql(text).to_arrow_reader(BATCH_ROWS)
                yield from in_order(reader, reader.schema, days)
            except (duckdb.Error, pa.ArrowException, OSError) as refusal:
                # What fails between two batches is told by Arrow.
                raise self._refused(refusal, rows) from refusal

    def _text(self, tree: exp.Expr, *, pretty: bool = False) -> str:
        """Render a tree that is nobody else's: the generator changes it."""
        dialect = Dialect.get_or_raise(self.dialect)
        return dialect.generate(tree, copy=False, pretty=pretty)


def open_duckdb(
    path: str, root: Path, limits: Limits = NO_LIMITS, connection: Connection = NO_CONNECTION
) -> DuckDBEngine:
    """Open the embedded default over the lake at `path`; see `open_lake`."""
    return DuckDBEngine(*open_lake(path, root, limits, connection))
