"""YAML text -> `Parsed`: what JSON can say, in YAML 1.2's reading of plain words.

Built from the parser's events, so nothing is constructed that was not written: no tags, no
anchors, no aliases. `no` is a text, `2024-01-01` is a text, `12:30` is a text.
"""

import math
import re
from collections.abc import Iterator
from typing import TypeAlias

import yaml

from fig_assets.config.parsed import MAX_DEPTH, Flaw, FlawError, Parsed, Path, Value

_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_WORDS: dict[str, Value] = {"": None, "~": None}
for _word, _value in (("null", None), ("true", True), ("false", False)):
    _WORDS |= dict.fromkeys((_word, _word.title(), _word.upper()), _value)

BREAKS = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
"""What ends a line in YAML."""

_Event: TypeAlias = yaml.events.Event
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def parse_yaml(text: str) -> Parsed:
    """Read `text`, which holds one YAML document.

    A key that stands twice, a tag, an anchor or an alias is a flaw and reading goes on; text that
    is not YAML ends it.
    """
    builder = _Builder(text)
    try:
        builder.read(iter(yaml.parse(text, Loader=_Loader)))
    except FlawError as stop:
        builder.parsed.flaws.append(stop.flaw)
        builder.parsed.is_complete = False
    except yaml.YAMLError as refusal:
        builder.parsed.flaws.append(builder.told(refusal))
        builder.parsed.is_complete = False
    return builder.parsed


class _Builder:
    """Puts values together; `open` holds the objects and lists around the next event."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.starts = [0, *(found.end() for found in BREAKS.finditer(text))]
        self.open: list[tuple[dict[str, Value] | list[Value], Path]] = []
        self.key: str | None = None
        self.parsed = Parsed()

    def read(self, events: Iterator[_Event]) -> None:
        documents = 0
        for event in events:
            match event:
                case yaml.events.DocumentStartEvent():
                    documents += 1
                    if documents > 1:
                        self._stop(event, "a second document", "write a list: one - for each thing")
                case yaml.events.MappingStartEvent() | yaml.events.SequenceStartEvent():
                    self._start(event)
                case yaml.events.MappingEndEvent() | yaml.events.SequenceEndEvent():
                    self.open.pop()
                case yaml.events.ScalarEvent():
                    self._scalar(event)
                case yaml.events.AliasEvent():
                    self._flaw(
                        event, f"the alias *{event.anchor} is not read", "write the value out"
                    )
                    self._put(None, self._path(event))
        if not self.parsed.values or self.parsed.values[()] >= len(self.text.rstrip()):
            raise FlawError(Flaw(0, "the file is empty"))

    def told(self, refusal: yaml.YAMLError) -> Flaw:
        """Return the flaw that stands for a refusal of the YAML parser."""
        mark = getattr(refusal, "problem_mark", None)
        words = getattr(refusal, "problem", None) or getattr(refusal, "reason", None)
        at = self._offset(mark.line, mark.column) if mark else getattr(refusal, "position", 0)
        path = self.open[-1][1] if self.open else ()
        fix = ""
        if self.text[at : at + 1] == "\t":
            fix = "indent with spaces"
        elif re.search("[@%`*&]", self.text[max(at - 1, 0) : at + 1]):
            fix = "put the text into double quotes"
        return Flaw(at, f"this is not YAML: {words or 'unreadable'}", fix, path)

    def _start(self, event: yaml.events.CollectionStartEvent) -> None:
        if len(self.open) >= MAX_DEPTH:
            deep = f"nested deeper than {MAX_DEPTH} levels"
            raise FlawError(Flaw(self._start_of(event), deep))
        if self._expects_key():
            self._stop(event, "a key must be a plain text", "")
        self._refuse_decoration(event)
        is_object = isinstance(event, yaml.events.MappingStartEvent)
        container: dict[str, Value] | list[Value] = {} if is_object else []
        path = self._path(event)
        self._put(container, path)
        self.open.append((container, path))

    def _scalar(self, event: yaml.events.ScalarEvent) -> None:
        self._refuse_decoration(event)
        if not self._expects_key():
            self._put(self._plain(event) if event.implicit[0] else event.value, self._path(event))
            return
        path = self.open[-1][1]
        entry = (*path, event.value)
        at = self._start_of(event)
        if entry in self.parsed.keys:
            first = self.text.count("\n", 0, self.parsed.keys[entry]) + 1
            message = f'the key "{event.value}" stands twice; first on line {first}'
            self.parsed.flaws.append(Flaw(at, message, "keep one of the two", entry))
        self.parsed.keys[entry] = at
        self.key = event.value

    def _plain(self, event: yaml.events.ScalarEvent) -> Value:
        """Return what an unquoted word means."""
        word = event.value
        if word in _WORDS:
            return _WORDS[word]
        if re.fullmatch(r"[-+]?\.(inf|nan)", word, re.IGNORECASE):
            self._flaw(event, f"{word} is not a number", "write null or a number")
        elif re.fullmatch(r"[-+]?0[0-9]+", word):
            self._flaw(event, f"{word} can be read in two ways", f'write "{word}" or {int(word)}')
        elif len(word) <= 400 and _INTEGER.fullmatch(word):
            return int(word)
        elif len(word) <= 400 and _FLOAT.fullmatch(word):
            if math.isfinite(float(word)):
                return float(word)
            self._flaw(event, f"{word} is too large for a number", "write a smaller number")
        return word

    def _expects_key(self) -> bool:
        return bool(self.open) and isinstance(self.open[-1][0], dict) and self.key is None

    def _path(self, event: _Event) -> Path:
        """Return the place of the value that starts with `event`, and note its position."""
        path: Path = ()
        if self.open:
            container, parent = self.open[-1]
            step = len(container) if isinstance(container, list) else self.key or ""
            path = (*parent, step)
        self.parsed.values[path] = self._start_of(event)
        return path

    def _put(self, value: Value, path: Path) -> None:
        if not self.open:
            self.parsed.value = value
            return
        container, _ = self.open[-1]
        if isinstance(container, list):
            container.append(value)
        else:
            container[str(path[-1])] = value
            self.key = None

    def _refuse_decoration(
        self, event: yaml.events.CollectionStartEvent | yaml.events.ScalarEvent
    ) -> None:
        if event.tag is not None:
            self._flaw(event, f"the tag {event.tag} is not read", "remove the tag")
        if event.anchor is not None:
            self._flaw(event, f"the anchor &{event.anchor} is not read", "write the value out")

    def _offset(self, line: int, column: int) -> int:
        return self.starts[min(line, len(self.starts) - 1)] + column

    def _start_of(self, event: _Event) -> int:
        mark = event.start_mark
        return self._offset(mark.line, mark.column) if mark else 0

    def _flaw(self, event: _Event, message: str, fix: str) -> None:
        path = self.open[-1][1] if self.open else ()
        self.parsed.flaws.append(Flaw(self._start_of(event), message, fix, path))

    def _stop(self, event: _Event, message: str, fix: str) -> None:
        self._flaw(event, message, fix)
        raise FlawError(self.parsed.flaws.pop())
