"""Commands that report on what was computed: what weak labels did, how good models are."""

import json
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING

import click

from fig_assets.cli.base import DAY, DAYS, in_project, out, show_table, write_page
from fig_assets.cli.models import numbers

if TYPE_CHECKING:
    from fig_assets.models.label_report import LabelReport
    from fig_assets.workflow.learning.model_report import Training

COLUMNS = ("votes", "coverage", "overlaps", "conflicts", "agreement", "accuracy", "drift")


@click.group()
def report() -> None:
    """Report on what was computed.

    Example: fig report labels request_labels --days 14
    """


@report.command()
@in_project
@click.argument("name", required=False)
@click.option("--strong", help="The strong label to compare with; the first when left out.")
@click.option("--days", type=DAYS, default=7, show_default=True, help="How many days.")
@click.option("--to", "end", type=DAY, help="Last day; the last stored one when left out.")
@click.option("--html", "page", type=click.Path(dir_okay=False), help="Write a page to a file.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def labels(
    folder: str,
    env: str,
    name: str | None,
    *,
    strong: str | None,
    days: int,
    end: datetime | None,
    page: str | None,
    as_json: bool,
) -> None:
    """Say what each weak label of the label set NAME did: the only one when left out.

    coverage, overlaps and conflicts are shares of all rows. agreement is with the strong label,
    accuracy is what a label model learns without any truth, drift is the coverage of the last
    day less that of the days before. Where the set names a table of truth, precision, recall and
    F1 on the rows whose class it knows follow, and a warning for a strong label that loses to the
    plurality of its votes.

    Example: fig report labels request_labels --days 7
    """
    from fig_assets.project import load_project

    with load_project(folder, env) as project:
        last = end.date() if end else None
        told = project.report_labels(name, days=days, end=last, strong=strong)
    if page is not None:
        from fig_assets.cli.labels_page import labels_page

        write_page(page, labels_page(told), project.config.environment.spec)
    if as_json:
        click.echo(json.dumps(asdict(told), default=str))
        return
    _show(told)


@report.command()
@in_project
@click.argument("name", required=False)
@click.option("--html", "page", type=click.Path(dir_okay=False), help="Write a page to a file.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def models(folder: str, env: str, name: str | None, *, as_json: bool, page: str | None) -> None:
    """Say of each trained version of the model NAME, or of all, how good it is and why it is used.

    Example: fig report models request_threat_scorer --html models.html
    """
    from fig_assets.project import load_project

    with load_project(folder, env) as project:
        found = project.report_models(name)
    if page is not None:
        from fig_assets.cli.models_page import models_page

        write_page(page, models_page(found), project.config.environment.spec)
    if as_json:
        click.echo(json.dumps(list(map(asdict, found)), default=str))
        return
    for training in found:
        _show_training(training)
    if not found:
        click.echo("nothing was trained yet")


@report.command()
@in_project
@click.argument("name", required=False)
@click.option("--first", type=DAY, help="First day; 14 days when left out.")
@click.option("--last", type=DAY, help="Last day; the last one with scores when left out.")
@click.option("--html", "page", type=click.Path(dir_okay=False), help="Write a page to a file.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def drift(
    folder: str,
    env: str,
    name: str | None,
    *,
    first: datetime | None,
    last: datetime | None,
    page: str | None,
    as_json: bool,
) -> None:
    """Say how far inputs and scores of the model NAME, or of all, lay from its training, by day.

    PSI is the population stability index: below 0.1 is little, above 0.25 much. Metrics are there
    once the labels of a day have come.

    Example: fig report drift request_threat_scorer --first 2026-11-01
    """
    from fig_assets.cli.drift_report import drift_page, show
    from fig_assets.project import load_project

    with load_project(folder, env) as project:
        days = [day.date() if day else None for day in (first, last)]
        found = project.report_drift(name, *days)
    if page is not None:
        write_page(page, drift_page(found), project.config.environment.spec)
    if as_json:
        click.echo(json.dumps(list(map(asdict, found)), default=str))
        return
    for model in found:
        show(out, model)


def _show_training(it: "Training") -> None:
    force = ", in force" if it.is_champion else ""
    lines = [f"{it.identity} trained for {it.trained_for}{force}"]
    if it.first:
        learned = f"{it.rows:,} rows, {it.positives:,} positive, of {it.first} to {it.last}"
        lines.append(f"  learned from {learned}")
    lines += [f"  {text}" for text in (numbers(it.metrics, it.intervals), it.problem) if text]
    if it.outcome:
        lines.append(f"  {it.outcome}: {it.reason}")
    for line in lines:
        out.print(line, highlight=False, markup=False, soft_wrap=True)


def _show(told: "LabelReport") -> None:
    from rich.table import Table

    span = f"{told.start} to {told.end}"
    out.print(f"{told.label_set}, {span}: {told.rows:,} rows", highlight=False)
    given = ", ".join(f"{rows:,} {name}" for name, rows in told.classes.items())
    rest = f"{told.unlabelled:,} without a class, {told.silent:,} without a vote"
    out.print(f"{told.strong}: {given}; {rest}", highlight=False, soft_wrap=True)
    table = Table("weak label", "votes for", *COLUMNS)
    for voter in told.voters:
        shares = [getattr(voter, name) for name in COLUMNS[1:]]
        polarity = ", ".join(voter.polarity) or "-"
        table.add_row(voter.name, polarity, f"{voter.votes:,}", *map(_share, shares))
    show_table(table)
    pairs = [
        (share, one, other)
        for place, (one, row) in enumerate(told.between.items())
        for other, share in list(row.items())[place + 1 :]
        if share
    ]
    for share, one, other in sorted(pairs, reverse=True)[:5]:
        out.print(f"{one} and {other} disagree on {_share(share)} of the rows", highlight=False)
    _show_truth(told)


def _show_truth(told: "LabelReport") -> None:
    from rich.table import Table

    from fig_assets.cli.labels_page import MEASURED

    if told.measured:
        table = Table("label", "rows of known class", *MEASURED)
        for it in told.measured:
            table.add_row(it.name, f"{it.rows:,}", *(_share(getattr(it, n)) for n in MEASURED))
        show_table(table)
    for words in told.warnings:
        out.print(f"warning: {words}", highlight=False, markup=False, soft_wrap=True)


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.2%}"
