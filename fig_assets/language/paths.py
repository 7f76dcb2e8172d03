"""Paths into a JSON payload: `client:ip_chain[0]:ip::string`."""

import re
from dataclasses import dataclass

from fig_assets.language.tree import ExpressionError
from fig_assets.language.types import STRING, Type, parse_type

EVERY = None
"""The step `[*]`: every element of an array."""

Step = str | int | None
"""A key, a place in an array from 0, or `EVERY`."""

MAX_STEPS = 50
MAX_INDEX = 1_000_000

_STEP = re.compile(
    r"""(?P<mark>::|[:.])?(?:(?P<key>[A-Za-z_][A-Za-z0-9_]*)|"(?P<quoted>(?:[^"\\]|\\["\\])+)"
    |\[(?P<index>[0-9]+|\*)\])""",
    re.VERBOSE,
)
_END_OF_WORD = re.compile(r"[:.\[]|$")


@dataclass(frozen=True)
class Path:
    """One way into a JSON payload.

    `type` is None where the text names none; `text` is what the user wrote.
    """

    steps: tuple[Step, ...]
    type: Type | None
    text: str

    @property
    def is_wide(self) -> bool:
        """Whether it leads to every element of an array, so that its value is an array."""
        return EVERY in self.steps


def parse_path(text: str) -> Path:
    """Return the path that `text` writes; `.` is accepted for `:`.

    Raises:
        ExpressionError: `text` is no path; offsets point into it.

    >>> parse_path('actor:"odd key"[0]::int').steps
    ('actor', 'odd key', 0)
    """
    if not text.strip():
        raise ExpressionError("the path is empty", 0, len(text), "write a key, such as actor:id")
    start = len(text) - len(text.lstrip())
    stop = len(text.rstrip())
    steps: list[Step] = []
    place = start
    while place < stop and not text.startswith("::", place):
        match = _STEP.match(text, place, stop)
        if match is None or not _is_well_joined(match, first=not steps):
            raise _misread(text, place, stop)
        steps.append(_step(match))
        place = match.end()
        if len(steps) > MAX_STEPS:
            raise ExpressionError(f"the path has more than {MAX_STEPS} steps", start, stop)
    if not steps:
        raise ExpressionError("the path has no key before '::'", start, stop, "write a key first")
    path = Path(tuple(steps), _declared(text, place, stop), text)
    if path.is_wide and not can_hold_many(path.type):
        message = f"every element together is an array, not {path.type.words}" if path.type else ""
        raise ExpressionError(message, place, stop, "leave the type out, or name one element: [0]")
    return path


def can_hold_many(type_: Type | None) -> bool:
    """Tell whether a path with `[*]` can be declared to be of `type_`."""
    return type_ is None or type_ == STRING or type_.size is not None


def json_path(path: Path) -> str:
    """Return `path` in the form that DuckDB's JSON functions read.

    >>> json_path(parse_path("client:ip_chain[0]:ip"))
    '$."client"."ip_chain"[0]."ip"'
    """
    return json_path_of(path.steps)


def json_path_of(steps: tuple[Step, ...]) -> str:
    """Return `steps` in the form that DuckDB's JSON functions read; see `json_path`."""
    # DuckDB takes a quoted "*" for a wildcard and refuses "", but reads both in a JSON pointer.
    if any(step in ("*", "") for step in steps):
        return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in steps)
    return "$" + "".join(_written(step) for step in steps)


def _written(step: Step) -> str:
    if step is EVERY:
        return "[*]"
    if isinstance(step, int):
        return f"[{step}]"
    escaped = step.replace("\\", "\\\\").replace('"', '\\"')
    return f'."{escaped}"'


def _is_well_joined(match: re.Match[str], *, first: bool) -> bool:
    is_index = match["index"] is not None
    if first or is_index:
        return not match["mark"] and not (first and is_index)
    return match["mark"] in (":", ".")


def _step(match: re.Match[str]) -> Step:
    if match["index"] == "*":
        return EVERY
    if match["index"] is not None:
        if len(match["index"]) > len(str(MAX_INDEX)) or int(match["index"]) > MAX_INDEX:
            message = f"the place {match['index']} is beyond {MAX_INDEX}"
            raise ExpressionError(message, match.start("index"), match.end("index"))
        return int(match["index"])
    if match["quoted"] is None:
        return match["key"]
    if "\0" in match["quoted"]:
        raise ExpressionError("a key cannot hold a NUL character", match.start(), match.end())
    return re.sub(r"\\(.)", r"\1", match["quoted"])


def _declared(text: str, place: int, stop: int) -> Type | None:
    if place >= stop:
        return None
    try:
        return parse_type(text[place + 2 : stop])
    except ValueError as unknown:
        raise ExpressionError(str(unknown), place + 2, stop) from unknown


def _misread(text: str, place: int, stop: int) -> ExpressionError:
    if text.startswith("[-", place):
        message = "a place in an array counts from 0 at its start"
        return ExpressionError(message, place, stop, "write [0] for the first element")
    skip = 1 if text[place] in ":.[" else 0
    found = _END_OF_WORD.search(text, min(place + skip, stop), stop)
    end = max(found.start() if found else stop, place + 1)
    word = text[place + skip : end]
    if not word.strip():
        return ExpressionError("a key is missing here", place, end, "write keys as a:b[0]:c::type")
    if text.startswith("[*", place) and text[place + 2 : place + 3] not in ("]", "*"):
        end = place + 2
        return ExpressionError("']' is missing after '[*'", place, end, "write [*]")
    if text[place] == "[":
        message = f"'{text[place:end]}' is no place in an array"
        return ExpressionError(message, place, end, "write [0] for the first element")
    return ExpressionError(f"'{word}' is no plain key", place, end, f'quote it: "{word}"')
