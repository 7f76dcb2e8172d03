"""Tables of events in the warehouse itself: what reads them, and their rows as lines."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import pyarrow as pa

from fig_assets.engines.raw.lines import Lines, sort_lines

NULL = "null"
"""What a row without a payload is read as, which is no object."""
Steps = tuple[str | int | None, ...]
"""The keys and places of a path into a payload."""


@dataclass(frozen=True)
class EventTable:
    """A table, or a view, with one row for each event, whose JSON is in `column`.

    Both names are as the warehouse's SQL writes them. The rows are numbered in the order of the
    texts at `times`, and then of the whole payloads: what is later moves no number of what is
    earlier, and equal rows are one like the other. Rows without a time come last.
    """

    name: str
    column: str
    times: tuple[Steps, ...] = ()


@dataclass(frozen=True)
class TableState:
    """How many rows a table has, and a digest of all payloads; it knows no order."""

    rows: int
    digest: str


@runtime_checkable
class HasEventTables(Protocol):
    """A warehouse in which tables of events may stand."""

    def table_state(self, table: EventTable) -> TableState:
        """Digest what a table holds now.

        Raises:
            RawFileError: the table or its column is not there, or not for this role to read.
            EngineError: the warehouse cannot be asked.
        """
        ...

    def payloads(self, table: EventTable) -> Iterator[pa.Table]:
        """Yield the payloads in the order that `EventTable` tells: one column of JSON texts.

        Raises:
            RawFileError: as `table_state`.
            EngineError: the warehouse cannot be asked, or not to the end.
        """
        ...


def table_lines(engine: HasEventTables, table: EventTable) -> Iterator[Lines]:
    """Read each row of a table as a line; see `read_lines`. No row is blank.

    Raises:
        RawFileError: see `HasEventTables`.
        EngineError: see `HasEventTables`.
    """
    yield from sort_lines(_text(batch) for batch in engine.payloads(table))


def _text(batch: pa.Table) -> bytes:
    # Between the values of a document a line may end; inside of a string none can.
    texts = (NULL if it is None else str(it) for it in batch.column(0).to_pylist())
    return "".join(f"{text.translate(_ONE_LINE)}\n" for text in texts).encode()


_ONE_LINE = {ord("\n"): " ", ord("\r"): " "}
