"""The `joins` of a label set -> what weak labels may read of days after the row's own."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property

from fig_assets.config.labels import LabelJoin as Written
from fig_assets.config.load import Definition
from fig_assets.config.schema import LabelSet as LabelSetSpec
from fig_assets.errors import Where
from fig_assets.graph.definitions import Carried, Later
from fig_assets.graph.events import EventOwner
from fig_assets.graph.label_parts import LabelJoin
from fig_assets.graph.nodes import (
    EVENT_ID,
    EVENT_TIME,
    ROW_ORDER,
    About,
    Attribute,
    Input,
    Table,
)
from fig_assets.graph.owners import Choice, Rows
from fig_assets.graph.period import SAME_DAY, Reach
from fig_assets.graph.scope import Scope
from fig_assets.graph.version import Part
from fig_assets.language.parse import Reference
from fig_assets.language.types import Type, convertible

Source = EventOwner | Table | Rows


def later_column(prefix: str, column: str) -> str:
    """Name a joined column beside features and fields; no feature can be called so."""
    return f"later__{prefix}{column}"


@dataclass(frozen=True, eq=False)
class OneJoin:
    """The join at `place` of a label set's `joins`; everything on demand, each raises Refused."""

    scope: Scope
    definition: Definition[LabelSetSpec]
    place: int
    tables: Mapping[str, Table]
    family: Rows

    @property
    def spec(self) -> Written:
        """What is written."""
        return self.definition.spec.joins[self.place]

    def at(self, *path: str | int) -> Where:
        """Return the place of a part of the join."""
        return self.definition.where("joins", self.place, *path)

    @property
    def prefix(self) -> str:
        """What stands before the names of its fields."""
        written = self.spec.prefix
        return f"{self.spec.source}_" if written is None else written

    @cached_property
    def source(self) -> Source:
        """What is joined."""
        name = self.spec.source
        if name in self.tables:
            return self.tables[name]
        owner = self.scope.owner(name)
        if owner is None:
            known = [n for n, it in self.scope.owners.items() if isinstance(it, EventOwner | Rows)]
            fix = self.scope.nearest(name, [*known, *self.tables])
            self.scope.refuse(self.at("source"), f"source '{name}' is not defined", fix)
        if not isinstance(owner, EventOwner | Rows):
            fix = "join an event, a table or a row family"
            self.scope.refuse(self.at("source"), f"labels cannot join {owner.what}", fix)
        return owner

    def offered(self) -> Mapping[str, Choice]:
        """Return every field of the source with its versions; a table's columns have one."""
        source = self.source
        if isinstance(source, Table):
            return {name: Choice(1, (1,)) for name in source.columns}
        return {n: choice for n, choice in source.names().items() if not choice.is_built_in}

    def attribute(self, reference: Reference, where: Where) -> Attribute:
        """Return the attribute of a field of the source, a new object for each reference."""
        source, name = self.source, reference.name.removeprefix(self.prefix)
        if isinstance(source, Table):
            return Attribute(
                key=("tables", source.name),
                owner=source.name,
                name=name,
                version=1,
                type=source.columns[name],
                definition=Carried(),
                inputs=(),
                fingerprint="",
                about=About(where),
            )
        symbol = self.scope.pick(source, name, reference.version, where)
        return self.scope.attribute(symbol, where)

    @cached_property
    def field(self) -> tuple[str, Type, Attribute | None]:
        """The column of the source that says which row it is about, its type, and its attribute."""
        source, name, at = self.source, self.spec.field, self.at("field")
        if isinstance(source, Table):
            if name != source.key:
                message = f"rows of table '{source.name}' are found by its key"
                self.scope.refuse(at, message, f'write "{source.key}"')
            return name, source.columns[name], None
        if isinstance(source, Rows) and name == source.granularity:
            return name, source.granularity_type, None
        with self.scope.pins.reading(self.definition.spec.name):
            symbol = self.scope.pick(source, name, None, at)
        found = self.scope.attribute(symbol, at)
        if found.type.size is not None:
            self.scope.refuse(at, f"{found.type.words} says of no row", "name a simple field")
        return found.column, found.type, found

    @cached_property
    def match(self) -> tuple[str, Type, Attribute | None]:
        """The column of the labelled row that is compared, its type, and its attribute."""
        family, at = self.family, self.at("match" if self.spec.match else "field")
        column, kind, found = family.granularity, family.granularity_type, None
        if self.spec.match not in (None, family.granularity):
            with self.scope.pins.reading(self.definition.spec.name):
                found = family.look(Reference(self.spec.match or "", None), at)
            column, kind = family.column(found), found.type
        if not convertible(kind, self.field[1]):
            what = found.name if found else family.granularity
            message = f"'{what}' is a {kind}, and '{self.spec.field}' is a {self.field[1]}"
            self.scope.refuse(at, message, 'name in "match" what "field" is compared with')
        return column, kind, found

    @cached_property
    def node(self) -> LabelJoin:
        """The resolved join."""
        source = self.source
        is_static = isinstance(source, Table) and not source.is_daily
        if is_static and self.spec.within_days:
            fix = 'leave it out, or write "snapshot": "daily" in the table'
            message = f"table '{source.name}' is static: it has no days"
            self.scope.refuse(self.at("within_days"), message, fix)
        order: tuple[str, ...] = ()
        if isinstance(source, EventOwner):
            order = ROW_ORDER
        elif isinstance(source, Rows) and self.field[2] is not None:
            order = (EVENT_TIME, EVENT_ID, source.granularity)
        folder = {EventOwner: "events", Table: "tables"}.get(type(source), "families")
        return LabelJoin(
            source=source.name,
            relation=f"{folder}/{source.name}",
            field=self.field[0],
            field_type=self.field[1],
            match=self.match[0],
            match_type=self.match[1],
            reach=None if is_static else Reach(0, self.spec.within_days),
            order=order,
        )

    @property
    def inputs(self) -> tuple[Input, ...]:
        """What finding the row reads, beside the fields that are taken of it."""
        field, match = self.field[2], self.match[2]
        found = () if match is None else (Input(match.key),)
        reach = self.node.reach or SAME_DAY
        return found if field is None else (*found, Input(field.key, reach))

    @property
    def meaning(self) -> Part:
        """What finding the row means, for fingerprints."""
        node, field, match = self.node, self.field[2], self.match[2]
        last = None if node.reach is None else node.reach.last
        named = (field.identity if field else node.field, match.identity if match else "")
        return [node.source, *named, last]


class LabelJoins:
    """All joins of one label set."""

    def __init__(
        self,
        scope: Scope,
        definition: Definition[LabelSetSpec],
        tables: Mapping[str, Table],
        family: Callable[[], Rows],
    ) -> None:
        self.scope = scope
        self.family = family
        self._made = cache(lambda place: OneJoin(scope, definition, place, tables, family()))
        self._count = len(definition.spec.joins)
        self._later: dict[Attribute, tuple[OneJoin, Later, str]] = {}

    def every(self) -> list[OneJoin]:
        """Return the joins in the order in which they are written."""
        return [self._made(place) for place in range(self._count)]

    def look(self, reference: Reference, where: Where) -> Attribute:
        """Find what a reference of a weak label names, joined or of the family; raises Refused."""
        name = reference.name
        found = [
            join
            for join in self.every()
            if name.startswith(join.prefix) and name.removeprefix(join.prefix) in join.offered()
        ]
        family = self.family()
        if not found:
            return family.look(reference, where)
        others = [f"the join of '{join.spec.source}'" for join in found[1:]]
        others += [family.what] if name in family.names() else []
        if others:
            message = f"'{name}' is of the join of '{found[0].spec.source}', and of {others[0]} too"
            fix = f'give a join another "prefix", such as "later_{found[0].spec.source}_"'
            self.scope.refuse(found[0].at("source"), message, fix)
        return self._taken(found[0], reference, where)

    def column(self, attribute: Attribute) -> str:
        """Name the column of what `look` found, while votes are computed."""
        if attribute in self._later:
            return self._later[attribute][2]
        return self.family().column(attribute)

    def later(self, attributes: tuple[Attribute, ...]) -> dict[str, Later]:
        """Return those of the attributes that `look` found in joins, by column."""
        found = (self._later[a] for a in attributes if a in self._later)
        return {column: later for _, later, column in found}

    def inputs(self, attributes: tuple[Attribute, ...]) -> tuple[Input, ...]:
        """Return what a weak label reads, with the days of each."""
        found: list[Input] = []
        for attribute in attributes:
            if attribute not in self._later:
                found.append(Input(attribute.key))
                continue
            join = self._later[attribute][0]
            found += [Input(attribute.key, join.node.reach or SAME_DAY), *join.inputs]
        return tuple(dict.fromkeys(found))

    def meaning(self, attributes: tuple[Attribute, ...]) -> tuple[Part, ...]:
        """Say in a fingerprint what is joined; nothing where nothing is."""
        found = [self._later[a][0].meaning for a in attributes if a in self._later]
        return (found,) if found else ()

    def _taken(self, join: OneJoin, reference: Reference, where: Where) -> Attribute:
        source = join.attribute(reference, where)
        # One object for each reference: two joins may take the same field of one source.
        found = replace(source)
        column = later_column(join.prefix, source.column)
        self._later[found] = (join, Later(join.place, source.column, source.key), column)
        return found
