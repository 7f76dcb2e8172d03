"""sqlglot trees -> rows of the Parquet lake, by an in-process DuckDB without a database file.

Statements run on one thread each, so that sums of floats have one order; callers run several
days at once from their own threads.
"""

import threading
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Self
from uuid import uuid4

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
from sqlglot import exp

from fig_assets.engines.base import (
    DAY,
    Audit,
    Partition,
    Read,
    Target,
    Written,
    days_between,
    input_digests,
)
from fig_assets.engines.lake import Lake
from fig_assets.errors import EngineError

SETTINGS = {
    "threads": "1",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}


class DuckDBEngine:
    """Runs trees over a `Lake`; one in-memory instance, one cursor for each thread that asks."""

    dialect = "duckdb"

    def __init__(self, lake: Lake) -> None:
        self.lake = lake
        self._database = duckdb.connect(":memory:", config=dict(SETTINGS))
        self._cursors = threading.local()
        self._opened: list[duckdb.DuckDBPyConnection] = []

    def sql(self, tree: exp.Query) -> str:
        """See `Engine.sql`. Relations appear as `read_parquet` over the whole relation."""
        return self._render(tree, exact=False, pretty=True)

    def query(self, tree: exp.Query, tables: Mapping[str, pa.Table] | None = None) -> pa.Table:
        """See `Engine.query`. Only the files of the days that a relation names are opened."""
        text = self._render(tree, exact=True, pretty=False)
        cursor = self._cursor()
        for name, table in (tables or {}).items():
            cursor.register(name, table)
        try:
            return cursor.sql(text).to_arrow_table()
        except duckdb.Error as refusal:
            shown = self._render(tree, exact=False, pretty=True)
            raise EngineError(f"DuckDB: {refusal}\n{shown}") from refusal
        finally:
            for name in tables or {}:
                cursor.unregister(name)

    def replace_days(
        self,
        target: Target,
        rows: exp.Query | pa.Table,
        days: Sequence[date],
        audit: Audit | None = None,
    ) -> tuple[Written, ...]:
        """See `Engine.replace_days`."""
        bases = {day: self.lake.generations(target, day) for day in days}
        inputs = self._inputs(target)
        table = rows if isinstance(rows, pa.Table) else self.query(rows)
        parts = _split(table, target, days)
        for day in days if audit else ():
            audit(day, parts[day])
        return tuple(
            self.lake.publish(target, day, parts[day], inputs=inputs, base=bases[day])
            for day in days
        )

    def replace_all(self, target: Target, rows: exp.Query | pa.Table) -> Written:
        """See `Engine.replace_all`."""
        base = self.lake.generations(target, None)
        inputs = self._inputs(target)
        table = rows if isinstance(rows, pa.Table) else self.query(rows)
        part = _shaped(table, target)
        return self.lake.publish(target, None, part, inputs=inputs, base=base)

    def partition(self, relation: str, day: date | None) -> Partition | None:
        """See `Engine.partition`."""
        return self.lake.partition(relation, day)

    def days(self, relation: str) -> tuple[date, ...]:
        """See `Engine.days`."""
        return self.lake.days(relation)

    def publish_views(self, views: Mapping[str, exp.Query]) -> None:
        """See `Engine.publish_views`: `<lake>/catalog.duckdb`, replaced as a whole."""
        self.lake.root.mkdir(parents=True, exist_ok=True)
        temporary = self.lake.root / f".catalog-{uuid4().hex}"
        with duckdb.connect(str(temporary)) as catalog:
            for name, tree in views.items():
                view = exp.Create(
                    this=exp.to_table(exp.to_identifier(name, quoted=True)),
                    kind="VIEW",
                    expression=self._with_files(tree, exact=False),
                )
                catalog.execute(view.sql(self.dialect))
        temporary.replace(self.lake.root / "catalog.duckdb")

    def close(self) -> None:
        """See `Engine.close`."""
        for cursor in self._opened:
            cursor.close()
        self._database.close()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *failure: object) -> None:
        """Close."""
        self.close()

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        cursor: duckdb.DuckDBPyConnection | None = getattr(self._cursors, "cursor", None)
        if cursor is None:
            cursor = self._database.cursor()
            cursor.execute("SET TimeZone = 'UTC'")
            self._cursors.cursor = cursor
            self._opened.append(cursor)
        return cursor

    def _inputs(self, target: Target) -> dict[str, tuple]:  # type: ignore[type-arg]
        known: dict[Read, object] = {}
        for column in target.columns:
            for read in column.reads:
                known.setdefault(read, input_digests(self, read))
        return {c.name: tuple(known[read] for read in c.reads) for c in target.columns}

    def _render(self, tree: exp.Query, *, exact: bool, pretty: bool) -> str:
        return self._with_files(tree, exact=exact).sql(self.dialect, pretty=pretty)

    def _with_files(self, tree: exp.Query, *, exact: bool) -> exp.Query:
        """Replace each named relation by its Parquet files, or by no rows of its shape."""
        copy = tree.copy()
        for table in list(copy.find_all(exp.Table)):
            if "relation" not in table.meta:
                continue
            files = self._files(table, exact=exact)
            source = _read_parquet(files) if files else _no_rows(table.meta["columns"])
            alias = table.args.get("alias") or exp.TableAlias(this=exp.to_identifier("r"))
            source.set("alias", alias.copy())
            table.replace(source)
        return copy

    def _files(self, table: exp.Table, *, exact: bool) -> list[str]:
        name, start, end = (table.meta[key] for key in ("relation", "start", "end"))
        if start is None and DAY not in table.meta["columns"]:
            path = self.lake.path(name, None)
            return [str(path)] if path.exists() else []
        if not exact:
            return [str(self.lake.root / name / "day=*" / "data.parquet")]
        days = days_between(start, end) if start else self.lake.days(name)
        paths = (self.lake.path(name, day) for day in days)
        return [str(path) for path in paths if path.exists()]


def _read_parquet(files: Sequence[str]) -> exp.Table:
    names = [exp.Literal.string(name) for name in files]
    source: exp.Expression = names[0] if len(names) == 1 else exp.Array(expressions=names)
    hive = exp.PropertyEQ(this=exp.to_identifier("hive_partitioning"), expression=exp.true())
    return exp.Table(this=exp.Anonymous(this="read_parquet", expressions=[source, hive]))


def _no_rows(columns: Mapping[str, pa.DataType]) -> exp.Subquery:
    empty = exp.select(
        *(exp.cast(exp.null(), _sql_type(kind)).as_(name, quoted=True) for name, kind in columns.items())
    ).where(exp.false())
    return exp.Subquery(this=empty)


def _sql_type(kind: pa.DataType) -> exp.DataType:
    names = {
        pa.string(): "VARCHAR",
        pa.int64(): "BIGINT",
        pa.int32(): "INT",
        pa.float64(): "DOUBLE",
        pa.bool_(): "BOOLEAN",
        pa.timestamp("us"): "TIMESTAMP",
        pa.date32(): "DATE",
    }
    return exp.DataType.build(names[kind], dialect="duckdb")


def _split(table: pa.Table, target: Target, days: Sequence[date]) -> dict[date, pa.Table]:
    """Cut rows by their `day`; a row of a day that was not asked for is refused."""
    if table.num_rows == 0:
        return {day: _shaped(table, target) for day in days}
    found = {day.as_py() for day in pc.unique(table.column(DAY))}
    if strangers := found - set(days):
        named = ", ".join(sorted(map(str, strangers)))
        raise EngineError(f"{target.relation}: rows of {named} were computed but not asked for")
    if len(days) == 1:
        return {days[0]: _shaped(table, target)}
    column = table.column(DAY)
    return {day: _shaped(table.filter(pc.equal(column, pa.scalar(day))), target) for day in days}


def _shaped(table: pa.Table, target: Target) -> pa.Table:
    return table.select(list(target.names)).cast(target.schema).combine_chunks()


def open_duckdb(path: str, root: Path) -> DuckDBEngine:
    """Open the embedded default over the lake at `path`, relative to `root`."""
    return DuckDBEngine(Lake((root / path).resolve()))
