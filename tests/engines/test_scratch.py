from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest

from fig_assets.engines import open_engine
from fig_assets.engines.base import DAY, Column, Engine, Target
from fig_assets.errors import EngineError

FIRST, SECOND = date(2024, 1, 1), date(2024, 1, 2)
TARGET = Target("families/made", ("key",), (Column("key", pa.int64()), Column("a", pa.int64())))


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with open_engine("duckdb", "lake", tmp_path) as engine:
        write(engine, FIRST, 1)
        yield engine


def write(engine: Engine, day: date, value: int) -> None:
    columns = [pa.array([day], pa.date32()), pa.array([7]), pa.array([value])]
    engine.replace_days(TARGET, pa.table(columns, [DAY, "key", "a"]), [day])


def files(root: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in root.rglob("*.parquet")}


def test_a_copy_reads_what_is_stored_and_keeps_what_is_written(
    engine: Engine, tmp_path: Path
) -> None:
    before = files(tmp_path)

    with engine.scratch(["families"]) as copy:
        assert copy.days("families/made") == (FIRST,)
        write(copy, FIRST, 2)
        write(copy, SECOND, 3)
        assert copy.days("families/made") == (FIRST, SECOND)
        first = copy.partition("families/made", FIRST)
        kept = engine.partition("families/made", FIRST)
        assert first is not None
        assert kept is not None
        assert first.columns["a"].digest != kept.columns["a"].digest
        assert engine.days("families/made") == (FIRST,)

    assert files(tmp_path) == before


def test_only_the_relations_that_are_named_are_there(engine: Engine) -> None:
    with engine.scratch(["events"]) as copy:
        assert copy.days("families/made") == ()


def test_nothing_is_left_where_the_work_fails(engine: Engine, tmp_path: Path) -> None:
    before = files(tmp_path)

    with pytest.raises(ZeroDivisionError), engine.scratch(["families"]):
        raise ZeroDivisionError

    assert files(tmp_path) == before


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "lake").write_text("a file", encoding="utf-8")
    with (
        open_engine("duckdb", "lake", tmp_path) as engine,
        pytest.raises(EngineError, match="no copy of the lake can be made"),
        engine.scratch(["families"]),
    ):
        pass
