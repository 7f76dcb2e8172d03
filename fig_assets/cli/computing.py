"""Commands that compute: `fig run`, and `fig plan`, which says what there is to compute."""

import json
import sys
from datetime import datetime

import click
from rich.table import Table as RichTable

from fig_assets.cli.base import DAY, PROBLEMS, SOMETHING_TO_DO, err, in_project, out


@click.command()
@in_project
@click.option("--from", "start", type=DAY, required=True, help="First day.")
@click.option("--to", "end", type=DAY, required=True, help="Last day, included.")
@click.option("--select", help="Assets, in Dagster's selection syntax.")
@click.option("--train", is_flag=True, help="Train for the last day even if it is not due.")
@click.option("--stale", is_flag=True, help="Compute only what is missing or stale.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def run(
    folder: str,
    env: str,
    *,
    start: datetime,
    end: datetime,
    select: str | None,
    train: bool,
    stale: bool,
    as_json: bool,
) -> None:
    """Materialise assets for a range of days, in this process, into DAGSTER_HOME.

    Example: fig run --from 2026-11-01 --to 2026-11-07 --select '+key:"families/asn/*"'
    """
    from fig_assets.project import load_project
    from fig_assets.terminal import Display, show_summary

    with load_project(folder, env) as project, Display(err, shown=not as_json) as display:
        summary = project.execute_workflow(
            start.date(),
            end.date(),
            select,
            train,
            only_stale=stale,
            progress=display.progress,
            on_plan=display.plan,
        )
    if as_json:
        click.echo(json.dumps(summary.as_json()))
    else:
        show_summary(out, summary)
    if not summary.ok:
        sys.exit(PROBLEMS)


@click.command()
@in_project
@click.option("--from", "start", type=DAY, required=True, help="First day.")
@click.option("--to", "end", type=DAY, required=True, help="Last day, included.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def plan(folder: str, env: str, *, start: datetime, end: datetime, as_json: bool) -> None:
    """Say what is missing or stale, and why. Exit status 3 where there is something to do.

    It compares with what is stored now, so it looks one layer deep: what hangs below a changed day
    is listed only once its inputs were computed. `fig run --stale` goes on to the end.

    Example: fig plan --from 2026-11-01 --to 2026-11-07
    """
    from fig_assets.project import load_project

    with load_project(folder, env) as project:
        found = project.plan(start.date(), end.date())
    if as_json:
        rows = {op: {str(day): why for day, why in days.items()} for op, days in found.items()}
        click.echo(json.dumps(rows))
    else:
        table = RichTable("op", "days", "first", "last", "why")
        for op, days in found.items():
            why = ", ".join(sorted(set(days.values())))
            table.add_row(op, str(len(days)), str(min(days)), str(max(days)), why)
        out.print(table if found else "nothing is missing or stale")
    if found:
        sys.exit(SOMETHING_TO_DO)
