"""Warnings over a whole resolved project, each a function that yields problems."""

from collections.abc import Callable, Iterator

from fig_assets.config.load import Config, Definition
from fig_assets.config.schema import Model as ModelSpec
from fig_assets.errors import Problem, Where
from fig_assets.graph.definitions import Joined, Scored
from fig_assets.graph.nodes import Attribute, Family, Graph, Key, Model, RowFamily
from fig_assets.graph.usage import OUTPUT, values_read

Rule = Callable[[Graph, Config], Iterator[Problem]]

MOST_NAMES = 6


def deprecated_versions_have_no_consumers(graph: Graph, config: Config) -> Iterator[Problem]:
    """Warn each consumer of a deprecated version by name, once for all periods."""
    specs = _specs(config)
    seen = set()
    for attribute in graph.attributes.values():
        if isinstance(attribute.definition, Scored):
            continue
        values = set(values_read(graph, attribute))
        for read in attribute.inputs:
            source = graph.attributes.get(read.key)
            if source is None or not source.about.deprecated:
                continue
            reader = attribute.identity if source.key in values else f"'{attribute.owner}'"
            if (reader, source.identity) not in seen:
                seen.add((reader, source.identity))
                yield _deprecated(attribute.about.where, reader, source)
    for model in graph.models.values():
        spec = specs[model.identity]
        for source in model.learned:
            if source.about.deprecated:
                told = "weight" if source == model.weight else "name"
                at = _input_place(spec, source) or spec.where("truth_label", told)
                yield _deprecated(at, f"model '{model.name}'", source)


def labels_and_model_share_nothing_by_accident(graph: Graph, config: Config) -> Iterator[Problem]:
    """Warn of what both the weak labels of a model's truth and the model read, by which path."""
    specs = _specs(config)
    for model in graph.models.values():
        spec = specs[model.identity]
        allowed = spec.spec.allow_shared
        truth = [a for a in model.learned if a not in model.inputs]
        voted = _paths(graph, [read.key for a in truth for read in graph.attributes[a.key].inputs])
        for attribute in model.inputs:
            if _is_named(attribute, allowed):
                continue
            read = _paths(graph, [attribute.key])
            shared = [k for k in read if k in voted and not _is_named(graph.attributes[k], allowed)]
            # What is shared is told once, by what stands nearest to the model.
            if shared:
                yield _leak(graph, model, spec, attribute, voted[shared[0]], read[shared[0]])


def inputs_are_known_in_time(graph: Graph, config: Config) -> Iterator[Problem]:
    """Warn of what a model reads and nobody knows before the row's day is over, by which path."""
    specs = _specs(config)
    for model in graph.models.values():
        spec = specs[model.identity]
        allowed = spec.spec.allow_shared
        for attribute in model.inputs:
            read = _paths(graph, [attribute.key])
            late = [key for key in read if _sees_its_day(graph, graph.attributes[key])]
            named = [graph.attributes[key] for path in (read[k] for k in late[:1]) for key in path]
            if late and not any(_is_named(it, allowed) for it in (attribute, *named)):
                yield _late(graph, model, spec, attribute, read[late[0]])


def every_feature_is_read(graph: Graph, config: Config) -> Iterator[Problem]:
    """Warn of features that nothing reads, where labels or models show what is read at all."""
    if not config.label_sets and not config.models:
        return
    read = {read.key for attribute in graph.attributes.values() for read in attribute.inputs}
    read |= {attribute.key for model in graph.models.values() for attribute in model.inputs}
    used = {(a.owner, a.name) for k in read if (a := graph.attributes.get(k)) is not None}
    families: dict[str, Family | RowFamily] = {**graph.families, **graph.row_families}
    found: dict[str, dict[str, Where]] = {}
    for a in graph.attributes.values():
        is_own = a.owner in families and not isinstance(a.definition, Joined)
        if not is_own or (a.owner, a.name) in used or OUTPUT in a.about.tags:
            continue
        if OUTPUT not in families[a.owner].about.tags:
            found.setdefault(a.owner, {}).setdefault(a.name, a.about.where)
    for name, unread in found.items():
        yield _unread(name, unread)


WARNINGS: tuple[Rule, ...] = (
    deprecated_versions_have_no_consumers,
    labels_and_model_share_nothing_by_accident,
    inputs_are_known_in_time,
    every_feature_is_read,
)


def _specs(config: Config) -> dict[str, Definition[ModelSpec]]:
    return {f"{d.spec.name}@{d.spec.version}": d for d in config.models}


def _deprecated(where: Where, reader: str, source: Attribute) -> Problem:
    message = f"{reader} reads {source.identity}, which is deprecated"
    return Problem(where, message, source.about.deprecated or "", "warning")


def _input_place(spec: Definition[ModelSpec], attribute: Attribute) -> Where | None:
    """Return where a model asks for a feature, or None where it does not."""
    for written in (f"{attribute.name}@{attribute.version}", attribute.name):
        for index, group in enumerate(spec.spec.input_features):
            for title, names in group.feature_names.items():
                if written in names:
                    place = names.index(written)
                    return spec.where("input_features", index, "feature_names", title, place)
    return None


def _leak(
    graph: Graph,
    model: Model,
    spec: Definition[ModelSpec],
    attribute: Attribute,
    to_label: tuple[Key, ...],
    to_model: tuple[Key, ...],
) -> Problem:
    label = graph.attributes[to_label[-1]]
    origin = graph.attributes[to_label[0]]
    before = values_read(graph, origin) if isinstance(origin.definition, Joined) else []
    steps = [graph.attributes[key].identity for key in (*before, *to_label[:-1])]
    lines = [
        f"{attribute.identity}, from which '{model.name}' learns, takes part in its labels:",
        " -> ".join([*steps, f"label {label.name}"]),
    ]
    if len(to_model) > 1:
        read = [graph.attributes[key].identity for key in to_model]
        lines.append(" -> ".join([*read, f"model {model.name}"]))
    return _of_input(spec, attribute, lines)


def _late(
    graph: Graph,
    model: Model,
    spec: Definition[ModelSpec],
    attribute: Attribute,
    path: tuple[Key, ...],
) -> Problem:
    first = graph.attributes[path[0]]
    steps = [*values_read(graph, first), *path]
    lines = [
        f"{attribute.identity}, from which '{model.name}' learns, knows of the row's whole day, "
        "and so of what came after the row:",
        " -> ".join([*(graph.attributes[key].identity for key in steps), f"model {model.name}"]),
    ]
    return _of_input(spec, attribute, lines)


def _of_input(spec: Definition[ModelSpec], attribute: Attribute, lines: list[str]) -> Problem:
    where = _input_place(spec, attribute) or spec.where("input_features")
    fix = f'take it out, or add "allow_shared": {{"{attribute.name}": "<why it may>"}}'
    if spec.spec.allow_shared:
        fix = f'take it out, or add to "allow_shared": "{attribute.name}": "<why it may>"'
    return Problem(where, "\n".join(lines), fix, "warning")


def _unread(family: str, found: dict[str, Where]) -> Problem:
    names = sorted(found, key=lambda name: found[name])
    shown = ", ".join(names[:MOST_NAMES])
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    count = "a feature" if len(names) == 1 else f"{len(names)} features"
    message = f"nothing reads {count} of '{family}': {shown}{more}"
    them = "it" if len(names) == 1 else "them"
    fix = f'leave {them} out, or write "tags": ["{OUTPUT}"] if {them} is read outside'
    fix = fix.replace("them is", "they are")
    return Problem(min(found.values()), message, fix, "warning")


def _is_named(attribute: Attribute, allowed: dict[str, str]) -> bool:
    return attribute.name in allowed or f"{attribute.name}@{attribute.version}" in allowed


def _made_of(graph: Graph, attribute: Attribute) -> list[Key]:
    """Return what an attribute is made of in its row; a score is made of what its model reads."""
    if isinstance(attribute.definition, Scored):
        return [read.key for read in graph.models[attribute.definition.model].inputs]
    return values_read(graph, attribute)


def _sees_its_day(graph: Graph, attribute: Attribute) -> bool:
    """Tell whether an attribute is joined from what is known only when its row's day is over."""
    if not isinstance(attribute.definition, Joined) or attribute.owner not in graph.row_families:
        return False
    join = graph.row_families[attribute.owner].joins[attribute.definition.join]
    return join.match is not None and join.reach is not None and join.reach.last >= 0


def _paths(graph: Graph, starts: list[Key]) -> dict[Key, tuple[Key, ...]]:
    """Return all that the attributes `starts` are made of, each with the path to its start."""
    found: dict[Key, tuple[Key, ...]] = {key: (key,) for key in starts}
    queue = list(starts)
    for key in queue:
        for read in _made_of(graph, graph.attributes[key]):
            if read not in found:
                found[read] = (read, *found[key])
                queue.append(read)
    return found
