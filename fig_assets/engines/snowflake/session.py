"""Settings of a connection -> logged-in sessions of Snowflake, and its refusals in plain words.

A session is lent to one piece of work at a time, because its temporary tables and its transaction
are nobody else's. Nobody logs in before the first statement.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import TYPE_CHECKING
from uuid import uuid4

import pyarrow as pa

from fig_assets.engines.connection import Connection
from fig_assets.engines.snowflake.settings import resource
from fig_assets.errors import EngineError

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection
    from snowflake.connector.cursor import SnowflakeCursor

PARAMETERS = {
    "TIMEZONE": "UTC",
    "TIMESTAMP_TYPE_MAPPING": "TIMESTAMP_NTZ",
    "QUOTED_IDENTIFIERS_IGNORE_CASE": False,
    "ERROR_ON_NONDETERMINISTIC_UPDATE": True,
    "ABORT_DETACHED_QUERY": True,
    "LOCK_TIMEOUT": 600,
}
"""What statements rely on, whatever the account says."""
NOT_THERE = 2003
"""Snowflake's number for an object that is not there, or not for this role to see."""
_MISNAMED = frozenset({904, 2043, 3001})
"""Snowflake's numbers for a name of a statement that this role cannot use."""
_LOCKED = frozenset({625, 626, 628, 629})
"""Snowflake's numbers for a lock that another transaction holds too long."""
_MENDS = {
    NOT_THERE: "grant it to the role, see docs/engines.md; or build its day again",
    3001: "grant it to the role, see docs/engines.md",
    606: 'name a warehouse that the role may use as "warehouse" in "connection"',
    90105: 'mend "database" and "schema" in "connection", or create them, see docs/engines.md',
    90106: 'mend "database" and "schema" in "connection", or create them, see docs/engines.md',
    904: "the table was changed by hand: give it its column back, or drop it and build it again",
}
_NO_LOGIN = 'mend "account", "user", "role" and the secret in "connection"'
_NO_NETWORK = 'mend "account" in "connection", or the way to it, then run it again'


class Unreachable(EngineError):
    """Nobody answers, or not in time: whether a statement was run is not known."""


class NotThere(EngineError):
    """An object is not there, or not for this role to see."""


class Misnamed(EngineError):
    """A statement names what has no such column, or is not for this role to use."""


class Locked(EngineError):
    """Another transaction holds what a statement needs; nothing was changed."""


class Session:
    """One login. `run` and `fetch` send a statement each, `transaction` makes several one."""

    def __init__(
        self,
        sessions: "Sessions",
        opened: AbstractContextManager[object],
        connection: "SnowflakeConnection",
    ) -> None:
        self._sessions = sessions
        self._opened = opened
        """Held, because the resource ends the login where it is forgotten."""
        self._connection = connection
        self.name = uuid4().hex[:12].upper()
        """Part of the names of what exists in this session only."""
        self.has_stage = False

    def run(self, text: str, about: str = "") -> int:
        """Run a statement and return how many rows it changed; `about` is the relation it is for.

        Raises:
            EngineError: it was refused; keeps Snowflake's words and the statement.
        """
        with self._execute(text, about) as cursor:
            return cursor.rowcount or 0

    def fetch(self, text: str, about: str = "") -> pa.Table:
        """Run a query and return its rows, in the types that Snowflake gives them.

        Raises:
            EngineError: it was refused; keeps Snowflake's words and the statement.
        """
        with self._execute(text, about) as cursor:
            found: pa.Table = cursor.fetch_arrow_all(force_return_table=True)
        return found

    def batches(self, text: str, about: str = "") -> Iterator[pa.Table]:
        """Run a query and yield its rows part by part, as `fetch`.

        Raises:
            EngineError: it was refused, or the rest of the rows cannot be fetched.
        """
        with self._execute(text, about) as cursor:
            yield from cursor.fetch_arrow_batches()

    @contextmanager
    def transaction(self, about: str) -> Iterator[None]:
        """Make the statements inside one; what fails inside, changes nothing.

        Raises:
            Unreachable: the answer to the commit was lost, so that it may be done or not.
        """
        self.run("BEGIN", about)
        try:
            yield
        except BaseException:
            with suppress(EngineError):
                self.run("ROLLBACK", about)
            raise
        self.run("COMMIT", about)

    def close(self) -> None:
        """Log out; what is temporary goes with it."""
        # A server that is gone has forgotten the session, or will.
        with suppress(*_failures()):
            self._connection.close(retry=False)

    @contextmanager
    def _execute(self, text: str, about: str) -> Iterator["SnowflakeCursor"]:
        tag = self._sessions.tag(about)
        try:
            with self._connection.cursor() as cursor:
                cursor.execute(text, _statement_params={"QUERY_TAG": tag})
                yield cursor
        except _failures() as refusal:
            raise self._sessions.told(refusal, text) from None


class Sessions:
    """The sessions of one engine: opened as they are needed, lent again, closed at the end."""

    def __init__(self, connection: Connection) -> None:
        self._given = connection
        self._run = uuid4().hex[:12]
        self._idle: list[Session] = []
        self._lock = threading.Lock()

    @property
    def environment(self) -> str:
        """The environment's name, for messages."""
        return self._given.environment

    @property
    def place(self) -> tuple[str, str]:
        """The database and the schema that hold the tables."""
        settings = self._given.settings
        return settings.get("database", ""), settings.get("schema", "")

    @property
    def role(self) -> str:
        """The role that reads and writes."""
        return self._given.settings.get("role", "")

    @contextmanager
    def lent(self) -> Iterator[Session]:
        """Lend a session to a piece of work; one that failed is not lent again.

        Raises:
            EngineError: nobody can log in.
        """
        with self._lock:
            session = self._idle.pop() if self._idle else None
        session = session or self._opened()
        try:
            yield session
        except BaseException:
            session.close()
            raise
        with self._lock:
            self._idle.append(session)

    def close(self) -> None:
        """Close all sessions that are not lent."""
        with self._lock:
            idle, self._idle = self._idle, []
        for session in idle:
            session.close()

    def tag(self, about: str) -> str:
        """Return what the history of queries shows with a statement."""
        words = {"environment": self._given.environment, "relation": about, "run": self._run}
        return json.dumps({"app": "fig-assets", "project": self._given.project, **words})

    def told(self, refusal: Exception, text: str = "") -> EngineError:
        """Say what Snowflake refused, without any secret, with the environment and a mend."""
        from snowflake.connector import errors

        number = getattr(refusal, "errno", None) or 0
        words = str(getattr(refusal, "msg", None) or refusal).strip()
        kind, mend = EngineError, _MENDS.get(number, "")
        if number == NOT_THERE:
            kind = NotThere
        elif number in _MISNAMED:
            kind = Misnamed
        elif number in _LOCKED:
            kind, mend = Locked, "run it again"
        elif not isinstance(refusal, errors.DatabaseError) or isinstance(
            refusal, errors.OperationalError
        ):
            kind, mend = Unreachable, _NO_NETWORK
        elif not text:
            mend = _NO_LOGIN
        lines = [f"environment '{self._given.environment}': Snowflake: {words}", text]
        lines += [f"  fix: {mend}"] if mend else []
        return kind(self._without_secrets("\n".join(line for line in lines if line)))

    def _without_secrets(self, words: str) -> str:
        for secret in self._given.secrets:
            value = self._given.resolved().get(secret, "")
            words = words.replace(value, "***") if len(value) > 3 else words
        return words

    def _opened(self) -> Session:
        login = resource(self._given, {**PARAMETERS, "QUERY_TAG": self.tag("")})
        try:
            opened = login.get_connection()
            connection = opened.__enter__()
        except _failures() as refusal:
            # Not `from`: what failed may show what it was given.
            raise self.told(refusal) from None
        session = Session(self, opened, connection)
        try:
            self._look_around(session)
        except EngineError:
            session.close()
            raise
        return session

    def _look_around(self, session: Session) -> None:
        """Refuse a session whose database or schema is not there: Snowflake does not say so."""
        found = session.fetch("SELECT CURRENT_DATABASE() AS D, CURRENT_SCHEMA() AS S").to_pylist()
        database, schema = self.place
        seen = list(found[0].values())
        for kind, name, there in (("database", database, seen[0]), ("schema", schema, seen[1])):
            if not there or there.upper() != name.upper():
                raise EngineError(
                    f"environment '{self._given.environment}': there is no {kind} {name}, or the "
                    "role may not use it\n"
                    f'  fix: mend "{kind}" in "connection", or: CREATE {kind.upper()} {name}; '
                    "see docs/engines.md"
                )


def _failures() -> tuple[type[Exception], ...]:
    """Return all that the connector raises: also what it meant to repeat, and about a bad key."""
    from snowflake.connector.errors import Error
    from snowflake.connector.network import RetryRequest

    return Error, RetryRequest, OSError, ValueError, TypeError
