import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from fig_assets.errors import ModelError
from fig_assets.models.artifact import Input
from fig_assets.models.score import explain, score
from fig_assets.models.train import train
from tests.models.rows import INPUTS, REQUEST, labelled_rows, trained, with_column


def rows() -> pa.Table:
    return labelled_rows(50, seed=8).drop(["verdict__v1", "session"])


def test_a_score_is_a_probability_per_row():
    scores = score(trained(), rows())

    assert scores.type == pa.float64()
    assert len(scores) == 50
    assert 0 < min(scores.to_pylist()) < max(scores.to_pylist()) < 1


def test_no_rows_have_no_scores():
    scores = score(trained(), rows().slice(0, 0))

    assert (scores.type, len(scores)) == (pa.float64(), 0)


def test_rows_are_scored_one_by_one():
    alone = [score(trained(), rows().slice(number, 1))[0].as_py() for number in range(50)]

    assert alone == score(trained(), rows()).to_pylist()


def test_columns_are_taken_by_name_whatever_their_order():
    table = rows()
    turned = table.select(table.column_names[::-1]).append_column("other", pa.nulls(50))

    assert score(trained(), turned) == score(trained(), table)


@pytest.mark.parametrize("dropped", [entry.column for entry in INPUTS])
def test_a_dropped_column_is_refused_by_attribute(dropped):
    with pytest.raises(ModelError, match=f"column '{dropped}' is missing"):
        score(trained(), rows().drop([dropped]))


def test_a_renamed_column_is_refused():
    names = ["rate__v2" if name == "rate__v1" else name for name in rows().column_names]

    with pytest.raises(ModelError) as refusal:
        score(trained(), rows().rename_columns(names))

    assert str(refusal.value) == (
        "model 'scorer' v1 trained for 2024-03-15: the rows do not have the attributes it was made "
        "for\n"
        "  request.rate@1: column 'rate__v1' is missing\n"
        "  fix: give it the attribute versions named here, or train it again"
    )


def test_columns_whose_names_were_swapped_are_refused_where_their_types_differ():
    swap = {"rate__v1": "country__v2", "country__v2": "rate__v1"}
    names = [swap.get(name, name) for name in rows().column_names]

    with pytest.raises(ModelError, match=r"(?s)country@2: .* double, not string"):
        score(trained(), rows().rename_columns(names))


@pytest.mark.parametrize("odd", [float("nan"), float("inf"), float("-inf")], ids=str)
def test_numbers_no_model_learned_from_count_as_missing(odd):
    missing = with_column(rows(), "rate__v1", pa.nulls(50, pa.float64()))
    table = with_column(rows(), "rate__v1", pa.array([odd] * 50))

    assert score(trained(), table) == score(trained(), missing)


@pytest.mark.parametrize("text", ["unseen", "", "us", "0", "\x00", "🦜"])
def test_text_the_model_did_not_learn_counts_as_missing(text):
    missing = with_column(rows(), "country__v2", pa.nulls(50, pa.string()))
    table = with_column(rows(), "country__v2", pa.array([text] * 50))

    assert score(trained(), table) == score(trained(), missing)
    assert score(trained(), table) != score(trained(), rows())


def test_the_parts_of_an_explanation_add_up_to_the_log_odds_before_calibration():
    artifact = train(labelled_rows(), replace(REQUEST, calibration="platt"))
    told = [json.loads(text) for text in explain(artifact, rows(), top_k=2).to_pylist()]

    total = np.array(
        [
            row["base"] + row["others"] + sum(part["contribution"] for part in row["attributes"])
            for row in told
        ]
    )

    assert 1 / (1 + np.exp(-total)) == pytest.approx(score(trained(), rows()).to_numpy(), abs=1e-5)
    assert score(artifact, rows()) != score(trained(), rows())


def test_an_explanation_names_the_strongest_attributes_first():
    few = [json.loads(text) for text in explain(trained(), rows(), top_k=2).to_pylist()]
    full = [json.loads(text) for text in explain(trained(), rows(), top_k=99).to_pylist()]

    for short, whole in zip(few, full, strict=True):
        sizes = [abs(part["contribution"]) for part in whole["attributes"]]
        assert sizes == sorted(sizes, reverse=True)
        assert short["attributes"] == whole["attributes"][:2]
        assert (len(whole["attributes"]), whole["others"]) == (len(INPUTS), 0)


def test_only_rows_that_score_high_enough_are_explained():
    scores = score(trained(), rows()).to_numpy()

    told = explain(trained(), rows(), top_k=1, above=0.5)

    assert [text is not None for text in told.to_pylist()] == (scores >= 0.5).tolist()
    assert told.type == pa.string()
    assert 0 < told.null_count < 50


def test_a_row_that_scores_just_high_enough_is_explained():
    highest = max(score(trained(), rows()).to_pylist())

    told = explain(trained(), rows(), top_k=1, above=highest)

    assert told.null_count == 50 - score(trained(), rows()).to_pylist().count(highest)


def test_no_rows_have_no_explanations():
    assert len(explain(trained(), rows().slice(0, 0), top_k=3)) == 0
    assert explain(trained(), rows(), top_k=3, above=1.1).null_count == 50


def test_an_explanation_needs_an_attribute():
    with pytest.raises(ModelError, match="top_k is 0"):
        explain(trained(), rows(), top_k=0)


def embedded(table: pa.Table) -> pa.Table:
    """Put the country into an embedding of three floats, NULL on some rows."""
    places = {"BR": [1.0, 0.0, 0.5], "DE": [0.0, 1.0, 0.5], "JP": [0.0, 0.2, 0.5], "US": None}
    vectors = [places[country] for country in table.column("country__v2").to_pylist()]
    kind = pa.list_(pa.float64())
    return with_column(table, "country__v2", pa.array(vectors, kind))


def test_a_model_learns_from_an_embedding_and_explains_it_as_one_attribute():
    vector = Input("country__v2", "request.country@2", "embedding(3)", 12)
    request = replace(REQUEST, inputs=(INPUTS[0], vector), calibration="none")
    artifact = train(embedded(labelled_rows()), request)

    table = embedded(rows())
    [told] = explain(artifact, table.slice(0, 1), top_k=2).to_pylist()
    parts = json.loads(told)

    assert artifact.card.inputs[1].type == "embedding(3)"
    assert artifact.card.strength["request.country@2"] > 0.1
    assert {part["attribute"] for part in parts["attributes"]} == {
        "request.rate@1",
        "request.country@2",
    }
    odds = parts["base"] + sum(part["contribution"] for part in parts["attributes"])
    probability = score(artifact, table)[0].as_py()
    assert np.isclose(odds, np.log(probability / (1 - probability)), atol=1e-5)


def test_an_embedding_of_another_size_is_not_scored():
    vector = Input("country__v2", "request.country@2", "embedding(3)", 12)
    artifact = train(embedded(labelled_rows()), replace(REQUEST, inputs=(INPUTS[0], vector)))
    shorter = pa.array([[1.0, 2.0]] * 50)

    with pytest.raises(ModelError, match="an embedding of 2 floats, not 3"):
        score(artifact, with_column(rows(), "country__v2", shorter))
