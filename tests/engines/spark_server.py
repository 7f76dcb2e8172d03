"""One Spark Connect server for all test processes of a run, on a free port of this machine.

    with spark_server(folder) as address: ...      # "sc://127.0.0.1:40123"

The first user starts it. Each user holds a shared lock on a file of `folder`; a guard beside the
server ends it as soon as it can have that lock for itself, so it goes with its last user, however
that one ended.
"""

import fcntl
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.engines.java import OPTIONS, java_home

LOCAL = "127.0.0.1"
START_S = 240.0
POLL_S = 0.5
SETTINGS = {
    "spark.master": "local[2]",
    "spark.ui.enabled": "false",
    "spark.driver.bindAddress": LOCAL,
    "spark.driver.host": LOCAL,
    "spark.driver.extraJavaOptions": OPTIONS,
    "spark.connect.grpc.binding.address": LOCAL,
    "spark.sql.catalogImplementation": "in-memory",
    "spark.sql.shuffle.partitions": "2",
    "spark.default.parallelism": "2",
}


@contextmanager
def spark_server(folder: Path) -> Iterator[str]:
    """Give the address of the server whose files are in `folder`, started if there is none."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "users").open("w") as users:
        fcntl.flock(users, fcntl.LOCK_SH)
        with (folder / "starting").open("w") as starting:
            fcntl.flock(starting, fcntl.LOCK_EX)
            address = folder / "address"
            if not address.exists():
                _start(folder)
            found = address.read_text(encoding="utf-8")
        yield found


def _start(folder: Path) -> None:
    """Start a guard that outlives this process, and wait until its server answers."""
    with (folder / "guard.log").open("w") as log:
        started = subprocess.run(
            [sys.executable, __file__, str(folder)],
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
            stdout=log,
            stderr=log,
            check=False,
        )
    if started.returncode:
        logs = [file.read_text()[-4000:] for file in sorted(folder.glob("*.log"))]
        raise RuntimeError("the Spark server did not start\n" + "\n".join(logs))


def start(folder: Path) -> bool:
    """Leave a guard behind, once its server answers; say whether it does."""
    child = os.fork()
    if child == 0:
        os.setsid()
        guard(folder)
        return True
    deadline = time.monotonic() + START_S
    while not (folder / "address").exists():
        if os.waitpid(child, os.WNOHANG) != (0, 0) or time.monotonic() > deadline:
            return False
        time.sleep(POLL_S)
    return True


def guard(folder: Path) -> None:
    """Run a server until nobody holds the lock of its users."""
    port = _free_port()
    server = _run_server(folder, port)
    try:
        while server.poll() is None and not _answers(port):
            time.sleep(POLL_S)
        if server.poll() is None:
            ready = folder / "address.new"
            ready.write_text(f"sc://{LOCAL}:{port}", encoding="utf-8")
            ready.rename(folder / "address")
        with (folder / "users").open("w") as users:
            while server.poll() is None and not _alone(users):
                time.sleep(POLL_S)
            # A new user waits for the lock, and then finds no address.
            (folder / "address").unlink(missing_ok=True)
            _end(server)
    finally:
        _end(server)
        spent = resource.getrusage(resource.RUSAGE_CHILDREN)
        log = f"{spent.ru_utime + spent.ru_stime:.0f} seconds of CPU\n"
        (folder / "spent.log").write_text(log, encoding="utf-8")


def _run_server(folder: Path, port: int) -> subprocess.Popen[bytes]:
    import pyspark

    home = Path(pyspark.__file__).parent
    settings = {**SETTINGS, "spark.connect.grpc.binding.port": str(port)}
    flags = [part for name, value in settings.items() for part in ("--conf", f"{name}={value}")]
    with (folder / "server.log").open("w") as log:
        return subprocess.Popen(
            [
                *(home / "bin" / "spark-submit", "--class"),
                "org.apache.spark.sql.connect.service.SparkConnectServer",
                *(*flags, "spark-internal"),
            ],
            env={
                **os.environ,
                "SPARK_HOME": str(home),
                "JAVA_HOME": str(java_home(folder)),
                "SPARK_LOCAL_IP": LOCAL,
                "PYSPARK_PYTHON": sys.executable,
            },
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def _alone(users: object) -> bool:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((LOCAL, port)) == 0


def _end(server: subprocess.Popen[bytes]) -> None:
    if server.poll() is None:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOCAL, 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    sys.exit(not start(Path(sys.argv[1])))
