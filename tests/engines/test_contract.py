"""What every engine promises; a gap of one is a strict xfail with its reason."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyspark import SparkContext
from pyspark.sql.connect.session import SparkSession as RemoteSession
from sqlglot import exp

from fig_assets.engines import open_engine
from fig_assets.engines.base import Engine, Read, Target, relation
from fig_assets.engines.connection import Connection
from fig_assets.engines.limits import Limits
from fig_assets.engines.snapshot import stale_reason
from fig_assets.errors import Conflict, EngineError, RowSetChanged, UnsupportedOnEngine
from tests.engines import flakes
from tests.engines.java import CLASSIC, end_classic_session, java_home
from tests.engines.lakes import DAY, LOGINS, NEXT, TYPES, table, target
from tests.engines.s3 import Server


def duckdb_on_s3(folder: Path, request: pytest.FixtureRequest) -> Engine:
    server = request.getfixturevalue("s3_server")
    server.login(request.getfixturevalue("monkeypatch"))
    limits = Limits(temp_directory=str(folder / "temp"))
    return open_engine("duckdb", server.lake(), folder, limits)


def snowflake(_: Path, request: pytest.FixtureRequest) -> Engine:
    name = request.node.originalname
    if name in FAKESNOW_GAPS:
        pytest.skip(f"fakesnow: {FAKESNOW_GAPS[name]}")
    port = request.getfixturevalue("fakesnow_port")
    return open_engine("snowflake", "", Path(), connection=flakes.connection(port))


FAKESNOW_GAPS = {
    "test_hostile_names_are_names": "it reads a quoted name that begins with $ as a variable",
}
"""What the stand-in for Snowflake cannot do, by test; the live suite has no such list."""


def spark(folder: Path, request: pytest.FixtureRequest) -> Engine:
    request.getfixturevalue("java")
    local = {"master": "local[2]", **CLASSIC}
    return open_engine("spark", "lake", folder, connection=Connection(local, environment="test"))


def spark_connect(folder: Path, request: pytest.FixtureRequest) -> Engine:
    remote = {"remote": request.getfixturevalue("spark_address")}
    return open_engine("spark", "lake", folder, connection=Connection(remote, environment="test"))


ENGINES: dict[str, Callable[[Path, pytest.FixtureRequest], Engine]] = {
    "duckdb": lambda folder, _: open_engine("duckdb", "lake", folder),
    "duckdb on s3": duckdb_on_s3,
    "snowflake (fakesnow)": snowflake,
    "spark": spark,
    "spark-connect": spark_connect,
}
"""A new engine is one line here."""


@pytest.fixture(scope="module")
def java(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let Spark find a Java, and end the one that it starts beside this process."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("JAVA_HOME", str(java_home(tmp_path_factory.mktemp("java"))))
        yield
    end_classic_session()


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    with ENGINES[request.param](tmp_path, request) as engine:
        yield engine


def logins(start: date | None = None, end: date | None = None) -> exp.Select:
    return (
        exp.select("day", "user", "total", "rate")
        .from_(
            relation(LOGINS, {n: TYPES[n] for n in ("day", "user", "total", "rate")}, start, end)
        )
        .order_by("day", "user")
    )


def counted(day: date = DAY, **totals: int) -> pa.Table:
    return table(list(totals), day, total=list(totals.values()))


def read(engine: Engine, day: date = DAY) -> dict[str, int]:
    rows = engine.query(logins(day, day + timedelta(days=1))).to_pylist()
    return {row["user"]: row["total"] for row in rows}


def digests(engine: Engine, day: date = DAY) -> dict[str, str]:
    stored = engine.partition(LOGINS, day)
    return {name: column.digest for name, column in stored.columns.items()} if stored else {}


def stored_days(engine: Engine, relation_name: str = LOGINS) -> tuple[date, ...]:
    return engine.days(relation_name)


def test_what_was_written_is_read(engine: Engine) -> None:
    (written,) = engine.replace_days(target("total"), counted(ann=1, bob=2), [DAY])
    assert (written.day, written.rows, written.changed) == (DAY, 2, True)
    assert read(engine) == {"ann": 1, "bob": 2}
    assert written.digests == digests(engine)


def test_a_statement_is_written_as_its_rows_are(engine: Engine) -> None:
    engine.replace_days(target("total"), counted(ann=1, bob=2), [DAY])
    before = digests(engine)
    (written,) = engine.replace_days(target("total"), logins(DAY, NEXT), [DAY])
    assert not written.changed
    assert digests(engine) == before


def test_writing_twice_changes_nothing(engine: Engine) -> None:
    for changed in (True, False, False):
        (written,) = engine.replace_days(target("total"), counted(ann=1), [DAY])
        assert written.changed is changed
    stored = engine.partition(LOGINS, DAY)
    assert stored is not None
    assert stored.generation == 1


def test_a_day_without_rows_is_built_and_empty(engine: Engine) -> None:
    engine.replace_days(target("total"), counted(ann=1), [DAY])
    (written,) = engine.replace_days(target("total"), counted(), [DAY])
    assert (written.rows, written.changed) == (0, True)
    assert read(engine) == {}
    assert engine.partition(LOGINS, DAY) is not None


def test_several_days_are_cut_by_day_and_the_missing_one_is_empty(engine: Engine) -> None:
    days = [DAY + timedelta(days=n) for n in range(3)]
    rows = pa.concat_tables([counted(days[2], ann=3), counted(days[0], ann=1, bob=1)])
    written = engine.replace_days(target("total"), rows, days)
    assert [one.rows for one in written] == [2, 0, 1]
    assert [read(engine, day) for day in days] == [{"ann": 1, "bob": 1}, {}, {"ann": 3}]


def test_neighbours_keep_their_rows_and_records(engine: Engine) -> None:
    engine.replace_days(target("total"), counted(NEXT, ann=9), [NEXT])
    before = engine.partition(LOGINS, NEXT)
    engine.replace_days(target("total"), counted(ann=1), [DAY])
    engine.replace_days(target("total"), counted(), [DAY])
    assert engine.partition(LOGINS, NEXT) == before
    assert read(engine, NEXT) == {"ann": 9}


@pytest.mark.parametrize("day", [NEXT, None], ids=["another day", "no day"])
def test_rows_of_a_day_that_was_not_asked_for_are_refused(engine: Engine, day: date | None) -> None:
    rows = counted(ann=1).set_column(0, "day", pa.array([day], pa.date32()))
    with pytest.raises(EngineError, match=f"rows of {day} were computed but not asked for"):
        engine.replace_days(target("total"), rows, [DAY])
    assert stored_days(engine) == ()


def test_rows_of_another_shape_are_refused(engine: Engine) -> None:
    with pytest.raises(EngineError, match="families/logins: the rows do not have the columns"):
        engine.replace_days(target("rate"), counted(ann=1), [DAY])
    text = table(["ann"]).set_column(1, "user", pa.array([["ann"]]))
    with pytest.raises(EngineError, match="families/logins: the rows do not have the columns"):
        engine.replace_days(target(), text, [DAY])


def test_an_audit_sees_the_rows_and_can_stop_them(engine: Engine) -> None:
    seen: list[tuple[date, int]] = []

    def audit(day: date, rows: pa.Table) -> None:
        seen.append((day, rows.num_rows))
        if day == NEXT:
            raise ValueError("too few")

    with pytest.raises(ValueError, match="too few"):
        engine.replace_days(target("total"), counted(ann=1), [DAY, NEXT], audit)
    assert seen == [(DAY, 1), (NEXT, 0)]
    assert stored_days(engine) == ()


def test_an_audit_sees_columns_that_are_not_stored(engine: Engine) -> None:
    seen: list[object] = []
    rows = counted(ann=1, bob=2)
    flagged = rows.append_column("is_odd", pa.array([True, None]))

    (written,) = engine.replace_days(
        target("total"), flagged, [DAY], lambda _, part: seen.extend(part["is_odd"].to_pylist())
    )

    (plain,) = engine.replace_days(target("total"), rows, [DAY])
    stored = engine.partition(LOGINS, DAY)
    assert seen == [True, None]
    assert stored is not None
    assert set(stored.columns) == {"user", "total"}
    assert written.digests == plain.digests


def test_a_scoped_write_leaves_the_columns_of_others_alone(engine: Engine) -> None:
    engine.replace_days(target("total"), counted(ann=1, bob=2), [DAY])
    before = engine.partition(LOGINS, DAY)
    scoped = target("rate", whole=False)
    engine.replace_days(scoped, table(["ann", "bob"], rate=[0.5, None]), [DAY])
    after = engine.partition(LOGINS, DAY)
    assert before is not None
    assert after is not None
    assert after.columns["total"] == before.columns["total"]
    assert read(engine) == {"ann": 1, "bob": 2}
    assert engine.query(logins(DAY, NEXT))["rate"].to_pylist() == [0.5, None]


def test_a_scoped_write_with_other_keys_is_refused(engine: Engine) -> None:
    engine.replace_days(target("total"), counted(ann=1, bob=2), [DAY])
    scoped = target("rate", whole=False)
    with pytest.raises(RowSetChanged, match="total must be computed with it"):
        engine.replace_days(scoped, table(["ann", "eve"], rate=[0.5, 1]), [DAY])
    assert read(engine) == {"ann": 1, "bob": 2}


def test_a_whole_write_with_other_keys_drops_what_it_does_not_name(engine: Engine) -> None:
    engine.replace_days(target("total", "rate"), table(["ann"], total=[1], rate=[1.0]), [DAY])
    engine.replace_days(target("rate"), table(["ann"], rate=[0.5]), [DAY])
    assert set(digests(engine)) == {"user", "total", "rate"}
    engine.replace_days(target("rate"), table(["bob"], rate=[0.5]), [DAY])
    assert set(digests(engine)) == {"user", "rate"}


def test_two_scoped_writes_at_once_lose_nothing(engine: Engine) -> None:
    users = [f"user {n}" for n in range(50)]
    values = {"total": range(50), "rate": [n / 8 for n in range(50)], "is_new": [True] * 50}
    engine.replace_days(target("seen"), table(users, seen=[None] * 50), [DAY])
    for _ in range(5):
        together = threading.Barrier(len(values))

        def write(name: str, together: threading.Barrier = together) -> None:
            together.wait()
            rows = table(users, **{name: list(values[name])})
            engine.replace_days(target(name, whole=False), rows, [DAY])

        with ThreadPoolExecutor(len(values)) as pool:
            list(pool.map(write, values))
        assert set(digests(engine)) == {"user", "seen", *values}
    assert read(engine) == dict(zip(users, range(50), strict=True))


DAYS = [DAY + timedelta(days=n) for n in range(3)]


@pytest.fixture
def stored(engine: Engine) -> exp.Query:
    """Rows of the first and the third of three days, ordered by day, from another relation."""
    shape = {name: TYPES[name] for name in ("day", "user", "total")}
    for day, rows in ((DAYS[0], counted(ann=1, bob=2)), (DAYS[2], counted(DAYS[2], ann=3))):
        engine.replace_days(replace(target("total"), relation="families/copied"), rows, [day])
    source = relation("families/copied", shape, DAYS[0], DAYS[0] + timedelta(days=3))
    return exp.select(*shape).from_(source).order_by("day", "user")


def test_days_of_one_statement_come_in_order_and_are_published_one_by_one(
    engine: Engine, stored: exp.Query
) -> None:
    seen: list[tuple[date, int]] = []
    for rows in engine.compute_days(dict.fromkeys(DAYS, target("total")), stored):
        assert stored_days(engine) == tuple(DAYS[: len(seen)])
        rows.publish(lambda day, part: seen.append((day, part.num_rows)))

    assert seen == [(DAYS[0], 2), (DAYS[1], 0), (DAYS[2], 1)]
    assert [read(engine, day) for day in DAYS] == [{"ann": 1, "bob": 2}, {}, {"ann": 3}]


def test_a_day_of_one_statement_that_is_not_published_stays_as_it_was(
    engine: Engine, stored: exp.Query
) -> None:
    engine.replace_days(target("total"), counted(eve=9), [DAY])
    for rows in engine.compute_days(dict.fromkeys(DAYS, target("total")), stored):
        if rows.day != DAY:
            rows.publish(None)

    assert [read(engine, day) for day in DAYS] == [{"eve": 9}, {}, {"ann": 3}]


@pytest.mark.parametrize("asked", [DAYS[:2], DAYS[1:]], ids=["a later day", "an earlier day"])
def test_rows_of_one_statement_beyond_the_days_asked_for_are_refused(
    engine: Engine, stored: exp.Query, asked: list[date]
) -> None:
    with pytest.raises(EngineError, match="were computed but not asked for"):
        list(engine.compute_days(dict.fromkeys(asked, target("total")), stored))
    assert stored_days(engine) == ()


def test_a_day_of_one_statement_that_another_run_published_meanwhile_is_a_conflict(
    engine: Engine, stored: exp.Query
) -> None:
    found = engine.compute_days(dict.fromkeys(DAYS, target("total")), stored)
    first = next(found)
    engine.replace_days(target("total"), counted(eve=9), [DAY])
    with pytest.raises(Conflict, match="total was published by another run"):
        first.publish(None)
    for rows in found:
        rows.publish(None)

    assert [read(engine, day) for day in DAYS] == [{"eve": 9}, {}, {"ann": 3}]


@pytest.mark.parametrize("first", [{}, {"ann": 0}], ids=["a new day", "a stored day"])
def test_of_two_writers_of_one_column_the_later_is_a_conflict(
    engine: Engine, first: dict[str, int]
) -> None:
    if first:
        engine.replace_days(target("total"), counted(**first), [DAY])

    def other_publishes(day: date, rows: pa.Table) -> None:
        engine.replace_days(target("total"), counted(ann=2), [day])

    with pytest.raises(Conflict, match="total was published by another run"):
        engine.replace_days(target("total"), counted(ann=1), [DAY], other_publishes)
    assert read(engine) == {"ann": 2}


def test_two_writers_of_the_same_rows_both_succeed(engine: Engine) -> None:
    def other_publishes(day: date, rows: pa.Table) -> None:
        engine.replace_days(target("total"), counted(ann=1), [day])

    (written,) = engine.replace_days(target("total"), counted(ann=1), [DAY], other_publishes)
    assert not written.changed
    assert read(engine) == {"ann": 1}


def test_a_relation_that_was_never_built_has_no_rows_of_its_shape(engine: Engine) -> None:
    found = engine.query(logins())
    assert found.num_rows == 0
    assert found.schema == pa.schema([(n, TYPES[n]) for n in ("day", "user", "total", "rate")])


def test_only_the_named_days_are_read(engine: Engine) -> None:
    days = [DAY + timedelta(days=n) for n in range(4)]
    for day in days:
        engine.replace_days(target("total"), counted(day, ann=day.day), [day])
    found = engine.query(logins(days[1], days[3]))
    assert found["day"].to_pylist() == days[1:3]
    assert engine.query(logins())["day"].to_pylist() == days


def test_a_column_that_was_not_built_on_a_day_is_null_there(engine: Engine) -> None:
    engine.replace_days(target("total"), counted(ann=1), [DAY])
    engine.replace_days(target("rate"), table(["ann"], NEXT, rate=[0.5]), [NEXT])
    found = engine.query(logins()).select(["total", "rate"]).to_pylist()
    assert found == [{"total": 1, "rate": None}, {"total": None, "rate": 0.5}]
    assert engine.query(logins(DAY, NEXT))["rate"].to_pylist() == [None]


def test_a_relation_without_days_is_replaced_whole(engine: Engine) -> None:
    what = Target("tables/users", ("user",), target("total").columns, dated=False)
    shape = {name: TYPES[name] for name in ("user", "total")}
    everything = exp.select("user", "total").from_(relation("tables/users", shape))
    assert engine.query(everything).num_rows == 0
    for total in (1, 2):
        written = engine.replace_all(what, counted(ann=total).drop(["day"]))
        assert (written.day, written.changed) == (None, True)
        assert engine.query(everything).to_pylist() == [{"user": "ann", "total": total}]
    assert engine.partition("tables/users", None) is not None


def test_tables_in_memory_can_be_read_by_name(engine: Engine) -> None:
    rows = counted(ann=1, bob=2)
    total = exp.select(exp.Sum(this=exp.column("total")).as_("total")).from_("lines")
    as_text = exp.select(exp.cast(exp.column("total"), "text").as_("total")).from_(total.subquery())
    assert engine.query(as_text, {"lines": rows}).to_pylist() == [{"total": "3"}]
    with pytest.raises(EngineError, match="lines"):
        engine.query(as_text)


def test_a_refused_statement_is_shown_with_the_words_of_the_driver(engine: Engine) -> None:
    with pytest.raises(EngineError, match=r"(?s)nonsense.*SELECT.*nonsense"):
        engine.query(exp.select("nonsense").from_(relation(LOGINS, {"user": pa.string()})))
    assert engine.query(exp.select(exp.Literal.number(1).as_("n"))).to_pylist() == [{"n": 1}]


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(values=st.lists(st.none() | st.text(st.characters(codec="utf-8"), max_size=8), max_size=4))
def test_hostile_text_comes_back_as_it_was(engine: Engine, values: list[str | None]) -> None:
    literals = [exp.null() if v is None else exp.Literal.string(v) for v in values]
    names = [f"c{n}" for n in range(len(values))]
    columns = [value.as_(name) for value, name in zip(literals, names, strict=True)]
    found = engine.query(exp.select(exp.Literal.number(1).as_("n"), *columns)).to_pylist()
    assert [found[0][name] for name in names] == values


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    name=st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1, max_size=12)
)
def test_hostile_names_are_names(engine: Engine, name: str) -> None:
    inner = exp.select(exp.Literal.number(7).as_(name, quoted=True)).subquery("inner_rows")
    found = engine.query(exp.select(exp.column(name, quoted=True)).from_(inner))
    assert found.to_pydict() == {name: [7]}


def test_sums_of_floats_are_the_same_every_time(engine: Engine) -> None:
    rows = table(["x"] * 5000, rate=[(-1) ** n * 10.0 ** (n % 17) for n in range(5000)])
    total = exp.select(exp.Anonymous(this="FSUM", expressions=[exp.column("rate")]).as_("rate"))
    total = total.from_("lines")
    # A statement of Spark takes its time.
    runs = 4 if engine.dialect == "spark" else 12
    with ThreadPoolExecutor(4) as pool:
        sums = list(pool.map(lambda _: engine.query(total, {"lines": rows}), range(runs)))
    assert len({found["rate"][0].as_py() for found in sums}) == 1


def test_a_reader_sees_one_whole_day_while_it_is_replaced(engine: Engine) -> None:
    users = [f"user {n:03}" for n in range(200)]
    engine.replace_days(target("total"), table(users, total=[0] * 200), [DAY])
    done = threading.Event()

    def publish() -> None:
        for number in range(1, 15):
            engine.replace_days(target("total"), table(users, total=[number] * 200), [DAY])
        done.set()

    with ThreadPoolExecutor(1) as pool:
        writer = pool.submit(publish)
        while not done.is_set() and not writer.done():
            assert len(set(read(engine).values())) == 1
        writer.result()
    assert set(read(engine).values()) == {14}


def test_what_is_stored_tells_whether_it_is_stale(engine: Engine) -> None:
    engine.replace_days(target("total"), counted(ann=1), [DAY])
    reads = (Read(LOGINS, ("total",), DAY, NEXT),)
    made = Target("families/made", ("user",), target("rate", reads=reads).columns)
    assert stale_reason(engine, made, DAY) == "missing"
    engine.replace_days(made, table(["ann"], rate=[1.0]), [DAY])
    assert stale_reason(engine, made, DAY) == ""
    engine.replace_days(target("total"), counted(ann=2), [DAY])
    assert stale_reason(engine, made, DAY) == "input changed"


def _in_duckdb(text: str, _: pytest.FixtureRequest) -> list[tuple[object, ...]]:
    with duckdb.connect() as connection:
        return connection.sql(text).fetchall()


@contextmanager
def _other_session(request: pytest.FixtureRequest) -> Iterator[RemoteSession]:
    session = RemoteSession(request.getfixturevalue("spark_address"))
    yield session
    session.stop()


def _in_spark(text: str, request: pytest.FixtureRequest) -> list[tuple[object, ...]]:
    with _other_session(request) as session:
        return [tuple(row) for row in session.sql(text).collect()]


def _in_snowflake(text: str, request: pytest.FixtureRequest) -> list[tuple[object, ...]]:
    with request.getfixturevalue("engine")._sessions.lent() as session:
        return [tuple(row.values()) for row in session.fetch(text).to_pylist()]


RUN = {"duckdb": _in_duckdb, "spark": _in_spark, "snowflake": _in_snowflake}


def test_sql_is_text_that_runs_as_it_stands(engine: Engine, request: pytest.FixtureRequest) -> None:
    engine.replace_days(target("total", "rate"), table(["ann"], total=[1], rate=[0.5]), [DAY])
    text = engine.sql(logins(DAY, NEXT))
    assert text.startswith("SELECT\n")
    if engine.dialect in RUN and "s3://" not in text:
        assert RUN[engine.dialect](text, request) == [(DAY, "ann", 1, 0.5)]


def test_spark_beside_this_process_takes_turns_over_a_lake_in_a_bucket(
    tmp_path: Path, java: None, s3_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    s3_server.login(monkeypatch)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    local = Connection({"master": "local[2]", **CLASSIC}, environment="test")
    lake = s3_server.lake()
    with (
        open_engine("spark", lake, tmp_path, connection=local) as spark,
        open_engine("duckdb", lake, tmp_path) as duck,
    ):
        duck.replace_days(target("total"), counted(ann=1, bob=2), [DAY])
        assert read(spark) == {"ann": 1, "bob": 2}
        (written,) = spark.replace_days(target("total"), logins(DAY, NEXT), [DAY])
        assert not written.changed
        spark.replace_days(target("total"), counted(NEXT, ann=3), [NEXT])
        duck.replace_days(target("rate", whole=False), table(["ann"], NEXT, rate=[0.5]), [NEXT])
        assert read(duck, NEXT) == {"ann": 3}
        assert "`s3a://" in spark.sql(logins())


def test_spark_on_other_machines_does_not_see_copies_of_a_lake_in_a_bucket(tmp_path: Path) -> None:
    for said in ({"remote": "sc://spark:15002"}, {"master": "yarn"}):
        there = Connection(said, environment="test")
        with pytest.raises(UnsupportedOnEngine, match="is on S3, of which Spark reads copies"):
            open_engine("spark", "s3://bucket/lake", tmp_path, connection=there)


def test_of_a_statement_whose_java_dies_nothing_is_published(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    with spark(tmp_path, request) as engine:
        users = [f"user {n:03}" for n in range(300)]
        engine.replace_days(target("total"), table(users, total=[0] * 300), [DAY])
        before = read(engine)
        a, *others = (exp.alias_(logins_of_the_day(), name, table=True) for name in "abcd")
        keys = [exp.column(name, "a") for name in ("day", "user")]
        pairs = exp.select(*keys, exp.Count(this=exp.Star()).as_("total")).from_(a)
        for other in others:
            pairs = pairs.join(other, join_type="cross")
        long = pairs.group_by(*(key.copy() for key in keys)).order_by(exp.column("day"))
        java = SparkContext._gateway.proc.pid
        end = threading.Timer(2, os.kill, (java, signal.SIGKILL))
        end.start()

        with pytest.raises(EngineError, match="environment 'test': the connection to Spark was"):
            list(engine.compute_days({DAY: target("total"), NEXT: target("total")}, long))

        end.join()
        with open_engine("duckdb", "lake", tmp_path) as duckdb_engine:
            assert read(duckdb_engine) == before


def logins_of_the_day() -> exp.Table:
    return relation(LOGINS, {name: TYPES[name] for name in ("day", "user")}, DAY, NEXT)
