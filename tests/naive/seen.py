"""What a value of a row was computed from, counted day by day and line by line."""

import json
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from pathlib import Path

from tests.naive.config import period_days

FAR = 1200
"""Days around a row that are tried."""


def days_of_window(period: str, row: date, *, same_day: bool) -> list[date]:
    """Give each day that a row sees: the N days that end with the day before its own, or its own.

    Every day around the row is asked whether it belongs to the window.
    """
    ends = row if same_day else row - timedelta(days=1)
    tried = (row + timedelta(days=n) for n in range(-FAR, FAR + 1))
    return [day for day in tried if 0 <= (ends - day).days < period_days(period)]


def lines_between(folder: Path, first: date, last: date, wanted: Mapping[str, object]) -> int:
    """Count the raw lines whose moment lies on the days `first` to `last`, both included.

    `wanted` gives values by path, such as `client.ip`.
    """
    count = 0
    for line in _lines(folder.glob("*.jsonl")):
        event = json.loads(line)
        moment = date.fromisoformat(event["at"][:10])
        if first <= moment <= last:
            count += all(_at(event, path.split(".")) == value for path, value in wanted.items())
    return count


def _lines(files: Iterable[Path]) -> list[str]:
    return [line for file in files for line in file.read_text(encoding="utf-8").splitlines()]


def _at(event: object, steps: list[str]) -> object:
    for step in steps:
        event = event[step] if isinstance(event, dict) else None
    return event
