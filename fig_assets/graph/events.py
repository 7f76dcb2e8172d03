"""Configured events and tables -> `Event` and `Table` nodes."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cached_property, partial

from fig_assets.config.load import Definition
from fig_assets.config.schema import Event as EventSpec
from fig_assets.config.schema import EventDefaults
from fig_assets.errors import Where
from fig_assets.graph.definitions import Carried, Computed, Delivered, Extracted
from fig_assets.graph.nodes import (
    ACCOUNT,
    EVENT_ID,
    EVENT_TIME,
    About,
    Attribute,
    Event,
    Input,
    label_of,
)
from fig_assets.graph.owners import Choice, Symbol
from fig_assets.graph.period import Reach
from fig_assets.graph.scope import (
    Refused,
    Scope,
    about,
    attribute_key,
    bind,
    choices,
    condition,
    place,
)
from fig_assets.graph.sources import LINES, Landing
from fig_assets.graph.version import Part, fingerprint
from fig_assets.language.parse import ExpressionError, Reference, canonical, parse
from fig_assets.language.paths import Path, Step, can_hold_many, parse_path
from fig_assets.language.types import STRING, TIMESTAMP, Type

CARRIED: Mapping[str, Type] = {EVENT_TIME: TIMESTAMP, EVENT_ID: STRING}
BUILT_IN = {ACCOUNT: Choice(1, (1,), is_built_in=True)}
"""Fields that are stored where something reads them, unless the event has its own of that name."""


class EventOwner:
    """Resolves the fields of one event."""

    def __init__(self, scope: Scope, definition: Definition[EventSpec]) -> None:
        self.scope = scope
        self.definition = definition
        self.spec = definition.spec
        self.name = definition.spec.name
        self.what = f"event '{self.name}'"
        self.source = ""
        with suppress(Refused):  # Its fields have a meaning wherever its lines come from.
            self.source = self._source()
        files = scope.environment.files(self.source) if self.source else ()
        late_days = max((source.late_days for source in files), default=0)
        self._raw = Input(("raw", self.source), Reach(0, late_days))

    @cached_property
    def meaning(self) -> str:
        """The fingerprint of what selects its rows; what the environment says is no part of it."""
        paths = {key: _steps(getattr(self.spec, key)) for key in ("event_type", "time", "id")}
        return fingerprint("event", self.spec.event_name, paths, self._filter_meaning())

    def names(self) -> Mapping[str, Choice]:
        """See `Owner.names`."""
        return self._names

    @cached_property
    def _names(self) -> dict[str, Choice]:
        carried = {name: Choice(1, (1,)) for name in CARRIED}
        return BUILT_IN | carried | choices(self.spec.fields)

    def resolve(self, symbol: Symbol) -> Attribute:
        """See `Owner.resolve`."""
        if symbol.name in CARRIED:
            return self._carried(symbol)
        if self.names()[symbol.name].is_built_in:
            return self._account(symbol)
        versions = self.spec.fields[symbol.name]
        spec = versions.all[symbol.version]
        path = place(versions, ("fields", symbol.name), symbol.version)
        if spec.json_path is not None:
            where = self.definition.where(*path, "json")
            found = self._path(spec.json_path, where)
            inferred = found.type or STRING
            declared_at = self.definition.where(*path, "type")
            kind = self.scope.declared(spec.type, inferred, declared_at)
            if found.is_wide and not can_hold_many(kind):
                message = f"every element together is an array, not {kind.words}"
                self.scope.refuse(declared_at, message, "leave the type out")
            definition: Extracted | Computed = Extracted(found)
            inputs: tuple[Input, ...] = (self._raw,)
            through = "" if inferred in (STRING, kind) else inferred.name
            meaning: list[Part] = ["path", *found.steps, through]
        else:
            where = self.definition.where(*path, "function")
            bound = bind(self.scope, spec.function or "", where, lambda ref: self.look(ref, where))
            declared_at = self.definition.where(*path, "type")
            kind = self.scope.declared(spec.type, bound.computed.result, declared_at)
            definition, meaning = bound.computed, ["function", bound.meaning]
            inputs = bound.inputs or (self._raw,)
        return Attribute(
            key=attribute_key("events", self.name, name=symbol.name, version=symbol.version),
            owner=self.name,
            name=symbol.name,
            version=symbol.version,
            type=kind,
            definition=definition,
            inputs=inputs,
            fingerprint=fingerprint("field", self.meaning, str(kind), meaning),
            about=about(self.definition, spec, *path),
            checks=spec.checks,
            is_default=symbol.version == self.names()[symbol.name].default,
        )

    def look(self, reference: Reference, where: Where) -> Attribute:
        """Find the field that `reference` names; raises Refused."""
        if reference.name not in self.names():
            self.scope.refuse_retired(self, reference.name, reference.version, where)
            fix = self.scope.nearest(reference.name, self.names(), "$")
            message = f"${label_of(reference)} is not a field of '{self.name}'"
            self.scope.refuse(where, message, fix)
        symbol = self.scope.pick(self, reference.name, reference.version, where)
        return self.scope.attribute(symbol, where)

    def landing(self) -> Landing:
        """Say by which payload paths raw lines become candidates for this event."""
        defaults = (self.scope.environment, self.scope.project)
        spec = self.spec
        own = EventDefaults(event_type=spec.event_type, time=spec.time, id=spec.id)
        chosen = {
            key: next(
                (
                    v
                    for v in (getattr(d, key) for d in (own, *(e.event_defaults for e in defaults)))
                    if v
                ),
                None,
            )
            for key in ("event_type", "time", "id")
        }
        where = self.definition.where("time")
        if chosen["time"] is None:
            fix = 'add "time": "published", or set event_defaults in project.json'
            self.scope.refuse(where, f"{self.what} has no time path", fix)
        if spec.event_name is not None and chosen["event_type"] is None:
            fix = 'add "event_type": "event_name", or set event_defaults in project.json'
            self.scope.refuse(where, f"{self.what} has an event_name but no event_type path", fix)
        paths = {
            key: self._path(text, self.definition.where(key)) if text else None
            for key, text in chosen.items()
        }
        for key, path in paths.items():
            if path is not None and path.is_wide:
                message = f"'{key}' is one value, and '[*]' leads to many"
                self.scope.refuse(self.definition.where(key), message, "name one element: [0]")
        time = paths["time"]
        if time is None:
            raise Refused
        overrides = any(getattr(own, key) for key in ("event_type", "time", "id"))
        suffix = f"/{self.name}" if overrides else ""
        names = (spec.event_name,) if overrides and spec.event_name else ()
        relation = f"landing/{self.source}{suffix}"
        return Landing(relation, paths["event_type"], time, paths["id"], names)

    def node(self) -> Event:
        """Build the whole event; raises Refused when a part of it is refused."""
        if not self.source:
            raise Refused
        fields = [
            partial(
                self.scope.attribute,
                Symbol(self.name, name, version),
                self.definition.where("fields", name),
            )
            for name, choice in self.names().items()
            for version in choice.versions
            if not choice.is_built_in
        ]
        steps: list[Callable[[], object]] = [*fields, self._row_filter, self.landing]
        self.scope.each(steps)
        return Event(
            name=self.name,
            event_name=self.spec.event_name,
            source=self.source,
            landing=self.landing(),
            where=self._row_filter(),
            attributes=tuple(field() for field in fields),
            fingerprint=self.meaning,
            about=about(self.definition, self.spec),
        )

    def _source(self) -> str:  # noqa: RET503 - a refusal raises
        place = self.scope.environment
        known = {name: place.files(name)[0].format for name in place.sources}
        lines = sorted(name for name, format_ in known.items() if format_ in LINES)
        name = self.spec.source or ("events" if "events" in lines else "".join(lines[:2]))
        if name in lines:
            return name
        if self.spec.source is None:
            where = self.definition.where("name")
            fix = f'add "source": one of {", ".join(lines) or "the environment"}'
            self.scope.refuse(where, f"{self.what} does not say its source", fix)
        where = self.definition.where("source")
        if name in known:
            message = f"source '{name}' is {known[name]}; events are read from json lines"
            self.scope.refuse(where, message, self.scope.nearest(name, lines))
        message = f"source '{name}' is not in environment '{place.name}'"
        self.scope.refuse(where, message, self.scope.nearest(name, known))

    def _row_filter(self) -> Computed | None:
        if self.spec.where is None:
            return None
        where = self.definition.where("where")
        with self.scope.pins.reading(self.name):
            return condition(
                self.scope, self.spec.where, where, lambda ref: self.look(ref, where)
            ).computed

    def _filter_meaning(self) -> str | None:
        text, names = self.spec.where, self.names()
        if text is None:
            return None

        at = self.definition.where("where")

        def version(reference: Reference) -> str:
            choice = names.get(reference.name)
            chosen = reference.version
            if chosen is None and choice is not None:
                chosen = self.scope.chosen(self, reference.name, choice, at)
            return f"{reference.name}@{chosen or 1}"

        try:
            with self.scope.pins.reading(self.name):
                return canonical(parse(text).tree, version)
        except ExpressionError:
            return text

    def _path(self, text: str, where: Where) -> Path:
        try:
            return parse_path(text)
        except ExpressionError as error:
            self.scope.refuse_expression(error, text, where)

    def _carried(self, symbol: Symbol) -> Attribute:
        words = {
            EVENT_TIME: "When the event happened, in UTC; decides the day.",
            EVENT_ID: "The id by which duplicates of one day are found.",
        }
        return Attribute(
            key=attribute_key("events", self.name, name=symbol.name, version=1),
            owner=self.name,
            name=symbol.name,
            version=1,
            type=CARRIED[symbol.name],
            definition=Carried(),
            inputs=(self._raw,),
            fingerprint=fingerprint("carried", self.meaning, symbol.name),
            about=About(self.definition.where("name"), words[symbol.name], self.spec.owner),
        )

    def _account(self, symbol: Symbol) -> Attribute:
        words = "The account whose raw files held the event; NULL where there are no accounts."
        return Attribute(
            key=attribute_key("events", self.name, name=symbol.name, version=1),
            owner=self.name,
            name=symbol.name,
            version=1,
            type=STRING,
            definition=Delivered(),
            inputs=(self._raw,),
            fingerprint=fingerprint("account"),
            about=About(self.definition.where("name"), words, self.spec.owner),
        )


def _steps(path: str | None) -> list[Step] | None:
    if path is None:
        return None
    try:
        return list(parse_path(path).steps)
    except ExpressionError:
        return [path]
