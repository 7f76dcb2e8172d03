"""Attribute versions as they are written: which are alive, where they stand, their keys."""

from collections.abc import Mapping

from fig_assets.config.schema import Versions
from fig_assets.graph.nodes import Key
from fig_assets.graph.owners import Choice


def choices(written: Mapping[str, Versions]) -> dict[str, Choice]:  # type: ignore[type-arg]
    """List the live versions of each name."""
    found = {}
    for name, versions in written.items():
        live = tuple(sorted(n for n, spec in versions.all.items() if not spec.retired))
        if live:
            default = versions.default if versions.default in live else live[0]
            found[name] = Choice(default, live)
    return found


def place(versions: Versions, base: tuple[str | int, ...], version: int) -> tuple[str | int, ...]:  # type: ignore[type-arg]
    """Return the path of one version below the path of its attribute."""
    return (*base, "versions", str(version)) if len(versions.all) > 1 else base


def attribute_key(*owner: str, name: str, version: int) -> Key:
    """Return the asset key of an attribute version."""
    return (*owner, f"{name}__v{version}")
