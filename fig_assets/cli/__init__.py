"""The shell door: parses, calls `Project`, prints. Exit status 0, 1 (problems), 2 (usage), 3.

The commands import what they need when they are called: `fig --help` reads no project.
"""

import gc

import click

from fig_assets.cli.base import COLLECT_EVERY, Group
from fig_assets.cli.checking import lock, schema, validate
from fig_assets.cli.computing import plan, run
from fig_assets.cli.explaining import explain
from fig_assets.cli.made_up import demo, sample
from fig_assets.cli.models import models
from fig_assets.cli.projects import project
from fig_assets.cli.reading import query, sql
from fig_assets.cli.reports import report
from fig_assets.cli.versions import diff, drop, usage

__all__ = ["COLLECT_EVERY", "main"]


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Features, labels and models of an event stream, written once, run as a Dagster project."""
    gc.set_threshold(*COLLECT_EVERY)


for command in (
    validate,
    lock,
    schema,
    run,
    plan,
    query,
    sql,
    explain,
    usage,
    diff,
    drop,
    report,
    models,
    project,
    sample,
    demo,
):
    main.add_command(command)
