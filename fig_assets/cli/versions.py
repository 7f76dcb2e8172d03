"""Commands about versions: who reads what, what another would change, what can go."""

import json
import sys
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING

import click

from fig_assets.cli.base import DAY, DAYS, PROBLEMS, SHARE, in_project, out, write_page

if TYPE_CHECKING:
    from fig_assets.workflow.changing.drop import Leftover, Leftovers

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
        write_page(page, diff_page(found), project.config.environment.spec)
    if as_json:
        click.echo(json.dumps(diff_json(found), default=str))
        return
    show_diff(out, found)
    if page:
        click.echo(f"the page: {page}")


@click.command()
@in_project
@click.option("--yes", "confirmed", is_flag=True, help="Drop them; otherwise they are only listed.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def drop(folder: str, env: str, *, confirmed: bool, as_json: bool) -> None:
    """List the stored columns of retired and removed versions, or drop them with --yes.

    Columns that a model in force was trained on stay, and so does what the lock does not know.

    Example: fig drop --yes
    """
    from fig_assets.project import load_project

    with load_project(folder, env) as project:
        found, days = project.drop(confirmed=confirmed)
    if as_json:
        told: dict[str, object] = {"dropped_days": days, "columns": list(map(asdict, found.free))}
        told["consumed"] = list(map(asdict, found.consumed))
        told["unknown"] = list(map(asdict, found.unknown))
        click.echo(json.dumps(told, default=str))
    else:
        _show_leftovers(found, days, confirmed=confirmed)
    if found.consumed:
        sys.exit(PROBLEMS)


def _show_leftovers(found: "Leftovers", days: int, *, confirmed: bool) -> None:
    for one in found.free:
        click.echo(f"{one.key}  {one.why}, {_span(one)}")
    for one in found.consumed:
        readers = ", ".join(one.consumers)
        click.echo(f"{one.key}  {one.why}, {_span(one)}: kept, read by the {readers}")
        click.echo("  fix: train the model anew with: fig run --train, then drop again")
    for one in found.unknown:
        click.echo(
            f"{one.key}  left alone: neither the project nor its lock knows it, {_span(one)}"
        )
    size = sum(one.bytes for one in found.free)
    if not found.free:
        click.echo("nothing is to be dropped")
    elif confirmed:
        click.echo(f"{len(found.free)} columns dropped from {days} files, {size:,} bytes")
    else:
        click.echo(f"{len(found.free)} columns, {size:,} bytes; nothing was dropped yet")
        click.echo("  to drop them: fig drop --yes")


def _span(one: "Leftover") -> str:
    first, last = one.days[0], one.days[-1]
    count = "1 day" if len(one.days) == 1 else f"{len(one.days)} days"
    return f"{count} from {first} to {last}, {one.bytes:,} bytes"
