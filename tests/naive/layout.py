"""A row family's groups -> its features by name and version, and where each comes from."""

from dataclasses import dataclass

from tests.naive.config import (
    Config,
    Spec,
    Versions,
    field_versions,
    period_prefix,
    pinned,
    versions,
)


@dataclass(frozen=True)
class Feature:
    """One feature version of a row family: an expression, or a column joined from elsewhere.

    `spec` is the definition of an own feature, and the options of a joined one.
    """

    group: int
    version: int
    source_name: str
    spec: Spec
    is_joined: bool


@dataclass(frozen=True)
class Layout:
    """Every feature of a row family, and which version an unpinned name means."""

    features: dict[str, dict[int, Feature]]
    default: dict[str, int]


def layout_of(config: Config, family: Spec) -> Layout:
    """Lay out the features of a row family in the order of its groups."""
    features: dict[str, dict[int, Feature]] = {}
    default: dict[str, int] = {}
    for index, group in enumerate(family["groups"]):
        if is_join(group):
            for name, version, options in _asked(config, group):
                live = features.setdefault(_prefix(group) + name, {})
                live[version] = Feature(index, version, name, options, is_joined=True)
                usual = _live(config, group["source"], name).default
                default[_prefix(group) + name] = usual if usual in live else version
            continue
        for name, definition in group["features"].items():
            own = versions(definition)
            default[name] = own.default
            features[name] = {
                version: Feature(index, version, name, spec, is_joined=False)
                for version, spec in own.all.items()
            }
    return Layout(features, default)


def is_join(group: Spec) -> bool:
    """Whether a group brings features from elsewhere: neither the base nor computed features."""
    return "source" in group and "granularity_field" not in group


def columns_of(config: Config, source: str) -> dict[str, Versions]:
    """Give the columns of any relation by name. A table's key is not one of its features."""
    if source in config.events:
        return field_versions(config.events[source])
    if source in config.tables:
        table = config.tables[source]
        return {name: Versions(1, {1: {}}) for name in table["columns"] if name != table["key"]}
    if source in config.models:
        version = config.models[source].get("version", 1)
        outputs = config.models[source]["output_features"]
        return {name: Versions(version, {version: {}}) for name in outputs}
    family = config.families[source]
    if "period" in family:
        return {
            name: versions(definition)
            for group in family["groups"]
            for name, definition in group["features"].items()
        }
    layout = layout_of(config, family)
    return {
        name: Versions(layout.default[name], {version: {} for version in live})
        for name, live in layout.features.items()
    }


def _asked(config: Config, group: Spec) -> list[tuple[str, int, Spec]]:
    """Give (name, version, options) of the features a group asks its source for."""
    source, asked = group["source"], group["features"]
    if asked == "*":
        every = columns_of(config, source)
        return [(name, live.default, {}) for name, live in every.items() if live.all]
    found = []
    for reference in asked:
        name, version = pinned(reference)
        options = asked[reference] if isinstance(asked, dict) else {}
        default = _live(config, source, name).default
        found.append((name, default if version is None else version, options))
    return found


def _live(config: Config, source: str, name: str) -> Versions:
    """Give the versions of one column; of a row family without laying all of it out."""
    family = config.families.get(source, {"period": []})
    if "period" in family:
        return columns_of(config, source)[name]
    for group in family["groups"]:
        if not is_join(group) and name in group["features"]:
            return versions(group["features"][name])
        inner = name.removeprefix(_prefix(group)) if is_join(group) else ""
        asked = group["features"]
        if inner and name.startswith(_prefix(group)):
            known = columns_of(config, group["source"]) if asked == "*" else map(pinned, asked)
            taken = {it if isinstance(it, str) else it[0] for it in known}
            if inner in taken:
                usual = _live(config, group["source"], inner).default
                live = [v for n, v, _ in _asked(config, group) if n == inner]
                return Versions(usual if usual in live else live[-1], {v: {} for v in live})
    raise KeyError(f"{source}.{name}")


def _prefix(group: Spec) -> str:
    if "prefix" in group:
        return str(group["prefix"])
    period = group.get("granularity_match", {}).get("period")
    return f"{group['source']}_{period_prefix(period)}_" if period else f"{group['source']}_"
