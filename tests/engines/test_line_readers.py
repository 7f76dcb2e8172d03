"""Files that other processes read give what they give when they are read here."""

import gzip
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import zstandard

from fig_assets.engines.raw.line_readers import LineReaders, readers_for
from fig_assets.engines.raw.lines import BadLine, Lines, RawFileError
from fig_assets.errors import EngineError

LINES = b'{"a": 1}\n\nno object\n{"a": "\xc3\xa9", "a": 2}\n{"b": [1, {"c": null}]}\n{"cut": '


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Files of every compression, with good, bad and blank lines, one empty, one odd in name."""
    folder = tmp_path_factory.mktemp("raw")
    content = {
        "a.jsonl": LINES,
        "b.jsonl.gz": gzip.compress(LINES * 3),
        "c.jsonl.zst": zstandard.compress(LINES * 2),
        'd "odd"\n\u00fc.jsonl': b'{"d": 1}\n',
        "e.jsonl": b"",
    }
    for name, data in content.items():
        (folder / name).write_bytes(data)
    return [folder / name for name in content]


@pytest.fixture(scope="module")
def apart() -> Iterator[LineReaders]:
    with LineReaders(2) as readers:
        yield readers


def told(read: list[Lines]) -> list[tuple[list[object], tuple[BadLine, ...], int]]:
    return [(lines.batch.to_pylist(), lines.bad, lines.blank) for lines in read]


def test_the_lines_come_in_the_order_of_the_files_and_are_the_same(
    files: list[Path], apart: LineReaders
) -> None:
    here = [told(read) for read in LineReaders().read(files)]
    there = [told(read) for read in apart.read(files)]

    assert there == here
    assert [bad.reason for bad in there[0][0][1]] == ["invalid JSON", "ambiguous"]


def test_a_file_read_many_times_at_once_is_always_the_same(
    files: list[Path], apart: LineReaders
) -> None:
    (expected,) = (told(read) for read in LineReaders().read(files[2:3]))
    assert all(told(read) == expected for read in apart.read(files[2:3] * 20))


def test_a_refused_file_is_told_and_others_are_read_by_the_same_processes(
    files: list[Path], apart: LineReaders, tmp_path: Path
) -> None:
    cut = tmp_path / "cut.jsonl.zst"
    cut.write_bytes(files[2].read_bytes()[:-5])
    for _ in range(3):
        with pytest.raises(RawFileError, match=r"cut\.jsonl\.zst: cut zstd.*\n  fix: deliver"):
            list(apart.read([files[0], cut, files[1]]))
    assert len(list(apart.read(files))) == len(files)


def test_a_process_that_is_killed_is_told_and_replaced(files: list[Path], tmp_path: Path) -> None:
    with LineReaders(1) as readers:
        next(readers.read(files[:1]))
        process = readers._idle.get()
        assert process is not None
        os.kill(process._process.pid, signal.SIGKILL)
        readers._idle.put(process)
        with pytest.raises(EngineError, match=r"a\.jsonl: the process that read it ended"):
            list(readers.read(files[:1]))
        assert len(list(readers.read(files))) == len(files)


@pytest.mark.parametrize(
    ("count", "cores", "processes"),
    [(1, 4, 0), (2, 1, 0), (2, 4, 2), (5, 4, 4), (0, 4, 0)],
)
def test_processes_are_started_for_several_large_files_and_cores(
    tmp_path: Path, count: int, cores: int, processes: int
) -> None:
    paths = [tmp_path / f"{number}.jsonl.gz" for number in range(count)]
    for path in paths:
        path.write_bytes(b"x" * 100)
    assert readers_for(paths, cores, worth=1_600)._most == processes
    assert readers_for(paths, cores, worth=100_000)._most == 0
