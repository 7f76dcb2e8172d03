"""Days of relations <-> Parquet files of a storage: layout, records and the atomic publish.

    <root>/<relation>/day=YYYY-MM-DD/data.parquet      <root>/<relation>/data.parquet (no days)

A writer replaces the day's file as a whole, and only the version that it has seen, so a reader
sees the old day or the new day, and two writers of different columns lose nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import TypeVar

import pyarrow as pa

from fig_assets.engines.base import InputDigests, Partition, Target, Written
from fig_assets.engines.digest import column_digest
from fig_assets.engines.lake import day_file
from fig_assets.engines.lake.day_file import Stamp
from fig_assets.engines.lake.storage import FILE, LocalFolder, Overtaken, Storage
from fig_assets.engines.lake.write import (
    Write,
    content_of,
    is_same,
    kept_columns,
    record_after,
    refuse_conflict,
)
from fig_assets.errors import EngineError

Found = TypeVar("Found")


class Lake:
    """Parquet relations below one address; any number of processes may read and write at once."""

    def __init__(self, place: Path | Storage) -> None:
        """Open the lake in a folder of this machine or in a storage."""
        self.storage: Storage = LocalFolder(place) if isinstance(place, Path) else place
        self.root = self.storage.folder
        """The folder of this machine in which statements find files."""
        self.address = self.storage.address
        self.rule = 1
        self._stamp = self.storage.stamp
        self._records: dict[str, tuple[Stamp, Partition]] = {}
        self._proved: dict[str, Stamp] = {}

    def path(self, relation: str, day: date | None) -> Path:
        """Return the file of one day of a lake on this machine, whether it exists or not."""
        return Path(self._file(relation, day))

    def days(self, relation: str) -> tuple[date, ...]:
        """Return the stored days of `relation`, in order."""
        return self.storage.days(relation)

    def partition(self, relation: str, day: date | None) -> Partition | None:
        """Return the record of a stored day, or None.

        Raises:
            EngineError: the file is damaged or was not written by this program.
        """
        file = self._file(relation, day)
        return self._record(file, self._stamp(file))[1]

    def size(self, relation: str, day: date | None) -> int:
        """Return the size of a stored day's file in bytes; 0 where there is none."""
        stamp = self._stamp(self._file(relation, day))
        return 0 if stamp is None else stamp[1]

    def column_sizes(self, relation: str, day: date) -> dict[str, int]:
        """Return the bytes that each column takes in a stored day's file.

        Raises:
            EngineError: it is damaged, or not there.
        """
        file = self._file(relation, day)
        path = self._fetched(file, self._stamp(file), self.storage.fetch)
        return day_file.column_sizes(path or file, file)

    def prove(self, relation: str, day: date | None) -> str | None:
        """Return the file of a stored day on this machine, proved; None if there is none.

        Each version of a file is compared with its checksum once, by the first statement that
        needs it.

        Raises:
            EngineError: it is damaged.
        """
        file = self._file(relation, day)
        return self._fetched(file, self._stamp(file), self._proven)

    def prove_days(self, relation: str, days: Sequence[date | None]) -> list[str]:
        """Return the files of those days that are stored, in order, each as by `prove`.

        Raises:
            EngineError: one is damaged.
        """
        files = [self._file(relation, day) for day in days]
        stamps = [(file, stamp) for file in files if (stamp := self._stamp(file))]
        self.storage.expect(stamps)
        paths = (self._fetched(file, stamp, self._proven) for file, stamp in stamps)
        return [path for path in paths if path is not None]

    def look_again(self, relation: str) -> None:
        """Forget what was seen of a relation, before the records of a write are looked at."""
        self.storage.forget(relation)

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
            EngineError: the day cannot be written, or the stored file is damaged.
        """
        digests = {name: column_digest(rows.column(name)) for name in target.names}
        write = Write(target, day, rows, digests, inputs, base)
        file = self._file(target.relation, day)
        try:
            changed, kept = self.storage.change(file, partial(self._replace, file, write))
        except OSError as refusal:
            reason = refusal.strerror or refusal
            raise EngineError(
                f"{file}: {rows.nbytes} bytes of rows cannot be written: {reason}\n"
                "  fix: free space or mend the folder's permissions, then run the day again; "
                "what was stored is untouched"
            ) from refusal
        return Written(day, rows.num_rows, digests, changed, kept)

    def drop_columns(self, relation: str, day: date, names: Sequence[str]) -> None:
        """See `Engine.drop_columns`."""
        file = self._file(relation, day)
        self._change(file, partial(self._without, file, names))

    def drop_day(self, relation: str, day: date) -> None:
        """See `Engine.drop_day`."""
        file = self._file(relation, day)
        self._change(file, partial(self.storage.remove, file))

    def _change(self, file: str, step: Callable[[], None]) -> None:
        """Let nobody else write the day meanwhile.

        Raises:
            EngineError: it cannot be written.
        """
        try:
            self.storage.change(file, step)
        except OSError as refusal:
            raise EngineError(
                f"{file}: it cannot be written: {refusal.strerror or refusal}\n"
                "  fix: free space or mend the folder's permissions, then run it again; what was "
                "stored is untouched"
            ) from refusal

    def _replace(self, file: str, write: Write) -> tuple[bool, dict[str, str]]:
        """Publish; say whether the content is another, and the digests of what was taken over."""
        stamp, stored = self._record(file, self.storage.look(file))
        refuse_conflict(write, stored)
        kept = kept_columns(write, stored)
        record = record_after(write, stored, kept, self.rule)
        same = {name: record.columns[name].digest for name in kept}
        if stored is not None and is_same(stored, record) and self._is_sound(file, stamp):
            return False, same
        table = write.rows.select(list(write.target.names))
        if kept and stamp is not None:
            old = self._columns(file, stamp, kept)
            for name in kept:
                table = table.append_column(name, old.column(name))
        self._put(file, table.select(list(record.columns)), record, stamp)
        return stored is None or content_of(stored) != content_of(record), same

    def _without(self, file: str, names: Sequence[str]) -> None:
        """Publish a day without some of its columns."""
        stamp, stored = self._record(file, self.storage.look(file))
        gone = {n for n in names if stored and n in stored.columns and n not in stored.key}
        if stored is None or stamp is None or not gone:
            return
        kept = {name: it for name, it in stored.columns.items() if name not in gone}
        record = replace(stored, columns=kept, generation=stored.generation + 1)
        rows = self._columns(file, stamp, list(kept)).replace_schema_metadata()
        self._put(file, rows, record, stamp)

    def _put(self, file: str, rows: pa.Table, record: Partition, seen: Stamp | None) -> None:
        stamp = self.storage.put(file, day_file.encode(rows, record), seen)
        self._records[file] = (stamp, record)
        self._proved[file] = stamp

    def _columns(self, file: str, stamp: Stamp, names: Sequence[str]) -> pa.Table:
        return day_file.read_columns(self.storage.fetch(file, stamp), names, file)

    def _is_sound(self, file: str, stamp: Stamp | None) -> bool:
        """Say whether the stored file can stay: one with damaged rows is written anew."""
        try:
            return stamp is not None and bool(self._proven(file, stamp))
        except EngineError:
            return False

    def _record(self, file: str, stamp: Stamp | None) -> tuple[Stamp | None, Partition | None]:
        """Return the record of a version, or of the one after it, with its stamp."""
        while stamp is not None:
            known = self._records.get(file)
            if known is not None and known[0] == stamp:
                return known
            try:
                self._records[file] = known = (stamp, self.storage.record(file, stamp))
            except Overtaken:
                stamp = self.storage.look(file)
                continue
            return known
        return None, None

    def _fetched(
        self, file: str, stamp: Stamp | None, fetch: Callable[[str, Stamp], str]
    ) -> str | None:
        """Fetch a version of a file, or the one after it."""
        while stamp is not None:
            try:
                return fetch(file, stamp)
            except Overtaken:
                stamp = self.storage.look(file)
        return None

    def _proven(self, file: str, stamp: Stamp) -> str:
        path = self.storage.fetch(file, stamp)
        if self._proved.get(file) == stamp:
            return path
        try:
            day_file.verify(path, file)
        except EngineError:
            if not self.storage.discard(path):
                raise
            # The copy may be the one that is damaged.
            path = self.storage.fetch(file, stamp)
            day_file.verify(path, file)
        self._proved[file] = stamp
        return path

    def _file(self, relation: str, day: date | None) -> str:
        folder = f"{self.address}/{relation}"
        return f"{folder}/day={day.isoformat()}/{FILE}" if day else f"{folder}/{FILE}"
