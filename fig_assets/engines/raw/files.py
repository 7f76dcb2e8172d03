"""Raw files on disk -> their days and their bytes, sums checked. Knows no line and no column."""

import re
import zlib
from collections.abc import Iterable, Iterator
from datetime import date
from io import BufferedReader
from pathlib import Path

import zstandard

from fig_assets.errors import EngineError

_GZIP_INPUT = 64 << 10
_GZIP_OUTPUT = 1 << 20
# Four bytes of zstd can stand for 128 KiB: a small input keeps a hostile file from filling memory.
_ZSTD_INPUT = 4 << 10
_ZSTD_WINDOW = 128 << 20

_ZSTD_MAGIC = (b"\x28\xb5\x2f\xfd", *(bytes([low]) + b"\x2a\x4d\x18" for low in range(0x50, 0x60)))
_FORMATS = {
    "gzip": (b"\x1f\x8b",),
    "zstd": _ZSTD_MAGIC,
    "bzip2": (b"BZh",),
    "xz": (b"\xfd7zXZ\x00",),
    "zip": (b"PK\x03\x04",),
}
PACKED = {".gz": "gzip", ".gzip": "gzip", ".zst": "zstd", ".zstd": "zstd"}
"""What the end of a name promises of a file's compression."""

_DATE = "{date}"
_UNFINISHED = (".tmp", ".temp", ".part", ".partial", ".inprogress", ".crdownload", ".swp", ".crc")


class RawFileError(EngineError):
    """A raw file cannot be read as a whole: nothing that was read from it may be used."""


def read_blocks(path: Path, block_bytes: int) -> Iterator[bytes]:
    """Read `path`, decompressed, in blocks of at least `block_bytes` (the last may be shorter).

    The first bytes decide whether a file is gzip (of one or many members), zstd or plain; a name
    that says otherwise is an error. The checksums of gzip are always verified, those of zstd where
    the writer put them in. Blocks are to be trusted only once the iterator is exhausted.

    Raises:
        RawFileError: the file is missing, a folder, unreadable, cut, corrupt or of another format.
    """
    try:
        with path.open("rb") as raw:
            match _format(path, raw.peek(8)):
                case "gzip":
                    yield from _gather(_gunzip(path, raw), block_bytes)
                case "zstd":
                    yield from _gather(_unzstd(path, raw), block_bytes)
                case _:
                    yield from iter(lambda: raw.read(block_bytes), b"")
    except FileNotFoundError as refusal:
        raise _error(path, "no such file", "deliver the file, or mend the path") from refusal
    except IsADirectoryError as refusal:
        raise _error(path, "is a folder", f"name its files: {path.name}/*") from refusal
    except OSError as refusal:
        fix = "let this user read the file"
        raise _error(path, f"cannot be read: {refusal.strerror}", fix) from refusal


def find_files(pattern: str, root: Path) -> dict[date | None, list[Path]]:
    """Find the files that `pattern` names, by day.

    `{date}` stands for a UTC day written YYYY-MM-DD; `*`, `?`, `[...]` and `**/` mean what they
    mean in a shell. A relative pattern starts at `root`. Folders are passed over, and so are files
    still being written or hidden: names that start with `.` or `_`, or end with `.tmp`, `.part`
    and the like, unless the pattern spells the name out.

    Returns:
        Days in order, each with its files sorted by path; `{None: files}` for a pattern
        without `{date}`, even where there is none.

    Raises:
        RawFileError: a file's name holds a day that is not in the calendar.
    """
    if Path(pattern).is_absolute():
        root = Path(Path(pattern).anchor)
        pattern = str(Path(pattern).relative_to(root))
    found = sorted(
        path
        for path in root.glob(pattern.replace(_DATE, "????-??-??"))
        if path.is_file() and _is_finished(path.relative_to(root), Path(pattern))
    )
    if _DATE not in pattern:
        return {None: found}
    days: dict[date | None, list[Path]] = {}
    dated = re.compile(_regex(pattern))
    for path in found:
        if match := dated.fullmatch(path.relative_to(root).as_posix()):
            days.setdefault(_day(path, match["date"]), []).append(path)
    return dict(sorted(days.items(), key=lambda item: str(item[0])))


def _error(path: Path, message: str, fix: str) -> RawFileError:
    return RawFileError(f"{path}: {message}\n  fix: {fix}")


def _format(path: Path, start: bytes) -> str:
    found = next((name for name, magic in _FORMATS.items() if start.startswith(magic)), "plain")
    promised = PACKED.get(path.suffix.lower(), found)
    if promised != found:
        state = "is empty" if not start else f"is {found}"
        fix = f"deliver it again; if it is right as it is, rename it without {path.suffix!r}"
        raise _error(path, f"the name promises {promised} and the file {state}", fix)
    if found not in {"gzip", "zstd", "plain"}:
        raise _error(path, f"is compressed with {found}", "use gzip, zstd or no compression")
    return found


def _gather(pieces: Iterable[bytes], block_bytes: int) -> Iterator[bytes]:
    held: list[bytes] = []
    size = 0
    for piece in pieces:
        held.append(piece)
        size += len(piece)
        if size >= block_bytes:
            yield b"".join(held)
            held, size = [], 0
    if size:
        yield b"".join(held)


def _gunzip(path: Path, raw: BufferedReader) -> Iterator[bytes]:
    member = zlib.decompressobj(wbits=31)
    try:
        while data := raw.read(_GZIP_INPUT):
            while data:
                if member.eof:
                    # Members may be padded with zeros, as on tapes.
                    data = data.lstrip(b"\0")
                    if not data:
                        break
                    member = zlib.decompressobj(wbits=31)
                yield member.decompress(data, _GZIP_OUTPUT)
                data = member.unused_data if member.eof else member.unconsumed_tail
        while not member.eof and (rest := member.decompress(b"", _GZIP_OUTPUT)):
            yield rest
    except zlib.error as refusal:
        raise _error(path, f"corrupt gzip: {refusal}", "deliver the file again") from refusal
    if not member.eof:
        raise _error(path, "cut gzip: the file ends before its checksum", "deliver it again")


def _unzstd(path: Path, raw: BufferedReader) -> Iterator[bytes]:
    decompressor = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW)
    frame = decompressor.decompressobj()
    try:
        while data := raw.read(_ZSTD_INPUT):
            while data:
                if frame.eof:
                    frame = decompressor.decompressobj()
                yield frame.decompress(data)
                data = frame.unused_data if frame.eof else b""
    except zstandard.ZstdError as refusal:
        raise _error(path, f"corrupt zstd: {refusal}", "deliver the file again") from refusal
    if not frame.eof:
        raise _error(path, "cut zstd: the file ends inside a frame", "deliver it again")


def _is_finished(path: Path, pattern: Path) -> bool:
    if any(part.startswith(".") and part not in pattern.parts for part in path.parts):
        return False
    if path.name == pattern.name:
        return True
    return not path.name.startswith("_") and not path.name.lower().endswith((*_UNFINISHED, "~"))


def _regex(pattern: str) -> str:
    days = 0

    def translate(token: re.Match[str]) -> str:
        nonlocal days
        match token.group():
            case "{date}":
                days += 1
                return r"(?P<date>\d{4}-\d{2}-\d{2})" if days == 1 else "(?P=date)"
            case "**/":
                return "(?:[^/]+/)*"
            case "*":
                return "[^/]*?"
            case "?":
                return "[^/]"
            case text if text.startswith("[") and len(text) > 1:
                return "[" + text[1:].replace("\\", "\\\\").replace("!", "^", 1)
            case text:
                return re.escape(text)

    return re.sub(r"\{date\}|\*\*/|\*|\?|\[!?[^]]+\]|[^*?\[{]+|.", translate, pattern)


def _day(path: Path, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as refusal:
        fix = "give the file the day it holds, or move it away"
        raise _error(path, f"{text} is not a day of the calendar", fix) from refusal
