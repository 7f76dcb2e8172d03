"""Raw lines of a day -> landing relations by event day, and a quarantine with reasons."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from hashlib import blake2b
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from fig_assets.engines.base import DAY
from fig_assets.engines.raw.files import find_files
from fig_assets.engines.raw.line_readers import LineReaders
from fig_assets.engines.raw.lines import Lines
from fig_assets.errors import WorkflowError
from fig_assets.graph.nodes import SOURCE_FILE, SOURCE_LINE
from fig_assets.graph.sources import Landing, Source
from fig_assets.sql.event import PAYLOAD
from fig_assets.sql.landing import (
    EVENT_DAY,
    LINES,
    TIME_TEXT,
    landing_target,
    quarantine_target,
    quarantined,
    select_landed,
)
from fig_assets.workflow.steps.raw_tables import RawTable, read_table
from fig_assets.workflow.workspace import Workspace

FILES, LINE_COUNT, READING = "files", "lines", "reading"
MISSING = "missing"
"""Why an account gave nothing, or nothing new, to a day."""
NO_TIME, LATE, FUTURE = "no usable time", "late", "from the future"
EXCERPT = 200
IN_THIS_PROCESS = LineReaders()
Shares = Sequence[tuple[int, date]]
"""How many days late, and the event day."""
Raw = Path | RawTable
"""What lines are read from."""
BadLines = list[dict[str, object]]
"""Rows of a quarantine."""


@dataclass
class Landed:
    """What became of the lines of one file day.

    `lines` is the sum of `shares`, `elsewhere`, `quarantined`, `unclaimed` and `blank`.
    """

    day: date | None
    files: int = 0
    lines: int = 0
    blank: int = 0
    quarantined: dict[str, int] = field(default_factory=dict)
    shares: dict[date, int] = field(default_factory=dict)
    """Lines by event day, as the first landing places them."""
    elsewhere: int = 0
    """Lines that only an event with its own time path can place."""
    unclaimed: int = 0
    """Lines of a type that no event imports, where every event has paths of its own."""
    missing: str = ""
    """Why this account gave nothing new; empty where it gave its lines."""
    accounts: dict[str, "Landed"] = field(default_factory=dict)
    """What became of each account's lines, where there are accounts."""

    @property
    def lost(self) -> int:
        """How many lines nothing is known of; always 0."""
        known = sum(self.shares.values()) + self.elsewhere + self.blank + self.unclaimed
        return self.lines - known - sum(self.quarantined.values())


def raw_files(workspace: Workspace, source: Source) -> dict[date | None, list[Path]]:
    """Find the raw files of a source, or of one account of it, by the day in their names.

    Raises:
        WorkflowError: the folder is not there.
    """
    folder = _folder(workspace.root, source.path)
    if not folder.is_dir():
        raise WorkflowError(
            f"source '{source.name}': the folder {folder} does not exist\n"
            f'  fix: put the raw files there, or mend "path" of source "{source.name}" in '
            f"{workspace.config.environment.file}"
        )
    return find_files(source.path, workspace.root)


def land(
    workspace: Workspace,
    source: Source,
    day: date,
    files: Sequence[Raw],
    readers: LineReaders = IN_THIS_PROCESS,
) -> Landed:
    """Read the files dated `day`, every line once, and publish the share of each event day.

    Lines of days that no file of `day` may hold are quarantined as late or from the future.

    Raises:
        RawFileError: a file cannot be read as a whole; nothing of the day is published.
    """
    landed = Landed(day, files=len(files))
    bad = land_lines(workspace, source, files, shares_of(source, day), landed, readers=readers)
    publish_quarantine(workspace, source, day, bad)
    return landed


def shares_of(source: Source, day: date) -> Shares:
    """Return the event days that the files dated `day` may hold, each with how late it is."""
    return [(late, day - timedelta(days=late)) for late in range(source.late_days + 1)]


def land_everything(
    workspace: Workspace,
    source: Source,
    files: Sequence[Raw],
    days: Sequence[date],
    readers: LineReaders = IN_THIS_PROCESS,
) -> Landed:
    """Read the files of a source without dates once and publish each of `days`, empty or not.

    Lines of other days are quarantined.
    """
    shares = [(0, day) for day in days]
    landed = Landed(None, files=len(files))
    bad = land_lines(workspace, source, files, shares, landed, readers=readers)
    publish_quarantine(workspace, source, min(days), bad)
    return landed


def land_lines(
    workspace: Workspace,
    source: Source,
    files: Sequence[Raw],
    shares: Shares,
    landed: Landed,
    *,
    readers: LineReaders,
) -> BadLines:
    """Read files, publish the share of each event day, and count in `landed` what became of it.

    Returns:
        The lines that belong to none of the days, or are no events: rows of the quarantine.

    Raises:
        RawFileError: a file cannot be read as a whole; nothing was published.
    """
    lines, bad = _read(workspace, files, landed, readers)
    dialect = workspace.engine.dialect
    days = {day for _, day in shares}
    notes = {FILES: file_notes(workspace, files), LINE_COUNT: str(landed.lines)}
    tables = [
        _of_its_events(
            workspace.engine.query(select_landed(landing, "lines", dialect), {"lines": lines}),
            landing,
        )
        for landing in source.landings
    ]
    read = lines.num_rows
    # What was read may be large, and stands in the tables.
    del lines
    for landing, table in zip(source.landings, tables, strict=True):
        for late, day in shares:
            noted = {} if late else {**notes, READING: reading(source, landing)}
            _publish_share(workspace, landing, table, (late, day), noted)
    elsewhere = {place for table in tables[1:] for place in _places(table, days)}
    # A line that one landing could place is not lost.
    placed = elsewhere | _places(tables[0], days) if len(tables) > 1 else set()
    strays = {
        place: line
        for table in reversed(tables)
        for line in _misplaced(table, days)
        if (place := (line[SOURCE_FILE], line[SOURCE_LINE])) not in placed
    }
    bad += strays.values()
    for _, day in shares:
        inside = pc.equal(tables[0].column(EVENT_DAY), pa.scalar(day))
        landed.shares[day] = int(pc.sum(inside.cast(pa.int64())).as_py() or 0)
    landed.elsewhere = len(elsewhere - _places(tables[0], days)) if elsewhere else 0
    known = sum(landed.shares.values()) + landed.elsewhere + len(strays)
    landed.unclaimed = read - known
    for reason in (str(line["reason"]) for line in bad):
        landed.quarantined[reason] = landed.quarantined.get(reason, 0) + 1
    return bad


def stale_files(workspace: Workspace, source: Source, day: date, files: Sequence[Raw]) -> str:
    """Say why the landed share of file day `day` is not what its files hold; '' if it is."""
    known: Mapping[str, list[object]] = {}
    for landing in source.landings:
        stored = workspace.engine.partition(f"{landing.relation}/0", day)
        if stored is None:
            return "missing"
        if stored.notes.get(READING) != reading(source, landing):
            return "definition changed"
        known = json.loads(stored.notes.get(FILES, "{}"))
    if set(known) != {_name(workspace, path) for path in files}:
        return "raw files changed"
    for path in files:
        if isinstance(path, RawTable):
            if known[path.name] != path.noted:
                return "raw table changed"
            continue
        if not known[_name(workspace, path)]:
            return "raw files changed"
        size, modified, digest = known[_name(workspace, path)]
        status = path.stat()
        if (status.st_size, status.st_mtime_ns) == (size, modified):
            continue
        if status.st_size != size or file_digest(path) != digest:
            return "raw files changed"
    return ""


def _read(
    workspace: Workspace, files: Sequence[Raw], landed: Landed, readers: LineReaders
) -> tuple[pa.Table, BadLines]:
    tables: list[pa.Table] = []
    bad: BadLines = []
    for name, read in _lines(workspace, files, readers):
        for lines in read:
            batch = pa.Table.from_batches([lines.batch])
            names = pa.array([name], pa.string()).dictionary_encode()
            column = pa.DictionaryArray.from_arrays(
                pa.repeat(pa.scalar(0, pa.int32()), batch.num_rows), names.dictionary
            )
            tables.append(batch.append_column(SOURCE_FILE, column.cast(pa.string())))
            landed.lines += batch.num_rows + len(lines.bad) + lines.blank
            landed.blank += lines.blank
            bad += [
                {
                    SOURCE_FILE: name,
                    SOURCE_LINE: line.line,
                    "reason": line.reason,
                    "detail": line.detail,
                    "line": line.text,
                }
                for line in lines.bad
            ]
    schema = pa.schema(list(LINES.items()))
    if not tables:
        return schema.empty_table(), bad
    return pa.concat_tables([t.select(schema.names).cast(schema) for t in tables]), bad


def _lines(
    workspace: Workspace, files: Sequence[Raw], readers: LineReaders
) -> Iterator[tuple[str, Iterable[Lines]]]:
    of_files = readers.read([it for it in files if isinstance(it, Path)])
    for it in files:
        of_one = next(of_files) if isinstance(it, Path) else read_table(workspace, it)
        yield _name(workspace, it), of_one


def _of_its_events(table: pa.Table, landing: Landing) -> pa.Table:
    if not landing.event_names:
        return table
    return _filtered(table, pc.is_in(table.column("event_type"), pa.array(landing.event_names)))


def _filtered(table: pa.Table, wanted: pa.BooleanArray) -> pa.Table:
    """Keep the wanted rows; where that is all of them, without a copy."""
    return table if pc.all(wanted, skip_nulls=False, min_count=0).as_py() else table.filter(wanted)


def _publish_share(
    workspace: Workspace,
    landing: Landing,
    table: pa.Table,
    share_of: tuple[int, date],
    notes: dict[str, str],
) -> None:
    late, day = share_of
    engine = workspace.engine
    share = _filtered(table, pc.equal(table.column(EVENT_DAY), pa.scalar(day)))
    # An empty late share that never was is left out: to its day nothing has changed.
    relation = f"{landing.relation}/{late}"
    if late and not share.num_rows and engine.partition(relation, day) is None:
        return
    target = landing_target(landing, late, notes)
    share = share.append_column(DAY, pa.repeat(pa.scalar(day, pa.date32()), share.num_rows))
    engine.replace_days(target, share, [day])


def reading(source: Source, landing: Landing) -> str:
    """Say how lines are read: where their time, id and type stand, and how late they may come."""
    paths = (landing.time, landing.id, landing.event_type)
    words = [path.text if path else None for path in paths]
    return json.dumps([*words, *landing.event_names, source.late_days])


def _places(table: pa.Table, days: set[date]) -> set[tuple[str, int]]:
    """Return the file and line of each row whose event day is one of `days`."""
    inside = pc.is_in(table.column(EVENT_DAY), pa.array(sorted(days), pa.date32()))
    rows = table.filter(inside).select([SOURCE_FILE, SOURCE_LINE]).to_pylist()
    return {(row[SOURCE_FILE], row[SOURCE_LINE]) for row in rows}


def _misplaced(table: pa.Table, days: set[date]) -> BadLines:
    """Return the lines whose time is unusable or whose day is none of `days`."""
    inside = pc.is_in(table.column(EVENT_DAY), pa.array(sorted(days), pa.date32()))
    rows = table.filter(pc.invert(inside))
    names = (EVENT_DAY, TIME_TEXT, SOURCE_FILE, SOURCE_LINE, PAYLOAD)
    found: BadLines = []
    for row in rows.select(list(names)).to_pylist():
        event_day = row[EVENT_DAY]
        reason = NO_TIME if event_day is None else LATE if event_day < min(days) else FUTURE
        found.append(
            {
                SOURCE_FILE: row[SOURCE_FILE],
                SOURCE_LINE: row[SOURCE_LINE],
                "reason": reason,
                "detail": f"time {str(row[TIME_TEXT])[:60]!r}",
                "line": row[PAYLOAD][:EXCERPT],
            }
        )
    return found


def publish_quarantine(workspace: Workspace, source: Source, day: date, bad: BadLines) -> None:
    """Publish the lines of a source's files that are no events of theirs."""
    bad.sort(key=lambda line: (str(line[SOURCE_FILE]), int(str(line[SOURCE_LINE]))))
    schema = pa.schema(list(quarantined(source).items()))
    table = pa.Table.from_pylist(bad, schema=schema)
    table = table.append_column(DAY, pa.repeat(pa.scalar(day, pa.date32()), len(bad)))
    workspace.engine.replace_days(quarantine_target(source), table, [day])


def file_notes(workspace: Workspace, files: Sequence[Raw]) -> str:
    """Write what tells whether files are still those that were read."""
    notes: dict[str, list[object]] = {}
    for path in files:
        if isinstance(path, RawTable):
            notes[path.name] = path.noted
            continue
        try:
            status = path.stat()
            digest = file_digest(path)
        except OSError:
            # Of what cannot be read nothing is known: it is always another one.
            notes[_name(workspace, path)] = []
            continue
        notes[_name(workspace, path)] = [status.st_size, status.st_mtime_ns, digest]
    return json.dumps(notes, sort_keys=True)


def file_digest(path: Path) -> str:
    """Digest the bytes of a file."""
    state = blake2b(digest_size=8)
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            state.update(block)
    return state.hexdigest()


def _name(workspace: Workspace, path: Raw) -> str:
    """Name a file in rows and messages: relative to the root where it lies below it."""
    if isinstance(path, RawTable):
        return path.name
    absolute = path.resolve()
    root = workspace.root.resolve()
    return str(absolute.relative_to(root)) if absolute.is_relative_to(root) else str(absolute)


def _folder(root: Path, pattern: str) -> Path:
    """Return the deepest folder of a pattern that has no placeholder in its name."""
    fixed: list[str] = []
    for part in Path(pattern).parts[:-1]:
        if any(mark in part for mark in "*?[{"):
            break
        fixed.append(part)
    return root.joinpath(*fixed)


def today() -> date:
    """Return the current UTC day."""
    return datetime.now(UTC).date()
