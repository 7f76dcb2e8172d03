"""The base group of a row family -> which rows it has: its event, their key, their filter."""

from functools import cached_property

from fig_assets.config.load import Definition
from fig_assets.config.schema import Family as FamilySpec
from fig_assets.graph.events import EventOwner
from fig_assets.graph.nodes import Attribute
from fig_assets.graph.scope import Bound, Scope, bind
from fig_assets.graph.version import fingerprint
from fig_assets.language.parse import Reference
from fig_assets.language.types import Type


class BaseRows:
    """Resolves which events of the base form rows, and by which field; everything on demand.

    `group` is the place of the base group. `what` is how messages call the family.
    """

    def __init__(self, scope: Scope, definition: Definition[FamilySpec], what: str) -> None:
        self.scope = scope
        self.definition = definition
        self.spec = definition.spec
        self.group = self._only_base_group(what)

    @cached_property
    def event(self) -> EventOwner:
        """The event whose rows these are; raises Refused where the source is none."""
        source = self.spec.groups[self.group].source or ""
        owner = self.scope.owner(source)
        if not isinstance(owner, EventOwner):
            where = self.definition.where("groups", self.group, "source")
            known = [o.name for o in self.scope.owners.values() if isinstance(o, EventOwner)]
            fix = self.scope.nearest(source, known)
            self.scope.refuse(where, f"'{source}' is not an event", fix)
        return owner

    @cached_property
    def field(self) -> Attribute:
        """The field of the event that gives the granularity; raises Refused."""
        where = self.definition.where("groups", self.group, "granularity_field")
        name = self.spec.groups[self.group].granularity_field or ""
        with self.scope.pins.reading(self.spec.name):
            symbol = self.scope.pick(self.event, name, None, where)
        return self.scope.attribute(symbol, where)

    @cached_property
    def granularity_type(self) -> Type:
        """The type of the key: the declared one, or that of the field."""
        at = self.definition.where("granularity_type")
        return self.scope.granularity(self.spec.granularity_type, self.field.type, at)

    @cached_property
    def meaning(self) -> str:
        """The fingerprint of what selects the rows."""
        parts = ("rows", self.event.meaning, self.field.identity, str(self.granularity_type))
        filtered = self.where
        return fingerprint(*parts, filtered.meaning) if filtered else fingerprint(*parts)

    @cached_property
    def where(self) -> Bound | None:
        """The filter of the group, over the event's own fields; None where there is none."""
        text = self.spec.groups[self.group].where
        if text is None:
            return None
        at = self.definition.where("groups", self.group, "where")

        def field_of(reference: Reference) -> Attribute:
            symbol = self.scope.pick(self.event, reference.name, reference.version, at)
            return self.scope.attribute(symbol, at)

        with self.scope.pins.reading(self.spec.name):
            return bind(self.scope, text, at, field_of)

    def _only_base_group(self, what: str) -> int:
        found = [i for i, group in enumerate(self.spec.groups) if group.kind == "base"]
        if len(found) != 1:
            where = self.definition.where("groups", *found[1:2])
            fix = 'give exactly one group a "granularity_field"; the others join'
            self.scope.refuse(where, f"{what} needs one base group, found {len(found)}", fix)
        return found[0]
