"""Events, windows, tables and scores -> the rows of a row family, each as known before its day."""

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from tests.naive.config import Spec, column, field_versions
from tests.naive.events import scope_of, type_of_column
from tests.naive.expressions import Scope, evaluate
from tests.naive.layout import Feature, Layout, is_join, layout_of
from tests.naive.python import evaluate_python
from tests.naive.values import Value, convert
from tests.naive.windows import with_counts_of_zero
from tests.naive.world import Row, Scores, World


@dataclass(frozen=True)
class WideRow:
    """A row of the published relation, and what expressions about it can read."""

    row: Row
    scope: Scope
    base_scope: Scope
    """What the group that reads the events sees: fields before features."""


def wide_rows(world: World, name: str, day: date, *, scores: Scores) -> list[WideRow]:
    """Give the rows of `day`, one for each granularity: the first by time, id, file and line."""
    family = world.config.families[name]
    layout = layout_of(world.config, family)
    [base] = [it for it in family["groups"] if "source" in it and not is_join(it)]
    names = field_versions(world.config.events[base["source"]])
    kept: dict[Value, WideRow] = {}
    for event in world.event_rows(base["source"], day):
        field = scope_of(event, names)
        key = field(base["granularity_field"], None)
        if "granularity_type" in family:
            key = convert(key, family["granularity_type"])
        chosen = "where" not in base or evaluate(base["where"], field) is True
        if key is not None and key not in kept and chosen:
            joins = _Joins(world, family["groups"], day=day, key=key, scores=scores)
            known = {*names, "event_time", "event_id", "account"}
            features = _Features(layout, family["groups"], field=field, names=known, joins=joins)
            moment = {name: event[name] for name in ("event_time", "event_id")}
            row = {family["granularity"]: key, **moment, **features.all()}
            kept[key] = WideRow(row, features.feature_or_field, features.field_or_feature)
    return list(kept.values())


class _Features:
    """The features of one row, computed on demand: groups may stand in any order."""

    def __init__(
        self,
        layout: Layout,
        groups: list[Spec],
        field: Scope,
        names: set[str],
        joins: "_Joins",
    ) -> None:
        self._layout, self._groups, self._field = layout, groups, field
        self._names, self._joins = {*names, "event_time", "event_id"}, joins
        self._done: Row = {}

    def all(self) -> Row:
        """Give every feature version under its column name."""
        return {
            column(name, version): self.feature_or_field(name, version)
            for name, live in self._layout.features.items()
            for version in live
        }

    def feature_or_field(self, name: str, version: int | None) -> Value:
        """Read a feature of the family, or else a field of the base event."""
        if name not in self._layout.features:
            return self._field(name, version)
        version = self._layout.default[name] if version is None else version
        if column(name, version) not in self._done:
            found = self._compute(self._layout.features[name][version])
            self._done[column(name, version)] = found
        return self._done[column(name, version)]

    def field_or_feature(self, name: str, version: int | None) -> Value:
        """Read a field of the base event, or else a feature: so `"country": "$country"` works."""
        named = self._field if name in self._names else self.feature_or_field
        return named(name, version)

    def _compute(self, feature: Feature) -> Value:
        if feature.is_joined:
            return self._joins.value(feature, self.feature_or_field)
        is_base = "source" in self._groups[feature.group]
        scope = self.field_or_feature if is_base else self.feature_or_field
        if "python" in feature.spec:
            return evaluate_python(feature.spec, self._joins.folder, scope)
        value = evaluate(feature.spec["function"], scope)
        return convert(value, feature.spec["type"]) if "type" in feature.spec else value


class _Joins:
    """What other relations knew about one row when its day began."""

    def __init__(
        self, world: World, groups: list[Spec], *, day: date, key: Value, scores: Scores
    ) -> None:
        self._world, self._groups, self._scores = world, groups, scores
        self._day, self._key = day, key
        self._matches: dict[int, Row | None] = {}

    @property
    def folder(self) -> Path:
        """The folder of the project."""
        return self._world.config.folder

    def value(self, feature: Feature, scope: Scope) -> Value:
        """Give a joined feature; without a match its default, a zero or None."""
        group = self._groups[feature.group]
        if feature.group not in self._matches:
            self._matches[feature.group] = self._match(group, scope)
        match = self._matches[feature.group]
        if match is not None:
            return match[column(feature.source_name, feature.version)]
        if "default" in feature.spec:
            default: Value = feature.spec["default"]
            return default
        if group.get("no_match") != "zero":
            return None
        family = self._world.config.families[group["source"]]
        nothing = with_counts_of_zero(family, feature.source_name, feature.version)
        return nothing if nothing == 0 else None

    def _match(self, group: Spec, scope: Scope) -> Row | None:
        source, config = group["source"], self._world.config
        if source in config.models:
            return self._scored(config.models[source])
        as_of = group.get("as_of") or config.tables.get(source, {}).get("as_of")
        known = self._day - timedelta(days=as_of != "same_day")
        wanted = scope(group["granularity_match"]["field"], None)
        if source in config.tables:
            key = config.tables[source]["key"]
            wanted = convert(wanted, type_of_column(config.tables[source], key))
            return _find(self._world.table_rows(source, known), column(key, 1), wanted)
        family, period = config.families[source], group["granularity_match"].get("period")
        if "granularity_type" in family:
            wanted = convert(wanted, family["granularity_type"])
        if period is not None:
            rows = self._world.window_rows(source, period, known, self._scores)
            return _find(rows, family["granularity"], wanted)
        within = group["granularity_match"].get("within_days")
        first = known - timedelta(days=within - 1) if within else self._world.config.start
        return self._newest(source, known, max(first, self._world.config.start), wanted)

    def _newest(self, source: str, day: date, first: date, wanted: Value) -> Row | None:
        """Find the newest row of a row family from `day` or before, back to `first`."""
        key = self._world.config.families[source]["granularity"]
        while day >= first:
            found = _find(self._world.request_rows(source, day, self._scores), key, wanted)
            if found is not None:
                return found
            day -= timedelta(days=1)
        return None

    def _scored(self, model: Spec) -> Row | None:
        version, place = model.get("version", 1), (self._day, self._key)
        found = {name: self._scores.get(name, {}) for name in model["output_features"]}
        if not any(place in values for values in found.values()):
            return None
        return {column(name, version): values.get(place) for name, values in found.items()}


def _find(rows: list[Row], key: str, wanted: Value) -> Row | None:
    return next((row for row in rows if wanted is not None and row[key] == wanted), None)
