"""The contract between the program and a warehouse: relations, columns, reads, and four verbs.

Trees name a relation by a table made with `relation`; how that becomes files or a table of the
warehouse is each engine's own business, in one place.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, timedelta
from hashlib import blake2b
from typing import Protocol, Self

import pyarrow as pa
from sqlglot import exp

DAY = "day"
"""The partition column of every dated relation; it stands in the path, not in the file."""


@dataclass(frozen=True)
class Read:
    """Columns of a relation over the days [start, end); both None for a relation without days."""

    relation: str
    columns: tuple[str, ...]
    start: date | None = None
    end: date | None = None

    @property
    def days(self) -> tuple[date, ...]:
        """Every day of the read, in order; empty for a relation without days."""
        return tuple(days_between(self.start, self.end)) if self.start and self.end else ()


@dataclass(frozen=True)
class Column:
    """One stored column: its Arrow type, the fingerprint of its meaning, and what it reads."""

    name: str
    type: pa.DataType
    fingerprint: str = ""
    reads: tuple[Read, ...] = ()
    siblings: tuple[str, ...] = ()
    """Columns of the same statement that it is computed from; their content is recorded too."""
    is_document: bool = False
    """Whether its texts are JSON documents, which a warehouse may keep parsed."""


@dataclass(frozen=True)
class Target:
    """What a write replaces: the columns of a relation, its key columns first.

    `whole` says that these are all the live columns. Only then may a day whose set of keys is
    another than the stored one be replaced; a scoped write of such a day is refused.
    """

    relation: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    whole: bool = True
    dated: bool = True
    notes: Mapping[str, str] = field(default_factory=dict)
    """Small facts stored with each day, such as the conservation counts of an event."""

    @property
    def names(self) -> tuple[str, ...]:
        """The column names in stored order, without `day`."""
        return tuple(column.name for column in self.columns)

    @property
    def schema(self) -> pa.Schema:
        """The Arrow schema of one day's file."""
        return pa.schema([(column.name, column.type) for column in self.columns])


@dataclass(frozen=True)
class InputDigests:
    """What one column read of one relation: a short digest for each day from `start` on.

    A day without rows of its own, because it was never built, stands as an empty string.
    """

    relation: str
    columns: tuple[str, ...]
    start: str
    digests: tuple[str, ...]


@dataclass(frozen=True)
class StoredColumn:
    """The record of one column of one day: meaning, content, write number and inputs."""

    fingerprint: str
    digest: str
    generation: int
    inputs: tuple[InputDigests, ...] = ()
    rule: int = 1
    """The version of the way in which the fingerprint was made."""


@dataclass(frozen=True)
class Partition:
    """The record of one stored day of a relation."""

    rows: int
    generation: int
    key: tuple[str, ...]
    key_digest: str
    columns: Mapping[str, StoredColumn]
    notes: Mapping[str, str] = field(default_factory=dict)
    _short: dict[tuple[str, ...], str] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def short_digest(self, columns: tuple[str, ...]) -> str:
        """Digest the keys and `columns` in eight characters; '' where a column was never built.

        Remembered: a day is read by the windows of many other days.
        """
        known = self._short.get(columns)
        if known is None:
            known = self._short[columns] = self._digest(columns)
        return known

    def _digest(self, columns: tuple[str, ...]) -> str:
        if not all(name in self.columns for name in columns):
            return ""
        return short_digest(self.key_digest, [self.columns[name].digest for name in columns])


@dataclass(frozen=True)
class Written:
    """What one write did to one day (`day` is None for a relation without days)."""

    day: date | None
    rows: int
    digests: Mapping[str, str]
    changed: bool
    kept: Mapping[str, str] = field(default_factory=dict)
    """The digest of each column that was taken over as it was."""


Audit = Callable[[date, pa.Table], None]
"""Looks at a day's rows before they are published."""


@dataclass(frozen=True, eq=False)
class DayRows:
    """The computed rows of one day, not yet published; `publish` does it, as `replace_days`."""

    day: date
    publish: Callable[[Audit | None], Written]


class Engine(Protocol):
    """A warehouse that runs our syntax trees in its own dialect."""

    dialect: str
    """sqlglot's name for the dialect: "duckdb", "snowflake" or "spark"."""
    rule: int
    """The version of the way in which fingerprints are made; it is recorded with each."""

    def sql(self, tree: exp.Query) -> str:
        """Render `tree` as text that a person can read and run as it stands."""
        ...

    def query(self, tree: exp.Query, tables: Mapping[str, pa.Table] | None = None) -> pa.Table:
        """Run `tree`, which may also name the in-memory `tables`.

        Raises:
            EngineError: it was refused; keeps the driver's words and the statement.
        """
        ...

    def check(self, tree: exp.Query, tables: Mapping[str, pa.Schema] | None = None) -> pa.Schema:
        """Bind and plan `tree` on empty relations; no data is touched. The tree is used up.

        Each relation has exactly the columns that the tree says it has; `tables` gives the shapes
        of in-memory tables.

        Returns:
            The columns that the tree gives.

        Raises:
            EngineError: it does not bind; keeps the driver's words and the statement.
        """
        ...

    def replace_days(
        self,
        target: Target,
        rows: exp.Query | pa.Table | Callable[[], pa.Table],
        days: Sequence[date],
        audit: Audit | None = None,
    ) -> tuple[Written, ...]:
        """Make `rows` the content of `target`'s columns on exactly `days`.

        `rows` has the column `day` and every column of `target`; a function is called for them
        after the records of what is read were looked at, as a statement is run.

        Atomic for each day and idempotent: a failure leaves the old rows, running twice leaves the
        same rows, a day without rows becomes an empty day. Columns of the day that `target` does
        not name are kept where the keys are the same, dropped where `target.whole`, else the write
        is refused. `audit` sees each day's rows before they are published; what it raises stops
        that. It also sees the columns of `rows` that `target` does not name; those are not stored.

        Raises:
            EngineError: the statement or the storage failed.
            Conflict: newer rows of these columns were published meanwhile.
            RowSetChanged: a scoped write met a day with another set of keys.
        """
        ...

    def compute_days(self, targets: Mapping[date, Target], rows: exp.Query) -> Iterator[DayRows]:
        """Compute several days of one relation in one statement, to be published one by one.

        `rows` is ordered by `day`. Each day of `targets` comes once, in order, as soon as its
        rows are there; those of the days behind it need no memory yet. A day that is not published
        stays as it is. The targets name the same columns.

        Raises:
            EngineError: the statement failed; while the rows are looked at.
        """
        ...

    def replace_all(self, target: Target, rows: exp.Query | pa.Table) -> Written:
        """Make `rows` the content of a relation without days; else as `replace_days`."""
        ...

    def partition(self, relation: str, day: date | None) -> Partition | None:
        """Return the record of a stored day, or None where it was never built."""
        ...

    def days(self, relation: str) -> tuple[date, ...]:
        """Return the stored days of a relation in order."""
        ...

    def scratch(self, relations: Sequence[str]) -> AbstractContextManager[Self]:
        """Open a copy of the relations whose names begin with `relations`, for a moment.

        It reads what is stored here; what is written into it changes nothing here, and is gone at
        the end of the `with`.

        Raises:
            EngineError: there is no place for it.
        """
        ...

    def size(self, relation: str, day: date | None) -> int:
        """Return how many bytes a stored day takes; 0 where it was never built."""
        ...

    def column_sizes(self, relation: str, day: date) -> Mapping[str, int]:
        """Return the stored bytes of each column of a stored day, compressed."""
        ...

    def drop_columns(self, relation: str, day: date, names: Sequence[str]) -> None:
        """Remove columns of a stored day, at once; the others keep their content and digests.

        Those that are not there, and the keys, are left out; so is a day that is not there.

        Raises:
            EngineError: the stored rows are damaged, or cannot be written.
        """
        ...

    def drop_day(self, relation: str, day: date) -> None:
        """Remove a stored day as a whole, if it is there.

        Raises:
            EngineError: it cannot be removed.
        """
        ...

    def publish_views(self, views: Mapping[str, exp.Query]) -> None:
        """Make `views` readable under their names for people with a SQL client."""
        ...

    def close(self) -> None:
        """Release connections; the engine cannot be used afterwards."""
        ...

    def __enter__(self) -> Self: ...
    def __exit__(self, *failure: object) -> None: ...


def days_between(start: date, end: date) -> Iterable[date]:
    """Yield the days of the half-open interval [start, end).

    >>> [day.day for day in days_between(date(2024, 2, 28), date(2024, 3, 2))]
    [28, 29, 1]
    """
    for offset in range((end - start).days):
        yield start + timedelta(days=offset)


@dataclass(frozen=True)
class Scan:
    """What stands behind a table of a tree: a relation, its shape, and the days [start, end)."""

    relation: str
    columns: Mapping[str, pa.DataType]
    start: date | None = None
    end: date | None = None

    def __deepcopy__(self, memo: object) -> Self:
        """Return itself: it never changes, and trees are copied often."""
        return self


def relation(
    name: str,
    columns: Mapping[str, pa.DataType],
    start: date | None = None,
    end: date | None = None,
) -> exp.Table:
    """Name a relation inside a tree, with the columns and the days [start, end) that are read.

    Without days the whole relation is meant. The columns give a relation that was never built
    its shape, so that a statement over it returns no rows instead of failing.
    """
    table = exp.Table(this=exp.to_identifier(name, quoted=True))
    table.meta["scan"] = Scan(name, dict(columns), start, end)
    return table


def scan_of(table: exp.Table) -> Scan | None:
    """Return what `relation` put behind a table; None for any other table."""
    found = table.meta_get("scan")
    return found if isinstance(found, Scan) else None


def short_digest(key_digest: str, digests: Sequence[str]) -> str:
    """Fold the digests of a day's keys and of some of its columns into eight characters."""
    return combine([key_digest[:8], *(digest[:8] for digest in digests)])


def combine(parts: Sequence[str]) -> str:
    """Fold short digests into one of eight characters; a single part is returned as it is."""
    if len(parts) == 1:
        return parts[0]
    return blake2b("/".join(parts).encode(), digest_size=4).hexdigest()
