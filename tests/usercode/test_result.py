"""What functions return, as a column of the declared type: converted totally, losses counted."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fig_assets.language.types import (
    BIGINT,
    BOOLEAN,
    DATE,
    FLOAT,
    STRING,
    TIMESTAMP,
    Type,
    arrow_type,
)
from fig_assets.usercode.result import to_column
from fig_assets.usercode.source import CodeError

EMBEDDING = Type("embedding", 2)
BIG = 2**63
ZONED = datetime(2024, 1, 1, tzinfo=UTC)
EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - the language's timestamps have no zone
PLAIN = datetime(2024, 1, 1)  # noqa: DTZ001 - the language's timestamps have no zone


def column(returned: object, kind: Type, rows: int | None = None) -> tuple[list[object], int]:
    """Convert; gives the values and how many were lost."""
    count = len(returned) if rows is None else rows  # type: ignore[arg-type]
    found = to_column(returned, count, arrow_type(kind), kind.size)
    assert found.column.type == arrow_type(kind)
    return found.column.to_pylist(), found.lost.true_count


@pytest.mark.parametrize(
    "wrap",
    [
        list,
        pa.array,
        lambda v: pa.chunked_array([v[:1], v[1:]]),
        lambda v: pd.Series(v, dtype="Int64"),
        lambda v: pd.Series(v, dtype=pd.ArrowDtype(pa.int32())),
        lambda v: pd.Series(v, dtype=object),
        lambda v: np.array(v, dtype=object),
        lambda v: np.array([np.nan if x is None else x for x in v]),
        lambda v: pa.array(v).dictionary_encode(),
        lambda v: pa.array(v, pa.float32()),
        lambda v: [None if x is None else np.int8(x) for x in v],
        lambda v: [None if x is None else Decimal(x) for x in v],
    ],
    ids=["list", "array", "chunks", "nullable", "arrow", "objects", "numpy objects", "floats",
         "dictionary", "single", "scalars", "decimals"],
)  # fmt: skip
@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (BIGINT, [1, None, 0]),
        (FLOAT, [1.0, None, 0.0]),
        (BOOLEAN, [True, None, False]),
    ],
    ids=str,
)
def test_every_kind_of_column_is_taken(
    wrap: Callable[[list[object]], object], kind: Type, expected: list[object]
) -> None:
    assert column(wrap([1, None, 0]), kind) == (expected, 0)


@pytest.mark.parametrize(
    ("kind", "values", "expected", "lost"),
    [
        (BIGINT, [2.7, 2.0, BIG, -BIG, "12", "12.00", "12.5", "x", True, b"1"],
         [None, 2, None, -BIG, 12, 12, None, None, 1, None], 5),
        (BIGINT, [float("nan"), float("inf"), 1e300], [None, None, None], 2),
        (FLOAT, ["1e3", "nan", "1e400", ".5", 10**400, True, Decimal("sNaN"), Decimal("9e999999")],
         [1000.0, None, None, 0.5, None, 1.0, None, None], 4),
        (BOOLEAN, ["TRUE", "false", "yes", 1, 0.0, 2, date(2024, 1, 1)],
         [True, False, None, True, False, None, None], 3),
        (STRING, ["a\0b", "\ud800", 1, 1.5, True, 1e20, PLAIN, {}, [], b"x", BIG],
         ["a\0b", None, "1", "1.5", "true", "1e+20", "2024-01-01 00:00:00"] + [None] * 4, 5),
        (TIMESTAMP, [ZONED, "2024-01-01T01:00:00+01:00", date(2024, 1, 1), "now", 5],
         [PLAIN, PLAIN, PLAIN, None, None], 2),
        (DATE, [ZONED, PLAIN, "2024-01-01", "2024-02-30", 5],
         [date(2024, 1, 1)] * 3 + [None] * 2, 2),
        (EMBEDDING, [[1, 2], (1, 2), np.array([1, 2]), "[1, 2]", [1], [1, None], [1, True], "x", 3],
         [[1.0, 2.0]] * 4 + [None] * 5, 5),
    ],
    ids=["bigint", "no number", "float", "boolean", "string", "timestamp", "date", "embedding"],
)  # fmt: skip
def test_what_has_no_counterpart_is_null_and_counted(
    kind: Type, values: list[object], expected: list[object], lost: int
) -> None:
    assert column(values, kind) == (expected, lost)


@pytest.mark.parametrize(
    ("array", "kind", "expected", "lost"),
    [
        (pa.array([1, 2**64 - 1], pa.uint64()), BIGINT, [1, None], 1),
        (pa.array([1.5, float("inf"), float("nan")]), FLOAT, [1.5, None, None], 1),
        (pa.array(["a", None], pa.large_string()), STRING, ["a", None], 0),
        (pa.array(["a", None], pa.string_view()), STRING, ["a", None], 0),
        (pa.array([1, None], pa.timestamp("ns")), TIMESTAMP, [EPOCH, None], 0),
        (pa.array([2**62], pa.timestamp("s")), TIMESTAMP, [None], 1),
        (pa.array([2**62], pa.timestamp("us")), TIMESTAMP, [None], 1),
        (
            pa.array([0], pa.timestamp("us", "America/New_York")),
            TIMESTAMP,
            [EPOCH],
            0,
        ),
        (pa.array([19723], pa.date32()), DATE, [date(2024, 1, 1)], 0),
        (pa.array([[1, 2], [1, 2, 3], None]), EMBEDDING, [[1.0, 2.0], None, None], 1),
        (pa.array([[1, 2]], pa.list_(pa.float32(), 2)), EMBEDDING, [[1.0, 2.0]], 0),
        (pa.nulls(2), BIGINT, [None, None], 0),
        (pa.array([b"x"]), BIGINT, [None], 1),
        (pa.array([{"a": 1}]), FLOAT, [None], 1),
        (pa.array([1], pa.duration("s")), BIGINT, [None], 1),
    ],
    ids=str,
)
def test_arrow_arrays_of_every_type_are_converted(
    array: "pa.Array[pa.Scalar[pa.DataType]]", kind: Type, expected: list[object], lost: int
) -> None:
    assert column(array, kind) == (expected, lost)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int32])
def test_a_matrix_is_an_embedding_for_each_row(dtype: type) -> None:
    assert column(np.array([[1, 2], [3, 4]], dtype=dtype), EMBEDDING) == (
        [[1.0, 2.0], [3.0, 4.0]],
        0,
    )


def test_a_matrix_of_another_width_or_with_holes_is_lost() -> None:
    assert column(np.zeros((2, 3)), EMBEDDING) == ([None, None], 2)
    assert column(np.array([[1, np.nan], [1, 2]]), EMBEDDING) == ([None, [1.0, 2.0]], 1)
    assert column(np.array([["a", "b"]]), EMBEDDING) == ([None], 1)


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        ([1], "returned 1 values for 2 rows"),
        (np.zeros((3, 2)), "returned 3 values for 2 rows"),
        ("ab", "returned a str"),
        (None, "returned a NoneType"),
        ((1, 2), "returned a tuple"),
        (iter([1, 2]), "returned a list_iterator"),
        ({0: 1, 1: 2}, "returned a dict"),
        (pd.DataFrame({"a": [1, 2]}), "returned a DataFrame"),
        (pa.table({"a": [1, 2]}), "returned a Table"),
        (np.zeros((2, 2, 2)), "returned an array of 3 dimensions"),
        (np.float64(1), "returned a float64"),
        (pd.Series([1, 2], index=[1, 0]), "returned a series whose index is not"),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, str) else "",
)
def test_what_is_no_column_of_the_rows_is_refused(returned: object, said: str) -> None:
    with pytest.raises(CodeError) as refusal:
        to_column(returned, 2, arrow_type(EMBEDDING), 2)

    assert refusal.value.message.startswith(said)


ANYTHING = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=4), st.binary(),
    st.datetimes(), st.datetimes(timezones=st.timezones()), st.dates(), st.decimals(),
    st.lists(st.floats(), max_size=2), st.just(pd.NA), st.just(pd.NaT), st.complex_numbers(),
)  # fmt: skip


@settings(max_examples=20, deadline=None, derandomize=True)
@given(values=st.lists(ANYTHING, max_size=5))
@pytest.mark.parametrize(
    "kind", [STRING, BIGINT, FLOAT, BOOLEAN, TIMESTAMP, DATE, EMBEDDING], ids=str
)
def test_no_value_can_make_a_conversion_fail(kind: Type, values: list[object]) -> None:
    found, lost = column(values, kind)

    assert len(found) == len(values)
    assert 0 <= lost <= found.count(None)
