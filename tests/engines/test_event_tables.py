"""Tables of events: their rows are lines in an order that holds; one that is not there is told."""

import json
from collections.abc import Iterator, Sequence
from uuid import uuid4

import pyarrow as pa
import pytest

from fig_assets.engines.raw.event_tables import EventTable, TableState, table_lines
from fig_assets.engines.raw.files import RawFileError
from fig_assets.engines.snowflake.engine import SnowflakeEngine, open_snowflake
from fig_assets.errors import EngineError
from tests.engines import flakes

TIMES = (("a", "at", 0),)
ENVIRONMENT = f"environment '{flakes.ENVIRONMENT}': Snowflake: "


class Texts:
    """A warehouse that has these texts."""

    def __init__(self, batches: Sequence[Sequence[str | None]]) -> None:
        self.batches = batches

    def table_state(self, _: EventTable) -> TableState:
        return TableState(sum(map(len, self.batches)), "")

    def payloads(self, _: EventTable) -> Iterator[pa.Table]:
        for texts in self.batches:
            yield pa.table({"PAYLOAD": pa.array(texts, pa.string())})


def told(
    engine: Texts | SnowflakeEngine, table: EventTable
) -> tuple[list[tuple[int, object]], list[tuple[int, str, str]]]:
    """Return number and value of each good row, and number, reason and detail of each bad one."""
    good, bad = [], []
    for lines in table_lines(engine, table):
        good += [
            (row["source_line"], json.loads(row["payload"])) for row in lines.batch.to_pylist()
        ]
        bad += [(line.line, line.reason, line.detail) for line in lines.bad]
        assert lines.blank == 0
    return good, bad


@pytest.fixture
def name(fakesnow_port: int) -> str:
    return f"{flakes.DATABASE}.RAW_{uuid4().hex[:8].upper()}.EVENTS"


@pytest.fixture
def engine(fakesnow_port: int) -> Iterator[SnowflakeEngine]:
    with open_snowflake(flakes.connection(fakesnow_port)) as engine:
        yield engine


def test_each_row_is_one_line_whatever_its_text_and_whichever_batch_it_is_in() -> None:
    engine = Texts([['{"a":\r\n 1}', None], [], ["[\n]", '{"b": "\\n"}', '"\u2028"']])

    good, bad = told(engine, EventTable("T", "C"))

    assert good == [(1, {"a": 1}), (4, {"b": "\n"})]
    assert bad == [
        (2, "expected object", "found null"),
        (3, "expected object", "found array"),
        (5, "expected object", "found string"),
    ]


def test_rows_are_numbered_by_their_times_and_a_later_one_moves_none(
    fakesnow_port: int, engine: SnowflakeEngine, name: str
) -> None:
    late, early = '{"a": {"at": ["2024-01-02"]}}', '{"z": 1, "a": {"at": ["2024-01-01"]}}'
    flakes.fill(fakesnow_port, name, [late, None, '{"n": "é"}', early, late])
    table = EventTable(name, "PAYLOAD", TIMES)

    good, bad = told(engine, table)
    flakes.fill(fakesnow_port, name, ['{"a": {"at": ["2024-01-03"]}}'])

    assert [number for number, _ in good] == [1, 2, 3, 4]
    assert [row for _, row in good] == [*map(json.loads, (early, late, late)), {"n": "é"}]
    assert bad == [(5, "expected object", "found null")]
    assert told(engine, table)[0][:3] == good[:3]


def test_the_state_of_a_table_changes_with_its_rows_and_counts_equal_ones(
    fakesnow_port: int, engine: SnowflakeEngine, name: str
) -> None:
    table = EventTable(name, "PAYLOAD")
    states = []
    for rows in (['{"a": 1}'], ['{"a": 1}'], [None]):
        flakes.fill(fakesnow_port, name, rows)
        states.append(engine.table_state(table))
    assert engine.table_state(table) == states[-1]
    assert [state.rows for state in states] == [1, 2, 3]
    assert len({state.digest for state in states[:2]}) == 2


def test_names_in_quotes_and_columns_of_other_names_are_read(
    fakesnow_port: int, engine: SnowflakeEngine, name: str
) -> None:
    odd = name.removesuffix("EVENTS") + '"odd ""name"""'
    flakes.fill(fakesnow_port, odd, ['{"a": 1}'], column='"the payload"')

    assert told(engine, EventTable(odd, '"the payload"'))[0] == [(1, {"a": 1})]


@pytest.mark.parametrize("column", ["PAYLOAD", "OTHER"], ids=["no table", "no column"])
def test_a_table_that_cannot_be_read_is_told_with_a_mend(
    fakesnow_port: int, engine: SnowflakeEngine, name: str, column: str
) -> None:
    if column == "OTHER":
        flakes.fill(fakesnow_port, name, ["{}"])
    mend = (
        'mend "path" or "column" of the source in environments/analytics.json, or let the role '
        f"read it: GRANT SELECT ON TABLE {name} TO ROLE FIG_ROLE"
    )
    table = EventTable(name, column)

    with pytest.raises(RawFileError, match=ENVIRONMENT) as refusal:
        engine.table_state(table)
    with pytest.raises(RawFileError, match=ENVIRONMENT):
        list(engine.payloads(table))

    assert str(refusal.value).endswith(f"\n  fix: {mend}")
    assert str(refusal.value).count("fix:") == 1


def test_a_name_is_never_more_than_a_name(
    fakesnow_port: int, engine: SnowflakeEngine, name: str
) -> None:
    flakes.fill(fakesnow_port, name, ["{}"])

    for text in (f"A; DROP TABLE {name}", f"(SELECT 1) t; DROP TABLE {name}", "A.B.C.D", ""):
        for table in (EventTable(text, "PAYLOAD"), EventTable(name, text)):
            with pytest.raises(EngineError):
                engine.table_state(table)

    assert engine.table_state(EventTable(name, "PAYLOAD")).rows == 1
