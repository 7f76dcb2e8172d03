"""The lock file: the number and the meaning of every attribute version, read and written."""

import json
import os
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Strict
from pydantic import Field as Bound

from fig_assets.config.define import Part, define
from fig_assets.config.locate import Document, read_file
from fig_assets.config.node import Flag, Node
from fig_assets.config.rules import wrong
from fig_assets.errors import Problem, Where

FILE = "attributes.lock.json"
FORMAT = 1
MERGE = "fig lock --merge"

_KEY = re.compile(r"(events|features|labels|models|scores)(/[a-z0-9_]+)+__v[1-9][0-9]*")
_MEANS = re.compile(r"[0-9a-f]{16}")
_MARKER = re.compile(r"(<{7}|\|{7}|={7}|>{7})( |$)")


def _key(key: str) -> str:
    if not _KEY.fullmatch(key):
        raise wrong("'{text}' is not the key of an attribute version", text=key[:60])
    return key


def _means(text: str) -> str:
    if not _MEANS.fullmatch(text):
        raise wrong("a fingerprint has 16 characters of 0-9 and a-f, not '{text}'", text=text[:60])
    return text


Id = Annotated[int, Strict(), Bound(ge=1, le=2**31)]


class Locked(Node):
    """One line: the number an attribute version has for ever, and what stands for its meaning."""

    id: Id
    means: Annotated[str, AfterValidator(_means)]
    removed: Flag = False


class _Written(Node):
    """The file as a whole."""

    format: Id
    rule: Id
    next_id: Id
    attributes: dict[Annotated[str, AfterValidator(_key)], Locked]
    references: dict[str, dict[str, Id]] = Bound(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Lock:
    """What a lock file says.

    Attributes:
        path: The file.
        file: Its name as messages show it.
        rule: The version of the rule by which its fingerprints were made.
        next_id: The number of the next attribute version; no lower one is ever given again.
        attributes: By asset key; removed ones stay.
        references: Of each consumer, the version that each reference without one stands for.
    """

    path: Path
    file: str
    rule: int
    next_id: int = 1
    attributes: Mapping[str, Locked] = field(default_factory=dict)
    references: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    @cached_property
    def _document(self) -> Document:
        return read_file(self.path, self.file)

    def where(self, key: str) -> Where:
        """Return the place of an attribute's line."""
        return self._document.where("attributes", key)

    def number(self, key: Sequence[str]) -> int | None:
        """Return the number of the attribute version with this asset key, if it has one."""
        found = self.attributes.get("/".join(key))
        return found.id if found else None

    def text(self) -> str:
        """Write it: one attribute on a line, in the order of keys."""
        attributes = [
            f"    {json.dumps(key)}: {json.dumps(_line(self.attributes[key]))}"
            for key in sorted(self.attributes)
        ]
        references = [
            f"    {json.dumps(name)}: {json.dumps(self.references[name], sort_keys=True)}"
            for name in sorted(self.references)
        ]
        return (
            f'{{\n  "format": {FORMAT},\n  "rule": {self.rule},\n  "next_id": {self.next_id},\n'
            f'  "attributes": {_block(attributes)},\n  "references": {_block(references)}\n}}\n'
        )


def _line(locked: Locked) -> dict[str, object]:
    line: dict[str, object] = {"id": locked.id, "means": locked.means}
    return {**line, "removed": True} if locked.removed else line


def _block(lines: Sequence[str]) -> str:
    return "{\n" + ",\n".join(lines) + "\n  }" if lines else "{}"


def write_lock(lock: Lock) -> None:
    """Replace the file at once: whoever reads it sees the old one or the new one."""
    replace_text(lock.path, lock.text())


def replace_text(path: Path, text: str) -> None:
    """Make `text` the content of a file, at once."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)


def read_lock(folder: Path) -> tuple[Lock | None, tuple[Problem, ...]]:
    """Read the lock of the project in `folder`.

    Returns:
        The lock, or None where there is no file or it has problems, and its problems.
    """
    path, shown = folder / FILE, f"{folder.name}/{FILE}"
    try:
        text = path.read_text(encoding="utf-8")
        written = _Written.model_validate(json.loads(text, object_pairs_hook=_once))
    except FileNotFoundError:
        return None, ()
    except (OSError, ValueError):  # ValidationError is one; the reasons are found with their places
        return None, _reasons(path, shown)
    lock = Lock(path, shown, written.rule, written.next_id, written.attributes, written.references)
    problems = _contradictions(lock, written.format)
    return (None if problems else lock), problems


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice")
    return found


def _reasons(path: Path, shown: str) -> tuple[Problem, ...]:
    """Say why the file is no lock."""
    restore = f"git checkout -- {shown}, then: fig lock"
    if conflict := _conflict(path, shown):
        return (conflict,)
    document = read_file(path, shown)
    if document.problems:
        return tuple(replace(problem, fix=restore) for problem in document.problems)
    if newer := _newer(document):
        return (newer,)
    _, problems = define(_Written, Part(document), document.value)
    return tuple(replace(problem, fix=restore) for problem in problems)


def _conflict(path: Path, shown: str) -> Problem | None:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return None
    for number, line in enumerate(lines, 1):
        if _MARKER.match(line):
            return Problem(Where(shown, number, 1), "git left a conflict here", MERGE)
    return None


def _newer(document: Document) -> Problem | None:
    value = document.value
    found = value.get("format") if isinstance(value, dict) else None
    if found == FORMAT or not isinstance(found, int) or found < 1:
        return None
    message = f"the lock has format {found}, and this program knows format {FORMAT}"
    return Problem(document.where("format"), message, "install a newer fig-assets")


def _contradictions(lock: Lock, written_format: int) -> tuple[Problem, ...]:
    """Say what no `fig lock` could have written, though each line is well formed."""
    if written_format != FORMAT:
        return _reasons(lock.path, lock.file)
    problems = []
    holders: dict[int, str] = {}
    for key, locked in lock.attributes.items():
        if locked.id in holders:
            message = f"{key} has the id {locked.id} of {holders[locked.id]}"
            problems.append(Problem(lock.where(key), message, MERGE))
        elif locked.id >= lock.next_id:
            message = f"{key} has the id {locked.id}, and next_id is {lock.next_id}"
            problems.append(Problem(lock.where(key), message, MERGE))
        holders.setdefault(locked.id, key)
    return tuple(problems)
