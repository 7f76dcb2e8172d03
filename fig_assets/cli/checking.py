"""Commands that look at the configuration alone: `fig validate`, `fig lock`, `fig schema`."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fig_assets.cli.base import PROBLEMS, in_project, out, show_warnings
from fig_assets.cli.environments import validate_all
from fig_assets.config.environment import EVERY
from fig_assets.errors import ConfigError, Problem
from fig_assets.problems import problem_json

if TYPE_CHECKING:
    from fig_assets.project import Project

GUIDE = "docs/editor.md"


@click.command()
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

    With --env all every environment is checked, each on its own.

    Example: fig validate --strict
    """
    if env == EVERY:
        if listed or proving:
            raise click.UsageError("--list and --prove are for one environment")
        sys.exit(validate_all(folder, strict=strict, as_json=as_json))
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
            show_warnings(told)
            out.print(
                f"{graph.name} is valid in '{env}': {len(graph.attributes)} attribute versions, "
                f"{len(graph.ops)} ops, {statements} statements bind"
            )
            if listed:
                for key in sorted(key for op in graph.ops for key in op.keys):
                    number = project.number(key)
                    click.echo("/".join(key) + (f"  #{number}" if number else ""))
            if proved:
                from fig_assets.terminal import show_proofs

                show_proofs(out, proved)
        if (strict and told) or (proved and not proved.holds):
            sys.exit(PROBLEMS)


@click.command()
@in_project
@click.option("--allow-change", multiple=True, help="Accept another meaning of this version.")
@click.option("--follow", multiple=True, help="Move this consumer to today's default versions.")
@click.option("--bump", multiple=True, help="Give every feature of this family a new version.")
@click.option("--merge", is_flag=True, help="Take both sides of a merge first.")
@click.option("--upgrade-rules", is_flag=True, help="Take this program's fingerprints.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def lock(
    folder: str,
    env: str,
    *,
    allow_change: tuple[str, ...],
    follow: tuple[str, ...],
    bump: tuple[str, ...],
    merge: bool,
    upgrade_rules: bool,
    as_json: bool,
) -> None:
    """Give each new attribute version its id for ever; refuse a changed meaning of a locked one.

    Example: fig lock --allow-change asn.failure_rate@1
    """
    from fig_assets.workflow.changing.lock import bump_families, lock_project

    path = Path(folder)
    if bump and (merge or upgrade_rules):
        raise click.UsageError("--bump goes with --follow and --allow-change only")
    if bump:
        report = bump_families(path, env, bump, allow_change=allow_change, follow=follow)
    else:
        report = lock_project(
            path,
            env,
            allow_change=allow_change,
            follow=follow,
            merge=merge,
            upgrade_rules=upgrade_rules,
        )
    found = report.difference
    if as_json:
        click.echo(json.dumps({**asdict(found), "next_id": report.next_id, "bumped": report.moved}))
        return
    for name, old, new in report.moved:
        click.echo(f"{name}: version {old} is version {new} now")
    for mark, keys in (("+", found.new), ("-", found.removed), ("~", found.changed)):
        for key in keys:
            click.echo(f"{mark} {key}")
    words = f"{len(found.new)} new, {len(found.removed)} removed, {len(found.changed)} changed"
    click.echo(f"{report.file.name}: {words if report.is_written else 'nothing to do'}")


@click.command()
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


def _checked(folder: str, env: str) -> "tuple[Project, tuple[Problem, ...], int]":
    """Return the project, what its lock file lacks, and how many statements bind."""
    from fig_assets.project import load_project

    project = load_project(folder, env)
    outdated = project.lock_problems()
    if any(problem.severity == "error" for problem in outdated):
        raise ConfigError(outdated)
    return project, outdated, project.bind()
