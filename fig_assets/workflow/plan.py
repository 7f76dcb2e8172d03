"""Stored records -> what is missing or stale, op by op and day by day, and why."""

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

from fig_assets.engines.base import stale_reason
from fig_assets.errors import WorkflowError
from fig_assets.graph.nodes import Graph, Op
from fig_assets.workflow import learn, raw
from fig_assets.workflow.compute import attributes_of, writes
from fig_assets.workflow.raw import today
from fig_assets.workflow.snapshots import stale_snapshots
from fig_assets.workflow.states import days_of_stale_rows
from fig_assets.workflow.tables import static_target
from fig_assets.workflow.workspace import Workspace

MISSING = "missing"
"""The reason of what was never built."""


def stale_days(workspace: Workspace, op: Op, days: Sequence[date]) -> dict[date, str]:
    """Return the days of `days` that `op` should compute, with the reason of each.

    Looks at what is stored now: after upstream days were computed anew, ask again. An op without
    days is told under the project's first day.
    """
    if op.kind == "table" and workspace.graph.tables[op.owner].is_daily:
        return stale_snapshots(workspace, op, days)
    if op.kind == "table":
        reason = _table_reason(workspace, op)
        return {workspace.graph.start: reason} if reason else {}
    if op.kind == "raw":
        return _raw_reasons(workspace, op, days)
    found = {day: _reason(workspace, op, day) for day in days}
    if op.kind == "window":
        sound = [day for day, reason in found.items() if not reason]
        attributes = attributes_of(workspace.graph, op)
        stale = days_of_stale_rows(workspace, op, sound, attributes)
        found |= dict.fromkeys(sorted(stale), "input changed")
    return {day: reason for day, reason in found.items() if reason}


def check_days(graph: Graph, start: date, end: date) -> None:
    """Refuse days that the project does not have: before its start, after its end, not over yet.

    Raises:
        WorkflowError: names the day and the mend.
    """
    last = graph.end or today() - timedelta(days=1)
    if end < start:
        raise WorkflowError(f"the last day {end} is before the first day {start}")
    if start < graph.start:
        raise WorkflowError(
            f"{start} is before the project's start {graph.start}; "
            "fix: begin later, or set an earlier start_date"
        )
    if end > last:
        why = f"after the project's end {last}" if graph.end else "not over yet"
        raise WorkflowError(f"{end} is {why}; fix: end with {last} or earlier")


def _reason(workspace: Workspace, op: Op, day: date) -> str:
    if op.kind == "model":
        return learn.stale_decision(workspace, workspace.graph.models[op.owner], day)
    if op.kind == "score":
        model = workspace.graph.models[op.owner]
        target = learn.target_of_scores(workspace, model, day)
        return stale_reason(workspace.engine, target, day)
    attributes = attributes_of(workspace.graph, op)
    for write in writes(workspace, op, day, attributes):
        if reason := stale_reason(workspace.engine, write.target, day):
            return reason
    return ""


def _raw_reasons(workspace: Workspace, op: Op, days: Sequence[date]) -> dict[date, str]:
    source = workspace.graph.sources[op.owner]
    files = raw.raw_files(workspace, source)
    if source.is_dated:
        found = {d: raw.stale_files(workspace, source, d, files.get(d, [])) for d in days}
        return {day: reason for day, reason in found.items() if reason}
    start = workspace.graph.start
    reasons = {raw.stale_files(workspace, source, day, files.get(None, [])) for day in days}
    reasons.discard("")
    return {start: sorted(reasons)[0]} if reasons else {}


def _table_reason(workspace: Workspace, op: Op) -> str:
    table = workspace.graph.tables[op.owner]
    target = static_target(workspace, op)
    reason = stale_reason(workspace.engine, target, None)
    stored = workspace.engine.partition(table.relation, None)
    if reason or stored is None:
        return reason or "missing"
    path: Path = workspace.root / workspace.environment.sources[table.source].path
    return "" if stored.notes == target.notes or not path.exists() else "source file changed"
