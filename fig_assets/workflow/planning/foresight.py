"""Ops in order and days -> each column of each day that has to be computed, and why: all layers.

What is planned on one layer is marked, and the layers below look at the marks beside the records.
So a column is planned if it is stale now, or reads something that is computed before it.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from fig_assets.engines.base import Read, days_between
from fig_assets.engines.snapshot import Snapshot
from fig_assets.graph.awaited import days_awaited
from fig_assets.graph.nodes import Attribute, Key, Op
from fig_assets.graph.sources import Source
from fig_assets.workflow.learning import learn
from fig_assets.workflow.learning.champions import decisions_to_make
from fig_assets.workflow.steps import raw
from fig_assets.workflow.steps.compute import attributes_of, writes
from fig_assets.workflow.steps.raw_accounts import PartFiles, find_parts, stale_parts
from fig_assets.workflow.steps.snapshots import stale_snapshots
from fig_assets.workflow.steps.stale import (
    MISSING,
    NEVER_BUILT,
    STALE,
    UNKNOWN,
    Marks,
    Reason,
    Records,
    stale_columns,
)
from fig_assets.workflow.steps.states import needed_states_of
from fig_assets.workflow.steps.tables import stale_table
from fig_assets.workflow.steps.write import Write
from fig_assets.workflow.workspace import Workspace

LINES, DECISION = "lines", "decision"
"""What stands for a column of raw files and of models, which have none."""
CHAMPION = "champion may change"


@dataclass(frozen=True)
class Cells:
    """Columns of one day of a relation that `op` computes together; `day` None without days."""

    op: str
    relation: str
    day: date | None
    columns: Mapping[str, Reason]
    rows: bool = False
    """Whether the set of rows may become another."""


@dataclass(eq=False)
class Foresight:
    """Walks the ops of a graph in order, over `days`, and collects what has to be computed.

    `selected` are the assets that may be computed, all of them when None. Columns that cannot be
    compared are planned only with `upgrade_rules`. `only` names the columns of relations that are
    looked at, beside those that make their rows; all of them when None.
    """

    workspace: Workspace
    days: Sequence[date]
    selected: Collection[Key] | None = None
    upgrade_rules: bool = False
    only: Mapping[str, Collection[str]] | None = None
    found: list[Cells] = field(default_factory=list)
    unknown: list[Cells] = field(default_factory=list)

    def __post_init__(self) -> None:
        engine = self.workspace.engine
        self._records = Records(Snapshot(engine), Marks(), engine.rule)
        self._awaiting = days_awaited(self.workspace.graph)
        self._planned: dict[tuple[str, date | None], set[str]] = {}
        self._unsure: dict[str, set[date]] = {}

    def look(self) -> None:
        """Look at every op."""
        for op in self.workspace.graph.ops:
            self.look_at(op)

    def look_at(self, op: Op) -> None:
        """Look at one op; those that it reads come before it."""
        if self.selected is not None and not set(self.selected) & set(op.keys):
            return
        match op.kind:
            case "raw":
                self._raw(op)
            case "table":
                self._table(op)
            case "model":
                self._model(op)
            case "score":
                self._scores(op)
            case _:
                self._statements(op)

    def _raw(self, op: Op) -> None:
        source = self.workspace.graph.sources[op.owner]
        found = find_parts(self.workspace, source)
        place = "/".join(op.keys[0])
        if not source.is_dated:
            self._undated(op, place, found)
            return
        for day in self.days:
            stale = stale_parts(self.workspace, found, day)
            if stale:
                self._add(op, place, day, {LINES: told(_reason(stale, found))})
            for part in stale:
                # Late shares are published only where there are late lines.
                for late in range(part.source.late_days + 1 if part.of(day) else 1):
                    self._mark_landings(part.source, late, day - timedelta(days=late))

    def _undated(self, op: Op, place: str, found: Sequence[PartFiles]) -> None:
        graph = self.workspace.graph
        stale: dict[PartFiles, str] = {}
        for day in self.days:
            stale |= stale_parts(self.workspace, found, day)
        if stale:
            self._add(op, place, None, {LINES: told(_reason(stale, found))})
            last = graph.end or raw.today()
            for day in days_between(graph.start, last + timedelta(days=1)):
                for part in stale:
                    self._mark_landings(part.source, 0, day)

    def _mark_landings(self, source: Source, late: int, day: date) -> None:
        for landing in source.landings:
            self._records.marks.add(f"{landing.relation}/{late}", day, None)

    def _table(self, op: Op) -> None:
        table = self.workspace.graph.tables[op.owner]
        reasons: dict[date | None, str]
        if table.is_daily:
            reasons = dict(stale_snapshots(self.workspace, op, self.days).items())
        else:
            reason = stale_table(self.workspace, op)
            reasons = {None: reason} if reason else {}
        for day, reason in reasons.items():
            columns = dict.fromkeys(table.columns, told(reason))
            self._add(op, table.relation, day, columns, rows=True)

    def _model(self, op: Op) -> None:
        model = self.workspace.graph.models[op.owner]
        found = decisions_to_make(self.workspace, model, self.days, self._is_coming)
        self._unsure[op.owner] = found.unsure
        for day, reason in found.reasons.items():
            self._add(op, "/".join(model.key), day, {DECISION: reason})

    def _scores(self, op: Op) -> None:
        model = self.workspace.graph.models[op.owner]
        unsure = self._unsure.get(op.owner, set())
        for day in self.days:
            target = learn.target_of_scores(self.workspace, model, day)
            stored = self.workspace.engine.partition(target.relation, day)
            columns = [name for name in target.names if name not in target.key]
            reasons = stale_columns(self._records, stored, target, columns)
            now = target.notes["champion"]
            others = learn.of_other_champion(self.workspace, model, day, stored, now=now)
            reasons |= dict.fromkeys(others, Reason(STALE, learn.CHAMPION_CHANGED))
            sure = [reason for reason in reasons.values() if reason.state != UNKNOWN]
            if day in unsure and not sure:
                sure = [Reason(STALE, CHAMPION, ("/".join(model.key),))]
            if sure:
                # Scores are made together: one model gives them all.
                rows = target.key[0] in reasons
                names = target.names if rows else columns
                reasons = {n: reasons.get(n, sure[0]) for n in names}
                self._add(op, target.relation, day, reasons, rows=rows)
            else:
                self._add(op, target.relation, day, reasons)

    def _statements(self, op: Op) -> None:
        every = attributes_of(self.workspace.graph, op)
        selected = None if self.selected is None else tuple(self.selected)
        wanted = attributes_of(self.workspace.graph, op, selected)
        if op.kind == "window":
            self._states(op, wanted or every)
        for day in self.days:
            for write in writes(self.workspace, op, day, every):
                if op.name not in self._awaiting or self._sees_ahead(write, day):
                    self._write(op, write, day, wanted or every)

    def _write(self, op: Op, write: Write, day: date, wanted: Sequence[Attribute]) -> None:
        target, making = write.target, row_columns(write)
        if self.only is not None:
            kept = {*self.only.get(target.relation, ()), *making}
            target = replace(target, columns=tuple(c for c in target.columns if c.name in kept))
        stored = self.workspace.engine.partition(target.relation, day)
        attributes = [name for name in target.names if name not in making]
        reasons = stale_columns(self._records, stored, target, attributes)
        rows = any(n in making and r.state != UNKNOWN for n, r in reasons.items())
        names = {attribute.column for attribute in wanted}
        if write.attributes and not rows:
            reasons = {n: r for n, r in reasons.items() if n in names}
        self._add(op, target.relation, day, reasons, rows=rows)

    def _states(self, op: Op, wanted: Sequence[Attribute]) -> None:
        """Plan the daily states that the windows of `days` merge and that nobody planned yet."""
        if op.period is None or not self._looks_at_states(op):
            return
        start = self.workspace.graph.start
        windows = [op.period.window(day) for day in self.days]
        days = {d for w in windows for d in days_between(max(w.start, start), w.end)}
        for day in sorted(days):
            for of_rows in (False, True):
                for write in needed_states_of(self.workspace, op, day, wanted, of_rows=of_rows):
                    if all(self._is_coming(read, day) for read in write.needs):
                        self._write(op, write, day, ())

    def _looks_at_states(self, op: Op) -> bool:
        groups = self.workspace.graph.families[op.owner].groups
        names = tuple(group.relation for group in groups)
        return self.only is None or any(name.startswith(names) for name in self.only)

    def _sees_ahead(self, write: Write, day: date) -> bool:
        """Tell whether the days from `day` on that a write looks at are there, or will be."""
        ahead = ((read, then) for read in write.needs for then in read.days if then >= day)
        return all(self._is_coming(read, then) for read, then in ahead)

    def _is_coming(self, read: Read, day: date) -> bool:
        """Tell whether what a statement reads of a day is there, or will be."""
        stored = self.workspace.engine.partition(read.relation, day)
        there = stored is not None and all(name in stored.columns for name in read.columns)
        return there or self._records.marks.has(read, day, read.columns)

    def _add(
        self,
        op: Op,
        relation: str,
        day: date | None,
        reasons: Mapping[str, Reason],
        *,
        rows: bool = False,
    ) -> None:
        planned = self._planned.setdefault((relation, day), set())
        due = {
            name: reason
            for name, reason in reasons.items()
            if name not in planned and (self.upgrade_rules or reason.state != UNKNOWN)
        }
        left = {n: r for n, r in reasons.items() if n not in due and n not in planned}
        if left:
            self.unknown.append(Cells(op.name, relation, day, left))
        if due:
            planned |= set(due)
            self._records.marks.add(relation, day, None if rows else due)
            self.found.append(Cells(op.name, relation, day, due, rows))


def row_columns(write: Write) -> set[str]:
    """Name the columns of a write that belong to its rows: the keys, and what describes them."""
    target = write.target
    if not write.attributes:
        # Daily states have no attributes: of values everything makes the rows.
        return {target.key[0]} if len(target.key) == 1 else set(target.names)
    attributes = {attribute.column for attribute in write.attributes}
    return {name for name in target.names if name in target.key or name not in attributes}


def _reason(stale: Mapping[PartFiles, str], found: Sequence[PartFiles]) -> str:
    """Say in one word why the files of some accounts, or of a source without, are not landed."""
    reasons = set(stale.values())
    if reasons == {"missing"} and len(stale) < len(found):
        return "another account"
    return min(reasons - {"missing"} or reasons)


def told(reason: str) -> Reason:
    """Say in columns what an op without any says of a day."""
    return Reason(MISSING, NEVER_BUILT) if reason == "missing" else Reason(STALE, reason)
