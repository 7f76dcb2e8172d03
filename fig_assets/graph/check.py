"""Rules over a whole resolved project, each a function that yields problems."""

from collections.abc import Callable, Iterator

from fig_assets.config.load import Config
from fig_assets.errors import Problem
from fig_assets.graph.nodes import Graph, Key

Rule = Callable[[Graph, Config], Iterator[Problem]]


def deprecated_versions_have_no_consumers(graph: Graph, config: Config) -> Iterator[Problem]:
    """Warn each consumer of a deprecated version by name."""
    del config
    for attribute in graph.attributes.values():
        for read in attribute.inputs:
            source = graph.attributes.get(read.key)
            if source is not None and source.about.deprecated:
                message = f"{attribute.identity} reads {source.identity}, which is deprecated"
                fix = source.about.deprecated
                yield Problem(attribute.about.where, message, fix, "warning")


def labels_and_model_share_nothing_by_accident(graph: Graph, config: Config) -> Iterator[Problem]:
    """Warn of inputs that the weak labels of the model's own truth read too."""
    specs = {definition.spec.name: definition for definition in config.models}
    for model in graph.models.values():
        voted = _read_by(graph, model.label.key)
        allowed = specs[model.name].spec.allow_shared
        for attribute in model.inputs:
            names = (attribute.name, f"{attribute.name}@{attribute.version}")
            if attribute.key in voted and not any(name in allowed for name in names):
                where = specs[model.name].where("input_features")
                message = f"{attribute.identity} is read by the labels and by the model"
                fix = f'"allow_shared": {{"{attribute.name}": "<why>"}}'
                yield Problem(where, message, fix, "warning")


def no_attribute_is_called_like_its_key(graph: Graph, config: Config) -> Iterator[Problem]:
    """Refuse an attribute whose name is that of the key column beside it."""
    del config
    keys = {family.name: family.granularity for family in graph.families.values()}
    keys |= {family.name: family.granularity for family in graph.row_families.values()}
    keys |= {labels.name: keys[labels.family] for labels in graph.label_sets.values()}
    keys |= {model.name: keys[model.family] for model in graph.models.values()}
    seen = set()
    for attribute in graph.attributes.values():
        if attribute.name == keys.get(attribute.owner) and attribute.about.where not in seen:
            seen.add(attribute.about.where)
            message = f"'{attribute.name}' is the granularity of '{attribute.owner}' already"
            yield Problem(attribute.about.where, message, "leave it out, or rename it")


def checks_of_embeddings_ask_whether_there_is_one(
    graph: Graph, config: Config
) -> Iterator[Problem]:
    """Refuse checks that compare an embedding: it has no order and no equality."""
    del config
    seen = set()
    for attribute in graph.attributes.values():
        where = attribute.about.where
        compared = [check.kind for check in attribute.checks if not check.nonnull]
        if attribute.type.size is not None and compared and where not in seen:
            seen.add(where)
            message = f"'{compared[0]}' cannot judge {attribute.type.words}"
            yield Problem(where, message, 'write "checks": "nonnull", or leave it out')


def _read_by(graph: Graph, label: Key) -> set[Key]:
    """Return what the weak labels behind a strong label read directly."""
    votes = {read.key for read in graph.attributes[label].inputs}
    return {read.key for vote in votes for read in graph.attributes[vote].inputs} | votes


RULES: tuple[Rule, ...] = (
    no_attribute_is_called_like_its_key,
    checks_of_embeddings_ask_whether_there_is_one,
    deprecated_versions_have_no_consumers,
    labels_and_model_share_nothing_by_accident,
)
