"""What can go wrong, and how it is told.

FigError
|- ConfigError          what the user wrote; carries every `Problem`, in file order
|- EngineError          what a warehouse refused; keeps the driver's words and the statement
|  |- Conflict          another writer published newer rows first
|  |- RowSetChanged     a scoped write met a day whose rows are others than the stored ones
|  |- OutOfMemory       a statement needs more memory or disk than it may have
|  `- UnsupportedOnEngine
|- ModelError           training, artifacts and scoring
`- WorkflowError        a run that cannot start or that failed, by asset and day
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, order=True)
class Where:
    """A place in a configuration file; `line` and `column` count from 1.

    `pointer` is a JSON pointer without its leading `#`, such as `/groups/0/features/failure_rate`.
    """

    file: str
    line: int = 0
    column: int = 0
    pointer: str = ""

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part)
        return f"{place}: {self.pointer}" if self.pointer else place


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, where it stands, and a mend that can be pasted."""

    where: Where
    message: str
    fix: str = ""
    severity: Literal["error", "warning"] = "error"
    excerpt: str = ""
    """The offending text with a caret line under it, or nothing."""

    def __str__(self) -> str:
        lines = [str(self.where), *(f"  {line}" for line in self.message.splitlines())]
        lines += [f"    {line}" for line in self.excerpt.splitlines()]
        if self.fix:
            lines.append(f"  fix: {self.fix}")
        return "\n".join(lines)


class FigError(Exception):
    """Any failure that this package explains to its user."""


class ConfigError(FigError):
    """The configuration has problems; `problems` holds all of them, in file order."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: problem.where))
        count = len(self.problems)
        title = "1 problem" if count == 1 else f"{count} problems"
        super().__init__(
            "\n".join([f"{title} in the configuration", *map(str, self.problems)]),
        )


class EngineError(FigError):
    """A warehouse refused a statement or a file."""


class Conflict(EngineError):
    """A newer generation of the same columns was published while this one was computed."""


class RowSetChanged(EngineError):
    """The rows of a scoped write are not the rows that are stored for that day."""


class OutOfMemory(EngineError):
    """A statement needs more memory, or more disk to spill to, than the environment allows."""


class UnsupportedOnEngine(EngineError):
    """The chosen engine cannot do what the configuration asks for."""


class ModelError(FigError):
    """A model cannot be trained, loaded or applied."""


class WorkflowError(FigError):
    """A workflow cannot start or did not finish."""
