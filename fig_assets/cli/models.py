"""Commands about trained models: which are in force and why, and choosing one by hand."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING

import click

from fig_assets.cli.base import DAY, in_project, out

if TYPE_CHECKING:
    from fig_assets.models.registry import Decision
    from fig_assets.workflow.learning.model_report import Standing

REASON = click.option("--reason", required=True, help="Why; it stands in the history.")
FROM = click.option("--from", "start", type=DAY, help="First day; the last decided when left out.")


@click.group()
def models() -> None:
    """Say which trained models are in force, and choose one by hand.

    Example: fig models list
    """


@models.command("list")
@in_project
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_models(folder: str, env: str, name: str | None, *, as_json: bool) -> None:
    """Say of each version of the model NAME, or of all, which champion is in force and why.

    Example: fig models list request_threat_scorer
    """
    from fig_assets.project import load_project

    with load_project(folder, env) as project:
        found = project.models(name)
    if as_json:
        click.echo(json.dumps(list(map(asdict, found)), default=str))
        return
    for model in found:
        _show(model)


@models.command()
@in_project
@click.argument("name")
@click.argument("training_day", type=DAY, metavar="TRAINING_DAY")
@FROM
@REASON
def promote(
    folder: str,
    env: str,
    name: str,
    training_day: datetime,
    *,
    start: datetime | None,
    reason: str,
) -> None:
    """Put the model NAME trained for TRAINING_DAY into force, whatever the rule decided.

    It stays until a candidate of a later day is promoted.

    Example: fig models promote request_threat_scorer 2026-10-18 --reason 'fewer false alarms'
    """
    from fig_assets.project import load_project

    first = start.date() if start else None
    with load_project(folder, env) as project:
        decision = project.promote(name, training_day.date(), start=first, reason=reason)
    _tell(decision)


@models.command()
@in_project
@click.argument("name")
@FROM
@REASON
def rollback(folder: str, env: str, name: str, *, start: datetime | None, reason: str) -> None:
    """Put the champion of the model NAME before the one in force into force again.

    Example: fig models rollback request_threat_scorer --reason 'alerts doubled'
    """
    from fig_assets.project import load_project

    first = start.date() if start else None
    with load_project(folder, env) as project:
        decision = project.rollback(name, start=first, reason=reason)
    _tell(decision)


def numbers(
    metrics: Mapping[str, float | None],
    intervals: Mapping[str, tuple[float, float]] | None = None,
) -> str:
    """Return metrics as one line, such as `oof_roc_auc 0.9312`; those unknown are left out.

    Where an interval is known it stands behind, such as ` (0.9210 to 0.9407)`.
    """
    known = [(name, value) for name, value in sorted(metrics.items()) if value is not None]
    told = {n: f" ({low:.4f} to {high:.4f})" for n, (low, high) in (intervals or {}).items()}
    return ", ".join(f"{name} {value:.4f}{told.get(name, '')}" for name, value in known)


def _tell(decision: "Decision") -> None:
    name = f"{decision.model}@{decision.version}"
    click.echo(f"{name} trained for {decision.champion} is in force from {decision.day} on")
    click.echo("  which scores are stale now: fig plan")


def _show(model: "Standing") -> None:
    head = f"{model.identity}: no model yet"
    if model.champion:
        head = f"{model.identity}: trained for {model.champion}, in force since {model.since}"
    out.print(head, highlight=False, markup=False, soft_wrap=True)
    for line in (model.problem, numbers(model.metrics)):
        if line:
            out.print(f"  {line}", highlight=False, markup=False, soft_wrap=True)
    for made in (*model.history, *model.untrained):
        line = f"  {made.day}  {made.outcome}: {made.reason}"
        out.print(line, highlight=False, markup=False, soft_wrap=True)
