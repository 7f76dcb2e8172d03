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
    plain = _plain(column)
    state = blake2b(digest_size=8)
    for part in _content(plain, str(plain.type)):
        state.update(part)
    return state.hexdigest()


def combined_digest(digests: Sequence[str]) -> str:
    """Digest several column digests in order, in 16 characters."""
    return blake2b("/".join(digests).encode(), digest_size=8).hexdigest()


def _content(column: _Chunked, kind: str) -> Iterator[bytes | memoryview]:
    yield f"{kind}:{len(column)}:{column.null_count}".encode()
    if column.null_count:
        yield np.packbits(_numpy(_one(column.is_null()))).tobytes()
    if pa.types.is_large_string(column.type):
        # Texts may be most of the memory there is: they are not put together.
        yield from _text_bytes(column.chunks)
    else:
        yield from _value_bytes(_one(column))


def _plain(column: _Chunked) -> _Chunked:
    """Bring a column into the one encoding that is digested."""
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if pa.types.is_string(kind):
        kind = pa.large_string()
    if pa.types.is_list(kind):
        kind = pa.list_(kind.value_type)
    return column.cast(kind)


def _one(column: _Chunked) -> _Array:
    if column.num_chunks == 1:
        # Putting together even one array copies it.
        return column.chunks[0]
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)


def _value_bytes(array: _Array) -> Iterator[bytes | memoryview]:
    kind = array.type
    if pa.types.is_boolean(kind):
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
        yield from _content(pa.chunked_array([elements]), str(elements.type))
    else:
        raise EngineError(f"values of type {kind} cannot be stored; cast them before")


def _text_bytes(chunks: Sequence[_Array]) -> Iterator[bytes | memoryview]:
    for array in chunks:
        lengths: _Array = pc.call_function("binary_length", [array.cast(pa.large_binary())])
        yield _numpy(lengths.fill_null(0)).tobytes()
    for array in chunks:
        present = array.drop_null()
        _, offsets, data = present.buffers()
        if len(present) and offsets is not None and data is not None:
            bounds = np.frombuffer(memoryview(offsets), np.int64)
            first, last = bounds[present.offset], bounds[present.offset + len(present)]
            yield memoryview(data)[first:last]


def _numpy(array: _Array) -> "np.ndarray[Any, Any]":
    return array.to_numpy(zero_copy_only=False)
