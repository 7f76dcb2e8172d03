"""sqlglot trees -> rows of typed tables in Snowflake, one schema for each environment.

Whatever a statement computes stays in Snowflake; its rows are fetched once, to be digested and
audited before they are published.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import date
from typing import Self
from uuid import uuid4

import pyarrow as pa
from sqlglot import exp
from sqlglot.dialects.dialect import Dialect

from fig_assets.engines.base import (
    DAY,
    Audit,
    DayRows,
    InputDigests,
    Partition,
    Scan,
    Target,
    Written,
)
from fig_assets.engines.connection import Connection
from fig_assets.engines.day_rows import shaped, split
from fig_assets.engines.empty import EmptyRelations
from fig_assets.engines.raw.event_tables import EventTable, TableState
from fig_assets.engines.snapshot import Snapshot
from fig_assets.engines.snowflake import tables as snowflake_tables
from fig_assets.engines.snowflake.days import Days, day_of, generations, new_write
from fig_assets.engines.snowflake.event_tables import EventTables
from fig_assets.engines.snowflake.records import Records
from fig_assets.engines.snowflake.rows import Staged, fetch, stage, uploaded
from fig_assets.engines.snowflake.session import Session, Sessions
from fig_assets.engines.snowflake.tables import RECORDS, Schema, drop, render
from fig_assets.engines.snowflake.words import parsed_once, read_back, to_snowflake
from fig_assets.errors import EngineError

DUCKDB = Dialect.get_or_raise("duckdb")
NO_TABLES: Mapping[str, pa.Table] = {}


class SnowflakeEngine:
    """Runs trees in one schema of Snowflake, and publishes there day by day."""

    dialect = "snowflake"

    def __init__(self, connection: Connection, prefix: str = "") -> None:
        self.rule = 1
        self._connection = connection
        self._sessions = Sessions(connection)
        self._schema = Schema(*self._sessions.place, prefix)
        self._records = Records(self._sessions, self._schema)
        self._days = Days(self._records, self._schema)
        self._events = EventTables(self._sessions)
        self._empty = EmptyRelations(lambda tree: DUCKDB.generate(tree, copy=False))

    def sql(self, tree: exp.Query) -> str:
        """See `Engine.sql`. Relations appear as their tables."""
        return render(snowflake_tables.shown(to_snowflake(tree), self._schema), pretty=True)

    def query(self, tree: exp.Query, tables: Mapping[str, pa.Table] | None = None) -> pa.Table:
        """See `Engine.query`. Tables in memory are uploaded for the moment."""
        shape = self._shape(tree, tables or NO_TABLES)
        with self._sessions.lent() as session, ExitStack() as moment:
            places = {
                name: moment.enter_context(uploaded(session, self._schema, rows))
                for name, rows in (tables or NO_TABLES).items()
                if _is_read(tree, name)
            }
            return fetch(session, self._translated(session, tree, places), shape)

    def check(self, tree: exp.Query, tables: Mapping[str, pa.Schema] | None = None) -> pa.Schema:
        """See `Engine.check`. Nobody logs in: DuckDB binds it, and its text is read back."""
        read_back(render(snowflake_tables.shown(to_snowflake(tree), self._schema)))
        return self._empty.check(tree, tables or {})

    def replace_days(
        self,
        target: Target,
        rows: exp.Query | pa.Table | Callable[[], pa.Table],
        days: Sequence[date],
        audit: Audit | None = None,
    ) -> tuple[Written, ...]:
        """See `Engine.replace_days`."""
        bases = {day: generations(self.partition(target.relation, day)) for day in days}
        inputs = _inputs(target, Snapshot(self))
        with self._sessions.lent() as session, ExitStack() as moment:
            table, staged = self._computed(session, target, rows, moment)
            parts = split(table, target, days)
            if audit is not None:
                for day, part in parts.items():
                    audit(day, part)
            writes = [
                new_write(target, day, part, inputs=inputs, base=bases[day])
                for day, part in parts.items()
            ]
            return tuple(self._days.publish(session, it, self.rule, staged) for it in writes)

    def compute_days(self, targets: Mapping[date, Target], rows: exp.Query) -> Iterator[DayRows]:
        """See `Engine.compute_days`. All days are computed at once, and fetched one by one."""
        publish = _Publishing(self._days, targets, self)
        days = sorted(targets)
        shape = _filled(self._shape(rows, NO_TABLES), targets[days[0]])
        with self._sessions.lent() as session:
            about = targets[days[0]].relation
            tree = self._translated(session, rows, {})
            staged = stage(session, tree, shape, about)
            _refuse_strangers(session, staged, days)
            for day in days:
                query = staged.select(shape.names).where(day_of(staged, day), copy=False)
                table = fetch(session, query, shape, about)
                yield DayRows(day, publish.of(session, staged, day, table))
            session.run(render(drop(staged.table)))

    def replace_all(self, target: Target, rows: exp.Query | pa.Table) -> Written:
        """See `Engine.replace_all`."""
        base = generations(self.partition(target.relation, None))
        inputs = _inputs(target, Snapshot(self))
        with self._sessions.lent() as session, ExitStack() as moment:
            table, staged = self._computed(session, target, rows, moment)
            write = new_write(target, None, shaped(table, target), inputs=inputs, base=base)
            return self._days.publish(session, write, self.rule, staged)

    def partition(self, relation: str, day: date | None) -> Partition | None:
        """See `Engine.partition`."""
        with self._sessions.lent() as session:
            return self._records.record(session, relation, day)

    def days(self, relation: str) -> tuple[date, ...]:
        """See `Engine.days`."""
        with self._sessions.lent() as session:
            return self._records.days(session, relation)

    @contextmanager
    def scratch(self, relations: Sequence[str]) -> Iterator[Self]:
        """See `Engine.scratch`: clones of the tables, which take no room of their own."""
        prefix = f"scratch/{uuid4().hex}/"
        with type(self)(self._connection, prefix) as engine:
            engine.rule = self.rule
            try:
                self._clone(relations, prefix)
                yield engine
            finally:
                engine.drop_all()

    def size(self, relation: str, day: date | None) -> int:
        """See `Engine.size`: the share of the table's bytes that its rows are."""
        stored = self.partition(relation, day)
        if stored is None:
            return 0
        query = exp.select("BYTES", "ROW_COUNT").from_(self._listed("TABLES"))
        name = exp.Literal.string(self._schema.rows(relation).name)
        query = query.where(exp.column("TABLE_NAME").eq(name))
        with self._sessions.lent() as session:
            found = session.fetch(render(query), relation).to_pylist()
        size, rows = (int(value or 0) for value in found[0].values()) if found else (0, 0)
        return size * stored.rows // rows if rows else 0

    def column_sizes(self, relation: str, day: date) -> Mapping[str, int]:
        """See `Engine.column_sizes`: all the same, because Snowflake does not tell them apart."""
        stored = self.partition(relation, day)
        names = list(stored.columns) if stored else []
        return dict.fromkeys(names, self.size(relation, day) // max(len(names), 1))

    def drop_columns(self, relation: str, day: date, names: Sequence[str]) -> None:
        """See `Engine.drop_columns`."""
        with self._sessions.lent() as session:
            self._days.drop_columns(session, relation, day, names)

    def drop_day(self, relation: str, day: date) -> None:
        """See `Engine.drop_day`."""
        with self._sessions.lent() as session:
            self._days.drop_day(session, relation, day)

    def publish_views(self, views: Mapping[str, exp.Query]) -> None:
        """See `Engine.publish_views`: views of the same schema, each replaced as a whole."""
        with self._sessions.lent() as session:
            for name, tree in views.items():
                view = exp.Create(
                    this=self._schema.table(self._schema.prefix + name),
                    kind="VIEW",
                    replace=True,
                    expression=self._translated(session, tree, {}),
                )
                session.run(render(view), name)

    def table_state(self, table: EventTable) -> TableState:
        """See `HasEventTables.table_state`."""
        return self._events.state(table)

    def payloads(self, table: EventTable) -> Iterator[pa.Table]:
        """See `HasEventTables.payloads`."""
        return self._events.payloads(table)

    def drop_all(self) -> None:
        """Drop every table of an engine whose relations' names begin with a prefix of its own.

        Raises:
            EngineError: it has none, so that they are not its own.
        """
        if not self._schema.prefix:
            raise EngineError("only the tables of a copy are dropped together")
        with self._sessions.lent() as session:
            for name in self._named(session, self._schema.prefix):
                session.run(render(drop(self._schema.table(name))))

    def close(self) -> None:
        """See `Engine.close`."""
        self._empty.close()
        self._sessions.close()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *failure: object) -> None:
        """Close."""
        self.close()

    def _shape(self, tree: exp.Query, tables: Mapping[str, pa.Table]) -> pa.Schema:
        """Return the columns that a tree gives, as DuckDB binds it."""
        return self._empty.check(tree.copy(), {name: rows.schema for name, rows in tables.items()})

    def _translated(
        self, session: Session, tree: exp.Query, places: Mapping[str, Staged]
    ) -> exp.Query:
        """Return the statement that runs in Snowflake, a tree of its own."""
        documents: set[str] = set()

        def columns_of(scan: Scan) -> Mapping[str, str] | None:
            known = self._days.columns(session, scan.relation, list(scan.columns))
            documents.update(
                name
                for name, kind in (known or {}).items()
                if kind == "VARIANT" and scan.columns.get(name) == pa.string()
            )
            return known

        found = snowflake_tables.stored(to_snowflake(tree), self._schema, columns_of)
        found = parsed_once(found, documents)
        for table in list(found.find_all(exp.Table)) if places else ():
            if table.name in places and not table.db:
                staged = places[table.name]
                source = staged.select(list(staged.values)).subquery(copy=False)
                name = exp.to_identifier(table.name, quoted=table.this.quoted)
                source.set("alias", table.args.get("alias") or exp.TableAlias(this=name))
                table.replace(source)
        return found

    def _computed(
        self,
        session: Session,
        target: Target,
        rows: exp.Query | pa.Table | Callable[[], pa.Table],
        moment: ExitStack,
    ) -> tuple[pa.Table, Callable[[], Staged]]:
        """Return rows, and what gives the same rows in Snowflake when it is asked."""
        if isinstance(rows, exp.Query):
            shape = _filled(self._shape(rows, NO_TABLES), target)
            tree = self._translated(session, rows, {})
            staged = stage(session, tree, shape, target.relation)
            moment.callback(session.run, render(drop(staged.table.copy())))
            return fetch(
                session, staged.select(shape.names), shape, target.relation
            ), lambda: staged
        table = rows if isinstance(rows, pa.Table) else rows()
        return table, _Upload(session, self._schema, table, target, moment).place

    def _listed(self, what: str) -> exp.Table:
        return exp.table_(what, db="INFORMATION_SCHEMA", catalog=self._schema.database)

    def _named(self, session: Session, prefix: str) -> list[str]:
        """List the tables of the schema whose names begin with `prefix`."""
        query = exp.select("TABLE_NAME").from_(self._listed("TABLES"))
        schema = exp.Literal.string(self._schema.name.upper())
        query = query.where(exp.column("TABLE_SCHEMA").eq(schema))
        names = map(str, session.fetch(render(query)).column(0).to_pylist())
        return [name for name in names if name.startswith(prefix)]

    def _clone(self, relations: Sequence[str], prefix: str) -> None:
        with self._sessions.lent() as session:
            for relation in relations:
                for name in self._named(session, self._schema.prefix + relation):
                    clone = exp.Create(
                        this=self._schema.table(prefix + name.removeprefix(self._schema.prefix)),
                        kind="TABLE",
                        clone=exp.Clone(this=self._schema.table(name)),
                    )
                    session.run(render(clone), name.removesuffix(RECORDS))


class _Upload:
    """Rows that go to Snowflake when somebody asks for them there, once."""

    def __init__(
        self, session: Session, schema: Schema, rows: pa.Table, target: Target, moment: ExitStack
    ) -> None:
        self._session, self._schema, self._moment = session, schema, moment
        self._rows, self._target = rows, target
        self._staged: Staged | None = None

    def place(self) -> Staged:
        """Upload the columns that are stored, and the day."""
        if self._staged is None:
            table = shaped(self._rows, self._target).select(list(self._target.names))
            if self._target.dated:
                table = table.append_column(DAY, self._rows.column(DAY))
            upload = uploaded(self._session, self._schema, table, self._target.relation)
            self._staged = self._moment.enter_context(upload)
        return self._staged


class _Publishing:
    """What was seen of the schema before the rows of several days were computed."""

    def __init__(self, days: Days, targets: Mapping[date, Target], engine: SnowflakeEngine) -> None:
        self.days, self.targets, self.rule = days, targets, engine.rule
        now = Snapshot(engine)
        self.bases = {
            day: generations(now.partition(target.relation, day)) for day, target in targets.items()
        }
        self.inputs = {day: _inputs(target, now) for day, target in targets.items()}

    def of(
        self, session: Session, staged: Staged, day: date, table: pa.Table
    ) -> Callable[[Audit | None], Written]:
        """Return what judges and publishes the rows of one day."""

        def publish(audit: Audit | None) -> Written:
            target = self.targets[day]
            part = split(table, target, [day])[day]
            if audit is not None:
                audit(day, part)
            write = new_write(target, day, part, inputs=self.inputs[day], base=self.bases[day])
            return self.days.publish(session, write, self.rule, lambda: staged)

        return publish


def open_snowflake(connection: Connection) -> SnowflakeEngine:
    """Open the engine over the schema that `connection` names; nobody logs in yet."""
    return SnowflakeEngine(connection)


def _inputs(target: Target, now: Snapshot) -> dict[str, tuple[InputDigests, ...]]:
    return {c.name: tuple(map(now.input_digests, c.reads)) for c in target.columns}


def _filled(shape: pa.Schema, target: Target) -> pa.Schema:
    """Give columns that are NULL everywhere the types in which they are stored."""
    stored = {DAY: pa.date32(), **{c.name: c.type for c in target.columns}}
    kinds = [
        stored.get(name, pa.bool_()) if pa.types.is_null(kind) else kind
        for name, kind in zip(shape.names, shape.types, strict=True)
    ]
    return pa.schema(list(zip(shape.names, kinds, strict=True)))


def _is_read(tree: exp.Query, name: str) -> bool:
    return any(table.name == name for table in tree.find_all(exp.Table))


def _refuse_strangers(session: Session, staged: Staged, days: Sequence[date]) -> None:
    """Refuse rows of days that were not asked for."""
    query = staged.select([DAY]).distinct(copy=False)
    found = set(fetch(session, query, pa.schema([(DAY, pa.date32())])).column(0).to_pylist())
    if strangers := found - set(days):
        named = ", ".join(sorted(map(str, strangers)))
        raise EngineError(f"rows of {named} were computed but not asked for")
