"""Ops and a range of days -> one Dagster run in this process, and what it did."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date

from dagster import (
    AssetMaterialization,
    AssetsDefinition,
    AssetSelection,
    DagsterEvent,
    DagsterEventType,
    DagsterInstance,
    ExecuteInProcessResult,
    IntMetadataValue,
    materialize,
)
from dagster._core.storage.tags import (
    ASSET_PARTITION_RANGE_END_TAG,
    ASSET_PARTITION_RANGE_START_TAG,
)

from fig_assets.assets import keys
from fig_assets.assets.partitions import partition
from fig_assets.assets.resources import WORKSPACE, OpenWorkspace
from fig_assets.graph.nodes import Key, Op
from fig_assets.sql.losses import LOST_KEYS
from fig_assets.workflow.planning.untouched import Proof
from fig_assets.workflow.workspace import Workspace

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
    waiting: dict[str, list[str]] = field(default_factory=dict)
    """By op: days that were left out, for they look at days that are not over yet."""
    columns: Proof | None = None
    """What became of each column of the files that were written, where a plan was followed."""

    @property
    def ok(self) -> bool:
        """Whether no day of any op was refused."""
        return not self.refused

    def as_json(self) -> dict[str, object]:
        """Return everything as plain JSON values."""
        return {**asdict(self), "start": str(self.start), "end": str(self.end), "ok": self.ok}


@dataclass(frozen=True, eq=False)
class Runner:
    """Runs ops over ranges of days and adds up what happened."""

    instance: DagsterInstance
    opened: OpenWorkspace
    assets: Mapping[str, AssetsDefinition]
    selected: set[Key]
    summary: Summary

    def run(
        self,
        ops: Sequence[Op],
        first: date,
        last: date,
        *,
        only: Collection[Key] | None = None,
        states: Mapping[str, Collection[str]] | None = None,
    ) -> list[Op]:
        """Run `ops` in one Dagster run; returns those that were skipped since another failed.

        `only` are the assets that are computed, all selected ones when None; `states` names the
        columns of daily states.
        """
        chosen = self.selected if only is None else only
        wanted = [keys.asset_key(key) for op in ops for key in op.keys if key in chosen]
        opened = replace(self.opened, states=states)
        dated = any(self.assets[op.name].partitions_def is not None for op in ops)
        tags = {
            ASSET_PARTITION_RANGE_START_TAG: partition(first),
            ASSET_PARTITION_RANGE_END_TAG: partition(last),
        }
        result = materialize(
            [*self.assets.values()],
            selection=AssetSelection.assets(*wanted),
            instance=self.instance,
            resources=resources_of(opened.workspace, opened),
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


def _words(failure: object) -> str:
    user = getattr(failure, "user_failure_data", None)
    if user is not None and user.description:
        return str(user.description)
    error = getattr(failure, "error", None)
    cause = getattr(error, "cause", None) or error
    return str(getattr(cause, "message", cause)).strip()


def resources_of(workspace: Workspace, opened: OpenWorkspace | None = None) -> dict[str, object]:
    """Return what every op asks Dagster for."""
    return {WORKSPACE: opened or OpenWorkspace(workspace)}
