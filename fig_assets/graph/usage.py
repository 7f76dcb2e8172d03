"""Graph -> who reads which version of what, the models behind them, and what nobody reads."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from fig_assets.config.load import Config
from fig_assets.config.schema import Attribute as Written
from fig_assets.config.schema import Versions
from fig_assets.graph.definitions import (
    Aggregated,
    Called,
    Carried,
    Computed,
    Joined,
    Scored,
    Voted,
)
from fig_assets.graph.nodes import Attribute, Graph, Key, base_column

OUTPUT = "output"
"""The tag of what is read outside of the project."""
KINDS = {"events": "field", "features": "feature", "labels": "label", "scores": "score"}


@dataclass(frozen=True)
class Used:
    """One attribute version and everyone who reads it.

    Attributes:
        identity: How people write it: `asn.failure_rate@2`.
        kind: field, feature, joined feature, label or score.
        ids: The numbers that the lock gave it, one for each period.
        is_default: Whether readers without a version get it.
        is_output: Whether it is tagged as read from outside.
        deprecated: The text that its consumers see.
        retired: Whether it is not computed any more.
        readers: Attribute versions that read its values, owners whose rows it selects or
            matches (`rows of request`), model versions, and champions that were trained on it.
        models: The models among its readers and behind them, however far.
    """

    identity: str
    kind: str
    ids: tuple[int, ...] = ()
    is_default: bool = False
    is_output: bool = False
    deprecated: str = ""
    retired: bool = False
    readers: tuple[str, ...] = ()
    models: tuple[str, ...] = ()

    @property
    def state(self) -> str:
        """Say in words what readers should know of it; nothing of most."""
        if self.retired:
            return "retired"
        words = ["default"] if self.is_default else []
        words += [f"deprecated: {self.deprecated}"] if self.deprecated else []
        words += ["nobody reads it"] if self.is_unused else []
        return ", ".join(words)

    @property
    def is_unused(self) -> bool:
        """Whether it is computed and nobody reads it, inside of the project or outside."""
        return not (self.readers or self.is_output or self.retired)


def usage(
    graph: Graph, config: Config, champions: Mapping[str, Sequence[str]] | None = None
) -> tuple[Used, ...]:
    """List every attribute version of the project with its consumers, in the order of names.

    The fields of the raw line itself, `event_time` and `event_id`, are left out.

    Args:
        graph: The resolved project.
        config: What was written: it knows what is retired.
        champions: Words for each artifact in force, and the attribute versions it was trained on.
    """
    direct = _readers(graph)
    for words, inputs in (champions or {}).items():
        for identity in inputs:
            direct.setdefault(identity, {}).setdefault(words, None)
    models = {model.identity for model in graph.models.values()}
    found: dict[str, Used] = {}
    for attribute in sorted(graph.attributes.values(), key=lambda a: (a.owner, a.name, a.version)):
        if isinstance(attribute.definition, Carried):
            continue
        known = found.get(attribute.identity)
        ids = (*(known.ids if known else ()), *([attribute.number] if attribute.number else ()))
        found[attribute.identity] = Used(
            attribute.identity,
            _kind(attribute),
            tuple(sorted(ids)),
            is_default=attribute.is_default,
            is_output=OUTPUT in attribute.about.tags or _is_output(graph, attribute.owner),
            deprecated=attribute.about.deprecated or "",
            readers=tuple(sorted(direct.get(attribute.identity, ()))),
            models=_behind(attribute.identity, direct, models),
        )
    for identity, kind, said in retired_versions(config):
        readers = tuple(sorted(direct.get(identity, ())))
        found[identity] = Used(identity, kind, deprecated=said, retired=True, readers=readers)
    return tuple(found.values())


def names_of(identity: str) -> tuple[str, str, str]:
    """Return what an attribute version can be asked for by.

    >>> names_of("asn.failure_rate@2")
    ('asn', 'asn.failure_rate', 'asn.failure_rate@2')
    """
    return identity.partition(".")[0], identity.partition("@")[0], identity


def values_read(graph: Graph, attribute: Attribute) -> list[Key]:
    """Return the attributes whose values, of the same row, an attribute is made of.

    What selects or matches rows is none of them, nor what a model made its scores of.
    """
    definition = attribute.definition
    known = graph.attributes
    read = [known[r.key] for r in attribute.inputs if r.key in known]
    match definition:
        case Joined():
            return [a.key for a in read if a.owner != attribute.owner and a.key[0] != "events"]
        case Voted():
            columns = set(definition.computed.columns.values())
            later = {it.key for it in definition.later.values()} & set(known)
            found = [a.key for a in read if _column(a, attribute.owner) in columns]
            return list(dict.fromkeys([*found, *sorted(later)]))
        case Computed() | Called():
            columns = set(definition.columns.values())
        case Aggregated():
            columns = set(definition.siblings.values())
            return [a.key for a in read if a.owner == attribute.owner and a.column in columns]
        case _:
            return []
    return [a.key for a in read if _column(a, attribute.owner) in columns]


def _readers(graph: Graph) -> dict[str, dict[str, None]]:
    """Return of each identity who reads it directly, and of rows what is in them."""
    found: dict[str, dict[str, None]] = {}
    selecting = _selecting(graph)
    for attribute in graph.attributes.values():
        rows = f"rows of {attribute.owner}"
        found.setdefault(rows, {})[attribute.identity] = None
        for read in attribute.inputs:
            source = graph.attributes.get(read.key)
            if source is None or isinstance(attribute.definition, Scored):
                continue
            is_row = read.key in selecting.get(attribute.owner, ())
            words = rows if is_row and not _is_value(attribute, source) else attribute.identity
            found.setdefault(source.identity, {})[words] = None
    for model in graph.models.values():
        for source in model.learned:
            found.setdefault(source.identity, {})[model.identity] = None
        for output in model.outputs:
            found.setdefault(model.identity, {})[output.identity] = None
    return found


def _selecting(graph: Graph) -> dict[str, set[Key]]:
    """Return of each family and label set the attributes that decide which rows it has."""
    found = {f.name: {key for g in f.groups for key in g.inputs} for f in graph.families.values()}
    for rows in graph.row_families.values():
        columns = set(rows.where.columns.values()) if rows.where else set()
        fields = graph.events[rows.base].attributes
        found[rows.name] = {a.key for a in fields if base_column(a) in columns}
        found[rows.name].add(rows.base_field.key)
    for labels in graph.label_sets.values():
        found[labels.name] = {graph.row_families[labels.family].base_field.key}
    return found


def _is_value(attribute: Attribute, source: Attribute) -> bool:
    """Tell whether the definition of an attribute names the column of `source`."""
    match attribute.definition:
        case Aggregated() as it:
            columns = it.siblings if source.owner == attribute.owner else it.columns
            return source.column in columns.values()
        case Computed() | Called() as it:
            return _column(source, attribute.owner) in it.columns.values()
        case Voted(computed=it, later=later):
            is_later = any(joined.key == source.key for joined in later.values())
            return is_later or _column(source, attribute.owner) in it.columns.values()
        case _:
            return False


def _behind(
    identity: str, direct: Mapping[str, Mapping[str, None]], models: set[str]
) -> tuple[str, ...]:
    seen, queue = {identity}, [identity]
    for name in queue:
        fresh = [reader for reader in direct.get(name, ()) if reader not in seen]
        seen.update(fresh)
        queue += fresh
    return tuple(sorted(seen & models))


def _kind(attribute: Attribute) -> str:
    joined = "joined " if isinstance(attribute.definition, Joined) else ""
    return f"{joined}{KINDS[attribute.key[0]]}"


def _is_output(graph: Graph, owner: str) -> bool:
    family = graph.families.get(owner) or graph.row_families.get(owner)
    return family is not None and OUTPUT in family.about.tags


def retired_versions(config: Config) -> Iterator[tuple[str, str, str]]:
    """Yield identity, kind and `deprecated` of every version that is written and retired."""
    for owner, kind, written in every_written(config):
        for name, versions in written.items():
            for number, spec in versions.all.items():
                if isinstance(spec, Written) and spec.retired:
                    yield f"{owner}.{name}@{number}", kind, spec.deprecated or ""


def every_written(config: Config) -> Iterator[tuple[str, str, Mapping[str, Versions]]]:  # type: ignore[type-arg]
    """Yield each owner's name, what its attributes are, and all that is written of them."""
    for event in config.events:
        yield event.spec.name, "field", event.spec.fields
    for family in config.families:
        for group in family.spec.groups:
            yield family.spec.name, "feature", group.own
    for labels in config.label_sets:
        yield labels.spec.name, "label", labels.spec.weak_labels
        yield labels.spec.name, "label", labels.spec.strong_labels


def _column(attribute: Attribute, reader: str) -> str:
    """Return under which name `reader` sees the column of `attribute`; none for its own times."""
    if isinstance(attribute.definition, Carried):
        return ""
    is_field = attribute.key[0] == "events" and attribute.owner != reader
    return base_column(attribute) if is_field else attribute.column
