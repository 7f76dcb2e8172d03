"""What each day of a relation holds <-> a table of records, whose rows are the locks of writers.

A writer changes the day's own row first, in the transaction that replaces the day, so that the
next one waits for it: Snowflake enforces no key that could refuse him.
"""

import random
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from uuid import uuid4

import pyarrow as pa
from sqlglot import exp

from fig_assets.engines.base import DAY, Partition
from fig_assets.engines.lake.day_file import decode_record, encode_record
from fig_assets.engines.snowflake.session import (
    Locked,
    NotThere,
    Session,
    Sessions,
    Unreachable,
)
from fig_assets.engines.snowflake.tables import (
    Schema,
    column,
    create,
    day_is,
    insert,
    literal,
    null,
    render,
    sql_type,
    update,
)
from fig_assets.errors import EngineError

TRIES = 4
"""How often a day is tried whose lock another writer holds."""
RECORD, ATTEMPT = "record", "attempt"
_COLUMNS: dict[str, pa.DataType] = {DAY: pa.date32(), RECORD: pa.string(), ATTEMPT: pa.string()}

Work = Callable[[Partition | None], Partition | None]
"""Looks at what a day holds and says what it then holds; None leaves that as it is."""


@dataclass(frozen=True, eq=False)
class Records:
    """The records of all days in one schema; any number of processes may read and write at once."""

    sessions: Sessions
    schema: Schema
    locks: defaultdict[str, threading.Lock] = field(
        default_factory=lambda: defaultdict(threading.Lock)
    )

    def record(self, session: Session, relation: str, day: date | None) -> Partition | None:
        """Return the record of a stored day, or None.

        Raises:
            EngineError: it is damaged, or was written by another version of this program.
        """
        rows = self._rows(session, RECORD, relation, day)
        text = next((row for row in rows if row is not None), None)
        if text is None:
            return None
        try:
            record = decode_record(text)
        except (LookupError, TypeError, ValueError) as refusal:
            raise self._unreadable(relation, day, "damaged") from refusal
        if record is None:
            raise self._unreadable(relation, day, "written by another version of fig-assets")
        return record

    def days(self, session: Session, relation: str) -> tuple[date, ...]:
        """Return the stored days of a relation, in order."""
        found = exp.select(column(DAY)).distinct().from_(self.schema.records(relation))
        found = found.where(*(exp.Not(this=column(n).is_(exp.null())) for n in (DAY, RECORD)))
        try:
            rows = session.fetch(render(found), relation)
        except NotThere:
            return ()
        days = rows.column(0).cast(pa.date32()).to_pylist()
        return tuple(sorted(day for day in days if day is not None))

    def define(self, session: Session, relation: str) -> None:
        """Make the table of a relation's records, unless it is there."""
        kinds = {name: sql_type(kind) for name, kind in _COLUMNS.items()}
        session.run(render(create(self.schema.records(relation), kinds)), relation)

    def transact(self, session: Session, relation: str, day: date | None, work: Work) -> None:
        """Do `work` on a day that nobody else can write meanwhile, and store what it says.

        Where the answer to a commit is lost, the stored attempt tells whether it was done.

        Raises:
            EngineError: Snowflake refused it, or nobody answers; the day is as it was.
        """
        attempt = uuid4().hex
        for tried in range(1, TRIES + 1):
            try:
                with self.locks[relation]:
                    self._try(session, relation, day, attempt, work)
            except (Locked, Unreachable):
                if self._attempt(relation, day) == attempt:
                    return
                if tried == TRIES:
                    raise
            else:
                return
            time.sleep(random.uniform(0.5, 1.0) * 0.1 * tried)

    def _try(
        self, session: Session, relation: str, day: date | None, attempt: str, work: Work
    ) -> None:
        if not self._rows(session, ATTEMPT, relation, day):
            self._make_lock(session, relation, day)
        with session.transaction(relation):
            self._note(session, relation, day, {ATTEMPT: exp.Literal.string(attempt)})
            record = work(self.record(session, relation, day))
            if record is not None:
                text = exp.Literal.string(encode_record(record).decode())
                self._note(session, relation, day, {RECORD: text})

    def _make_lock(self, session: Session, relation: str, day: date | None) -> None:
        """Give the day a row. Two at once may both do it: then both rows are changed always."""
        records = self.schema.records(relation)
        there = exp.select(exp.Literal.number(1)).from_(records.copy()).where(day_is(day))
        row = exp.Select(expressions=[literal(day), null(pa.string())])
        row = row.where(exp.Exists(this=there).not_())
        session.run(render(insert(records, [DAY, RECORD], row)), relation)

    def _note(
        self, session: Session, relation: str, day: date | None, values: Mapping[str, exp.Expr]
    ) -> None:
        change = update(self.schema.records(relation), values, day_is(day))
        session.run(render(change), relation)

    def _attempt(self, relation: str, day: date | None) -> str | None:
        """Return by which attempt the day was published last, asked in another session."""
        with self.sessions.lent() as session:
            rows = self._rows(session, ATTEMPT, relation, day)
        return rows[0] if rows else None

    def _rows(
        self, session: Session, name: str, relation: str, day: date | None
    ) -> list[str | None]:
        query = exp.select(column(name)).from_(self.schema.records(relation)).where(day_is(day))
        try:
            found = session.fetch(render(query), relation).column(0).to_pylist()
        except NotThere:
            return []
        return [None if value is None else str(value) for value in found]

    def _unreadable(self, relation: str, day: date | None, why: str) -> EngineError:
        table = render(self.schema.records(relation))
        return EngineError(
            f"environment '{self.sessions.environment}': the record of {day or 'all days'} in "
            f"{table} is {why}\n"
            f"  fix: drop {table} and {self.schema.text(relation)} and build them again, or use "
            "the version that wrote it"
        )
