"""The log that the tests of this folder share, and ways to look into its events."""

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

DAYS = (date(2026, 10, 5), date(2026, 10, 6), date(2026, 10, 7))
EVENTS_PER_DAY = 3000
SEED = 5


@dataclass(frozen=True)
class Log:
    """What was written: events as parsed, by the day of their file, and who is malicious."""

    folder: Path
    days: dict[date, list[dict]]
    kinds: dict[str, str]
    malicious: dict[str, bool]


def lines_in(path: Path) -> list[str]:
    return gzip.decompress(path.read_bytes()).decode("utf-8").splitlines()


def events_in(path: Path) -> list[dict]:
    return [json.loads(line) for line in lines_in(path)]


def leaves(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    """Yield the path and value of each scalar, and the length of each array."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, f"{path}:{key}")
    elif isinstance(value, list):
        yield f"{path}#", len(value)
        for at, inner in enumerate(value):
            yield from leaves(inner, f"{path}[{at}]")
    else:
        yield path, value


def at(event: object, path: str) -> object:
    """Follow `a:b[0]:c` into an event, None where it leads nowhere."""
    for step in path.replace("[0]", ":[0]").split(":"):
        if step == "[0]":
            event = event[0] if isinstance(event, list) and event else None
        else:
            event = event.get(step.strip('"')) if isinstance(event, dict) else None
    return event
