"""Commands that read: `fig sql` the statements, `fig query` the rows."""

import json
from datetime import datetime
from typing import TYPE_CHECKING

import click
from rich.table import Table as RichTable

from fig_assets.cli.base import COUNT, DAY, in_project, out, yesterday

if TYPE_CHECKING:
    import pyarrow as pa

MOST_COLUMNS = 6
"""More than these do not fit beside each other in a terminal."""
ROWS, FEW_ROWS = 20, 3
"""How many rows are printed unless asked otherwise; few where each is a block of lines."""


@click.command()
@in_project
@click.argument("name")
@click.option("--period", help="Period of a windowed family.")
@click.option("--day", type=DAY, help="Day; yesterday when left out.")
def sql(folder: str, env: str, name: str, period: str | None, day: datetime | None) -> None:
    """Print the statement that computes a relation for a day; it runs as it stands.

    Example: fig sql asn --period weekly_by_day --day 2026-11-07
    """
    from fig_assets.project import load_project

    with load_project(folder, env) as project:
        wanted = day.date() if day else yesterday()
        click.echo(project.sql(name, period, day=wanted), nl=False)


@click.command()
@in_project
@click.argument("name")
@click.option("--period", help="Period of a windowed family.")
@click.option("--from", "start", type=DAY, help="First day.")
@click.option("--to", "end", type=DAY, help="Last day, included.")
@click.option("--columns", help="Names separated by commas; all when left out.")
@click.option("--limit", type=COUNT, help="Rows to print; 20 when left out, 3 of wide ones.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines.")
def query(
    folder: str,
    env: str,
    name: str,
    *,
    period: str | None,
    start: datetime | None,
    end: datetime | None,
    columns: str | None,
    limit: int | None,
    as_json: bool,
) -> None:
    """Print rows of an event, table, family, label set or model's scores.

    Example: fig query asn --period weekly_by_day --columns failure_rate,login_count
    """
    from fig_assets.project import load_project

    with load_project(folder, env) as project:
        asked = [part.strip() for part in columns.split(",")] if columns else None
        asked = asked or project.plain_columns(name, period)
        first, last = start and start.date(), end and end.date()
        rows = project.read(name, period, first, last, asked)
    is_wide = columns is None and not as_json and rows.num_columns > MOST_COLUMNS
    shown = rows.slice(0, (FEW_ROWS if is_wide else ROWS) if limit is None else limit)
    if as_json:
        for row in shown.to_pylist():
            click.echo(json.dumps(row, default=str))
    elif rows.num_rows:
        _show_rows(shown)
        out.print(f"{shown.num_rows} of {rows.num_rows} rows")
    else:
        out.print(f"no rows of {name} in environment '{env}' on these days")
        out.print(f"  fig plan --env {env} tells what was never built; --env chooses another")


def _show_rows(rows: "pa.Table") -> None:
    """Print a table; where it would not fit, one block of lines for each row."""
    texts = [
        {name: "" if value is None else str(value) for name, value in row.items()}
        for row in rows.to_pylist()
    ]
    if rows.num_columns <= MOST_COLUMNS:
        table = RichTable(*rows.column_names)
        for row in texts:
            table.add_row(*row.values())
        out.print(table)
        return
    width = max(map(len, rows.column_names))
    for row in texts:
        for name, text in row.items():
            out.print(f"{name:<{width}}  {text}", markup=False, highlight=False)
        out.print()
