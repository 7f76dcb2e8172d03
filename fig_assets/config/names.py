"""One namespace for all definitions, and one default version for each model."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fig_assets.config.define import Definition, Part
from fig_assets.config.parsed import Value
from fig_assets.config.schema import Event, Family, LabelSet, Model, Node, Table
from fig_assets.errors import Problem, Where

_CALLED: dict[type[Node], str] = {
    Event: "an event",
    Table: "a table",
    Family: "a family",
    LabelSet: "a label set",
    Model: "a model",
}


@dataclass(frozen=True)
class Named:
    """A name as it was written: where, and for what; `versions` are those of a model."""

    name: str
    where: Where
    what: str
    versions: frozenset[int] = frozenset()


def named(kind: type[Node], part: Part, raw: Value) -> list[Named]:
    """Return the name in `raw`, which may be wrong in other respects, or nothing."""
    if not isinstance(raw, dict) or not isinstance(name := raw.get("name"), str):
        return []
    versions: frozenset[int] = frozenset()
    if kind is Model:
        written = raw.get("versions", {str(raw.get("version", 1)): None})
        keys = written if isinstance(written, dict) else {}
        versions = frozenset(int(key) for key in keys if re.fullmatch("[0-9]{1,9}", key))
    return [Named(name, part.where("name"), _CALLED[kind], versions)]


def guessed_names(file: Path) -> set[str]:
    """Return what a file that cannot be used seems to define, by its text and its name."""
    try:
        text = file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        text = ""
    return {file.stem, *re.findall(r"""name["']?\s*[:=]\s*["']?([a-z][a-z0-9_]*)""", text)}


def repeated(names: Sequence[Named]) -> list[Problem]:
    """Return a problem for each name that an earlier definition has taken.

    Two versions of one model may stand in two places; everything else has its name alone.
    """
    problems = []
    taken: dict[str, list[Named]] = {}
    for later in sorted(names, key=lambda one: one.where):
        earlier = taken.setdefault(later.name, [])
        clash = next((one for one in earlier if _clash(one, later)), None)
        earlier.append(later)
        if clash is not None:
            place = f"{clash.where.file}:{clash.where.line}:{clash.where.column}"
            message = f"the name '{later.name}' is taken by {clash.what}: {place}"
            problems.append(Problem(later.where, message, "choose another name"))
    return problems


def with_one_default(
    models: Sequence[Definition[Model]],
) -> tuple[tuple[Definition[Model], ...], list[Problem]]:
    """Give all versions of a model the same `default_version`.

    Without a written one it is the lowest version, so that adding a version changes nothing.
    Models whose written ones disagree are left out, with a problem.
    """
    problems: list[Problem] = []
    defaults: dict[str, int | None] = {}
    for name in dict.fromkeys(model.spec.name for model in models):
        versions = [model for model in models if model.spec.name == name]
        known = sorted(model.spec.version for model in versions)
        written = [one for one in versions if "default_version" in one.spec.model_fields_set]
        defaults[name] = written[0].spec.default_version if written else known[0]
        wrong = [one for one in written if one.spec.default_version != defaults[name]]
        if defaults[name] not in known:
            wrong = written
        for one in wrong:
            message = f"default_version {one.spec.default_version} of the model '{name}'"
            other = written[0].where("default_version")
            said = (
                f"{message} is {defaults[name]} elsewhere: {other.file}:{other.line}"
                if defaults[name] in known
                else f"{message} is not among its versions"
            )
            fix = f"use one of: {', '.join(map(str, known))}"
            problems.append(Problem(one.where("default_version"), said, fix))
        if wrong:
            defaults[name] = None
    return tuple(
        replace(one, spec=one.spec.model_copy(update={"default_version": default}))
        for one in models
        if (default := defaults[one.spec.name]) is not None
    ), problems


def _clash(one: Named, other: Named) -> bool:
    both_models = one.what == other.what == "a model"
    return not both_models or bool(one.versions & other.versions)
