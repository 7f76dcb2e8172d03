from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from fig_assets.engines import open_engine
from fig_assets.engines.base import Engine
from fig_assets.engines.limits import Limits
from tests.engines.s3 import Server
from tests.engines.test_scratch import FIRST, SECOND, TARGET, write

RELATION = TARGET.relation


@pytest.fixture
def engine(s3_server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    s3_server.login(monkeypatch)
    limits = Limits(temp_directory="temp")
    with open_engine("duckdb", s3_server.lake(), tmp_path, limits) as engine:
        write(engine, FIRST, 1)
        yield engine


def digest(engine: Engine, day: date) -> str:
    stored = engine.partition(RELATION, day)
    return stored.columns["a"].digest if stored else ""


def test_a_copy_of_a_lake_in_a_bucket_keeps_what_is_written_to_itself(
    engine: Engine, tmp_path: Path
) -> None:
    before = digest(engine, FIRST)
    with engine.scratch(["families"]) as copy:
        assert copy.days(RELATION) == (FIRST,)
        assert digest(copy, FIRST) == before
        write(copy, FIRST, 2)
        write(copy, SECOND, 3)
        assert copy.days(RELATION) == (FIRST, SECOND)
        assert digest(copy, FIRST) not in ("", before)
        assert copy.size(RELATION, SECOND) > 0
        copy.drop_day(RELATION, FIRST)
        assert copy.days(RELATION) == (SECOND,)
        assert digest(engine, FIRST) == before
        assert engine.days(RELATION) == (FIRST,)
    assert not list(tmp_path.rglob("data.parquet"))


def test_only_the_relations_that_are_named_are_there(engine: Engine) -> None:
    with engine.scratch(["events", "fam"]) as copy:
        assert copy.days(RELATION) == ()
        assert copy.partition(RELATION, FIRST) is None
