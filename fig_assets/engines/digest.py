"""Arrow columns -> digests of their values: equal values give equal digests on every machine."""

from collections.abc import Iterator, Sequence
from hashlib import blake2b
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fig_assets.errors import EngineError

_Array: TypeAlias = "pa.Array[Any]"
_Chunked: TypeAlias = "pa.ChunkedArray[Any]"


def column_digest(column: _Chunked) -> str:
    """Digest the values of a column in row order, in 16 characters.

    Independent of chunking, of buffer padding, of dictionary encoding and of what stands under
    NULLs. As in SQL, 0.0 equals -0.0; here NaN equals NaN too.

    Raises:
        EngineError: values of this type are never stored.
    """
    array = _plain(column)
    state = blake2b(digest_size=8)
    for part in _content(array, str(array.type)):
        state.update(part)
    return state.hexdigest()


def combined_digest(digests: Sequence[str]) -> str:
    """Digest several column digests in order, in 16 characters."""
    return blake2b("/".join(digests).encode(), digest_size=8).hexdigest()


def _content(array: _Array, kind: str) -> Iterator[bytes | memoryview]:
    yield f"{kind}:{len(array)}:{array.null_count}".encode()
    if array.null_count:
        yield np.packbits(_numpy(array.is_null())).tobytes()
    yield from _value_bytes(array)


def _plain(column: _Chunked) -> _Array:
    """Bring a column into one array of the one encoding that is digested."""
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if pa.types.is_string(kind):
        kind = pa.large_string()
    if pa.types.is_list(kind):
        kind = pa.list_(kind.value_type)
    plain = column.cast(kind)
    return pa.concat_arrays(plain.chunks) if plain.num_chunks else pa.array([], kind)


def _value_bytes(array: _Array) -> Iterator[bytes | memoryview]:
    kind = array.type
    if pa.types.is_large_string(kind):
        yield from _text_bytes(array)
    elif pa.types.is_boolean(kind):
        yield _numpy(array.fill_null(pa.scalar(value=False))).tobytes()
    elif pa.types.is_float64(kind):
        values = _numpy(array.fill_null(0.0)) + 0.0
        values[np.isnan(values)] = np.nan
        yield values.tobytes()
    elif kind in (pa.int32(), pa.date32()):
        yield _numpy(array.view(pa.int32()).fill_null(0)).tobytes()
    elif kind in (pa.int64(), pa.timestamp("us")):
        yield _numpy(array.view(pa.int64()).fill_null(0)).tobytes()
    elif isinstance(array, pa.ListArray) and kind.value_type == pa.float64():
        yield _numpy(array.value_lengths().fill_null(0)).tobytes()
        # Not by its own type: what the elements' field is called differs between writers.
        elements = array.flatten()
        yield from _content(elements, str(elements.type))
    else:
        raise EngineError(f"values of type {kind} cannot be stored; cast them before")


def _text_bytes(array: _Array) -> Iterator[bytes | memoryview]:
    lengths: _Array = pc.call_function("binary_length", [array.cast(pa.large_binary())])
    yield _numpy(lengths.fill_null(0)).tobytes()
    present = array.drop_null()
    if not len(present):
        return
    _, offsets, data = present.buffers()
    if offsets is None or data is None:
        return
    bounds = np.frombuffer(memoryview(offsets), np.int64)
    first, last = bounds[present.offset], bounds[present.offset + len(present)]
    yield memoryview(data)[first:last]


def _numpy(array: _Array) -> "np.ndarray[Any, Any]":
    return array.to_numpy(zero_copy_only=False)
