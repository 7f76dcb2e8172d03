"""A plan -> Dagster runs: exactly its columns and days, in order; what is done is passed over."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from fig_assets.assets.partitions import ranges
from fig_assets.assets.runner import LONGEST_RUN_DAYS, Runner
from fig_assets.engines.base import days_between
from fig_assets.graph.nodes import Key, Op
from fig_assets.workflow.compute import attributes_of
from fig_assets.workflow.foresight import Foresight
from fig_assets.workflow.planned import Plan
from fig_assets.workflow.stale import MISSING
from fig_assets.workflow.untouched import Before

Columns = dict[str, set[str]]
"""By relation."""
STATES = "states/"


@dataclass(frozen=True)
class Due:
    """What of one day of an op is computed: assets, and columns of daily states."""

    keys: frozenset[Key]
    states: frozenset[tuple[str, str]] = frozenset()


def follow(
    runner: Runner, plan: Plan, on_plan: Callable[[Mapping[str, int]], None] = lambda plan: None
) -> None:
    """Compute what a plan says, op by op, as far as it is not what it should be by now.

    What is stale but no part of the plan is left alone. The runner's summary has the proof that the
    other columns of all days that were written are what they were.
    """
    before = Before(runner.opened.workspace.engine, plan)
    following = _Following(runner, plan, on_plan)
    for op in runner.opened.workspace.graph.ops:
        following.step(op)
    following.flush()
    runner.summary.columns = before.compare()


@dataclass
class _Following:
    """Ops that miss the same days as a whole are made in one Dagster run; others by themselves.

    Whether something is stale is asked only once everything before it is made.
    """

    runner: Runner
    plan: Plan
    on_plan: Callable[[Mapping[str, int]], None]
    waiting: list[Op] = field(default_factory=list)
    waiting_for: tuple[date, ...] = ()

    def __post_init__(self) -> None:
        self._planned: dict[str, dict[date | None, Columns]] = {}
        self._missing: dict[str, bool] = {}
        for work in self.plan.work:
            days = self._planned.setdefault(work.op, {})
            for day in _days(work.first, work.last):
                days.setdefault(day, {}).setdefault(work.relation, set()).update(work.columns)
            states = {reason.state for reason in work.columns.values()}
            known = self._missing.get(work.op, True)
            self._missing[work.op] = known and states == {MISSING}

    def step(self, op: Op) -> None:
        """Compute what is planned of one op."""
        if op.name not in self._planned:
            return
        if self._missing[op.name] and self._joins(op):
            self._wait(op)
            return
        self.flush()
        tried: set[tuple[date | None, Due]] = set()
        while due := {d: it for d, it in self._due(op).items() if (d, it) not in tried}:
            tried |= set(due.items())
            self._run(op, due)

    def flush(self) -> None:
        """Run the ops that wait."""
        waiting, days = self.waiting, self.waiting_for
        self.waiting, self.waiting_for = [], ()
        for first, last in ranges(days, LONGEST_RUN_DAYS) if waiting else ():
            for op in self.runner.run(waiting, first, last):
                self.runner.run([op], first, last)

    def _joins(self, op: Op) -> bool:
        """Tell whether an op is missing as a whole, on the days that others wait for."""
        due = self._due(op)
        keys = self._every_key(op)
        if set(due) != set(self._planned[op.name]) or {it.keys for it in due.values()} != {keys}:
            return False
        if self._is_dated(op) and any(day not in self.waiting_for for day in due):
            self.flush()
        return True

    def _wait(self, op: Op) -> None:
        days = [day for day in self._planned[op.name] if day is not None]
        if self.waiting and days and tuple(sorted(days)) != self.waiting_for:
            self.flush()
        self.on_plan({op.name: max(1, len(days))})
        if days or not self.waiting:
            self.waiting_for = tuple(sorted(days)) or (self.plan.start,)
        self.waiting.append(op)

    def _run(self, op: Op, due: Mapping[date | None, Due]) -> None:
        self.on_plan({op.name: len(due)})
        groups: dict[Due, list[date]] = {}
        for day, what in due.items():
            groups.setdefault(what, []).append(day or self.plan.start)
        for what, days in groups.items():
            states: dict[str, set[str]] = {}
            for relation, column in what.states:
                states.setdefault(relation, set()).add(column)
            for first, last in ranges(days, LONGEST_RUN_DAYS):
                self.runner.run([op], first, last, only=what.keys, states=states or None)

    def _due(self, op: Op) -> dict[date | None, Due]:
        """Say what of an op's part of the plan is not what it should be as things stand now."""
        planned = self._planned[op.name]
        days = sorted({day or self.plan.start for day in planned})
        look = Foresight(self.runner.opened.workspace, days, upgrade_rules=self.plan.upgrade_rules)
        look.look_at(op)
        found: dict[date | None, Columns] = {}
        for cells in look.found:
            if op.kind == "window" and cells.relation.startswith(STATES):
                continue
            names = planned.get(cells.day, {}).get(cells.relation, set()) & set(cells.columns)
            if names:
                found.setdefault(cells.day, {})[cells.relation] = names
        return {day: self._what(op, columns) for day, columns in found.items()}

    def _what(self, op: Op, columns: Columns) -> Due:
        names = {name for own in columns.values() for name in own}
        attributes = attributes_of(self.runner.opened.workspace.graph, op)
        wanted = {a.key for a in attributes if a.column in names}
        if op.kind == "states":
            return Due(self._every_key(op), frozenset(_flat(columns)))
        if not attributes or len(wanted) == len(attributes):
            return Due(self._every_key(op))
        others = {key for key in op.keys if key not in {a.key for a in attributes}}
        return Due(frozenset(self.runner.selected & (wanted | others)))

    def _every_key(self, op: Op) -> frozenset[Key]:
        return frozenset(self.runner.selected & set(op.keys))

    def _is_dated(self, op: Op) -> bool:
        return self.runner.assets[op.name].partitions_def is not None


def _flat(columns: Columns) -> Iterable[tuple[str, str]]:
    return ((relation, name) for relation, names in columns.items() for name in names)


def _days(first: date | None, last: date | None) -> list[date | None]:
    return [None] if first is None or last is None else [*days_between(first, last), last]
