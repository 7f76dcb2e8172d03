"""Configured row families -> `RowFamily` nodes: base rows, point-in-time joins, own features."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import NoReturn

from fig_assets.config.load import Definition
from fig_assets.config.schema import Check, Feature, JoinedOptions, Versions
from fig_assets.config.schema import Family as FamilySpec
from fig_assets.errors import Problem, Where
from fig_assets.graph.base_rows import BaseRows
from fig_assets.graph.definitions import Called, Carried, Computed, Joined
from fig_assets.graph.events import EventOwner
from fig_assets.graph.families import in_order
from fig_assets.graph.joins import JoinedGroup, Taken, in_written_order, joined_meaning, renumbered
from fig_assets.graph.nodes import (
    EVENT_ID,
    EVENT_TIME,
    About,
    Attribute,
    Input,
    Join,
    RowFamily,
    Table,
    base_column,
    label_of,
)
from fig_assets.graph.owners import Choice, Rows, Symbol
from fig_assets.graph.period import SAME_DAY
from fig_assets.graph.python import bind_call
from fig_assets.graph.scope import (
    Refused,
    Scope,
    about,
    attribute_key,
    bind,
    choices,
    place,
    refuse_aggregates,
)
from fig_assets.graph.version import Part, fingerprint
from fig_assets.graph.zero import is_zero_without_events
from fig_assets.language.parse import Reference
from fig_assets.language.types import Type


@dataclass(frozen=True, eq=False)
class Own:
    """A feature that the family defines in one of its groups."""

    group: int
    versions: Versions[Feature]


class RowOwner(Rows):
    """Resolves the features of one row family."""

    def __init__(
        self, scope: Scope, definition: Definition[FamilySpec], tables: Mapping[str, Table]
    ) -> None:
        self.scope = scope
        self.definition = definition
        self.spec = definition.spec
        self.name = definition.spec.name
        self.what = f"family '{self.name}'"
        self.granularity = self.spec.granularity
        self.tables = tables
        self._rows = BaseRows(scope, definition, self.what)
        self._known: dict[str, Own | Taken] = {}
        self._names: dict[str, Choice] = {}
        self.is_collecting = self._is_begun = self._is_whole = False
        self._joins: dict[tuple[int, int], Join] = {}

    @property
    def base(self) -> EventOwner:
        """The event whose rows these are."""
        return self._rows.event

    @property
    def base_field(self) -> Attribute:
        """The field of the base event that gives the granularity."""
        return self._rows.field

    @property
    def rows_made_by(self) -> tuple[Input, ...]:
        """A feature of the base event's own group: the op that computes it makes the rows."""
        where = self.definition.where("groups", self._rows.group, "features")
        for name in sorted(self._base_features(), key=lambda name: not self._is_plain(name)):
            symbol = Symbol(self.name, name, self._names[name].default)
            return (Input(self.scope.attribute(symbol, where).key),)
        return ()

    def names(self) -> Mapping[str, Choice]:
        """See `Owner.names`; asked for once every owner is registered."""
        if not self.is_collecting and not self._is_whole:
            self.is_collecting = True
            # What is taken over by name needs less of another family than "*" does.
            rest = [i for i in range(len(self.spec.groups)) if self._is_of_rows(i)]
            rest.sort(key=lambda index: self.spec.groups[index].joined is None)
            self.early_names()
            self._collect_all(rest)
            known = self._known
            self._names = {n: self._names[n] for n in sorted(known, key=lambda n: known[n].group)}
            self.is_collecting, self._is_whole = False, True
        return self._names

    def early_names(self) -> Mapping[str, Choice]:
        """See `Rows.early_names`."""
        if not self._is_begun:
            self._is_begun = True
            every = range(len(self.spec.groups))
            self._collect_all([index for index in every if not self._is_of_rows(index)])
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
        if spec.python is not None:
            return self._called(symbol, known, spec, path)
        text = spec.function or ""
        refuse_aggregates(
            self.scope,
            self.scope.expression(text, where),
            where,
            f"{self.what} has one row for each event",
            'aggregate in a family with a "period", then join it here',
        )
        in_base = known.group == self._rows.group
        bound = bind(
            self.scope,
            text,
            where,
            lambda ref: self._look(ref, where, in_base=in_base, reader=symbol.name),
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
            self.scope.refuse_retired(self, reference.name, reference.version, where)
            self.scope.refuse_retired(self.base, reference.name, reference.version, where)
            mark = self.scope.mark(where)
            name = f"${label_of(reference)}" if mark else f"'{reference.name}'"
            self._refuse_if_sure(
                where,
                f"{name} is not a feature of '{self.name}' nor a field of '{self.base.name}'",
                self.scope.nearest(reference.name, {*self._names, *self.base.names()}, mark),
            )
        symbol = self.scope.pick(owner, reference.name, reference.version, where)
        return self.scope.attribute(symbol, where)

    @property
    def meaning(self) -> str:
        """See `Rows.meaning`."""
        return self._rows.meaning

    def feature(self, reference: Reference, where: Where) -> Attribute:
        """See `Rows.feature`."""
        in_base = reference.name in (EVENT_TIME, EVENT_ID)
        return self._look(reference, where, in_base=in_base, reader="")

    def node(self) -> RowFamily:
        """Build the whole family; raises Refused when a part of it is refused."""
        features = [
            partial(self.scope.attribute, Symbol(self.name, name, version), self._place(name))
            for name, choice in self._names.items()
            for version in choice.versions
        ]
        joined = [i for i, group in enumerate(self.spec.groups) if group.kind == "join"]
        steps: list[Callable[[], object]] = [*features, lambda: self._rows.meaning]
        steps += [partial(self._join, index) for index in joined]
        self.scope.each(steps)
        if self.name in self.scope.unsure:
            raise Refused
        joins, order = in_written_order(self._joins)
        return RowFamily(
            name=self.name,
            granularity=self.spec.granularity,
            granularity_type=self.granularity_type,
            base=self.base.name,
            base_field=self.base_field,
            where=filtered.computed if (filtered := self._rows.where) else None,
            joins=joins,
            features=tuple(renumbered(a, order) for a in in_order([f() for f in features])),
            fingerprint=self._rows.meaning,
            about=about(self.definition, self.spec),
        )

    def _look(self, reference: Reference, where: Where, *, in_base: bool, reader: str) -> Attribute:
        field = self.base.names().get(reference.name) if in_base else None
        # A built-in field hides no feature of its name, but from that feature itself.
        hidden = self._names if field and field.is_built_in else {}
        if field and (reference.name not in hidden or reference.name == reader):
            symbol = self.scope.pick(self.base, reference.name, reference.version, where)
            return self.scope.attribute(symbol, where)
        if not in_base and reference.name not in self._names:
            self.scope.refuse_retired(self, reference.name, reference.version, where)
            fix = self.scope.nearest(reference.name, self._names, "$")
            if reference.name in self.base.names():
                fix = f"define it in the group of '{self.base.name}' first"
            message = f"${label_of(reference)} is not a feature of '{self.name}'"
            self._refuse_if_sure(where, message, fix)
        return self.look(reference, where)

    def _called(
        self, symbol: Symbol, known: Own, spec: Feature, path: tuple[str | int, ...]
    ) -> Attribute:
        in_base = known.group == self._rows.group
        bound = bind_call(
            self.scope,
            self.definition,
            spec,
            path,
            lookup=partial(self._look, in_base=in_base, reader=symbol.name),
            column=self.column,
        )
        rows: tuple[Input, ...] = ()
        if not any(a.owner == self.name for a in bound.attributes):
            # A function over fields of the event alone still needs the rows of the family.
            if not any(map(self._is_plain, self._base_features())):
                where = self.definition.where("groups", self._rows.group, "features")
                fix = 'add a feature that is not computed in Python, such as "at": "$event_time"'
                self.scope.refuse(where, f"nothing makes the rows of {self.what}", fix)
            rows = self.rows_made_by
        return self._attribute(
            symbol,
            kind=bound.type,
            definition=bound.called,
            inputs=(*(Input(a.key) for a in bound.attributes), *rows),
            meaning=bound.meaning,
            about_it=bound.about,
            checks=spec.checks,
        )

    def _base_features(self) -> list[str]:
        """Name the base group's features whose default version is an expression."""
        return [
            name
            for name, known in self._known.items()
            if isinstance(known, Own)
            and known.group == self._rows.group
            and known.versions.all[self._names[name].default].function is not None
        ]

    def _is_plain(self, name: str) -> bool:
        """Whether a feature reads fields of the base event and nothing else."""
        known = self._known[name]
        if not isinstance(known, Own):
            return False
        text = known.versions.all[self._names[name].default].function or ""
        where = self._place(name)
        references = self.scope.expression(text, where).references
        return all(reference.name in self.base.names() for reference in references)

    def _refuse_if_sure(self, where: Where, message: str, fix: str) -> NoReturn:
        if self.name in self.scope.unsure:
            raise Refused
        self.scope.refuse(where, message, fix)

    def _attribute(
        self,
        symbol: Symbol,
        *,
        kind: Type,
        definition: Computed | Called | Joined,
        inputs: tuple[Input, ...],
        meaning: tuple[Part, ...],
        about_it: About,
        checks: tuple[Check, ...] = (),
    ) -> Attribute:
        filtered = self._rows.where
        rows = (self.base_field, *(filtered.attributes if filtered else ()))
        return Attribute(
            key=attribute_key("features", self.name, name=symbol.name, version=symbol.version),
            owner=self.name,
            name=symbol.name,
            version=symbol.version,
            type=kind,
            definition=definition,
            inputs=tuple(dict.fromkeys([*inputs, *(Input(a.key) for a in rows)])),
            fingerprint=fingerprint("feature", self._rows.meaning, str(kind), *meaning),
            about=about_it,
            checks=checks,
            is_default=symbol.version == self._names[symbol.name].default,
        )

    def _joined(self, symbol: Symbol, taken: Taken) -> Attribute:
        join = self._join(taken.group, symbol.version)
        group = self.spec.groups[taken.group]
        where = self._group(taken.group).place_of(taken.name, symbol.version)
        options = taken.options.get(symbol.version, JoinedOptions())
        match = self._match(taken.group)
        inputs = [Input(match.key)] if match is not None else []
        if join.source in self.tables:
            table = self.tables[join.source]
            kind, column = table.columns[taken.name], taken.name
            inputs.append(Input(("tables", table.name), join.reach or SAME_DAY))
            described = About(where, f"{taken.name} of table {table.name}")
        else:
            owner = self.scope.owners[group.source or ""]
            period = join.period.name if join.period else ""
            source = self.scope.attribute(
                Symbol(owner.name, taken.name, symbol.version, period), where
            )
            kind, column = source.type, source.column
            inputs.append(Input(source.key, join.reach or SAME_DAY))
            described = replace(source.about, deprecated=None, where=where)
            is_open = group.no_match == "zero" and options.default is None
            if is_open and is_zero_without_events(self.scope, source, period):
                options = JoinedOptions(default=0)
        self._group(taken.group).check_default(taken.name, options.default, kind)
        return self._attribute(
            symbol,
            kind=kind,
            definition=Joined(list(self._joins.values()).index(join), column, options.default),
            inputs=tuple(inputs),
            meaning=joined_meaning(join, column, options, match),
            about_it=described,
        )

    def _match(self, index: int) -> Attribute | None:
        match = self.spec.groups[index].granularity_match
        if match is None:
            return None
        where = self.definition.where("groups", index, "granularity_match", "field")
        with self.scope.pins.reading(self.name):
            return self.look(Reference(match.field, None), where)

    def _join(self, index: int, version: int = 0) -> Join:
        group = self._group(index)
        key = (index, group.apart(version))
        if key not in self._joins:
            match = None if key[1] else self._match(index)
            self._joins[key] = group.join(match, self.column(match) if match else None, key[1])
        return self._joins[key]

    def _group(self, index: int) -> JoinedGroup:
        return JoinedGroup(self.scope, self.definition, index, self.tables)

    def _collect_all(self, groups: Sequence[int]) -> None:
        try:
            self.scope.each(partial(self._collect, index) for index in groups)
        except Refused:
            self.scope.unsure.add(self.name)

    def _is_of_rows(self, index: int) -> bool:
        group = self.spec.groups[index]
        return group.kind == "join" and isinstance(self.scope.owners.get(group.source or ""), Rows)

    def _collect(self, index: int) -> None:
        group = self.spec.groups[index]
        if group.kind == "join":
            for name, taken, choice in self._group(index).taken():
                self._add(name, taken, choice)
        for name, versions in group.own.items():
            self._add(name, Own(index, versions), choices({name: versions}).get(name))

    def _place(self, name: str) -> Where:
        return self.definition.where("groups", self._known[name].group, "features", name)

    def _add(self, name: str, known: Own | Taken, choice: Choice | None) -> None:
        if name in self._known:
            at = self.definition.where("groups", known.group, "features", name)
            first = self._place(name)
            place = f"{first.file}:{first.line}:{first.column}"
            message = f"feature '{name}' is already defined at {place}"
            fix = 'rename one, or give the join another "prefix"'
            self.scope.report(Problem(at, message, fix))
        elif choice is not None:
            self._known[name] = known
            self._names[name] = choice

    @property
    def granularity_type(self) -> Type:
        """See `Rows.granularity_type`."""
        return self._rows.granularity_type
