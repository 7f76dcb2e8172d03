"""Two Parquet files -> are they the same rows? Floats may differ by 1e-9 of their size."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

TOLERANCE = 1e-9


class DifferentRows(AssertionError):
    """Two competitors did not compute the same."""


def require_same(
    found: Mapping[str, Path], right: Mapping[str, Path], key: Sequence[str], who: str
) -> int:
    """Compare outputs by title, all rows and all columns of the `right` ones; count the rows.

    A stored column `<name>__v1` is called `<name>`. Rows are ordered by `key` first.

    Raises:
        DifferentRows: names the competitor, the output and the column.
    """
    if set(found) != set(right):
        raise DifferentRows(f"{who}: made {sorted(set(found) ^ set(right))[:5]} or did not")
    rows = 0
    for title, path in right.items():
        wanted = _table(path, key)
        got = _table(found[title], key, wanted.column_names)
        place = f"{who}: {title}"
        if got.num_rows != wanted.num_rows:
            raise DifferentRows(f"{place}: {got.num_rows} rows instead of {wanted.num_rows}")
        for name in wanted.column_names:
            _require_equal(got.column(name), wanted.column(name), f"{place}: {name}")
        rows += wanted.num_rows
    return rows


def _table(path: Path, key: Sequence[str], columns: Sequence[str] | None = None) -> pa.Table:
    table = pq.ParquetFile(path).read()
    table = table.rename_columns([name.partition("__v")[0] for name in table.column_names])
    if columns is not None:
        if missing := set(columns) - set(table.column_names):
            raise DifferentRows(f"{path}: no column {', '.join(sorted(missing))}")
        table = table.select(list(columns))
    return table.sort_by([(name, "ascending") for name in key])


def _require_equal(got: pa.ChunkedArray, wanted: pa.ChunkedArray, place: str) -> None:
    if pa.types.is_floating(wanted.type) or pa.types.is_decimal(wanted.type):
        near = {"rtol": TOLERANCE, "atol": TOLERANCE, "equal_nan": True}
        same = np.isclose(_floats(got), _floats(wanted), **near)
    else:
        equal = pc.equal(got.cast(wanted.type), wanted)
        both = pc.and_(pc.is_null(got), pc.is_null(wanted))
        same = pc.or_(pc.fill_null(equal, fill_value=False), both).to_numpy()
    if not same.all():
        row = int(np.argmin(same))
        raise DifferentRows(
            f"{place}: {int((~same).sum())} of {len(same)} rows differ; row {row} is "
            f"{got[row].as_py()!r} instead of {wanted[row].as_py()!r}"
        )


def _floats(column: pa.ChunkedArray) -> np.ndarray:
    """Return a column as floats; NULL becomes NaN, which no stored value is."""
    return column.cast(pa.float64()).to_numpy(zero_copy_only=False)
