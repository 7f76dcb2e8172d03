"""A real server of S3 on 127.0.0.1: seaweedfs, started once for all processes of a test run."""

import fcntl
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

REGION = "us-east-1"
KEY, SECRET = "fig-tests", "canary-secret-of-the-tests"
READER, READER_SECRET = "fig-reader", "canary-secret-of-the-reader"
IDENTITIES = {
    "identities": [
        {
            "name": "writer",
            "credentials": [{"accessKey": KEY, "secretKey": SECRET}],
            "actions": ["Admin", "Read", "Write", "List", "Tagging"],
        },
        {
            "name": "reader",
            "credentials": [{"accessKey": READER, "secretKey": READER_SECRET}],
            "actions": ["Read", "List"],
        },
    ]
}
BUCKET = "fig-lakes"
START_S = 120.0
SOCKETS = Path("/tmp")
GUARDS: list["subprocess.Popen[bytes]"] = []
"""They live as long as this process, so nobody may collect them before."""
ROOT = Path(__file__).parents[2]


class Server:
    """A server of this machine."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.url = folder, f"http://127.0.0.1:{port}"

    def client(self) -> "boto3.client":
        """Give a client of somebody who may do everything."""
        return boto3.client(
            "s3",
            endpoint_url=self.url,
            aws_access_key_id=KEY,
            aws_secret_access_key=SECRET,
            region_name=REGION,
            config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}),
        )

    def bucket(self, name: str) -> str:
        """Make an empty bucket and return its name."""
        self.client().create_bucket(Bucket=name)
        return name

    def lake(self) -> str:
        """Give the address of a lake that nobody else has."""
        return f"s3://{BUCKET}/{uuid4().hex}/lake"

    def login(self, patch: pytest.MonkeyPatch, key: str = KEY, secret: str = SECRET) -> None:
        """Let boto3 of this process find the server, as somebody."""
        patch.setenv("AWS_ENDPOINT_URL_S3", self.url)
        patch.setenv("AWS_ACCESS_KEY_ID", key)
        patch.setenv("AWS_SECRET_ACCESS_KEY", secret)
        patch.setenv("AWS_DEFAULT_REGION", REGION)
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def start(folder: Path) -> tuple["subprocess.Popen[bytes]", int]:
    """Start a server over a folder; return its process and its port."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "ids.json").write_text(json.dumps(IDENTITIES), encoding="utf-8")
    ports = _free_ports(4)
    options = {
        "dir": folder,
        "ip": "127.0.0.1",
        "ip.bind": "127.0.0.1",
        "s3.port": ports[0],
        "s3.port.iceberg": 0,
        "s3.port.lance": 0,
        "s3.autoCreateBucket": "false",
        "s3.config": folder / "ids.json",
        "master.port": ports[1],
        "volume.port": ports[2],
        "filer.port": ports[3],
        "master.volumeSizeLimitMB": 64,
        "volume.max": 50,
    }
    program = str(Path(sys.executable).parent / "weed")
    words = [program, "server", "-filer", "-s3", *(f"-{name}={it}" for name, it in options.items())]
    with (folder / "log").open("wb") as log:
        running = subprocess.Popen(
            words, stdout=log, stderr=log, cwd=folder, start_new_session=True
        )
    _wait(Server(folder, ports[0]), running)
    return running, ports[0]


def stop(running: "subprocess.Popen[bytes]") -> None:
    """End a server that `start` started, at once."""
    running.kill()
    running.wait()
    for word in map(str, running.args):
        name, _, port = word.partition(".port=")
        if port.isdigit() and name:
            for number in (int(port), int(port) + 10_000):
                for left in SOCKETS.glob(f"seaweedfs-*-{number}.sock"):
                    left.unlink(missing_ok=True)


@contextmanager
def shared(folder: Path) -> Iterator[Server]:
    """Share one server among the processes that name the same folder.

    Each holds a lock on a file of `folder`; a guard beside the server ends it as soon as it can
    have that lock for itself, so it goes with its last user, however that one ended.
    """
    folder.mkdir(parents=True, exist_ok=True)
    port = folder / "port"
    with (folder / "users").open("w") as users:
        fcntl.flock(users, fcntl.LOCK_SH)
        with (folder / "starting").open("w") as starting:
            fcntl.flock(starting, fcntl.LOCK_EX)
            if not port.exists():
                _start_guard(folder, port)
        yield Server(folder / "data", int(port.read_text()))


def _start_guard(folder: Path, port: Path) -> None:
    words = [sys.executable, "-m", "tests.engines.s3", str(folder)]
    with (folder / "guard.log").open("w") as log:
        guard = subprocess.Popen(words, cwd=ROOT, stdout=log, stderr=log, start_new_session=True)
    GUARDS.append(guard)
    while not port.exists():
        if guard.poll() is not None:
            raise RuntimeError((folder / "guard.log").read_text())
        time.sleep(0.1)


def _guard(folder: Path) -> None:
    """Run a server until nobody holds the lock of its users."""
    process, port = start(folder / "data")
    try:
        ready = folder / "port.new"
        ready.write_text(str(port))
        ready.rename(folder / "port")
        with (folder / "users").open("w") as users:
            fcntl.flock(users, fcntl.LOCK_EX)
            # A new user waits for the lock, and then finds no port.
            (folder / "port").unlink()
    finally:
        stop(process)


def _free_ports(count: int) -> list[int]:
    """Find ports of which the one ten thousand above is free too: the server takes both."""
    found: list[int] = []
    while len(found) < count:
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            port = one.getsockname()[1]
        if port > 55_000 or port in found:
            continue
        with socket.socket() as above, suppress(OSError):
            above.bind(("127.0.0.1", port + 10_000))
            found.append(port)
    return found


def _wait(server: Server, running: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + START_S
    client = server.client()
    while time.monotonic() < end and running.poll() is None:
        try:
            with suppress(client.exceptions.BucketAlreadyExists):
                client.create_bucket(Bucket=BUCKET)
            client.put_object(Bucket=BUCKET, Key="first", Body=b"1")
        except (BotoCoreError, ClientError):
            time.sleep(0.2)
        else:
            return
    stop(running)
    log = (server.folder / "log").read_text(errors="replace")[-2000:]
    raise AssertionError(f"seaweedfs does not start:\n{log}")


if __name__ == "__main__":
    _guard(Path(sys.argv[1]))
