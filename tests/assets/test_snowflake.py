"""A whole project on what answers like Snowflake, through Dagster: the rows are those of DuckDB."""

import math
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from fig_assets.sql.published import every_published, select_published
from tests.assets.signins import ENVIRONMENT, FIRST, Site, opened, write_project
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
