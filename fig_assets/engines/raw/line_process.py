"""A process that reads raw files for another: paths on standard input, lines on standard output.

Checking JSON strictly is Python's work, which one process does on one core only.
"""

import os
import sys
from io import BufferedIOBase
from pathlib import Path

import orjson
import pyarrow as pa

from fig_assets.engines.raw.lines import (
    SCHEMA,
    BadLine,
    Lines,
    RawFileError,
    lines_batch,
    read_lines,
)

BAD, BLANK, REFUSED = b"bad", b"blank", b"refused"
NOTHING = lines_batch([], [])


def write_lines(path: Path, sink: BufferedIOBase) -> None:
    """Write what `read_lines` gives for a file as one Arrow stream; a refusal is its last batch."""
    with pa.ipc.new_stream(sink, SCHEMA) as writer:
        try:
            for lines in read_lines(path):
                bad = orjson.dumps([[b.line, b.reason, b.detail, b.text] for b in lines.bad])
                about = {BAD: bad, BLANK: str(lines.blank).encode()}
                writer.write_batch(lines.batch, custom_metadata=about)
        except RawFileError as refusal:
            writer.write_batch(NOTHING, custom_metadata={REFUSED: str(refusal).encode()})
    sink.flush()


def lines_from(source: BufferedIOBase) -> list[Lines]:
    """Read what `write_lines` wrote, and nothing behind it.

    Raises:
        RawFileError: the file was refused.
        OSError, pa.ArrowException: the stream ends too early.
    """
    found: list[Lines] = []
    refused = b""
    with pa.ipc.open_stream(source) as reader:
        while True:
            try:
                batch, metadata = reader.read_next_batch_with_custom_metadata()
            except StopIteration:
                break
            about = dict(metadata)
            refused = about.get(REFUSED, b"")
            if not refused:
                bad = tuple(BadLine(*line) for line in orjson.loads(about[BAD]))
                found.append(Lines(batch, bad, int(about[BLANK])))
    if refused:
        raise RawFileError(refused.decode())
    return found


def main() -> int:
    """Answer each path, a JSON text in a line, until there are no more."""
    with os.fdopen(sys.stdout.fileno(), "wb", closefd=False) as sink:
        for line in sys.stdin.buffer:
            write_lines(Path(orjson.loads(line)), sink)
    return 0


if __name__ == "__main__":
    sys.exit(main())
