from datetime import UTC, date, datetime

import numpy as np
import pyarrow as pa
import pytest

from fig_assets.errors import ModelError
from fig_assets.models import encode
from fig_assets.models.artifact import Input

INF, NAN = float("inf"), float("nan")


def encoded(values: pa.Array, kind: str, known: tuple[str, ...] = ()) -> list[float | None]:
    table = pa.table({"a": values})
    return encode.matrix(table, [Input("a", "f.a@1", kind)], {"a": known}).column(0).to_pylist()


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        (pa.array([True, False, None]), "boolean", [1.0, 0.0, None]),
        (pa.array([1, None, 2**53]), "bigint", [1.0, None, 2.0**53]),
        (pa.array([2**63 - 1]), "bigint", [2.0**63]),
        (pa.array([1.5, None, NAN], pa.float32()), "float", [1.5, None, None]),
        (pa.array([date(1970, 1, 2), None]), "date", [86_400.0, None]),
        (
            pa.array([1_500_000, None], pa.timestamp("us")),
            "timestamp",
            [1.5, None],
        ),
        (pa.array([-1], pa.timestamp("s")), "timestamp", [-1.0]),
        (pa.array([1_999], pa.timestamp("ns")), "timestamp", [1e-6]),
        (
            pa.array([datetime(1970, 1, 1, tzinfo=UTC)], pa.timestamp("us", "UTC")),
            "timestamp",
            [0.0],
        ),
        (pa.nulls(2), "string", [None, None]),
        (pa.nulls(2), "timestamp", [None, None]),
        (pa.nulls(2), "float", [None, None]),
    ],
    ids=str,
)
def test_a_value_becomes_a_number(values, kind, expected):
    assert encoded(values, kind) == expected


@pytest.mark.parametrize(
    "kind",
    [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())],
    ids=str,
)
def test_text_becomes_its_position_among_the_known_values(kind):
    values = pa.array(["b", "a", "unseen", "", None]).cast(kind)

    assert encoded(values, "string", ("a", "b")) == [1.0, 0.0, None, None, None]


def test_values_on_few_rows_are_not_learned_and_ties_go_by_value():
    values = ["z"] * 5 + ["é"] * 9 + ["a"] * 5 + ["rare"] * 4 + [None] * 50
    table = pa.table({"a": pa.chunked_array([values[:20], values[20:]], pa.string())})

    learned = encode.learn_categories(table, [Input("a", "f.a@1", "string")])

    assert learned == {"a": ("é", "a", "z")}


def test_only_the_most_frequent_values_are_learned():
    often = [f"often{number:03}" for number in range(encode.MAX_CATEGORIES)]
    table = pa.table({"a": often * 6 + ["less"] * 5})

    learned = encode.learn_categories(table, [Input("a", "f.a@1", "string")])

    assert learned == {"a": tuple(often)}


def test_only_finite_numbers_stay():
    table = pa.table({"a": [1.0, INF, -INF, NAN, None]})

    assert encode.finite(table).column("a").to_pylist() == [1.0, None, None, None, None]


def test_hostile_column_names_become_plain_and_stay_apart():
    inputs = [Input(name, "f.a@1", "float") for name in ('a":{x', "x y", "x_y", "名")]

    assert encode.feature_names(inputs) == ["0_a___x", "1_x_y", "2_x_y", "3__"]


def test_every_column_that_does_not_fit_is_named():
    table = pa.table([[1], ["x"], [1.0], [2.0]], names=["count", "flag", "twice", "twice"])
    inputs = [
        Input("count", "f.count@1", "bigint"),
        Input("flag", "f.flag@2", "boolean"),
        Input("twice", "f.twice@1", "float"),
        Input("gone", "f.gone@3", "float"),
    ]

    with pytest.raises(ModelError) as refusal:
        encode.check_columns(table, inputs, "model 'm' v1")

    assert str(refusal.value) == (
        "model 'm' v1: the rows do not have the attributes it was made for\n"
        "  f.flag@2: column 'flag' is string, not boolean\n"
        "  f.twice@1: column 'twice' is there 2 times\n"
        "  f.gone@3: column 'gone' is missing\n"
        "  fix: give it the attribute versions named here, or train it again"
    )


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (pa.array([1.0]), "bigint"),
        (pa.array([1]), "float"),
        (pa.array([1]), "boolean"),
        (pa.array([date(2024, 1, 1)]), "timestamp"),
        (pa.array(["a"]), "date"),
        (pa.array([b"a"]), "string"),
        (pa.array([1]).dictionary_encode(), "string"),
        (pa.array([[1.0]]), "float"),
    ],
    ids=str,
)
def test_a_column_of_another_type_is_refused(values, kind):
    with pytest.raises(ModelError, match=r"f\.a@1: column 'a' is "):
        encode.check_columns(pa.table({"a": values}), [Input("a", "f.a@1", kind)], "m")


VECTORS = pa.array([[1.0, 2.0], None, [3.0, 4.0]])
VECTOR = Input("v__v1", "f.v@1", "embedding(2)")
NUMBER = Input("n__v1", "f.n@1", "float")


def test_an_embedding_is_a_column_for_each_of_its_floats():
    table = pa.table({"v__v1": VECTORS, "n__v1": [7.0, 8.0, None]})

    found = encode.matrix(table, [VECTOR, NUMBER], {})

    assert found.to_pydict() == {
        "0_v__v1_0_": [1.0, None, 3.0],
        "1_v__v1_1_": [2.0, None, 4.0],
        "2_n__v1": [7.0, 8.0, None],
    }
    assert set(found.schema.types) == {pa.float64()}


@pytest.mark.parametrize(
    "vectors",
    [VECTORS.slice(1), pa.chunked_array([VECTORS.slice(1, 1), VECTORS.slice(2)])],
    ids=["slice", "chunks"],
)
def test_an_embedding_is_read_at_its_own_place(vectors):
    found = encode.matrix(pa.table({"v__v1": vectors}), [VECTOR], {})

    assert found.column(1).to_pylist() == [None, 4.0]


@pytest.mark.parametrize("rows", [0, 2])
def test_embeddings_that_are_not_there_are_missing_numbers(rows):
    for nothing in (pa.nulls(rows, pa.list_(pa.float64())), pa.nulls(rows)):
        found = encode.matrix(pa.table({"v__v1": nothing}), [VECTOR], {})

        assert found.column(1).to_pylist() == [None] * rows


def test_the_columns_of_an_embedding_have_names_for_people():
    names = [entry.attribute for entry in encode.expanded([VECTOR, NUMBER])]

    assert names == ["f.v@1[0]", "f.v@1[1]", "f.n@1"]


def test_contributions_of_an_embedding_are_those_of_one_attribute():
    found = encode.by_attribute(np.array([[1.0, 2.0, 4.0, 8.0]]), [VECTOR, NUMBER])

    assert found.tolist() == [[3.0, 4.0, 8.0]]
    assert encode.by_attribute(np.zeros((0, 4)), [VECTOR, NUMBER]).shape == (0, 3)


@pytest.mark.parametrize(
    ("vectors", "said"),
    [
        (pa.array([[1.0, 2.0, 3.0], None]), "f.v@1: an embedding of 3 floats, not 2"),
        (pa.array([[1.0, 2.0], [1.0]]), "f.v@1: an embedding of 1 floats, not 2"),
        (pa.array(["[1, 2]"]), "f.v@1: column 'v__v1' is string, not embedding(2)"),
        (pa.array([["a", "b"]]), "f.v@1: column 'v__v1' is list<"),
    ],
    ids=["longer", "shorter", "text", "texts"],
)
def test_an_embedding_of_another_size_is_refused(vectors, said):
    with pytest.raises(ModelError) as refusal:
        encode.check_columns(pa.table({"v__v1": vectors}), [VECTOR], "model 'm'")

    assert said in str(refusal.value)
