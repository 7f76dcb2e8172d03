"""Arrow tables -> Parquet files: layout, digests, records and the atomic publish.

    <root>/<relation>/day=YYYY-MM-DD/data.parquet      <root>/<relation>/data.parquet (no days)

One file holds one day of a relation; its key-value metadata carries the record of each column:
fingerprint, digest, generation and the digests of what it read. A writer prepares a temporary
file beside it and replaces it under a short lock, so a reader sees the old day or the new day.
"""

import fcntl
import json
import os
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date
from hashlib import blake2b
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from fig_assets.engines.base import (
    InputDigests,
    Partition,
    StoredColumn,
    Target,
    Written,
)
from fig_assets.errors import Conflict, EngineError, RowSetChanged

FILE = "data.parquet"
FORMAT = 1
RECORD = b"fig_assets"
ORPHAN_AGE_S = 3600.0


class Lake:
    """A folder of Parquet relations; any number of processes may read and write at once."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._records: dict[Path, tuple[tuple[int, int, int], Partition]] = {}

    def path(self, relation: str, day: date | None) -> Path:
        """Return the file of one day, whether it exists or not."""
        folder = self.root / relation
        return (folder / f"day={day.isoformat()}" if day else folder) / FILE

    def days(self, relation: str) -> tuple[date, ...]:
        """Return the stored days of `relation`, in order."""
        folder = self.root / relation
        found = (entry.name[4:] for entry in _scan(folder) if entry.name.startswith("day="))
        return tuple(sorted(d for d in map(_day, found) if d and self.path(relation, d).exists()))

    def partition(self, relation: str, day: date | None) -> Partition | None:
        """Return the record of a stored day, or None.

        Raises:
            EngineError: the file is damaged or was not written by this program.
        """
        path = self.path(relation, day)
        try:
            status = path.stat()
        except FileNotFoundError:
            return None
        stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
        known = self._records.get(path)
        if known is None or known[0] != stamp:
            known = (stamp, _read_record(path))
            self._records[path] = known
        return known[1]

    def generations(self, target: Target, day: date | None) -> dict[str, int]:
        """Return the write number of each of `target`'s columns, to be given to `publish`."""
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
        """
        path = self.path(target.relation, day)
        path.parent.mkdir(parents=True, exist_ok=True)
        digests = {name: column_digest(rows.column(name)) for name in target.names}
        key_digest = combined_digest([digests[name] for name in target.key])
        with self._lock(target.relation, day):
            stored = self.partition(target.relation, day)
            _refuse_conflict(target, day, stored, base, digests)
            kept = _kept_columns(target, day, stored, key_digest)
            old = stored.columns if stored else {}
            generation = stored.generation + 1 if stored else 1
            columns = {name: old[name] for name in kept}
            for column in target.columns:
                digest = digests[column.name]
                same = column.name in old and old[column.name].digest == digest
                columns[column.name] = StoredColumn(
                    column.fingerprint,
                    digest,
                    old[column.name].generation if same else generation,
                    inputs.get(column.name, ()),
                )
            notes = {**(stored.notes if stored and kept else {}), **target.notes}
            record = Partition(rows.num_rows, generation, target.key, key_digest, columns, notes)
            changed = stored is None or _content(stored) != _content(record)
            if stored is None or stored.columns != columns or dict(stored.notes) != notes:
                _replace(path, self._with_kept(path, rows, target, kept), record)
        return Written(day, rows.num_rows, digests, changed)

    def _with_kept(
        self, path: Path, rows: pa.Table, target: Target, kept: Sequence[str]
    ) -> pa.Table:
        table = rows.select(list(target.names))
        if kept:
            old = pq.ParquetFile(path).read(columns=list(kept))
            for name in kept:
                table = table.append_column(name, old.column(name))
        return table

    @contextmanager
    def _lock(self, relation: str, day: date | None) -> Iterator[None]:
        folder = self.root / ".locks" / relation
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / (day.isoformat() if day else "all")).open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield


def column_digest(column: pa.ChunkedArray) -> str:
    """Digest the values of a column in row order; equal values give equal digests anywhere.

    Independent of chunking, of buffer padding and of what stands under NULLs.
    """
    array = column.combine_chunks()
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], array.type)
    state = blake2b(digest_size=8)
    state.update(f"{array.type}:{len(array)}".encode())
    if array.null_count:
        state.update(np.packbits(pc.is_null(array).to_numpy(zero_copy_only=False)).tobytes())
    for part in _value_bytes(array):
        state.update(part)
    return state.hexdigest()


def combined_digest(digests: Sequence[str]) -> str:
    """Digest several column digests in order."""
    return blake2b("/".join(digests).encode(), digest_size=8).hexdigest()


def _value_bytes(array: pa.Array) -> Iterator[bytes]:
    if pa.types.is_string(array.type) or pa.types.is_large_string(array.type):
        binary = array.cast(pa.large_binary())
        yield pc.fill_null(pc.binary_length(binary), 0).to_numpy(zero_copy_only=False).tobytes()
        present = pc.drop_null(binary)
        _, offsets, data = present.buffers()
        if data is not None and len(present):
            bounds = np.frombuffer(offsets, np.int64)[present.offset :][: len(present) + 1]
            yield memoryview(data)[bounds[0] : bounds[-1]].tobytes()
    elif pa.types.is_boolean(array.type):
        yield pc.fill_null(array, False).to_numpy(zero_copy_only=False).tobytes()
    elif pa.types.is_floating(array.type):
        values = pc.fill_null(array, 0.0).to_numpy(zero_copy_only=False)
        yield (values + 0.0).tobytes()
    else:
        width = pa.int32() if array.type.bit_width == 32 else pa.int64()
        yield pc.fill_null(array.view(width), 0).to_numpy(zero_copy_only=False).tobytes()


def _scan(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except FileNotFoundError:
        return []


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _content(record: Partition) -> dict[str, str]:
    return {name: column.digest for name, column in record.columns.items()}


def _refuse_conflict(
    target: Target,
    day: date | None,
    stored: Partition | None,
    base: Mapping[str, int],
    digests: Mapping[str, str],
) -> None:
    newer = [
        name
        for name in target.names
        if stored
        and name in stored.columns
        and stored.columns[name].generation > base.get(name, 0)
        and stored.columns[name].digest != digests[name]
    ]
    if newer:
        raise Conflict(
            f"{target.relation} of {day or 'all days'}: {', '.join(newer)} was published by "
            "another run while this one was computed; the stored rows are newer and were kept"
        )


def _kept_columns(
    target: Target, day: date | None, stored: Partition | None, key_digest: str
) -> tuple[str, ...]:
    others = [name for name in stored.columns if name not in target.names] if stored else []
    if stored is None or stored.key_digest == key_digest:
        return tuple(others)
    if target.whole or not others:
        return ()
    raise RowSetChanged(
        f"{target.relation} of {day or 'all days'}: the keys differ from the stored ones, so "
        f"{', '.join(others)} must be computed with it"
    )


def _replace(path: Path, table: pa.Table, record: Partition) -> None:
    text = json.dumps({"format": FORMAT, **asdict(record)}, separators=(",", ":"))
    stamped = table.replace_schema_metadata({RECORD: text.encode()})
    temporary = path.parent / f".tmp-{uuid.uuid4().hex}"
    try:
        pq.write_table(stamped, temporary, compression="zstd", write_page_checksum=True)
        _sync(temporary)
        temporary.replace(path)
    except OSError as refusal:
        temporary.unlink(missing_ok=True)
        raise EngineError(f"{path}: cannot be written: {refusal}") from refusal
    _sync(path.parent)
    _sweep(path.parent)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sweep(folder: Path) -> None:
    """Remove what killed writers left behind, once it is surely nobody's work in progress."""
    for entry in _scan(folder):
        if entry.name.startswith(".tmp-") and time.time() - entry.stat().st_mtime > ORPHAN_AGE_S:
            Path(entry.path).unlink(missing_ok=True)


def _read_record(path: Path) -> Partition:
    try:
        metadata = pq.read_metadata(path).metadata or {}
        raw = json.loads(metadata[RECORD])
    except (OSError, pa.ArrowException, KeyError, ValueError) as refusal:
        raise EngineError(
            f"{path}: not a readable day of this lake ({refusal}); "
            "delete the file and build the day again"
        ) from refusal
    if raw.pop("format") != FORMAT:
        raise EngineError(f"{path}: written by a newer version; upgrade fig-assets to read it")
    columns = {
        name: StoredColumn(
            stored["fingerprint"],
            stored["digest"],
            stored["generation"],
            tuple(
                InputDigests(i["relation"], tuple(i["columns"]), i["start"], tuple(i["digests"]))
                for i in stored["inputs"]
            ),
        )
        for name, stored in raw["columns"].items()
    }
    return Partition(
        raw["rows"], raw["generation"], tuple(raw["key"]), raw["key_digest"], columns, raw["notes"]
    )
