"""What a message proposes: the nearest name, a comparison, what to read instead of the retired."""

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches

from fig_assets.config.load import Config
from fig_assets.config.schema import Attribute, Event, Family, LabelSet, Model, Versions
from fig_assets.language.types import Type

MOST_NAMES = 12

Written = Mapping[str, Versions]  # type: ignore[type-arg]


def nearest(name: str, known: Iterable[str], mark: str = "", quote: str = "") -> str:
    """Word a mend that names what is close to `name`, or everything there is.

    `mark` stands before each name: `$` inside expressions. `quote` stands around it.
    """
    names = sorted(set(known))
    if close := get_close_matches(name, names, 1):
        return f"write {quote}{mark}{close[0]}{quote}"
    shown = ", ".join(f"{quote}{mark}{n}{quote}" for n in names[:MOST_NAMES])
    more = ", ..." if len(names) > MOST_NAMES else ""
    return f"use one of: {shown}{more}" if names else "define it first"


def comparison(text: str, found: Type) -> str:
    """Word a mend that makes a condition of the expression `text`, which gives a `found`."""
    whole = text if text.removeprefix("$").isidentifier() else f"({text})"
    if found.name in ("bigint", "float"):
        return f"write {whole} > 0"
    if found.name == "string" and "||" in text:
        return "write OR between conditions; '||' joins texts"
    if found.name == "string":
        return f"write {whole} = '...'"
    return f"write {whole} IS NOT NULL"


def mended_type(said: str, quote: str = '"') -> tuple[str, str]:
    """Split what is said of an unknown type into message and mend."""
    message, _, near = said.partition(", did you mean ")
    if near:
        return message, f"write {quote}{near[1:-2]}{quote}"
    message, mark, known = said.partition(", use one of: ")
    return message, f"use one of: {known}" if mark else ""


def retired(config: Config, owner: str, name: str) -> dict[int, str]:
    """Return the retired versions of `owner`'s attribute `name`, each with its `deprecated`."""
    return {
        number: spec.deprecated or ""
        for written in _written(config, owner, name)
        for number, spec in written.all.items()
        if isinstance(spec, Attribute) and spec.retired
    }


def _written(config: Config, owner: str, name: str) -> Iterator[Versions]:  # type: ignore[type-arg]
    yield from _outputs(config, owner, name)
    specs: list[Event | Family | LabelSet] = [
        definition.spec
        for definitions in (config.events, config.families, config.label_sets)
        for definition in definitions
    ]
    for spec in specs:
        if spec.name != owner:
            continue
        if isinstance(spec, Event):
            places: list[Written] = [spec.fields]
        elif isinstance(spec, Family):
            places = [group.own for group in spec.groups]
        else:
            places = [spec.weak_labels, spec.strong_labels]
        yield from (place[name] for place in places if name in place)


def _outputs(config: Config, owner: str, name: str) -> Iterator[Versions[Model]]:
    """Give the versions of a model that have the output `name` as versions of it."""
    named = [d.spec for d in config.models if d.spec.name == owner]
    if having := {spec.version: spec for spec in named if name in spec.output_features}:
        default = named[0].default_version
        yield Versions[Model].model_construct(default=default, all=having)
