"""What answers Snowflake's real connector on this machine: fakesnow, and servers that fail."""

import gzip
import http.client
import json
import logging
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from uuid import uuid4

from sqlglot import exp

from fig_assets.engines.connection import Connection
from fig_assets.engines.snowflake.engine import open_snowflake

PASSWORD = "FIG_TEST_SNOWFLAKE_PASSWORD"
SECRET = "correct horse battery staple"
DATABASE = "FIG_TEST"
ENVIRONMENT = "analytics"

Answer = tuple[int, bytes]
"""A status and a body of HTTP."""


def connection(port: int, schema: str = "", **more: str) -> Connection:
    """Describe a login to a server on this machine, into a schema of its own."""
    os.environ[PASSWORD] = SECRET
    settings = {
        "account": "fakesnow",
        "user": "fig",
        "role": "FIG_ROLE",
        "warehouse": "FIG_WH",
        "database": DATABASE,
        "schema": schema or f"FIG_{uuid4().hex[:12].upper()}",
        "host": "127.0.0.1",
        "port": str(port),
        "protocol": "http",
        "network_timeout": "1",
    }
    return Connection({**settings, **more}, {"password": PASSWORD}, ENVIRONMENT, project="threats")


@contextmanager
def fakesnow() -> Iterator[int]:
    """Run the server until the end; gives its port."""
    import fakesnow as package

    with package.server() as given:
        for name in ("uvicorn.access", "uvicorn.error", "fakesnow.server"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        yield int(given["port"])


@contextmanager
def answering(answer: Callable[[str, bytes, dict[str, str]], Answer | None]) -> Iterator[int]:
    """Run a server of HTTP that answers as it is told; None closes the line without an answer."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            found = answer(self.path, body, dict(self.headers))
            if found is None:
                self.close_connection = True
                self.connection.close()
                return
            status, content = found
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def do_PUT(self) -> None:
            self.do_POST()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def refusing_login(code: str, message: str) -> Callable[[str, bytes, dict[str, str]], Answer]:
    """Answer every login as Snowflake does when it refuses one."""
    body = {"data": {"authnMethod": ""}, "code": code, "message": message, "success": False}
    return lambda *_: (200, json.dumps(body).encode())


def forward(port: int, path: str, body: bytes, headers: dict[str, str]) -> Answer:
    """Ask the server at `port`."""
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        line.request("POST", path, body, {k: v for k, v in headers.items() if k != "Host"})
        answer = line.getresponse()
        return answer.status, answer.read()
    finally:
        line.close()


def statement_of(body: bytes) -> str:
    """Return the statement of a request, or nothing."""
    text = gzip.decompress(body) if body.startswith(b"\x1f\x8b") else body
    try:
        return str(json.loads(text).get("sqlText", ""))
    except (ValueError, AttributeError):
        return ""


def fill(port: int, table: str, payloads: Sequence[str | None], column: str = "PAYLOAD") -> None:
    """Make a table of events, if it is not there, and add a row for each text of JSON."""
    database, schema, _ = table.split(".")
    rows = " UNION ALL ".join(
        f"SELECT PARSE_JSON({exp.Literal.string(it).sql('snowflake')})" if it else "SELECT NULL"
        for it in payloads
    )
    with open_snowflake(connection(port)) as engine, engine._sessions.lent() as session:
        session.run(f"CREATE SCHEMA IF NOT EXISTS {database}.{schema}")
        session.run(f"CREATE TABLE IF NOT EXISTS {table} ({column} VARIANT)")
        session.run(f"INSERT INTO {table} {rows}")
