"""`fig explain`: why a row has its score."""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING

import click

from fig_assets.cli.base import COUNT, DAY, PROBLEMS, err, in_project, out

if TYPE_CHECKING:
    from fig_assets.graph.seen import Seen
    from fig_assets.workflow.learning.explained import Explained, Part, Vote

LONGEST_VALUE = 40


@click.command()
@in_project
@click.argument("name")
@click.argument("key")
@click.option("--day", type=DAY, help="Day of the row; the last one it was scored on.")
@click.option("--model", help="The one model of the family to ask; all when left out.")
@click.option("--top", type=COUNT, default=10, show_default=True, help="How many attributes.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with all attributes.")
@click.pass_context
def explain(
    ctx: click.Context,
    folder: str,
    env: str,
    name: str,
    key: str,
    *,
    day: datetime | None,
    model: str | None,
    top: int,
    as_json: bool,
) -> None:
    """Say why the row KEY of the family or model NAME has its score, and compute it again.

    Example: fig explain request 0a1b2c3d
    """
    from fig_assets.project import load_project

    with load_project(folder, env) as project:
        found = project.explain(name, key, day=day.date() if day else None, model=model)
    if as_json:
        click.echo(json.dumps(list(map(asdict, found)), default=str))
    for told in found:
        if not as_json:
            _show(told, top)
        if told.replay.problem:
            err.print(told.replay.problem, markup=False, highlight=False, soft_wrap=True)
    if not all(told.replay.exact for told in found):
        ctx.exit(PROBLEMS)


def _show(told: "Explained", top: int) -> None:
    _line(f"{told.family} '{told.key}' of {told.day}")
    _line(f"{told.model} scored it {told.score!r}; champion trained for {told.trained_for}")
    if told.replay.exact:
        _line("  replay: computed again from the stored values, the same to the last bit")
    else:
        _line(
            f"  replay: computed again it is {told.replay.score!r}, which is NOT the stored score"
        )
    if told.base is not None and told.log_odds is not None:
        sum_of = f"{told.base:+.3f} of an average row, plus all contributions"
        raw = 1 / (1 + math.exp(-told.log_odds))
        _line(f"  log odds {told.log_odds:+.3f} = {sum_of}")
        if not math.isclose(raw, told.score, rel_tol=1e-9):
            _line(f"  that is {raw:.4f} before the calibration, {told.score:.4f} after it")
    else:
        _line("  the code of this model does not tell what each attribute contributed")
    _show_parts(told, top)
    for title, votes in (("weak labels", told.weak_labels), ("strong labels", told.strong_labels)):
        if votes:
            _line(f"{title}: {_votes(votes)}")
    if told.labels_problem:
        _line(f"labels: {told.labels_problem}")


def _show_parts(told: "Explained", top: int) -> None:
    from rich.table import Column, Table
    from rich.text import Text

    heads = ("attribute", "id", "value", "log odds", "computed from", "of the day's rows")
    table = Table(*(Column(head, overflow="fold") for head in heads))
    for part in told.parts[:top]:
        cells = (
            part.attribute.removeprefix(f"{told.family}."),
            "" if part.attribute_id is None else f"#{part.attribute_id}",
            _value(part),
            "" if part.contribution is None else f"{part.contribution:+.3f}",
            "; ".join(map(_seen, part.seen)),
            _compared(part),
        )
        table.add_row(*map(Text, cells))
    out.print(table)
    rest = told.parts[top:]
    if rest:
        known = [part.contribution for part in rest if part.contribution is not None]
        others = f" contribute {sum(known):+.3f} together" if known else ""
        _line(f"{len(rest)} more attributes{others}: --top, --json")
    _line("days are the first and the last that count, both included")


def _value(part: "Part") -> str:
    if part.value is None:
        return "NULL"
    kept = part.value if part.value.isprintable() else repr(part.value)
    return kept if len(kept) <= LONGEST_VALUE else f"{kept[: LONGEST_VALUE - 1]}…"


def _seen(seen: "Seen") -> str:
    name = f"{seen.source} {seen.period}" if seen.period else seen.source
    if seen.first is None:
        return name
    days = f"{seen.first}" if seen.first == seen.last else f"{seen.first} to {seen.last}"
    return f"{name} {days}" + ("" if seen.complete else ", begins before the project")


def _compared(part: "Part") -> str:
    same = f"{part.same:.1%} {'are NULL' if part.value is None else 'the same'}"
    return same if part.lower is None else f"{part.lower:.1%} lower, {same}"


def _votes(votes: "Sequence[Vote]") -> str:
    """Write the labels that say something, and how many abstain."""
    said = [f"{vote.label.partition('.')[2]} {vote.value}" for vote in votes if vote.value]
    silent = len(votes) - len(said)
    return ", ".join([*said, *([f"{silent} abstain"] if silent else [])])


def _line(text: str) -> None:
    out.print(text, markup=False, highlight=False, soft_wrap=True)
