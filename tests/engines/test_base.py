from collections.abc import Iterator
from copy import deepcopy
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from sqlglot import exp

from fig_assets.engines.base import (
    Engine,
    InputDigests,
    Read,
    Scan,
    Target,
    combine,
    days_between,
    relation,
    scan_of,
)
from fig_assets.engines.duckdb import open_duckdb
from fig_assets.engines.snapshot import Snapshot, input_digests, stale_reason
from tests.engines.lakes import DAY, LOGINS, NEXT, table, target


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with open_duckdb("lake", tmp_path) as engine:
        yield engine


def made_of(*columns: str, fingerprint: str = "1", whole: bool = True) -> Target:
    reads = (Read(LOGINS, columns, DAY, NEXT + timedelta(days=1)),)
    what = target("rate", fingerprint=fingerprint, reads=reads, whole=whole)
    return Target("families/made", ("user",), what.columns, whole)


def build(engine: Engine) -> None:
    engine.replace_days(target("total", "is_new"), table(["ann"], total=[1], is_new=[True]), [DAY])
    engine.replace_days(made_of("total"), table(["ann"], rate=[0.5]), [DAY])


def test_the_days_of_a_read_end_before_its_end() -> None:
    assert Read(LOGINS, (), DAY, DAY + timedelta(days=2)).days == (DAY, NEXT)
    assert Read(LOGINS, ()).days == ()


def test_an_empty_interval_has_no_days() -> None:
    assert list(days_between(DAY, DAY)) == []


def test_a_target_knows_its_columns_in_stored_order() -> None:
    what = target("total")
    assert what.names == ("user", "total")
    assert what.schema == pa.schema([("user", pa.string()), ("total", pa.int64())])


def test_a_relation_in_a_tree_survives_copies() -> None:
    tree = exp.select("*").from_(relation(LOGINS, {"user": pa.string()}, DAY, NEXT))
    (table_,) = deepcopy(tree).find_all(exp.Table)
    assert scan_of(table_) == Scan(LOGINS, {"user": pa.string()}, DAY, NEXT)
    assert scan_of(exp.to_table("lines")) is None


def test_one_short_digest_stays_as_it_is() -> None:
    assert combine(["0a1b2c3d"]) == "0a1b2c3d"
    assert combine(["0a", "1b"]) != combine(["1b", "0a"])


def test_what_was_not_touched_is_fresh(engine: Engine) -> None:
    build(engine)
    assert stale_reason(engine, made_of("total"), DAY) == ""


def test_another_definition_is_stale(engine: Engine) -> None:
    build(engine)
    assert stale_reason(engine, made_of("total", fingerprint="2"), DAY) == "definition changed"


def test_a_column_or_a_day_that_was_never_built_is_missing(engine: Engine) -> None:
    build(engine)
    assert stale_reason(engine, made_of("total"), NEXT) == "missing"
    wider = Target("families/made", ("user",), target("rate", "seen").columns)
    assert stale_reason(engine, wider, DAY) != ""


@pytest.mark.parametrize(
    ("rows", "days", "reason"),
    [
        pytest.param(table(["ann"], total=[2], is_new=[True]), [DAY], "input changed", id="value"),
        pytest.param(table(["bob"], total=[1], is_new=[True]), [DAY], "input changed", id="keys"),
        pytest.param(table(["ann"], total=[1], is_new=[None]), [DAY], "", id="other column"),
        pytest.param(table([], NEXT, total=[], is_new=[]), [NEXT], "input changed", id="new day"),
    ],
)
def test_only_the_columns_days_and_keys_that_were_read_count(
    engine: Engine, rows: pa.Table, days: list[date], reason: str
) -> None:
    build(engine)
    engine.replace_days(target("total", "is_new"), rows, days)
    assert stale_reason(engine, made_of("total"), DAY) == reason


def test_the_same_rows_written_again_make_nothing_stale(engine: Engine) -> None:
    build(engine)
    what = target("total", "is_new", fingerprint="2")
    engine.replace_days(what, table(["ann"], total=[1], is_new=[True]), [DAY])
    assert stale_reason(engine, made_of("total"), DAY) == ""


def test_a_day_or_column_that_was_never_built_has_an_empty_digest(engine: Engine) -> None:
    build(engine)
    after = NEXT + timedelta(days=1)
    assert input_digests(engine, Read(LOGINS, ("total",), DAY, after)).digests[1] == ""
    assert input_digests(engine, Read(LOGINS, ("seen",), DAY, NEXT)).digests == ("",)
    assert input_digests(engine, Read("nothing", ())) == InputDigests("nothing", (), "", ("",))


def test_a_snapshot_stays_as_it_was(engine: Engine) -> None:
    build(engine)
    read = Read(LOGINS, ("total",), DAY, NEXT)
    now = Snapshot(engine)
    before = now.input_digests(read)
    engine.replace_days(target("total"), table(["ann"], total=[5]), [DAY])
    assert now.input_digests(read) == before
    assert input_digests(engine, read) != before
