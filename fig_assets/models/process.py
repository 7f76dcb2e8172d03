"""A program in a process group of its own: bounded in time and in words, without our secrets."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

PASSED_ON = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES", "PYTHONPATH")
"""What a program sees of the environment; passwords and tokens stand in other variables."""
MOST_SHOWN = 64 << 10
MOST_KEPT = 16 << 10
"""Bytes of the last of it that are kept."""
GRACE_S = 2.0
"""How long a program may take to end after it was asked to."""
_POLL_S = 0.02
_BLOCK = 8 << 10


@dataclass(frozen=True)
class Ended:
    """How a program ended: its exit status, negative for a signal, and its last words."""

    status: int
    words: str
    timed_out: bool


def run(
    command: Sequence[str],
    folder: Path,
    *,
    timeout_s: float,
    more: Mapping[str, str],
    shown: int = MOST_SHOWN,
) -> Ended:
    """Run a program in `folder` and wait for it; nothing of its process group outlives the call.

    Args:
        command: The program and its arguments.
        folder: Its working directory, its home, and the place of its temporary files.
        timeout_s: After so many seconds the whole group is ended.
        more: Environment variables beside those of `PASSED_ON`.
        shown: How many bytes of what it prints are passed on to the error stream.
    """
    started = subprocess.Popen(
        command,
        cwd=folder,
        env=_environment(folder, more),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    if started.stdin is None or started.stdout is None:
        raise RuntimeError("a process was started without pipes")
    tail = _Tail(started.stdout, shown)
    try:
        in_time = _wait(started.pid, timeout_s)
        if not in_time:
            _signal(started.pid, signal.SIGTERM)
            _wait(started.pid, GRACE_S)
    finally:
        # The leader is not reaped yet, so that the number still names this very group.
        _signal(started.pid, signal.SIGKILL)
        status = started.wait()
        started.stdin.close()
        words = tail.end()
    return Ended(status, words, not in_time)


class _Tail:
    """Reads all that a program prints, passes the first of it on, and keeps the last of it."""

    def __init__(self, stream: IO[bytes], shown: int) -> None:
        self._stream = stream
        self._last: deque[bytes] = deque()
        self._left, self._kept = shown, 0
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def end(self) -> str:
        """Return the last words; what was started in other groups and still prints is cut off."""
        self._thread.join(GRACE_S)
        if not self._thread.is_alive():
            self._stream.close()
        return b"".join(list(self._last))[-MOST_KEPT:].decode(errors="replace")

    def _read(self) -> None:
        descriptor = self._stream.fileno()
        while block := os.read(descriptor, _BLOCK):
            self._last.append(block)
            self._kept += len(block)
            while self._kept - len(self._last[0]) >= MOST_KEPT:
                self._kept -= len(self._last.popleft())
            if self._left > 0:
                sys.stderr.write(block[: self._left].decode(errors="replace"))
                self._left -= len(block)
                if self._left <= 0:
                    sys.stderr.write("\n(what follows of it is not shown)\n")


def _environment(folder: Path, more: Mapping[str, str]) -> dict[str, str]:
    found = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    own = str(Path(__file__).parents[2])
    found["PYTHONPATH"] = os.pathsep.join(filter(None, [own, found.get("PYTHONPATH")]))
    places = dict.fromkeys(("HOME", "TMPDIR"), str(folder))
    fixed = {
        "TZ": "UTC",
        "PYTHONHASHSEED": "0",
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    return {**found, **places, **fixed, **more}


def _wait(process: int, timeout_s: float) -> bool:
    """Wait until a process has ended, and leave it to be reaped; False if it has not in time."""
    end = time.monotonic() + timeout_s
    while os.waitid(os.P_PID, process, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None:
        if time.monotonic() >= end:
            return False
        time.sleep(_POLL_S)
    return True


def _signal(group: int, number: signal.Signals) -> None:
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return
