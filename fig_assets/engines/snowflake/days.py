"""Rows of a day <-> typed tables of Snowflake, published whole or not at all.

A writer makes tables and columns first, because whatever defines one commits. Then one transaction
judges the write by what the day's record says by then, and replaces rows and record together.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

import pyarrow as pa
from sqlglot import exp

from fig_assets.engines.base import DAY, InputDigests, Partition, Target, Written
from fig_assets.engines.digest import column_digest
from fig_assets.engines.lake.write import (
    Write,
    content_of,
    is_same,
    kept_columns,
    record_after,
    refuse_conflict,
)
from fig_assets.engines.snowflake.records import Records
from fig_assets.engines.snowflake.rows import Staged
from fig_assets.engines.snowflake.session import NotThere, Session
from fig_assets.engines.snowflake.tables import (
    VARIANT,
    Schema,
    add_columns,
    column,
    create,
    day_is,
    insert,
    literal,
    render,
    sql_type,
    type_family,
    update,
)
from fig_assets.errors import EngineError


@dataclass(frozen=True, eq=False)
class Days:
    """The days that stand in one schema; any number of processes may read and write at once."""

    records: Records
    schema: Schema
    known: dict[str, dict[str, str]] = field(default_factory=dict)
    """The columns that each table had when it was last looked at; none goes away by itself."""

    def columns(
        self, session: Session, relation: str, wanted: Sequence[str]
    ) -> Mapping[str, str] | None:
        """Return the columns of a relation's table and their types; None where there is none."""
        known = self.known.get(relation)
        if known is None or not known.keys() >= set(wanted):
            known = self.known[relation] = self._described(session, relation)
        return known or None

    def publish(
        self, session: Session, write: Write, rule: int, staged: Callable[[], Staged]
    ) -> Written:
        """Make the rows of `write` the content of its columns on its day, atomically.

        `staged` gives the same rows in Snowflake; it is asked only where the day changes.

        Raises:
            Conflict: newer rows of the same columns are stored.
            RowSetChanged: a scoped write whose keys differ from the stored ones.
            EngineError: Snowflake refused it; what was stored is untouched.
        """
        relation, day = write.target.relation, write.day
        found = _judged(write, self.records.record(session, relation, day), rule)
        if not found.is_news and self._count(session, relation, day) == found.record.rows:
            return found.written
        self._define(session, write.target)
        source = staged() if write.rows.num_rows else None
        done = [found.written]

        def replace_rows(stored: Partition | None) -> Partition:
            now = _judged(write, stored, rule)
            done.append(now.written)
            if now.kept:
                self._update(session, write, source)
            else:
                self._insert(session, write, source)
            return now.record

        self.records.transact(session, relation, day, replace_rows)
        return done[-1]

    def drop_columns(
        self, session: Session, relation: str, day: date, names: Sequence[str]
    ) -> None:
        """See `Engine.drop_columns`."""

        def empty(stored: Partition | None) -> Partition | None:
            gone = {n for n in names if stored and n in stored.columns and n not in stored.key}
            if stored is None or not gone:
                return None
            nulls = {name: exp.null() for name in sorted(gone)}
            session.run(render(update(self.schema.rows(relation), nulls, day_is(day))), relation)
            kept = {name: it for name, it in stored.columns.items() if name not in gone}
            return replace(stored, columns=kept, generation=stored.generation + 1)

        if self.records.record(session, relation, day) is not None:
            self.records.transact(session, relation, day, empty)

    def drop_day(self, session: Session, relation: str, day: date) -> None:
        """See `Engine.drop_day`."""

        def delete(_: Partition | None) -> None:
            for table in (self.schema.rows(relation), self.schema.records(relation)):
                session.run(render(exp.delete(table, where=day_is(day))), relation)

        if self.records.record(session, relation, day) is not None:
            self.records.transact(session, relation, day, delete)

    def _count(self, session: Session, relation: str, day: date | None) -> int:
        """Count the rows of a day: other than recorded where somebody changed them by hand."""
        query = exp.select(exp.alias_(exp.Count(this=exp.Star()), "n", quoted=True))
        query = query.from_(self.schema.rows(relation)).where(day_is(day))
        try:
            return int(session.fetch(render(query), relation).column(0)[0].as_py())
        except NotThere:
            return -1

    def _described(self, session: Session, relation: str) -> dict[str, str]:
        """Ask for the columns of a relation's table and the families of their types."""
        columns = exp.table_("COLUMNS", db="INFORMATION_SCHEMA", catalog=self.schema.database)
        query = exp.select("COLUMN_NAME", "DATA_TYPE").from_(columns)
        for name, value in (
            ("TABLE_SCHEMA", self.schema.name.upper()),
            ("TABLE_NAME", self.schema.rows(relation).name),
        ):
            query = query.where(exp.column(name).eq(exp.Literal.string(value)))
        found = session.fetch(render(query), relation)
        names, kinds = (found.column(place).to_pylist() for place in (0, 1))
        return {str(name): type_family(str(kind)) for name, kind in zip(names, kinds, strict=True)}

    def _define(self, session: Session, target: Target) -> None:
        """Make the tables of a relation and the columns that they do not have yet."""
        relation = target.relation
        types = {
            DAY: sql_type(pa.date32()),
            **{
                c.name: VARIANT.copy() if c.is_document else sql_type(c.type)
                for c in target.columns
            },
        }
        families = {name: type_family(render(kind.copy())) for name, kind in types.items()}
        if not self.known.get(relation, {}).keys() >= types.keys():
            session.run(render(create(self.schema.rows(relation), types)), relation)
            self.records.define(session, relation)
            there = self._described(session, relation)
            missing = {name: kind for name, kind in types.items() if name not in there}
            for change in add_columns(self.schema.rows(relation), missing):
                session.run(render(change), relation)
            self.known[relation] = {**there, **{name: families[name] for name in missing}}
        there = self.known[relation]
        if wrong := [name for name, family in families.items() if there[name] != family]:
            raise self._of_another_type(relation, wrong[0], there[wrong[0]], families[wrong[0]])

    def _of_another_type(self, relation: str, name: str, found: str, wanted: str) -> EngineError:
        table = self.schema.text(relation)
        return EngineError(
            f"environment '{self.records.sessions.environment}': the column \"{name}\" of {table} "
            f"is {found}, not {wanted}\n"
            f'  fix: ALTER TABLE {table} DROP COLUMN "{name}"; then build its days again'
        )

    def _insert(self, session: Session, write: Write, source: Staged | None) -> None:
        relation, rows = write.target.relation, self.schema.rows(write.target.relation)
        session.run(render(exp.delete(rows.copy(), where=day_is(write.day))), relation)
        if source is None:
            return
        found = _values(write, source)
        found.set("expressions", [literal(write.day), *found.expressions])
        count = session.run(render(insert(rows, [DAY, *write.target.names], found)), relation)
        self._expect(write, count)

    def _update(self, session: Session, write: Write, source: Staged | None) -> None:
        """Replace columns and leave the others; the keys stay as they are."""
        target = write.target
        names = [name for name in target.names if name not in target.key]
        if source is None or not names:
            return
        rows = self.schema.rows(target.relation)
        rows.set("alias", exp.TableAlias(this=exp.to_identifier("stored")))
        same = [
            exp.NullSafeEQ(this=column(name, "stored"), expression=column(name, "computed"))
            for name in target.key
        ]
        new = {name: column(name, "computed") for name in names}
        change = update(rows, new, exp.and_(day_is(write.day, "stored"), *same))
        change.set("from_", exp.From(this=_values(write, source).subquery("computed")))
        self._expect(write, session.run(render(change), target.relation))

    def _expect(self, write: Write, count: int) -> None:
        if count != write.rows.num_rows:
            table = self.schema.text(write.target.relation)
            raise EngineError(
                f"environment '{self.records.sessions.environment}': {write.title}: {count} rows "
                f"would be written, not {write.rows.num_rows}: {table} was changed by hand\n"
                f"  fix: drop {table} and its records, then build its days again"
            )


@dataclass(frozen=True)
class _Judged:
    """What a write makes of a day: its record, the columns that stay, and what is told of it."""

    record: Partition
    kept: tuple[str, ...]
    written: Written
    is_news: bool


def day_of(source: Staged, day: date) -> exp.Expr:
    """Say that a row of a source is of `day`."""
    return source.values[DAY].copy().eq(literal(day))


def new_write(
    target: Target,
    day: date | None,
    rows: pa.Table,
    *,
    inputs: Mapping[str, tuple[InputDigests, ...]],
    base: Mapping[str, int],
) -> Write:
    """Describe a write of rows; they are digested in the order of their keys.

    Raises:
        EngineError: values of one of the types are never stored.
    """
    ordered = rows.select(list(target.names))
    if ordered.num_rows > 1 and target.key:
        ordered = ordered.sort_by([(name, "ascending") for name in target.key])
    digests = {name: column_digest(ordered.column(name)) for name in target.names}
    return Write(target, day, ordered, digests, inputs, base)


def generations(stored: Partition | None) -> dict[str, int]:
    """Return the write number of each stored column."""
    return {name: c.generation for name, c in stored.columns.items()} if stored else {}


def _judged(write: Write, stored: Partition | None, rule: int) -> _Judged:
    refuse_conflict(write, stored)
    kept = kept_columns(write, stored)
    record = record_after(write, stored, kept, rule)
    is_news = stored is None or not is_same(stored, record)
    changed = stored is None or content_of(stored) != content_of(record)
    same = {name: record.columns[name].digest for name in kept}
    written = Written(write.day, write.rows.num_rows, write.digests, changed, same)
    return _Judged(record, kept, written, is_news)


def _values(write: Write, source: Staged) -> exp.Select:
    """Select a write's columns from where its rows stand; a document is stored parsed."""
    documents = {c.name for c in write.target.columns if c.is_document}
    found = source.select(list(write.target.names))
    for one in found.expressions:
        if one.alias in documents:
            one.set("this", exp.Anonymous(this="PARSE_JSON", expressions=[one.this]))
    if write.day is None:
        return found
    return found.where(day_of(source, write.day), copy=False)
