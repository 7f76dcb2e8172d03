"""A family whose rows are selected anew -> its file with the next version of each feature."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from fig_assets.config.load import Config, Definition
from fig_assets.config.locate import read_json
from fig_assets.config.lock import Lock
from fig_assets.config.parsed import Path as Steps
from fig_assets.config.parsed import Value
from fig_assets.config.schema import Event, Family, Versions
from fig_assets.errors import ConfigError, Problem, Where

_DECODER = json.JSONDecoder()


@dataclass(frozen=True)
class Bumped:
    """The new text of one file, and the numbers that moved: `asn.failure_rate`, from, to."""

    path: Path
    text: str
    moved: tuple[tuple[str, int, int], ...]


@dataclass(frozen=True)
class _Edit:
    start: int
    end: int
    text: str


def bump(config: Config, name: str) -> Bumped:
    """Give each live version of each feature of a family, or field of an event, the next number.

    Definitions, spaces and the order of everything stay as they are written. References between
    siblings that name a version name the new one.

    Raises:
        ConfigError: there is no such family or event, or its file is not JSON.
    """
    definition = _definition(config, name)
    path = config.folder.parent / definition.file
    if path.suffix != ".json":
        message = f"'{name}' is written in YAML, which is not rewritten"
        fix = 'write {"versions": {"2": ...}} in place of each definition, then run: fig lock'
        raise ConfigError([Problem(definition.where(), message, fix)])
    text = path.read_text(encoding="utf-8-sig")
    moved = dict(_moved(name, definition, config.lock))
    edits = _edits(definition, text, moved)
    for edit in sorted(edits, key=lambda edit: edit.start, reverse=True):
        text = text[: edit.start] + edit.text + text[edit.end :]
    told = tuple((f"{name}.{own}", a, b) for own, it in moved.items() for a, b in it.items())
    return Bumped(path, text, told)


def _definition(config: Config, name: str) -> Definition[Event] | Definition[Family]:
    found: list[Definition[Event] | Definition[Family]] = [*config.families, *config.events]
    for definition in found:
        if definition.spec.name == name:
            return definition
    known = ", ".join(sorted(definition.spec.name for definition in found))
    message = f"there is no family or event '{name}' to bump"
    raise ConfigError([Problem(Where(config.folder.name), message, f"use one of: {known}")])


def _places(
    definition: Definition[Event] | Definition[Family],
) -> Iterator[tuple[Steps, str, Versions]]:  # type: ignore[type-arg]
    """Yield where each attribute is written, its name and its versions."""
    spec = definition.spec
    if isinstance(spec, Event):
        yield from ((("fields", name), name, fields) for name, fields in spec.fields.items())
        return
    for index, group in enumerate(spec.groups):
        for name, versions in group.own.items():
            yield ("groups", index, "features", name), name, versions


def _moved(
    owner: str, definition: Definition[Event] | Definition[Family], lock: Lock | None
) -> Iterator[tuple[str, dict[int, int]]]:
    for _, name, versions in _places(definition):
        used = [*versions.all, *_locked(owner, name, lock.attributes if lock else ())]
        live = sorted(number for number, spec in versions.all.items() if not spec.retired)
        yield name, {number: max(used) + n for n, number in enumerate(live, 1)}


def _locked(owner: str, name: str, keys: Iterable[str]) -> Iterator[int]:
    """Yield every number that an attribute ever had."""
    for key in keys:
        parts = key.split("/")
        own, _, number = parts[-1].rpartition("__v")
        if parts[1] == owner and own == name and parts[0] in ("events", "features"):
            yield int(number)


def _edits(
    definition: Definition[Event] | Definition[Family],
    text: str,
    moved: Mapping[str, Mapping[int, int]],
) -> Iterator[_Edit]:
    offsets = _Offsets(text, definition.document.file)
    for steps, name, _ in _places(definition):
        path = (*definition.prefix, *steps)
        value = offsets.value(path)
        if not isinstance(value, dict) or "versions" not in value:
            start, end = offsets.span(path)
            written = _definition_text(offsets, path, text, moved)
            new = moved[name][1]
            yield _Edit(start, end, f'{{"versions": {{"{new}": {written}}}}}')
            continue
        default = value.get("default_version")
        if isinstance(default, int) and default in moved[name]:
            start, end = offsets.span((*path, "default_version"))
            yield _Edit(start, end, str(moved[name][default]))
        for old, new in moved[name].items():
            start, end = offsets.key((*path, "versions", str(old)))
            yield _Edit(start, end, f'"{new}"')
            place = (*path, "versions", str(old))
            start, end = offsets.span(place)
            yield _Edit(start, end, _definition_text(offsets, place, text, moved))


class _Offsets:
    """Where the values and keys of a JSON text begin and end."""

    def __init__(self, text: str, file: str) -> None:
        self._text = text
        self._document = read_json(text, file)

    def value(self, path: Steps) -> Value:
        value: Value = self._document.value
        for step in path:
            match value, step:
                case dict(), str():
                    value = value[step]
                case list(), int():
                    value = value[step]
        return value

    def span(self, path: Steps) -> tuple[int, int]:
        start = self._document.offset(path)
        return start, _DECODER.raw_decode(self._text, start)[1]

    def key(self, path: Steps) -> tuple[int, int]:
        start = self._document.offset(path, key=True)
        return start, _DECODER.raw_decode(self._text, start)[1]


def _definition_text(
    offsets: _Offsets, path: Steps, text: str, moved: Mapping[str, Mapping[int, int]]
) -> str:
    """Return one definition as it is written, but for the versions that its expression names."""
    start, end = offsets.span(path)
    value = offsets.value(path)
    if not isinstance(value, dict):
        return _renamed(text[start:end], moved)
    parts = sorted(offsets.span((*path, key)) for key in ("function", "inputs") if key in value)
    written, last = "", start
    for first, after in parts:
        written += text[last:first] + _renamed(text[first:after], moved)
        last = after
    return written + text[last:end]


def _renamed(text: str, moved: Mapping[str, Mapping[int, int]]) -> str:
    """Let references to siblings that name a version name the new one."""

    def new(found: re.Match[str]) -> str:
        name, number = found[1], int(found[2])
        return f"${name}@{moved.get(name, {}).get(number, number)}"

    return re.sub(r"\$([a-z][a-z0-9_]*)@([0-9]+)", new, text)
