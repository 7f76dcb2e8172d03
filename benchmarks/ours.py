"""fig-assets as a competitor: lakes of events, copies of lakes, and running ops over days.

The package is imported where it is used: the other competitors run without it.
"""

import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from benchmarks.case import Bench, Outputs, Start, Work
from benchmarks.events import Traffic
from benchmarks.projects import Files, base, period, write

if TYPE_CHECKING:
    from fig_assets.graph.nodes import Key, Op
    from fig_assets.project import Project

NAME = "fig-assets"
FILE = "data.parquet"
EVENT = "sign_in"
Step = Callable[[Bench, "Project"], None]


class OpRefused(RuntimeError):
    """An op of the measured project refused a day."""


def event_lake(bench: Bench, name: str, traffic: Traffic) -> Path:
    """Return a folder whose lake holds the event relation, written by the engine, once."""

    def make(folder: Path) -> None:
        write(base(), folder)
        with load(folder) as project:
            store_events(project, EVENT, map(traffic.day, traffic.dates), traffic.dates)

    return bench.cached(f"events_{name}", make)


def store_events(
    project: "Project", event: str, tables: Iterable[pa.Table], days: Sequence[date]
) -> None:
    """Write typed rows straight into the event relation, a table a day: nothing is parsed."""
    from fig_assets.sql.event import event_target

    node = project.graph.events[event]
    names = {attribute.name: attribute.column for attribute in node.attributes}
    for day, table in zip(days, tables, strict=True):
        columns = [names.get(name, name) for name in table.column_names]
        target = event_target(node, project.graph.sources[node.source], day, node.attributes)
        project.workspace.engine.replace_days(target, table.rename_columns(columns), [day])


def copy_lake(origin: Path, folder: Path) -> None:
    """Give `folder` the lake of `origin` by hard links: files are replaced, never changed."""
    for path in (origin / "lake").rglob(f"day=*/{FILE}"):
        place = folder / path.relative_to(origin)
        place.parent.mkdir(parents=True, exist_ok=True)
        os.link(path, place)


def load(folder: Path) -> "Project":
    """Load the project of a folder."""
    from fig_assets.project import load_project

    return load_project(folder / "configs")


def opened(origin: Path, files: Files, folder: Path) -> "Project":
    """Load a project over a copy of the lake of `origin`."""
    copy_lake(origin, folder)
    write(files, folder)
    return load(folder)


def running(
    origin: Callable[[Bench], Path], files: Callable[[Bench], Files], *steps: Step
) -> Start:
    """Make the start of a competitor: a project over a copy of a lake, then its ops in order."""

    def start(bench: Bench, folder: Path) -> Work:
        project = opened(origin(bench), files(bench), folder)
        warm(project)

        def work() -> None:
            with project:
                for step in steps:
                    step(bench, project)

        return work

    return start


def warm(project: "Project") -> None:
    """Open the warehouse and import what is imported on first use: that is starting, not work."""
    import fig_assets.workflow.steps.schemas  # noqa: F401

    project.workspace.engine.days(f"events/{EVENT}")


def step(
    kind: str,
    days: Callable[[Bench], Sequence[date]],
    *,
    over: int | None = None,
    only: Sequence[str] = (),
) -> Step:
    """Run the ops of a kind, of the period of `over` full days, for `days`.

    `only` names features: their assets alone are asked for.
    """

    def run(bench: Bench, project: "Project") -> None:
        from fig_assets.workflow.run import run_op

        wanted = None if over is None else period(bench.window(over))
        for op in project.graph.ops:
            if op.kind != kind or (wanted and (op.period is None or op.period.name != wanted)):
                continue
            keys = [k for k in op.keys if not only or k[-1].partition("__")[0] in only]
            if keys:
                result = run_op(project.workspace, op, days(bench), keys)
                if result.refused:
                    raise OpRefused(str(next(iter(result.refused.values()))))

    return run


class Direct:
    """Runs what a plan asks for, without Dagster."""

    def __init__(self, project: "Project") -> None:
        self._project = project

    def run(
        self,
        ops: "Sequence[Op]",
        first: date,
        last: date,
        *,
        only: "Collection[Key] | None" = None,
        states: Mapping[str, Collection[str]] | None = None,
    ) -> "Sequence[Op]":
        """Run ops for a range of days."""
        from fig_assets.workflow.run import run_op

        days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
        for op in ops:
            keys = [key for key in op.keys if only is None or key in only]
            result = run_op(self._project.workspace, op, days, keys, states=states)
            if result.refused:
                raise OpRefused(str(next(iter(result.refused.values()))))
        return ()


def window_outputs(
    spans: Sequence[int], days: Callable[[Bench], Sequence[date]], family: str = "network"
) -> Outputs:
    """Name the files of windows: `<full days>/<day>`."""

    def outputs(bench: Bench, folder: Path) -> Mapping[str, Path]:
        return {
            f"{span}/{day}": stored(folder, f"families/{family}/{period(bench.window(span))}", day)
            for span in spans
            for day in days(bench)
        }

    return outputs


def stored(folder: Path, relation: str, day: date) -> Path:
    """Return the file of a stored day."""
    return folder / "lake" / relation / f"day={day}" / FILE
