"""The projects that are measured, as a JSON value for each file below `configs/`."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.events import START

Json = dict[str, object]
Files = dict[str, Json]

FIELDS = {
    "number": "number::bigint",
    "address": "address",
    "user": "user",
    "bytes": "bytes::bigint",
    "seconds": "seconds::float",
    "is_failure": "is_failure::boolean",
}
MERGEABLE = {
    "event_count": "@COUNT(*)",
    "failure_count": "@COUNT_IF($is_failure)",
    "bytes_sum": "@SUM($bytes)",
    "seconds_mean": "@AVG($seconds)",
    "bytes_max": "@MAX($bytes)",
    "seconds_spread": "@STDDEV($seconds)",
}
DISTINCT = {
    "address_count": "@COUNT_DISTINCT($address)",
    "user_count": "@COUNT_DISTINCT($user)",
}
EVERY = {**MERGEABLE, **DISTINCT}


def period(days: int) -> str:
    """Name the period of that many days."""
    return f"{days}d_by_day"


def base() -> Files:
    """Return the files that every project has: names, places and the event."""
    return {
        "project.json": {"name": "measured", "start_date": START.isoformat()},
        "environments/local.json": {
            "name": "local",
            "warehouse": {"type": "duckdb", "path": "lake"},
            "models": {"path": "models"},
            "sources": {"events": {"format": "json", "path": "raw/{date}.jsonl", "late_days": 0}},
            "event_defaults": {"event_type": "kind", "time": "at", "id": "id"},
        },
        "events/sign_in.json": {"name": "sign_in", "event_name": "sign_in", "fields": FIELDS},
    }


def imported(fields: Mapping[str, str]) -> Files:
    """Return a project that imports the events of `payloads` and does nothing else."""
    files = base()
    defaults: Json = {"event_type": "eventType", "time": "published", "id": "uuid"}
    files["environments/local.json"] |= {"event_defaults": defaults}
    event: Json = {"name": "sign_in", "event_name": "user.session.start", "fields": dict(fields)}
    return {**files, "events/sign_in.json": event}


def windows(periods: Sequence[int], features: Mapping[str, str]) -> Files:
    """Return a project of one family, `network`, over the events' `number`."""
    group: Json = {
        "source": "sign_in",
        "granularity_field": "number",
        "features": dict(features),
    }
    family: Json = {
        "name": "network",
        "granularity": "network_number",
        "granularity_type": "bigint",
        "period": [period(days) for days in periods],
        "groups": [group],
    }
    return {**base(), "features/network.json": family}


def write(files: Files, folder: Path) -> None:
    """Write a project's files below `folder`/configs."""
    for name, content in files.items():
        path = folder / "configs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content, indent=1), encoding="utf-8")
