"""sqlglot trees -> rows of the Parquet lake, by Spark SQL: in this process or by Spark Connect.

Spark computes and the lake publishes: a statement over many days is written by Spark to a folder
of its own in the lake, a file for each day, from where each day is read, put in order, audited and
published by one rename. That is a dynamic partition overwrite of which no reader sees half.
"""

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Self
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq
from sqlglot import exp
from sqlglot.dialects.dialect import Dialect

from fig_assets.engines.base import DAY, Scan
from fig_assets.engines.connection import NO_CONNECTION, Connection
from fig_assets.engines.day_rows import in_order
from fig_assets.engines.empty import EmptyRelations
from fig_assets.engines.lake import scans
from fig_assets.engines.lake.engine import SPILL, LakeEngine
from fig_assets.engines.lake.lake import Lake
from fig_assets.engines.lake.opening import S3, open_lake
from fig_assets.engines.lake.spill import Spill
from fig_assets.engines.limits import Limits
from fig_assets.engines.order import Order, taken_out
from fig_assets.engines.spark import session as spark_session
from fig_assets.engines.spark import words as spark_words
from fig_assets.errors import EngineError, UnsupportedOnEngine

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from fig_assets.engines.spark.session import Session

UNREADABLE_IN_PATHS = "*?[]{}=\\"
TYPES: dict[pa.DataType, str] = {
    pa.string(): "string",
    pa.int64(): "bigint",
    pa.int32(): "int",
    pa.float64(): "double",
    pa.bool_(): "boolean",
    pa.timestamp("us"): "timestamp_ntz",
    pa.date32(): "date",
    pa.list_(pa.float64()): "array<double>",
}
"""What Spark calls the types of stored columns."""
NO_LIMITS = Limits()
PARTITION = f"{DAY}="


class SparkEngine(LakeEngine):
    """Runs trees over a `Lake` whose folder Spark sees under the same path as this process."""

    dialect = "spark"

    def __init__(self, lake: Lake, connection: Connection = NO_CONNECTION) -> None:
        super().__init__(lake)
        self._connection = connection
        self._staging = Spill(lake.root / SPILL)
        self._is_prepared = False
        self._empty = EmptyRelations(Dialect.get_or_raise("duckdb").generate)

    def sql(self, tree: exp.Query) -> str:
        """See `Engine.sql`. Relations appear as their folders, which Spark reads as they are."""
        copy = tree.copy()
        scans.replace(copy, self._shown)
        return spark_words.spark_sql(copy, pretty=True)

    def query(self, tree: exp.Query, tables: Mapping[str, pa.Table] | None = None) -> pa.Table:
        """See `Engine.query`. Only the files of the days that a relation names are opened."""
        copy = tree.copy()
        order = taken_out(copy) or Order()
        session = spark_session.opened(self._connection)
        with spark_session.refusals(self._connection, lambda: self._sql(tree)):
            found = self._run(session, copy, tables or {}).toArrow()
        return order.of(_plain(found))

    def check(self, tree: exp.Query, tables: Mapping[str, pa.Schema] | None = None) -> pa.Schema:
        """See `Engine.check`. It is bound without Spark, and every word must be one of Spark's."""
        spark_words.to_spark(tree)
        return self._empty.check(tree, tables or {})

    def close(self) -> None:
        """See `Engine.close`. The session stays open for other engines of this process."""
        self._empty.close()
        self._staging.release()

    def _over(self, lake: Lake) -> Self:
        return type(self)(lake, self._connection)

    def _by_day(self, rows: exp.Query, days: Sequence[date]) -> Iterator[tuple[date, pa.Table]]:
        copy = rows.copy()
        order = taken_out(copy)
        if order is None:
            found = self.query(rows)
            yield from in_order(found.to_batches(), found.schema, days)
            return
        session = spark_session.opened(self._connection)
        with self._stage() as folder:
            with spark_session.refusals(self._connection, lambda: self._sql(rows)):
                frame = self._run(session, copy, {})
                empty = _schema(frame.dtypes).empty_table()
                # However the cluster computed the rows, the files of a day are few.
                frame.hint("rebalance", DAY).write.partitionBy(DAY).parquet(_uri(folder))
            _refuse_strangers(folder, days)
            for day in days:
                yield day, order.of(_staged(folder / f"{PARTITION}{day}", day, empty))

    def _run(
        self, session: "Session", tree: exp.Query, tables: Mapping[str, pa.Table]
    ) -> "DataFrame":
        """Run a tree that is nobody else's over the stored days of its relations."""
        frames: dict[str, DataFrame] = {}
        # No text of a statement can have this in it.
        mark = f"t{uuid4().hex}_"

        def named(frame: "DataFrame") -> exp.Table:
            name = f"{mark}{len(frames)}"
            frames[name] = frame
            return exp.Table(this=exp.to_identifier(name))

        scans.replace(tree, lambda scan: self._stored(session, scan, named))
        for table in list(tree.find_all(exp.Table)) if tables else ():
            if table.name in tables:
                rows = tables[table.name]
                source = named(session.createDataFrame(rows, _ddl_of(rows.schema)))
                source.set("alias", table.args.get("alias") or exp.TableAlias(this=table.this))
                table.replace(source)
        text = spark_words.spark_sql(tree)
        if not frames:
            return session.sql(text)
        text = text.replace("{", "{{").replace("}", "}}")
        for name in frames:
            text = text.replace(name, f"{{{name}}}")
        return session.sql(text, None, **frames)

    def _stored(
        self, session: "Session", scan: Scan, named: Callable[["DataFrame"], exp.Table]
    ) -> exp.Expr:
        """Read exactly the stored files of a relation's days; what a file does not hold is NULL."""
        files = scans.files(scan, self.lake)
        if not files:
            return scans.no_rows(scan.columns)
        reader = session.read.schema(_ddl(scan.columns))
        if DAY in scan.columns:
            reader = reader.option("basePath", _uri(self.lake.root / scan.relation))
        return named(reader.parquet(*map(_uri, files)))

    def _sql(self, tree: exp.Query) -> str:
        """Render a statement for a message, which a tree that has no words in Spark cannot be."""
        with suppress(UnsupportedOnEngine):
            return self.sql(tree)
        return tree.sql("duckdb", pretty=True)

    def _shown(self, scan: Scan) -> exp.Expr:
        place = f"{self.lake.address}/{scan.relation}"
        uri = place.replace(S3, "s3a://", 1) if place.startswith(S3) else _uri(place)
        folder = exp.to_identifier(uri, quoted=True)
        return exp.Table(this=folder, db=exp.to_identifier("parquet"))

    @contextmanager
    def _stage(self) -> Iterator[Path]:
        """Give a folder of the lake that no reader looks into, removed at the end."""
        try:
            if not self._is_prepared:
                self._staging.prepare()
                self._is_prepared = True
        except OSError as refusal:
            raise EngineError(
                f"{self._staging.folder}: Spark's rows cannot be put there: {refusal}\n"
                "  fix: mend the permissions of the lake's folder"
            ) from refusal
        folder = self._staging.folder / uuid4().hex
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def open_spark(path: str, root: Path, connection: Connection = NO_CONNECTION) -> SparkEngine:
    """Open Spark over the lake at `path`, which starts at `root`. No session is opened yet.

    Raises:
        UnsupportedOnEngine: the path is on S3 and Spark on other machines, which do not see the
            copies of this one; or it is another address.
        EngineError: the path has characters by which Spark would read other files.
    """
    if path.startswith(S3):
        _refuse_elsewhere(path, connection)
        return SparkEngine(open_lake(path, root, NO_LIMITS, connection)[0], connection)
    if "://" in path:
        raise UnsupportedOnEngine(
            f"the lake's path {path} is no folder, which is all that Spark reads yet\n"
            '  fix: write a folder that this process and Spark see as "path" of the warehouse'
        )
    lake = (root / path).resolve()
    odd = [mark for mark in UNREADABLE_IN_PATHS if mark in str(lake)]
    if odd:
        raise EngineError(
            f"the lake's path {lake} has {' '.join(odd)} in it, which Spark reads as a pattern\n"
            '  fix: choose another folder as "path" of the warehouse'
        )
    return SparkEngine(Lake(lake), connection)


def _refuse_elsewhere(path: str, connection: Connection) -> None:
    """Refuse a Spark that does not run in this process or beside it."""
    master = connection.settings.get("master", "local")
    if "remote" in connection.settings or not master.startswith("local"):
        raise UnsupportedOnEngine(
            f"the lake's path {path} is on S3, of which Spark reads copies on this machine, and "
            "this Spark may run on others\n"
            '  fix: leave "remote" and "master" out of "connection", or write a folder that all of '
            'them see as "path" of the warehouse'
        )


def _uri(path: Path | str) -> str:
    """Name a file for Spark, which takes it as it stands: nothing in it is escaped."""
    return f"file://{path}"


def _ddl(columns: Mapping[str, pa.DataType]) -> str:
    """Describe columns to Spark."""
    described = []
    for name, kind in columns.items():
        if kind not in TYPES:
            raise EngineError(f"Spark has no type of its own for {kind}, as '{name}' is")
        described.append(f"`{name.replace('`', '``')}` {TYPES[kind]}")
    return ", ".join(described)


def _ddl_of(schema: pa.Schema) -> str:
    return _ddl(dict(zip(schema.names, schema.types, strict=True)))


def _schema(described: Sequence[tuple[str, str]]) -> pa.Schema:
    """Return the Arrow schema of columns that Spark describes."""
    known = {words: kind for kind, words in TYPES.items()}
    odd = [f"'{name}' is {words}" for name, words in described if words not in known]
    if odd:
        raise EngineError(f"no relation can store such a column of Spark's: {', '.join(odd)}")
    return pa.schema([(name, known[words]) for name, words in described])


def _plain(rows: pa.Table) -> pa.Table:
    """Give the types of Spark's rows their plain forms, as they stand in files."""
    fields = [(field.name, _plain_type(field.type)) for field in rows.schema]
    return rows.cast(pa.schema(fields))


def _plain_type(kind: pa.DataType) -> pa.DataType:
    if isinstance(kind, pa.TimestampType):
        return pa.timestamp("us")
    if isinstance(kind, pa.ListType):
        return pa.list_(_plain_type(kind.value_type))
    return kind


def _refuse_strangers(folder: Path, days: Sequence[date]) -> None:
    """Refuse rows of days that were not asked for; Spark names the folder of each day."""
    asked = {f"{PARTITION}{day}" for day in days}
    found = {part.name for part in folder.glob(f"{PARTITION}*")}
    if strangers := sorted(name.removeprefix(PARTITION) for name in found - asked):
        named = ", ".join("None" if name.startswith("__") else name for name in strangers)
        raise EngineError(f"rows of {named} were computed but not asked for")


def _staged(folder: Path, day: date, empty: pa.Table) -> pa.Table:
    """Read the rows of one day that Spark has written."""
    shape = pa.schema([field for field in empty.schema if field.name != DAY])
    parts = [pq.ParquetFile(file).read().cast(shape) for file in sorted(folder.glob("*.parquet"))]
    rows = pa.concat_tables([shape.empty_table(), *parts])
    return rows.append_column(DAY, pa.repeat(pa.scalar(day, pa.date32()), rows.num_rows))
