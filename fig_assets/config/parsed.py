"""What reading a file's text gives: values, the offset of each of them, and flaws."""

from dataclasses import dataclass, field
from typing import TypeAlias

Value: TypeAlias = "bool | int | float | str | list[Value] | dict[str, Value] | None"
Path: TypeAlias = tuple[str | int, ...]

MAX_BYTES = 5 * 1024 * 1024
MAX_DEPTH = 50


@dataclass(frozen=True)
class Flaw:
    """Something wrong at the character `offset` of a text, inside the value at `path`."""

    offset: int
    message: str
    fix: str = ""
    path: Path = ()


class FlawError(Exception):
    """A flaw after which the rest of a text cannot be read."""

    def __init__(self, flaw: Flaw) -> None:
        super().__init__(flaw.message)
        self.flaw = flaw


@dataclass
class Parsed:
    """A text's value; `values` and `keys` say at which character each value and key starts.

    With a flaw the value is what was read before it, and may be incomplete.
    """

    value: Value = None
    values: dict[Path, int] = field(default_factory=dict)
    keys: dict[Path, int] = field(default_factory=dict)
    flaws: list[Flaw] = field(default_factory=list)
    is_complete: bool = True
    """Whether the text was read to its end."""
