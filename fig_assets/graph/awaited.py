"""How many days after its own a partition waits for, because labels know of them."""

from collections.abc import Collection, Mapping
from functools import cache

from fig_assets.graph.nodes import Graph, Key, Op

RAW = "raw"
"""Raw files may come late, or never; nothing waits for them."""


def days_awaited(graph: Graph) -> Mapping[str, int]:
    """Return of each op that waits how many days after its own it must see; others are left out.

    What reads a label of the same day waits as long as the label does.
    """
    attributes = graph.attributes

    @cache
    def of(key: Key) -> int:
        reads = attributes[key].inputs if key in attributes else ()
        known = [it.reach.last + of(it.key) for it in reads if it.key[0] != RAW]
        return max([0, *known])

    # Only labels look ahead, so whatever else there is need not be walked through.
    if not any(label_set.joins for label_set in graph.label_sets.values()):
        return {}
    found = {op.name: max(map(of, op.keys), default=0) for op in graph.ops}
    return {name: days for name, days in found.items() if days > 0}


def followers(graph: Graph, awaiting: Collection[str]) -> list[Op]:
    """Return the ops named in `awaiting`, and those that read what they make, in order."""
    found: list[Op] = []
    made: set[Key] = set()
    for op in graph.ops:
        if op.name in awaiting or made & _reads(graph, op):
            found.append(op)
            made |= set(op.keys)
    return found


def _reads(graph: Graph, op: Op) -> set[Key]:
    if op.kind == "model":
        return {attribute.key for attribute in graph.models[op.owner].learned}
    own = (graph.attributes[key] for key in op.keys if key in graph.attributes)
    return {read.key for attribute in own for read in attribute.inputs}
