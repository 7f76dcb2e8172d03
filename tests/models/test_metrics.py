from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fig_assets.errors import ModelError
from fig_assets.models.metrics import (
    METRICS,
    at_budget,
    average_precision,
    log_loss,
    precision_recall_curve,
    roc_auc,
)
from tests.naive import drift

# Few distinct scores, so that ties of both classes are common.
rows = st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=2, max_size=30)


def both_classes(pairs: list[tuple[bool, int]]) -> bool:
    return {label for label, _ in pairs} == {True, False}


def columns(pairs: list[tuple[bool, int]]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([label for label, _ in pairs]), np.array([score / 5 for _, score in pairs])


@settings(max_examples=100, deadline=None)
@given(rows.filter(lambda pairs: any(label for label, _ in pairs)))
def test_average_precision_sums_precision_over_the_gains_in_recall(pairs):
    positives = sum(label for label, _ in pairs)
    expected, recall = 0.0, 0.0
    for threshold in sorted({score for _, score in pairs}, reverse=True):
        caught = [label for label, score in pairs if score >= threshold]
        expected += (sum(caught) / positives - recall) * sum(caught) / len(caught)
        recall = sum(caught) / positives

    assert average_precision(*columns(pairs)) == pytest.approx(expected)


@settings(max_examples=100, deadline=None)
@given(rows.filter(both_classes))
def test_roc_auc_is_the_share_of_pairs_in_the_right_order(pairs):
    wins = [
        1.0 if high > low else 0.5 if high == low else 0.0
        for positive, high in pairs
        if positive
        for negative, low in pairs
        if not negative
    ]

    assert roc_auc(*columns(pairs)) == pytest.approx(sum(wins) / len(wins))


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
@settings(max_examples=30, deadline=None)
@given(rows.filter(both_classes), st.randoms(use_true_random=False))
def test_a_weight_of_two_is_the_row_twice(metric, pairs, random):
    weights = [random.choice([1, 2, 3]) for _ in pairs]
    repeated = [pair for pair, weight in zip(pairs, weights, strict=True) for _ in range(weight)]

    weighted = metric(*columns(pairs), np.array(weights, dtype=float))

    assert weighted == pytest.approx(metric(*columns(repeated)))


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_the_order_of_the_rows_does_not_matter(metric):
    labels = np.array([True, False, True, False, False])
    scores = np.array([0.5, 0.5, 0.5, 0.5, 0.1])

    assert metric(labels[::-1], scores[::-1]) == metric(labels, scores)


def test_a_known_ranking_has_the_textbook_values():
    labels = np.array([False, False, True, True])
    scores = np.array([0.1, 0.4, 0.35, 0.8])

    assert average_precision(labels, scores) == pytest.approx(0.8333333333)
    assert roc_auc(labels, scores) == pytest.approx(0.75)


def test_the_curve_has_one_point_per_distinct_score():
    curve = precision_recall_curve(
        np.array([True, False, True, False]), np.array([0.9, 0.5, 0.5, 0.1])
    )

    assert curve.thresholds.tolist() == [0.9, 0.5, 0.1]
    assert curve.recall.tolist() == [0.5, 1.0, 1.0]
    assert curve.precision.tolist() == pytest.approx([1.0, 2 / 3, 0.5])


@pytest.mark.parametrize(
    ("metric", "labels", "scores", "message"),
    [
        (average_precision, [False, False], [0.1, 0.2], "at least one positive row"),
        (roc_auc, [True, True], [0.1, 0.2], "rows of both classes"),
        (roc_auc, [], [], "rows of both classes"),
        (average_precision, [True], [0.1, 0.2], "1 labels, 2 scores"),
        (average_precision, [True, False], [0.1, float("nan")], "not a finite number"),
    ],
    ids=["no positive row", "one class", "no rows", "other lengths", "NaN"],
)
def test_what_cannot_be_measured_is_refused(
    metric: Callable[..., float], labels: list[bool], scores: list[float], message: str
):
    with pytest.raises(ModelError, match=message):
        metric(np.array(labels, dtype=bool), np.array(scores))


def test_log_loss_is_the_mean_surprise_and_finite_for_certain_scores():
    labels = np.array([True, False])

    assert log_loss(labels, np.array([0.5, 0.5])) == pytest.approx(np.log(2))
    assert np.isfinite(log_loss(labels, np.array([0.0, 1.0])))


@given(
    st.lists(
        st.tuples(st.sampled_from([0.1, 0.2, 0.5, 0.9]), st.sampled_from([True, False, None])),
        min_size=1,
        max_size=30,
    ),
    st.integers(1, 35),
)
def test_an_alert_budget_catches_what_plain_loops_say(
    rows: list[tuple[float, bool | None]], budget: int
) -> None:
    scores, labels = [score for score, _ in rows], [label for _, label in rows]
    known = np.array([label is not None for label in labels])

    found = at_budget(
        np.array(scores), np.array([label is True for label in labels]), known, budget
    )

    precision, recall = drift.alerts(scores, labels, budget)
    assert found.precision == pytest.approx(precision)
    assert found.recall == pytest.approx(recall)
