"""A daily table's files -> its days: each holds the newest file dated up to it."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pyarrow as pa

from fig_assets.engines.base import DAY, Target, Written
from fig_assets.engines.raw.files import find_files
from fig_assets.engines.snapshot import stale_reason
from fig_assets.errors import FigError, WorkflowError
from fig_assets.graph.nodes import Op
from fig_assets.workflow.steps.raw import file_digest, raw_files
from fig_assets.workflow.steps.tables import first_of_each_key, read_rows, table_target
from fig_assets.workflow.workspace import Workspace

FILE = "file"
"""The note that says which file a day was made of: name, size, time and digest; empty for none."""


@dataclass
class Snapshots:
    """The dated files of one daily table, each digested once."""

    root: Path
    files: Mapping[date, Sequence[Path]]
    _digests: dict[Path, str] = field(default_factory=dict)

    def dated(self, day: date) -> date | None:
        """Return the newest date of a file up to `day`, if there is any."""
        return max((found for found in self.files if found <= day), default=None)

    def note(self, dated: date | None) -> str:
        """Describe the file of a date, as it is noted in the days made of it."""
        if dated is None:
            return ""
        path = self.files[dated][0]
        status = path.stat()
        name = os.path.relpath(path, self.root)
        return json.dumps([name, status.st_size, status.st_mtime_ns, self._digest(path)])

    def is_noted(self, noted: str, dated: date | None) -> bool:
        """Tell whether a stored note is of the content that the file of `dated` has now."""
        if dated is None or not noted:
            return dated is None and not noted
        if len(self.files[dated]) > 1:
            return False
        path = self.files[dated][0]
        name, size, modified, digest = json.loads(noted)
        status = path.stat()
        same = (os.path.relpath(path, self.root), status.st_size, status.st_mtime_ns)
        if same == (name, size, modified):
            return True
        return bool(status.st_size == size and self._digest(path) == digest)

    def _digest(self, path: Path) -> str:
        if path not in self._digests:
            self._digests[path] = file_digest(path)
        return self._digests[path]


@dataclass(frozen=True)
class SnapshotDay:
    """What one day of a daily table was made of."""

    written: Written
    dated: date | None
    """The date of its file; None before the first file."""
    counts: Mapping[str, int]


def build_snapshots(
    workspace: Workspace, op: Op, days: Sequence[date]
) -> dict[date, SnapshotDay | FigError]:
    """Make each of `days` the newest file dated up to it, or empty before the first file.

    Each file is read once, however many days carry it. Of rows with one key the first counts.

    Returns:
        For each day what it was made of, or why it was refused: two files have its date, or the
        file cannot be read. Nothing is published on a refused day.

    Raises:
        WorkflowError: the folder of the files is not there.
    """
    table = workspace.graph.tables[op.owner]
    found = _snapshots(workspace, raw_files(workspace, workspace.graph.sources[table.source]))
    carried: dict[date | None, list[date]] = {}
    for day in sorted(days):
        carried.setdefault(found.dated(day), []).append(day)
    made: dict[date, SnapshotDay | FigError] = {}
    for dated, carriers in carried.items():
        try:
            made |= _build(workspace, op, found, (dated, carriers))
        except FigError as refusal:
            made |= dict.fromkeys(carriers, refusal)
    return made


def stale_snapshots(workspace: Workspace, op: Op, days: Sequence[date]) -> dict[date, str]:
    """Return the days whose content is not that of the newest file dated up to them, and why."""
    path = workspace.environment.table_files(workspace.graph.tables[op.owner].source).path
    found = _snapshots(workspace, find_files(path, workspace.root))
    reasons = {day: _reason(workspace, op, found, day) for day in days}
    return {day: reason for day, reason in reasons.items() if reason}


def _reason(workspace: Workspace, op: Op, found: Snapshots, day: date) -> str:
    target = _target(workspace, op, {})
    if reason := stale_reason(workspace.engine, target, day):
        return reason
    stored = workspace.engine.partition(target.relation, day)
    noted = stored.notes.get(FILE, "") if stored else ""
    return "" if found.is_noted(noted, found.dated(day)) else "source file changed"


def _build(
    workspace: Workspace, op: Op, found: Snapshots, carried: tuple[date | None, Sequence[date]]
) -> dict[date, SnapshotDay]:
    dated, days = carried
    table = workspace.graph.tables[op.owner]
    files = [] if dated is None else found.files[dated]
    if len(files) > 1:
        names = ", ".join(os.path.relpath(path, found.root) for path in files)
        raise WorkflowError(
            f"table '{table.name}': {len(files)} files are dated {dated}: {names}\n"
            f'  fix: keep one of them, or narrow "path" of source "{table.source}"'
        )
    target = _target(workspace, op, {FILE: found.note(dated)})
    counts: dict[str, int] = {}
    rows = target.schema.empty_table()
    if files:
        rows, counts = first_of_each_key(read_rows(workspace, table, files[0]), table.key)
    made = {}
    for day in days:
        dated_rows = rows.append_column(DAY, pa.repeat(pa.scalar(day, pa.date32()), rows.num_rows))
        (written,) = workspace.engine.replace_days(target, dated_rows, [day])
        made[day] = SnapshotDay(written, dated, counts)
    return made


def _snapshots(workspace: Workspace, files: Mapping[date | None, list[Path]]) -> Snapshots:
    return Snapshots(workspace.root, {day: paths for day, paths in files.items() if day})


def _target(workspace: Workspace, op: Op, notes: Mapping[str, str]) -> Target:
    return table_target(workspace.graph.tables[op.owner], notes)
