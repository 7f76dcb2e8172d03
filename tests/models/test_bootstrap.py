from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fig_assets.models.bootstrap import DAYS, DRAWS, ROWS, SEED, _interval, draw

Rows = list[tuple[int, bool, float, float]]
ROWS_OF_DAYS = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.booleans(),
        st.sampled_from([0.1, 0.2, 0.2001, 0.5, 0.9]),
        st.sampled_from([0.1, 0.3, 0.9]),
    ),
    min_size=2,
    max_size=12,
).filter(lambda rows: any(row[1] for row in rows) and len({row[0] for row in rows}) > 1)


def naive_average_precision(rows: Sequence[tuple[bool, float]]) -> float | None:
    """Add up (gain in recall) x precision over the distinct scores, highest first."""
    positives = sum(label for label, _ in rows)
    if not positives:
        return None
    total, caught = 0.0, 0
    for threshold in sorted({score for _, score in rows}, reverse=True):
        flagged = [label for label, score in rows if score >= threshold]
        total += (sum(flagged) - caught) / positives * sum(flagged) / len(flagged)
        caught = sum(flagged)
    return total


def naive_roc_auc(rows: Sequence[tuple[bool, float]]) -> float | None:
    """Count the pairs of a positive and another row in which the positive one scores higher."""
    pairs = [
        1.0 if high > low else 0.5 if high == low else 0.0
        for is_positive, high in rows
        if is_positive
        for other, low in rows
        if not other
    ]
    return sum(pairs) / len(pairs) if pairs else None


NAIVE = {"average_precision": naive_average_precision, "roc_auc": naive_roc_auc}


def drawn(rows: Rows) -> "dict[str, np.ndarray]":
    labels = np.array([row[1] for row in rows])
    scores = [np.array([row[place] for row in rows]) for place in (2, 3)]
    return dict(draw(labels, scores, days=np.array([row[0] for row in rows])).metrics)


@settings(max_examples=25, deadline=None)
@given(ROWS_OF_DAYS)
def test_each_draw_is_what_a_loop_over_copies_of_days_measures(rows: Rows) -> None:
    days = sorted({row[0] for row in rows})
    random = np.random.default_rng(SEED)
    found = drawn(rows)

    for number in range(40):
        chosen = random.integers(0, len(days), len(days)).tolist()
        copies = [row for place in chosen for row in rows if row[0] == days[place]]
        for name, naive in NAIVE.items():
            for place in (0, 1):
                expected = naive([(row[1], row[2 + place]) for row in copies])
                value = found[name][number, place]
                assert np.isnan(value) if expected is None else value == pytest.approx(expected)


def test_intervals_are_the_quantiles_of_what_could_be_measured() -> None:
    random = np.random.default_rng(1)
    days, scores = np.repeat(np.arange(6), 40), random.random(240)
    labels = random.random(240) < scores
    draws = draw(labels, [scores, random.random(240)], days=days)

    values = draws.metrics["roc_auc"]
    assert draws.interval("roc_auc") == tuple(np.quantile(values[:, 0], [0.025, 0.975]))
    assert draws.gain("roc_auc") == tuple(np.quantile(values[:, 0] - values[:, 1], [0.025, 0.975]))
    assert (draws.gain("roc_auc") or (0, 0))[0] > 0


@pytest.mark.parametrize("days", [None, np.zeros(400, np.int64)], ids=["no days", "one day"])
def test_without_several_days_rows_are_drawn(days: "np.ndarray | None") -> None:
    random = np.random.default_rng(5)
    labels, scores = random.random(400) < 0.3, random.random(400)
    found = draw(labels, [scores], days=days)

    values = found.metrics["roc_auc"][:, 0]
    assert found.drawn == ROWS
    assert len(values) == DRAWS
    # The standard error of a ROC AUC of chance, by Hanley and McNeil.
    hits, others = labels.sum(), (~labels).sum()
    assert values.std() == pytest.approx(
        np.sqrt((hits + others + 1) / (12 * hits * others)), rel=0.15
    )


def test_many_rows_that_rank_alike_are_drawn_as_single_rows_are() -> None:
    random = np.random.default_rng(9)
    labels = random.random(3000) < 0.02
    scores = np.where(labels, random.random(3000), random.random(3000) * 0.5).round(2)
    few = draw(labels, [scores]).metrics["average_precision"][:, 0]
    apart = draw(labels, [scores], weights=1 + random.random(3000) * 1e-9)
    single = apart.metrics["average_precision"][:, 0]

    assert few.mean() == pytest.approx(single.mean(), abs=0.02)
    assert few.std() == pytest.approx(single.std(), rel=0.15)


def test_a_row_of_weight_two_counts_as_two_rows_of_its_day() -> None:
    labels, days = np.array([True, False, False, True]), np.array([0, 0, 1, 1])
    scores, weights = np.array([0.9, 0.8, 0.7, 0.6]), np.array([1.0, 2.0, 1.0, 1.0])
    twice = np.array([0, 1, 1, 2, 3])

    weighted = draw(labels, [scores], days=days, weights=weights)
    repeated = draw(labels[twice], [scores[twice]], days=days[twice])

    assert weighted.drawn == DAYS
    for name, values in weighted.metrics.items():
        np.testing.assert_allclose(values, repeated.metrics[name])


@pytest.mark.parametrize(
    ("values", "interval"),
    [([np.nan, np.nan, 1.0], None), ([np.nan, 1.0], (1.0, 1.0))],
    ids=["most", "half"],
)
def test_what_most_draws_cannot_measure_has_no_interval(
    values: list[float], interval: tuple[float, float] | None
) -> None:
    assert _interval(np.array(values)) == interval


def test_the_order_of_the_rows_changes_no_interval_over_days() -> None:
    random = np.random.default_rng(3)
    labels, scores, days = random.random(200) < 0.2, random.random(200), np.arange(200) % 5
    mixed = random.permutation(200)

    one = draw(labels, [scores], days=days).interval("average_precision")
    other = draw(labels[mixed], [scores[mixed]], days=days[mixed]).interval("average_precision")

    assert one == pytest.approx(other)
