"""Attributes of an op -> which steps a statement for each of them alone has: its shape.

A statement for some attributes of an op is a chain of steps. Each step is made by the same code
whatever the attributes are; what differs is which kinds of steps there are, and in what depth.
"""

from collections.abc import Hashable, Mapping, Sequence

from fig_assets.graph.definitions import (
    Aggregated,
    Called,
    Combined,
    Computed,
    Joined,
    Learned,
    Voted,
)
from fig_assets.graph.nodes import EVENT_ID, EVENT_TIME, Attribute, Graph, Key, Op, base_column
from fig_assets.language.spread import SPREADS
from fig_assets.sql.state_columns import call_states

Shape = frozenset[tuple[Hashable, ...]]
"""Of an attribute and all it reads in its own op: kinds, depths, and what they read outside."""
MANY = 2


def representatives(graph: Graph, op: Op, attributes: Sequence[Attribute]) -> list[Attribute]:
    """Return one attribute of each shape that occurs in an op, in the op's order."""
    own = {attribute.key: attribute for attribute in attributes}
    depths: dict[Key, int] = {}
    shapes: dict[Key, Shape] = {}
    found: dict[Shape, Attribute] = {}
    for attribute in attributes:
        found.setdefault(_shape(graph, op, own, attribute, depths, shapes), attribute)
    return list(found.values())


def unread(graph: Graph, attribute: Attribute) -> set[str]:
    """Return the columns that a definition names although no input of the attribute gives them.

    There are none in a sound graph: a statement computes, joins or reads exactly the inputs.
    """
    given = {EVENT_TIME, EVENT_ID}
    for read in attribute.inputs:
        found = graph.attributes.get(read.key)
        if found is not None:
            given |= {found.column, base_column(found)}
    return _names(graph, attribute) - given


def _shape(
    graph: Graph,
    op: Op,
    own: Mapping[Key, Attribute],
    attribute: Attribute,
    depths: dict[Key, int],
    shapes: dict[Key, Shape],
) -> Shape:
    if attribute.key not in shapes:
        inside = [own[read.key] for read in attribute.inputs if read.key in own]
        below = [_shape(graph, op, own, read, depths, shapes) for read in inside]
        depth = max((depths[read.key] + 1 for read in inside), default=0)
        depths[attribute.key] = min(depth, MANY)
        outside = frozenset(read.key[0] for read in attribute.inputs if read.key not in own)
        role = (type(attribute.definition).__name__, depths[attribute.key], outside)
        shapes[attribute.key] = frozenset({(*role, *_details(graph, op, attribute))}).union(*below)
    return shapes[attribute.key]


def _details(graph: Graph, op: Op, attribute: Attribute) -> tuple[Hashable, ...]:
    """Say what else decides the steps: of a join its kind, of an aggregate its stored states."""
    definition = attribute.definition
    if isinstance(definition, Joined):
        join = graph.row_families[op.owner].joins[definition.join]
        joinable = (graph.tables, graph.models, graph.row_families)
        kinds = [join.source in named for named in joinable]
        return (
            *kinds,
            join.period is None,
            join.match is None,
            join.reach is None,
            definition.default is None,
        )
    if isinstance(definition, Voted):
        joins = graph.label_sets[op.owner].joins
        seen = {joins[later.join] for later in definition.later.values()}
        return tuple(sorted((it.relation, it.match, it.field, it.order) for it in seen))
    if isinstance(definition, Aggregated):
        states = call_states(definition, graph.families[op.owner].groups[definition.group])
        merged = any(state.values is None for state in states)
        values = sum(state.values is not None for state in states)
        spread = any(state.call.function in SPREADS for state in states)
        return (definition.group, merged, spread, min(values, MANY))
    return ()


def _names(graph: Graph, attribute: Attribute) -> set[str]:
    match attribute.definition:
        case Computed(columns=columns) | Called(columns=columns):
            return set(columns.values())
        case Voted(computed=computed, later=later):
            return set(computed.columns.values()) - set(later)
        case Combined(columns=votes) | Learned(votes=Combined(columns=votes)):
            return set(votes)
        case Aggregated(columns=columns, siblings=siblings):
            return {*columns.values(), *siblings.values()}
        case Joined(join=place):
            match = graph.row_families[attribute.owner].joins[place].match
            return {match} if match else set()
        case _:
            return set()
