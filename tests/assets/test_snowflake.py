"""A whole project on what answers like Snowflake, through Dagster: the rows are those of DuckDB."""

import json
import math
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from sqlglot import exp

from fig_assets.engines.base import DAY, relation
from fig_assets.engines.raw.files import RawFileError
from fig_assets.sql.event import stored_columns
from fig_assets.sql.landing import quarantined
from fig_assets.sql.published import every_published, select_published
from tests.assets.signins import ENVIRONMENT, FIRST, Site, login, opened, write_project
from tests.engines import flakes

Rows = list[dict[str, object]]


def environment(port: int) -> Mapping[str, object]:
    login = {**flakes.connection(port).settings, "password": {"env": flakes.PASSWORD}}
    warehouse = {"type": "snowflake", "connection": login}
    return {**ENVIRONMENT, "name": "snow", "warehouse": warehouse, "models": {"path": "other"}}


def published(site: Site) -> dict[str, Rows]:
    """Run two days and read what people read."""
    done = site.run(FIRST, FIRST + timedelta(days=1))
    assert done.refused == {}
    relations = every_published(site.project.graph)
    engine = site.project.workspace.engine
    return {
        name: engine.query(select_published(relation, None)).to_pylist()
        for name, relation in relations.items()
    }


def plain(rows: Rows) -> Rows:
    """Round floats to nine digits, and order rows by their values."""
    rounded = [
        {
            name: float(f"{value:.9g}") if isinstance(value, float) and math.isfinite(value)
            else value
            for name, value in row.items()
        }
        for row in rows
    ]  # fmt: skip
    return sorted(rounded, key=lambda row: repr(sorted(row.items(), key=lambda item: item[0])))


def test_every_relation_of_a_project_has_the_rows_that_duckdb_gives_it(
    tmp_path: Path, fakesnow_port: int
) -> None:
    changes = {"environments/snow.json": environment(fakesnow_port)}
    write_project(tmp_path, changes, days=2, events=8)
    with opened(tmp_path) as site:
        expected = published(site)
    with opened(tmp_path, "snow") as site:
        found = published(site)

    assert {name: len(rows) for name, rows in found.items() if rows} != {}
    assert {n: plain(rows) for n, rows in found.items()} == {
        n: plain(rows) for n, rows in expected.items()
    }


ALSO = FIRST + timedelta(days=1)
EVENTS = '+key:"events/login"'


def rows_of_events() -> list[str | None]:
    """Give the rows of a table: good ones, one twice, and others that are no event of the days."""
    good = [login(day, n) for day in (FIRST, ALSO) for n in range(4)]
    far = login(ALSO + timedelta(days=9), 0)
    timeless = {**login(FIRST, 9), "at": "soon"}
    return [*(json.dumps(it) for it in (*good, good[2], far, timeless)), "[1]", None]


def write_table_project(root: Path, port: int, source: object) -> None:
    """Write the project over two days, and beside it an environment whose events are a table."""
    networks = {"networks": {"format": "csv", "path": "networks.csv"}}
    files = {"format": "json", "path": "raw/all.jsonl"}
    changes = {
        "project.json": {"name": "signins", "start_date": str(FIRST), "end_date": str(ALSO)},
        "environments/local.json": {**ENVIRONMENT, "sources": {"events": files, **networks}},
        "environments/snow.json": {
            **environment(port),
            "sources": {"events": source, **networks},
        },
    }
    write_project(root, changes)


def landed(site: Site) -> tuple[Rows, Rows, Mapping[str, object]]:
    """Run the raw lines and the events, and read both and what became of the lines."""
    done = site.run(FIRST, ALSO, select=EVENTS)
    assert done.refused == {}
    engine = site.project.workspace.engine
    (event,) = site.project.graph.events.values()
    (source,) = [it for it in site.project.graph.sources.values() if it.is_landed]
    shape = {**stored_columns(event)}
    events = engine.query(exp.select("*").from_(relation(event.relation, shape)))
    bad = {DAY: pa.date32(), **quarantined(source)}
    quarantine = engine.query(
        exp.select("source_line", "reason", "detail").from_(relation("quarantine/events", bad))
    )
    (metadata,) = site.metadata("raw/events").values()
    return events.drop(["source_file"]).to_pylist(), quarantine.to_pylist(), metadata


def test_a_table_of_events_gives_what_a_file_of_the_same_lines_gives(
    tmp_path: Path, fakesnow_port: int
) -> None:
    name = f"{flakes.DATABASE}.RAW_OF_A_TABLE.EVENTS"
    texts = rows_of_events()
    flakes.fill(fakesnow_port, name, texts[::-1])
    write_table_project(tmp_path, fakesnow_port, {"format": "snowflake", "path": name})
    good = sorted(texts[:10], key=lambda it: (json.loads(str(it))["at"], it))
    lines = [*good, texts[10], "[1]", "null"]
    (tmp_path / "raw" / "all.jsonl").write_text("".join(f"{it}\n" for it in lines), "utf-8")

    with opened(tmp_path) as site:
        events, bad, _ = landed(site)
    with opened(tmp_path, "snow") as site:
        found_events, found_bad, metadata = landed(site)
        again = site.run(FIRST, ALSO, select=EVENTS, only_stale=True)
        flakes.fill(fakesnow_port, name, [json.dumps(login(ALSO, 20))])
        more = site.project.plan(FIRST, ALSO)
        site.run(FIRST, ALSO, select=EVENTS, only_stale=True)
        later, _, _ = landed(site)

    assert len(events) == 8
    assert plain(found_events) == plain(events)
    assert plain(found_bad) == plain(bad)
    assert sorted(str(row["reason"]) for row in bad) == [
        "expected object",
        "expected object",
        "from the future",
        "no usable time",
    ]
    assert {metadata[name] for name in ("lines", "files")} == {13, 1}
    assert metadata["blank"] == metadata["unclaimed"] == 0
    assert again.done == {}
    assert "raw table changed" in str(more)
    assert len(later) == 9
    assert plain([row for row in later if row["event_id"] != f"{ALSO}-20"]) == plain(events)


def test_the_table_of_one_account_that_is_missing_stops_no_other(
    tmp_path: Path, fakesnow_port: int
) -> None:
    here, gone = (f"{flakes.DATABASE}.RAW_OF_{it}.EVENTS" for it in ("US", "EU"))
    flakes.fill(fakesnow_port, here, [json.dumps(login(FIRST, 1))])
    tables = [
        {"account": account, "format": "snowflake", "path": name}
        for account, name in (("us", here), ("eu", gone))
    ]
    write_table_project(tmp_path, fakesnow_port, tables)

    with opened(tmp_path, "snow") as site:
        events, bad, _ = landed(site)
        verdict = site.verdicts("raw/events", "accounts")

    assert [row["event_id"] for row in events] == [f"{FIRST}-1"]
    assert bad == []
    assert gone.split(".")[1] in str(verdict)


def test_a_missing_table_is_told_with_the_environment_and_a_mend(
    tmp_path: Path, fakesnow_port: int
) -> None:
    name = f"{flakes.DATABASE}.RAW.NO_SUCH_TABLE"
    write_table_project(tmp_path, fakesnow_port, {"format": "snowflake", "path": name})

    with opened(tmp_path, "snow") as site, pytest.raises(RawFileError) as refusal:
        site.run(FIRST, ALSO, select=EVENTS)

    assert "environments/snow.json" in str(refusal.value)
    assert f"GRANT SELECT ON TABLE {name}" in str(refusal.value)
