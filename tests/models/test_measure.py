import numpy as np
import pyarrow as pa
import pytest

from fig_assets.models.measure import BINS, MOST_POINTS, days_of, measure
from fig_assets.models.metrics import average_precision

LABELS = np.array([True, False, True, False, False])
SCORES = np.array([0.95, 0.9, 0.45, 0.41, 1.0])


def test_rows_are_counted_by_class_and_score() -> None:
    found = measure(LABELS, SCORES)

    assert (found.rows, found.positives, found.days, found.drawn) == (5, 2, 0, "rows")
    assert found.negative_scores == (0, 0, 0, 0, 1, 0, 0, 0, 0, 2)
    assert found.positive_scores == (0, 0, 0, 0, 1, 0, 0, 0, 0, 1)
    assert len(found.positive_scores) == BINS


def test_reliability_is_the_share_of_positive_rows_where_there_are_rows() -> None:
    assert measure(LABELS, SCORES).reliability == ((0.43, 0.5, 2), (0.95, 0.33333, 3))


def test_the_curve_holds_the_steps_that_average_precision_adds_up() -> None:
    curve = measure(LABELS, SCORES).curve

    assert curve == ((0.5, 0.5), (1.0, 0.5))
    steps = np.diff([0.0, *(recall for recall, _ in curve)])
    area = sum(step * precision for step, (_, precision) in zip(steps, curve, strict=True))
    assert area == pytest.approx(average_precision(LABELS, SCORES))


def test_a_curve_of_many_rows_has_few_points_and_both_ends() -> None:
    random = np.random.default_rng(2)
    labels, scores = random.random(5000) < 0.5, random.random(5000)
    curve = measure(labels, scores).curve

    assert len(curve) <= MOST_POINTS
    assert curve[0][0] < 0.001
    assert curve[-1][0] == 1.0


def test_what_scores_mean_is_shown_and_their_order_is_measured() -> None:
    found = measure(LABELS, SCORES, probabilities=SCORES / 10)

    assert found.positive_scores == (2, *[0] * 9)
    assert found.curve == measure(LABELS, SCORES).curve


def test_days_are_numbers_where_the_rows_say_them() -> None:
    table = pa.table({"day": pa.array([19000, 19001], pa.int32()).cast(pa.date32())})

    days = days_of(table)
    assert days is not None
    assert days.tolist() == [19000, 19001]
    assert days_of(pa.table({"key": ["a"]})) is None
