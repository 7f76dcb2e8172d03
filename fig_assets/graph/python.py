"""Configured Python features -> `Called`: the function found, its inputs resolved, its meaning."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from sqlglot import exp

from fig_assets.config.load import Definition
from fig_assets.config.schema import Family, Feature
from fig_assets.errors import Where
from fig_assets.graph.definitions import Called
from fig_assets.graph.nodes import About, Attribute, label_of
from fig_assets.graph.scope import Scope, about
from fig_assets.graph.version import Part
from fig_assets.language.parse import Reference
from fig_assets.language.types import Type
from fig_assets.usercode.function import find
from fig_assets.usercode.source import CodeError

EXAMPLE = '"inputs": ["$sender_name", "$vip_name"]'


@dataclass(frozen=True, eq=False)
class BoundCall:
    """A Python feature whose names are resolved: what is called, what it reads, what it means."""

    called: Called
    type: Type
    attributes: tuple[Attribute, ...]
    meaning: tuple[Part, ...]
    about: About


def bind_call(
    scope: Scope,
    definition: Definition[Family],
    spec: Feature,
    path: tuple[str | int, ...],
    *,
    lookup: Callable[[Reference, Where], Attribute],
    column: Callable[[Attribute], str] = lambda attribute: attribute.column,
) -> BoundCall:
    """Resolve the Python feature that stands at `path`; nothing of the user's is run.

    `lookup` gives the attribute of each input, `column` the column that holds it.

    Raises:
        Refused: the function, an input or the type is wrong; the problem is recorded.
    """
    where = definition.where(*path, "python")
    if spec.type is None:
        scope.refuse(where, "a python feature does not say its type", 'add "type": "float"')
    kind = scope.type_of(spec.type, definition.where(*path, "type"))
    if not spec.inputs:
        scope.refuse(where, "the function is given nothing", f"add {EXAMPLE}")
    try:
        function = find(spec.python or "", scope.modules)
    except CodeError as refusal:
        scope.refuse(where, refusal.message, refusal.fix)
    places = [definition.where(*path, "inputs", n) for n in range(len(spec.inputs))]
    written = list(zip(spec.inputs, places, strict=True))
    references = scope.each(partial(_reference, scope, text, at) for text, at in written)
    labels = [label_of(reference) for reference in references]
    for n, label in enumerate(labels):
        if label in labels[:n]:
            scope.refuse(places[n], f"${label} is given twice", "leave one of them out")
    read = list(zip(references, places, strict=True))
    values = scope.each(partial(lookup, reference, at) for reference, at in read)
    found = dict(zip(labels, values, strict=True))
    called = Called(
        function,
        {label: column(attribute) for label, attribute in found.items()},
        {label: attribute.type for label, attribute in found.items()},
    )
    identities = [[label, attribute.identity] for label, attribute in found.items()]
    meaning = ("python", function.location, function.digest, identities)
    documented = about(definition, spec, *path)
    if not documented.description:
        documented = replace(documented, description=function.docstring)
    return BoundCall(called, kind, tuple(found.values()), meaning, documented)


def _reference(scope: Scope, text: str, where: Where) -> Reference:
    """Read one input: a name alone, pinned or not."""
    expression = scope.expression(text, where)
    if not isinstance(expression.tree, exp.Column) or len(expression.references) != 1:
        fix = "define a feature for it, and name that here"
        scope.refuse(where, f"'{text}' is no name of a feature, such as $sender_name", fix)
    return expression.references[0]
