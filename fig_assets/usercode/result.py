"""What a user's function returned -> one Arrow column of the declared type, and how much was lost.

Total: no value can make it fail. The rules are those of a cast in an expression; a value without a
counterpart is NULL and counted. NaN, by which numpy and pandas write a missing number, is NULL and
is not counted.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from fig_assets.usercode.source import CodeError
from fig_assets.usercode.values import (
    LATEST_US,
    OLDEST_US,
    is_missing,
    to_bigint,
    to_boolean,
    to_date,
    to_embedding,
    to_float,
    to_string,
    to_timestamp,
)

if TYPE_CHECKING:
    Column = pa.Array[Any]

RETURNS = "a pyarrow.Array, pyarrow.ChunkedArray, pandas.Series, numpy.ndarray or list"
_PLAIN = (int, float, str, bool, datetime, date)


@dataclass(frozen=True, eq=False)
class Result:
    """A column of the declared type, and a boolean for each value that had no counterpart in it."""

    column: "Column"
    lost: "Column"


def to_column(returned: object, rows: int, kind: pa.DataType, size: int | None = None) -> Result:
    """Convert what a function returned for `rows` rows.

    Args:
        returned: One column: see `RETURNS`. A numpy array of two dimensions is one embedding a row.
        rows: How many values there must be.
        kind: The Arrow type of the declared type; a list stands for an embedding.
        size: The number of floats of an embedding.

    Raises:
        CodeError: it is no column, or one of another length, or a series with another index.
    """
    if isinstance(returned, np.ndarray) and returned.ndim == 2 and pa.types.is_list(kind):
        _check_length(len(returned), rows)
        return _of_matrix(returned, kind, size)
    values = _values(returned)
    _check_length(len(values), rows)
    if isinstance(returned, pd.Series) and not returned.index.equals(pd.RangeIndex(rows)):
        raise CodeError(
            "returned a series whose index is not that of the frame it was given",
            "keep the order of the rows, or return series.to_numpy()",
        )
    if isinstance(values, pa.Array):
        return _of_array(values, kind, size)
    return _one_by_one(values, kind, size)


def _check_length(found: int, rows: int) -> None:
    if found != rows:
        raise CodeError(f"returned {found} values for {rows} rows", "return one value for each row")


def _values(returned: object) -> "Column | Sequence[object]":
    """Bring what was returned into an Arrow array, or a list where its values are of many kinds."""
    if isinstance(returned, pa.ChunkedArray):
        returned = returned.combine_chunks()
    if isinstance(returned, pa.Array):
        return returned
    if isinstance(returned, np.ndarray) and returned.ndim != 1:
        raise CodeError(f"returned an array of {returned.ndim} dimensions", f"return {RETURNS}")
    if not isinstance(returned, pd.Series | np.ndarray | list):
        raise CodeError(f"returned a {type(returned).__name__}", f"return {RETURNS}")
    if isinstance(returned, list) or returned.dtype == object:
        plain = list(returned)
        kinds = {type(value) for value in plain} - {type(None)}
        if len(kinds) > 1 or not kinds <= set(_PLAIN):
            return plain
    try:
        made = pa.array(returned, from_pandas=True)
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        return list(returned)
    return made.combine_chunks() if isinstance(made, pa.ChunkedArray) else made


def _of_array(values: "Column", kind: pa.DataType, size: int | None) -> Result:
    if isinstance(values, pa.DictionaryArray):
        values = values.dictionary_decode()
    if pa.types.is_floating(values.type):
        values = pc.if_else(pc.is_nan(values), pa.scalar(None, values.type), values)
    found = _quickly(values, kind)
    if found is None:
        try:
            return _one_by_one(values.to_pylist(), kind, size)
        except (pa.ArrowException, ValueError, OverflowError):
            return Result(_nothing(len(values), kind), values.is_valid())
    return Result(found, pc.and_(values.is_valid(), found.is_null()))


def _quickly(values: "Column", kind: pa.DataType) -> "Column | None":
    """Convert a whole array at once; None where each value has to be looked at."""
    given = values.type
    try:
        if pa.types.is_null(given):
            return _nothing(len(values), kind)
        if pa.types.is_float64(kind) and (pa.types.is_floating(given) or _is_integer(given)):
            numbers = values.cast(pa.float64(), safe=False)
            return _where(pc.is_finite(numbers), numbers)
        if pa.types.is_int64(kind) and _is_integer(given):
            return values.cast(kind)
        if pa.types.is_string(kind) and _is_text(given):
            return values.cast(kind)
        if pa.types.is_boolean(kind) and pa.types.is_boolean(given):
            return values
        if pa.types.is_timestamp(kind) and pa.types.is_timestamp(given):
            moments = values.cast(kind, safe=given.unit != "ns")
            ticks = moments.cast(pa.int64())
            known = pc.and_(
                pc.greater_equal(ticks, pa.scalar(OLDEST_US)),
                pc.less_equal(ticks, pa.scalar(LATEST_US)),
            )
            return _where(known, moments)
    except pa.ArrowException:
        return None
    return None


def _where(known: "Column", values: "Column") -> "Column":
    found: Column = pc.if_else(known, values, pa.scalar(None, values.type))
    return found


def _is_integer(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind))


def _is_text(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )


def _one_by_one(values: Sequence[object], kind: pa.DataType, size: int | None) -> Result:
    convert = _converter(kind, size)
    missing = [is_missing(value) for value in values]
    found = [
        None if absent else convert(value) for value, absent in zip(values, missing, strict=True)
    ]
    column: Column = pa.array(found, kind)
    return Result(column, pc.and_not(column.is_null(), pa.array(missing, pa.bool_())))


def _converter(kind: pa.DataType, size: int | None) -> Callable[[object], object]:
    if pa.types.is_list(kind):
        return lambda value: to_embedding(value, size or 0)
    by_kind: dict[pa.DataType, Callable[[object], object]] = {
        pa.string(): to_string,
        pa.int64(): to_bigint,
        pa.float64(): to_float,
        pa.bool_(): to_boolean,
        pa.timestamp("us"): to_timestamp,
        pa.date32(): to_date,
    }
    return by_kind[kind]


def _of_matrix(values: npt.NDArray[Any], kind: pa.DataType, size: int | None) -> Result:
    rows = len(values)
    if values.shape[1] != size or values.dtype.kind not in "fiu":
        column = _nothing(rows, kind)
        return Result(column, column.is_null())
    numbers = values.astype(np.float64)
    found = [row if np.isfinite(row).all() else None for row in numbers]
    column = pa.array(found, kind)
    return Result(column, column.is_null())


def _nothing(rows: int, kind: pa.DataType) -> "Column":
    column: Column = pa.array([None] * rows, kind)
    return column
