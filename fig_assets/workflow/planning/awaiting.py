"""Ops and days -> steps: what looks at days after its own runs when those are there."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from fig_assets.errors import WorkflowError
from fig_assets.graph.awaited import days_awaited, followers
from fig_assets.graph.nodes import Graph, Op
from fig_assets.workflow.planning.follow import LONGEST_RUN_DAYS
from fig_assets.workflow.steps.raw import today


@dataclass(frozen=True)
class Step:
    """Ops that run together for all of `days`; on those of `waiting` they cannot yet."""

    ops: tuple[Op, ...]
    days: tuple[date, ...]
    waiting: tuple[date, ...] = ()


def steps_of(graph: Graph, ops: Sequence[Op], days: Sequence[date]) -> list[Step]:
    """Put ops over days into steps to be run one after the other.

    One step, where no op looks at later days, or all of those are over and one run holds them all.
    Else what looks ahead comes after all that it may see, without the days that are to wait.
    """
    awaiting = days_awaited(graph)
    waits = {n: _waiting(graph, d, days) for n, d in awaiting.items()}
    named = {op.name for op in ops}
    if not named & awaiting.keys() or (
        len(days) <= LONGEST_RUN_DAYS and not any(waits[name] for name in named & waits.keys())
    ):
        return [Step(tuple(ops), tuple(days))]
    later = {op.name for op in followers(graph, awaiting)}
    steps = [Step(tuple(op for op in ops if op.name not in later), tuple(days))]
    for op in ops:
        if op.name in later:
            waiting = waits.get(op.name, ())
            steps.append(Step((op,), tuple(d for d in days if d not in waiting), waiting))
    return [step for step in steps if step.ops]


def last_ready(graph: Graph, awaited: int) -> date:
    """Return the newest day whose `awaited` days after it are over, or not in the project."""
    yesterday = today() - timedelta(days=1)
    if graph.end is not None and graph.end <= yesterday:
        return graph.end
    return yesterday - timedelta(days=awaited)


def refuse_waiting(graph: Graph, op: Op, day: date) -> None:
    """Refuse to compute a day that looks at days which are not over yet.

    Raises:
        WorkflowError: names the last of them.
    """
    awaited = days_awaited(graph).get(op.name, 0)
    if awaited and day > last_ready(graph, awaited):
        last = day + timedelta(days=awaited)
        raise WorkflowError(
            f"{op.owner} of {day} looks at the days up to {last}, which are not over yet\n"
            f"  fix: run it from {last + timedelta(days=1)} on"
        )


def _waiting(graph: Graph, awaited: int, days: Sequence[date]) -> tuple[date, ...]:
    last = last_ready(graph, awaited)
    return tuple(day for day in days if day > last)
