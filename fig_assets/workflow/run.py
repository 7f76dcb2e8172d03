"""An op and many days -> results and refusals, day by day, several days at once."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial

from fig_assets.engines.raw.line_readers import readers_for, unpacked_bytes
from fig_assets.errors import FigError
from fig_assets.graph.nodes import Attribute, Key, Op
from fig_assets.graph.sources import Source
from fig_assets.models.registry import Decision
from fig_assets.workflow.labelling.label_facts import account_for_votes
from fig_assets.workflow.learning import model_days
from fig_assets.workflow.planning.awaiting import refuse_waiting
from fig_assets.workflow.steps import ranges, raw, raw_accounts
from fig_assets.workflow.steps.checks import (
    CONSERVATION,
    Verdict,
)
from fig_assets.workflow.steps.compute import attributes_of, is_whole, run_day
from fig_assets.workflow.steps.result import DayResult
from fig_assets.workflow.steps.snapshots import build_snapshots
from fig_assets.workflow.steps.states import refresh_states, run_states
from fig_assets.workflow.steps.tables import build_table
from fig_assets.workflow.workspace import Workspace

LABELS = ("label", "label_model")
RAW_COPIES = 4
"""How many times its size a raw file takes in memory while it is landed."""
Progress = Callable[[str, date | None], None]
"""Told the op's name and the day whenever one is done."""


@dataclass
class OpResult:
    """What one op did: a result or a refusal for each day; `day` None for assets without days."""

    op: Op
    days: dict[date | None, DayResult] = field(default_factory=dict)
    refused: dict[date | None, FigError] = field(default_factory=dict)
    decisions: dict[date, Decision] = field(default_factory=dict)
    states_refreshed: set[date] = field(default_factory=set)


def run_op(
    workspace: Workspace,
    op: Op,
    days: Sequence[date],
    keys: Sequence[Key],
    *,
    progress: Progress = lambda op, day: None,
    explicit_days: frozenset[date] = frozenset(),
    states: Mapping[str, Collection[str]] | None = None,
) -> OpResult:
    """Run an op for `days`; a day that is refused does not stop the others.

    `keys` are the assets that were asked for; `explicit_days` are those on which a model is to be
    trained even if it is not due; `states` names the columns of each relation of daily states,
    where only some are asked for.
    """
    match op.kind:
        case "raw":
            return _run_raw(workspace, op, days, progress)
        case "table":
            if workspace.graph.tables[op.owner].is_daily:
                return _run_snapshots(workspace, op, days, progress)
            return _run_table(workspace, op, progress)
        case "model":
            return _run_model(workspace, op, days, progress, explicit_days)
        case "score":
            return _run_scores(workspace, op, days, progress)
        case "states":
            return _run_states(workspace, op, days, states, progress)
        case _:
            return _run_statements(workspace, op, days, keys, progress)


def _run_statements(
    workspace: Workspace, op: Op, days: Sequence[date], keys: Sequence[Key], progress: Progress
) -> OpResult:
    attributes = attributes_of(workspace.graph, op, keys) or attributes_of(workspace.graph, op)
    if op.kind != "window":
        step = partial(run_day, workspace, op, attributes=attributes)
        if op.kind in LABELS:
            step = partial(_label_day, workspace, op, attributes)
        result = _run_each(workspace, op, days, step, progress=progress)
        if op.kind in LABELS:
            _tell_votes(workspace, result, is_whole=is_whole(workspace.graph, op, attributes))
        return result
    refreshed = _refresh(workspace, op, days, attributes)
    windows = ranges.runs(workspace, op, days, attributes, workspace.workers)
    run = partial(ranges.run_days, workspace, op, attributes=attributes)
    result = _run_runs(workspace, op, windows, run, progress)
    result.states_refreshed = refreshed
    return result


def _label_day(
    workspace: Workspace, op: Op, attributes: Sequence[Attribute], day: date
) -> DayResult:
    refuse_waiting(workspace.graph, op, day)
    return run_day(workspace, op, day, attributes)


def _tell_votes(workspace: Workspace, result: OpResult, *, is_whole: bool) -> None:
    """Account for votes once every day of the run is there: days are compared with those before."""
    told = [found for found in result.days.values() if is_whole or found.also]
    with ThreadPoolExecutor(workspace.workers) as pool:
        for _ in pool.map(partial(account_for_votes, workspace, result.op), told):
            pass


def _run_states(
    workspace: Workspace,
    op: Op,
    days: Sequence[date],
    scope: Mapping[str, Collection[str]] | None,
    progress: Progress,
) -> OpResult:
    if scope is not None:
        step = partial(_some_states, workspace, op, scope)
        return _run_each(workspace, op, days, step, progress=progress)
    runs = ranges.state_runs(workspace, op, days, workspace.workers)
    return _run_runs(workspace, op, runs, partial(ranges.run_state_days, workspace, op), progress)


def _some_states(
    workspace: Workspace, op: Op, scope: Mapping[str, Collection[str]], day: date
) -> DayResult:
    result = DayResult(day)
    run_states(workspace, op.owner, result, scope)
    return result


def _run_runs(
    workspace: Workspace,
    op: Op,
    runs: Sequence[Sequence[date]],
    step: Callable[[Sequence[date]], Iterator[ranges.Outcome]],
    progress: Progress,
) -> OpResult:
    result = OpResult(op)

    def run(days: Sequence[date]) -> None:
        for day, outcome in step(days):
            if isinstance(outcome, FigError):
                result.refused[day] = outcome
            else:
                result.days[day] = outcome
                progress(op.name, day)

    with ThreadPoolExecutor(workspace.workers) as pool:
        for _ in pool.map(run, runs):
            pass
    result.days = {day: result.days[day] for day in sorted(result.days, key=str)}
    result.refused = {day: result.refused[day] for day in sorted(result.refused, key=str)}
    return result


def _refresh(
    workspace: Workspace, op: Op, days: Sequence[date], attributes: Sequence[Attribute]
) -> set[date]:
    if op.period is None or not days:
        return set()
    wanted = {
        day
        for end in days
        for day in _days(max(op.period.window(end).start, workspace.graph.start), end)
    }
    with ThreadPoolExecutor(workspace.workers) as pool:
        done = pool.map(
            lambda day: (day, refresh_states(workspace, op, day, attributes)), sorted(wanted)
        )
        return {day for day, computed in done if computed}


def _run_each(
    workspace: Workspace,
    op: Op,
    days: Sequence[date],
    step: Callable[[date], DayResult],
    *,
    progress: Progress,
    at_once: int = 0,
) -> OpResult:
    result = OpResult(op)
    with ThreadPoolExecutor(at_once or workspace.workers) as pool:
        running = {pool.submit(step, day): day for day in days}
        for future in as_completed(running):
            day = running[future]
            try:
                result.days[day] = future.result()
            except FigError as refusal:
                result.refused[day] = refusal
            else:
                progress(op.name, day)
    result.days = {day: result.days[day] for day in sorted(result.days, key=str)}
    return result


def _run_raw(workspace: Workspace, op: Op, days: Sequence[date], progress: Progress) -> OpResult:
    source = workspace.graph.sources[op.owner]
    found = raw_accounts.find_parts(workspace, source)
    dates: Sequence[date | None] = days if source.is_dated else [None]
    needed = [path for day in dates for part in found for path in part.paths(day)]
    with readers_for(needed, workspace.workers) as readers:
        if source.is_dated:

            def land(day: date) -> DayResult:
                landed = raw_accounts.land_parts(workspace, source, day, found, readers)
                return _landed_result(source, day, landed)

            sizes = (unpacked_bytes(part.paths(day)) for day in days for part in found)
            largest = max(sizes, default=0)
            at_once = workspace.fitting(RAW_COPIES * largest)
            return _run_each(workspace, op, days, land, progress=progress, at_once=at_once)
        last = workspace.graph.end or raw.today()
        every = _days(workspace.graph.start, last)
        landed = raw_accounts.land_all_parts(workspace, source, found, every, readers)
    progress(op.name, None)
    return OpResult(op, {None: _landed_result(source, workspace.graph.start, landed)})


def _landed_result(source: Source, day: date, landed: raw.Landed) -> DayResult:
    result = DayResult(day, rows=sum(landed.shares.values()) + landed.elsewhere)
    # What one account has too much is not what another lacks.
    lost = sum(abs(one.lost) for one in (*landed.accounts.values(), landed))
    result.verdicts.append(
        Verdict(
            key=source.key,
            name=CONSERVATION,
            passed=lost == 0,
            blocking=False,
            failed_rows=lost,
            rows=landed.lines,
            unit="lines",
        )
    )
    result.notes = {
        "files": landed.files,
        "lines": landed.lines,
        "blank": landed.blank,
        "unclaimed": landed.unclaimed,
        "quarantined": sum(landed.quarantined.values()),
        "quarantine": landed.quarantined,
        "shares": {str(event_day): n for event_day, n in sorted(landed.shares.items())},
    }
    if landed.accounts:
        raw_accounts.tell_accounts(landed, result, source)
    return result


def _run_table(workspace: Workspace, op: Op, progress: Progress) -> OpResult:
    result = OpResult(op)
    try:
        written, counts = build_table(workspace, op)
    except FigError as refusal:
        result.refused[None] = refusal
        return result
    progress(op.name, None)
    result.days[None] = DayResult(workspace.graph.start, rows=written.rows, notes=dict(counts))
    return result


def _run_snapshots(
    workspace: Workspace, op: Op, days: Sequence[date], progress: Progress
) -> OpResult:
    result = OpResult(op)
    for day, made in build_snapshots(workspace, op, days).items():
        if isinstance(made, FigError):
            result.refused[day] = made
            continue
        notes = {"snapshot": str(made.dated or "none yet"), **made.counts}
        result.days[day] = DayResult(day, rows=made.written.rows, notes=notes)
        progress(op.name, day)
    return result


def _run_model(
    workspace: Workspace,
    op: Op,
    days: Sequence[date],
    progress: Progress,
    explicit_days: frozenset[date],
) -> OpResult:
    model = workspace.graph.models[op.owner]
    result = OpResult(op)
    for day in sorted(days):
        try:
            explicit = day in explicit_days
            found = model_days.decide(workspace, model, day, explicit=explicit)
        except FigError as refusal:
            result.refused[day] = refusal
        else:
            result.decisions[day], result.days[day] = found
        progress(op.name, day)
    return result


def _run_scores(workspace: Workspace, op: Op, days: Sequence[date], progress: Progress) -> OpResult:
    model = workspace.graph.models[op.owner]
    step = partial(model_days.score, workspace, model)
    result = _run_each(workspace, op, days, step, progress=progress)
    model_days.add_matured(workspace, model, result.days.values())
    return result


def _days(start: date, end: date) -> list[date]:
    return [start + timedelta(days=n) for n in range((end - start).days + 1)]
