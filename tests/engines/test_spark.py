"""Spark over a lake: what is told when it is not there or goes, and that lakes are DuckDB's too."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlglot import exp

from fig_assets.engines import open_engine
from fig_assets.engines.base import Engine, relation
from fig_assets.engines.connection import Connection
from fig_assets.engines.spark import session as spark_session
from fig_assets.errors import EngineError
from tests.engines.lakes import DAY, LOGINS, NEXT, TYPES, table, target
from tests.engines.proxy import Door

SHAPE = {name: TYPES[name] for name in ("day", "user", "total", "rate")}
BY_DAY = (exp.column("day"), exp.column("user"))
DAYS = [DAY, NEXT]
SECRET = "hush-9f31"


def logins() -> exp.Select:
    return exp.select(*SHAPE).from_(relation(LOGINS, SHAPE)).order_by(*BY_DAY)


def spark(folder: Path, remote: str, **secrets: str) -> Engine:
    connection = Connection({"remote": remote}, secrets, "far")
    return open_engine("spark", "lake", folder, connection=connection)


def rows_of_two_days(engine: Engine) -> None:
    for day, total in ((DAY, 1), (NEXT, 2)):
        rows = table(["ann", "bob", None], day, total=[total, None, 7], rate=[0.1, None, -1e300])
        engine.replace_days(target("total", "rate"), rows, [day])


def publish_all(engine: Engine, tree: exp.Select) -> list[bool]:
    found = engine.compute_days(dict.fromkeys(DAYS, target("total", "rate")), tree)
    return [rows.publish(None).changed for rows in found]


@pytest.fixture
def nowhere() -> str:
    """The address of a server that is not there."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    return f"sc://127.0.0.1:{port}"


@pytest.fixture
def engine(tmp_path: Path, spark_address: str) -> Iterator[Engine]:
    with spark(tmp_path, spark_address) as engine:
        yield engine


def test_a_lake_is_the_same_whoever_writes_it(engine: Engine, tmp_path: Path) -> None:
    with open_engine("duckdb", "lake", tmp_path) as duckdb:
        rows_of_two_days(duckdb)
        files = {day: (tmp_path / "lake" / LOGINS / f"day={day}" / "data.parquet") for day in DAYS}
        before = {day: file.read_bytes() for day, file in files.items()}

        assert publish_all(engine, logins()) == [False, False]

        assert {day: file.read_bytes() for day, file in files.items()} == before


def test_spark_and_duckdb_give_the_same_rows(engine: Engine, tmp_path: Path) -> None:
    rows_of_two_days(engine)
    with open_engine("duckdb", "lake", tmp_path) as duckdb:
        assert engine.query(logins()).equals(duckdb.query(logins()))


def test_nothing_is_left_of_a_statement_over_many_days(engine: Engine, tmp_path: Path) -> None:
    rows_of_two_days(engine)
    found = engine.compute_days(dict.fromkeys(DAYS, target("total", "rate")), logins())
    next(found)
    spilled = tmp_path / "lake" / ".tmp"
    assert [file for file in spilled.rglob("*.parquet") if file.is_file()]
    found.close()
    assert not list(spilled.rglob("*.parquet"))


def test_a_damaged_day_is_refused(engine: Engine, tmp_path: Path) -> None:
    rows_of_two_days(engine)
    file = tmp_path / "lake" / LOGINS / f"day={DAY}" / "data.parquet"
    content = bytearray(file.read_bytes())
    content[40] ^= 0xFF
    file.write_bytes(content)
    with pytest.raises(EngineError, match="damaged or not a file of this lake"):
        engine.query(logins())


def test_without_a_statement_no_session_is_opened(tmp_path: Path, nowhere: str) -> None:
    with spark(tmp_path, nowhere) as engine:
        rows_of_two_days(engine)
        assert engine.days(LOGINS) == tuple(DAYS)
        assert engine.check(logins()).names == list(SHAPE)
        assert "parquet.`file://" in engine.sql(logins())


def test_a_server_that_is_not_there_is_named_with_its_environment(
    tmp_path: Path, nowhere: str
) -> None:
    with (
        spark(tmp_path, nowhere) as engine,
        pytest.raises(EngineError) as refused,
    ):
        engine.query(logins())
    told = str(refused.value)
    assert told.startswith(f"environment 'far': the Spark server {nowhere} cannot be used\n  fix: ")


def test_a_secret_is_asked_for_by_name_and_never_told(
    tmp_path: Path, nowhere: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with spark(tmp_path, nowhere, token="FIG_TEST_TOKEN") as engine:
        monkeypatch.delenv("FIG_TEST_TOKEN", raising=False)
        with pytest.raises(EngineError, match="environment 'far': FIG_TEST_TOKEN is not set"):
            engine.query(logins())
        monkeypatch.setenv("FIG_TEST_TOKEN", SECRET)
        with pytest.raises(EngineError, match="cannot be used") as refused:
            engine.query(logins())
    assert SECRET not in str(refused.value)


def test_a_connection_lost_in_mid_statement_publishes_nothing(
    tmp_path: Path, spark_address: str
) -> None:
    door = Door(int(spark_address.rpartition(":")[2]))
    with spark(tmp_path, f"sc://127.0.0.1:{door.port}") as engine:
        rows_of_two_days(engine)
        before = engine.query(logins())
        moved = exp.select("day", "user", exp.column("rate").as_("total"), "rate")
        tree = moved.from_(relation(LOGINS, SHAPE)).order_by(*BY_DAY)
        door.shut_at_the_next_word()

        with pytest.raises(EngineError) as refused:
            publish_all(engine, tree)

        assert str(refused.value).startswith(
            "environment 'far': the connection to Spark was lost while a statement was at work; "
            "nothing of it was published\n  fix: "
        )
    with spark(tmp_path, spark_address) as engine:
        assert engine.query(logins()).equals(before)


def test_a_session_that_the_server_has_forgotten_is_opened_anew(
    tmp_path: Path, spark_address: str
) -> None:
    connection = Connection({"remote": f"{spark_address}/;user_id=forgotten"}, {}, "far")
    with open_engine("spark", "lake", tmp_path, connection=connection) as engine:
        rows_of_two_days(engine)
        before = engine.query(logins())
        spark_session.opened(connection).client.release_session()
        with pytest.raises(EngineError, match="the connection to Spark was lost"):
            engine.query(logins())
        assert engine.query(logins()).equals(before)


def test_a_setting_that_spark_does_not_know_how_to_change_is_told(
    tmp_path: Path, spark_address: str
) -> None:
    settings = {"remote": spark_address, "spark.driver.memory": "1g"}
    connection = Connection(settings, {}, "far")
    with (
        open_engine("spark", "lake", tmp_path, connection=connection) as engine,
        pytest.raises(EngineError, match=r"(?s)environment 'far'.*spark\.driver\.memory"),
    ):
        engine.query(logins())


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("s3://bucket/lake", "this Spark may run on others"),
        ("gs://bucket/lake", "is no folder"),
        ("la{ke}", r"has \{ \} in it"),
    ],
    ids=["a bucket for a server", "an address", "a pattern"],
)
def test_a_lake_that_spark_cannot_read_is_refused(
    tmp_path: Path, path: str, words: str, nowhere: str
) -> None:
    connection = Connection({"remote": nowhere}, {}, "far")
    with pytest.raises(EngineError, match=words):
        open_engine("spark", path, tmp_path, connection=connection)


WITHOUT = """
import sys
from pathlib import Path
from sqlglot import exp
from fig_assets.engines import open_engine
from fig_assets.engines.connection import Connection
from fig_assets.errors import EngineError

connection = Connection(dict(arg.split("=") for arg in sys.argv[2:]), {}, "near")
if sys.argv[1] == "pyspark":
    sys.modules["pyspark"] = None
with open_engine("spark", "lake", Path("."), connection=connection) as engine:
    try:
        engine.query(exp.select(exp.Literal.number(1).as_("n")))
    except EngineError as told:
        print(told)
"""


@pytest.mark.parametrize(
    ("missing", "words"),
    [
        ("pyspark", "PySpark is not installed here"),
        ("java", "there is no Java, in which Spark runs\n  fix: install Java 17"),
    ],
)
def test_what_is_not_installed_is_told(tmp_path: Path, missing: str, words: str) -> None:
    bare = {name: it for name, it in os.environ.items() if name != "JAVA_HOME"}
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT, missing],
        env={**bare, "PATH": str(tmp_path), "PYTHONPATH": str(Path(__file__).parents[2])},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert f"environment 'near': {words}" in done.stdout, done.stderr
