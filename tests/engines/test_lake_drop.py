"""Columns and days taken out of a lake: what stays, stays to the digest."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest
from sqlglot import exp

from fig_assets.engines import open_engine
from fig_assets.engines.base import DAY, Column, Engine, Target, relation
from fig_assets.errors import EngineError

FIRST, SECOND = date(2024, 1, 1), date(2024, 1, 2)
MADE = "families/made"
TYPES = {"key": pa.int64(), "a__v1": pa.int64(), "b__v1": pa.list_(pa.float64())}
TARGET = Target(MADE, ("key",), tuple(Column(name, kind, name) for name, kind in TYPES.items()))


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with open_engine("duckdb", "lake", tmp_path) as engine:
        for day in (FIRST, SECOND):
            columns = [
                pa.array([day] * 3, pa.date32()),
                pa.array([1, 2, 3]),
                pa.array([7, None, 9]),
            ]
            columns.append(pa.array([[1.0, 2.0], None, []], TYPES["b__v1"]))
            engine.replace_days(TARGET, pa.table(columns, [DAY, *TYPES]), [day])
        yield engine


def test_a_column_goes_and_the_others_keep_their_records(engine: Engine) -> None:
    before = engine.partition(MADE, FIRST)

    engine.drop_columns(MADE, FIRST, ["a__v1", "no_such__v1"])

    after, other = engine.partition(MADE, FIRST), engine.partition(MADE, SECOND)
    assert before is not None
    assert after is not None
    assert other is not None
    assert dict(after.columns) == {n: c for n, c in before.columns.items() if n != "a__v1"}
    assert (after.rows, after.key_digest, after.notes) == (3, before.key_digest, before.notes)
    assert set(other.columns) == set(TYPES)
    shape = {DAY: pa.date32(), "key": TYPES["key"], "b__v1": TYPES["b__v1"]}
    table = relation(MADE, shape, FIRST, SECOND)
    rows = engine.query(exp.select("key", "b__v1").from_(table).order_by("key")).to_pylist()
    assert [row["b__v1"] for row in rows] == [[1.0, 2.0], None, []]


def test_twice_is_once_and_what_is_not_there_is_no_matter(engine: Engine, tmp_path: Path) -> None:
    engine.drop_columns(MADE, FIRST, ["a__v1"])
    once = (tmp_path / "lake" / MADE / f"day={FIRST}" / "data.parquet").read_bytes()

    engine.drop_columns(MADE, FIRST, ["a__v1"])
    engine.drop_columns(MADE, date(2025, 1, 1), ["a__v1"])
    engine.drop_day(MADE, date(2025, 1, 1))

    assert (tmp_path / "lake" / MADE / f"day={FIRST}" / "data.parquet").read_bytes() == once


def test_keys_are_never_dropped(engine: Engine) -> None:
    engine.drop_columns(MADE, FIRST, ["key"])

    stored = engine.partition(MADE, FIRST)
    assert stored is not None
    assert "key" in stored.columns


def test_a_dropped_column_is_written_again_like_a_new_one(engine: Engine) -> None:
    engine.drop_columns(MADE, FIRST, ["a__v1"])
    columns = [pa.array([FIRST] * 3, pa.date32()), pa.array([1, 2, 3]), pa.array([7, None, 9])]
    scoped = Target(MADE, ("key",), TARGET.columns[:2], whole=False)

    engine.replace_days(scoped, pa.table(columns, [DAY, "key", "a__v1"]), [FIRST])

    now, other = engine.partition(MADE, FIRST), engine.partition(MADE, SECOND)
    assert now is not None
    assert other is not None
    digests = {name: it.digest for name, it in now.columns.items()}
    assert digests == {name: it.digest for name, it in other.columns.items()}


def test_a_day_goes_as_a_whole(engine: Engine) -> None:
    engine.drop_day(MADE, FIRST)

    assert engine.days(MADE) == (SECOND,)
    assert engine.partition(MADE, FIRST) is None


def test_sizes_add_up_to_less_than_the_file(engine: Engine, tmp_path: Path) -> None:
    sizes = engine.column_sizes(MADE, FIRST)

    assert set(sizes) == set(TYPES)
    assert all(size > 0 for size in sizes.values())
    file = tmp_path / "lake" / MADE / f"day={FIRST}" / "data.parquet"
    assert sum(sizes.values()) < file.stat().st_size


def test_a_damaged_day_is_refused_and_kept(engine: Engine, tmp_path: Path) -> None:
    file = tmp_path / "lake" / MADE / f"day={FIRST}" / "data.parquet"
    file.write_bytes(b"PAR1 no file")

    with pytest.raises(EngineError, match="day=2024-01-01"):
        engine.column_sizes(MADE, FIRST)
    with pytest.raises(EngineError, match="day=2024-01-01"):
        engine.drop_columns(MADE, FIRST, ["a__v1"])
    assert file.read_bytes() == b"PAR1 no file"
