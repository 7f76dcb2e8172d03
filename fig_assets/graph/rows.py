"""Configured row families -> `RowFamily` nodes: base rows, point-in-time joins, own features."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from fig_assets.config.load import Definition
from fig_assets.config.schema import Check, Feature, JoinedOptions, Versions
from fig_assets.config.schema import Family as FamilySpec
from fig_assets.errors import Where
from fig_assets.graph.events import EventOwner
from fig_assets.graph.families import FamilyOwner, in_order
from fig_assets.graph.models import ModelOwner
from fig_assets.graph.nodes import (
    About,
    Aggregated,
    Attribute,
    Carried,
    Computed,
    Input,
    Join,
    Joined,
    RowFamily,
    Table,
    base_column,
    label_of,
)
from fig_assets.graph.period import DAY_BEFORE, SAME_DAY, Period
from fig_assets.graph.scope import (
    Choice,
    Scope,
    Symbol,
    about,
    attribute_key,
    bind,
    choices,
    place,
)
from fig_assets.graph.version import Part, fingerprint
from fig_assets.language.functions import calls
from fig_assets.language.parse import Reference
from fig_assets.language.types import Type

COUNTS = {"COUNT", "COUNT_IF", "COUNT_DISTINCT"}


@dataclass(frozen=True, eq=False)
class Own:
    """A feature that the family defines in one of its groups."""

    group: int
    versions: Versions[Feature]


@dataclass(frozen=True, eq=False)
class Taken:
    """A feature that a join takes over: its name at the source, its version, its options."""

    group: int
    name: str
    options: Mapping[int, JoinedOptions]


class RowOwner:
    """Resolves the features of one row family."""

    def __init__(
        self, scope: Scope, definition: Definition[FamilySpec], tables: Mapping[str, Table]
    ) -> None:
        self.scope = scope
        self.definition = definition
        self.spec = definition.spec
        self.name = definition.spec.name
        self.what = f"family '{self.name}'"
        self.tables = tables
        self._base = self._base_group()
        self._known: dict[str, Own | Taken] = {}
        self._names: dict[str, Choice] = {}
        self._joins: dict[int, Join] = {}

    @property
    def base(self) -> EventOwner:
        """The event whose rows these are."""
        group = self.spec.groups[self._base]
        owner = self.scope.owners.get(group.source or "")
        where = self.definition.where("groups", self._base, "source")
        if not isinstance(owner, EventOwner):
            known = [o.name for o in self.scope.owners.values() if isinstance(o, EventOwner)]
            fix = self.scope.nearest(group.source or "", known)
            self.scope.refuse(where, f"'{group.source}' is not an event", fix)
        return owner

    @property
    def base_field(self) -> Attribute:
        """The field of the base event that gives the granularity."""
        where = self.definition.where("groups", self._base, "granularity_field")
        name = self.spec.groups[self._base].granularity_field or ""
        return self.scope.attribute(self.scope.pick(self.base, name, None, where), where)

    @property
    def rows_made_by(self) -> tuple[Input, ...]:
        """A feature of the base event's own group: the op that computes it makes the rows."""
        where = self.definition.where("groups", self._base, "features")
        for name, known in self._known.items():
            if isinstance(known, Own) and known.group == self._base:
                symbol = self.scope.pick(self, name, None, where)
                return (Input(self.scope.attribute(symbol, where).key),)
        return ()

    def collect(self) -> bool:
        """List the names of all features; runs once every owner is registered."""
        for index, group in enumerate(self.spec.groups):
            if group.kind == "join":
                self._collect_joined(index)
            else:
                for name, versions in group.own.items():
                    self._add(name, Own(index, versions), choices({name: versions}).get(name))
        return True

    def names(self) -> Mapping[str, Choice]:
        """See `Owner.names`."""
        return self._names

    def resolve(self, symbol: Symbol) -> Attribute:
        """See `Owner.resolve`."""
        known = self._known[symbol.name]
        if isinstance(known, Taken):
            return self._joined(symbol, known)
        spec = known.versions.all[symbol.version]
        base = ("groups", known.group, "features", symbol.name)
        path = place(known.versions, base, symbol.version)
        where = self.definition.where(*path, "function")
        if spec.function is None:
            self.scope.refuse(where, "python features are not supported yet", "write a function")
        expression = self.scope.expression(spec.function, where)
        if calls(expression.tree):
            fix = 'aggregate in a family with a "period", then join it here'
            self.scope.refuse(where, f"{self.what} has one row for each event", fix)
        in_base = known.group == self._base
        bound = bind(
            self.scope,
            spec.function,
            where,
            lambda ref: self._look(ref, where, in_base=in_base),
            self.column,
        )
        kind = self.scope.declared(
            spec.type, bound.computed.result, self.definition.where(*path, "type")
        )
        return self._attribute(
            symbol,
            kind=kind,
            definition=bound.computed,
            inputs=bound.inputs,
            meaning=("function", bound.meaning),
            about_it=about(self.definition, spec, *path),
            checks=spec.checks,
        )

    def column(self, attribute: Attribute) -> str:
        """Name the column of a feature, or of a base field while rows are computed."""
        if attribute.owner == self.name or isinstance(attribute.definition, Carried):
            return attribute.column
        return base_column(attribute)

    def look(self, reference: Reference, where: Where) -> Attribute:
        """Find a feature of this family, or else a field of its base event."""
        owner = self if reference.name in self._names else self.base
        if reference.name not in owner.names():
            known = {*self._names, *self.base.names()}
            message = f"${label_of(reference)} is not a feature of '{self.name}'"
            message += f" nor a field of '{self.base.name}'"
            self.scope.refuse(where, message, self.scope.nearest(reference.name, known))
        symbol = self.scope.pick(owner, reference.name, reference.version, where)
        return self.scope.attribute(symbol, where)

    def node(self) -> RowFamily:
        """Build the whole family; raises Refused when a part of it is refused."""
        where = self.definition.where("groups")
        found = [
            self.scope.attribute(Symbol(self.name, name, version), where)
            for name, choice in self._names.items()
            for version in choice.versions
        ]
        kind_at = self.definition.where("granularity_type")
        base_field = self.base_field
        kind = self.scope.declared(self.spec.granularity_type, base_field.type, kind_at)
        joins = [self._join(i) for i, group in enumerate(self.spec.groups) if group.kind == "join"]
        order = {index: place for place, index in enumerate(sorted(self._joins))}
        return RowFamily(
            name=self.name,
            granularity=self.spec.granularity,
            granularity_type=kind,
            base=self.base.name,
            base_field=base_field,
            joins=tuple(joins),
            features=tuple(_renumbered(a, order) for a in in_order(found)),
            fingerprint=self._rows_meaning(),
            about=about(self.definition, self.spec),
        )

    def _look(self, reference: Reference, where: Where, *, in_base: bool) -> Attribute:
        if in_base and reference.name in self.base.names():
            symbol = self.scope.pick(self.base, reference.name, reference.version, where)
            return self.scope.attribute(symbol, where)
        if not in_base and reference.name not in self._names:
            fix = self.scope.nearest(reference.name, self._names)
            if reference.name in self.base.names():
                fix = f"define it in the group of '{self.base.name}' first"
            message = f"${label_of(reference)} is not a feature of '{self.name}'"
            self.scope.refuse(where, message, fix)
        return self.look(reference, where)

    def _attribute(
        self,
        symbol: Symbol,
        *,
        kind: Type,
        definition: Computed | Joined,
        inputs: tuple[Input, ...],
        meaning: tuple[Part, ...],
        about_it: About,
        checks: tuple[Check, ...] = (),
    ) -> Attribute:
        rows = Input(self.base_field.key)
        return Attribute(
            key=attribute_key("features", self.name, name=symbol.name, version=symbol.version),
            owner=self.name,
            name=symbol.name,
            version=symbol.version,
            type=kind,
            definition=definition,
            inputs=tuple(dict.fromkeys([*inputs, rows])),
            fingerprint=fingerprint("feature", self._rows_meaning(), str(kind), *meaning),
            about=about_it,
            checks=checks,
            is_default=symbol.version == self._names[symbol.name].default,
        )

    def _joined(self, symbol: Symbol, taken: Taken) -> Attribute:
        join = self._join(taken.group)
        group = self.spec.groups[taken.group]
        where = self.definition.where("groups", taken.group, "features")
        options = taken.options.get(symbol.version, JoinedOptions())
        inputs: list[Input] = []
        if group.granularity_match is not None:
            inputs.append(Input(self._match(taken.group).key))
        if join.source in self.tables:
            table = self.tables[join.source]
            kind, column = table.columns[taken.name], taken.name
            inputs.append(Input(("tables", table.name)))
            described = About(where, f"{taken.name} of table {table.name}")
        else:
            owner = self.scope.owners[join.source]
            period = join.period.name if join.period else ""
            source = self.scope.attribute(
                Symbol(owner.name, taken.name, symbol.version, period), where
            )
            kind, column = source.type, source.column
            inputs.append(Input(source.key, join.reach or SAME_DAY))
            described = replace(source.about, deprecated=None, where=where)
            if group.no_match == "zero" and options.default is None and _counts(source):
                options = JoinedOptions(default=0)
        meaning = (
            "joined", join.source, join.period.name if join.period else "", column,
            join.reach.first if join.reach else None, options.default,
            self._match(taken.group).identity if group.granularity_match else "",
        )  # fmt: skip
        return self._attribute(
            symbol,
            kind=kind,
            definition=Joined(taken.group, column, options.default),
            inputs=tuple(inputs),
            meaning=meaning,
            about_it=described,
        )

    def _match(self, index: int) -> Attribute:
        match = self.spec.groups[index].granularity_match
        where = self.definition.where("groups", index, "granularity_match", "field")
        if match is None:
            self.scope.refuse(
                where, "the join does not say how rows match", "add granularity_match"
            )
        return self.look(Reference(match.field, None, 0, 0), where)

    def _join(self, index: int) -> Join:
        if index not in self._joins:
            self._joins[index] = self._resolve_join(index)
        return self._joins[index]

    def _resolve_join(self, index: int) -> Join:
        group = self.spec.groups[index]
        source = group.source or ""
        where = self.definition.where("groups", index)
        match = group.granularity_match
        if group.as_of == "event_time":
            at = self.definition.where("groups", index, "as_of")
            fix = 'leave it out: a row sees the day before, or write "same_day"'
            self.scope.refuse(at, "as_of 'event_time' is reserved and not available yet", fix)
        if group.where is not None:
            at = self.definition.where("groups", index, "where")
            self.scope.refuse(at, "a join has no where", "filter in the family that is joined")
        if source in self.tables:
            table = self.tables[source]
            column = self.column(self._match(index))
            return Join(source, table.relation, table.key, column, None)
        owner = self.scope.owners[source]
        if isinstance(owner, ModelOwner):
            return Join(source, f"scores/{source}", self.spec.granularity, None, SAME_DAY)
        if not isinstance(owner, FamilyOwner):
            at = self.definition.where("groups", index, "source")
            self.scope.refuse(at, f"{owner.what} cannot be joined yet", "join a windowed family")
        if match is None or match.period is None:
            fix = '"granularity_match": {"field": "...", "period": "weekly_by_day"}'
            self.scope.refuse(where, f"joining {owner.what} needs a period", fix)
        at = self.definition.where("groups", index, "granularity_match", "period")
        period = owner.period(match.period, at)
        reach = DAY_BEFORE
        if group.as_of == "same_day":
            at = self.definition.where("groups", index, "as_of")
            message = "a same-day join lets a row see events that came after it"
            self.scope.warn(at, message, "leave as_of out to see the windows up to the day before")
            reach = SAME_DAY
        return Join(
            source=source,
            relation=f"families/{source}/{period.name}",
            key=owner.spec.granularity,
            match=self.column(self._match(index)),
            reach=reach,
            period=period,
        )

    def _collect_joined(self, index: int) -> None:
        group = self.spec.groups[index]
        source = group.source or ""
        where = self.definition.where("groups", index, "source")
        if source in self.tables:
            table = self.tables[source]
            offered = {n: Choice(1, (1,)) for n in table.columns if n != table.key}
        elif source in self.scope.owners:
            offered = dict(self.scope.owners[source].names())
        else:
            known = [*self.scope.owners, *self.tables]
            fix = self.scope.nearest(source, known)
            self.scope.refuse(where, f"source '{source}' is not defined", fix)
        prefix = group.prefix if group.prefix is not None else self._default_prefix(index)
        asked = group.joined
        wanted = dict.fromkeys(offered, JoinedOptions()) if asked is None else asked
        taken: dict[str, dict[int, JoinedOptions]] = {}
        for written, options in wanted.items():
            name, _, pin = written.partition("@")
            if name not in offered or (pin and int(pin) not in offered[name].versions):
                at = self.definition.where("groups", index, "features")
                fix = self.scope.nearest(name, offered)
                self.scope.refuse(at, f"'{written}' is not a feature of '{source}'", fix)
            taken.setdefault(name, {})[int(pin) if pin else offered[name].default] = options
        for name, by_version in taken.items():
            default = offered[name].default
            versions = tuple(sorted(by_version))
            choice = Choice(default if default in versions else versions[0], versions)
            self._add(f"{prefix}{name}", Taken(index, name, by_version), choice)

    def _default_prefix(self, index: int) -> str:
        group = self.spec.groups[index]
        match = group.granularity_match
        word = ""
        if (
            match
            and match.period
            and isinstance(self.scope.owners.get(group.source or ""), FamilyOwner)
        ):
            word = match.period.removesuffix("_by_day") + "_"
        return f"{group.source}_{word}"

    def _add(self, name: str, known: Own | Taken, choice: Choice | None) -> None:
        if name in self._known:
            other = self._known[name]
            at = self.definition.where("groups", known.group, "features", name)
            first = self.definition.where("groups", other.group, "features", name)
            fix = 'rename one, or give the join another "prefix"'
            self.scope.refuse(at, f"feature '{name}' is already defined at {first}", fix)
        if choice is not None:
            self._known[name] = known
            self._names[name] = choice

    def _base_group(self) -> int:
        found = [i for i, group in enumerate(self.spec.groups) if group.kind == "base"]
        if len(found) != 1:
            where = self.definition.where("groups", *found[1:2])
            fix = 'give exactly one group a "granularity_field"; the others join'
            self.scope.refuse(where, f"{self.what} needs one base group, found {len(found)}", fix)
        return found[0]

    def _rows_meaning(self) -> str:
        named = self.spec.granularity_type
        return fingerprint("rows", self.base.meaning, self.base_field.identity, named)


def _counts(source: Attribute) -> bool:
    definition = source.definition
    if not isinstance(definition, Aggregated):
        return False
    found = calls(definition.expression.tree)
    return (
        len(found) == 1
        and found[0].node is definition.expression.tree
        and (found[0].function in COUNTS)
    )


def _renumbered(attribute: Attribute, order: Mapping[int, int]) -> Attribute:
    """Point a joined attribute at its place among the joins instead of among the groups."""
    definition = attribute.definition
    if not isinstance(definition, Joined):
        return attribute
    return replace(attribute, definition=replace(definition, join=order[definition.join]))


def longest_window(
    features: Mapping[str, Attribute], wanted: list[Attribute], joins: list[Join]
) -> int:
    """Return how many days before a row the longest window that `wanted` depend on begins."""
    by_key = {attribute.key: attribute for attribute in features.values()}
    seen: set[tuple[str, ...]] = set()
    queue, longest = list(wanted), 0
    while queue:
        attribute = queue.pop()
        if attribute.key in seen:
            continue
        seen.add(attribute.key)
        if isinstance(attribute.definition, Joined):
            period: Period | None = joins[attribute.definition.join].period
            longest = max(longest, period.days if period else 0)
        queue += [by_key[read.key] for read in attribute.inputs if read.key in by_key]
    return longest
