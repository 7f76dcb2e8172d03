"""Rules over all attributes that could be resolved, each a function that yields problems."""

from collections.abc import Callable, Iterable, Iterator

from fig_assets.config.load import Config
from fig_assets.errors import Problem
from fig_assets.graph.checks import checks_fit_their_attributes
from fig_assets.graph.nodes import Attribute

Rule = Callable[[Iterable[Attribute], Config], Iterator[Problem]]


def named_like_their_key(attributes: Iterable[Attribute], config: Config) -> Iterator[Problem]:
    """Refuse an attribute whose name is that of the key column beside it."""
    keys = {family.spec.name: family.spec.granularity for family in config.families}
    keys |= {d.spec.name: keys.get(d.spec.family, "") for d in config.label_sets}
    for model in config.models:
        keys[model.spec.name] = keys.get(model.spec.input_features[0].family_name, "")
    seen = set()
    for attribute in attributes:
        if attribute.name == keys.get(attribute.owner) and attribute.about.where not in seen:
            seen.add(attribute.about.where)
            message = f"'{attribute.name}' is the granularity of '{attribute.owner}' already"
            yield Problem(attribute.about.where, message, "leave it out, or rename it")


RULES: tuple[Rule, ...] = (
    named_like_their_key,
    checks_fit_their_attributes,
)
