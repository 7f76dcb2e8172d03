"""A graph and two versions -> the graph in which one of them means what the other means."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta

from fig_assets.graph.definitions import Computed
from fig_assets.graph.families import in_order
from fig_assets.graph.nodes import Attribute, Graph, Input, Key, label_of
from fig_assets.graph.ops import cut, parts_of
from fig_assets.language.functions import infer
from fig_assets.language.parse import parse
from fig_assets.language.types import convertible

Days = tuple[date, date]
"""The first and the last day."""
KINDS = ("events", "features")


def in_place_of(graph: Graph, old: Sequence[Attribute], new: Sequence[Attribute]) -> Graph:
    """Return the graph in which each attribute of `old` is its pair in `new`, by another name.

    Keys, columns, types and everyone who reads them stay: consumers need not know. The values of
    `new` are converted to the type of `old`.

    Args:
        graph: The project.
        old: One version of a field or feature, of each of its periods.
        new: Another one of the same owner, of the same periods in the same order.

    Raises:
        ValueError: it cannot be: the words say why.
    """
    swapped: dict[Key, Attribute] = {}
    for one, other in zip(old, new, strict=True):
        if one.key[0] not in KINDS:
            raise ValueError(f"{one.identity} is no field and no feature")
        if not convertible(other.type, one.type):
            words = f"{other.type.words}, which can never become {one.type.words}"
            raise ValueError(f"{other.identity} is {words}")
        if other.key in downstream(graph, [one.key]):
            raise ValueError(f"{other.identity} is made of {one.identity}")
        swapped[one.key] = _standing_in(one, other)
    return _rebuilt(graph, swapped)


def downstream(graph: Graph, roots: Iterable[Key]) -> set[Key]:
    """Return the attributes that read `roots`, however far, and `roots` themselves."""
    readers: dict[Key, list[Key]] = {}
    for attribute in graph.attributes.values():
        for read in attribute.inputs:
            readers.setdefault(read.key, []).append(attribute.key)
    found = set(roots)
    queue = list(found)
    for key in queue:
        fresh = [reader for reader in readers.get(key, ()) if reader not in found]
        found.update(fresh)
        queue += fresh
    return found


def days_needed(graph: Graph, wanted: Mapping[Key, Days], among: set[Key]) -> dict[Key, Days]:
    """Return of each attribute in `among` the first and last day that `wanted` is made of."""
    found = {key: days for key, days in wanted.items() if key in among}
    queue = list(found)
    while queue:
        key = queue.pop()
        first, last = found[key]
        for read in graph.attributes[key].inputs:
            start = read.reach.days(first, graph.start)[0]
            end = last + timedelta(days=read.reach.last)
            if read.key not in among or end < start:
                continue
            known = found.get(read.key, (start, end))
            wider = (min(start, known[0]), max(end, known[1]))
            if found.get(read.key) != wider:
                found[read.key] = wider
                queue.append(read.key)
    return found


def _standing_in(old: Attribute, new: Attribute) -> Attribute:
    """Define `old` as `$new`, over the stored column of its own owner."""
    expression = parse(f"${new.name}@{new.version}")
    infer(expression.tree, lambda _: new.type)
    label = label_of(expression.references[0])
    computed = Computed(expression, {label: new.column}, {label: new.type}, new.type)
    inputs = tuple(dict.fromkeys([Input(new.key), *new.inputs]))
    return replace(old, definition=computed, inputs=inputs)


def _rebuilt(graph: Graph, swapped: Mapping[Key, Attribute]) -> Graph:
    def of(attributes: Iterable[Attribute]) -> tuple[Attribute, ...]:
        return in_order([swapped.get(a.key, a) for a in attributes])

    events = {n: replace(e, attributes=of(e.attributes)) for n, e in graph.events.items()}
    families = {
        name: replace(family, features={p: of(found) for p, found in family.features.items()})
        for name, family in graph.families.items()
    }
    rows = {n: replace(r, features=of(r.features)) for n, r in graph.row_families.items()}
    parts = parts_of(
        graph.sources.values(),
        events.values(),
        graph.tables.values(),
        families.values(),
        rows.values(),
        graph.label_sets.values(),
        graph.models.values(),
    )
    return replace(
        graph,
        events=events,
        families=families,
        row_families=rows,
        attributes={key: swapped.get(key, a) for key, a in graph.attributes.items()},
        ops=cut(parts),
    )
