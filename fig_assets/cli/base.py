"""What every command needs: how it finds its project, tells what is wrong, and ends."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

from fig_assets.errors import ConfigError, FigError, Problem, WorkflowError
from fig_assets.problems import MOST, more_text, problem_text, show_problems

if TYPE_CHECKING:
    from fig_assets.config.schema import Environment

F = TypeVar("F", bound=Callable[..., object])
NOTHING_TO_DO, PROBLEMS, SOMETHING_TO_DO = 0, 1, 3
DAY = click.DateTime(formats=["%Y-%m-%d"])
EVENTS, DAYS, COUNT = click.IntRange(min=100), click.IntRange(min=1), click.IntRange(min=0)
SHARE = click.FloatRange(0, 1)
COLLECT_EVERY = (100_000, 10, 10)
"""When Python looks for garbage: a project of thousands of features is a million objects."""
out, err = Console(), Console(stderr=True)
WIDEST = 1_000
"""Characters of a line of a table, at most."""


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


def show_warnings(problems: tuple[Problem, ...]) -> None:
    """Print warnings to the error stream; of very many the first."""
    shown = [f"warning: {problem_text(problem)}" for problem in problems[:MOST]]
    for text in [*shown, *more_text(len(problems))]:
        err.print(text, markup=False, highlight=False, soft_wrap=True)


def yesterday() -> date:
    """Return the last UTC day that is over."""
    return datetime.now(UTC).date() - timedelta(days=1)


def show_table(table: Table, console: Console = out) -> None:
    """Print a table whole: a narrower terminal breaks its lines, and no name or number is cut."""
    room = console.options.update(max_width=WIDEST)
    needed = Measurement.get(console, room, table).maximum
    width = max(console.width, needed)
    # A console never prints wider than it is itself.
    wide = Console(file=console.file, width=width, force_terminal=console.is_terminal)
    wide.print(table, soft_wrap=True)


def write_page(path: str, text: str, environment: "Environment") -> None:
    """Write a page to a file, or to a place on S3 that is reached as the environment says.

    Raises:
        WorkflowError: it cannot be written there.
        EngineError: S3 refuses.
    """
    if path.startswith("s3://"):
        from fig_assets.engines.lake.s3_path import S3Path
        from fig_assets.workflow.access import s3_access

        page = S3Path.of(path, s3_access(environment))
        page.bucket.put(page.key, text.encode(), kind="text/html; charset=utf-8")
        return
    try:
        Path(path).write_text(text, encoding="utf-8")
    except OSError as refusal:
        raise WorkflowError(
            f"{path}: the page cannot be written: {refusal.strerror}\n"
            "  fix: name a file in a folder that is there"
        ) from refusal
