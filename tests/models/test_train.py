import subprocess
import sys
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from fig_assets.errors import ModelError
from fig_assets.models.metrics import average_precision
from fig_assets.models.score import score
from fig_assets.models.train import HELD_OUT, ROUNDS_WITHOUT_HOLDOUT, train
from fig_assets.models.training_rows import prepare
from tests.models.rows import REQUEST, labelled_rows, shuffled, trained, with_column


def test_the_same_rows_in_any_order_give_the_same_bytes():
    again = train(shuffled(labelled_rows()), REQUEST)

    assert again.model_text == trained().model_text
    assert again.card.to_json() == trained().card.to_json()


def test_the_number_of_threads_does_not_change_the_bytes():
    assert train(labelled_rows(), REQUEST, threads=2) == trained()


def test_another_process_gives_the_same_bytes():
    code = "from tests.models.rows import trained; print(trained().card.digest)"

    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout

    assert printed.decode().strip() == trained().card.digest


def test_other_columns_and_their_order_do_not_change_the_bytes():
    table = labelled_rows().append_column("other", pa.nulls(600))

    assert train(table.select(table.column_names[::-1]), REQUEST) == trained()


def test_a_changed_value_gives_another_model():
    table = labelled_rows()
    rates = pa.array([0.123, *table.column("rate__v1").to_pylist()[1:]])

    assert (
        train(with_column(table, "rate__v1", rates), REQUEST).card.digest != trained().card.digest
    )


def test_the_card_says_what_the_model_was_made_of():
    card = trained().card
    table = labelled_rows()

    assert (card.model, card.version, card.days) == ("scorer", 1, REQUEST.days)
    assert card.inputs == REQUEST.inputs
    assert card.categories == {"country__v2": ("US", "JP", "DE", "BR")}
    assert (card.rows, card.unlabelled) == (600, 0)
    assert card.positives == table.column("verdict__v1").to_pylist().count("malicious")
    assert card.hyperparameters["num_leaves"] == 7
    assert 1 <= card.best_iteration <= 12
    assert card.warnings == ()


def test_the_metrics_tell_that_it_learned_and_the_strength_from_what():
    card = trained().card
    strongest = sorted(card.strength, key=lambda name: -card.strength[name])[:2]

    assert set(card.metrics) == {
        f"{part}_{name}"
        for part in ("oof", "holdout")
        for name in ("average_precision", "roc_auc", "log_loss")
    }
    assert (card.metrics["oof_average_precision"] or 0) > 0.6 > 4 * card.positives / card.rows
    assert strongest == ["request.rate@1", "request.country@2"]


def test_labels_of_chance_have_metrics_of_chance():
    labels = np.random.default_rng(9).choice(["malicious", "legitimate"], 600).tolist()
    table = with_column(labelled_rows(), "verdict__v1", pa.array(labels))

    card = train(table, REQUEST).card

    assert card.metrics["oof_roc_auc"] == pytest.approx(0.5, abs=0.1)


def test_the_fits_out_of_fold_stop_where_the_model_stopped():
    """Three hundred rounds on labels of chance would give a log loss far above ln 2."""
    labels = np.random.default_rng(9).choice(["malicious", "legitimate"], 600).tolist()
    table = with_column(labelled_rows(), "verdict__v1", pa.array(labels))
    request = replace(REQUEST, hyperparameters={"learning_rate": 0.5, "num_iterations": 300})

    metrics = train(table, request).card.metrics

    assert (metrics["oof_log_loss"] or 9) < 0.9
    assert metrics["holdout_roc_auc"] == pytest.approx(0.5, abs=0.15)


def test_rows_of_other_days_judge_the_model_in_place_of_more_fits():
    artifact = train(labelled_rows(), REQUEST, unseen=labelled_rows(seed=4))
    uncalibrated = replace(artifact, card=replace(artifact.card, calibration=None))
    scores = score(uncalibrated, labelled_rows(seed=4)).to_numpy()
    labels = np.array(labelled_rows(seed=4)["verdict__v1"].to_pylist()) == "malicious"

    assert artifact.model_text == trained().model_text
    assert artifact.card.metrics["unseen_average_precision"] == average_precision(labels, scores)
    assert {name.partition("_")[0] for name in artifact.card.metrics} == {"unseen"}


def test_rows_of_other_days_calibrate():
    rare = labelled_rows(seed=4).slice(0, 300)
    halved = rare.filter(pc.not_equal(rare["verdict__v1"], "malicious"))
    rows = pa.concat_tables([labelled_rows(seed=5), halved, halved, halved])

    mean = np.mean(score(train(labelled_rows(), REQUEST, unseen=rows), rows).to_numpy())

    share = np.mean(np.array(rows["verdict__v1"].to_pylist()) == "malicious")
    assert mean == pytest.approx(share, abs=0.01)
    assert np.mean(score(trained(), rows).to_numpy()) > share + 0.02


@pytest.mark.parametrize("few", [0, 9, 10])
def test_other_days_judge_only_with_ten_rows_of_each_class(few):
    rows = labelled_rows(seed=4)
    is_bad = pc.equal(rows["verdict__v1"], "malicious")
    some = pa.concat_tables([rows.filter(is_bad).slice(0, few), rows.filter(pc.invert(is_bad))])

    metrics = train(labelled_rows(), REQUEST, unseen=some).card.metrics

    assert ("unseen_roc_auc" in metrics) == (few == 10)
    assert ("oof_roc_auc" in metrics) == (few < 10)


def test_other_days_without_a_label_or_with_infinite_numbers_do_not_stop_the_training():
    rows = labelled_rows(seed=4)
    odd = with_column(rows, "rate__v1", pa.array([float("inf")] * rows.num_rows))
    bare = with_column(rows, "verdict__v1", pa.array([None] * rows.num_rows, pa.string()))

    card = train(labelled_rows(), REQUEST, unseen=pa.concat_tables([odd, bare])).card

    assert card.metrics["unseen_roc_auc"] == pytest.approx(0.6, abs=0.15)


def test_scores_are_probabilities_without_weighting_up_rare_positives():
    artifact = trained()

    mean = np.mean(score(artifact, labelled_rows(seed=4)).to_numpy())

    assert mean == pytest.approx(artifact.card.positives / artifact.card.rows, abs=0.05)


def test_a_label_given_away_by_a_feature_is_warned_of():
    table = labelled_rows()
    leak = pa.array([verdict == "malicious" for verdict in table["verdict__v1"].to_pylist()])

    card = train(with_column(table, "is_vip__v1", leak), REQUEST).card

    assert any("make sure that request.is_vip@1 does not hold" in text for text in card.warnings)


@pytest.mark.parametrize(
    ("column", "values", "warning"),
    [
        ("rate__v1", pa.array([float("nan")] * 600), "request.rate@1 is NULL on every row"),
        ("logins__v1", pa.array([7] * 600), "request.logins@1 has one value on every row"),
        (
            "country__v2",
            pa.array([f"c{number}" for number in range(600)]),
            "request.country@2 is NULL or a value on fewer than 5 on every row",
        ),
    ],
    ids=["NaN", "one number", "rare text"],
)
def test_an_attribute_without_information_is_warned_of(column, values, warning):
    card = train(with_column(labelled_rows(), column, values), REQUEST).card

    assert card.warnings == (f"{warning}: the model learns nothing from it",)


@pytest.mark.parametrize("entry", REQUEST.inputs, ids=lambda entry: entry.type)
def test_an_attribute_without_any_value_is_refused_by_name(entry):
    rows = labelled_rows()
    kind = rows.schema.field(entry.column).type

    with pytest.raises(ModelError) as refusal:
        train(with_column(rows, entry.column, pa.nulls(600, kind)), REQUEST)

    said = str(refusal.value)
    assert said.startswith("model 'scorer' v1 trained for 2024-03-15: ")
    assert f"{entry.attribute} is NULL on all 600 labelled rows of 2024-03-11 to 2024-03-12" in said
    assert "fix: mend the feature" in said


def test_all_attributes_without_information_still_give_a_model():
    table = labelled_rows()
    for name in table.column_names[1:-1]:
        table = with_column(table, name, pa.repeat(table.column(name).drop_null()[0], 600))

    artifact = train(table, REQUEST)

    assert len(artifact.card.warnings) == 6
    assert len(set(score(artifact, table).to_pylist())) == 1


def test_one_positive_row_trains_without_early_stopping_and_without_metrics():
    labels = pa.array(["malicious"] + ["legitimate"] * 599)

    card = train(with_column(labelled_rows(), "verdict__v1", labels), REQUEST).card

    assert set(card.metrics.values()) == {None}
    assert card.warnings[0].startswith("only 1 rows are 'malicious'")
    assert card.warnings[1].startswith("no early stopping: 12 rounds on all rows")


def test_without_a_usable_fifth_the_rounds_are_bounded():
    table = labelled_rows()
    prepared = prepare(table, REQUEST)
    keys = sorted(table.column("session").to_pylist())
    unseen = {key for key, fold in zip(keys, prepared.folds, strict=True) if fold == HELD_OUT}
    labels = [
        "legitimate" if row["session"] in unseen else row["verdict__v1"]
        for row in table.to_pylist()
    ]
    request = replace(REQUEST, hyperparameters={"learning_rate": 0.01})

    card = train(with_column(table, "verdict__v1", pa.array(labels)), request).card

    assert card.best_iteration == ROUNDS_WITHOUT_HOLDOUT
    assert card.metrics["holdout_average_precision"] is None
    assert (card.metrics["oof_average_precision"] or 0) > 0.3


def test_early_stopping_can_be_switched_off():
    request = replace(REQUEST, hyperparameters={"early_stopping_rounds": 0, "n_estimators": 9})

    card = train(labelled_rows(), request).card

    assert card.best_iteration == 9
    assert card.metrics["oof_average_precision"] is not None
    assert card.metrics["holdout_average_precision"] is None


def test_two_rows_are_enough_to_train():
    table = with_column(labelled_rows(2), "verdict__v1", pa.array(["malicious", "legitimate"]))

    assert score(train(table, REQUEST), table).to_pylist() == pytest.approx([0.5, 0.5])


def test_weights_change_the_model():
    table = labelled_rows().append_column("w", pa.array([1.0] * 300 + [5.0] * 300))

    weighted = train(table, replace(REQUEST, weight="w"))

    assert weighted.card.sha256 != trained().card.sha256


def test_a_wrong_hyperparameter_names_the_model():
    with pytest.raises(ModelError) as refusal:
        train(labelled_rows(), replace(REQUEST, hyperparameters={"num_leafs": 3}))

    assert str(refusal.value) == (
        "model 'scorer' v1 trained for 2024-03-15: wrong hyperparameters\n"
        "  unknown 'num_leafs'; fix: write 'num_leaves'"
    )


def test_training_prints_nothing(capfd):
    train(labelled_rows(30), REQUEST)

    assert capfd.readouterr() == ("", "")


def test_labels_dealt_by_chance_are_told_apart_by_chance() -> None:
    rows = labelled_rows(1_500)
    dealt = np.random.default_rng(5).permutation(rows.column("verdict__v1").to_pylist())
    card = train(with_column(rows, "verdict__v1", pa.array(dealt.tolist())), REQUEST).card
    auc, bad = card.metrics["oof_roc_auc"], card.positives
    # Two standard deviations of a ranking that knows nothing (Mann and Whitney).
    interval = 2 * ((card.rows + 1) / (12 * bad * (card.rows - bad))) ** 0.5
    assert auc is not None
    assert abs(auc - 0.5) < interval
