"""One day of a relation <-> one Parquet file that carries its own record and checksum.

A file is ordinary Parquet: the record is in its key-value metadata, and between the last page and
the footer, where Parquet readers never look, stands a checksum of everything else in the file.
"""

import os
import time
import uuid
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path
from sys import intern
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from fig_assets.engines.base import InputDigests, Partition, StoredColumn
from fig_assets.errors import EngineError

FORMAT = 2
RECORD = b"fig_assets"
CHECK = b"fig-check:"
CHECK_SIZE = len(CHECK) + 16
ORPHAN_AGE_S = 3600.0
LOOKED_AT = 1000
"""How many rows of a text decide whether it is written with a dictionary."""
GROUP_ROWS = 1 << 17
"""Rows of a row group: so many are put together at once while a file is written."""
RECORD_MARK = b"\x18%c%s\x18" % (len(RECORD), RECORD)
"""How the record's key stands in a footer: two texts, each after its type and its length."""
FOOTER_SIZE = 1 << 16
"""How many bytes hold a footer as it usually is."""
TAIL_SIZE = 8
"""The last bytes of a Parquet file: the length of the footer, and a magic word."""


Stamp = tuple[int | str, int, int]
"""What tells one version of a file from another without reading it: the time or what a bucket
calls it, the size in bytes, and the inode.
"""


def stamp_of(path: str | Path) -> Stamp | None:
    """Return the stamp of a file, or None where there is none."""
    try:
        status = os.stat(path)  # noqa: PTH116 - asked for every day of every window
    except (FileNotFoundError, NotADirectoryError):
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def write(path: Path, table: pa.Table, record: Partition) -> Stamp:
    """Replace the file at `path` by `table` and its `record`, atomically and durably.

    Raises:
        OSError: it could not be written; the old file is untouched.
    """
    return write_parts(path, encode(table, record))


def write_parts(path: Path, content: Sequence[memoryview | bytes]) -> Stamp:
    """Replace the file at `path`, atomically and durably.

    Raises:
        OSError: it could not be written; the old file is untouched.
    """
    temporary = path.parent / f".tmp-{uuid.uuid4().hex}"
    try:
        with temporary.open("wb") as file:
            for part in content:
                file.write(part)
            file.flush()
            os.fsync(file.fileno())
        stamp = stamp_of(temporary)
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)
    sweep(path.parent, ".tmp-", ORPHAN_AGE_S)
    if stamp is None:
        raise FileNotFoundError(temporary)
    return stamp


def read_record(path: str | Path) -> Partition:
    """Read the record of a file without its rows.

    Raises:
        EngineError: it is damaged, or not a file of this program.
    """
    try:
        with Path(path).open("rb", buffering=0) as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(size - FOOTER_SIZE, 0))
            text = _quickly_found(file.read())
        return _decoded(text or (pq.read_metadata(path).metadata or {})[RECORD], path)
    except (OSError, pa.ArrowException, LookupError, TypeError, ValueError) as refusal:
        raise damaged(path, refusal) from refusal


def record_of(tail: bytes, called: str) -> Partition:
    """Read the record in the last bytes of a file, which hold its whole footer.

    Raises:
        EngineError: it is damaged, or not a file of this program; names it as it is `called`.
    """
    try:
        text = _quickly_found(tail)
        if text is None:
            text = (pq.read_metadata(pa.BufferReader(tail)).metadata or {})[RECORD]
        return _decoded(text, called)
    except (OSError, pa.ArrowException, LookupError, TypeError, ValueError) as refusal:
        raise damaged(called, refusal) from refusal


def footer_size(tail: bytes) -> int:
    """Return how many of a file's last bytes hold its footer."""
    return TAIL_SIZE + int.from_bytes(tail[-TAIL_SIZE:-4], "little")


def _decoded(text: bytes, called: str | Path) -> Partition:
    record = decode_record(text)
    if record is not None:
        return record
    raise EngineError(
        f"{called}: written by another version of fig-assets\n"
        "  fix: delete the lake and build it again, or use that version"
    )


def _quickly_found(tail: bytes) -> bytes | None:
    """Return the text of a record from the footer's bytes; None where it is not plain to see.

    Arrow takes five times as long, to read what it says of each column; a window needs the records
    of all its days.
    """
    footer = len(tail) - TAIL_SIZE - int.from_bytes(tail[-TAIL_SIZE:-4], "little")
    place = tail.find(RECORD_MARK, max(footer, 0)) + len(RECORD_MARK)
    is_plain = tail.endswith(b"PAR1") and footer >= 0 and tail.count(RECORD_MARK, footer) == 1
    if not is_plain:
        return None
    length, shift = 0, 0
    while tail[place] & 0x80:
        length |= (tail[place] & 0x7F) << shift
        place, shift = place + 1, shift + 7
    length |= tail[place] << shift
    return tail[place + 1 : place + 1 + length]


def verify(path: str | Path, called: str = "") -> None:
    """Read a file once and compare it with its checksum.

    Args:
        path: The file.
        called: Its name for messages, where that is another.

    Raises:
        EngineError: it is not, bit for bit, what was written.
    """
    try:
        content = memoryview(Path(path).read_bytes())
    except OSError as refusal:
        raise damaged(called or path, refusal) from refusal
    footer = len(content) - TAIL_SIZE - int.from_bytes(content[-TAIL_SIZE:-4], "little")
    check = footer - CHECK_SIZE
    if check < 0 or bytes(content[check:footer]) != _check(content[:check], content[footer:]):
        raise damaged(called or path, "its content is not what was written")


def read_columns(path: str | Path, names: Sequence[str], called: str = "") -> pa.Table:
    """Read some columns of a file whose content is proved first.

    Raises:
        EngineError: it is damaged.
    """
    verify(path, called)
    with pq.ParquetFile(path) as file:
        return file.read(columns=list(names), use_threads=False)


def column_sizes(path: str | Path, called: str = "") -> dict[str, int]:
    """Return the bytes that each column takes in a file.

    Raises:
        EngineError: it is damaged.
    """
    try:
        meta = pq.read_metadata(path)
    except (OSError, pa.ArrowException) as refusal:
        raise damaged(called or path, refusal) from refusal
    found: dict[str, int] = {}
    for group in range(meta.num_row_groups):
        for place in range(meta.num_columns):
            chunk = meta.row_group(group).column(place)
            name = chunk.path_in_schema.partition(".")[0]
            found[name] = found.get(name, 0) + chunk.total_compressed_size
    return found


def sweep(folder: Path, prefix: str, age_s: float) -> None:
    """Remove files that killed writers left behind, once they are surely nobody's work."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(prefix) and time.time() - entry.stat().st_mtime > age_s:
                Path(entry.path).unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def encode_record(record: Partition) -> bytes:
    """Return the record of a day as JSON."""
    return orjson.dumps(
        {
            "format": FORMAT,
            "rows": record.rows,
            "generation": record.generation,
            "key": record.key,
            "key_digest": record.key_digest,
            "columns": record.columns,
            "notes": record.notes,
        }
    )


def decode_record(text: bytes | str) -> Partition | None:
    """Read what `encode_record` wrote; None where another version of this program wrote it.

    Raises:
        LookupError, TypeError, ValueError: it is no record.
    """
    raw = orjson.loads(text)
    return _partition(raw) if raw["format"] == FORMAT else None


def encode(table: pa.Table, record: Partition) -> tuple[memoryview | bytes, ...]:
    """Return the bytes of a file, in parts."""
    text = encode_record(record)
    sink = pa.BufferOutputStream()
    stamped = table.replace_schema_metadata({RECORD: text})
    # Untyped, because pyarrow's stubs know no list of columns.
    options: dict[str, Any] = {"use_dictionary": _repeated_texts(table), "compression": "zstd"}
    with pq.ParquetWriter(sink, stamped.schema, write_page_checksum=True, **options) as writer:
        for start in range(0, max(stamped.num_rows, 1), GROUP_ROWS):
            # However the rows came in pieces, the file is the same.
            writer.write_table(stamped.slice(start, GROUP_ROWS).combine_chunks())
    content = memoryview(sink.getvalue())
    footer = len(content) - TAIL_SIZE - int.from_bytes(content[-TAIL_SIZE:-4], "little")
    pages, rest = content[:footer], content[footer:]
    return pages, _check(pages, rest), rest


def _repeated_texts(table: pa.Table) -> list[str]:
    """Name the texts whose first rows repeat themselves: a dictionary pays for no other column."""
    found = []
    for name, kind in zip(table.column_names, table.schema.types, strict=True):
        if pa.types.is_string(kind):
            first = table.column(name).slice(0, LOOKED_AT)
            if 2 * pc.count_distinct(first).as_py() <= len(first):
                found.append(name)
    return found


def _check(*parts: memoryview) -> bytes:
    state = blake2b(digest_size=16)
    for part in parts:
        state.update(part)
    return CHECK + state.digest()


def _partition(raw: dict) -> Partition:  # type: ignore[type-arg]
    columns = {
        name: StoredColumn(
            stored["fingerprint"],
            stored["digest"],
            stored["generation"],
            tuple(map(_inputs, stored["inputs"])),
            stored.get("rule", 1),
        )
        for name, stored in raw["columns"].items()
    }
    return Partition(
        raw["rows"], raw["generation"], tuple(raw["key"]), raw["key_digest"], columns, raw["notes"]
    )


def _inputs(raw: dict) -> InputDigests:  # type: ignore[type-arg]
    # Interned, because the same short digests stand in the records of a month of windows.
    return InputDigests(
        intern(raw["relation"]),
        tuple(map(intern, raw["columns"])),
        raw["start"],
        tuple(map(intern, raw["digests"])),
    )


def damaged(path: str | Path, why: object) -> EngineError:
    """Return what is raised about a file that cannot be read."""
    return EngineError(
        f"{path}: damaged or not a file of this lake: {why}\n"
        "  fix: delete the file and build its day again"
    )
