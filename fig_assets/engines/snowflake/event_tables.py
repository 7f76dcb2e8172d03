"""Tables of Snowflake that others fill with events -> their digests, and their payloads as JSON."""

from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa
from sqlglot import exp
from sqlglot.errors import SqlglotError

from fig_assets.engines.raw.event_tables import EventTable, TableState
from fig_assets.engines.raw.files import RawFileError
from fig_assets.engines.snowflake.documents import along
from fig_assets.engines.snowflake.session import Misnamed, NotThere, Sessions
from fig_assets.engines.snowflake.tables import render
from fig_assets.engines.snowflake.trees import cast
from fig_assets.engines.translate import function
from fig_assets.errors import EngineError


class EventTables:
    """Reads the tables of events that the role of some sessions may read."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def state(self, table: EventTable) -> TableState:
        """See `HasEventTables.table_state`."""
        digest = exp.Sum(this=function("HASH", _json(table)))
        counted = exp.select(
            exp.alias_(exp.Count(this=exp.Star()), "N"), exp.alias_(cast(digest, "VARCHAR"), "H")
        )
        query = counted.from_(_named(table.name))
        with self._sessions.lent() as session, self._told(table):
            rows, found = session.fetch(render(query), table.name).to_pylist()[0].values()
        return TableState(int(rows), str(found or ""))

    def payloads(self, table: EventTable) -> Iterator[pa.Table]:
        """See `HasEventTables.payloads`."""
        times = [
            exp.Ordered(this=cast(along(_payload(table), steps), "VARCHAR"), nulls_first=False)
            for steps in table.times
        ]
        query = exp.select(exp.alias_(_json(table), "PAYLOAD")).from_(_named(table.name))
        query = query.order_by(*times, exp.Ordered(this=_json(table), nulls_first=False))
        with self._sessions.lent() as session, self._told(table):
            yield from session.batches(render(query), table.name)

    @contextmanager
    def _told(self, table: EventTable) -> Iterator[None]:
        try:
            yield
        except (NotThere, Misnamed) as refusal:
            said = str(refusal).partition("\n  fix:")[0]
            name = render(_named(table.name))
            where = f"environments/{self._sessions.environment}.json"
            raise RawFileError(
                f'{said}\n  fix: mend "path" or "column" of the source in {where}, or let the '
                f"role read it: GRANT SELECT ON TABLE {name} TO ROLE {self._sessions.role}"
            ) from refusal


def _payload(table: EventTable) -> exp.Expr:
    """Return the payload as a VARIANT, whatever type the column has."""
    column = exp.Column(this=_parts(table.column, 1)[0])
    return cast(column, "VARIANT")


def _json(table: EventTable) -> exp.Expr:
    return function("TO_JSON", _payload(table))


def _named(name: str) -> exp.Table:
    *before, last = _parts(name, 3)
    places = dict(zip(("db", "catalog"), reversed(before), strict=False))
    return exp.Table(this=last, **places)


def _parts(name: str, most: int) -> list[exp.Identifier]:
    """Read the parts of a name; what is no name is taken for an odd one, in quotes.

    Raises:
        EngineError: it has none, or more than `most`.
    """
    try:
        read = exp.to_table(name, dialect="snowflake").parts
    except (SqlglotError, ValueError) as refusal:
        raise EngineError(f"{name!r} is no name in Snowflake") from refusal
    parts = [part for part in read if isinstance(part, exp.Identifier)]
    if not 0 < len(parts) <= most or len(parts) != len(read):
        raise EngineError(f"{name!r} is no name in Snowflake")
    return parts
