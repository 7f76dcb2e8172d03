"""A really running `dagster dev` over a temporary project, spoken to as its own pages do."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from fig_assets.assets.home import prepare_home

T = TypeVar("T")
Json = dict[str, "object"]

ROOT = Path(__file__).parents[2]
INTERRUPTIBLE = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
os.execv(sys.argv[1], sys.argv[1:])
"""
"""Runs a program that Ctrl-C ends, even where these tests run in the background of a shell."""
STARTED_S, STOPPED_S, ANSWERED_S = 120, 60, 30
LOCATION = {"repositoryLocationName": "fig_assets", "repositoryName": "__repository__"}

BACKFILL = """
mutation($params: LaunchBackfillParams!) {
  launchPartitionBackfill(backfillParams: $params) {
    __typename
    ... on LaunchBackfillSuccess { backfillId }
    ... on PythonError { message }
  }
}"""
STATUS = """
query($id: String!) {
  partitionBackfillOrError(backfillId: $id) {
    ... on PartitionBackfill {
      status
      error { message }
      runs { runId status }
      assetBackfillData { assetBackfillStatuses {
        ... on AssetPartitionsStatusCounts {
          assetKey { path } numPartitionsTargeted numPartitionsMaterialized numPartitionsFailed
        }
        ... on UnpartitionedAssetStatus { assetKey { path } materialized failed }
      } }
    }
  }
}"""
MATERIALISATIONS = """
query($key: AssetKeyInput!, $partitions: [String!]) {
  assetOrError(assetKey: $key) {
    ... on Asset {
      assetMaterializations(partitions: $partitions) {
        runId partition tags { key value }
        metadataEntries {
          label
          ... on IntMetadataEntry { intValue }
          ... on TextMetadataEntry { text }
          ... on MarkdownMetadataEntry { mdStr }
        }
      }
    }
  }
}"""


class Server:
    """A running webserver with its daemon."""

    def __init__(self, url: str, folder: Path, process: "subprocess.Popen[bytes]") -> None:
        self.url = url
        self.folder = folder
        self.process = process

    def ask(self, query: str, **variables: object) -> Json:
        """Send a query of GraphQL."""
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(
            f"{self.url}/graphql", body, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=ANSWERED_S) as answer:
            found = json.load(answer)
        if "errors" in found:
            raise RuntimeError(found["errors"])
        data: Json = found["data"]
        return data

    def backfill(self, title: str, assets: Sequence[str], partitions: Sequence[str]) -> str:
        """Launch a backfill as the page of an asset does; returns its id."""
        params = {
            "title": title,
            "assetSelection": [{"path": asset.split("/")} for asset in assets],
            "partitionNames": list(partitions),
            "fromFailure": False,
            "tags": [{"key": "dagster/from_ui", "value": "true"}],
        }
        answer = self.ask(BACKFILL, params=params)["launchPartitionBackfill"]
        if not isinstance(answer, Mapping) or "backfillId" not in answer:
            raise RuntimeError(answer)
        return str(answer["backfillId"])

    def backfill_status(self, backfill: str) -> Json:
        """Give the state of a backfill."""
        found = self.ask(STATUS, id=backfill)["partitionBackfillOrError"]
        return dict(found) if isinstance(found, Mapping) else {}

    def materialisations(self, asset: str, partitions: Sequence[str]) -> list[Json]:
        """Give the materialisations of some days of an asset, newest first."""
        variables = {"key": {"path": asset.split("/")}, "partitions": list(partitions)}
        found = self.ask(MATERIALISATIONS, **variables)["assetOrError"]
        return list(found["assetMaterializations"]) if isinstance(found, Mapping) else []

    def log(self) -> str:
        """Give the end of what the server said."""
        return (self.folder / "server.log").read_text(encoding="utf-8", errors="replace")[-4000:]


@contextmanager
def running(folder: Path, configs: Path) -> Iterator[Server]:
    """Run the repository's own `definitions.py` and `workspace.yaml` in `folder`.

    The server listens on a free port of 127.0.0.1, has its home in `folder` and is stopped, all
    of its processes, at the end.
    """
    for name in ("definitions.py", "workspace.yaml"):
        shutil.copy(ROOT / name, folder)
    port = free_port()
    home = prepare_home(folder / "home")
    chosen = {"DAGSTER_HOME": str(home), "FIG_PROJECT": str(configs), "FIG_ENV": "local"}
    dagster = str(Path(sys.executable).parent / "dagster")
    command = [sys.executable, "-c", INTERRUPTIBLE, dagster, "dev", "-h", "127.0.0.1"]
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "-p", str(port)],
            cwd=folder,
            env={**os.environ, **chosen},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        server = Server(f"http://127.0.0.1:{port}", folder, process)
        try:
            wait_until(lambda: _is_up(server), STARTED_S, server.log)
            yield server
        finally:
            stop(process)


def stop(process: "subprocess.Popen[bytes]") -> None:
    """Stop a process that leads its own group, as Ctrl-C does; kill the group if that fails.

    Raises:
        RuntimeError: some process of the group did not end by itself.
    """
    group = process.pid
    if process.poll() is None:
        os.killpg(group, signal.SIGINT)
    try:
        process.wait(STOPPED_S)
        wait_until(lambda: not _group_is_alive(group), STOPPED_S)
    except (subprocess.TimeoutExpired, TimeoutError) as refusal:
        os.killpg(group, signal.SIGKILL)
        process.wait(STOPPED_S)
        raise RuntimeError(f"the processes of group {group} had to be killed") from refusal


def wait_until(answer: Callable[[], T], seconds: float, words: Callable[[], str] = lambda: "") -> T:
    """Ask again and again until the answer is true; returns it."""
    end = time.monotonic() + seconds
    while not (found := answer()):
        if time.monotonic() > end:
            raise TimeoutError(f"nothing within {seconds} seconds\n{words()}")
        time.sleep(0.5)
    return found


def free_port() -> int:
    """Find a port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _is_up(server: Server) -> bool:
    if server.process.poll() is not None:
        raise RuntimeError(server.log())
    query = "{ repositoriesOrError { ... on RepositoryConnection { nodes { name } } } }"
    try:
        found = server.ask(query)["repositoriesOrError"]
    except (urllib.error.URLError, ConnectionError):
        return False
    return isinstance(found, Mapping) and bool(found.get("nodes"))


def _group_is_alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
