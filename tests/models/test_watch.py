from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from fig_assets.models.artifact import Card, Input
from fig_assets.models.distribution import MIN_ROWS
from fig_assets.models.score import score
from fig_assets.models.watch import MOST_ROWS, Watched, reference_of, watch
from tests.models.rows import INPUTS, labelled_rows, trained, with_column


def named(name: str, found: tuple[Watched, ...]) -> Watched:
    return next(it for it in found if it.name == name)


def scores_of(rows: pa.Table) -> np.ndarray:
    return score(trained(), rows).to_numpy()


def test_the_training_rows_themselves_are_not_far_from_the_training() -> None:
    rows = labelled_rows()

    found = watch(trained().card, rows, scores_of(rows))

    assert [it.name for it in found.inputs] == [entry.attribute for entry in INPUTS]
    assert named("request.rate@1", found.inputs).psi == 0
    assert named("request.country@2", found.inputs).js == 0
    assert found.problem == ""


def test_rows_of_the_same_kind_are_near_and_rows_of_another_kind_far() -> None:
    rows = labelled_rows(2000, seed=8)
    moved = with_column(rows, "country__v2", pa.array(["BR"] * 1500 + [None] * 500, pa.string()))

    near = watch(trained().card, rows, scores_of(rows))
    far = watch(trained().card, moved, scores_of(moved))

    assert near.furthest is not None
    assert near.furthest.psi is not None
    assert near.furthest.psi < 0.15
    assert far.furthest is not None
    assert far.furthest.name == "request.country@2"
    told = named("request.country@2", far.inputs)
    assert (told.null_share, told.top) == (0.25, (("BR", 0.75),))
    assert far.scores.mean is not None
    assert far.scores.mean > (near.scores.mean or 0)


def test_values_are_told_as_people_count_them() -> None:
    numbers = [None, 1.0, 2.0, 3.0, 4.0]
    rows = labelled_rows(5)
    rows = with_column(rows, "rate__v1", pa.array(numbers))
    rows = with_column(rows, "is_vip__v1", pa.array([True, True, None, False, False]))

    found = watch(trained().card, rows, np.array([0.1, 0.5, 0.5, 0.9, 1.0]))

    rate = named("request.rate@1", found.inputs)
    assert (rate.rows, rate.null_share, rate.mean) == (5, 0.2, 2.5)
    assert rate.quantiles == pytest.approx({"p05": 1.15, "p50": 2.5, "p95": 3.85})
    assert named("request.is_vip@1", found.inputs).mean == 0.5
    assert found.above == {0.5: 0.8, 0.9: 0.4}
    assert found.furthest is None, "five rows say nothing of a shift"


def test_moments_move_on_with_time_and_have_no_distance() -> None:
    rows = labelled_rows(2000)

    found = watch(trained().card, rows, scores_of(rows))

    for name in ("request.seen@1", "request.joined@1"):
        it = named(name, found.inputs)
        assert (it.psi, it.js) == (None, None)
        assert it.mean is not None


def test_an_embedding_is_watched_by_its_length() -> None:
    entry = Input("vector__v1", "request.vector@1", "embedding(2)")
    vectors = [[3.0, 4.0], None, [0.0, 1.0]] * MIN_ROWS
    table = pa.table({"vector__v1": pa.array(vectors, pa.list_(pa.float64()))})
    card = replace(
        trained().card, inputs=(entry,), reference=reference_of(table, [entry], np.zeros(1))
    )

    [found] = watch(card, table, np.zeros(len(table))).inputs

    assert (found.null_share, found.mean, found.psi) == (pytest.approx(1 / 3), 3.0, 0)


def test_a_card_from_before_there_was_a_reference_is_read_and_says_so() -> None:
    rows = labelled_rows(2000)
    older = replace(trained().card, reference=None)
    again = Card.from_json(older.to_json(), "card.json")

    found = watch(again, rows, scores_of(rows))

    assert again == older
    assert "reference" not in older.to_json()
    assert found.furthest is None
    assert "does not say how its training rows lay" in found.problem
    assert named("request.rate@1", found.inputs).mean is not None


def test_of_a_large_day_some_rows_are_looked_at_and_all_are_counted() -> None:
    rows = labelled_rows(MOST_ROWS + 1)
    scores = np.zeros(MOST_ROWS + 1)
    scores[1::2] = 1.0

    found = watch(trained().card, rows, scores)

    rate = named("request.rate@1", found.inputs)
    assert rate.rows == found.scores.rows == MOST_ROWS + 1
    assert rate.null_share == rows.column("rate__v1").null_count / (MOST_ROWS + 1)
    assert found.scores.mean == 0, "every second row is left out"
    assert found.above[0.5] == 10_000 / 20_001
    every = rows.column("rate__v1").drop_null().to_numpy()
    assert rate.mean == pytest.approx(every.mean(), abs=0.02)


def test_a_day_without_rows_has_neither_numbers_nor_distances() -> None:
    rows = labelled_rows().slice(0, 0)

    found = watch(trained().card, rows, np.array([]))

    assert found.scores == Watched("score", 0, None)
    assert found.above == {}


def test_the_reference_of_scores_is_of_the_fifth_that_was_held_out() -> None:
    reference = trained().card.reference

    assert reference is not None
    assert reference.score is not None
    assert 0.1 < reference.score.rows / trained().card.rows < 0.3
    assert set(reference.inputs) == {"rate__v1", "country__v2", "logins__v1", "is_vip__v1"}
