"""A plan -> runs of ops: exactly its columns and days, in order; what is done is passed over."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Protocol

from fig_assets.engines.base import days_between
from fig_assets.graph.nodes import Key, Op
from fig_assets.workflow.planning.foresight import Foresight
from fig_assets.workflow.planning.planned import Plan
from fig_assets.workflow.planning.untouched import Before, Proof
from fig_assets.workflow.steps.compute import attributes_of
from fig_assets.workflow.steps.stale import MISSING
from fig_assets.workflow.workspace import Workspace

Columns = dict[str, set[str]]
"""By relation."""
STATES = "states/"
LONGEST_RUN_DAYS = 90


class Runs(Protocol):
    """Runs ops over ranges of days, and tells somebody of it."""

    def run(
        self,
        ops: Sequence[Op],
        first: date,
        last: date,
        *,
        only: Collection[Key] | None = None,
        states: Mapping[str, Collection[str]] | None = None,
    ) -> Sequence[Op]:
        """Run `ops` together; returns those that were skipped since another failed.

        `only` are the assets that are computed, all selected ones when None; `states` names the
        columns of each relation of daily states.
        """
        ...


@dataclass(frozen=True)
class Due:
    """What of one day of an op is computed: assets, and columns of daily states."""

    keys: frozenset[Key]
    states: frozenset[tuple[str, str]] = frozenset()


def follow(
    workspace: Workspace,
    plan: Plan,
    runs: Runs,
    *,
    selected: Collection[Key] | None = None,
    on_plan: Callable[[Mapping[str, int]], None] = lambda plan: None,
) -> Proof:
    """Compute what a plan says, op by op, as far as it is not what it should be by now.

    What is stale but no part of the plan is left alone. `selected` are the assets that may be
    computed; `on_plan` is told how many days of each op are going to be.

    Returns:
        The proof that the other columns of all days that were written are what they were.
    """
    before = Before(workspace.engine, plan)
    every = {key for op in workspace.graph.ops for key in op.keys}
    chosen = every if selected is None else set(selected)
    following = _Following(workspace, plan, runs, chosen, on_plan)
    for op in workspace.graph.ops:
        following.step(op)
    following.flush()
    return before.compare()


def ranges(days: Iterable[date], longest: int) -> list[tuple[date, date]]:
    """Cut days into contiguous ranges of at most `longest` days, both ends included.

    >>> ranges([date(2024, 1, 1), date(2024, 1, 2), date(2024, 1, 4)], 90)[0][1].day
    2
    """
    found: list[tuple[date, date]] = []
    for day in sorted(set(days)):
        if (
            found
            and day - found[-1][1] == timedelta(days=1)
            and (day - found[-1][0]).days < longest
        ):
            found[-1] = (found[-1][0], day)
        else:
            found.append((day, day))
    return found


@dataclass
class _Following:
    """Ops that miss the same days as a whole are made in one Dagster run; others by themselves.

    Whether something is stale is asked only once everything before it is made.
    """

    workspace: Workspace
    plan: Plan
    runs: Runs
    selected: set[Key]
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
            if op.kind != "model":
                # Only decisions wait for earlier ones of the same op.
                return

    def flush(self) -> None:
        """Run the ops that wait."""
        waiting, days = self.waiting, self.waiting_for
        self.waiting, self.waiting_for = [], ()
        for first, last in ranges(days, LONGEST_RUN_DAYS) if waiting else ():
            for op in self.runs.run(waiting, first, last):
                self.runs.run([op], first, last)

    def _joins(self, op: Op) -> bool:
        """Tell whether an op is missing as a whole, on the days that others wait for."""
        if op.kind == "states" and not self._is_new(op):
            return False
        due = self._due(op)
        keys = self._every_key(op)
        if set(due) != set(self._planned[op.name]) or {it.keys for it in due.values()} != {keys}:
            return False
        if self._is_dated(op) and any(day not in self.waiting_for for day in due):
            self.flush()
        return True

    def _is_new(self, op: Op) -> bool:
        """Tell whether nothing of the planned days of an op is stored."""
        return not any(
            self.workspace.engine.partition(relation, day)
            for day, columns in self._planned[op.name].items()
            for relation in columns
        )

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
                self.runs.run([op], first, last, only=what.keys, states=states or None)

    def _due(self, op: Op) -> dict[date | None, Due]:
        """Say what of an op's part of the plan is not what it should be as things stand now."""
        planned = self._planned[op.name]
        days = sorted({day or self.plan.start for day in planned})
        only: Columns = {}
        for columns in planned.values():
            for relation, names in columns.items():
                only.setdefault(relation, set()).update(names)
        look = Foresight(self.workspace, days, upgrade_rules=self.plan.upgrade_rules, only=only)
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
        attributes = attributes_of(self.workspace.graph, op)
        wanted = {a.key for a in attributes if a.column in names}
        if op.kind == "states":
            return Due(self._every_key(op), frozenset(_flat(columns)))
        if not attributes or len(wanted) == len(attributes):
            return Due(self._every_key(op))
        others = {key for key in op.keys if key not in {a.key for a in attributes}}
        return Due(frozenset(self.selected & (wanted | others)))

    def _every_key(self, op: Op) -> frozenset[Key]:
        return frozenset(self.selected & set(op.keys))

    def _is_dated(self, op: Op) -> bool:
        graph = self.workspace.graph
        if op.kind == "table":
            return graph.tables[op.owner].is_daily
        return op.kind != "raw" or graph.sources[op.owner].is_dated


def _flat(columns: Columns) -> Iterable[tuple[str, str]]:
    return ((relation, name) for relation, names in columns.items() for name in names)


def _days(first: date | None, last: date | None) -> list[date | None]:
    return [None] if first is None or last is None else [*days_between(first, last), last]
