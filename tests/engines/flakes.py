"""The real connector of Snowflake, and a fakesnow that answers it on this machine."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

from fig_assets.engines.connection import Connection

PASSWORD = "FIG_TEST_SNOWFLAKE_PASSWORD"
SECRET = "correct horse battery staple"
DATABASE = "FIG_TEST"


def connection(port: int, schema: str = "", *, host: str = "127.0.0.1", **more: str) -> Connection:
    """Describe a login to a server on this machine, into a schema of its own."""
    os.environ[PASSWORD] = SECRET
    settings = {
        "account": "fakesnow",
        "user": "fig",
        "role": "FIG_ROLE",
        "warehouse": "FIG_WH",
        "database": DATABASE,
        "schema": schema or f"FIG_{uuid4().hex[:12].upper()}",
        "host": host,
        "port": str(port),
        "protocol": "http",
        "network_timeout": "1",
    }
    return Connection({**settings, **more}, {"password": PASSWORD}, "analytics", project="threats")


@contextmanager
def fakesnow() -> Iterator[int]:
    """Run the server until the end; gives its port."""
    import fakesnow as package

    with package.server() as given:
        for name in ("uvicorn.access", "uvicorn.error", "fakesnow.server"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        yield int(given["port"])
