"""An environment's connection -> the Spark session of this process, opened by the first statement.

A classic session starts a Java beside this process; with `remote` it is a server's, by Spark
Connect. Engines of the same connection share one session; it ends with the process.
"""

import atexit
import os
import shutil
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from fig_assets.engines.connection import Connection
from fig_assets.engines.spark import functions as spark_functions
from fig_assets.engines.spark import words as spark_words
from fig_assets.errors import EngineError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession
    from pyspark.sql.connect.session import SparkSession as RemoteSession

    Session = SparkSession | RemoteSession

MASTER = "local[*]"
LOCAL = "127.0.0.1"
STARTING = {
    "spark.app.name": "fig-assets",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "ERROR",
    "spark.sql.catalogImplementation": "in-memory",
}
"""What a classic session starts with, unless the environment says otherwise."""
RUNNING = {
    "spark.sql.session.timeZone": "UTC",
    # The files of a window are listed here, not by a job.
    "spark.sql.sources.parallelPartitionDiscovery.threshold": "100000",
}
"""What every session is given, besides what the words of statements rely on."""
OWN_KEYS = ("master", "remote", "token")
RETRIES = 4
"""How often a server that does not answer is asked again: for some seconds."""
LOST = ("UNAVAILABLE", "CANCELLED")
"""What the status of a call says where the server is gone."""
FORGOTTEN = "INVALID_HANDLE.SESSION_"
"""How a server that was started anew, or that has waited too long, speaks of a session."""
INSTALL = "pip install 'fig-assets[spark]'"

_sessions: dict[object, "Session"] = {}
_lock = threading.Lock()


def opened(connection: Connection) -> "Session":
    """Return the session of a connection, opened if it is not.

    Raises:
        EngineError: there is no Spark, no Java or no server, or it knows no such setting.
    """
    key = _key(connection)
    with _lock:
        if key not in _sessions:
            given = connection.resolved()
            with _told(connection, given):
                _sessions[key] = _open(given)
        return _sessions[key]


@contextmanager
def refusals(connection: Connection, sql: Callable[[], str]) -> Iterator[None]:
    """Tell what Spark refuses, in its words and with the statement; forget a session that is lost.

    Raises:
        EngineError: Spark refused, or it is gone.
    """
    import grpc
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    try:
        yield
    except (PySparkException, Py4JError, grpc.RpcError, ConnectionError) as refusal:
        words = _hidden(connection, str(refusal))
        if not _is_lost(refusal):
            raise EngineError(f"Spark: {words}\n{sql()}") from refusal
        _forget(connection)
        raise EngineError(
            f"environment '{connection.environment}': the connection to Spark was lost while a "
            f"statement was at work; nothing of it was published\n"
            f"  fix: look after {_place(connection)}, then run it again, in a new process\n"
            f"  Spark: {words}\n{sql()}"
        ) from refusal


def _open(given: Mapping[str, str]) -> "Session":
    with warnings.catch_warnings():
        # Of a pandas that is newer than PySpark, and is not used; of settings that are old names.
        warnings.simplefilter("ignore")
        session = _connected(given) if "remote" in given else _started(given)
        for name, value in {**RUNNING, **spark_words.SETTINGS}.items():
            session.conf.set(name, value)
        spark_functions.register(session)
    return session


def _started(given: Mapping[str, str]) -> "Session":
    """Start a Java with Spark in it, or find the one that this process has started."""
    from pyspark.sql import SparkSession

    master = given.get("master", MASTER)
    # Own functions run in Python workers, which must be of the same version as this process.
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    here = {"spark.driver.bindAddress": LOCAL, "spark.driver.host": LOCAL}
    said = {name: value for name, value in given.items() if name not in OWN_KEYS}
    settings = {**STARTING, **(here if master.startswith("local") else {}), **said}
    builder = SparkSession.builder.master(master)
    for name, value in settings.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


def _connected(given: Mapping[str, str]) -> "Session":
    from pyspark.sql.connect.client.retries import DefaultPolicy
    from pyspark.sql.connect.session import SparkSession

    session = SparkSession(_address(given))
    patience = DefaultPolicy(RETRIES, backoff_multiplier=2.0, initial_backoff=200)
    session.client.set_retry_policies([patience])
    # The error that follows says so too.
    warnings.filterwarnings("ignore", message=r"\[RETRIES_EXCEEDED\]")
    atexit.register(_leave, session)
    for name, value in given.items():
        if name not in OWN_KEYS:
            session.conf.set(name, value)
    return session


def _leave(session: "RemoteSession") -> None:
    """Tell the server that a session is over; one that is gone is not waited for."""
    from pyspark.sql.connect.client.retries import DefaultPolicy

    session.client.set_retry_policies([DefaultPolicy(0)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        session.stop()


def _address(given: Mapping[str, str]) -> str:
    remote = given["remote"].rstrip("/;")
    if "token" not in given:
        return remote
    separator = ";" if "/;" in remote else "/;"
    return f"{remote}{separator}token={quote(given['token'], safe='')}"


@contextmanager
def _told(connection: Connection, given: Mapping[str, str]) -> Iterator[None]:
    """Say why no session could be opened, and what to do."""
    title = f"environment '{connection.environment}'"
    try:
        import grpc
        from py4j.protocol import Py4JError
        from pyspark.errors import PySparkException
    except ImportError as missing:
        raise EngineError(
            f"{title}: PySpark is not installed here, or not all of it: {missing}\n  fix: {INSTALL}"
        ) from missing
    try:
        yield
    except (PySparkException, Py4JError, grpc.RpcError, ConnectionError) as refusal:
        words = _hidden(connection, str(refusal))
        raise EngineError(f"{title}: {_reason(given)}\n  Spark: {words}") from refusal


def _reason(given: Mapping[str, str]) -> str:
    if "remote" in given:
        return (
            f"the Spark server {given['remote']} cannot be used\n"
            '  fix: start it, or mend "remote" of the warehouse\'s "connection"'
        )
    if shutil.which("java") is None and not _java_home():
        return (
            "there is no Java, in which Spark runs\n"
            "  fix: install Java 17 or a later one and set JAVA_HOME, or name a server: "
            '"connection": {"remote": "sc://..."}'
        )
    return (
        "Spark cannot be started\n"
        '  fix: run it with Java 17 or a later one, and mend "connection" of the warehouse'
    )


def _java_home() -> bool:
    home = os.environ.get("JAVA_HOME")
    return bool(home) and Path(home or "", "bin", "java").exists()


def _is_lost(refusal: Exception) -> bool:
    from py4j.protocol import Py4JNetworkError
    from pyspark.errors.exceptions.connect import SparkConnectGrpcException

    if isinstance(refusal, Py4JNetworkError | ConnectionError):
        return True
    if isinstance(refusal, SparkConnectGrpcException):
        known = str(refusal.getCondition() or "")
        return refusal.getGrpcStatusCode().name in LOST or known.startswith(FORGOTTEN)
    return False


def _forget(connection: Connection) -> None:
    with _lock:
        _sessions.pop(_key(connection), None)


def _key(connection: Connection) -> object:
    return (frozenset(connection.settings.items()), frozenset(connection.secrets.items()))


def _place(connection: Connection) -> str:
    return connection.settings.get("remote", "the Java beside this process")


def _hidden(connection: Connection, words: str) -> str:
    """Leave the secrets out of what a driver says."""
    for variable in connection.secrets.values():
        if value := os.environ.get(variable):
            words = words.replace(value, "***")
    return words
