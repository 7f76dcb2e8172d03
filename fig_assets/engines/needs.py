"""What a statement reads -> whether all of it was built; what was not is named."""

from collections.abc import Sequence
from datetime import date

from fig_assets.engines.base import Engine, Partition, Read
from fig_assets.engines.snapshot import Snapshot
from fig_assets.errors import EngineError


def require_days(engine: Engine | Snapshot, read: Read, first_day: date, needed_by: str) -> None:
    """Refuse to read days that were never built; an empty built day is fine.

    Days before `first_day`, the project's start, are simply not there. A relation without days
    must have been built.

    Raises:
        EngineError: names the relation and every missing day.
    """
    if not read.days and not _has(engine.partition(read.relation, None), read.columns):
        raise EngineError(f"{needed_by} needs {read.relation}, never built; build it first")
    missing = [
        day
        for day in read.days
        if day >= first_day and not _has(engine.partition(read.relation, day), read.columns)
    ]
    if missing:
        named = ", ".join(day.isoformat() for day in missing)
        plural = "s" if len(missing) > 1 else ""
        lacking = _lacking(engine, read, missing)
        what = f" column {', '.join(lacking)}" if lacking else ""
        raise EngineError(
            f"{needed_by} needs {read.relation}{what} of the day{plural} {named}, never built; "
            f"build first: fig run --from {missing[0]} --to {missing[-1]}"
        )


def _lacking(engine: Engine | Snapshot, read: Read, days: Sequence[date]) -> list[str]:
    """Name the columns that are missing, where the days themselves are there."""
    stored = [engine.partition(read.relation, day) for day in days]
    built = [record for record in stored if record is not None]
    if len(built) < len(stored):
        return []
    return [name for name in read.columns if any(name not in r.columns for r in built)]


def _has(stored: Partition | None, columns: Sequence[str]) -> bool:
    return stored is not None and all(name in stored.columns for name in columns)
