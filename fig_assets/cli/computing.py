"""Commands that compute: `fig run`, and `fig plan`, which says what there is to compute."""

import json
import sys
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fig_assets.cli.base import DAY, PROBLEMS, SOMETHING_TO_DO, err, in_project, out
from fig_assets.errors import WorkflowError

if TYPE_CHECKING:
    from fig_assets.project import Project
    from fig_assets.workflow.planning.planned import Plan

MADE_NOW = "-"
"""Stands for the file of a plan that is made when it is run."""


@click.command()
@in_project
@click.option("--from", "start", type=DAY, help="First day.")
@click.option("--to", "end", type=DAY, help="Last day, included.")
@click.option("--select", help="Assets, in Dagster's selection syntax.")
@click.option("--train", is_flag=True, help="Train for the last day even if it is not due.")
@click.option("--stale", is_flag=True, help="Compute only what is missing or stale.")
@click.option(
    "--plan",
    "plan_file",
    is_flag=False,
    flag_value=MADE_NOW,
    metavar="[FILE]",
    help="Compute exactly what a plan says: that of a file, or one made now.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def run(
    folder: str,
    env: str,
    *,
    start: datetime | None,
    end: datetime | None,
    select: str | None,
    train: bool,
    stale: bool,
    plan_file: str | None,
    as_json: bool,
) -> None:
    """Materialise assets for a range of days, in this process, into DAGSTER_HOME.

    Example: fig run --from 2026-11-01 --to 2026-11-07 --select '+key:"families/asn/*"'
    """
    from fig_assets.project import load_project
    from fig_assets.terminal import Display, show_summary

    if plan_file is None and (start is None or end is None):
        raise click.UsageError("--from and --to are needed, unless there is a --plan")
    if plan_file is not None and (select or train or stale):
        raise click.UsageError("--plan says what is computed: leave --select, --train, --stale out")
    days = (start and start.date(), end and end.date())
    with load_project(folder, env) as project, Display(err, shown=not as_json) as display:
        if plan_file is not None:
            summary = project.execute_plan(
                _plan_of(project, plan_file, *days),
                progress=display.progress,
                on_plan=display.plan,
            )
        elif days[0] is not None and days[1] is not None:
            summary = project.execute_workflow(
                *(days[0], days[1], select, train),
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
@click.option("--from", "start", type=DAY, help="First day; the project's start when left out.")
@click.option("--to", "end", type=DAY, help="Last day; yesterday, or the project's end.")
@click.option("--upgrade-rules", is_flag=True, help="Compute what cannot be compared too.")
@click.option("--out", "target", type=click.Path(dir_okay=False), help="Write the plan to a file.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def plan(
    folder: str,
    env: str,
    *,
    start: datetime | None,
    end: datetime | None,
    upgrade_rules: bool,
    target: str | None,
    as_json: bool,
) -> None:
    """Say what is to be computed, column by column, and why. Exit status 3 if there is something.

    It compares the project with what is stored, on all layers at once: also what will be stale when
    its inputs were computed. `fig run --plan` computes exactly that.

    Example: fig plan --out plan.json
    """
    from fig_assets.cli.show_plan import show_plan
    from fig_assets.project import load_project

    with load_project(folder, env) as project:
        found = project.plan(
            start and start.date(), end and end.date(), upgrade_rules=upgrade_rules
        )
    if target is not None:
        Path(target).write_text(found.to_text(), encoding="utf-8")
    if as_json:
        click.echo(json.dumps(found.as_json()))
    else:
        show_plan(out, found)
    if not found.is_empty:
        sys.exit(SOMETHING_TO_DO)


def _plan_of(project: "Project", file: str, start: date | None, end: date | None) -> "Plan":
    """Read a plan, or make one now."""
    from fig_assets.workflow.planning.planned import read_plan

    if file == MADE_NOW:
        return project.plan(start, end)
    if start or end:
        raise click.UsageError("a plan file has its days: leave --from and --to out")
    try:
        return read_plan(Path(file).read_text(encoding="utf-8"), file)
    except (OSError, UnicodeDecodeError) as refusal:
        raise WorkflowError(
            f"{file}: cannot be read: {refusal}\n  fix: fig plan --out {file}"
        ) from refusal
