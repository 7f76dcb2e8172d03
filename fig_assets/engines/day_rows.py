"""Rows of a statement -> the rows of each day, in the shape of the relation they are stored in."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from fig_assets.engines.base import DAY, Target
from fig_assets.errors import EngineError


def in_order(
    batches: Iterable[pa.RecordBatch], schema: pa.Schema, days: Sequence[date]
) -> Iterator[tuple[date, pa.Table]]:
    """Give the rows of each of `days`, once they are complete, from batches ordered by day.

    Raises:
        EngineError: a row is of another day.
    """
    empty = schema.empty_table()
    waiting = deque(days)
    parts: list[pa.Table] = []
    for batch in batches:
        for day, part in _runs(pa.Table.from_batches([batch])):
            while waiting and waiting[0] < day:
                yield waiting.popleft(), pa.concat_tables([empty, *parts])
                parts = []
            if not waiting or waiting[0] != day:
                raise EngineError(f"rows of {day} were computed but not asked for")
            parts.append(part)
    for day in waiting:
        yield day, pa.concat_tables([empty, *parts])
        parts = []


def split(table: pa.Table, target: Target, days: Sequence[date]) -> dict[date, pa.Table]:
    """Cut rows by their `day`, in the shape of `target`.

    Raises:
        EngineError: a row is of a day that was not asked for, or a column is missing.
    """
    columns = shaped(table, target)
    if not table.num_rows:
        return dict.fromkeys(days, columns)
    if DAY not in table.column_names:
        raise EngineError(f"{target.relation}: the rows have no column '{DAY}'")
    column = table.column(DAY)
    found = set(pc.unique(column).to_pylist())
    if strangers := found - set(days):
        named = ", ".join(sorted(map(str, strangers)))
        raise EngineError(f"{target.relation}: rows of {named} were computed but not asked for")
    if len(days) == 1:
        return {days[0]: columns}
    return {day: columns.filter(pc.equal(column, pa.scalar(day, pa.date32()))) for day in days}


def shaped(table: pa.Table, target: Target) -> pa.Table:
    """Bring the columns of a target into their types; others stand behind them as they are.

    Raises:
        EngineError: a column is missing or of a type that cannot be brought into the stored one.
    """
    try:
        columns = table.select(list(target.names)).cast(target.schema)
    except (KeyError, pa.ArrowException) as refusal:
        raise EngineError(
            f"{target.relation}: the rows do not have the columns of this relation: {refusal}"
        ) from refusal
    known = {DAY, *target.names}
    for name in table.column_names:
        if name not in known:
            columns = columns.append_column(name, table.column(name))
    return columns


def _runs(rows: pa.Table) -> Iterator[tuple[date, pa.Table]]:
    """Cut rows that are ordered by day."""
    days = rows.column(DAY)
    start = 0
    for run in pc.value_counts(days):
        size = run["counts"].as_py()
        yield run["values"].as_py(), rows.slice(start, size)
        start += size
