"""Calibration: what the curve says, that it never turns the order, and how a method is chosen."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fig_assets.models.artifact import Calibration, Card
from fig_assets.models.calibrate import calibrate, calibrated, isotonic
from fig_assets.models.metrics import average_precision
from fig_assets.models.score import score
from fig_assets.models.train import train
from tests.models.rows import REQUEST, labelled_rows, trained, with_column
from tests.naive.isotonic import rising_steps

COUNT = 4_000


def sigmoid(odds):
    return 1 / (1 + np.exp(-odds))


def world(truth, seed: int = 5):
    """Scores, classes that come with the probability `truth` of a score's log odds, and folds."""
    random = np.random.default_rng(seed)
    odds = random.normal(-1.5, 1.5, COUNT)
    return sigmoid(odds), random.random(COUNT) < truth(odds), random.integers(0, 5, COUNT)


WORLDS = {
    "none": sigmoid,
    "platt": lambda odds: sigmoid(0.5 * odds - 1),
    "isotonic": lambda odds: np.where(odds < -1.5, 0.02, np.where(odds < 0.5, 0.5, 0.52)),
}


@pytest.mark.parametrize("method", WORLDS)
def test_the_method_that_fits_the_world_is_chosen(method):
    scores, labels, folds = world(WORLDS[method])

    found = calibrate("auto", scores, labels, None, folds)

    assert (found.method if found else "none") == method
    if found:
        assert min(found.log_loss, key=lambda name: found.log_loss[name]) == method


@pytest.mark.parametrize("method", ["platt", "isotonic"])
def test_calibrated_scores_say_how_often_the_class_comes(method):
    truth = WORLDS["platt"]
    scores, labels, folds = world(truth)
    other, _, _ = world(truth, seed=6)

    told = calibrated(calibrate(method, scores, labels, None, folds), other)

    wanted = truth(np.log(other / (1 - other)))
    assert np.mean(abs(told - wanted)) < 0.02 < np.mean(abs(other - wanted))


def test_platts_line_is_found_again():
    scores, labels, folds = world(WORLDS["platt"])

    found = calibrate("platt", scores, labels, None, folds)

    assert found is not None
    assert (found.slope, found.intercept) == pytest.approx((0.5, -1), abs=0.12)
    assert (found.knots, found.log_loss) == ((), {})


@pytest.mark.parametrize("method", ["platt", "isotonic"])
@pytest.mark.parametrize("truth", [*WORLDS.values(), lambda odds: sigmoid(-odds)])
def test_no_method_turns_or_ties_the_order(method, truth):
    scores, labels, folds = world(truth)
    even = np.linspace(1e-6, 1 - 1e-6, 20_001)

    curve = calibrate(method, scores, labels, None, folds)
    told = calibrated(curve, even)

    assert (np.diff(told) > 0).all()
    assert 0 < told[0] < told[-1] < 1
    assert average_precision(labels, calibrated(curve, scores)) == average_precision(labels, scores)


rows = st.lists(
    st.tuples(st.integers(1, 99), st.booleans(), st.integers(1, 5)), min_size=1, max_size=12
)


@settings(max_examples=60, deadline=None)
@given(rows)
def test_the_steps_are_those_of_a_naive_search(found):
    points, labels, weights = (np.array(part) for part in zip(*found, strict=True))

    at, rates = isotonic(points / 100, labels.astype(bool), weights.astype(float))

    naive = rising_steps([(point / 100, label, weight) for point, label, weight in found])
    assert list(zip(at, rates, strict=True)) == [pytest.approx(step) for step in naive]


@settings(max_examples=60, deadline=None)
@given(rows, st.sampled_from(["platt", "isotonic"]))
def test_any_rows_give_a_rising_curve_of_probabilities(found, method):
    points, labels, weights = (np.array(part) for part in zip(*found, strict=True))
    some = np.concatenate([[0.0, 1e-9], np.linspace(0.001, 0.999, 499), [1 - 1e-9, 1.0]])

    curve = calibrate(method, points / 100, labels.astype(bool), weights.astype(float), points % 5)
    told = calibrated(curve, some)

    assert (np.diff(told) > 0).all()
    assert 0 <= told[0] < told[-1] <= 1


def test_a_row_that_counts_twice_is_two_rows():
    scores, labels, folds = world(WORLDS["isotonic"])
    weights = np.where(np.arange(COUNT) % 3, 1.0, 2.0)
    twice = np.repeat(np.arange(COUNT), weights.astype(int))

    weighted = calibrate("isotonic", scores, labels, weights, folds)
    repeated = calibrate("isotonic", scores[twice], labels[twice], None, folds[twice])

    assert calibrated(weighted, scores) == pytest.approx(calibrated(repeated, scores))


def test_few_rows_of_a_class_are_left_as_they_are():
    scores, _, folds = world(WORLDS["platt"])
    few, enough = np.arange(COUNT) < 9, np.arange(COUNT) < 10

    assert calibrate("auto", scores, few, None, folds) is None
    assert calibrate("auto", scores, ~few, None, folds) is None
    assert calibrate("auto", scores, enough, None, folds) is not None
    assert calibrate("platt", scores, few, None, folds) is not None


def test_nothing_asked_leaves_scores_alone():
    scores, labels, folds = world(WORLDS["platt"])

    assert calibrate("none", scores, labels, None, folds) is None
    assert calibrated(None, scores) is scores


@pytest.mark.parametrize("method", ["auto", "platt", "isotonic"])
def test_a_score_means_the_same_after_a_training_that_weighs_up_positives(method):
    up = {**REQUEST.hyperparameters, "scale_pos_weight": 30}
    request = replace(REQUEST, hyperparameters=up, calibration=method)
    raw = train(labelled_rows(3_000), replace(request, calibration="none"))
    artifact = train(labelled_rows(3_000), request)
    table = labelled_rows(3_000, seed=4)
    truth = np.array([verdict == "malicious" for verdict in table["verdict__v1"].to_pylist()])

    before, after = score(raw, table).to_numpy(), score(artifact, table).to_numpy()

    assert artifact.model_text == raw.model_text
    assert before.mean() > truth.mean() + 0.05
    assert after.mean() == pytest.approx(truth.mean(), abs=0.02)
    assert average_precision(truth, after) == average_precision(truth, before)


def test_without_early_stopping_scores_are_calibrated_too():
    parameters = {**REQUEST.hyperparameters, "early_stopping_rounds": 0}
    request = replace(REQUEST, hyperparameters=parameters, calibration="platt")

    assert train(labelled_rows(), request).card.calibration is not None


def test_one_positive_row_is_trained_without_calibration():
    labels = pa.array(["malicious"] + ["legitimate"] * 599)
    table = with_column(labelled_rows(), "verdict__v1", labels)

    assert train(table, replace(REQUEST, calibration="platt")).card.calibration is None


def test_the_curve_is_part_of_the_card():
    card = train(labelled_rows(), replace(REQUEST, calibration="isotonic")).card
    assert card.calibration is not None
    moved = replace(card, calibration=replace(card.calibration, slope=9.0))

    assert Card.from_json(card.to_json(), "card.json") == card
    assert moved.digest != card.digest


def test_a_card_without_a_curve_reads_and_digests_as_before_there_were_any():
    card = replace(trained().card, calibration=None)

    assert "calibration" not in card.to_json()
    assert Card.from_json(card.to_json(), "card.json") == card
    assert (
        replace(card, calibration=Calibration("platt", 1.0, 0.0, (-1.0, 1.0))).digest != card.digest
    )
