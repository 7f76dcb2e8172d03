"""Which files a pattern names, and that only whole, sound files give bytes."""

import gzip
from datetime import date
from pathlib import Path

import pytest
import zstandard

from fig_assets.engines.raw.files import RawFileError, find_files, read_blocks

TEXT = b'{"a":1}\n' * 5000


def content(path: Path, block_bytes: int = 4096) -> bytes:
    return b"".join(read_blocks(path, block_bytes))


def lay(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def names(root: Path, pattern: str) -> dict[str, list[str]]:
    return {
        str(day): [path.relative_to(root).as_posix() for path in paths]
        for day, paths in find_files(pattern, root).items()
    }


READABLE = {
    "plain": ("e.jsonl", TEXT),
    "gzip": ("e.jsonl.gz", gzip.compress(TEXT)),
    "gzip, not named so": ("e.jsonl", gzip.compress(TEXT)),
    "gzip of two members": ("e.gz", gzip.compress(TEXT[:800]) + gzip.compress(TEXT[800:])),
    "gzip padded with zeros": ("e.gz", gzip.compress(TEXT) + b"\0" * 100_000),
    "gzip with an empty member": ("e.gz", gzip.compress(b"") + gzip.compress(TEXT)),
    "zstd": ("e.jsonl.zst", zstandard.compress(TEXT)),
    "zstd, not named so": ("e.jsonl", zstandard.compress(TEXT)),
    "zstd of two frames": (
        "e.zst",
        zstandard.compress(TEXT[:800]) + zstandard.compress(TEXT[800:]),
    ),
    "zstd with a skippable frame": (
        "e.zst",
        b"\x50\x2a\x4d\x18\x03\0\0\0abc" + zstandard.compress(TEXT),
    ),
}


@pytest.mark.parametrize(("name", "stored"), READABLE.values(), ids=READABLE.keys())
@pytest.mark.parametrize("block_bytes", [1000, 1 << 20], ids=["small blocks", "one block"])
def test_the_first_bytes_decide_how_a_file_is_read(
    tmp_path: Path, name: str, stored: bytes, block_bytes: int
) -> None:
    (tmp_path / name).write_bytes(stored)

    assert content(tmp_path / name, block_bytes) == TEXT


def test_blocks_of_a_bomb_stay_small(tmp_path: Path) -> None:
    path = tmp_path / "bomb.gz"
    path.write_bytes(gzip.compress(bytes(64 << 20)))

    assert max(map(len, read_blocks(path, 1 << 20))) <= 2 << 20


REFUSED = {
    "plain text named .gz": ("e.gz", TEXT, "the name promises gzip and the file is plain"),
    "an empty file named .gz": ("e.gz", b"", "the name promises gzip and the file is empty"),
    "gzip named .zst": (
        "e.zst",
        gzip.compress(TEXT),
        "the name promises zstd and the file is gzip",
    ),
    "gzip without its last byte": (
        "e.gz",
        gzip.compress(TEXT)[:-1],
        "cut gzip: the file ends before its checksum",
    ),
    "a second member cut in its header": ("e.gz", gzip.compress(TEXT) + b"\x1f", "cut gzip"),
    "gzip followed by other bytes": ("e.gz", gzip.compress(TEXT) + b"garbage", "corrupt gzip"),
    "zstd without its last byte": (
        "e.zst",
        zstandard.compress(TEXT)[:-1],
        "cut zstd: the file ends inside a frame",
    ),
    "zstd followed by other bytes": (
        "e.zst",
        zstandard.compress(TEXT) + b"garbage!",
        "corrupt zstd",
    ),
    "xz": ("e.jsonl", b"\xfd7zXZ\x00 and so on", "is compressed with xz"),
}


@pytest.mark.parametrize(("name", "stored", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_an_unsound_file_is_refused_by_name_with_a_mend(
    tmp_path: Path, name: str, stored: bytes, message: str
) -> None:
    (tmp_path / name).write_bytes(stored)

    with pytest.raises(RawFileError) as refused:
        content(tmp_path / name)

    assert str(refused.value).startswith(f"{tmp_path / name}: {message}")
    assert "\n  fix: " in str(refused.value)


@pytest.mark.parametrize(
    ("name", "stored"),
    [("e.gz", gzip.compress(TEXT)), ("e.zst", zstandard.compress(TEXT))],
    ids=["gzip", "zstd"],
)
def test_a_compressed_file_cut_anywhere_is_refused(
    tmp_path: Path, name: str, stored: bytes
) -> None:
    for end in range(4, len(stored)):
        (tmp_path / name).write_bytes(stored[:end])
        with pytest.raises(RawFileError, match="cut"):
            content(tmp_path / name)


def test_a_wrong_gzip_sum_alone_is_refused(tmp_path: Path) -> None:
    stored = bytearray(gzip.compress(TEXT))
    stored[-6] ^= 1
    (tmp_path / "e.gz").write_bytes(stored)

    with pytest.raises(RawFileError, match=r"corrupt gzip: .*incorrect data check"):
        content(tmp_path / "e.gz")


def test_a_missing_file_and_a_folder_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(RawFileError, match=r"none\.jsonl: no such file\n  fix: deliver the file"):
        content(tmp_path / "none.jsonl")
    with pytest.raises(RawFileError, match=r"is a folder\n  fix: name its files"):
        content(tmp_path)


def test_files_are_found_by_day(tmp_path: Path) -> None:
    lay(tmp_path, "raw/2024-01-02.jsonl", "raw/2024-01-01-b.jsonl.gz", "raw/2024-01-01-a.jsonl")
    lay(tmp_path, "raw/2024-01-03.csv", "raw/notes.jsonl", "2024-01-04.jsonl")

    assert names(tmp_path, "raw/{date}*.jsonl*") == {
        "2024-01-01": ["raw/2024-01-01-a.jsonl", "raw/2024-01-01-b.jsonl.gz"],
        "2024-01-02": ["raw/2024-01-02.jsonl"],
    }


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("day={date}/*.jsonl", "day=2024-01-01/part-0.jsonl"),
        ("**/x-{date}.jsonl", "deep/er/x-2024-01-01.jsonl"),
        ("{date}/{date}.jsonl", "2024-01-01/2024-01-01.jsonl"),
        ("log[0-9].{date}", "log7.2024-01-01"),
        ("log[!0-8].{date}", None),
        ("a+b (c)/{date}?", "a+b (c)/2024-01-01z"),
    ],
)
def test_the_day_may_stand_anywhere_in_a_pattern(
    tmp_path: Path, pattern: str, expected: str | None
) -> None:
    lay(tmp_path, "day=2024-01-01/part-0.jsonl", "deep/er/x-2024-01-01.jsonl", "log7.2024-01-01")
    lay(tmp_path, "2024-01-01/2024-01-01.jsonl", "2024-01-01/2024-01-02.jsonl")
    lay(tmp_path, "a+b (c)/2024-01-01z")

    assert names(tmp_path, pattern) == ({"2024-01-01": [expected]} if expected else {})


def test_unfinished_and_hidden_files_and_folders_are_passed_over(tmp_path: Path) -> None:
    lay(tmp_path, "a.jsonl", ".a.jsonl", "_SUCCESS", "b.jsonl.tmp", "c.PART", "d~", ".git/e.jsonl")
    (tmp_path / "folder.jsonl").mkdir()

    assert names(tmp_path, "*") == {"None": ["a.jsonl"]}
    assert names(tmp_path, "**/*.jsonl") == {"None": ["a.jsonl"]}


def test_a_name_that_is_spelled_out_is_taken_as_it_is(tmp_path: Path) -> None:
    lay(tmp_path, ".raw/_people.csv")

    assert names(tmp_path, ".raw/_people.csv") == {"None": [".raw/_people.csv"]}
    assert names(tmp_path, "none.csv") == {"None": []}


def test_an_absolute_pattern_and_one_above_the_root_are_followed(tmp_path: Path) -> None:
    lay(tmp_path, "raw/2024-01-01.jsonl")
    (tmp_path / "repository").mkdir()
    expected = {date(2024, 1, 1): [tmp_path / "raw" / "2024-01-01.jsonl"]}

    assert find_files(f"{tmp_path}/raw/{{date}}.jsonl", tmp_path / "repository") == expected
    above = find_files("../raw/{date}.jsonl", tmp_path / "repository")
    assert {day: [path.resolve() for path in paths] for day, paths in above.items()} == expected


def test_a_day_that_is_not_in_the_calendar_is_told(tmp_path: Path) -> None:
    lay(tmp_path, "2024-02-30.jsonl")

    with pytest.raises(RawFileError, match="2024-02-30 is not a day of the calendar"):
        find_files("{date}.jsonl", tmp_path)
