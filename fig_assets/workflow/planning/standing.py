"""The graph, the records and what is planned -> where each attribute version stands."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date

from fig_assets.graph.lock import locked_nodes
from fig_assets.graph.nodes import Attribute, Graph, Model, Op
from fig_assets.workflow.planning.foresight import DECISION, Cells
from fig_assets.workflow.planning.planned import Standing
from fig_assets.workflow.steps.compute import attributes_of
from fig_assets.workflow.steps.stale import DEFINITION, MISSING, STALE, UNKNOWN, Reason
from fig_assets.workflow.workspace import Workspace

NEW, CHANGED, UNCHANGED, REMOVED, DEPRECATED = (
    "new",
    "changed",
    "unchanged",
    "removed",
    "deprecated",
)
VERSIONED = re.compile(r"(.+)__v([0-9]+)")
Place = tuple[str, str]
"""A relation and one of its columns."""


def relation_of(graph: Graph, op: Op) -> str | None:
    """Return the stored relation of an op's attributes; None where it has none."""
    match op.kind:
        case "event":
            return graph.events[op.owner].relation
        case "window" | "python" if op.period is not None:
            return graph.families[op.owner].relation(op.period)
        case "row" | "python":
            return graph.row_families[op.owner].relation
        case "label":
            return graph.label_sets[op.owner].relation
        case "score":
            return graph.models[op.owner].relation
        case "model":
            return "/".join(graph.models[op.owner].key)
        case _:
            return None


def places(graph: Graph) -> dict[Place, Attribute | Model]:
    """Return what stands in each column of each relation; a model is its decisions."""
    found: dict[Place, Attribute | Model] = {}
    for op in graph.ops:
        relation = relation_of(graph, op)
        if relation is None:
            continue
        if op.kind == "model":
            found[relation, DECISION] = graph.models[op.owner]
        for attribute in attributes_of(graph, op):
            found[relation, attribute.column] = attribute
    return found


def consumers(graph: Graph) -> dict[str, tuple[str, ...]]:
    """Return the identities of all that read each attribute version, by its key."""
    found: dict[str, set[str]] = {}
    for attribute in graph.attributes.values():
        for read in attribute.inputs:
            found.setdefault("/".join(read.key), set()).add(attribute.identity)
    for model in graph.models.values():
        for attribute in model.learned:
            found.setdefault("/".join(attribute.key), set()).add(model.identity)
    return {key: tuple(sorted(names)) for key, names in found.items()}


def standings(
    workspace: Workspace, days: Sequence[date], found: Iterable[Cells], unknown: Iterable[Cells]
) -> tuple[Standing, ...]:
    """Say where each attribute and model version stands, those removed behind the others."""
    graph = workspace.graph
    reasons: dict[Place, dict[date | None, Reason]] = {}
    for cells in (*found, *unknown):
        for name, reason in cells.columns.items():
            reasons.setdefault((cells.relation, name), {})[cells.day] = reason
    readers = consumers(graph)
    here = {
        "/".join(node.key): _standing(workspace, place, node, days, reasons.get(place, {}))
        for place, node in places(graph).items()
    }
    told = [_with_readers(here[key], readers) for key in locked_nodes(graph) if key in here]
    return (*told, *_removed(workspace))


def _standing(
    workspace: Workspace,
    place: Place,
    node: Attribute | Model,
    days: Sequence[date],
    reasons: Mapping[date | None, Reason],
) -> Standing:
    states = [reasons[day].state for day in days if day in reasons]
    current = len(days) - len(states)
    deprecated = node.about.deprecated
    causes = {reason.cause for reason in reasons.values()}
    if not current and set(states) <= {MISSING} and not _is_stored(workspace, place, node):
        status = NEW
    elif DEFINITION in causes:
        status = CHANGED
    else:
        status = DEPRECATED if deprecated else UNCHANGED
    return Standing(
        key="/".join(node.key),
        identity=node.identity,
        number=node.number,
        status=status,
        missing=states.count(MISSING),
        stale=states.count(STALE),
        unknown=states.count(UNKNOWN),
        current=current,
        deprecated=deprecated,
    )


def _is_stored(workspace: Workspace, place: Place, node: Attribute | Model) -> bool:
    """Tell whether the newest stored day has a column."""
    if isinstance(node, Model):
        return bool(workspace.registry.trained_days(node.name, node.version))
    relation, column = place
    stored = workspace.engine.days(relation)
    record = workspace.engine.partition(relation, stored[-1]) if stored else None
    return record is not None and column in record.columns


def _with_readers(standing: Standing, readers: Mapping[str, tuple[str, ...]]) -> Standing:
    return replace(standing, consumers=readers.get(standing.key, ()))


def _removed(workspace: Workspace) -> list[Standing]:
    """Tell what is stored, or locked, and no longer in the project."""
    graph, lock = workspace.graph, workspace.config.lock
    live = places(graph)
    gone: dict[str, Standing] = {}
    for relation in dict.fromkeys(relation for relation, _ in live):
        stored = workspace.engine.days(relation)
        record = workspace.engine.partition(relation, stored[-1]) if stored else None
        for column in record.columns if record else ():
            if (relation, column) not in live and VERSIONED.fullmatch(column):
                key = f"{relation.replace('families/', 'features/', 1)}/{column}"
                gone[key.replace("label_sets/", "labels/", 1)] = _gone(key, None)
    known = {"/".join(node.key) for node in live.values()}
    for key, locked in lock.attributes.items() if lock else ():
        if key not in known:
            gone[key] = _gone(key, locked.id)
    return [gone[key] for key in sorted(gone)]


def _gone(key: str, number: int | None) -> Standing:
    key = key.replace("label_sets/", "labels/", 1)
    words = key.split("/")
    match = VERSIONED.fullmatch(words[-1])
    name, version = match.groups() if match else (words[-1], "1")
    owner = f"{words[1]}." if len(words) > 2 else ""
    return Standing(key, f"{owner}{name}@{version}", number, REMOVED)
