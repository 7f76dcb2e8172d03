"""Raw files -> their lines, several files at once on as many cores, in the order of the files."""

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from io import BufferedIOBase
from pathlib import Path
from queue import SimpleQueue
from typing import Self

import orjson
import pyarrow as pa

from fig_assets.engines.raw import line_process
from fig_assets.engines.raw.files import PACKED
from fig_assets.engines.raw.lines import Lines, read_lines
from fig_assets.errors import EngineError

WORTH_BYTES = 256 << 20
"""With fewer bytes to read, starting processes takes as long as they save."""
UNPACKED = 8
"""About how many times larger a compressed file is when it is unpacked."""
PIPE_BYTES = 1 << 20
PACKAGES = Path(__file__).resolve().parents[2]


class LineReaders:
    """Reads files in this process, or in so many others that it starts when they are needed.

    The lines are the same either way. Several threads may read at once.
    """

    def __init__(self, processes: int = 0) -> None:
        self._most = processes
        self._idle: SimpleQueue[_Process | None] = SimpleQueue()
        for _ in range(processes):
            self._idle.put(None)

    def read(self, paths: Sequence[Path]) -> Iterator[list[Lines]]:
        """Read files; give the lines of each, in the order of `paths`.

        Raises:
            RawFileError: see `read_lines`.
            EngineError: a process that read a file died.
        """
        if not self._most:
            yield from (list(read_lines(path)) for path in paths)
            return
        with ThreadPoolExecutor(self._most) as pool:
            yield from pool.map(self._read_apart, paths)

    def close(self) -> None:
        """End the processes, none of which may be reading."""
        for _ in range(self._most):
            process = self._idle.get()
            if process is not None:
                process.end()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *failure: object) -> None:
        """Close."""
        self.close()

    def _read_apart(self, path: Path) -> list[Lines]:
        process = self._idle.get()
        try:
            process = process or _Process()
            return process.read(path)
        except (OSError, pa.ArrowException) as refusal:
            status = process.end() if process is not None else None
            process = None
            raise EngineError(
                f"{path}: the process that read it ended (status {status}): {refusal}\n"
                '  fix: run it again; if memory ran out, write "threads": 1 in "warehouse" of the '
                "environment"
            ) from refusal
        finally:
            self._idle.put(process)


class _Process:
    """One process that reads one file at a time."""

    def __init__(self) -> None:
        search = os.pathsep.join([str(PACKAGES), *filter(None, [os.environ.get("PYTHONPATH")])])
        # Of a session of its own: an interrupt is for who asked, whose end closes our input.
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", line_process.__name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": search},
            start_new_session=True,
        )
        asked, answers = self._process.stdin, self._process.stdout
        if not (isinstance(asked, BufferedIOBase) and isinstance(answers, BufferedIOBase)):
            raise OSError(f"{sys.executable} was started without pipes")
        self._asked: BufferedIOBase = asked
        self._answers: BufferedIOBase = answers
        with suppress(OSError):
            fcntl.fcntl(self._answers, fcntl.F_SETPIPE_SZ, PIPE_BYTES)

    def read(self, path: Path) -> list[Lines]:
        self._asked.write(orjson.dumps(str(path)) + b"\n")
        self._asked.flush()
        return line_process.lines_from(self._answers)

    def end(self) -> int:
        with suppress(OSError):
            self._asked.close()
        self._answers.close()
        return self._process.wait()


def readers_for(paths: Sequence[Path], cores: int, worth: int = WORTH_BYTES) -> LineReaders:
    """Return readers for files that are read soon: several processes from `worth` bytes on."""
    most = min(cores, len(paths))
    return LineReaders(most if most > 1 and unpacked_bytes(paths) >= worth else 0)


def unpacked_bytes(paths: Sequence[Path]) -> int:
    """Return about how many bytes files hold; none where there is no file."""
    return sum(
        path.stat().st_size * (UNPACKED if path.suffix.lower() in PACKED else 1)
        for path in paths
        if path.is_file()
    )
