"""What goes wrong with Snowflake, and what is then stored and told."""

import re
import subprocess
import sys
import traceback
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from sqlglot import exp

from fig_assets.engines.base import Column, Target, relation
from fig_assets.engines.connection import Connection
from fig_assets.engines.snowflake import session as snowflake_session
from fig_assets.engines.snowflake.engine import SnowflakeEngine, open_snowflake
from fig_assets.errors import Conflict, EngineError, UnsupportedOnEngine
from tests.engines import flakes
from tests.engines.lakes import DAY, LOGINS, TYPES, table, target

ROOT = Path(__file__).parents[2]
NEXT = DAY + timedelta(days=1)

of_the_connector = pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnhandledThreadExceptionWarning"
)
"""Where a line breaks, a thread of the connector fails to cancel the statement."""


@pytest.fixture
def connection(fakesnow_port: int) -> Connection:
    return flakes.connection(fakesnow_port)


@pytest.fixture
def engine(connection: Connection) -> Iterator[SnowflakeEngine]:
    with open_snowflake(connection) as engine:
        yield engine


def totals(engine: SnowflakeEngine) -> dict[str, int]:
    shape = {name: TYPES[name] for name in ("day", "user", "total")}
    tree = exp.select("user", "total").from_(relation(LOGINS, shape, DAY, NEXT))
    return {row["user"]: row["total"] for row in engine.query(tree).to_pylist()}


def write(engine: SnowflakeEngine, **totals: int) -> None:
    rows = table(list(totals), total=list(totals.values()))
    engine.replace_days(target("total"), rows, [DAY])


def run(engine: SnowflakeEngine, *texts: str) -> None:
    """Do something to the tables by hand."""
    database, schema = engine._sessions.place
    with engine._sessions.lent() as session:
        for text in texts:
            session.run(text.replace("<schema>", f"{database}.{schema}"))


def test_a_wrong_password_is_told_without_the_password() -> None:
    words = "Incorrect username or password was specified."
    with (
        flakes.answering(flakes.refusing_login("390100", words)) as port,
        open_snowflake(flakes.connection(port, login_timeout="5")) as engine,
        pytest.raises(EngineError, match="environment 'analytics': Snowflake: ") as refusal,
    ):
        engine.days(LOGINS)

    told = "".join(traceback.format_exception(refusal.value))
    assert words in told
    assert 'fix: mend "account", "user", "role" and the secret in "connection"' in told
    assert flakes.SECRET not in told


def test_a_server_that_is_not_there_is_told_with_a_mend() -> None:
    with flakes.answering(lambda *_: None) as port:
        pass
    with (
        open_snowflake(flakes.connection(port, login_timeout="1")) as engine,
        pytest.raises(EngineError, match=r"(?s)environment 'analytics'.*fix: mend \"account\""),
    ):
        engine.days(LOGINS)


def test_a_secret_that_is_not_set_is_named(connection: Connection) -> None:
    without = Connection(connection.settings, {"password": "FIG_NOT_SET"}, "analytics")
    with (
        open_snowflake(without) as engine,
        pytest.raises(EngineError, match="environment 'analytics': FIG_NOT_SET is not set"),
    ):
        engine.days(LOGINS)


def test_a_schema_that_is_gone_is_told_with_a_mend(engine: SnowflakeEngine) -> None:
    write(engine, ann=1)
    run(engine, "DROP SCHEMA <schema> CASCADE")
    with pytest.raises(EngineError, match="environment 'analytics': Snowflake: "):
        write(engine, ann=2)


def test_a_session_elsewhere_is_refused(fakesnow_port: int) -> None:
    def elsewhere(path: str, body: bytes, headers: dict[str, str]) -> flakes.Answer:
        path = path.replace("schemaName=THERE", "schemaName=ELSEWHERE")
        return flakes.forward(fakesnow_port, path, body, headers)

    with (
        flakes.answering(elsewhere) as port,
        open_snowflake(flakes.connection(port, "THERE")) as engine,
        pytest.raises(EngineError, match="there is no schema THERE, or the role may not use it"),
    ):
        engine.days(LOGINS)


@of_the_connector
@pytest.mark.parametrize("is_done", [True, False], ids=["was done", "was not done"])
def test_where_the_answer_to_a_commit_is_lost_the_record_tells_what_happened(
    fakesnow_port: int, *, is_done: bool
) -> None:
    fails = False

    def losing(path: str, body: bytes, headers: dict[str, str]) -> flakes.Answer | None:
        if fails and flakes.statement_of(body) == "COMMIT":
            if is_done:
                flakes.forward(fakesnow_port, path, body, headers)
            return None
        return flakes.forward(fakesnow_port, path, body, headers)

    with flakes.answering(losing) as port, open_snowflake(flakes.connection(port)) as engine:
        write(engine, ann=1)
        fails = True
        if is_done:
            write(engine, ann=2)
        else:
            with pytest.raises(EngineError, match="environment 'analytics'"):
                write(engine, ann=2)
        fails = False
        assert totals(engine) == {"ann": 2 if is_done else 1}
        stored = engine.partition(LOGINS, DAY)
        assert stored is not None
        assert stored.generation == (2 if is_done else 1)


@of_the_connector
@pytest.mark.parametrize("word", ["INSERT INTO"])
def test_a_line_that_breaks_in_mid_write_leaves_the_old_day(fakesnow_port: int, word: str) -> None:
    fails = False

    def breaking(path: str, body: bytes, headers: dict[str, str]) -> flakes.Answer | None:
        if fails and flakes.statement_of(body).startswith(word):
            return None
        return flakes.forward(fakesnow_port, path, body, headers)

    with flakes.answering(breaking) as port, open_snowflake(flakes.connection(port)) as engine:
        write(engine, ann=1)
        before = engine.partition(LOGINS, DAY)
        fails = True
        with pytest.raises(EngineError, match="environment 'analytics'"):
            write(engine, ann=2, bob=3)
        fails = False
        assert totals(engine) == {"ann": 1}
        assert engine.partition(LOGINS, DAY) == before


def test_nothing_is_defined_between_begin_and_commit(fakesnow_port: int) -> None:
    sent: list[str] = []

    def listening(path: str, body: bytes, headers: dict[str, str]) -> flakes.Answer:
        sent.append(flakes.statement_of(body))
        return flakes.forward(fakesnow_port, path, body, headers)

    with flakes.answering(listening) as port, open_snowflake(flakes.connection(port)) as engine:
        write(engine, ann=1)
        engine.replace_days(target("rate", whole=False), table(["ann"], rate=[0.5]), [DAY])
        engine.drop_columns(LOGINS, DAY, ["rate"])
        engine.drop_day(LOGINS, DAY)

    inside = re.findall(r"\nBEGIN\n(.*?)\nCOMMIT(?=\n)", "\n".join(["", *sent, ""]), re.DOTALL)
    words = [[line.split()[0] for line in part.splitlines()] for part in inside]
    assert words == [
        ["UPDATE", "SELECT", "DELETE", "INSERT", "UPDATE"],
        ["UPDATE", "SELECT", "UPDATE", "UPDATE"],
        ["UPDATE", "SELECT", "UPDATE", "UPDATE"],
        ["UPDATE", "SELECT", "DELETE", "DELETE"],
    ]


def test_a_column_that_was_dropped_by_hand_is_told_with_a_mend(engine: SnowflakeEngine) -> None:
    write(engine, ann=1)
    assert totals(engine) == {"ann": 1}
    run(engine, 'ALTER TABLE <schema>."families/logins" DROP COLUMN "total"')
    with pytest.raises(EngineError, match="environment 'analytics'") as refusal:
        totals(engine)
    assert "total" in str(refusal.value)


def test_a_column_that_was_made_of_another_type_by_hand_is_told_with_a_mend(
    connection: Connection, engine: SnowflakeEngine
) -> None:
    write(engine, ann=1)
    table_ = '<schema>."families/logins"'
    run(engine, f'ALTER TABLE {table_} DROP COLUMN "total"')
    run(engine, f'ALTER TABLE {table_} ADD COLUMN "total" VARCHAR')
    with (
        open_snowflake(connection) as other,
        pytest.raises(EngineError, match=r'the column "total" of .* is TEXT, not NUMBER\n  fix: '),
    ):
        write(other, ann=2)


def test_rows_that_were_deleted_by_hand_come_back(engine: SnowflakeEngine) -> None:
    write(engine, ann=1)
    run(engine, 'DELETE FROM <schema>."families/logins"')
    write(engine, ann=1)
    assert totals(engine) == {"ann": 1}


def test_a_scoped_write_beside_rows_that_were_deleted_by_hand_is_refused(
    engine: SnowflakeEngine,
) -> None:
    write(engine, ann=1)
    run(engine, 'DELETE FROM <schema>."families/logins"')
    with pytest.raises(EngineError, match="was changed by hand\n  fix: drop"):
        engine.replace_days(target("rate", whole=False), table(["ann"], rate=[0.5]), [DAY])


@pytest.mark.parametrize(
    ("record", "why"),
    [
        ('{"format": 99}', "written by another version of fig-assets"),
        ('{"format": 2}', "damaged"),
        ("{", "damaged"),
    ],
    ids=["a newer version", "half a record", "no JSON"],
)
def test_a_record_that_cannot_be_read_is_told_with_a_mend(
    engine: SnowflakeEngine, record: str, why: str
) -> None:
    write(engine, ann=1)
    run(engine, f"""UPDATE <schema>."families/logins.records" SET "record" = '{record}'""")
    with pytest.raises(EngineError, match=f"the record of 2024-03-14 in .* is {why}\n  fix: drop"):
        engine.partition(LOGINS, DAY)


WRITER = """
import sys
from fig_assets.engines.snowflake.engine import open_snowflake
from fig_assets.errors import Conflict
from tests.engines import flakes
from tests.engines.lakes import DAY, table, target

def wait(day, rows):
    print("ready", flush=True)
    sys.stdin.readline()

with open_snowflake(flakes.connection(int(sys.argv[1]), sys.argv[2])) as engine:
    try:
        engine.replace_days(target("total"), table(["ann"], total=[1]), [DAY], wait)
        print("published", flush=True)
    except Conflict:
        print("conflict", flush=True)
"""


def test_of_two_processes_that_write_one_day_one_wins(
    fakesnow_port: int, connection: Connection, engine: SnowflakeEngine
) -> None:
    words = [sys.executable, "-c", WRITER, str(fakesnow_port), connection.settings["schema"]]
    other = subprocess.Popen(
        words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    said = "published"
    try:
        assert other.stdout is not None
        assert other.stdin is not None
        assert other.stdout.readline() == "ready\n"

        def together(*_: object) -> None:
            assert other.stdin is not None
            other.stdin.write("go\n")
            other.stdin.flush()

        try:
            engine.replace_days(target("total"), table(["ann"], total=[2]), [DAY], together)
        except Conflict:
            said = "conflict"
        outcome = [other.communicate(timeout=120)[0].strip(), said]
    finally:
        other.kill()
        other.wait()

    assert sorted(outcome) == ["conflict", "published"]
    assert totals(engine) == {"ann": 1 + outcome.index("published")}


def test_a_document_is_stored_parsed_and_read_by_its_keys(engine: SnowflakeEngine) -> None:
    kinds = {"day": pa.date32(), "id": pa.string(), "payload": pa.string()}
    columns = (Column("id", pa.string()), Column("payload", pa.string(), is_document=True))
    rows = pa.table(
        {"day": [DAY], "id": ["a"], "payload": ['{"client": {"ip": "1.2.3.4"}}']},
        schema=pa.schema(list(kinds.items())),
    )
    engine.replace_days(Target("landing/events/0", ("id",), columns), rows, [DAY])

    found = exp.Anonymous(
        this="JSON_EXTRACT_STRING",
        expressions=[exp.column("payload"), exp.Literal.string('$."client"."ip"')],
    )
    tree = exp.select(found.as_("ip")).from_(relation("landing/events/0", kinds, DAY, NEXT))
    assert engine.query(tree).to_pylist() == [{"ip": "1.2.3.4"}]
    kinds_of = engine._days.known["landing/events/0"]
    assert kinds_of["payload"] == "VARIANT"


def test_embeddings_come_back_as_they_were(engine: SnowflakeEngine) -> None:
    kind = pa.list_(pa.float64())
    made = Target("families/vectors", ("id",), (Column("id", pa.string()), Column("v", kind)))
    values = [[0.1, -2.5e-7], None]
    rows = pa.table({"day": [DAY] * 2, "id": ["a", "b"], "v": pa.array(values, kind)})
    engine.replace_days(made, rows, [DAY])

    shape = {"day": pa.date32(), "id": pa.string(), "v": kind}
    tree = exp.select("v").from_(relation("families/vectors", shape, DAY, NEXT)).order_by("id")
    assert engine.query(tree)["v"].to_pylist() == values


def test_a_scratch_reads_what_is_stored_and_changes_nothing(engine: SnowflakeEngine) -> None:
    write(engine, ann=1)
    with engine.scratch(["families/"]) as scratch:
        assert totals(scratch) == {"ann": 1}
        write(scratch, ann=2)
        assert totals(scratch) == {"ann": 2}
    assert totals(engine) == {"ann": 1}
    with engine._sessions.lent() as session:
        assert engine._named(session, "scratch/") == []


def test_a_view_is_read_under_its_name(engine: SnowflakeEngine) -> None:
    write(engine, ann=1)
    shape = {name: TYPES[name] for name in ("day", "user", "total", "rate")}
    engine.publish_views({"logins": exp.select("*").from_(relation(LOGINS, shape))})
    with engine._sessions.lent() as session:
        found = session.fetch('SELECT "user", "total", "rate" FROM "logins"')
    assert [list(row.values()) for row in found.to_pylist()] == [["ann", 1, None]]


def test_what_snowflake_cannot_do_is_refused_without_a_login() -> None:
    with open_snowflake(flakes.connection(1)) as engine:
        tree = exp.select(
            exp.Anonymous(
                this="JARO_WINKLER_SIMILARITY",
                expressions=[exp.Literal.string("a"), exp.Literal.string("b")],
            ).as_("near")
        )
        with pytest.raises(UnsupportedOnEngine, match="JARO_WINKLER_SIMILARITY"):
            engine.check(tree)


def test_a_statement_says_in_the_history_whom_it_is_for(connection: Connection) -> None:
    tag = snowflake_session.Sessions(connection).tag(LOGINS)
    assert '"project": "threats"' in tag
    assert '"environment": "analytics"' in tag
    assert '"relation": "families/logins"' in tag
