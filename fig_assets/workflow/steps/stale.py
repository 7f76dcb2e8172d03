"""Stored records of one day -> the columns that are missing, stale or unknown, each with why."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from fig_assets.engines.base import Column as TargetColumn
from fig_assets.engines.base import InputDigests, Partition, Read, Target
from fig_assets.engines.snapshot import Snapshot

MISSING, STALE, UNKNOWN = "missing", "stale", "unknown"
NEVER_BUILT = "never built"
DEFINITION, INPUT, UPSTREAM = "definition changed", "input changed", "input is computed anew"
ROWS = "the set of rows may change"
RULE, NO_FINGERPRINT = "rule changed", "no fingerprint recorded"


@dataclass(frozen=True)
class Reason:
    """Why a column of a day is not what a new run would write.

    `state` is missing, stale or unknown; `inputs` name what is behind it: `events/login.ip__v1`.
    """

    state: str
    cause: str
    inputs: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """The cause with its inputs, for people."""
        return f"{self.cause}: {', '.join(self.inputs)}" if self.inputs else self.cause


class Marks:
    """What will be computed before: columns of relations by day, or all rows of a day."""

    def __init__(self) -> None:
        self._found: dict[str, dict[date | None, set[str] | None]] = {}

    def add(self, relation: str, day: date | None, columns: Iterable[str] | None) -> None:
        """Mark columns of a day; None marks its set of rows, and with it everything."""
        days = self._found.setdefault(relation, {})
        if columns is None:
            days[day] = None
        elif (known := days.setdefault(day, set())) is not None:
            known.update(columns)

    def touched(self, read: Read) -> tuple[str, ...]:
        """Name what of a read is marked: its columns, or the relation where rows are."""
        days = self._found.get(read.relation)
        if not days:
            return ()
        found: set[str] = set()
        for day in read.days or (None,):
            if day not in days:
                continue
            marked = days[day]
            if marked is None:
                found.add(read.relation)
            else:
                found |= {f"{read.relation}.{name}" for name in read.columns if name in marked}
        return tuple(sorted(found))

    def has(self, read: Read, day: date | None, columns: Collection[str]) -> bool:
        """Tell whether all `columns` of a day are going to be there."""
        marked = self._found.get(read.relation, {}).get(day, set())
        return marked is None or set(columns) <= marked


@dataclass(frozen=True, eq=False)
class Records:
    """The stored records at one moment, what is computed before, and this program's rule."""

    now: Snapshot
    marks: Marks
    rule: int


def stale_columns(
    records: Records,
    stored: Partition | None,
    target: Target,
    attributes: Collection[str],
) -> dict[str, Reason]:
    """Say which columns of `target`'s day have to be computed, or cannot be compared.

    `attributes` are those of its columns that are no part of what makes the rows. Where one of the
    others is stale the set of rows may change, and all attributes are computed.

    Returns:
        The reason of each such column.
    """
    found: dict[str, Reason] = {}
    looked_at = [c for c in target.columns if target.whole or c.name not in target.key]
    for column in looked_at:
        if reason := column_reason(records, stored, column, target.relation):
            found[column.name] = reason
    _follow_siblings(found, looked_at, target.relation)
    due = [n for n, r in found.items() if n not in attributes and r.state != UNKNOWN]
    if due:
        rows = found[due[0]]
        told = rows if rows.state == MISSING else Reason(STALE, ROWS, rows.inputs)
        for name in target.names:
            if name in attributes and found.get(name, told).state != MISSING:
                known = found.get(name)
                found[name] = known if known and known.state == STALE else told
    return found


def _follow_siblings(
    found: dict[str, Reason], columns: Sequence[TargetColumn], relation: str
) -> None:
    """Add the columns that are computed from those in `found`, in the same statement."""
    pending = True
    while pending:
        due = {name for name, reason in found.items() if reason.state != UNKNOWN}
        pending = False
        for column in columns:
            behind = tuple(f"{relation}.{name}" for name in column.siblings if name in due)
            if behind and column.name not in due:
                found[column.name] = Reason(STALE, UPSTREAM, behind)
                pending = True


def column_reason(
    records: Records, stored: Partition | None, column: TargetColumn, relation: str
) -> Reason | None:
    """Say why one stored column is not what a new run would write; None if it is."""
    known = stored.columns.get(column.name) if stored else None
    if known is None:
        return Reason(MISSING, NEVER_BUILT)
    comparable = known.rule == records.rule and bool(known.fingerprint or not column.fingerprint)
    if comparable and known.fingerprint != column.fingerprint:
        return Reason(STALE, DEFINITION)
    inputs = [read for read in known.inputs if not _is_of_siblings(read, column, relation)]
    changed = _changed_inputs(records.now, inputs, column.reads)
    if not changed and stored is not None:
        # Records of earlier programs do not have them: then nothing is known to have changed.
        of_siblings = [read for read in known.inputs if read not in inputs]
        if any(read.digests != (stored.short_digest(read.columns),) for read in of_siblings):
            changed = tuple(f"{relation}.{name}" for name in column.siblings)
    if changed:
        return Reason(STALE, INPUT, changed)
    coming = {name for read in column.reads for name in records.marks.touched(read)}
    if coming:
        return Reason(STALE, UPSTREAM, tuple(sorted(coming)))
    if comparable:
        return None
    return Reason(UNKNOWN, RULE if known.fingerprint else NO_FINGERPRINT)


def _is_of_siblings(read: InputDigests, column: TargetColumn, relation: str) -> bool:
    return bool(column.siblings) and (read.relation, read.columns) == (relation, column.siblings)


def _changed_inputs(
    now: Snapshot, known: Sequence[InputDigests], reads: Sequence[Read]
) -> tuple[str, ...]:
    """Name the reads whose digests are others than those recorded."""
    current = tuple(map(now.input_digests, reads))
    if current == tuple(known):
        return ()
    before: Mapping[tuple[str, tuple[str, ...]], InputDigests] = {
        (one.relation, one.columns): one for one in known
    }
    changed = [one for one in current if before.get((one.relation, one.columns)) != one]
    return tuple(sorted({name for one in changed or current for name in _names(one)})) or (
        "what it reads",
    )


def _names(read: InputDigests) -> list[str]:
    if not read.columns:
        return [read.relation]
    return [f"{read.relation}.{name}" for name in read.columns]
