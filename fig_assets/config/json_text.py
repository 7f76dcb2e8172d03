"""JSON text -> `Parsed`. Strict, without recursion, and with a mend for the usual slips."""

import json
import math
import re
from collections.abc import Callable
from json import JSONDecodeError
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import NoReturn

from fig_assets.config.parsed import MAX_DEPTH, Flaw, FlawError, Parsed, Path, Value

_read_text: Callable[[str, int], tuple[str, int]] = scanstring
_BLANK = re.compile(r"[ \t\n\r]*")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?(?![0-9A-Za-z_.+-])")
_WORD = re.compile(r"[+-]?[\w.$@+-]+")
_WORDS: dict[str, Value] = {"null": None, "true": True, "false": False}
_SPACES = "\u00a0\u2007\u202f\u3000"
_QUOTES = "\u2018\u2019\u201c\u201d\u201e"
_MEANT = {"none": "null", "nil": "null", "undefined": "null", "yes": "true", "no": "false"}


def parse_json(text: str) -> Parsed:
    """Read `text`, which holds one JSON value.

    A key that stands twice in an object is a flaw and reading goes on; any other flaw ends it.
    """
    scanner = _Scanner(text)
    try:
        scanner.read()
    except FlawError as stop:
        scanner.parsed.flaws.append(stop.flaw)
        scanner.parsed.is_complete = False
    return scanner.parsed


class _Scanner:
    """Reads from `at` on; `open` holds the objects and lists around `at`, outermost first."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.open: list[tuple[dict[str, Value] | list[Value], Path]] = []
        self.parsed = Parsed()

    def read(self) -> None:
        self._skip_blank()
        if self.at == len(self.text):
            self._stop("the file is empty")
        self._value(())
        while self.open:
            self._next_in(*self.open[-1])
        self._skip_blank()
        if self.at < len(self.text):
            self._stop(
                "more text after the end of the value",
                fix="put several things into one list: [{...}, {...}]",
            )

    def _next_in(self, container: dict[str, Value] | list[Value], path: Path) -> None:
        """Read the next entry of the innermost open container, or close it."""
        closing = "}" if isinstance(container, dict) else "]"
        self._skip_blank()
        if self._peek() == closing:
            self.at += 1
            self.open.pop()
            return
        if container:
            self._comma(closing)
        if isinstance(container, list):
            self._value((*path, len(container)))
        else:
            self._entry(container, path)

    def _entry(self, container: dict[str, Value], path: Path) -> None:
        start = self.at
        if self._peek() != '"':
            self._stop_at_key()
        key = self._string()
        entry = (*path, key)
        if key in container:
            first = self.text.count("\n", 0, self.parsed.keys[entry]) + 1
            message = f'the key "{key}" stands twice; first on line {first}'
            self.parsed.flaws.append(Flaw(start, message, "keep one of the two", entry))
        self.parsed.keys[entry] = start
        self._skip_blank()
        if self._peek() != ":":
            if self._peek() and self._peek() in _SPACES:
                self._stop_at_typography()
            self._stop('a ":" is missing after the key', fix=f'write "{key}": ...')
        self.at += 1
        self._skip_blank()
        self._value(entry)

    def _value(self, path: Path) -> None:
        """Read one value; of a list or an object only its opening."""
        self.parsed.values[path] = self.at
        start = self._peek()
        value: Value
        if start == '"':
            value = self._string()
        elif start in ("{", "["):
            if len(self.open) >= MAX_DEPTH:
                raise FlawError(Flaw(self.at, f"nested deeper than {MAX_DEPTH} levels"))
            container: dict[str, Value] | list[Value] = {} if start == "{" else []
            self.open.append((container, path))
            self.at += 1
            self._put(container, path, depth=2)
            return
        else:
            value = self._number_or_word()
        self._put(value, path, depth=1)

    def _put(self, value: Value, path: Path, *, depth: int) -> None:
        if not path:
            self.parsed.value = value
            return
        parent, _ = self.open[-depth]
        if isinstance(parent, list):
            parent.append(value)
        else:
            parent[str(path[-1])] = value

    def _string(self) -> str:
        try:
            value, end = _read_text(self.text, self.at + 1)
        except JSONDecodeError as refusal:
            self._stop_in_string(refusal)
        if not value.isascii() and any("\ud800" <= char <= "\udfff" for char in value):
            self._stop("half of a surrogate pair is no character", fix="write the character itself")
        self.at = end
        return value

    def _number_or_word(self) -> Value:
        if number := _NUMBER.match(self.text, self.at):
            return self._number(number)
        word = _WORD.match(self.text, self.at)
        if word is None or word[0] not in _WORDS:
            self._stop_at_value(word[0] if word else "")
        self.at = word.end()
        return _WORDS[word[0]]

    def _number(self, number: re.Match[str]) -> int | float:
        if len(number[0]) > 400:
            self._stop("a number of more than 400 digits")
        value = float(number[0]) if number[1] or number[2] else int(number[0])
        if isinstance(value, float) and math.isinf(value):
            self._stop(f"{number[0]} is too large for a number")
        self.at = number.end()
        return value

    def _comma(self, closing: str) -> None:
        if self._peek() != ",":
            self._stop_without_comma(closing)
        comma = self.at
        self.at += 1
        self._skip_blank()
        if self._peek() == closing:
            self.at = comma
            self._stop(f"a comma before the closing {closing}", fix="remove the comma")

    def _skip_blank(self) -> None:
        blank = _BLANK.match(self.text, self.at)
        self.at = blank.end() if blank else self.at
        if self._peek() in ("/", "#"):
            self._stop(
                "JSON has no comments", fix='remove it, or write it as a "description" or as YAML'
            )

    def _peek(self) -> str:
        return self.text[self.at : self.at + 1]

    # ------------------------------------------------------------ refusals

    def _stop(self, message: str, *, fix: str = "") -> NoReturn:
        path = self.open[-1][1] if self.open else ()
        raise FlawError(Flaw(self.at, message, fix, path))

    def _stop_at_end(self) -> NoReturn:
        container, path = self.open[-1]
        what, closing = ("object", "}") if isinstance(container, dict) else ("list", "]")
        line = self.text.count("\n", 0, self.parsed.values[path]) + 1
        self._stop(
            f"the file ends inside the {what} that starts on line {line}", fix=f"add {closing}"
        )

    def _stop_without_comma(self, closing: str) -> NoReturn:
        found = self._peek()
        if not found:
            self._stop_at_end()
        if found in _SPACES:
            self._stop_at_typography()
        if found in "}]":
            self._stop(f"{found} where {closing} belongs", fix=f"write {closing}")
        self.at = len(self.text[: self.at].rstrip())
        self._stop(f"a comma or {closing} is missing here", fix=f"add a comma or {closing}")

    def _stop_at_key(self) -> NoReturn:
        if not self._peek():
            self._stop_at_end()
        if self._peek() == ",":
            self._stop("a comma without an entry before it", fix="remove the comma")
        self._stop_at_typography()
        word = _WORD.match(self.text, self.at)
        named = re.match(r"'([^'\n]*)'", self.text[self.at : self.at + 200])
        key = named[1] if named else word[0] if word else ""
        fix = f'write "{key}"' if key else ""
        self._stop("a key in double quotes is missing here", fix=fix)

    def _stop_at_typography(self) -> None:
        """Refuse what word processors make of quotes and spaces."""
        near = self.text[self.at : self.at + 2000]
        if near[:1] and near[0] in _SPACES:
            self._stop("a space that is no plain space", fix="write a plain space")
        if near[:1] and near[0] in _QUOTES:
            quoted = re.match(f"[{_QUOTES}]([^{_QUOTES}\n]*)[{_QUOTES}]", near)
            fix = f"write {json.dumps(quoted[1], ensure_ascii=False)}" if quoted else 'write "'
            self._stop("typographic quotes do not quote", fix=fix)

    def _stop_at_value(self, word: str) -> NoReturn:
        self._stop_at_typography()
        if not self._peek():
            if self.open:
                self._stop_at_end()
            self._stop("a value is missing here")
        if quoted := re.match(r"'([^'\n]*)'", self.text[self.at : self.at + 2000]):
            self._stop("texts stand in double quotes", fix=f'write "{quoted[1]}"')
        if re.fullmatch(r"[+-]?(nan|inf|infinity)", word, re.IGNORECASE):
            self._stop(f"{word} is not a JSON number", fix="write null or a number")
        if re.match(r"[+-]?\.?[0-9]", word):
            self._stop(f"{word} is not a JSON number", fix=_mended_number(word))
        if self._peek() == ",":
            self._stop("a comma without a value before it", fix="remove the comma")
        if not word:
            self._stop("a value is missing here", fix="add a value, or remove what stands before")
        meant = _MEANT.get(word.lower(), word.lower() if word.lower() in _WORDS else f'"{word}"')
        self._stop(f"{word} is not a JSON value", fix=f"write {meant}")

    def _stop_in_string(self, refusal: JSONDecodeError) -> NoReturn:
        if refusal.msg.startswith(("Unterminated", "Invalid control")):
            if self.text[refusal.pos : refusal.pos + 1] == "\t":
                self.at = refusal.pos
                self._stop("a tab inside a text", fix="write \\t")
            self._stop("this text has no closing double quote on its line", fix='add "')
        self.at = refusal.pos
        self._stop("a \\ that starts no known escape", fix="write \\\\ for one \\")


def _mended_number(word: str) -> str:
    """Return how `word` would be written in JSON, if it is clear what it should be."""
    plain = re.sub(r"^(-?)0+(?=[0-9])", r"\1", word.removeprefix("+").replace("_", ""))
    plain = re.sub(r"\.(?![0-9])", "", re.sub(r"^(-?)\.", r"\g<1>0.", plain))
    return f"write {plain}" if _NUMBER.fullmatch(plain) else f'write "{word}" if it is a text'
