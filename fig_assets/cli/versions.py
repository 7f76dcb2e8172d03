"""Commands about versions: `fig usage`, who reads what; `fig diff`, what another would change."""

import json
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import click

from fig_assets.cli.base import DAY, DAYS, SHARE, in_project, out
from fig_assets.errors import WorkflowError

MOST_READERS = 3
"""So many readers of a version are named, unless one name is asked for."""


@click.command()
@in_project
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def usage(folder: str, env: str, name: str | None, *, as_json: bool) -> None:
    """Say who reads each version of each attribute, and what nobody reads.

    NAME is a family, an event, a label set or a model; one of its attributes; or one version.

    Example: fig usage asn.failure_rate
    """
    from fig_assets.project import load_project

    with load_project(folder, env) as project:
        found = project.usage(name)
    if as_json:
        rows = [{**asdict(used), "is_unused": used.is_unused} for used in found]
        click.echo(json.dumps(rows))
        return
    for used in found:
        click.echo(used.identity + (f"  ({used.state})" if used.state else ""))
        most = len(used.readers) if name else MOST_READERS
        more = [f"and {len(used.readers) - most} more"] if len(used.readers) > most else []
        if used.readers:
            click.echo(f"  read by {', '.join([*used.readers[:most], *more])}")
        if used.models:
            click.echo(f"  models behind: {', '.join(used.models)}")
    unused = [used.identity for used in found if used.is_unused]
    if unused:
        click.echo(f"nobody reads {len(unused)}: {', '.join(unused)}")


@click.command()
@in_project
@click.argument("left")
@click.argument("right")
@click.option("--days", type=DAYS, default=14, show_default=True, help="How many days.")
@click.option("--to", "end", type=DAY, help="Last day; the last stored one when left out.")
@click.option("--period", help="One period of a windowed family; all when left out.")
@click.option("--threshold", type=SHARE, help="Score of an alert; the model's own when left out.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--html", "page", type=click.Path(dir_okay=False), help="Write a page with plots.")
def diff(
    folder: str,
    env: str,
    left: str,
    right: str,
    *,
    days: int,
    end: datetime | None,
    period: str | None,
    threshold: float | None,
    as_json: bool,
    page: str | None,
) -> None:
    """Compare two versions of an attribute, and what each model would make of the other one.

    Nothing is stored and nothing is trained: models score the same rows once more, with the other
    version in place of the one they read, directly or through joins and features.

    Example: fig diff asn.failure_rate@1 asn.failure_rate@2 --days 14 --html diff.html
    """
    from fig_assets.cli.diff_page import diff_page
    from fig_assets.cli.diff_text import diff_json, show_diff
    from fig_assets.project import load_project

    last = end.date() if end else None
    with load_project(folder, env) as project:
        found = project.diff(left, right, days=days, end=last, period=period, threshold=threshold)
    if page:
        try:
            Path(page).write_text(diff_page(found), encoding="utf-8")
        except OSError as refusal:
            words = f"{page}: the page cannot be written: {refusal.strerror}"
            raise WorkflowError(
                f"{words}\n  fix: name a file in a folder that is there"
            ) from refusal
    if as_json:
        click.echo(json.dumps(diff_json(found), default=str))
        return
    show_diff(out, found)
    if page:
        click.echo(f"the page: {page}")
