import os
import time
from pathlib import Path

import pytest

from fig_assets.engines.lake.file_cache import DRAFT, KEEP_S, FileCache

NAME = "families/logins/day=2024-03-14/data.parquet"
TEN = b"0123456789"


def kept(cache: FileCache, version: str, content: bytes = TEN) -> Path:
    place = cache.place(NAME, version)
    cache.keep(place, lambda draft: draft.write_bytes(content))
    return place


def age(place: Path, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(place, (then, then))


def test_versions_of_a_file_stand_beside_each_other_in_its_folder(tmp_path: Path) -> None:
    cache = FileCache(tmp_path)
    first, second = kept(cache, '"a/b"', b"1"), kept(cache, '"c"', b"2")
    assert (first.read_bytes(), second.read_bytes()) == (b"1", b"2")
    assert {first.parent, second.parent} == {tmp_path / "families/logins/day=2024-03-14"}
    assert FileCache(tmp_path).has(first)
    assert not cache.has(cache.place(NAME, '"d"'))


def test_the_longest_unused_copies_are_removed_where_there_are_too_many(tmp_path: Path) -> None:
    cache = FileCache(tmp_path, most_bytes=25)
    old, used, new = (kept(cache, version) for version in "abc")
    for place in (old, used):
        age(place, KEEP_S + 60)
    assert cache.has(used)
    kept(cache, "d")
    assert [place.exists() for place in (old, used, new)] == [False, True, True]


def test_what_was_used_lately_stays_though_there_is_too_much(tmp_path: Path) -> None:
    cache = FileCache(tmp_path, most_bytes=5)
    assert all(place.exists() for place in [kept(cache, version) for version in "abc"])


def test_what_killed_processes_left_is_removed_and_what_is_at_work_is_not(tmp_path: Path) -> None:
    left, fresh = tmp_path / f"{DRAFT}left", tmp_path / f"{DRAFT}fresh"
    spilled = tmp_path / ".tmp" / "0" / "data.parquet"
    spilled.parent.mkdir(parents=True)
    for place in (left, fresh, spilled):
        place.write_bytes(TEN)
    for place in (left, spilled):
        age(place, KEEP_S + 60)
    kept(FileCache(tmp_path, most_bytes=1_000), "a")
    assert [place.exists() for place in (left, fresh, spilled)] == [False, True, True]


def test_a_copy_that_cannot_be_completed_has_no_name(tmp_path: Path) -> None:
    cache = FileCache(tmp_path)

    def cut(draft: Path) -> None:
        draft.write_bytes(b"half")
        raise FileNotFoundError

    place = cache.place(NAME, "a")
    with pytest.raises(FileNotFoundError):
        cache.keep(place, cut)
    assert list(place.parent.iterdir()) == []
