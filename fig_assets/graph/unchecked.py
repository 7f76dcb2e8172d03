"""A graph -> the same without declared checks, for made-up rows and trials."""

from collections.abc import Iterable
from dataclasses import replace

from fig_assets.graph.nodes import Attribute, Graph


def without_checks(graph: Graph) -> Graph:
    """Return the graph whose attributes are judged by nothing that was declared for them."""
    events = {n: replace(e, attributes=_bare(e.attributes)) for n, e in graph.events.items()}
    families = {
        name: replace(family, features={p: _bare(found) for p, found in family.features.items()})
        for name, family in graph.families.items()
    }
    rows = {n: replace(r, features=_bare(r.features)) for n, r in graph.row_families.items()}
    labels = {n: replace(it, labels=_bare(it.labels)) for n, it in graph.label_sets.items()}
    models = {n: replace(m, outputs=_bare(m.outputs)) for n, m in graph.models.items()}
    attributes = {key: replace(a, checks=()) for key, a in graph.attributes.items()}
    return replace(
        graph,
        events=events,
        families=families,
        row_families=rows,
        label_sets=labels,
        models=models,
        attributes=attributes,
    )


def _bare(attributes: Iterable[Attribute]) -> tuple[Attribute, ...]:
    return tuple(replace(attribute, checks=()) for attribute in attributes)
