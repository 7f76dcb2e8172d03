"""Attributes -> the numbers LightGBM sees: float64 columns, NULL for missing.

An attribute is one column, an `embedding(n)` is n of them.

LightGBM ends the process when it meets an Arrow column of text, dictionary, time or null type, and
it takes columns by position. So every column passes through here, by name, and leaves as float64.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fig_assets.errors import ModelError
from fig_assets.models.artifact import Input
from fig_assets.models.metrics import Floats

if TYPE_CHECKING:
    Column = pa.ChunkedArray[Any] | pa.Array[Any]

MAX_CATEGORIES = 255
"""Values of a text attribute that a model tells apart: the most frequent ones."""
MIN_CATEGORY_ROWS = 5
"""Training rows a text value needs to be known; rarer ones count as missing."""
_EMBEDDING = re.compile(r"embedding\((\d+)\)", re.ASCII)
_SECONDS_A_DAY = 86_400.0
_MICROSECONDS = 1_000_000.0


def check_columns(table: pa.Table, inputs: Sequence[Input], who: str) -> None:
    """Make sure that `table` has each input's column once and of the input's type.

    Raises:
        ModelError: Names `who`, and every column that is missing, doubled or of another type.
    """
    faults = [fault for entry in inputs if (fault := _fault(table, entry))]
    if faults:
        raise ModelError(
            "\n".join(
                [
                    f"{who}: the rows do not have the attributes it was made for",
                    *(f"  {fault}" for fault in faults),
                    "  fix: give it the attribute versions named here, or train it again",
                ]
            )
        )


def learn_categories(table: pa.Table, inputs: Sequence[Input]) -> dict[str, tuple[str, ...]]:
    """Return per text column the values worth a code, the most frequent first, ties by value."""
    return {
        entry.column: _frequent(_text(table.column(entry.column)))
        for entry in inputs
        if entry.type == "string"
    }


def matrix(
    table: pa.Table, inputs: Sequence[Input], categories: Mapping[str, Sequence[str]]
) -> pa.Table:
    """Encode the inputs of `table`, in their order.

    Booleans become 0 and 1, timestamps and dates seconds since 1970 (UTC), text the position of its
    value in `categories`. NULL, NaN and unknown text are NULL. Integers beyond 2**53 are rounded.

    Returns:
        float64 columns named by `feature_names`; infinite values are still there. A NULL embedding
        is NULL in all of its columns.
    """
    columns: list[Column] = []
    for entry in inputs:
        column = table.column(entry.column)
        if size := embedding_size(entry):
            columns += _elements(column, size)
        else:
            columns.append(_encode(column, entry.type, categories.get(entry.column, ())))
    return pa.table(columns, names=feature_names(inputs))


def finite(encoded: pa.Table) -> pa.Table:
    """Replace infinite values by NULL: no model has learned from one."""
    columns = [pc.if_else(pc.is_finite(column), column, None) for column in encoded.columns]
    return pa.table(columns, names=encoded.column_names)


def embedding_size(entry: Input) -> int:
    """Return how many floats an input of type `embedding(n)` has; 0 for any other type."""
    found = _EMBEDDING.fullmatch(entry.type)
    return int(found[1]) if found else 0


def expanded(inputs: Sequence[Input]) -> list[Input]:
    """Return an input for each column of the matrix: an embedding's elements are `vector[0]` ..."""
    found = []
    for entry in inputs:
        size = embedding_size(entry)
        for place in range(size):
            column, attribute = f"{entry.column}[{place}]", f"{entry.attribute}[{place}]"
            found.append(replace(entry, column=column, attribute=attribute, type="float"))
        if not size:
            found.append(entry)
    return found


def by_attribute(contributions: Floats, inputs: Sequence[Input]) -> Floats:
    """Add up what the elements of each embedding contribute.

    Args:
        contributions: A row for each row, a column for each column of the matrix, and a last one.
        inputs: In the order of the matrix.

    Returns:
        A column for each input, and the last one.
    """
    widths = [embedding_size(entry) or 1 for entry in inputs]
    starts = np.concatenate([[0], np.cumsum(widths)]).astype(np.int64)
    if len(contributions) == 0:
        return np.zeros((0, len(starts)))
    return np.asarray(np.add.reduceat(contributions, starts, axis=1), dtype=np.float64)


def feature_names(inputs: Sequence[Input]) -> list[str]:
    """Name LightGBM's columns: it refuses JSON's characters, so only letters and digits stay."""
    return [
        f"{position}_" + "".join(c if c.isascii() and c.isalnum() else "_" for c in entry.column)
        for position, entry in enumerate(expanded(inputs))
    ]


def _fault(table: pa.Table, entry: Input) -> str:
    found = table.column_names.count(entry.column)
    if found != 1:
        state = "missing" if found == 0 else f"there {found} times"
        return f"{entry.attribute}: column '{entry.column}' is {state}"
    kind = table.schema.field(entry.column).type
    if not _fits(kind, entry.type):
        return f"{entry.attribute}: column '{entry.column}' is {kind}, not {entry.type}"
    size = embedding_size(entry)
    if size and not pa.types.is_null(kind):
        lengths = pc.unique(pc.list_value_length(table.column(entry.column))).to_pylist()
        if others := sorted({n for n in lengths if n is not None} - {size}):
            return f"{entry.attribute}: an embedding of {others[0]} floats, not {size}"
    return ""


def _fits(kind: pa.DataType, name: str) -> bool:
    if pa.types.is_null(kind):
        return True
    if _EMBEDDING.fullmatch(name):
        return pa.types.is_list(kind) and pa.types.is_floating(kind.value_type)
    match name:
        case "string":
            kind = kind.value_type if isinstance(kind, pa.DictionaryType) else kind
            return _is_text(kind)
        case "bigint":
            return pa.types.is_integer(kind)
        case "float":
            return pa.types.is_floating(kind)
        case "boolean":
            return pa.types.is_boolean(kind)
        case "timestamp":
            return pa.types.is_timestamp(kind)
        case "date":
            return pa.types.is_date(kind)
        case _:
            return False


def _is_text(kind: pa.DataType) -> bool:
    return (
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )


def _text(column: "Column") -> "Column":
    return column.cast(pa.large_string())


def _frequent(column: "Column") -> tuple[str, ...]:
    counts = (
        pa.Table.from_arrays([column.drop_null()], names=["value"])
        .group_by("value")
        .aggregate([([], "count_all")])
    )
    ranked = counts.filter(pc.field("count_all") >= MIN_CATEGORY_ROWS).sort_by(
        [("count_all", "descending"), ("value", "ascending")]
    )
    return tuple(map(str, ranked.column("value").slice(0, MAX_CATEGORIES).to_pylist()))


def _elements(column: "Column", size: int) -> "list[Column]":
    """Return a column for each place of an embedding."""
    known = column.is_valid().to_numpy(zero_copy_only=False)
    numbers = np.full((len(column), size), np.nan)
    if known.any():
        flat = pc.list_flatten(column).to_numpy(zero_copy_only=False)
        numbers[known] = flat.reshape(-1, size)
    return [pa.array(np.ascontiguousarray(place), from_pandas=True) for place in numbers.T]


def _encode(column: "Column", name: str, known: Sequence[str]) -> "Column":
    match name:
        case "string":
            known_values = pa.array(known, pa.large_string())
            return pc.index_in(_text(column), value_set=known_values).cast(pa.float64())
        case "timestamp":
            ticks = column.cast(pa.timestamp("us"), safe=False).cast(pa.int64())
            return pc.divide(ticks.cast(pa.float64(), safe=False), pa.scalar(_MICROSECONDS))
        case "date":
            days = column.cast(pa.date32()).cast(pa.int32())
            return pc.multiply(days.cast(pa.float64()), pa.scalar(_SECONDS_A_DAY))
        case _:
            numbers = column.cast(pa.float64(), safe=False)
            known_numbers: Column = pc.if_else(pc.is_nan(numbers), None, numbers)
            return known_numbers
