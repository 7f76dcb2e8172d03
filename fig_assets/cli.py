"""The shell door: parses, calls `Project`, prints. Exit status 0, 1 (problems), 2 (usage), 3."""

import gc
import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import click
import pyarrow as pa
from rich.console import Console
from rich.table import Table as RichTable

from fig_assets.errors import ConfigError, FigError, Problem
from fig_assets.problems import MOST, more_text, problem_json, problem_text, show_problems
from fig_assets.project import Project, load_project
from fig_assets.terminal import Display, show_proofs, show_summary
from fig_assets.workflow.lock import lock_project

F = TypeVar("F", bound=Callable[..., object])
MOST_COLUMNS = 6
"""More than these do not fit beside each other in a terminal."""
ROWS, FEW_ROWS = 20, 3
"""How many rows are printed unless asked otherwise; few where each is a block of lines."""
NOTHING_TO_DO, PROBLEMS, SOMETHING_TO_DO = 0, 1, 3
DAY = click.DateTime(formats=["%Y-%m-%d"])
EVENTS, DAYS, COUNT = click.IntRange(min=100), click.IntRange(min=1), click.IntRange(min=0)
GUIDE = "docs/editor.md"
COLLECT_EVERY = (100_000, 10, 10)
"""When Python looks for garbage: a project of thousands of features is a million objects."""
out, err = Console(), Console(stderr=True)


class Group(click.Group):
    """Turns what this package explains into a message and exit status 1."""

    def invoke(self, ctx: click.Context) -> object:
        """Run a command; a `FigError` is a message for the user, never a traceback."""
        try:
            return super().invoke(ctx)
        except FigError as refusal:
            text = show_problems(refusal) if isinstance(refusal, ConfigError) else str(refusal)
            err.print(text, markup=False, highlight=False, soft_wrap=True)
            ctx.exit(PROBLEMS)


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Features, labels and models of an event stream, written once, run as a Dagster project."""
    gc.set_threshold(*COLLECT_EVERY)


def in_project(command: F) -> F:
    """Add the options by which every command finds its project."""
    command = click.option(
        "--env", envvar="FIG_ENV", default="local", show_default=True, help="Environment."
    )(command)
    return click.option(
        "--project",
        "folder",
        envvar="FIG_PROJECT",
        default="configs",
        show_default=True,
        help="Folder of the project.",
    )(command)


@main.command()
@in_project
@click.option("--strict", is_flag=True, help="Exit with 1 on warnings too.")
@click.option("--list", "listed", is_flag=True, help="List every asset key with its id.")
@click.option("--prove", "proving", is_flag=True, help="Run on a made-up sample and prove it.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def validate(
    folder: str, env: str, *, strict: bool, listed: bool, proving: bool, as_json: bool
) -> None:
    """Check the whole configuration and every statement, without touching data.

    With --prove it also runs on a small made-up sample in a temporary lake, and what it promises
    is proved or refuted there: no look-ahead, incremental runs, untouched neighbours, joins.

    Example: fig validate --strict
    """
    try:
        project, outdated, statements = _checked(folder, env)
    except ConfigError as refusal:
        if not as_json:
            raise
        problems = [problem_json(problem) for problem in refusal.problems]
        click.echo(json.dumps({"valid": False, "problems": problems}))
        sys.exit(PROBLEMS)
    with project:
        graph, told = project.graph, (*project.warnings, *outdated)
        proved = project.prove() if proving else None
        if as_json:
            facts: dict[str, object] = {"valid": True, "attributes": len(graph.attributes)}
            facts |= {"ops": len(graph.ops), "statements": statements}
            facts |= {"proofs": proved.as_json()} if proved else {}
            problems = [problem_json(problem) for problem in told]
            click.echo(json.dumps({**facts, "problems": problems}))
        else:
            _show_problems(told)
            out.print(
                f"{graph.name} is valid in '{env}': {len(graph.attributes)} attribute versions, "
                f"{len(graph.ops)} ops, {statements} statements bind"
            )
            if listed:
                for key in sorted(key for op in graph.ops for key in op.keys):
                    number = project.number(key)
                    click.echo("/".join(key) + (f"  #{number}" if number else ""))
            if proved:
                show_proofs(out, proved)
        if (strict and told) or (proved and not proved.holds):
            sys.exit(PROBLEMS)


@main.command()
@in_project
@click.option("--allow-change", multiple=True, help="Accept another meaning of this version.")
@click.option("--follow", multiple=True, help="Move this consumer to today's default versions.")
@click.option("--merge", is_flag=True, help="Take both sides of a merge first.")
@click.option("--upgrade-rules", is_flag=True, help="Take this program's fingerprints.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def lock(
    folder: str,
    env: str,
    *,
    allow_change: tuple[str, ...],
    follow: tuple[str, ...],
    merge: bool,
    upgrade_rules: bool,
    as_json: bool,
) -> None:
    """Give each new attribute version its id for ever; refuse a changed meaning of a locked one.

    Example: fig lock --allow-change asn.failure_rate@1
    """
    report = lock_project(
        Path(folder),
        env,
        allow_change=allow_change,
        follow=follow,
        merge=merge,
        upgrade_rules=upgrade_rules,
    )
    found = report.difference
    if as_json:
        click.echo(json.dumps({**asdict(found), "next_id": report.next_id}))
        return
    for mark, keys in (("+", found.new), ("-", found.removed), ("~", found.changed)):
        for key in keys:
            click.echo(f"{mark} {key}")
    words = f"{len(found.new)} new, {len(found.removed)} removed, {len(found.changed)} changed"
    click.echo(f"{report.file.name}: {words if report.is_written else 'nothing to do'}")


@main.command()
@click.option(
    "--project",
    "folder",
    envvar="FIG_PROJECT",
    default="configs",
    show_default=True,
    help="Folder of the project.",
)
@click.option("--out", default=".fig/schemas", show_default=True, help="Folder to write to.")
@click.option("--settings/--no-settings", default=True, help="Tell VS Code as well.")
def schema(folder: str, out: str, *, settings: bool) -> None:
    """Write JSON Schemas, by which editors complete, explain and check configuration files.

    Example: fig schema
    """
    from fig_assets.config.editor import SETTINGS, write_schemas

    here = Path.cwd()
    inside = Path(folder).resolve().is_relative_to(here)
    workspace = here if inside else Path(folder).resolve().parent
    written = write_schemas(Path(folder), Path(out), workspace, settings=settings)
    click.echo(f"{len(written.schemas)} schemas in {out}")
    if written.settings is not None:
        click.echo(f"{SETTINGS} names them; other editors: {GUIDE}")
        return
    if settings:
        click.echo(f"{workspace / SETTINGS} is no plain JSON and stays as it is; add to it:")
    click.echo(json.dumps(written.snippet, indent=2))


@main.command()
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


@main.command()
@in_project
@click.argument("name")
@click.option("--period", help="Period of a windowed family.")
@click.option("--day", type=DAY, help="Day; yesterday when left out.")
def sql(folder: str, env: str, name: str, period: str | None, day: datetime | None) -> None:
    """Print the statement that computes a relation for a day; it runs as it stands.

    Example: fig sql asn --period weekly_by_day --day 2026-11-07
    """
    with load_project(folder, env) as project:
        wanted = day.date() if day else _yesterday()
        click.echo(project.sql(name, period, day=wanted), nl=False)


@main.command()
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


@main.command()
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


@main.command()
@click.option("--out", "target", default="data/raw", show_default=True, help="Folder to write to.")
@click.option("--from", "start", type=DAY, required=True, help="First day.")
@click.option("--to", "end", type=DAY, required=True, help="Last day, included.")
@click.option("--events", type=EVENTS, default=10_000, show_default=True, help="Events a day.")
@click.option("--seed", type=COUNT, default=7, show_default=True, help="Same seed, same events.")
def sample(target: str, *, start: datetime, end: datetime, events: int, seed: int) -> None:
    """Write made-up sign-in events, one gzip file a day, and the hidden truth beside them.

    Example: fig sample --from 2026-10-01 --to 2026-10-07 --events 1000
    """
    from fig_assets.sample import write_days

    if end < start:
        raise click.UsageError("the day of --to is before the day of --from")
    with Display(err) as display:
        display.plan({"sample": (end - start).days + 1})
        written = write_days(
            Path(target),
            start.date(),
            end.date(),
            events_per_day=events,
            seed=seed,
            on_day=lambda day, _: display.progress("sample", day),
        )
    out.print(f"{written:,} events in {target}/events, the truth in {target}/truth")


@main.command()
@click.option("--days", type=DAYS, default=35, show_default=True, help="Days until yesterday.")
@click.option("--events", type=EVENTS, default=10_000, show_default=True, help="Events a day.")
@click.option("--project", "folder", default="configs", show_default=True, help="Project.")
def demo(*, days: int, events: int, folder: str) -> None:
    """Run the whole pipeline on made-up sign-ins; a second run does what is missing only.

    Example: fig demo --days 14 --events 1000
    """
    from fig_assets.demo import run_demo

    if not run_demo(Path(folder), days=days, events_per_day=events, out=out, err=err):
        sys.exit(PROBLEMS)


def _checked(folder: str, env: str) -> tuple[Project, tuple[Problem, ...], int]:
    """Return the project, what its lock file lacks, and how many statements bind."""
    project = load_project(folder, env)
    outdated = project.lock_problems()
    if any(problem.severity == "error" for problem in outdated):
        raise ConfigError(outdated)
    return project, outdated, project.bind()


def _yesterday() -> date:
    return datetime.now(UTC).date() - timedelta(days=1)


def _show_problems(problems: tuple[Problem, ...]) -> None:
    shown = [f"warning: {problem_text(problem)}" for problem in problems[:MOST]]
    for text in [*shown, *more_text(len(problems))]:
        err.print(text, markup=False, highlight=False, soft_wrap=True)


def _show_rows(rows: pa.Table) -> None:
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
