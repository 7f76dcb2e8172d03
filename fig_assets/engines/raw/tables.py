"""A raw table, CSV or Parquet -> Arrow columns of the declared types, what does not fit counted."""

import math
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from io import BytesIO
from pathlib import Path
from typing import Literal, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from fig_assets.engines.raw.files import RawFileError, read_blocks
from fig_assets.moments import moment_of

_BLOCK_BYTES = 8 << 20
_CSV_BLOCK_BYTES = 1 << 30
_UNREADABLE = b"unreadable"

_BIGINT = re.compile(r"[+-]?\d+(?:\.0*)?", re.ASCII)
_FLOAT = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)

_Column: TypeAlias = "pa.ChunkedArray[pa.Scalar[pa.DataType]]"
_Value: TypeAlias = int | float | bool | datetime | date | None


def read_table(
    path: Path, format: Literal["csv", "parquet"], columns: Mapping[str, pa.DataType]
) -> pa.Table:
    """Read the named `columns` of a table, found by name, in the order of `columns`.

    Types: string, int64, double, bool, timestamp("us") (UTC, without zone) and date32. A value that
    is not of its column's type becomes NULL and is counted: see `unreadable`. In CSV an empty field
    is NULL and `""` is the empty string; the file may be compressed, its checksums are verified.

    Raises:
        RawFileError: a column is missing or there twice, or the file cannot be read as a whole.
    """
    table = _read_csv(path, columns) if format == "csv" else _read_parquet(path, columns)
    arrays, fields = [], []
    for name, wanted in columns.items():
        column = table.column(name)
        fitted = _fit(path, name, column, wanted)
        lost = fitted.null_count - column.null_count
        arrays.append(fitted)
        fields.append(pa.field(name, wanted, metadata={_UNREADABLE: str(lost).encode()}))
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


def unreadable(table: pa.Table) -> dict[str, int]:
    """Count, for each column of a table from `read_table`, the values that were no such type."""
    return {field.name: int((field.metadata or {})[_UNREADABLE]) for field in table.schema}


def _read_csv(path: Path, columns: Mapping[str, pa.DataType]) -> pa.Table:
    text = b"".join([*read_blocks(path, _BLOCK_BYTES), b"\n"])
    if not text.strip():
        raise _error(path, "is empty", "a CSV file starts with the names of its columns")
    try:
        # The header alone first, so that a missing column is told before a bad row is.
        end = text.index(b"\n") + 1
        _check_names(path, _parse(text[:end], []).column_names, columns)
        return _parse(text, list(columns))
    except pa.ArrowInvalid as refusal:
        raise _error(path, f"is not CSV: {refusal}", "mend the row, or quote it") from refusal


def _parse(text: bytes, names: list[str]) -> pa.Table:
    return pyarrow.csv.read_csv(
        BytesIO(text),
        read_options=pyarrow.csv.ReadOptions(
            use_threads=False, block_size=min(len(text) + 1, _CSV_BLOCK_BYTES)
        ),
        parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()),
            include_columns=names,
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )


def _read_parquet(path: Path, columns: Mapping[str, pa.DataType]) -> pa.Table:
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            _check_names(path, file.schema_arrow.names, columns)
            return file.read(columns=list(columns), use_threads=False)
    except FileNotFoundError as refusal:
        raise _error(path, "no such file", "deliver the file, or mend the path") from refusal
    except (pa.ArrowException, OSError) as refusal:
        raise _error(path, f"is not Parquet: {refusal}", "deliver the file again") from refusal


def _check_names(path: Path, names: list[str], columns: Mapping[str, pa.DataType]) -> None:
    known = ", ".join(names)
    if missing := [name for name in columns if name not in names]:
        plural = "s" if len(missing) > 1 else ""
        message = f"has no column{plural} {', '.join(map(repr, missing))}"
        raise _error(path, message, f"its columns are: {known}")
    if twice := [name for name in columns if names.count(name) > 1]:
        raise _error(path, f"has the column {twice[0]!r} twice", "rename one of them")


def _error(path: Path, message: str, fix: str) -> RawFileError:
    return RawFileError(f"{path}: {message}\n  fix: {fix}")


def _fit(path: Path, name: str, column: _Column, wanted: pa.DataType) -> _Column:
    if column.type == wanted:
        return column
    try:
        text = column.cast(pa.string())
    except pa.ArrowException as refusal:
        message = f"column {name!r} is {column.type}, which is not {wanted}"
        raise _error(path, message, "declare only columns of plain values") from refusal
    if pa.types.is_string(wanted):
        return text
    # Each distinct text is read once: tables repeat themselves.
    distinct = pc.unique(text)
    read = _reader(wanted)
    values = [None if value is None else read(value) for value in distinct.to_pylist()]
    places = pc.index_in(text, value_set=distinct)
    return pa.chunked_array([pa.array(values, wanted)]).take(places)


def _reader(wanted: pa.DataType) -> Callable[[str], _Value]:
    if pa.types.is_int64(wanted):
        return _bigint
    if pa.types.is_float64(wanted):
        return _float
    if pa.types.is_boolean(wanted):
        return lambda text: {"true": True, "false": False}.get(text.lower())
    if pa.types.is_timestamp(wanted):
        return moment_of
    if pa.types.is_date32(wanted):
        return lambda text: moment.date() if (moment := moment_of(text)) else None
    raise ValueError(f"a raw table cannot hold columns of type {wanted}")


def _bigint(text: str) -> int | None:
    # Beyond 40 characters no value without a pile of zeros is in range.
    if len(text) > 40 or not _BIGINT.fullmatch(text):
        return None
    value = int(text.partition(".")[0])
    return value if -(2**63) <= value < 2**63 else None


def _float(text: str) -> float | None:
    value = float(text) if _FLOAT.fullmatch(text) else math.nan
    return value if math.isfinite(value) else None
