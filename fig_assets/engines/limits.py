"""What a warehouse may use of its machine, and what is said when that is too little."""

import errno
import os
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from fig_assets.errors import EngineError, OutOfMemory

SIZE = re.compile(r"([0-9.]+) ?([KMGT%])(i?)B?")
HALF = "50%"
CGROUPS = Path("/sys/fs/cgroup")
CONTAINER_LIMITS = ("memory.max", "memory/memory.limit_in_bytes")
SPILL_SETTING = "max_temp_directory_size"
NO_SPACE = "No space left on device"


@dataclass(frozen=True)
class Limits:
    """Memory and disk of one process; what is None is the engine's own choice.

    Attributes:
        memory_limit: For all statements together, such as "6GB" or "50%".
        temp_directory: The folder to spill to.
        max_temp_directory_size: How much may be spilled, such as "100GB".
        said_in: The file in which a person changes these.
    """

    memory_limit: str | None = None
    temp_directory: str | None = None
    max_temp_directory_size: str | None = None
    said_in: str = "the environment's file"


def memory_bytes(limit: str | None) -> int:
    """Return how many bytes a `memory_limit` allows; half of the memory there is without one.

    >>> memory_bytes("1.5 GiB")
    1610612736
    """
    said = SIZE.fullmatch(limit or HALF)
    if said is None:
        raise ValueError(limit)
    number, unit, power = float(said[1]), said[2] or "", 1024 if said[3] else 1000
    if unit == "%":
        return int(machine_memory() * number / 100)
    return int(number * power ** ("KMGT".index(unit) + 1))


def machine_memory(folder: Path = CGROUPS) -> int:
    """Return the bytes of memory of this machine, or of the container if it has fewer.

    `folder` is where the kernel shows the container's limits.
    """
    found = [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")]
    for name in CONTAINER_LIMITS:
        with suppress(OSError, ValueError):
            found.append(int((folder / name).read_text(encoding="ascii")))
    return min(found)


def refused(refusal: Exception, limits: Limits, spill: str, sql: str) -> EngineError:
    """Say what a driver refused, in its words; where memory or disk ran out, what to do.

    Args:
        refusal: What the driver raised.
        limits: What the warehouse was given.
        spill: The folder that it spills to.
        sql: The statement.
    """
    words = str(refusal)
    if words.startswith("Out of Memory Error:"):
        first = words.partition("\n")[0]
        return OutOfMemory(f"{_too_little(words, limits)}\n  DuckDB: {first}\n{sql}")
    if NO_SPACE in words or getattr(refusal, "errno", None) == errno.ENOSPC:
        return OutOfMemory(
            f"the disk of {spill} is full, to which big statements spill\n"
            f'  fix: free space there, or add "temp_directory": "<a folder with more room>" to '
            f'"warehouse" in {limits.said_in}\n  DuckDB: {words}\n{sql}'
        )
    return EngineError(f"DuckDB: {words}\n{sql}")


def _too_little(words: str, limits: Limits) -> str:
    memory = limits.memory_limit or HALF
    spill = limits.max_temp_directory_size or "nine tenths of the free disk"
    if SPILL_SETTING in words:
        return (
            f"the statement spills more to disk than it may, which is {spill}\n"
            f'  fix: raise "{SPILL_SETTING}" of "warehouse" in {limits.said_in}, or "memory_limit" '
            f"({memory}), so that less is spilled"
        )
    return (
        f"the statement needs more memory than it may have: {memory} for all at work, "
        f"and {spill} to spill to\n"
        f'  fix: raise "memory_limit" of "warehouse" in {limits.said_in}, or write "threads": 1 '
        "there, so that fewer days are computed at once"
    )
