"""Raw files of many accounts -> landing relations; what one lacks does not stop the others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from fig_assets.engines.raw.files import RawFileError
from fig_assets.engines.raw.line_readers import LineReaders
from fig_assets.errors import WorkflowError
from fig_assets.graph.nodes import ACCOUNT
from fig_assets.graph.sources import Source
from fig_assets.sql.landing import (
    landing_target,
    quarantine_target,
    select_landed_before,
    select_quarantined_before,
)
from fig_assets.workflow.steps.checks import COMPLETE, Verdict
from fig_assets.workflow.steps.raw import (
    FILES,
    IN_THIS_PROCESS,
    LINE_COUNT,
    MISSING,
    READING,
    BadLines,
    Landed,
    Raw,
    file_notes,
    land,
    land_everything,
    land_lines,
    publish_quarantine,
    raw_files,
    reading,
    shares_of,
    stale_files,
)
from fig_assets.workflow.steps.raw_tables import raw_table
from fig_assets.workflow.steps.result import DayResult
from fig_assets.workflow.workspace import Workspace

NO_FILES = "no files"
KEPT = "what it gave before is kept"
UNIT = "deliveries"


@dataclass(frozen=True, eq=False)
class PartFiles:
    """The raw files of a source, or of one account of it, by the day in their names; or its table.

    `refused` says why they cannot even be listed; then there are none.
    """

    source: Source
    by_day: Mapping[date | None, Sequence[Raw]]
    refused: str = ""

    def of(self, day: date | None) -> Sequence[Raw]:
        """Return the files dated `day`; of a source without dates, all."""
        return self.by_day.get(day if self.source.is_dated else None, [])

    def paths(self, day: date | None) -> list[Path]:
        """Return the files of `of` that are on this machine."""
        return [it for it in self.of(day) if isinstance(it, Path)]


def find_parts(workspace: Workspace, source: Source) -> tuple[PartFiles, ...]:
    """Find the raw files of a source, account by account where there are any.

    Raises:
        WorkflowError: the folder is not there, or that of no account is.
        RawFileError: the table is not there, or that of no account is.
    """
    if not source.accounts:
        return (PartFiles(source, _found(workspace, source)),)
    found: list[PartFiles] = []
    refusals: list[WorkflowError | RawFileError] = []
    for part in source.parts:
        try:
            found.append(PartFiles(part, _found(workspace, part)))
        except (WorkflowError, RawFileError) as refusal:
            refusals.append(refusal)
            found.append(PartFiles(part, {}, str(refusal).partition("\n")[0]))
    if len(refusals) == len(found):
        raise refusals[0]
    return tuple(found)


def _found(workspace: Workspace, part: Source) -> Mapping[date | None, Sequence[Raw]]:
    if part.is_in_warehouse:
        return {None: [raw_table(workspace, part)]}
    return raw_files(workspace, part)


def land_parts(
    workspace: Workspace,
    source: Source,
    day: date,
    found: Sequence[PartFiles],
    readers: LineReaders = IN_THIS_PROCESS,
) -> Landed:
    """Read the files dated `day` of every account and publish the share of each event day.

    An account whose files are missing or damaged gives nothing new: what it gave before is kept,
    and the result and the stored record say why.

    Raises:
        RawFileError: no account's files can be read, and some are there; nothing is published.
    """
    if not source.accounts:
        return land(workspace, source, day, found[0].of(day), readers)
    return _Accounts(workspace, source, Landed(day), [day], readers).land(found)


def land_all_parts(
    workspace: Workspace,
    source: Source,
    found: Sequence[PartFiles],
    days: Sequence[date],
    readers: LineReaders = IN_THIS_PROCESS,
) -> Landed:
    """Read all files without dates, as `land_parts`, and publish each of `days`, empty or not."""
    if not source.accounts:
        return land_everything(workspace, source, found[0].of(None), days, readers)
    return _Accounts(workspace, source, Landed(None), days, readers).land(found)


def stale_parts(
    workspace: Workspace, found: Sequence[PartFiles], day: date
) -> dict[PartFiles, str]:
    """Return the parts whose landed share of file day `day` is not what their files hold, and why.

    An account that was missing and still is, is as it was.
    """
    reasons = {p: stale_files(workspace, p.source, day, p.of(day)) for p in found}
    return {part: reason for part, reason in reasons.items() if reason}


def missing_accounts(workspace: Workspace, source: Source, day: date) -> dict[str, str]:
    """Return the accounts that gave nothing new to a day that is landed, and why."""
    found = {}
    for part in source.accounts:
        record = workspace.engine.partition(f"{part.landings[0].relation}/0", day)
        why = record.notes.get(MISSING) if record else None
        if part.account and why:
            found[part.account] = why
    return found


def tell_accounts(landed: Landed, result: DayResult, verdict_of: Source) -> None:
    """Add to a day's result what became of each account's lines, and which gave none."""
    missing = {name: one.missing for name, one in landed.accounts.items() if one.missing}
    result.tables["accounts"] = [
        {
            "account": name,
            "files": str(one.files),
            "lines": str(one.lines),
            "landed": str(sum(one.shares.values()) + one.elsewhere),
            "quarantined": str(sum(one.quarantined.values())),
            "missing": one.missing,
        }
        for name, one in landed.accounts.items()
    ]
    result.verdicts.append(
        Verdict(
            key=verdict_of.key,
            name=COMPLETE,
            passed=not missing,
            blocking=False,
            failed_rows=len(missing),
            rows=len(landed.accounts),
            sample=tuple({ACCOUNT: name, "why": why} for name, why in missing.items()),
            unit=UNIT,
            named=worded(missing),
        )
    )


def worded(missing: Mapping[str, str]) -> str:
    """Name missing accounts in a sentence."""
    return "; ".join(f"{name}: {why}" for name, why in missing.items())


@dataclass(eq=False)
class _Accounts:
    """One landing of all accounts: the sum, and the first days of what is landed."""

    workspace: Workspace
    source: Source
    landed: Landed
    days: Sequence[date]
    readers: LineReaders

    def land(self, found: Sequence[PartFiles]) -> Landed:
        bad: BadLines = []
        refused: dict[PartFiles, RawFileError] = {}
        for part in found:
            files = part.of(self.landed.day)
            one = Landed(self.landed.day, files=len(files))
            self.landed.accounts[part.source.account or ""] = one
            if not files:
                one.missing = part.refused or NO_FILES
                continue
            try:
                bad += self._land_one(part, files, one)
            except RawFileError as refusal:
                one.missing = str(refusal).partition("\n")[0]
                refused[part] = refusal
        gave = [one for one in self.landed.accounts.values() if one.files and not one.missing]
        if refused and not gave:
            raise next(iter(refused.values()))
        for part in found:
            one = self.landed.accounts[part.source.account or ""]
            if one.missing:
                bad += self._keep(part, one)
            self._add(one)
        publish_quarantine(self.workspace, self.source, self.days[0], bad)
        return self.landed

    def _land_one(self, part: PartFiles, files: Sequence[Raw], one: Landed) -> BadLines:
        source = part.source
        day = self.landed.day
        shares = shares_of(source, day) if day is not None else [(0, day) for day in self.days]
        bad = land_lines(self.workspace, source, files, shares, one, readers=self.readers)
        return [{**line, ACCOUNT: source.account} for line in bad]

    def _keep(self, part: PartFiles, one: Landed) -> BadLines:
        """Publish again what an account gave before, or nothing, with why it gave nothing new."""
        engine, source = self.workspace.engine, part.source
        files = part.of(self.landed.day)
        one.lines = 0
        one.quarantined = {}
        for landing in source.landings:
            for day in self.days:
                before = engine.partition(f"{landing.relation}/0", day)
                if before is not None and before.rows and KEPT not in one.missing:
                    one.missing = f"{one.missing}; {KEPT}"
                # Read in another way than now, it stays stale until it can be read again.
                known = before.notes.get(READING) if before is not None else None
                notes = {
                    FILES: file_notes(self.workspace, files),
                    LINE_COUNT: before.notes.get(LINE_COUNT, "0") if before is not None else "0",
                    READING: known or reading(source, landing),
                    MISSING: one.missing,
                }
                rows = select_landed_before(landing, day)
                engine.replace_days(landing_target(landing, 0, notes), rows, [day])
        stored = engine.partition(quarantine_target(self.source).relation, self.days[0])
        if stored is None or ACCOUNT not in stored.columns or source.account is None:
            return []
        rows = select_quarantined_before(self.source, source.account, self.days[0])
        kept: BadLines = engine.query(rows).to_pylist()
        return kept

    def _add(self, one: Landed) -> None:
        whole = self.landed
        whole.files += one.files
        whole.lines += one.lines
        whole.blank += one.blank
        whole.elsewhere += one.elsewhere
        whole.unclaimed += one.unclaimed
        for reason, count in one.quarantined.items():
            whole.quarantined[reason] = whole.quarantined.get(reason, 0) + count
        for day, count in one.shares.items():
            whole.shares[day] = whole.shares.get(day, 0) + count
