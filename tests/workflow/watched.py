"""A project whose days drift, flip and lose a class, scored by one champion: built once."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from tests.assets.signins import (
    ENVIRONMENT,
    FIRST,
    SCORER,
    Json,
    Site,
    days_from,
    login,
    opened,
    write_day,
    write_project,
)

ROWS = 520
"""Rows of a day: as many as a distance needs, and some more."""
TRAINED, DRIFTED, FLIPPED, USUAL, ONE_CLASS = days_from(FIRST, 6)[1:]
LAST = ONE_CLASS
MODEL: Json = {
    **SCORER,
    "training_delay_delta_days": 1,
    "training_time_delta_days": 1,
    "input_features": [
        {"family_name": "request", "feature_names": {"all": ["network", "networks_kind", "hour"]}}
    ],
    "alerts_per_day": 40,
    "retrain": {"every_days": 100},
}


def events(day: date, like: date | None = None) -> list[Json]:
    """Give the sign-ins of a day: of network 2 two in three fail, but for what is odd about it.

    `like` is the day whose oddness it has instead of its own.
    """
    found, odd = [], like or day
    for n in range(ROWS):
        event = login(day, n)
        if odd == DRIFTED:
            event["client"] = {"ip": f"10.0.0.{n % 6}", "network": 1 + (n % 10 > 0)}
        if odd == FLIPPED:
            event["outcome"] = "SUCCESS" if event["outcome"] == "FAILURE" else "FAILURE"
        if odd == ONE_CLASS:
            event["outcome"] = "SUCCESS"
        found.append(event)
    return found


def write_watched(root: Path, **changes: object) -> Path:
    """Write the project; `changes` are keys of its model."""
    environment = {**ENVIRONMENT}
    environment["sources"] = {
        name: {**source, "late_days": 0} if name == "events" else source
        for name, source in ENVIRONMENT["sources"].items()  # type: ignore[attr-defined]
    }
    files = {"models/scorer.json": {**MODEL, **changes}, "environments/local.json": environment}
    configs = write_project(root, files)
    for day in days_from(FIRST, 6):
        write_day(root, day, events(day))
    return configs


@contextmanager
def watched_site(root: Path, **changes: object) -> Iterator[Site]:
    """Build all days of the project, each trained or scored as it comes."""
    write_watched(root, **changes)
    with opened(root) as site:
        assert site.run(FIRST, LAST).refused == {}
        yield site
