from datetime import date, datetime

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fig_assets.engines.digest import column_digest, combined_digest
from fig_assets.errors import EngineError

VALUES = {
    pa.string(): st.text(max_size=5),
    pa.int64(): st.integers(-(2**63), 2**63 - 1),
    pa.int32(): st.integers(-(2**31), 2**31 - 1),
    pa.float64(): st.floats(),
    pa.bool_(): st.booleans(),
    pa.date32(): st.dates(),
    pa.timestamp("us"): st.datetimes(),
    pa.list_(pa.float64()): st.lists(st.floats(-9, 9), max_size=3),
}
COLUMNS = st.sampled_from(list(VALUES)).flatmap(
    lambda kind: st.tuples(st.just(kind), st.lists(st.none() | VALUES[kind], max_size=20))
)


def digest(values: list[object], kind: pa.DataType) -> str:
    return column_digest(pa.chunked_array([pa.array(values, kind)]))


@given(COLUMNS, st.integers(0, 20), st.integers(0, 3))
def test_chunks_padding_and_offsets_do_not_matter(
    column: tuple[pa.DataType, list[object]], cut: int, shift: int
) -> None:
    kind, values = column
    padded = pa.array([*[None] * shift, *values, None], kind)[shift:-1]
    chunked = pa.chunked_array([padded[:cut], pa.array([], kind), padded[cut:]], kind)
    assert column_digest(chunked) == digest(values, kind)


@given(COLUMNS, COLUMNS)
def test_only_equal_columns_share_a_digest(
    one: tuple[pa.DataType, list[object]], other: tuple[pa.DataType, list[object]]
) -> None:
    same = one[0] == other[0] and pa.array(one[1], one[0]).equals(pa.array(other[1], other[0]))
    if same:
        assert digest(one[1], one[0]) == digest(other[1], other[0])
    elif not any(kind == pa.float64() for kind, _ in (one, other)):
        assert digest(one[1], one[0]) != digest(other[1], other[0])


OF_ANY_WIDTH = (pa.string(), pa.bool_(), pa.list_(pa.float64()))
FIXED_WIDTH = [kind for kind in VALUES if kind not in OF_ANY_WIDTH]


@pytest.mark.parametrize("kind", FIXED_WIDTH, ids=str)
def test_what_stands_under_a_null_does_not_matter(kind: pa.DataType) -> None:
    width = kind.bit_width // 8
    valid = pa.py_buffer(bytes([0b01]))
    arrays = [
        pa.Array.from_buffers(
            kind, 2, [valid, pa.py_buffer(bytes(width) + bytes([rubbish]) * width)]
        )
        for rubbish in (0, 1, 255)
    ]
    assert len({column_digest(pa.chunked_array([array])) for array in arrays}) == 1


def test_text_under_a_null_does_not_matter() -> None:
    offsets = pa.array([0, 1, 3], pa.int32()).buffers()[1]
    buffers = [pa.py_buffer(bytes([0b01])), offsets, pa.py_buffer(b"axx")]
    hidden = pa.Array.from_buffers(pa.string(), 2, buffers)
    assert column_digest(pa.chunked_array([hidden])) == digest(["a", None], pa.string())


@pytest.mark.parametrize(
    ("one", "other", "kind"),
    [
        pytest.param([0.0], [-0.0], pa.float64(), id="zeros of both signs"),
        pytest.param([float("nan")], [-float("nan")], pa.float64(), id="NaN of both signs"),
    ],
)
def test_values_that_sql_holds_equal_are_equal(
    one: list[object], other: list[object], kind: pa.DataType
) -> None:
    assert digest(one, kind) == digest(other, kind)


@pytest.mark.parametrize(
    ("one", "other", "kind"),
    [
        pytest.param([""], [None], pa.string(), id="empty text and NULL"),
        pytest.param([], [None], pa.string(), id="no row and a NULL"),
        pytest.param(["ab", ""], ["a", "b"], pa.string(), id="text cut elsewhere"),
        pytest.param(["\u00e9"], ["e\u0301"], pa.string(), id="two spellings of one letter"),
        pytest.param([0], [None], pa.int64(), id="zero and NULL"),
        pytest.param([1, 2], [2, 1], pa.int64(), id="another order"),
        pytest.param([False], [None], pa.bool_(), id="FALSE and NULL"),
        pytest.param([[]], [None], pa.list_(pa.float64()), id="no element and NULL"),
        pytest.param([[1], [2, 3]], [[1, 2], [3]], pa.list_(pa.float64()), id="cut elsewhere"),
    ],
)
def test_values_that_differ_have_other_digests(
    one: list[object], other: list[object], kind: pa.DataType
) -> None:
    assert digest(one, kind) != digest(other, kind)


def test_the_type_counts() -> None:
    midnight = digest([datetime(1970, 1, 1, microsecond=7)], pa.timestamp("us"))  # noqa: DTZ001
    assert midnight != digest([7], pa.int64())
    assert digest([date(1970, 1, 8)], pa.date32()) != digest([7], pa.int32())


def test_a_dictionary_and_large_text_equal_plain_text() -> None:
    plain = pa.array(["a", None, "ünï", "a"])
    encoded = pa.chunked_array([plain.dictionary_encode()])
    assert column_digest(encoded) == column_digest(pa.chunked_array([plain]))
    large = pa.chunked_array([plain.cast(pa.large_string())])
    assert column_digest(large) == column_digest(pa.chunked_array([plain]))


def test_what_the_elements_of_a_list_are_called_does_not_matter() -> None:
    values = [[1.0, -0.0], None, [2.5]]
    kinds = [pa.list_(pa.field(name, pa.float64())) for name in ("item", "l", "element")]
    assert len({digest(values, kind) for kind in kinds}) == 1


def test_a_list_under_a_null_does_not_matter() -> None:
    offsets = pa.array([0, 1, 3], pa.int32()).buffers()[1]
    elements = pa.array([1.0, 2.0, 3.0])
    valid = pa.py_buffer(bytes([0b01]))
    kind = pa.list_(pa.float64())
    hidden = pa.Array.from_buffers(kind, 2, [valid, offsets], children=[elements])
    assert column_digest(pa.chunked_array([hidden])) == digest([[1.0], None], kind)


def test_a_type_that_is_never_stored_is_refused() -> None:
    with pytest.raises(EngineError, match=r"values of type list<item: int64> cannot be stored"):
        digest([[1]], pa.list_(pa.int64()))


def test_the_order_of_digests_counts() -> None:
    assert combined_digest(["a", "b"]) != combined_digest(["b", "a"])
