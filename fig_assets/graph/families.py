"""Configured aggregate families -> `Family` nodes."""

from collections.abc import Callable, Mapping
from functools import partial

from sqlglot import exp

from fig_assets.config.load import Definition
from fig_assets.config.schema import Family as FamilySpec
from fig_assets.config.schema import Feature, Versions
from fig_assets.errors import Problem, Where
from fig_assets.graph.definitions import Aggregated, Called, Computed
from fig_assets.graph.events import EventOwner
from fig_assets.graph.nodes import About, Attribute, Family, Group, Input, label_of
from fig_assets.graph.owners import Choice, Refused, Rows, Symbol
from fig_assets.graph.period import SAME_DAY, Period, nearest_period, parse_period
from fig_assets.graph.python import bind_call
from fig_assets.graph.scope import (
    Bound,
    Scope,
    about,
    attribute_key,
    bind,
    choices,
    condition,
    place,
)
from fig_assets.graph.version import Part, fingerprint
from fig_assets.language.functions import calls
from fig_assets.language.parse import Expression, Reference, canonical, excerpt, reference_of
from fig_assets.language.tree import is_aggregate
from fig_assets.language.types import Type, convertible


class FamilyOwner:
    """Resolves the features of one aggregate family, for each of its periods."""

    def __init__(self, scope: Scope, definition: Definition[FamilySpec]) -> None:
        self.scope = scope
        self.definition = definition
        self.spec = definition.spec
        self.name = definition.spec.name
        self.what = f"family '{self.name}'"
        self._is_sure = True
        self.periods = self._periods()
        self._where_is: dict[str, tuple[int, Versions[Feature]]] = {}
        for index, group in enumerate(self.spec.groups):
            for name, versions in group.own.items():
                if name in self._where_is:
                    at = definition.where("groups", index, "features", name)
                    message = f"feature '{name}' is defined twice in {self.what}"
                    scope.report(Problem(at, message, "rename one of them"))
                self._where_is[name] = (index, versions)
        if not any(self._has_source(index) for index in range(len(self.spec.groups))):
            fix = 'add a group with "source" and "granularity_field"'
            scope.refuse(definition.where("groups"), f"{self.what} aggregates no source", fix)
        self._names = choices({name: versions for name, (_, versions) in self._where_is.items()})
        self._groups: dict[int, Group] = {}
        self._aggregates: dict[Expression, Aggregated] = {}

    def names(self) -> Mapping[str, Choice]:
        """See `Owner.names`."""
        return self._names

    def period(self, name: str, where: Where) -> Period:
        """Return the period of that name; raises Refused where this family has none such."""
        known = {period.name: period for period in self.periods}
        if name not in known and not self._is_sure:
            raise Refused
        if name not in known:
            fix = f'use one of: {", ".join(known)}, or add it to "period" of {self.what}'
            self.scope.refuse(where, f"{self.what} has no period '{name}'", fix)
        return known[name]

    def resolve(self, symbol: Symbol) -> Attribute:
        """See `Owner.resolve`."""
        index, versions = self._where_is[symbol.name]
        spec = versions.all[symbol.version]
        path = place(versions, ("groups", index, "features", symbol.name), symbol.version)
        where = self.definition.where(*path, "function")
        period = next(p for p in self.periods if p.name == symbol.period)
        if spec.python is not None:
            return self._attribute(symbol, spec, path, self._called(spec, path, period))
        expression = self.scope.expression(spec.function or "", where)
        bound = (
            self._aggregated(expression, index, period, where)
            if is_aggregate(expression.tree)
            else self._over_siblings(expression, index, period, where)
        )
        bound.type = self.scope.declared(
            spec.type, bound.type, self.definition.where(*path, "type")
        )
        return self._attribute(symbol, spec, path, bound)

    def _attribute(
        self, symbol: Symbol, spec: Feature, path: tuple[str | int, ...], bound: "BoundFeature"
    ) -> Attribute:
        period = next(p for p in self.periods if p.name == symbol.period)
        owner = ("features", self.name, period.name)
        return Attribute(
            key=attribute_key(*owner, name=symbol.name, version=symbol.version),
            owner=self.name,
            name=symbol.name,
            version=symbol.version,
            type=bound.type,
            definition=bound.definition,
            inputs=bound.inputs,
            fingerprint=fingerprint("feature", period.days, str(bound.type), *bound.meaning),
            about=bound.about or about(self.definition, spec, *path),
            checks=spec.checks,
            is_default=symbol.version == self._names[symbol.name].default,
        )

    def node(self) -> Family:
        """Build the whole family; raises Refused when a part of it is refused."""
        sources = [i for i in range(len(self.spec.groups)) if self._has_source(i)]
        features = {period: self._features(period) for period in self.periods}
        steps: list[Callable[[], object]] = [partial(self.group, index) for index in sources]
        self.scope.each([*steps, *(step for of in features.values() for step in of)])
        return Family(
            name=self.name,
            granularity=self.spec.granularity,
            granularity_type=self.granularity_type,
            periods=self.periods,
            groups=tuple(self.group(index) for index in sources),
            features={p: in_order([step() for step in of]) for p, of in features.items()},
            about=about(self.definition, self.spec),
        )

    @property
    def granularity_type(self) -> Type:
        """The type of the granularity: the declared one, or that of the first group's field."""
        first = next(i for i in range(len(self.spec.groups)) if self._has_source(i))
        at = self.definition.where("granularity_type")
        return self.scope.granularity(self.spec.granularity_type, self._entity(first).type, at)

    def _features(self, period: Period) -> list[Callable[[], Attribute]]:
        return [
            partial(
                self.scope.attribute,
                Symbol(self.name, name, version, period.name),
                self.definition.where("groups", self._where_is[name][0], "features", name),
            )
            for name, choice in self._names.items()
            for version in choice.versions
        ]

    def group(self, index: int) -> Group:
        """Resolve what one group reads; raises Refused."""
        if index not in self._groups:
            self._groups[index] = self._group(index)
        return self._groups[index]

    def _group(self, index: int) -> Group:
        spec = self.spec.groups[index]
        source, entity = self._source(index), self._entity(index)
        kind = self.granularity_type
        if not convertible(entity.type, kind):
            at = self.definition.where("groups", index, "granularity_field")
            message = f"'{entity.name}' is {entity.type.words}, which cannot become {kind.words}"
            self.scope.refuse(at, message, "group by a field of the same type in every group")
        row_filter: Bound | None = None
        if spec.where is not None:
            at = self.definition.where("groups", index, "where")
            with self.scope.pins.reading(self.name):
                row_filter = condition(self.scope, spec.where, at, partial(self._field, index, at))
        same = [g.source for g in self.spec.groups[:index]].count(spec.source)
        suffix = f"_{same + 1}" if same else ""
        meaning = fingerprint(
            "group", source.meaning, entity.identity, row_filter.meaning if row_filter else None,
            str(kind),
        )  # fmt: skip
        read = (entity, *(row_filter.attributes if row_filter else ()))
        return Group(
            source=source.name,
            relation=f"states/{self.name}/{source.name}{suffix}",
            reads=f"{'events' if isinstance(source, EventOwner) else 'families'}/{source.name}",
            entity=entity,
            where=row_filter.computed if row_filter else None,
            fingerprint=meaning,
            inputs=tuple(dict.fromkeys(attribute.key for attribute in read)),
        )

    def _entity(self, index: int) -> Attribute:
        where = self.definition.where("groups", index, "granularity_field")
        name = self.spec.groups[index].granularity_field or ""
        with self.scope.pins.reading(self.name):
            symbol = self.scope.pick(self._source(index), name, None, where)
        return self.scope.attribute(symbol, where)

    def _field(self, index: int, where: Where, reference: Reference) -> Attribute:
        """Find what `reference` names in the events or rows that a group aggregates."""
        source = self._source(index)
        if isinstance(source, EventOwner):
            return source.look(reference, where)
        return source.feature(reference, where)

    def _has_source(self, index: int) -> bool:
        return self.spec.groups[index].source is not None

    def _source(self, index: int) -> EventOwner | Rows:
        spec = self.spec.groups[index]
        where = self.definition.where("groups", index, "source")
        if spec.source is None or spec.granularity_field is None:
            fix = 'add "source" and "granularity_field" to the group'
            self.scope.refuse(where, f"a group of {self.what} needs a source to aggregate", fix)
        owner = self.scope.owner(spec.source)
        if owner is None:
            fix = self.scope.nearest(spec.source, self.scope.owners)
            self.scope.refuse(where, f"source '{spec.source}' is not defined", fix)
        if not isinstance(owner, EventOwner | Rows):
            message = f"{owner.what} cannot be aggregated; events and row families can"
            fix = "name an event or a row family as the source"
            self.scope.refuse(where, message, fix)
        return owner

    def _aggregated(
        self, expression: Expression, index: int, period: Period, where: Where
    ) -> "BoundFeature":
        group = self.group(index)
        inside = {
            reference_of(column).start
            for call in calls(expression.tree)
            for column in call.node.find_all(exp.Column)
        }
        fields: dict[str, Attribute] = {}
        siblings: dict[str, Attribute] = {}

        def look(reference: Reference) -> None:
            if reference.start in inside:
                fields[label_of(reference)] = self._field(index, where, reference)
            else:
                siblings[label_of(reference)] = self._sibling(reference, period, where)

        read = self.scope.reading(expression.text, where, look)
        self.scope.each(partial(read, reference) for reference in expression.references)

        def attribute_of(reference: Reference) -> Attribute:
            owners = fields if reference.start in inside else siblings
            return owners[label_of(reference)]

        definition = self._same_in_all_periods(expression, fields, siblings)
        if definition is None:
            definition = Aggregated(
                expression=expression,
                group=sum(self._has_source(before) for before in range(index)),
                columns=_columns(fields),
                types=_types(fields),
                siblings=_columns(siblings),
                sibling_types=_types(siblings),
                result=self.scope.infer(expression, where, lambda ref: attribute_of(ref).type),
            )
            self._aggregates[expression] = definition
        keys = dict.fromkeys([*(a.key for a in fields.values()), *group.inputs])
        inputs = [
            *(Input(key, period.reach) for key in keys),
            *([] if group.is_of_rows else [Input(("states", self.name), period.reach)]),
            *(Input(a.key, SAME_DAY) for a in siblings.values()),
            *self._rows_read(period),
        ]
        meaning = canonical(expression.tree, lambda ref: attribute_of(ref).identity)
        found = (group.fingerprint, meaning)
        return BoundFeature(definition, definition.result, tuple(inputs), found)

    def _same_in_all_periods(
        self,
        expression: Expression,
        fields: Mapping[str, Attribute],
        siblings: Mapping[str, Attribute],
    ) -> Aggregated | None:
        """Return what an expression became in an earlier period, if it reads the same columns."""
        known = self._aggregates.get(expression)
        if known is None or (known.columns, known.types) != (_columns(fields), _types(fields)):
            return None
        same = (known.siblings, known.sibling_types) == (_columns(siblings), _types(siblings))
        return known if same else None

    def _over_siblings(
        self, expression: Expression, index: int, period: Period, where: Where
    ) -> "BoundFeature":
        if not expression.references and self._has_source(index):
            fix = "use an aggregate such as @COUNT(*), or another feature"
            whole = excerpt(expression.text, 0, len(expression.text))
            self.scope.refuse(where, "the expression reads nothing", fix, whole)
        text = expression.text
        bound = bind(self.scope, text, where, lambda ref: self._sibling(ref, period, where))
        inputs = (*(Input(a.key, SAME_DAY) for a in bound.attributes), *self._rows_read(period))
        return BoundFeature(bound.computed, bound.computed.result, inputs, ("", bound.meaning))

    def _called(self, spec: Feature, path: tuple[str | int, ...], period: Period) -> "BoundFeature":
        bound = bind_call(
            self.scope,
            self.definition,
            spec,
            path,
            lookup=lambda reference, where: self._sibling(reference, period, where),
        )
        inputs = (*(Input(a.key, SAME_DAY) for a in bound.attributes), *self._rows_read(period))
        return BoundFeature(bound.called, bound.type, inputs, bound.meaning, bound.about)

    def _rows_read(self, period: Period) -> list[Input]:
        """Return what decides which entities there are, where rows do: every feature reads it."""
        groups = [self.group(i) for i in range(len(self.spec.groups)) if self._has_source(i)]
        if not any(group.is_of_rows for group in groups):
            return []
        return [Input(key, period.reach) for group in groups for key in group.inputs]

    def _sibling(self, reference: Reference, period: Period, where: Where) -> Attribute:
        if reference.name not in self._names:
            self._refuse_unknown(reference, where)
        symbol = self.scope.pick(self, reference.name, reference.version, where)
        return self.scope.attribute(
            Symbol(symbol.owner, symbol.name, symbol.version, period.name), where
        )

    def _refuse_unknown(self, reference: Reference, where: Where) -> None:
        self.scope.refuse_retired(self, reference.name, reference.version, where)
        sources = [g.source for g in self.spec.groups if g.source in self.scope.owners]
        for source in filter(None, sources):
            if reference.name in self.scope.owners[source].names():
                fix = f"put it into an aggregate, such as @MAX(${reference.name})"
                message = f"${reference.name} is a field of '{source}', one value an event"
                self.scope.refuse(where, message, fix)
        message = f"${label_of(reference)} is not a feature of '{self.name}'"
        self.scope.refuse(where, message, self.scope.nearest(reference.name, self._names, "$"))

    def _periods(self) -> tuple[Period, ...]:
        found = []
        for index, name in enumerate(self.spec.period or ()):
            try:
                found.append(parse_period(name))
            except ValueError as error:
                where = self.definition.where("period", index)
                fix = nearest_period(name) or str(error)
                self._is_sure = False
                self.scope.report(Problem(where, f"unknown period '{name}'", fix))
        # Without any, the features are resolved for one day all the same, for their own mistakes.
        return tuple(dict.fromkeys(found)) or (parse_period("daily"),)


class BoundFeature:
    """A feature's definition with what it reads and what it means."""

    def __init__(
        self,
        definition: Aggregated | Computed | Called,
        kind: Type,
        inputs: tuple[Input, ...],
        meaning: tuple[Part, ...],
        about_it: About | None = None,
    ) -> None:
        self.definition = definition
        self.type = kind
        self.about = about_it
        self.inputs = tuple(dict.fromkeys(inputs))
        self.meaning = meaning


def in_order(attributes: list[Attribute]) -> tuple[Attribute, ...]:
    """Sort attributes of one owner so that each comes after those it reads on its own day."""
    by_key = {attribute.key: attribute for attribute in attributes}
    ordered: dict[tuple[str, ...], Attribute] = {}

    def visit(attribute: Attribute) -> None:
        if attribute.key in ordered:
            return
        for read in attribute.inputs:
            if read.key in by_key:
                visit(by_key[read.key])
        ordered[attribute.key] = attribute

    for attribute in attributes:
        visit(attribute)
    return tuple(ordered.values())


def _columns(attributes: Mapping[str, Attribute]) -> dict[str, str]:
    return {label: attribute.column for label, attribute in attributes.items()}


def _types(attributes: Mapping[str, Attribute]) -> dict[str, Type]:
    return {label: attribute.type for label, attribute in attributes.items()}
