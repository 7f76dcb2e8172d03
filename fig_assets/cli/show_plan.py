"""A plan as people read it: what is computed, grouped by owner, and what hangs on it."""

from collections import Counter
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from fig_assets.workflow.planning.planned import Plan, Standing, Work

FEW = 3
"""How many names stand in a cell before they are counted."""
TOLD = ("new", "changed", "removed", "deprecated")


def show_plan(console: Console, plan: Plan) -> None:
    """Print what a plan computes and why, where attributes stand, and what stays."""
    title = f"{plan.project} in '{plan.environment}', {plan.start} to {plan.end}"
    if plan.is_empty:
        console.print(f"nothing is missing or stale: {title}", highlight=False)
    else:
        console.print(_table(title, plan.work))
        _show_totals(console, plan)
    _show_attributes(console, plan.attributes)
    if plan.unknown:
        count = sum(len(work.columns) * work.days for work in plan.unknown)
        console.print(
            f"unknown: {count:,} columns of days cannot be compared and are left as they are; "
            "fig plan --upgrade-rules computes them",
            highlight=False,
        )


def _table(title: str, works: Sequence[Work]) -> Table:
    table = Table(title=title)
    for name in ("relation", "columns", "days", "why"):
        # A name that is cut off cannot be selected; where it is narrow it goes on below.
        table.add_column(name, overflow="fold")
    for name in ("rows", "bytes"):
        table.add_column(name, justify="right", no_wrap=True)
    owners = [_owner(work) for work in works]
    for place, owner in enumerate(owners):
        if owners.index(owner) < place:
            continue
        if table.row_count:
            table.add_section()
        for work, whose in zip(works, owners, strict=True):
            if whose == owner:
                table.add_row(*_row(work))
    return table


def _row(work: Work) -> tuple[str, ...]:
    rows = " (rows may change)" if work.rows_may_change else ""
    days = "all" if work.first is None else str(work.first)
    if work.first != work.last:
        days += f" to {work.last}"
    reasons = dict.fromkeys(f"{r.state}: {r.words}" for r in work.columns.values())
    why = [text if len(text) < 100 else f"{text[:99]}…" for text in reasons]
    return (
        work.relation,
        # Attributes before the columns that make the rows.
        few(sorted(work.columns, key=lambda name: "__v" not in name)) + rows,
        days,
        "\n".join([*why[:FEW], *([f"and {len(why) - FEW} more"] if len(why) > FEW else [])]),
        "?" if work.rows is None else f"~{work.rows:,}",
        "?" if work.bytes is None else f"~{work.bytes:,}",
    )


def few(names: Sequence[str]) -> str:
    """Name the first of many."""
    more = f" and {len(names) - FEW} more" if len(names) > FEW else ""
    return ", ".join(names[:FEW]) + more


def _owner(work: Work) -> str:
    words = work.relation.split("/")
    return words[1] if len(words) > 1 else work.relation


def _show_totals(console: Console, plan: Plan) -> None:
    console.print(
        f"to compute: {plan.cells:,} columns of days; {plan.untouched:,} stay as they are",
        highlight=False,
    )
    for what, names in (("models", plan.models), ("label sets", plan.label_sets)):
        if names:
            console.print(f"{what} concerned: {', '.join(names)}", highlight=False)


def _show_attributes(console: Console, attributes: Sequence[Standing]) -> None:
    counts = Counter(standing.status for standing in attributes)
    told = [f"{counts[status]} {status}" for status in (*TOLD, "unchanged") if counts[status]]
    console.print(f"attribute versions: {', '.join(told)}", highlight=False)
    for status in TOLD:
        found = [standing for standing in attributes if standing.status == status]
        if status == "new" and len(found) == len(attributes):
            continue
        for standing in found:
            readers = f"; read by {few(standing.consumers)}" if standing.consumers else ""
            text = f"  {status} {standing.key}{readers}"
            console.print(text, markup=False, highlight=False, soft_wrap=True)
