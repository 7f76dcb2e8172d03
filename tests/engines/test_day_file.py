import os
import random
from dataclasses import replace
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fig_assets.engines.base import InputDigests, Partition, StoredColumn
from fig_assets.engines.lake import day_file
from fig_assets.errors import EngineError

ROWS = pa.table({"user": [f"user {n}" for n in range(300)], "total": list(range(300))})
INPUTS = (InputDigests("events/login", ("user__v1",), "2024-03-14", ("0a", "")),)
RECORD = Partition(
    300,
    3,
    ("user",),
    "key",
    {"user": StoredColumn("f", "d", 3, INPUTS), "total": StoredColumn("g", "e", 2)},
    {"lines": "300"},
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "data.parquet"
    day_file.write(path, ROWS, RECORD)
    return path


def test_rows_and_record_come_back(path: Path) -> None:
    assert day_file.read_record(path) == RECORD
    assert day_file.read_columns(path, ["total"]).equals(ROWS.select(["total"]))


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param(pa.table({"user": [day_file.RECORD_MARK.decode() + "\x02{}"]}), id="a mark"),
        pytest.param(pa.table({f"column_{n}": [n] for n in range(900)}), id="a long footer"),
        pytest.param(pa.table({"user": pa.array([], pa.string())}), id="no rows"),
    ],
)
def test_a_record_is_found_whatever_else_the_footer_holds(path: Path, rows: pa.Table) -> None:
    for lines in ("1", "2" * 200, "3" * 40_000):
        record = replace(RECORD, notes={"lines": lines})
        day_file.write(path, rows, record)
        assert day_file.read_record(path) == record


def test_any_reader_of_parquet_can_read_it(path: Path) -> None:
    assert pq.read_table(path).equals(ROWS)
    with duckdb.connect() as connection:
        found = connection.sql(
            "select count(*), sum(total) from read_parquet($path)", params={"path": str(path)}
        )
        assert found.fetchall() == [(300, 44_850)]


def test_the_same_rows_are_the_same_bytes(path: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.parquet"
    day_file.write(again, ROWS, RECORD)
    assert again.read_bytes() == path.read_bytes()


def test_no_flipped_bit_is_taken_for_rows(path: Path) -> None:
    sound = path.read_bytes()
    dice = random.Random(7)
    for _ in range(150):
        damaged = bytearray(sound)
        damaged[dice.randrange(len(sound))] ^= 1 << dice.randrange(8)
        path.write_bytes(damaged)
        with pytest.raises(EngineError, match="damaged"):
            day_file.verify(path)


@pytest.mark.parametrize("size", [0, 3, 7, 8, 40, 500, -1])
def test_a_cut_file_is_damaged(path: Path, size: int) -> None:
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(EngineError, match="damaged"):
        day_file.verify(path)
    with pytest.raises(EngineError, match="damaged"):
        day_file.read_record(path)


def test_a_damaged_file_is_named_with_what_to_do(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(EngineError) as refusal:
        day_file.verify(path)
    assert str(refusal.value) == (
        f"{path}: damaged or not a file of this lake: its content is not what was written\n"
        "  fix: delete the file and build its day again"
    )


def test_parquet_of_somebody_else_is_refused(path: Path) -> None:
    pq.write_table(ROWS, path)
    with pytest.raises(EngineError, match="not a file of this lake"):
        day_file.read_record(path)
    with pytest.raises(EngineError, match="not a file of this lake"):
        day_file.verify(path)


def test_a_file_of_another_version_is_refused(path: Path) -> None:
    stamped = ROWS.replace_schema_metadata({day_file.RECORD: b'{"format": 99}'})
    pq.write_table(stamped, path)
    with pytest.raises(EngineError, match="written by another version"):
        day_file.read_record(path)


def test_a_write_that_fails_leaves_no_trace(path: Path) -> None:
    before = path.read_bytes()
    folder = path.parent / "taken"
    (folder / "inside").mkdir(parents=True)
    with pytest.raises(OSError, match="taken"):
        day_file.write(folder, ROWS, RECORD)
    assert path.read_bytes() == before
    assert sorted(entry.name for entry in path.parent.iterdir()) == ["data.parquet", "taken"]


def test_only_old_leftovers_are_swept(path: Path) -> None:
    old, young = path.parent / ".tmp-old", path.parent / ".tmp-young"
    old.touch()
    young.touch()
    os.utime(old, (0, 0))
    day_file.write(path, ROWS, RECORD)
    assert not old.exists()
    assert young.exists()


@pytest.mark.parametrize(
    "rows", [0, 1, 5, day_file.GROUP_ROWS - 1, day_file.GROUP_ROWS, day_file.GROUP_ROWS + 1]
)
def test_a_file_is_the_same_however_its_rows_came_in_pieces(tmp_path: Path, rows: int) -> None:
    whole = pa.table({"user": [f"user {n % 777}" for n in range(rows)], "n": list(range(rows))})
    record = Partition(rows, 1, ("user",), "digest", {})
    cuts = [whole.slice(start, 40_000) for start in range(0, rows, 40_000)] or [whole]

    day_file.write(tmp_path / "whole.parquet", whole, record)
    day_file.write(
        tmp_path / "pieces.parquet", pa.concat_tables([*cuts, whole.slice(0, 0)]), record
    )

    content = (tmp_path / "whole.parquet").read_bytes()
    assert (tmp_path / "pieces.parquet").read_bytes() == content
    assert day_file.read_columns(tmp_path / "pieces.parquet", ["user", "n"]).equals(whole)
