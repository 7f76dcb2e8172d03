from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from fig_assets.engines.base import Engine, Read
from fig_assets.engines.duckdb import open_duckdb
from fig_assets.engines.needs import require_days
from fig_assets.errors import EngineError
from tests.engines.lakes import DAY, LOGINS, NEXT, table, target


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with open_duckdb("lake", tmp_path) as engine:
        yield engine


def build(engine: Engine) -> None:
    engine.replace_days(target("total", "is_new"), table(["ann"], total=[1], is_new=[True]), [DAY])


def test_days_that_were_never_built_are_named(engine: Engine) -> None:
    build(engine)
    read = Read(LOGINS, ("total",), DAY - timedelta(days=3), NEXT + timedelta(days=1))
    with pytest.raises(EngineError) as refusal:
        require_days(engine, read, DAY - timedelta(days=1), "families/made of 2024-03-14")
    assert str(refusal.value) == (
        "families/made of 2024-03-14 needs families/logins of the days 2024-03-13, 2024-03-15, "
        "never built; build first: fig run --from 2024-03-13 --to 2024-03-15"
    )


def test_a_day_that_lacks_a_column_was_not_built_for_it(engine: Engine) -> None:
    build(engine)
    require_days(engine, Read(LOGINS, ("total",), DAY, NEXT), DAY, "made")
    with pytest.raises(EngineError, match="of the day 2024-03-14, never built"):
        require_days(engine, Read(LOGINS, ("seen",), DAY, NEXT), DAY, "made")
