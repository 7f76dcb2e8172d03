"""Commands about versions: `fig usage`, who reads what."""

import json
from dataclasses import asdict

import click

from fig_assets.cli.base import in_project

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
