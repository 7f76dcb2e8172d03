"""Commands about the project as a whole: `fig project diff`, what a branch changes."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from fig_assets.cli.base import in_project

if TYPE_CHECKING:
    from fig_assets.workflow.changing.branch import BranchDiff

MARKS = {
    "added": "+", "new version": "+", "changed": "~", "retired": "-", "removed": "-",
}  # fmt: skip
MOST = 20
"""So many names are printed in one line; JSON has all."""


@click.group()
def project() -> None:
    """Look at the project as a whole.

    Example: fig project diff main
    """


@project.command()
@in_project
@click.argument("revision")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def diff(folder: str, env: str, revision: str, *, as_json: bool) -> None:
    """Say what the project in its folder changes against a git REVISION, for a pull request.

    Example: fig project diff main
    """
    from fig_assets.project import load_project

    with load_project(folder, env) as opened:
        found = opened.diff_branch(revision)
    if as_json:
        click.echo(json.dumps({**asdict(found), "column_days": found.cost.column_days}))
        return
    for line in _lines(found):
        click.echo(line)


def _lines(found: "BranchDiff") -> list[str]:
    title = f"against {found.revision} ({found.commit[:12]})"
    if not found.changes:
        return [f"{title}: nothing means anything else"]
    counts: dict[str, int] = {}
    for change in found.changes:
        counts[change.what] = counts.get(change.what, 0) + 1
    lines = [f"{title}: {', '.join(f'{count} {what}' for what, count in counts.items())}"]
    for change in found.changes:
        mark = MARKS.get(change.what, " ")
        note = f"  {change.note}" if change.note else ""
        lines.append(f"{mark} {change.what:<12} {change.kind:<9} {change.identity}{note}")
    affected = found.affected
    for title, names in (
        ("features", affected.features),
        ("labels", affected.labels),
        ("models", affected.models),
    ):
        if names:
            lines.append(f"affected {title}: {_named(names)}")
    cost = found.cost
    lines.append(
        f"to compute: {cost.new} new and {cost.again} dependent columns x {cost.days} days = "
        f"{cost.column_days:,} column days"
    )
    if cost.rows is not None and cost.bytes is not None and cost.column_days:
        lines.append(f"  in files of about {cost.rows:,} rows and {cost.bytes:,} bytes")
    if cost.trainings:
        lines.append(f"  and {cost.trainings} to train anew")
    return lines


def _named(names: Sequence[str]) -> str:
    more = [f"and {len(names) - MOST} more"] if len(names) > MOST else []
    return ", ".join([*names[:MOST], *more])
