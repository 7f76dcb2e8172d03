"""An op and a day -> writes: targets, statements, what must be built before; and doing them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

from sqlglot import exp

from fig_assets.errors import RowSetChanged
from fig_assets.graph.nodes import Attribute, Graph, Key, Op
from fig_assets.graph.ops import Part, published_key
from fig_assets.graph.period import Window
from fig_assets.sql import event as events
from fig_assets.sql import label_model, labels, python, row, window
from fig_assets.sql.layer import layer_of
from fig_assets.workflow.steps.accounts import (
    account_for_entities,
    account_for_events,
    account_for_lines,
)
from fig_assets.workflow.steps.label_model import Fits
from fig_assets.workflow.steps.python import Calls
from fig_assets.workflow.steps.result import DayResult
from fig_assets.workflow.steps.states import state_writes
from fig_assets.workflow.steps.write import Write, reads_of, run_write
from fig_assets.workflow.workspace import Workspace


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
            return state_writes(workspace, op.owner, day, of_rows=False)
        case "window":
            return (_window_write(workspace, op, day, attributes),)
        case "row":
            return (_row_write(workspace, op, day, attributes),)
        case "python":
            return (_python_write(workspace, op, day, attributes),)
        case "label":
            return (_label_write(workspace, op, day, attributes),)
        case "label_model":
            return (_label_model_write(workspace, op, day, attributes),)
        case _:
            raise ValueError(op.kind)


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
            run_write(workspace, write, day, result)
            _tell_accuracy(write, result)
    except RowSetChanged:
        every = attributes_of(workspace.graph, op)
        if {a.key for a in every} == {a.key for a in attributes}:
            raise
        result = DayResult(day)
        for write in writes(workspace, op, day, every):
            run_write(workspace, write, day, result)
            _tell_accuracy(write, result)
        result.also = {a.key for a in every} - {a.key for a in attributes}
    if result.also or is_whole(workspace.graph, op, attributes):
        account(workspace, op, result)
    return result


def _tell_accuracy(write: Write, result: DayResult) -> None:
    """Put what label models learned of each weak label beside what they made."""
    for key, learned in (write.fits.accuracy if write.fits else {}).items():
        facts = result.facts[key]
        result.facts[key] = replace(facts, numbers={**facts.numbers, **learned})


def is_whole(graph: Graph, op: Op, attributes: Sequence[Attribute]) -> bool:
    """Tell whether these are all attributes of an op; a scoped run makes no rows to account for."""
    return len(attributes) == len(attributes_of(graph, op))


def account(workspace: Workspace, op: Op, result: DayResult) -> None:
    """Add to a day's result what became of the rows that were read for it."""
    if op.kind == "event":
        account_for_lines(workspace, op, result)
    if op.kind in ("row", "python") and ("families", op.owner) in op.keys:
        account_for_events(workspace, op, result)
    if op.kind == "states" or (op.kind == "window" and any(k[0] == "families" for k in op.keys)):
        account_for_entities(workspace, op, result)


def _event_write(workspace: Workspace, op: Op, day: date, attributes: Sequence[Attribute]) -> Write:
    graph = workspace.graph
    event = graph.events[op.owner]
    source = graph.sources[event.source]
    target = events.event_target(event, source, day, attributes)
    dialect = workspace.engine.dialect
    return Write(
        target,
        lambda: events.select_event(event, source, day, attributes, dialect),
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
    target = window.window_target(layer, day, attributes, graph.start)
    return Write(
        target,
        lambda: select_windows_of(workspace, op, [day], attributes),
        tuple(attributes),
        needs=reads_of(target),
        published=published_key(Part(op.kind, op.owner, op.period)),
    )


def select_windows_of(
    workspace: Workspace, op: Op, days: Sequence[date], attributes: Sequence[Attribute]
) -> exp.Query:
    """Select the windows of consecutive days, ordered by day; at most `LONGEST` of them."""
    graph = workspace.graph
    return window.select_windows(
        layer_of(graph, op),
        Window(days[0], days[-1] + timedelta(days=1)),
        attributes,
        start=graph.start,
        dialect=workspace.engine.dialect,
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
        needs=reads_of(target),
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
        needs=reads_of(target),
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
        needs=reads_of(target),
        published=("label_sets", op.owner),
    )


def _label_model_write(
    workspace: Workspace, op: Op, day: date, attributes: Sequence[Attribute]
) -> Write:
    graph = workspace.graph
    found = graph.label_sets[op.owner]
    target = label_model.label_model_target(graph, found, day, attributes)
    return Write(
        target,
        lambda: label_model.select_voters(graph, found, attributes, day),
        tuple(attributes),
        needs=reads_of(target),
        published=published_key(Part(op.kind, op.owner)),
        fits=Fits(graph, found, day, attributes),
    )
