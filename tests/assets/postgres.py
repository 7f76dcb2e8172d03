"""A PostgreSQL server of the distribution, on a free port here, for as long as a test."""

import os
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.assets.server import free_port, wait_until

USER, DATABASE = "dagster", "postgres"
UNPRIVILEGED = "nobody"
"""Who runs the server where we are root, as which it does not start."""
STARTED_S, STOPPED_S = 60, 30


@dataclass(frozen=True)
class Postgres:
    """How to log in to a server."""

    port: int
    password: str

    @property
    def variables(self) -> dict[str, str]:
        """What `deploy/dagster.yaml` reads from the environment."""
        return {
            "DAGSTER_PG_HOST": "127.0.0.1",
            "DAGSTER_PG_PORT": str(self.port),
            "DAGSTER_PG_DB": DATABASE,
            "DAGSTER_PG_USERNAME": USER,
            "DAGSTER_PG_PASSWORD": self.password,
        }


def programs() -> Path | None:
    """Return the folder of `initdb` and `postgres`; None where there is no server."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    on_path = shutil.which("postgres")
    if found:
        return found[-1].parent
    return Path(on_path).resolve().parent if on_path and shutil.which("initdb") else None


@contextmanager
def serving(folder: Path) -> Iterator[Postgres]:
    """Run a server with a new database in a folder below `folder`, which is removed."""
    place = Path(tempfile.mkdtemp(prefix="fig-pg-", dir="/tmp"))
    user = UNPRIVILEGED if os.getuid() == 0 else None
    if user:
        shutil.chown(place, user)
    # A quote and an @ would break an address that is glued together.
    server = Postgres(free_port(), f"p@ss'{secrets.token_hex(8)}/:")
    try:
        _make(place, server, user)
        with (folder / "postgres.log").open("wb") as log:
            process = _start(place, server, user, log.fileno())
            try:
                wait_until(lambda: _answers(process, server, folder), STARTED_S)
                yield server
            finally:
                # Ends sessions and the server with them.
                process.send_signal(signal.SIGINT)
                process.wait(STOPPED_S)
    finally:
        shutil.rmtree(place)


def _bin(name: str) -> str:
    found = programs()
    if found is None:
        raise RuntimeError("there is no PostgreSQL")
    return str(found / name)


def _make(place: Path, server: Postgres, user: str | None) -> None:
    secret = place / "password"
    secret.write_text(server.password)
    if user:
        shutil.chown(secret, user)
    options = ["--no-sync", "--encoding=UTF8", "--auth=scram-sha-256", f"--pwfile={secret}"]
    subprocess.run(
        [_bin("initdb"), "-D", str(place / "data"), "-U", USER, *options],
        user=user,
        cwd=place,
        check=True,
        capture_output=True,
    )
    secret.unlink()


def _start(place: Path, server: Postgres, user: str | None, log: int) -> "subprocess.Popen[bytes]":
    settings = ["fsync=off", "listen_addresses=127.0.0.1", f"unix_socket_directories={place}"]
    options = [word for setting in settings for word in ("-c", setting)]
    return subprocess.Popen(
        [_bin("postgres"), "-D", str(place / "data"), "-p", str(server.port), *options],
        user=user,
        cwd=place,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
    )


def _answers(process: "subprocess.Popen[bytes]", server: Postgres, folder: Path) -> bool:
    if process.poll() is not None:
        raise RuntimeError((folder / "postgres.log").read_text(encoding="utf-8"))
    words = ["-h", "127.0.0.1", "-p", str(server.port), "-q"]
    return subprocess.run([_bin("pg_isready"), *words], check=False).returncode == 0
