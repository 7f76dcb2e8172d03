"""Days and a selection -> Dagster runs in this process, exact partitions, in the right order.

One run over the whole range where nothing fails. Where a day is refused, the rest goes on op by
op, so that the good days reach everything that can be made of them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta

from dagster import (
    AssetMaterialization,
    AssetsDefinition,
    AssetSelection,
    DagsterError,
    DagsterEvent,
    DagsterEventType,
    DagsterInstance,
    Definitions,
    ExecuteInProcessResult,
    IntMetadataValue,
    materialize,
)
from dagster._core.storage.tags import (
    ASSET_PARTITION_RANGE_END_TAG,
    ASSET_PARTITION_RANGE_START_TAG,
)

from fig_assets.assets import keys
from fig_assets.assets.betas import parse_selection
from fig_assets.assets.definitions import build_assets
from fig_assets.assets.partitions import partition, ranges
from fig_assets.assets.resources import WORKSPACE, OpenWorkspace
from fig_assets.errors import WorkflowError
from fig_assets.graph.nodes import Key, Op
from fig_assets.sql.losses import LOST_KEYS
from fig_assets.workflow.plan import MISSING, check_days, stale_days
from fig_assets.workflow.raw import raw_files
from fig_assets.workflow.run import Progress
from fig_assets.workflow.workspace import Workspace

LONGEST_RUN_DAYS = 90
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
"""Events go to the event log; the terminal shows progress instead."""


@dataclass
class Summary:
    """What a workflow did.

    `done` counts (asset, day) materialisations by op, `refused` holds the words of each op that
    refused days, `checks_passed` and `checks_failed` count evaluated checks, one a run.
    """

    start: date
    end: date
    done: dict[str, int] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    checks_passed: int = 0
    checks_failed: int = 0
    failed_checks: list[str] = field(default_factory=list)
    run_ids: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    """Seconds by op, its bookkeeping included."""
    lost_keys: dict[str, int] = field(default_factory=dict)
    """By asset: rows without an entity, for their key could not be converted; those above 0."""

    @property
    def ok(self) -> bool:
        """Whether no day of any op was refused."""
        return not self.refused

    def as_json(self) -> dict[str, object]:
        """Return everything as plain JSON values."""
        return {**asdict(self), "start": str(self.start), "end": str(self.end), "ok": self.ok}


def select_keys(workspace: Workspace, select: str | None) -> set[Key]:
    """Resolve a selection in Dagster's syntax to the assets that can be computed.

    Raises:
        WorkflowError: the text is no selection, or selects nothing.
    """
    computed = {key for op in workspace.graph.ops for key in op.keys}
    if select is None:
        return computed
    graph = Definitions(assets=build_assets(workspace), resources=_resources(workspace))
    try:
        found = parse_selection(select).resolve(graph.resolve_asset_graph())
    except DagsterError as refusal:
        raise WorkflowError(
            f"'{select}' is no selection: {refusal}\n"
            "  fix: write it as in Dagster, such as --select 'key:\"families/asn/*\"'"
        ) from refusal
    wanted = {keys.graph_key(key) for key in found} & computed
    if not wanted:
        raise WorkflowError(f"'{select}' selects no asset; see the keys in fig validate --list")
    return wanted


def launch(
    workspace: Workspace,
    instance: DagsterInstance,
    start: date,
    end: date,
    *,
    selected: set[Key],
    train: bool = False,
    only_stale: bool = False,
    progress: Progress = lambda op, day: None,
    on_plan: Callable[[Mapping[str, int]], None] = lambda plan: None,
) -> Summary:
    """Materialise `selected` for the days `start` to `end`, both included.

    Args:
        workspace: The opened project.
        instance: Where the runs are recorded.
        start: First day.
        end: Last day.
        selected: Assets, by the graph's keys.
        train: Train the selected models for the last day even if it is not due.
        only_stale: Compute only what is missing or stale, and what becomes stale by that.
        progress: Told each op and day when done.
        on_plan: Told how many days of each op are going to be computed.

    Raises:
        WorkflowError: the days lie outside the project.
    """
    check_days(workspace.graph, start, end)
    for op in workspace.graph.ops:
        if op.kind == "raw" and selected & set(op.keys):
            raw_files(workspace, workspace.graph.sources[op.owner])
    summary = Summary(start, end)
    opened = OpenWorkspace(workspace, progress, frozenset({end} if train else ()))
    assets = {a.op.name: a for a in build_assets(workspace) if isinstance(a, AssetsDefinition)}
    ops = [op for op in workspace.graph.ops if selected & set(op.keys)]
    days = [start + timedelta(days=n) for n in range((end - start).days + 1)]
    runner = _Runner(instance, opened, assets, selected, summary)
    if only_stale:
        catch_up = _CatchUp(runner, ops, days, on_plan)
        while catch_up.once():
            pass
        return summary
    on_plan({op.name: len(days) for op in ops})
    for first, last in ranges(days, LONGEST_RUN_DAYS):
        remaining = runner.run(ops, first, last)
        for op in remaining:
            runner.run([op], first, last)
    return summary


@dataclass(frozen=True, eq=False)
class _Runner:
    """Runs ops over ranges of days and adds up what happened."""

    instance: DagsterInstance
    opened: OpenWorkspace
    assets: Mapping[str, AssetsDefinition]
    selected: set[Key]
    summary: Summary

    def run(self, ops: Sequence[Op], first: date, last: date) -> list[Op]:
        """Run `ops` in one Dagster run; returns those that were skipped since another failed."""
        wanted = [keys.asset_key(key) for op in ops for key in op.keys if key in self.selected]
        dated = any(self.assets[op.name].partitions_def is not None for op in ops)
        tags = {
            ASSET_PARTITION_RANGE_START_TAG: partition(first),
            ASSET_PARTITION_RANGE_END_TAG: partition(last),
        }
        result = materialize(
            [*self.assets.values()],
            selection=AssetSelection.assets(*wanted),
            instance=self.instance,
            resources=_resources(self.opened.workspace, self.opened),
            tags=tags if dated else None,
            run_config=QUIET,
            raise_on_error=False,
        )
        return self._record(result, ops)

    def _record(self, result: ExecuteInProcessResult, ops: Sequence[Op]) -> list[Op]:
        summary = self.summary
        summary.run_ids.append(result.run_id)
        for event in self._materialisations(result):
            name = event.step_key or ""
            summary.done[name] = summary.done.get(name, 0) + 1
            self._add_lost_keys(event.step_materialization_data.materialization)
        for check in result.get_asset_check_evaluations():
            if check.partition is not None:
                continue
            if check.passed:
                summary.checks_passed += 1
            else:
                summary.checks_failed += 1
                where = "/".join(check.asset_key.path)
                summary.failed_checks.append(f"{where} {check.check_name}: {check.description}")
        failed = set()
        for event in result.get_step_failure_events():
            failed.add(event.step_key)
            summary.refused[event.step_key or ""] = _words(event.step_failure_data)
        for stats in self.instance.get_run_step_stats(result.run_id):
            if stats.start_time and stats.end_time:
                spent = stats.end_time - stats.start_time
                summary.seconds[stats.step_key] = summary.seconds.get(stats.step_key, 0.0) + spent
        started = {event.step_key for event in result.get_step_success_events()} | failed
        return [op for op in ops if op.name not in started] if failed else []

    def _materialisations(self, result: ExecuteInProcessResult) -> Sequence[DagsterEvent]:
        """Return what was materialised; the result of a failed run does not have all of it."""
        if result.success:
            return result.get_asset_materialization_events()
        made = DagsterEventType.ASSET_MATERIALIZATION
        logs = self.instance.all_logs(result.run_id, of_type=made)
        return [log.dagster_event for log in logs if log.dagster_event]

    def _add_lost_keys(self, made: AssetMaterialization) -> None:
        found = made.metadata.get(LOST_KEYS)
        if isinstance(found, IntMetadataValue) and found.value:
            lost, name = self.summary.lost_keys, "/".join(made.asset_key.path)
            lost[name] = lost.get(name, 0) + found.value


@dataclass
class _CatchUp:
    """Computes what is missing or stale, in passes, until nothing is left that was not tried.

    Ops that miss the same days are made in one Dagster run. Whether something is stale for another
    reason is asked only once everything before it is made.
    """

    runner: _Runner
    ops: Sequence[Op]
    days: Sequence[date]
    on_plan: Callable[[Mapping[str, int]], None]
    tried: set[tuple[str, date, str]] = field(default_factory=set)
    waiting: list[Op] = field(default_factory=list)
    waiting_for: tuple[date, ...] = ()

    def once(self) -> bool:
        """Go through all ops once; returns whether anything was run."""
        before = len(self.tried)
        for op in self.ops:
            stale = self._stale(op)
            if self.waiting and not self._joins(op, stale):
                self._flush()
                stale = self._stale(op)
            if stale:
                self._queue(op, stale)
        self._flush()
        return len(self.tried) > before

    def _stale(self, op: Op) -> dict[date, str]:
        found = stale_days(self.runner.opened.workspace, op, self.days)
        return {d: why for d, why in found.items() if (op.name, d, why) not in self.tried}

    def _joins(self, op: Op, stale: Mapping[date, str]) -> bool:
        if set(stale.values()) != {MISSING}:
            return False
        return not self._is_dated(op) or tuple(sorted(stale)) == self.waiting_for

    def _is_dated(self, op: Op) -> bool:
        """Tell whether an op has days; one without is made beside whatever waits."""
        tables = self.runner.opened.workspace.graph.tables
        return op.kind != "table" or tables[op.owner].is_daily

    def _queue(self, op: Op, stale: Mapping[date, str]) -> None:
        self.tried |= {(op.name, day, why) for day, why in stale.items()}
        self.on_plan({op.name: len(stale)})
        if self._is_dated(op) or not self.waiting:
            self.waiting_for = tuple(sorted(stale))
        self.waiting.append(op)
        if set(stale.values()) != {MISSING}:
            self._flush()

    def _flush(self) -> None:
        for first, last in ranges(self.waiting_for, LONGEST_RUN_DAYS) if self.waiting else ():
            for op in self.runner.run(self.waiting, first, last):
                self.runner.run([op], first, last)
        self.waiting, self.waiting_for = [], ()


def _words(failure: object) -> str:
    user = getattr(failure, "user_failure_data", None)
    if user is not None and user.description:
        return str(user.description)
    error = getattr(failure, "error", None)
    cause = getattr(error, "cause", None) or error
    return str(getattr(cause, "message", cause)).strip()


def _resources(workspace: Workspace, opened: OpenWorkspace | None = None) -> dict[str, object]:
    return {WORKSPACE: opened or OpenWorkspace(workspace)}
