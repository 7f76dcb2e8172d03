"""CPU seconds and peak memory of this process with its children, those still running included."""

import os
import resource
from collections.abc import Iterator
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
PROC = Path("/proc")


def cpu_seconds() -> float:
    """Return user and system seconds of this process and of all below it."""
    own = resource.getrusage(resource.RUSAGE_SELF)
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = own.ru_utime + own.ru_stime + ended.ru_utime + ended.ru_stime
    return spent + sum(_ticks(process) for process in _descendants(os.getpid())) / TICKS


def peak_mib() -> float:
    """Return the highest resident memory of this process and of each that runs below it, summed.

    Not `ru_maxrss` where the system tells more: that of a process also counts what its parent
    held when it was started.
    """
    return sum(map(_peak, (os.getpid(), *_descendants(os.getpid()))))


def _peak(process: int) -> float:
    try:
        status = (PROC / str(process) / "status").read_text(encoding="utf-8")
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    for line in status.splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0


def _descendants(process: int) -> Iterator[int]:
    for children in (PROC / str(process) / "task").glob("*/children"):
        for child in map(int, children.read_text(encoding="utf-8").split()):
            yield child
            yield from _descendants(child)


def _ticks(process: int) -> int:
    """Count the ticks of a process and of its children that have ended."""
    try:
        text = (PROC / str(process) / "stat").read_text(encoding="utf-8")
    except OSError:
        return 0
    return sum(map(int, text.rpartition(")")[2].split()[11:15]))
