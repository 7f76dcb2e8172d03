"""A `Diff` -> what the terminal shows, and what programs read."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from fig_assets.workflow.changing.comparison import Comparison, Row, Side
    from fig_assets.workflow.changing.diff import Diff, ModelShift

SHOWN = 5
"""So many examples are printed; JSON and page have all that were kept."""
VALUES = {"left_value": "left", "right_value": "right"}
SCORES = {"left_value": "score before", "right_value": "score after"}


def diff_json(diff: "Diff") -> dict[str, object]:
    """Return a diff as an object; days and moments become text."""
    return asdict(diff)


def show_diff(console: Console, diff: "Diff") -> None:
    """Print a diff: a table for each period, then what each model would do."""
    console.print(
        f"{diff.left} (left) and {diff.right} (right), {diff.start} to {diff.end}",
        highlight=False,
        soft_wrap=True,
    )
    for line in diff.outdated:
        console.print(f"warning: {line}", highlight=False, soft_wrap=True, markup=False)
    for title, found in diff.comparisons.items():
        console.print(side_table(title, found, "left", "right"))
        for line in sentences(found):
            console.print(f"  {line}", highlight=False, soft_wrap=True, markup=False)
        _show_rows(console, found.examples, VALUES)
    for shift in diff.models:
        _show_model(console, shift)
    if not diff.models:
        console.print("no model reads either of them")


def side_table(title: str, found: "Comparison", left: str, right: str) -> Table:
    """Return the numbers of both sides beside each other."""
    table = Table("", left, right, title=title)
    for name, one, other in side_rows(found):
        table.add_row(name, one, other)
    return table


def side_rows(found: "Comparison") -> Iterator[tuple[str, str, str]]:
    """Yield what each number is called, and it of both sides as text."""
    left, right = found.left, found.right
    yield "rows", f"{found.rows:,}", f"{found.rows:,}"
    yield "values", f"{left.values:,}", f"{right.values:,}"
    yield "NULL", f"{left.nulls:,}", f"{right.nulls:,}"
    yield "coverage", share(left.coverage), share(right.coverage)
    for name in ("mean", "deviation", "low", "high"):
        one, other = getattr(left, name), getattr(right, name)
        if one is not None or other is not None:
            yield name, number(one), number(other)
    yield from _quantiles(left, right)


def _quantiles(left: "Side", right: "Side") -> Iterator[tuple[str, str, str]]:
    one, other = dict(left.quantiles), dict(right.quantiles)
    for place in sorted({*one, *other}):
        yield f"quantile {place:g}", number(one.get(place)), number(other.get(place))


def sentences(found: "Comparison") -> list[str]:
    """Return what belongs to both sides together, a line each."""
    part = found.differ / found.rows if found.rows else 0.0
    lines = [f"rows that differ: {found.differ:,} of {found.rows:,} ({part:.2%})"]
    if found.kind == "number":
        lines.append(f"correlation of {found.both:,} pairs: {number(found.correlation)}")
    if found.kind != "vector":
        lines.append(
            f"PSI {number(found.psi)}, Jensen-Shannon distance {number(found.js_distance)}"
        )
    return lines


def decision_sentences(shift: "ModelShift") -> list[str]:
    """Return what happens at the threshold."""
    made = shift.decisions
    if made is None:
        return []
    limit = f"{made.threshold:g}"
    return [
        f"alerts at {limit} and above: {made.before:,} before, {made.after:,} after",
        f"{made.appear:,} appear, {made.vanish:,} vanish",
    ]


def refusals(shift: "ModelShift") -> list[str]:
    """Return why days were not scored, those of one reason together."""
    days: dict[str, list[str]] = {}
    for day, why in shift.refused.items():
        days.setdefault(why, []).append(day)
    return [
        f"{them[0]}: {why}" if len(them) == 1 else f"{len(them)} days from {them[0]} on: {why}"
        for why, them in days.items()
    ]


def number(value: float | None) -> str:
    """Write a number in six digits; a dash for none."""
    return "-" if value is None else f"{value:.6g}"


def share(value: float | None) -> str:
    """Write a share in per cent; a dash for none."""
    return "-" if value is None else f"{value:.2%}"


def shown_row(row: "Row", names: dict[str, str]) -> dict[str, str]:
    """Return a row of texts under the names that people see."""
    found = {}
    for name, value in row.items():
        text = number(value) if isinstance(value, float) else str(value)
        found[names.get(name, name)] = "NULL" if value is None else text
    return found


def _show_model(console: Console, shift: "ModelShift") -> None:
    console.print(f"\n{shift.model} with {shift.new} in place of {shift.old}", highlight=False)
    if shift.problem:
        console.print(f"  not scored: {shift.problem}", soft_wrap=True, markup=False)
        return
    console.print(f"  inputs that change: {', '.join(shift.inputs)}", soft_wrap=True, markup=False)
    for line in refusals(shift):
        console.print(f"  not scored: {line}", soft_wrap=True, markup=False)
    if shift.scores is None or shift.decisions is None:
        return
    console.print(side_table(f"scores of {shift.days} days", shift.scores, "before", "after"))
    for line in [*sentences(shift.scores), *decision_sentences(shift)]:
        console.print(f"  {line}", highlight=False, soft_wrap=True, markup=False)
    for title, rows in (
        ("appear", shift.decisions.appearing),
        ("vanish", shift.decisions.vanishing),
    ):
        if rows:
            console.print(f"  alerts that {title}:")
            _show_rows(console, rows, SCORES)


def _show_rows(console: Console, rows: "Sequence[Row]", names: dict[str, str]) -> None:
    for row in rows[:SHOWN]:
        texts = [f"{name}={text}" for name, text in shown_row(row, names).items()]
        console.print(f"    {'  '.join(texts)}", highlight=False, soft_wrap=True, markup=False)
