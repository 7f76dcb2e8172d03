"""An op and a day -> writes: targets, statements, what must be built before; and doing them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from sqlglot import exp

from fig_assets.engines.base import (
    Engine,
    Read,
    Target,
    require_days,
    stale_reason,
)
from fig_assets.errors import RowSetChanged
from fig_assets.graph.nodes import Attribute, Graph, Key, Op
from fig_assets.graph.ops import Part, published_key
from fig_assets.sql import daily_state, labels, python, row, window
from fig_assets.sql import event as events
from fig_assets.sql.layer import layer_of
from fig_assets.workflow.accounts import account_for_events, account_for_lines
from fig_assets.workflow.checks import (
    ChecksFailed,
    judge,
    lost_rows,
)
from fig_assets.workflow.python import Calls
from fig_assets.workflow.result import DayResult, Facts
from fig_assets.workflow.workspace import Workspace


@dataclass(frozen=True, eq=False)
class Write:
    """One statement of one day: what it replaces, how it is computed, what it must find built."""

    target: Target
    tree: Callable[[], exp.Query]
    attributes: tuple[Attribute, ...] = ()
    needs: tuple[Read, ...] = ()
    published: Key | None = None
    """The relation's asset, where its rows are judged."""
    calls: Calls | None = None
    """The Python functions to which the rows of the statement are given, where there are any."""

    def rows(self, engine: Engine) -> exp.Query | Callable[[], pa.Table]:
        """Return the statement that gives the rows, or what computes them from its rows."""
        calls = self.calls
        if calls is None:
            return self.tree()
        return lambda: calls.compute(engine.query(self.tree()), self.target)


def attributes_of(graph: Graph, op: Op, keys: Sequence[Key] | None = None) -> tuple[Attribute, ...]:
    """Return the attributes of an op in computing order, or those of them that `keys` name."""
    found = [graph.attributes[key] for key in op.keys if key in graph.attributes]
    if keys is not None:
        found = [attribute for attribute in found if attribute.key in set(keys)]
    return tuple(found)


def writes(
    workspace: Workspace, op: Op, day: date, attributes: Sequence[Attribute]
) -> tuple[Write, ...]:
    """List the statements by which an op makes `attributes` on `day`."""
    match op.kind:
        case "event":
            return (_event_write(workspace, op, day, attributes),)
        case "states":
            return state_writes(workspace, op.owner, day)
        case "window":
            return (_window_write(workspace, op, day, attributes),)
        case "row":
            return (_row_write(workspace, op, day, attributes),)
        case "python":
            return (_python_write(workspace, op, day, attributes),)
        case "label":
            return (_label_write(workspace, op, day, attributes),)
        case _:
            raise ValueError(op.kind)


def state_writes(
    workspace: Workspace,
    family_name: str,
    day: date,
    wanted: frozenset[str] | None = None,
) -> tuple[Write, ...]:
    """List the statements of a family's daily states; `wanted` names states by fingerprint."""
    graph, dialect = workspace.graph, workspace.engine.dialect
    family = graph.families[family_name]
    found = []
    for states in daily_state.states_of(family):
        event = graph.events[states.group.source]
        calls = tuple(c for c in states.calls if wanted is None or c.fingerprint in wanted)
        merged = tuple(call for call in calls if call.columns)
        target = daily_state.state_target(states, day, merged)
        select = partial(daily_state.select_states, states, event, day, merged, dialect)
        found.append(Write(target, select, needs=_reads(target)))
        for call in calls:
            if call.values is not None:
                target = daily_state.value_target(states, call, day)
                select = partial(daily_state.select_values, states, event, call, day, dialect)
                found.append(Write(target, select, needs=_reads(target)))
    return tuple(found)


def run_day(workspace: Workspace, op: Op, day: date, attributes: Sequence[Attribute]) -> DayResult:
    """Compute `attributes` of an op on `day`, judge the rows and publish them.

    Where the day's keys are others than the stored ones, all attributes of the op are computed,
    and the result's `also` names those that were not asked for.

    Raises:
        EngineError: a day that is read was never built, or the engine failed.
        ChecksFailed: a blocking check failed; nothing was published.
    """
    result = DayResult(day)
    try:
        for write in writes(workspace, op, day, attributes):
            _run(workspace, write, day, result)
    except RowSetChanged:
        every = attributes_of(workspace.graph, op)
        if {a.key for a in every} == {a.key for a in attributes}:
            raise
        result = DayResult(day)
        for write in writes(workspace, op, day, every):
            _run(workspace, write, day, result)
        result.also = {a.key for a in every} - {a.key for a in attributes}
    if op.kind == "event":
        account_for_lines(workspace, op, result)
    if op.kind in ("row", "python") and ("families", op.owner) in op.keys:
        account_for_events(workspace, op, result)
    return result


def refresh_states(
    workspace: Workspace, op: Op, day: date, attributes: Sequence[Attribute]
) -> bool:
    """Bring the states of one day that `attributes` of a window op need up to date.

    Returns whether anything was computed. A day whose events were never built is left alone: the
    windows that need it are refused by name.
    """
    graph = workspace.graph
    needed = window.needed_states(layer_of(graph, op), attributes)
    wanted = frozenset(call.fingerprint for _, calls in needed for call in calls)
    computed = False
    for write in state_writes(workspace, op.owner, day, wanted):
        built = all(
            workspace.engine.partition(read.relation, day) is not None for read in write.needs
        )
        if built and stale_reason(workspace.engine, write.target, day):
            try:
                _run(workspace, write, day, DayResult(day))
            except RowSetChanged:
                for every in state_writes(workspace, op.owner, day):
                    _run(workspace, every, day, DayResult(day))
            computed = True
    return computed


def _run(workspace: Workspace, write: Write, day: date, result: DayResult) -> None:
    engine = workspace.engine
    for read in write.needs:
        require_days(engine, read, workspace.graph.start, f"{write.target.relation} of {day}")
    rows_of = write.rows(engine)

    def audit(_: date, rows: pa.Table) -> None:
        if write.published is not None:
            key = {c.name: c.type for c in write.target.columns if c.name in write.target.key[:1]}
            key = {} if write.published[0] == "events" else key
            result.verdicts += judge(write.published, key, write.attributes, rows)
        if any(v.blocking and not v.passed for v in result.verdicts):
            raise ChecksFailed(result.verdicts)
        for attribute in write.attributes:
            facts = _facts(rows.column(attribute.column))
            result.facts[attribute.key] = replace(facts, lost=lost_rows(rows, attribute))

    (written,) = engine.replace_days(write.target, rows_of, [day], audit)
    result.rows = written.rows
    if write.published:
        result.statement = write.tree() if callable(rows_of) else rows_of
    for attribute in write.attributes:
        digest = written.digests[attribute.column]
        result.facts[attribute.key] = replace(result.facts[attribute.key], digest=digest)


def _facts(column: "pa.ChunkedArray[Any]") -> Facts:
    numbers: dict[str, float] = {}
    kind = column.type
    if pa.types.is_boolean(kind):
        column = column.cast(pa.int64())
        kind = column.type
    if (pa.types.is_integer(kind) or pa.types.is_floating(kind)) and column.null_count < len(
        column
    ):
        low, high = pc.min(column).as_py(), pc.max(column).as_py()
        numbers = {
            "mean": float(pc.mean(column).as_py()),
            "min": float(low),
            "max": float(high),
        }
    return Facts(len(column), column.null_count, "", numbers)


def _event_write(workspace: Workspace, op: Op, day: date, attributes: Sequence[Attribute]) -> Write:
    graph = workspace.graph
    event = graph.events[op.owner]
    late = graph.sources[event.source].late_days
    target = events.event_target(event, late, day, attributes)
    dialect = workspace.engine.dialect
    return Write(
        target,
        lambda: events.select_event(event, late, day, attributes, dialect),
        tuple(attributes),
        # A late share may be missing: its file need not have come, or held nothing of this day.
        needs=tuple(r for r in target.columns[0].reads if r.relation.endswith("/0")),
        published=("events", op.owner),
    )


def _window_write(
    workspace: Workspace, op: Op, day: date, attributes: Sequence[Attribute]
) -> Write:
    graph = workspace.graph
    layer = layer_of(graph, op)
    start, dialect = graph.start, workspace.engine.dialect
    target = window.window_target(layer, day, attributes, start)
    return Write(
        target,
        lambda: window.select_windows(layer, day, attributes, start=start, dialect=dialect),
        tuple(attributes),
        needs=_reads(target),
        published=published_key(Part(op.kind, op.owner, op.period)),
    )


def _row_write(workspace: Workspace, op: Op, day: date, attributes: Sequence[Attribute]) -> Write:
    graph = workspace.graph
    family = graph.row_families[op.owner]
    stratum = {a.column for a in attributes_of(graph, op)}
    target = row.row_target(graph, family, day, attributes, stratum)
    dialect = workspace.engine.dialect
    return Write(
        target,
        lambda: row.select_rows(graph, family, day, attributes, stratum=stratum, dialect=dialect),
        tuple(attributes),
        needs=_reads(target),
        published=("families", op.owner),
    )


def _python_write(
    workspace: Workspace, op: Op, day: date, attributes: Sequence[Attribute]
) -> Write:
    graph, dialect = workspace.graph, workspace.engine.dialect
    target = python.python_target(graph, op, day, attributes)
    return Write(
        target,
        lambda: python.select_inputs(graph, op, day, attributes, dialect),
        tuple(attributes),
        needs=_reads(target),
        published=published_key(Part(op.kind, op.owner, op.period)),
        calls=Calls(day, python.needed_calls(graph, op, attributes)),
    )


def _label_write(workspace: Workspace, op: Op, day: date, attributes: Sequence[Attribute]) -> Write:
    graph = workspace.graph
    found = graph.label_sets[op.owner]
    stratum = {a.column for a in attributes_of(graph, op)}
    target = labels.label_target(graph, found, day, attributes, stratum)
    dialect = workspace.engine.dialect
    return Write(
        target,
        lambda: labels.select_labels(
            graph, found, day, attributes, stratum=stratum, dialect=dialect
        ),
        tuple(attributes),
        needs=_reads(target),
        published=("label_sets", op.owner),
    )


def _reads(target: Target) -> tuple[Read, ...]:
    return tuple(dict.fromkeys(read for column in target.columns for read in column.reads))
