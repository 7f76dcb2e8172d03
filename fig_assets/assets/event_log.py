"""Dagster's SQLite event log, with a transaction per batch and a kept connection per file.

The stock storage opens, commits and closes four connections for each event, about 24 ms of CPU for
every (asset, partition). This one writes the same rows to the same files for about a tenth of that,
so either class can open what the other one wrote. `dagster.yaml` names it:

    event_log_storage:
      module: fig_assets.assets.event_log
      class: BatchedSqliteEventLogStorage
      config: {base_dir: /absolute/path/history/runs}
"""

import functools
import hashlib
import inspect
import logging
import os
import threading
import weakref
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as db
from dagster._core.events import (
    ASSET_CHECK_EVENTS,
    ASSET_EVENTS,
    EVENT_TYPE_TO_PIPELINE_RUN_STATUS,
    DagsterEventType,
)
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.event_log.schema import AssetKeyTable, SqlEventLogStorageTable
from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorageWatchdog
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from sqlalchemy.dialects import sqlite
from sqlalchemy.pool import QueuePool

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from dagster import AssetKey
    from dagster._core.events.log import EventLogEntry
    from dagster._serdes import ConfigurableClassData
    from sqlalchemy.engine import Connection, Engine

BATCH_SIZE_VARIABLE = "DAGSTER_EVENT_BATCH_SIZE"
"""Dagster hands events to `store_event_batch` only where this variable is above 0."""

BATCH_SIZE = 1000
"""Events a transaction, unless the user has set the variable."""

MAX_OPEN_SHARDS = 16
"""Files kept open by one storage: a web server reads thousands of runs, each in its own file."""

_MIRRORED = ASSET_EVENTS | ASSET_CHECK_EVENTS | set(EVENT_TYPE_TO_PIPELINE_RUN_STATUS)
_INSERT = SqlEventLogStorageTable.insert()
_INSERT_WITH_IDS = _INSERT.returning(SqlEventLogStorageTable.c.id, sort_by_parameter_order=True)

_logger = logging.getLogger(__name__)


class BatchedSqliteEventLogStorage(SqliteEventLogStorage):
    """Dagster's run-sharded SQLite event log with batched writes and pooled connections.

    The files, tables and rows are those of `SqliteEventLogStorage`. A commit is not flushed to the
    disk at once (`synchronous=NORMAL` in WAL mode): after a loss of power the last events may be
    missing, the files stay whole. Safe with threads, forks and many processes at once.
    """

    def __init__(self, base_dir: str, inst_data: "ConfigurableClassData | None" = None) -> None:
        os.environ.setdefault(BATCH_SIZE_VARIABLE, str(BATCH_SIZE))
        self._tables: set[str] = set()
        self._asset_key_columns: set[str] = set()
        self._shards = _Shards()
        weakref.finalize(self, self._shards.close)
        super().__init__(base_dir, inst_data)

    @classmethod
    def from_config_value(  # type: ignore[override]  # Dagster's own returns a fixed class too.
        cls, inst_data: "ConfigurableClassData | None", config_value: "Mapping[str, str]"
    ) -> SqliteEventLogStorage:
        """Open the storage of a `dagster.yaml`; the stock one where Dagster's own has changed."""
        if not stock_is_as_expected():
            return SqliteEventLogStorage(inst_data=inst_data, **config_value)
        return cls(inst_data=inst_data, **config_value)

    def store_event(self, event: "EventLogEntry") -> None:
        """Store one event: a transaction in its run's file and, if mirrored, one in the index."""
        self.store_event_batch([event])

    def store_event_batch(self, events: "Sequence[EventLogEntry]") -> None:
        """Store `events`, in order: a transaction in each run's file and one in the index.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: a file refuses a row; no file keeps any of them then.
        """
        rows = [(event, self._event_to_row(event)) for event in events]
        mirrored = [pair for pair in rows if pair[0].dagster_event_type in _MIRRORED]
        # Sorted, so that two processes never wait for one another's files.
        in_runs = groupby(sorted(rows, key=_run_id), key=_run_id)
        with ExitStack() as transactions:
            # Entered first to be committed last: the index tells of nothing its run does not hold.
            index = transactions.enter_context(self.index_connection()) if mirrored else None
            for run_id, group in in_runs:
                run = transactions.enter_context(self.run_connection(run_id))
                run.execute(_INSERT, [row for _, row in group])
            if index is not None:
                ids = index.execute(_INSERT_WITH_IDS, [row for _, row in mirrored]).scalars().all()
                self._index(index, [event for event, _ in mirrored], ids)
        for run_id in {event.run_id for event in events}:
            # A kept connection commits to the -wal file; those who watch the run wait for this one.
            with suppress(FileNotFoundError):
                os.utime(self.path_for_shard(run_id))

    def _index(
        self, index: "Connection", events: "Sequence[EventLogEntry]", ids: Sequence[int]
    ) -> None:
        stored = list(zip(events, ids, strict=True))
        assets = [pair for pair in stored if pair[0].dagster_event_type in ASSET_EVENTS]
        if assets:
            self._store_asset_event_tags(
                index, [event for event, _ in assets], [event_id for _, event_id in assets]
            )
            self._store_asset_keys(index, assets)
        for event, event_id in stored:
            if event.dagster_event_type in ASSET_CHECK_EVENTS:
                self.store_asset_check_event(event, event_id)

    def _store_asset_keys(
        self, index: "Connection", stored: "Sequence[tuple[EventLogEntry, int]]"
    ) -> None:
        has_columns = self._has_asset_key_index_cols_on_connection(index)
        latest: dict[AssetKey, dict[DagsterEventType, tuple[EventLogEntry, int]]]
        latest = defaultdict(dict)
        for event, event_id in stored:
            event_type, asset_key = event.dagster_event_type, event.get_dagster_event().asset_key
            if asset_key is not None and event_type is not None:
                latest[asset_key].pop(event_type, None)
                latest[asset_key][event_type] = (event, event_id)
        rows: dict[tuple[str, ...], list[dict[str, object]]] = defaultdict(list)
        for asset_key, by_type in latest.items():
            values: dict[str, object] = {}
            for event, event_id in by_type.values():
                values |= self._get_asset_entry_values(event, event_id, has_columns)
            if values:
                rows[tuple(values)].append({"asset_key": asset_key.to_string(), **values})
        for columns, group in rows.items():
            index.execute(_upsert_asset_keys(columns), group)

    @contextmanager
    def _connect(self, shard: str) -> "Iterator[Connection]":
        with self._shards.connection(self.path_for_shard(shard), self._prepare) as connection:
            yield connection

    def _prepare(self, engine: "Engine") -> None:
        with engine.connect() as connection:
            ready = db.inspect(connection).has_table("alembic_version") and connection.scalar(
                db.text("SELECT count(*) FROM alembic_version")
            )
        if not ready:
            self._initdb(engine)
            # A connection from before the switch to WAL does not know of it yet.
            engine.dispose()

    def has_table(self, table_name: str) -> bool:
        """Tell whether the index has the table; remembered, for tables are never dropped."""
        if table_name not in self._tables:
            with self.index_connection() as index:
                self._tables.update(db.inspect(index).get_table_names())
        return table_name in self._tables

    def _has_asset_key_col_on_connection(self, conn: "Connection", column_name: str) -> bool:
        if column_name not in self._asset_key_columns:
            columns = db.inspect(conn).get_columns(AssetKeyTable.name)
            self._asset_key_columns.update(column["name"] for column in columns)
        return column_name in self._asset_key_columns

    def wipe(self) -> None:
        """Delete every event and every run's file."""
        self._shards.close()
        super().wipe()

    def dispose(self) -> None:
        """Stop watching and close all files; the storage opens them again when it is used."""
        super().dispose()
        self._obs = None
        self._watchers.clear()
        self._shards.close()


def _run_id(pair: "tuple[EventLogEntry, dict[str, object]]") -> str:
    return pair[0].run_id


@functools.cache
def _upsert_asset_keys(columns: tuple[str, ...]) -> sqlite.Insert:
    statement = sqlite.insert(AssetKeyTable)
    return statement.on_conflict_do_update(
        index_elements=["asset_key"],
        set_={column: statement.excluded[column] for column in columns},
    )


@dataclass
class _Shard:
    engine: "Engine"
    lock: threading.RLock = field(default_factory=threading.RLock)
    connection: "Connection | None" = None
    identity: tuple[int, int] | None = None
    users: int = 0


class _Shards:
    """One engine for each file in use, least recently used first; one user of a file at a time."""

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._open: OrderedDict[str, _Shard] = OrderedDict()

    @contextmanager
    def connection(self, path: str, prepare: "Callable[[Engine], None]") -> "Iterator[Connection]":
        """Lend the file's connection in a transaction; the running one where its thread has one."""
        shard = self._lease(path)
        try:
            with shard.lock:
                if shard.connection is not None:
                    yield shard.connection
                    return
                if shard.identity is None:
                    prepare(shard.engine)
                    shard.identity = _identity(path)
                with shard.engine.begin() as connection:
                    shard.connection = connection
                    try:
                        yield connection
                    finally:
                        shard.connection = None
        finally:
            self._release(path, shard)

    def close(self) -> None:
        """Close every file; one that another thread uses is closed when that thread is done."""
        self._leave_to_parent()
        with self._lock:
            shards, self._open = self._open, OrderedDict()
            for shard in shards.values():
                if not shard.users:
                    shard.engine.dispose()

    def _lease(self, path: str) -> _Shard:
        self._leave_to_parent()
        with self._lock:
            shard = self._open.get(path)
            if shard and not shard.users and shard.identity != _identity(path):
                # Another process has deleted or replaced the file.
                self._open.pop(path).engine.dispose()
                shard = None
            if shard is None:
                self._make_room()
                shard = self._open[path] = _Shard(_engine(path))
            self._open.move_to_end(path)
            shard.users += 1
            return shard

    def _release(self, path: str, shard: _Shard) -> None:
        with self._lock:
            shard.users -= 1
            if not shard.users and self._open.get(path) is not shard:
                shard.engine.dispose()

    def _make_room(self) -> None:
        idle = [path for path, shard in self._open.items() if not shard.users]
        for path in idle[: max(0, len(self._open) + 1 - MAX_OPEN_SHARDS)]:
            self._open.pop(path).engine.dispose()

    def _leave_to_parent(self) -> None:
        if self._pid != os.getpid():
            # SQLite forbids a forked child to use or to close its parent's connections.
            _LEFT_TO_PARENT.append(self._open)
            self._begin()


_LEFT_TO_PARENT: list[OrderedDict[str, _Shard]] = []


def _identity(path: str) -> tuple[int, int] | None:
    try:
        stat = Path(path).stat()
    except FileNotFoundError:
        return None
    return stat.st_dev, stat.st_ino


def _engine(path: str) -> "Engine":
    engine = db.create_engine(
        db.URL.create("sqlite", database=path),
        poolclass=QueuePool,
        pool_size=1,
        connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS, "check_same_thread": False},
    )
    db.event.listen(engine, "connect", _do_not_flush_each_commit)
    return engine


def _do_not_flush_each_commit(connection: "sqlite3.Connection", _record: object) -> None:
    connection.execute("PRAGMA synchronous=NORMAL").close()


_STOOD_IN_FOR: dict[type, tuple[str, ...]] = {
    SqliteEventLogStorage: (
        *("__init__", "_initdb", "_connect", "run_connection", "index_connection", "has_table"),
        *("store_event", "wipe", "watch", "end_watch", "dispose"),
    ),
    SqliteEventLogStorageWatchdog: ("__init__", "on_modified"),
    SqlEventLogStorage: (
        *("_event_to_row", "_store_asset_event", "_store_asset_event_tags"),
        *("_get_asset_entry_values", "_has_asset_key_index_cols_on_connection"),
        *("_has_asset_key_col_on_connection", "store_asset_check_event"),
    ),
}
_STOOD_IN_FOR_SHA256 = "2bfe435674a6a4cae2f359745482fd73354e71b8011648831162e1f6fa618f32"


@functools.cache
def stock_is_as_expected() -> bool:
    """Tell whether Dagster's own storage still reads as it did when this one was written.

    Compares the source text of the methods that this module replaces or builds upon, for a new
    rule in one of them (say, another kind of event in the index) would be missed here. The first
    call in a process logs one warning where the answer is no.
    """
    known = stock_fingerprint() == _STOOD_IN_FOR_SHA256
    if not known:
        _logger.warning(
            "this version of Dagster stores events in another way than fig_assets knows; "
            "using Dagster's own, slower SQLite event log"
        )
    return known


def stock_fingerprint() -> str:
    """Return the SHA-256 of the source text of Dagster's methods, or nothing if it is not found."""
    try:
        texts = [
            inspect.getsource(getattr(owner, name))
            for owner, names in _STOOD_IN_FOR.items()
            for name in names
        ]
    except (AttributeError, OSError, TypeError):
        return ""
    return hashlib.sha256("".join(texts).encode()).hexdigest()
