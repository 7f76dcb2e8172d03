"""A raw file of JSON lines -> Arrow batches of objects, and why each other line is none."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import orjson
import pyarrow as pa

from fig_assets.engines.raw.files import RawFileError, read_blocks

__all__ = ["BadLine", "Lines", "RawFileError", "Reason", "lines_batch", "read_lines", "sort_lines"]

Reason = Literal[
    "invalid JSON",
    "truncated",
    "invalid UTF-8",
    "lone surrogate",
    "control character",
    "expected object",
    "ambiguous",
    "too long",
    "too deep",
]

_COLUMNS: dict[str, pa.DataType] = {"source_line": pa.int64(), "payload": pa.string()}
SCHEMA = pa.schema(_COLUMNS)
"""The columns of `Lines.batch`."""

MAX_LINE_BYTES = 16 << 20
_MAX_DEPTH = 1000
_EXCERPT_CHARACTERS = 200
_BOM = b"\xef\xbb\xbf"
_BLANK = b" \t\r"
_TOKEN = re.compile(rb'("[^"\\]*(?:\\.[^"\\]*)*")\s*(:)?|[{}\[\]]')
_NOT_NUMBERS = re.compile(r"[-+]?(?:nan|inf(?:inity)?)\b", re.IGNORECASE)


@dataclass(frozen=True)
class BadLine:
    """A line that holds no usable event.

    `line` counts from 1, blank lines included; `detail` counts bytes of the line from 1; `text` is
    the line's beginning, at most 200 characters, everything unprintable escaped.
    """

    line: int
    reason: Reason
    detail: str
    text: str


@dataclass(frozen=True)
class Lines:
    """Some consecutive lines of a file, each counted exactly once.

    `batch` has the columns of `SCHEMA`, in the order of the file: every payload is one JSON object,
    valid UTF-8, as it was written but for white space at its end.
    """

    batch: pa.RecordBatch
    bad: tuple[BadLine, ...]
    blank: int


@dataclass(frozen=True)
class _Chunk:
    """Raw lines without their ends; the last one may be cut short by the limit or by the file."""

    first: int
    lines: list[bytes]
    ended: bool = True
    oversized: int = 0
    """How many bytes the only line of this chunk has, if only its beginning was kept."""


@dataclass(frozen=True)
class _Fault:
    reason: Reason
    detail: str


def read_lines(
    path: Path, *, block_bytes: int = 8 << 20, max_line_bytes: int = MAX_LINE_BYTES
) -> Iterator[Lines]:
    """Read the JSON lines of `path`, plain or compressed, block by block.

    Lines end with LF or CRLF. Every line is a row of a batch, a `BadLine` or counted as blank.
    Strict JSON only: no NaN, no number beyond a double, no comment, no trailing comma, no key twice
    in one object, no lone surrogate, nothing nested deeper than 1,000. Memory is bounded by a few
    times `block_bytes + max_line_bytes`, whatever the file holds.

    Use what was read only once the iterator is exhausted: a damaged file may show at its end.

    Raises:
        RawFileError: see `fig_assets.engines.raw.files.read_blocks`; the whole file is refused.
    """
    yield from sort_lines(read_blocks(path, block_bytes), max_line_bytes=max_line_bytes)


def sort_lines(blocks: Iterable[bytes], *, max_line_bytes: int = MAX_LINE_BYTES) -> Iterator[Lines]:
    """Sort the lines of a text that comes in blocks; see `read_lines`."""
    for chunk in _chunks(blocks, max_line_bytes):
        if chunk.oversized:
            detail = f"{chunk.oversized:,} bytes; the limit is {max_line_bytes:,}"
            bad = _bad_line(chunk.first, chunk.lines[0], _Fault("too long", detail))
            yield Lines(lines_batch([], []), (bad,), 0)
        else:
            yield _sort(chunk, max_line_bytes)


def _chunks(blocks: Iterable[bytes], max_line_bytes: int) -> Iterator[_Chunk]:
    rest = iter(blocks)
    number, carry = 1, b""
    for block in rest:
        head, newline, carry = (carry + block).rpartition(b"\n")
        if newline:
            yield (chunk := _Chunk(number, _split(head, number)))
            number += len(chunk.lines)
        if len(carry) > max_line_bytes:
            start, (size, carry) = carry[: 4 * _EXCERPT_CHARACTERS], _skip_line(rest, len(carry))
            yield _Chunk(number, [start], oversized=size)
            number += 1
    head, newline, last = carry.rpartition(b"\n")
    if newline:
        yield (chunk := _Chunk(number, _split(head, number)))
        number += len(chunk.lines)
    if (lines := _split(last, number)) != [b""]:
        yield _Chunk(number, lines, ended=False)


def _split(text: bytes, number: int) -> list[bytes]:
    return (text.removeprefix(_BOM) if number == 1 else text).split(b"\n")


def _skip_line(blocks: Iterator[bytes], size: int) -> tuple[int, bytes]:
    """Drop blocks up to the next line end; return the line's size and what follows it."""
    for block in blocks:
        end = block.find(b"\n")
        if end >= 0:
            return size + end, block[end + 1 :]
        size += len(block)
    return size, b""


def _sort(chunk: _Chunk, max_line_bytes: int) -> Lines:
    numbers: list[int] = []
    payloads: list[bytes] = []
    bad: list[BadLine] = []
    for number, raw in enumerate(chunk.lines, chunk.first):
        line = raw.rstrip(_BLANK)
        if not line:
            continue
        fault = _fault(line, max_line_bytes)
        if fault is None:
            numbers.append(number)
            payloads.append(line)
            continue
        if not chunk.ended and fault.reason in {"invalid JSON", "lone surrogate"}:
            fault = _Fault("truncated", f"the file ends inside this line: {fault.detail}")
        bad.append(_bad_line(number, line, fault))
    blank = len(chunk.lines) - len(payloads) - len(bad)
    return Lines(lines_batch(numbers, payloads), tuple(bad), blank)


def lines_batch(numbers: list[int], payloads: list[bytes]) -> pa.RecordBatch:
    """Make the batch of lines whose numbers and texts these are; the texts are JSON objects."""
    # Every payload was parsed, so it is UTF-8: no need to let Arrow check it again.
    offsets = np.zeros(len(payloads) + 1, dtype=np.int32)
    np.cumsum(np.fromiter(map(len, payloads), np.int32, len(payloads)), out=offsets[1:])
    payload = pa.StringArray.from_buffers(
        len(payloads), pa.py_buffer(offsets.tobytes()), pa.py_buffer(b"".join(payloads))
    )
    # Not `pa.array`, which imports pandas.
    places = pa.py_buffer(np.array(numbers, np.int64).tobytes())
    line = pa.Int64Array.from_buffers(pa.int64(), len(numbers), [None, places])
    return pa.record_batch([line, payload], schema=SCHEMA)


def _fault(line: bytes, max_line_bytes: int) -> _Fault | None:
    if len(line) > max_line_bytes:
        return _Fault("too long", f"{len(line):,} bytes; the limit is {max_line_bytes:,}")
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError as refusal:
        return _syntax_fault(line, refusal)
    if not isinstance(value, dict):
        return _Fault("expected object", f"found {_kind(value)}")
    try:
        text = orjson.dumps(value)
    except orjson.JSONEncodeError:
        # orjson reads deeper than it writes.
        return _structure_fault(line)
    # A key that stands twice was dropped with its two quotes; only \u0022 also changes their count.
    if text == line or (text.count(b'"') == line.count(b'"') and b"\\u0022" not in line):
        return None
    return _structure_fault(line)


def _syntax_fault(line: bytes, refusal: orjson.JSONDecodeError) -> _Fault:
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as encoding:
        if encoding.reason == "unexpected end of data":
            return _Fault("invalid JSON", f"unfinished character at byte {encoding.start + 1:,}")
        return _Fault("invalid UTF-8", f"byte {encoding.start + 1:,}")
    place = f"at byte {len(text[: refusal.pos].encode()) + 1:,}"
    if "depth" in refusal.msg:
        return _Fault("too deep", f"nested deeper than {_MAX_DEPTH:,}")
    if "surrogate" in refusal.msg:
        return _Fault("lone surrogate", f"{refusal.msg} {place}")
    if refusal.pos < len(text) and text[refusal.pos] < " ":
        return _Fault("control character", f"0x{ord(text[refusal.pos]):02x} {place}")
    # The place of -Infinity is told as that of its second character.
    for start in (max(refusal.pos - 1, 0), refusal.pos):
        if match := _NOT_NUMBERS.match(text, start):
            return _Fault("invalid JSON", f"{match.group()} is not JSON {place}")
    return _Fault("invalid JSON", f"{refusal.msg} {place}")


def _structure_fault(line: bytes) -> _Fault | None:
    """Look at the nesting of valid JSON, without recursion."""
    open_keys: list[set[str]] = []
    for token in _TOKEN.finditer(line):
        if token[2]:
            key = orjson.loads(token[1])
            if key in open_keys[-1]:
                return _Fault("ambiguous", f"key '{_printable(key)}' twice")
            open_keys[-1].add(key)
        elif token[0] in (b"{", b"["):
            open_keys.append(set())
            if len(open_keys) > _MAX_DEPTH:
                return _Fault("too deep", f"nested deeper than {_MAX_DEPTH:,}")
        elif token[0] in (b"}", b"]"):
            open_keys.pop()
    return None


def _kind(value: object) -> str:
    match value:
        case list():
            return "array"
        case str():
            return "string"
        case bool():
            return "boolean"
        case None:
            return "null"
        case _:
            return "number"


def _bad_line(number: int, line: bytes, fault: _Fault) -> BadLine:
    # A character has at most four bytes.
    start = line[: 4 * _EXCERPT_CHARACTERS].decode("utf-8", "backslashreplace")
    return BadLine(number, fault.reason, fault.detail, _printable(start))


def _printable(text: str) -> str:
    escaped = (
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text[:_EXCERPT_CHARACTERS]
    )
    return "".join(escaped)[:_EXCERPT_CHARACTERS]
