import hashlib
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from fig_assets.errors import ModelError
from fig_assets.models.artifact import Input
from fig_assets.models.training_rows import FOLDS, prepare
from tests.models.rows import INPUTS, REQUEST, labelled_rows, shuffled, with_column


def refusal_of(table: pa.Table, **changes: object) -> str:
    with pytest.raises(ModelError) as refusal:
        prepare(table, replace(REQUEST, **changes))
    return str(refusal.value)


def test_rows_come_in_one_order_whatever_order_they_are_given_in():
    first, second = (
        prepare(table, REQUEST) for table in (labelled_rows(), shuffled(labelled_rows()))
    )

    assert first.sample.matrix.equals(second.sample.matrix)
    assert first.sample.labels.tolist() == second.sample.labels.tolist()
    assert first.folds.tolist() == second.folds.tolist()


def test_the_same_key_on_two_days_has_one_order_and_one_fold():
    twice = pa.concat_tables([labelled_rows(40), labelled_rows(40)])
    twice = with_column(twice, "rate__v1", pa.array(np.arange(80) / 80))

    first, second = (prepare(table, REQUEST) for table in (twice, shuffled(twice)))

    assert first.sample.matrix.equals(second.sample.matrix)
    assert (first.folds[::2] == first.folds[1::2]).all()


def test_a_fold_is_the_md5_of_the_key():
    rows = prepare(labelled_rows(), REQUEST)
    keys = sorted(labelled_rows().column("session").to_pylist())
    expected = [int(hashlib.md5(key.encode()).hexdigest(), 16) % FOLDS for key in keys]

    assert rows.folds.tolist() == expected
    assert np.bincount(rows.folds).min() > 90


def test_numbers_serve_as_keys_too():
    table = with_column(labelled_rows(), "session", pa.array(range(600)))

    assert len(prepare(table, REQUEST).folds) == 600


def test_rows_without_a_label_are_left_out_and_counted():
    table = labelled_rows()
    labels = [None] * 100 + table.column("verdict__v1").to_pylist()[100:]

    rows = prepare(with_column(table, "verdict__v1", pa.array(labels)), REQUEST)

    assert (rows.unlabelled, len(rows.folds)) == (100, 500)
    assert sum(rows.classes.values()) == 500


def test_every_class_but_the_positive_one_is_negative():
    labels = pa.array(["spam", "malicious", "legitimate", "malicious"] * 150)

    rows = prepare(with_column(labelled_rows(), "verdict__v1", labels), REQUEST)

    assert rows.classes == {"legitimate": 150, "malicious": 300, "spam": 150}
    assert rows.sample.labels.sum() == 300


def test_categories_are_those_of_the_labelled_rows():
    table = labelled_rows(20)
    labels = pa.array(["malicious", "legitimate"] * 5 + [None] * 10)
    countries = pa.array(["DE"] * 10 + ["XX"] * 10)
    table = with_column(with_column(table, "verdict__v1", labels), "country__v2", countries)

    assert prepare(table, REQUEST).categories == {"country__v2": ("DE",)}


def test_weights_go_with_their_rows():
    table = labelled_rows()
    table = table.append_column("w", pa.array(table.column("logins__v1").to_numpy() + 1))

    sample = prepare(shuffled(table), replace(REQUEST, weight="w")).sample

    logins = sample.matrix.column(2).to_numpy()
    assert sample.weights is not None
    assert sample.weights.tolist() == (logins + 1).tolist()


def test_one_class_is_refused_with_the_counts():
    table = with_column(labelled_rows(9), "verdict__v1", pa.array(["legitimate"] * 9))

    assert refusal_of(table) == (
        "model 'scorer' v1 trained for 2024-03-15: the rows of 2024-03-11 to 2024-03-12 do not "
        "have both 'malicious' and another class in 'verdict__v1': 9 'legitimate'\n"
        "  fix: raise training_time_delta_days, or add labels that find the missing class"
    )


def test_only_positive_rows_are_refused():
    table = with_column(labelled_rows(9), "verdict__v1", pa.array(["malicious"] * 9))

    assert ": 9 'malicious'\n" in refusal_of(table)


@pytest.mark.parametrize("kind", [pa.string(), pa.null()], ids=str)
def test_rows_without_any_label_are_refused(kind):
    table = with_column(labelled_rows(9), "verdict__v1", pa.nulls(9, kind))

    assert refusal_of(table) == (
        "model 'scorer' v1 trained for 2024-03-15: no row of 2024-03-11 to 2024-03-12 has a label: "
        "'verdict__v1' is NULL on all 9 rows\n"
        "  fix: fill those days of its family and its label set, or train for another day"
    )


def test_an_empty_training_set_is_refused():
    assert "is NULL on all 0 rows" in refusal_of(labelled_rows().slice(0, 0))


@pytest.mark.parametrize("value", [float("inf"), float("-inf")])
def test_an_infinite_number_is_refused_by_attribute(value):
    table = with_column(labelled_rows(9), "rate__v1", pa.array([value] * 2 + [0.5] * 7))
    table = with_column(table, "verdict__v1", pa.array(["malicious"] * 4 + ["legitimate"] * 5))

    assert refusal_of(table) == (
        "model 'scorer' v1 trained for 2024-03-15: request.rate@1 is infinite on 2 rows\n"
        "  fix: let the feature give NULL instead, and recompute those days"
    )


@pytest.mark.parametrize("weight", [0.0, -1.0, float("nan"), float("inf"), None])
def test_a_weight_that_is_no_positive_number_is_refused(weight):
    table = labelled_rows().append_column("w", pa.array([weight] + [1.0] * 599))

    assert "weight 'w' is not a number > 0 on 1 rows" in refusal_of(table, weight="w")


def test_a_weight_of_text_is_refused():
    table = labelled_rows().append_column("w", pa.array(["1"] * 600))

    assert "weight 'w' is string" in refusal_of(table, weight="w")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"inputs": ()}, "it has no input features"),
        ({"inputs": (INPUTS[0], INPUTS[0])}, "input 'rate__v1' is listed twice"),
        (
            {"inputs": (Input("verdict__v1", "request_labels.verdict@1", "string"),)},
            "input 'verdict__v1' is its label or weight",
        ),
        ({"label": "truth"}, "the rows have no column 'truth'"),
        ({"key": "id"}, "the rows have no column 'id'"),
        ({"weight": "w"}, "the rows have no column 'w'"),
        (
            {"inputs": (Input("rate__v2", "request.rate@2", "float"),)},
            "request.rate@2: column 'rate__v2' is missing",
        ),
    ],
    ids=["none", "twice", "label", "no label", "no key", "no weight", "missing"],
)
def test_a_request_that_does_not_fit_the_rows_is_refused(changes, message):
    assert message in refusal_of(labelled_rows(), **changes)
