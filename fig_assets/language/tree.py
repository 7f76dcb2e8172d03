"""The closed set of nodes that an expression is made of, and the errors that point into it."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlglot import exp

AGGREGATES = frozenset(
    {
        "APPROX_COUNT_DISTINCT",
        "AVG",
        "BOOL_AND",
        "BOOL_OR",
        "COUNT",
        "COUNT_DISTINCT",
        "COUNT_IF",
        "ENTROPY",
        "FIRST",
        "LAST",
        "MAX",
        "MIN",
        "MODE",
        "STDDEV",
        "SUM",
        "VARIANCE",
    }
)
"""The names of the functions that turn many rows into one value."""


EXCERPT = 72
"""The widest excerpt: indented, it fits into a terminal of 80 columns."""
BEFORE = 37
"""How many columns before the carets are shown at most."""


class ExpressionError(Exception):
    """An expression that cannot be understood; points into its text.

    `start` and `end` are offsets into the text, half-open; `fix` is a mend that can be pasted.
    """

    def __init__(self, message: str, start: int = 0, end: int = 0, fix: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.start = start
        self.end = max(start, end)
        self.fix = fix

    def excerpt(self, text: str) -> str:
        """Return the offending line of `text` with carets; see `excerpt`."""
        return excerpt(text, self.start, self.end)


def excerpt(text: str, start: int, end: int) -> str:
    """Return the line of `text` at `start` and, under it, carets up to `end`.

    Each of the two lines has at most 72 columns.
    """
    begin = text.rfind("\n", 0, start) + 1
    stop = text.find("\n", start)
    line = text[begin : stop if stop >= 0 else len(text)]
    column = start - begin
    width = max(1, min(end, begin + len(line)) - start)
    cut = _start_of_word(line, column) if column > BEFORE else 0
    before = "..." if cut else ""
    room = EXCERPT - len(before)
    rest = line[cut:]
    if len(rest) > room:
        room -= len("...")
        rest = rest[: _end_of_word(rest, room)] + "..."
    shown = "".join(" " if ord(char) < 32 else char for char in before + rest)
    indent = len(before) + column - cut
    return f"{shown}\n{' ' * indent}{'^' * min(width, len(before) + room - indent)}"


def _start_of_word(line: str, column: int) -> int:
    """Return where the first whole word starts in what is shown before `column`."""
    spaces = (place for place in range(column - BEFORE, column) if line[place - 1].isspace())
    return next(spaces, column - BEFORE)


def _end_of_word(line: str, room: int) -> int:
    """Return where the last whole word ends that has room; a long one is cut."""
    place = line.rfind(" ", room // 2, room + 1)
    return place if place > 0 else room


@dataclass(frozen=True)
class Reference:
    """One `$name` or `$name@2` of an expression; offsets into its text, half-open."""

    name: str
    version: int | None
    start: int = 0
    end: int = 0

    def __str__(self) -> str:
        return self.name if self.version is None else f"{self.name}@{self.version}"


@dataclass(frozen=True, eq=False)
class Expression:
    """A parsed expression: its text, its tree and its references in order of appearance."""

    text: str
    tree: exp.Expr
    references: tuple[Reference, ...]


def mark(node: exp.Expr, start: int, end: int) -> exp.Expr:
    """Note on `node` which part of the text it was written as, and return it."""
    node.meta["start"] = start
    node.meta["end"] = end
    return node


def span(node: exp.Expr) -> tuple[int, int]:
    """Return the offsets of `node` in its text, half-open; (0, 0) where nothing is known."""
    return node.meta.get("start", 0), node.meta.get("end", 0)


def blame(node: exp.Expr, message: str, fix: str = "") -> ExpressionError:
    """Return the error that says `message` about the part of the text that `node` is."""
    start, end = span(node)
    return ExpressionError(message, start, end, fix)


def reference_of(column: exp.Column) -> Reference:
    """Return the reference that `column` stands for.

    >>> str(reference_of(exp.column("failure_rate@2", quoted=True)))
    'failure_rate@2'
    """
    name, _, version = column.name.partition("@")
    return Reference(name, int(version) if version else None, *span(column))


def function_name(node: exp.Expr) -> str:
    """Return the name of the function that `node` calls, or nothing."""
    return node.name if isinstance(node, exp.Anonymous) else ""


def aggregate_nodes(tree: exp.Expr) -> Iterator[exp.Expr]:
    """Yield the aggregate calls of `tree` in order of appearance, each with its FILTER if any."""
    if isinstance(tree, exp.Filter) or function_name(tree) in AGGREGATES:
        yield tree
        return
    for child in tree.iter_expressions():
        yield from aggregate_nodes(child)


def is_aggregate(tree: exp.Expr) -> bool:
    """Tell whether `tree` turns many rows into one value."""
    return next(aggregate_nodes(tree), None) is not None
