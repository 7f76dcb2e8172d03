"""A process that ends with the one that started it, however that one ends."""

import os
import signal
import threading

LIFELINE = "FIG_LIFELINE"
"""The environment variable that says that standard input stays open as long as the starter lives.
"""


def hold() -> None:
    """Kill this process's group as soon as standard input ends, if `LIFELINE` is set."""
    if not os.environ.pop(LIFELINE, ""):
        return
    line = os.dup(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    threading.Thread(target=_wait, args=(line,), daemon=True).start()


def _wait(line: int) -> None:
    while os.read(line, 1):
        pass
    os.killpg(os.getpgrp(), signal.SIGKILL)
