"""Days of relations <-> a folder of Parquet files: layout, records and the atomic publish.

    <root>/<relation>/day=YYYY-MM-DD/data.parquet      <root>/<relation>/data.parquet (no days)

A writer prepares a temporary file beside the day's file and replaces it under a short lock, so a
reader sees the old day or the new day, and two writers of different columns lose nothing.
"""

import fcntl
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import date
from pathlib import Path

import pyarrow as pa

from fig_assets.engines import day_file
from fig_assets.engines.base import InputDigests, Partition, Target, Written
from fig_assets.engines.digest import column_digest
from fig_assets.engines.write import (
    Write,
    content_of,
    is_same,
    kept_columns,
    record_after,
    refuse_conflict,
)
from fig_assets.errors import EngineError

FILE = "data.parquet"
LOCKS = ".locks"


class Lake:
    """A folder of Parquet relations; any number of processes may read and write at once."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.rule = 1
        self._prefix = str(root)
        self._records: dict[str, tuple[day_file.Stamp, Partition]] = {}
        self._proved: dict[str, day_file.Stamp] = {}

    def path(self, relation: str, day: date | None) -> Path:
        """Return the file of one day, whether it exists or not."""
        return Path(self._file(relation, day))

    def days(self, relation: str) -> tuple[date, ...]:
        """Return the stored days of `relation`, in order."""
        try:
            with os.scandir(self.root / relation) as entries:
                names = [entry.name[4:] for entry in entries if entry.name.startswith("day=")]
        except (FileNotFoundError, NotADirectoryError):
            return ()
        found = sorted(day for day in map(_day, names) if day)
        return tuple(day for day in found if day_file.stamp_of(self._file(relation, day)))

    def partition(self, relation: str, day: date | None) -> Partition | None:
        """Return the record of a stored day, or None.

        Raises:
            EngineError: the file is damaged or was not written by this program.
        """
        path = self._file(relation, day)
        stamp = day_file.stamp_of(path)
        if stamp is None:
            return None
        known = self._records.get(path)
        if known is None or known[0] != stamp:
            known = self._records[path] = (stamp, day_file.read_record(path))
        return known[1]

    def size(self, relation: str, day: date | None) -> int:
        """Return the size of a stored day's file in bytes; 0 where there is none."""
        stamp = day_file.stamp_of(self._file(relation, day))
        return 0 if stamp is None else stamp[1]

    def prove(self, relation: str, day: date | None) -> str | None:
        """Return the file of a stored day, proved against its checksum; None if there is none.

        Each version of a file is read once for this, by the first statement that needs it.

        Raises:
            EngineError: it is damaged.
        """
        path = self._file(relation, day)
        stamp = day_file.stamp_of(path)
        if stamp is None:
            return None
        if self._proved.get(path) != stamp:
            day_file.verify(path)
            self._proved[path] = stamp
        return path

    def generations(self, target: Target, day: date | None) -> dict[str, int]:
        """Return the write number of each stored column, to be given to `publish` later."""
        stored = self.partition(target.relation, day)
        return {name: c.generation for name, c in stored.columns.items()} if stored else {}

    def publish(
        self,
        target: Target,
        day: date | None,
        rows: pa.Table,
        *,
        inputs: Mapping[str, tuple[InputDigests, ...]],
        base: Mapping[str, int],
    ) -> Written:
        """Make `rows` the content of `target`'s columns on `day`, atomically.

        `base` holds the write numbers seen before the rows were computed: a column published
        since then by somebody else is a conflict, unless it has the same content.

        Raises:
            Conflict: newer rows of the same columns are stored.
            RowSetChanged: a scoped write whose keys differ from the stored ones.
            EngineError: the folder cannot be written, or the stored file is damaged.
        """
        digests = {name: column_digest(rows.column(name)) for name in target.names}
        write = Write(target, day, rows, digests, inputs, base)
        path = self.path(target.relation, day)
        try:
            _make_folder(path.parent)
            with self._lock(target.relation, day):
                changed, kept = self._replace(path, write)
        except OSError as refusal:
            reason = refusal.strerror or refusal
            raise EngineError(
                f"{path}: {rows.nbytes} bytes of rows cannot be written: {reason}\n"
                "  fix: free space or mend the folder's permissions, then run the day again; "
                "what was stored is untouched"
            ) from refusal
        return Written(day, rows.num_rows, digests, changed, kept)

    def drop_columns(self, relation: str, day: date, names: Sequence[str]) -> None:
        """See `Engine.drop_columns`."""
        path = self.path(relation, day)
        with self._writing(path, relation, day):
            stored = self.partition(relation, day)
            gone = {n for n in names if stored and n in stored.columns and n not in stored.key}
            if stored is None or not gone:
                return
            kept = {name: it for name, it in stored.columns.items() if name not in gone}
            record = replace(stored, columns=kept, generation=stored.generation + 1)
            rows = day_file.read_columns(path, list(kept)).replace_schema_metadata()
            stamp = day_file.write(path, rows, record)
            self._records[str(path)] = (stamp, record)
            self._proved[str(path)] = stamp

    def drop_day(self, relation: str, day: date) -> None:
        """See `Engine.drop_day`."""
        path = self.path(relation, day)
        with self._writing(path, relation, day):
            path.unlink(missing_ok=True)
            with suppress(OSError):  # Another writer's temporary file is in the folder.
                path.parent.rmdir()

    @contextmanager
    def _writing(self, path: Path, relation: str, day: date) -> Iterator[None]:
        """Let nobody else write the day meanwhile.

        Raises:
            EngineError: it cannot be written.
        """
        try:
            with self._lock(relation, day):
                yield
        except OSError as refusal:
            raise EngineError(
                f"{path}: it cannot be written: {refusal.strerror or refusal}\n"
                "  fix: free space or mend the folder's permissions, then run it again; what was "
                "stored is untouched"
            ) from refusal

    def _replace(self, path: Path, write: Write) -> tuple[bool, dict[str, str]]:
        """Publish; say whether the content is another, and the digests of what was taken over."""
        stored = self.partition(write.target.relation, write.day)
        refuse_conflict(write, stored)
        kept = kept_columns(write, stored)
        record = record_after(write, stored, kept, self.rule)
        same = {name: record.columns[name].digest for name in kept}
        if stored is not None and is_same(stored, record) and self._is_sound(write):
            return False, same
        table = write.rows.select(list(write.target.names))
        if kept:
            old = day_file.read_columns(path, kept)
            for name in kept:
                table = table.append_column(name, old.column(name))
        stamp = day_file.write(path, table.select(list(record.columns)), record)
        self._records[str(path)] = (stamp, record)
        self._proved[str(path)] = stamp
        return stored is None or content_of(stored) != content_of(record), same

    def _is_sound(self, write: Write) -> bool:
        """Say whether the stored file can stay: one with damaged rows is written anew."""
        try:
            return self.prove(write.target.relation, write.day) is not None
        except EngineError:
            return False

    def _file(self, relation: str, day: date | None) -> str:
        folder = f"{self._prefix}/{relation}"
        return f"{folder}/day={day.isoformat()}/{FILE}" if day else f"{folder}/{FILE}"

    @contextmanager
    def _lock(self, relation: str, day: date | None) -> Iterator[None]:
        folder = self.root / LOCKS / relation
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / (day.isoformat() if day else "all")).open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield


def _make_folder(folder: Path) -> None:
    if folder.is_dir():
        return
    folder.mkdir(parents=True, exist_ok=True)
    day_file.sync_folder(folder.parent)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
