"""sqlglot trees -> rows of the Parquet lake, by an in-process DuckDB without a database file.

Statements run on one thread each, so that sums of floats have one order; callers run several
days at once from their own threads.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Self
from uuid import uuid4

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
from sqlglot import exp
from sqlglot.dialects.dialect import Dialect

from fig_assets.engines import day_file, scans
from fig_assets.engines.base import DAY, Audit, DayRows, InputDigests, Partition, Target, Written
from fig_assets.engines.day_file import sweep
from fig_assets.engines.empty import EmptyRelations
from fig_assets.engines.lake import Lake
from fig_assets.engines.limits import Limits, refused
from fig_assets.engines.sandbox import SETTINGS, open_sandbox
from fig_assets.engines.scratch import linked
from fig_assets.engines.snapshot import Snapshot
from fig_assets.engines.spill import ORPHAN_AGE_S, Spill
from fig_assets.errors import EngineError, UnsupportedOnEngine

BATCH_ROWS = 100_000
"""How many rows of a statement over several days are taken from DuckDB at once."""
CATALOG = "catalog.duckdb"
SPILL = ".tmp"
NO_LIMITS = Limits()
UNREADABLE_IN_PATHS = "*?[="


class DuckDBEngine:
    """Runs trees over a `Lake`; one in-memory instance, one cursor for each statement at work.

    Statements can read and write below the lake's folder and nowhere else, and no statement can
    change that.
    """

    dialect = "duckdb"

    def __init__(self, lake: Lake, limits: Limits = NO_LIMITS) -> None:
        self.lake = lake
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

    def replace_days(
        self,
        target: Target,
        rows: exp.Query | pa.Table | Callable[[], pa.Table],
        days: Sequence[date],
        audit: Audit | None = None,
    ) -> tuple[Written, ...]:
        """See `Engine.replace_days`."""
        bases = {day: self.lake.generations(target, day) for day in days}
        inputs = _inputs(target, Snapshot(self))
        table = rows if isinstance(rows, pa.Table) else self._rows(rows)
        parts = _split(table, target, days)
        if audit is not None:
            for day, part in parts.items():
                audit(day, part)
        stored = list(target.names)
        return tuple(
            self.lake.publish(target, day, part.select(stored), inputs=inputs, base=bases[day])
            for day, part in parts.items()
        )

    def compute_days(self, targets: Mapping[date, Target], rows: exp.Query) -> Iterator[DayRows]:
        """See `Engine.compute_days`."""
        bases = {day: self.lake.generations(target, day) for day, target in targets.items()}
        now = Snapshot(self)
        inputs = {day: _inputs(target, now) for day, target in targets.items()}
        publish = _Publishing(self.lake, targets, inputs, bases)
        for day, table in self._by_day(rows, sorted(targets)):
            yield DayRows(day, partial(publish.day, day, table))

    def replace_all(self, target: Target, rows: exp.Query | pa.Table) -> Written:
        """See `Engine.replace_all`."""
        base = self.lake.generations(target, None)
        inputs = _inputs(target, Snapshot(self))
        table = rows if isinstance(rows, pa.Table) else self.query(rows)
        part = _shaped(table, target).select(list(target.names))
        return self.lake.publish(target, None, part, inputs=inputs, base=base)

    def partition(self, relation: str, day: date | None) -> Partition | None:
        """See `Engine.partition`."""
        return self.lake.partition(relation, day)

    def days(self, relation: str) -> tuple[date, ...]:
        """See `Engine.days`."""
        return self.lake.days(relation)

    @contextmanager
    def scratch(self, relations: Sequence[str]) -> Iterator[Self]:
        """See `Engine.scratch`."""
        with (
            linked(self.lake.root, SPILL, relations) as root,
            type(self)(Lake(root), self._limits) as engine,
        ):
            engine.rule = self.rule
            yield engine

    def size(self, relation: str, day: date | None) -> int:
        """See `Engine.size`."""
        return self.lake.size(relation, day)

    @property
    def rule(self) -> int:
        """See `Engine.rule`."""
        return self.lake.rule

    @rule.setter
    def rule(self, rule: int) -> None:
        self.lake.rule = rule

    def column_sizes(self, relation: str, day: date) -> Mapping[str, int]:
        """See `Engine.column_sizes`."""
        return day_file.column_sizes(self.lake.path(relation, day))

    def drop_columns(self, relation: str, day: date, names: Sequence[str]) -> None:
        """See `Engine.drop_columns`."""
        self.lake.drop_columns(relation, day, names)

    def drop_day(self, relation: str, day: date) -> None:
        """See `Engine.drop_day`."""
        self.lake.drop_day(relation, day)

    def publish_views(self, views: Mapping[str, exp.Query]) -> None:
        """See `Engine.publish_views`: `<lake>/catalog.duckdb`, replaced as a whole."""
        catalog = self.lake.root / CATALOG
        temporary = self.lake.root / f".catalog-{uuid4().hex}"
        try:
            self.lake.root.mkdir(parents=True, exist_ok=True)
            with duckdb.connect(str(temporary), config=dict(SETTINGS)) as connection:
                for name, tree in views.items():
                    connection.execute(self._text(_view(name, tree, self.lake)))
            temporary.replace(catalog)
            sweep(self.lake.root, ".catalog-", ORPHAN_AGE_S)
        except (duckdb.Error, OSError) as refusal:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise EngineError(f"{catalog}: cannot be written: {refusal}") from refusal

    def close(self) -> None:
        """See `Engine.close`."""
        with self._lock:
            for cursor in self._idle:
                cursor.close()
            self._idle.clear()
        self._empty.close()
        self._database.close()
        self._spill.release()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *failure: object) -> None:
        """Close."""
        self.close()

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

    def _rows(self, rows: exp.Query | Callable[[], pa.Table]) -> pa.Table:
        return self.query(rows) if isinstance(rows, exp.Query) else rows()

    def _by_day(self, rows: exp.Query, days: Sequence[date]) -> Iterator[tuple[date, pa.Table]]:
        """Run a statement ordered by day and give the rows of each day when they are complete."""
        text = self._text(scans.stored(rows, self.lake))
        waiting = deque(days)
        parts: list[pa.Table] = []
        with self._cursor() as cursor:
            try:
                reader = cursor.sql(text).to_arrow_reader(BATCH_ROWS)
                empty = reader.schema.empty_table()
                for batch in reader:
                    for day, part in _days_of(pa.Table.from_batches([batch])):
                        while waiting and waiting[0] < day:
                            yield waiting.popleft(), pa.concat_tables([empty, *parts])
                            parts = []
                        if not waiting or waiting[0] != day:
                            raise EngineError(f"rows of {day} were computed but not asked for")
                        parts.append(part)
            except (duckdb.Error, pa.ArrowException, OSError) as refusal:
                # What fails between two batches is told by Arrow.
                raise self._refused(refusal, rows) from refusal
            for day in waiting:
                yield day, pa.concat_tables([empty, *parts])
                parts = []

    def _text(self, tree: exp.Expr, *, pretty: bool = False) -> str:
        """Render a tree that is nobody else's: the generator changes it."""
        dialect = Dialect.get_or_raise(self.dialect)
        return dialect.generate(tree, copy=False, pretty=pretty)


@dataclass(frozen=True, eq=False)
class _Publishing:
    """What was seen of the lake before the rows of several days were computed."""

    lake: Lake
    targets: Mapping[date, Target]
    inputs: Mapping[date, Mapping[str, tuple[InputDigests, ...]]]
    bases: Mapping[date, Mapping[str, int]]

    def day(self, day: date, rows: pa.Table, audit: Audit | None) -> Written:
        """Judge and publish the rows of one day."""
        target = self.targets[day]
        part = _split(rows, target, [day])[day]
        if audit is not None:
            audit(day, part)
        stored = part.select(list(target.names))
        return self.lake.publish(target, day, stored, inputs=self.inputs[day], base=self.bases[day])


def open_duckdb(path: str, root: Path, limits: Limits = NO_LIMITS) -> DuckDBEngine:
    """Open the embedded default over the lake at `path`; it and where to spill start at `root`.

    Raises:
        UnsupportedOnEngine: the path is an address, such as `s3://bucket/lake`.
        EngineError: the path has characters by which DuckDB would read other files or columns.
    """
    if "://" in path:
        raise UnsupportedOnEngine(
            f"the lake's path {path} is no folder of this machine, which is all DuckDB reads yet\n"
            '  fix: write a folder as "path" of the warehouse'
        )
    lake = (root / path).resolve()
    odd = [mark for mark in UNREADABLE_IN_PATHS if mark in str(lake)]
    if odd:
        raise EngineError(
            f"the lake's path {lake} has {' '.join(odd)} in it, which DuckDB reads as a pattern\n"
            '  fix: choose another folder as "path" of the warehouse'
        )
    if limits.temp_directory is not None:
        limits = replace(limits, temp_directory=str((root / limits.temp_directory).resolve()))
    return DuckDBEngine(Lake(lake), limits)


def _view(name: str, tree: exp.Query, lake: Lake) -> exp.Create:
    return exp.Create(
        this=exp.Table(this=exp.to_identifier(name, quoted=True)),
        kind="VIEW",
        expression=scans.lasting(tree, lake),
    )


def _inputs(target: Target, now: Snapshot) -> dict[str, tuple[InputDigests, ...]]:
    return {c.name: tuple(map(now.input_digests, c.reads)) for c in target.columns}


def _days_of(rows: pa.Table) -> Iterator[tuple[date, pa.Table]]:
    """Cut rows that are ordered by day."""
    days = rows.column(DAY)
    start = 0
    for run in pc.value_counts(days):
        size = run["counts"].as_py()
        yield run["values"].as_py(), rows.slice(start, size)
        start += size


def _split(table: pa.Table, target: Target, days: Sequence[date]) -> dict[date, pa.Table]:
    """Cut rows by their `day`; a row of a day that was not asked for is refused."""
    shaped = _shaped(table, target)
    if not table.num_rows:
        return dict.fromkeys(days, shaped)
    if DAY not in table.column_names:
        raise EngineError(f"{target.relation}: the rows have no column '{DAY}'")
    column = table.column(DAY)
    found = set(pc.unique(column).to_pylist())
    if strangers := found - set(days):
        named = ", ".join(sorted(map(str, strangers)))
        raise EngineError(f"{target.relation}: rows of {named} were computed but not asked for")
    if len(days) == 1:
        return {days[0]: shaped}
    return {day: shaped.filter(pc.equal(column, pa.scalar(day, pa.date32()))) for day in days}


def _shaped(table: pa.Table, target: Target) -> pa.Table:
    """Bring the columns of a target into their types; others stand behind them as they are."""
    try:
        shaped = table.select(list(target.names)).cast(target.schema)
    except (KeyError, pa.ArrowException) as refusal:
        raise EngineError(
            f"{target.relation}: the rows do not have the columns of this relation: {refusal}"
        ) from refusal
    known = {DAY, *target.names}
    for name in table.column_names:
        if name not in known:
            shaped = shaped.append_column(name, table.column(name))
    return shaped
