"""What a package's `predict` and `explain` return -> numbers that were looked at."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from fig_assets.usercode.source import CodeError

Floats = npt.NDArray[np.float64]
ROUNDING = 1e-9
"""How far beyond 0 and 1 sums of rounded numbers may lie."""
_ONE = "return the probability of the positive class, such as predict_proba(rows)[:, 1]"


def scores(returned: object, rows: int) -> Floats:
    """Return the probabilities that `predict` gave, one for each row.

    Raises:
        CodeError: It gave another number of them, no numbers, or numbers outside of 0 and 1.
    """
    found = _numbers(returned, "predict", _ONE)
    if found.ndim != 1:
        raise CodeError(f"predict gave an array of the shape {found.shape}, not one column", _ONE)
    if len(found) != rows:
        message = f"predict gave {len(found)} scores for {rows} rows"
        raise CodeError(message, "return one for each row, in their order")
    odd = ~np.isfinite(found)
    if odd.any():
        message = f"predict gave no finite number for {int(odd.sum())} of {rows} rows"
        raise CodeError(f"{message}, the first in place {int(np.argmax(odd))}", _ONE)
    outside = (found < -ROUNDING) | (found > 1 + ROUNDING)
    if outside.any():
        first = int(np.argmax(outside))
        message = f"predict gave {found[first]:g}, which is not between 0 and 1, in place {first}"
        raise CodeError(message, _ONE)
    kept: Floats = np.clip(found, 0.0, 1.0)
    return kept


def contributions(returned: object, rows: int, inputs: int) -> Floats:
    """Return what `explain` gave: a column for each input, and a last one with the base.

    Raises:
        CodeError: It gave another number of rows or columns, or what is no finite number.
    """
    fix = "return a column for each column of rows, and the base in one more if there is one"
    found = _numbers(returned, "explain", fix)
    if found.ndim != 2 or len(found) != rows or found.shape[1] not in (inputs, inputs + 1):
        message = f"explain gave an array of the shape {found.shape}, not ({rows}, {inputs})"
        raise CodeError(message, fix)
    if not np.isfinite(found).all():
        raise CodeError("explain gave what is no finite number", fix)
    if found.shape[1] == inputs:
        found = np.hstack([found, np.zeros((rows, 1))])
    return found


def _numbers(returned: object, name: str, fix: str) -> Floats:
    plain = _plain(returned)
    try:
        found: npt.NDArray[Any] = np.asarray(plain)
    except ValueError as refusal:
        raise CodeError(f"{name} gave rows of different lengths", fix) from refusal
    if found.size == 0:
        return found.astype(np.float64)
    if found.dtype.kind not in "fiu":
        title = type(returned).__name__
        what = "None" if returned is None else f"a {title} that does not hold numbers only"
        raise CodeError(f"{name} gave {what}", fix)
    return found.astype(np.float64)


def _plain(returned: object) -> object:
    if isinstance(returned, pa.Table):
        return np.column_stack([column.to_numpy() for column in returned.columns])
    if isinstance(returned, pa.Array | pa.ChunkedArray):
        return returned.to_numpy(zero_copy_only=False)
    return returned
