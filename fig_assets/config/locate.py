"""File -> `Document`: the written value, and the line and column of everything in it."""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path as File

from fig_assets.config.json_text import parse_json
from fig_assets.config.parsed import MAX_BYTES, Flaw, Parsed, Path, Value
from fig_assets.config.yaml_text import BREAKS, parse_yaml
from fig_assets.errors import Problem, Where

SUFFIXES = (".json", ".yaml", ".yml")


@dataclass(frozen=True, eq=False)
class Document:
    """A configuration file as it was written.

    Attributes:
        file: The name that messages show.
        value: What the file says; meaningless unless `is_complete`.
        problems: What makes the text unreadable or ambiguous.
        is_complete: Whether the text was read to its end.
    """

    file: str
    value: Value
    problems: tuple[Problem, ...] = ()
    is_complete: bool = True
    _parsed: Parsed = field(default_factory=Parsed, repr=False)
    _starts: tuple[int, ...] = field(default=(0,), repr=False)
    _places: dict[tuple[Path, bool], Where] = field(default_factory=dict, repr=False)

    def where(self, *path: str | int, key: bool = False) -> Where:
        """Return where the value at `path` stands, or its nearest parent that was written.

        `path` may name the long form of what was written short: a version of a feature without
        versions stands where the feature stands. With `key`, where the key of the value stands.
        """
        place = self._places.get((path, key))
        if place is None:
            found = self.written(path)
            at = self._parsed.values.get(found, 0)
            place = self._where(self._parsed.keys.get(found, at) if key else at, found)
            self._places[path, key] = place
        return place

    def offset(self, path: Path, *, key: bool = False) -> int:
        """Return at which character the value at `path` starts, or with `key` its key."""
        return (self._parsed.keys if key else self._parsed.values)[path]

    def written(self, path: Path) -> Path:
        """Return the longest beginning of `path` that stands in the file, as it stands there."""
        if path in self._parsed.values:
            return path
        here: Path = ()
        steps = iter(path)
        for step in steps:
            entry = next((way for way in _ways(here, step) if way in self._parsed.values), None)
            if entry is not None:
                here = entry
            elif step in ("all", "versions"):
                next(steps, None)
            else:
                break
        return here

    def _where(self, offset: int, path: Path) -> Where:
        line = bisect_right(self._starts, offset)
        return Where(self.file, line, offset - self._starts[line - 1] + 1, _pointer(path))


def _ways(here: Path, step: str | int) -> Iterator[Path]:
    yield (*here, step)
    yield (*here, str(step))
    if step == "all":
        yield (*here, "versions")


def read_file(path: File, file: str) -> Document:
    """Read a JSON or YAML file; `file` is the name that messages show.

    What cannot be read is told in the document's `problems`; nothing is raised for it.
    """
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except OSError as refusal:
        return _unreadable(file, f"the file cannot be read: {refusal.strerror}")
    if len(raw) > MAX_BYTES:
        return _unreadable(file, "the file is larger than 5 MiB", fix="split it into several files")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as refusal:
        line = raw.count(b"\n", 0, refusal.start) + 1
        column = len(raw[raw.rfind(b"\n", 0, refusal.start) + 1 : refusal.start].decode()) + 1
        return _unreadable(
            file, "the file is not UTF-8 text", fix="save it as UTF-8", place=(line, column)
        )
    return read_json(text, file) if path.suffix == ".json" else read_yaml(text, file)


def read_json(text: str, file: str) -> Document:
    """Read JSON: strict, no key twice, at most 50 levels deep."""
    return _document(text, file, parse_json(text.removeprefix("\ufeff")), re.compile("\n"))


def read_yaml(text: str, file: str) -> Document:
    """Read YAML 1.2 without tags, anchors and aliases; no key twice, at most 50 levels deep."""
    return _document(text, file, parse_yaml(text.removeprefix("\ufeff")), BREAKS)


def _document(text: str, file: str, parsed: Parsed, breaks: re.Pattern[str]) -> Document:
    text = text.removeprefix("\ufeff")
    starts = (0, *(found.end() for found in breaks.finditer(text)))
    document = Document(file, parsed.value, (), parsed.is_complete, parsed, starts)
    problems = tuple(_problem(document, text, flaw) for flaw in parsed.flaws)
    return Document(file, parsed.value, problems, parsed.is_complete, parsed, starts)


def _problem(document: Document, text: str, flaw: Flaw) -> Problem:
    where = document._where(flaw.offset, flaw.path)  # noqa: SLF001
    return Problem(where, flaw.message, flaw.fix, excerpt=_excerpt(text, flaw.offset))


def _excerpt(text: str, offset: int) -> str:
    """Return the line around `offset`, cut to what is near, with a caret below."""
    start = max(text.rfind("\n", 0, offset) + 1, offset - 46)
    end = text.find("\n", offset)
    shown = text[start : min(len(text) if end < 0 else end, offset + 26)].rstrip("\r")
    if not shown.strip() or offset == 0:
        return ""
    indent = len(shown) - len(shown.lstrip())
    caret = max(offset - start - indent, 0)
    printable = "".join(char if char.isprintable() else " " for char in shown.strip())
    return f"{printable}\n{' ' * caret}^"


def _pointer(path: Path) -> str:
    return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in path)


def _unreadable(
    file: str, message: str, *, fix: str = "", place: tuple[int, int] = (0, 0)
) -> Document:
    problem = Problem(Where(file, *place), message, fix)
    return Document(file, None, (problem,), is_complete=False)
