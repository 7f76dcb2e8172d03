"""What people see in the terminal while a workflow runs, and after it."""

import logging
import os
from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

if TYPE_CHECKING:
    from fig_assets.assets.runner import Summary
    from fig_assets.workflow.planning.untouched import Proof
    from fig_assets.workflow.proving.prove import Proved

DAGSTER_LOGGERS = ("dagster", "dagster.builtin", "alembic")


class Display:
    """A line for each op that runs: what it is, how many days are done, how long it takes.

    Where the output is no terminal, one plain line for each op that ends. Dagster's own log goes
    to its event log and not to the terminal meanwhile.
    """

    def __init__(self, console: Console, *, shown: bool = True) -> None:
        self._shown = shown
        self._given = console
        console = _apart(console)
        self._bars = Progress(
            TextColumn("{task.description:<40}"),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            disable=not (shown and console.is_terminal),
        )
        self._console = console
        self._tasks: dict[str, TaskID] = {}
        self._left: dict[str, int] = {}
        self._levels: dict[str, int] = {}

    def plan(self, days: Mapping[str, int]) -> None:
        """Announce how many days of each op are going to be done."""
        for name, count in days.items():
            if count:
                self._left[name] = count
                self._tasks[name] = self._bars.add_task(name, total=count, start=False)

    def progress(self, name: str, day: date | None) -> None:
        """Count one day of an op."""
        if name not in self._tasks:
            self.plan({name: 1})
        task = self._tasks[name]
        self._bars.start_task(task)
        self._bars.advance(task, self._left[name] if day is None else 1)
        self._left[name] -= self._left[name] if day is None else 1
        if self._left[name] <= 0 and self._shown and not self._console.is_terminal:
            self._console.print(f"{name} done", highlight=False)

    def __enter__(self) -> Self:
        """Start drawing, and keep Dagster's log out of the way."""
        for name in DAGSTER_LOGGERS:
            logger = logging.getLogger(name)
            self._levels[name] = logger.level
            logger.setLevel(logging.CRITICAL)
        self._bars.start()
        return self

    def __exit__(self, *failure: object) -> None:
        """Stop drawing."""
        self._bars.stop()
        if self._console.file is not self._given.file:
            self._console.file.close()
        for name, level in self._levels.items():
            logging.getLogger(name).setLevel(level)


def _apart(console: Console) -> Console:
    """Write to a copy of the terminal: Dagster captures what steps print to the original."""
    try:
        copy = os.dup(console.file.fileno())
    except (OSError, ValueError):
        return console
    return Console(file=os.fdopen(copy, "w", encoding="utf-8"), force_terminal=console.is_terminal)


def show_summary(console: Console, summary: "Summary") -> None:
    """Print what a workflow did: materialisations by op, checks, and what was refused."""
    table = Table("op", "materialised", "seconds", title=f"{summary.start} to {summary.end}")
    for name, count in summary.done.items():
        table.add_row(name, f"{count:,}", f"{summary.seconds.get(name, 0.0):.1f}")
    console.print(table if summary.done else "nothing to do")
    if summary.columns is not None and summary.done:
        _show_columns(console, summary.columns)
    console.print(f"checks: {summary.checks_passed} passed, {summary.checks_failed} failed")
    for failed in summary.failed_checks:
        console.print(f"  {failed}", markup=False, soft_wrap=True)
    if summary.lost_keys:
        named = ", ".join(f"{name} {count:,}" for name, count in summary.lost_keys.items())
        console.print(f"keys lost in their conversion: {named}", markup=False, soft_wrap=True)
    for name, days in summary.waiting.items():
        words = f"{name} waits: {days[0]} to {days[-1]} look at days that are not over yet"
        console.print(words, markup=False, highlight=False, soft_wrap=True)
    for name, words in summary.refused.items():
        console.print(f"{name}: {words}", markup=False, soft_wrap=True, style="red")


def _show_columns(console: Console, proof: "Proof") -> None:
    """Say what became of each column of the days that were written."""
    words = f"columns of days: {proof.replaced:,} replaced"
    words += f" ({proof.same:,} of them came out the same)" if proof.same else ""
    console.print(f"{words}, {proof.unchanged:,} unchanged by their digests", highlight=False)
    for name in proof.disturbed:
        console.print(f"  published by another run meanwhile: {name}", markup=False)


def show_proofs(console: Console, proved: "Proved") -> None:
    """Print what was proved on the sample, each counter-example, and what was not proved."""
    first, last = proved.days[0], proved.days[-1]
    console.print(f"proved on {proved.lines} made-up lines of {first} to {last}:", highlight=False)
    for proof in proved.proofs:
        word = "holds " if proof.holds else "BROKEN"
        text = f"  {word} {proof.name}: {proof.promise} ({proof.values:,} values)"
        console.print(text, markup=False, highlight=False, soft_wrap=True)
        for difference in proof.differences:
            text = str(difference).replace("\n", "\n    ")
            console.print(f"    {text}", markup=False, highlight=False, soft_wrap=True)
    for words in proved.open:
        console.print(f"  not proved: {words}", markup=False, highlight=False, soft_wrap=True)
