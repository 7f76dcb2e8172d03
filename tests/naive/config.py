"""The configuration folder's JSON, read without any help from the package under test."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

Spec = dict[str, Any]

PERIOD_DAYS = {
    "daily": 1,
    "weekly_by_day": 7,
    "monthly_by_day": 30,
    "quarterly_by_day": 90,
    "yearly_by_day": 365,
}
PERIOD_PREFIX = {
    "weekly_by_day": "weekly",
    "monthly_by_day": "monthly",
    "quarterly_by_day": "quarterly",
    "yearly_by_day": "yearly",
}


@dataclass(frozen=True)
class Versions:
    """The live versions of one attribute. A plain definition is version 1."""

    default: int
    all: dict[int, Spec]


@dataclass(frozen=True)
class Config:
    """Everything a configuration folder and one environment say."""

    root: Path
    folder: Path
    start: date
    defaults: Spec
    sources: dict[str, Spec]
    events: dict[str, Spec]
    tables: dict[str, Spec]
    families: dict[str, Spec]
    label_sets: dict[str, Spec]
    models: dict[str, Spec]


def read_config(folder: Path, environment: str, start: date | None = None) -> Config:
    """Read `folder`; what the environment says goes before what the project says."""
    project = _read(folder / "project.json")
    place = _read(folder / "environments" / f"{environment}.json")
    written = place.get("start_date") or project.get("start_date")
    return Config(
        root=folder.absolute().parent,
        folder=folder.absolute(),
        start=start or date.fromisoformat(written),
        defaults={**project.get("event_defaults", {}), **place.get("event_defaults", {})},
        sources=place.get("sources", {}),
        events=_things(folder / "events"),
        tables=_things(folder / "tables"),
        families=_things(folder / "features"),
        label_sets=_things(folder / "labels"),
        models=_things(folder / "models"),
    )


def versions(definition: Any, *, short: str = "function") -> Versions:
    """Bring the three ways to write an attribute into one; retired versions are left out.

    Args:
        definition: text, one definition, or `{"default_version": 1, "versions": {"1": ...}}`.
        short: what a bare text stands for: "function" for features, "json" for event fields.
    """
    if isinstance(definition, str):
        definition = {short: definition}
    if "versions" not in definition:
        only = definition.get("version", 1)
        return Versions(default=only, all={} if definition.get("retired") else {only: definition})
    written = {
        int(version): {short: spec} if isinstance(spec, str) else spec
        for version, spec in definition["versions"].items()
    }
    live = {version: spec for version, spec in written.items() if not spec.get("retired")}
    return Versions(default=int(definition.get("default_version", min(written))), all=live)


def field_versions(event: Spec) -> dict[str, Versions]:
    """Give the fields of an event; a bare text is a path."""
    fields = event.get("fields", {})
    return {name: versions(definition, short="json") for name, definition in fields.items()}


def column(name: str, version: int) -> str:
    """Name the column of one attribute version."""
    return f"{name}__v{version}"


def pinned(reference: str) -> tuple[str, int | None]:
    """Split "failure_rate@2" into its name and version."""
    name, _, version = reference.partition("@")
    return name, int(version) if version else None


def period_days(period: str) -> int:
    """Give the number of days of "weekly_by_day", "14d_by_day" and so on."""
    return PERIOD_DAYS.get(period) or int(period.removesuffix("d_by_day"))


def period_prefix(period: str) -> str:
    """Give the part of a joined feature's name that says the window: weekly, 14d, daily."""
    return PERIOD_PREFIX.get(period) or period.removesuffix("_by_day")


def _things(folder: Path) -> dict[str, Spec]:
    return {thing["name"]: thing for path in sorted(folder.glob("*.json")) for thing in _list(path)}


def _list(path: Path) -> Iterable[Spec]:
    content = _read(path)
    return content if isinstance(content, list) else [content]


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8-sig"))
