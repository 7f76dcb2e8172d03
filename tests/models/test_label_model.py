import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from fig_assets.models.label_model import LabelModel, learn
from tests.naive.dawid_skene import Cast, dawid_skene

Votes = NDArray[np.int64]
Truth = NDArray[np.bool_]

NAMES = ("fine", "fraud", "abuse")
RULES = ((0.65, 0.0004), (0.6, 0.0006), (0.55, 0.0006), (0.5, 0.0004))
"""Of each rule that only finds the rare class: how often it fires on it, and on the other."""


def rare(seed: int, rows: int = 200_000) -> tuple[Truth, Votes]:
    """Make votes of six rules on rows of which 1 in 500 is true: four only for the rare class."""
    chance = np.random.default_rng(seed)
    truth = chance.random(rows) < 1 / 500
    votes = np.full((rows, 6), -1)
    for rule, (hit, false) in enumerate(RULES):
        votes[chance.random(rows) < np.where(truth, hit, false), rule] = 1
    votes[chance.random(rows) < np.where(truth, 0.05, 0.5), 4] = 0
    graded = chance.random(rows)
    votes[graded > np.where(truth, 0.9, 0.5), 5] = 0
    votes[graded < np.where(truth, 0.5, 0.001), 5] = 1
    return truth, votes


def symmetric(seed: int, rows: int = 1_500) -> Votes:
    """Make votes of five rules that always vote, right as often for either class."""
    chance = np.random.default_rng(seed)
    truth = chance.random(rows) < 0.4
    votes = np.zeros((rows, 5), dtype=np.int64)
    for rule, accuracy in enumerate((0.9, 0.8, 0.75, 0.7, 0.6)):
        right = chance.random(rows) < accuracy
        votes[:, rule] = np.where(right, truth, ~truth)
    return votes


def fitted(
    votes: Votes, prior: list[float] | None = None
) -> tuple[LabelModel, NDArray[np.float64]]:
    """Learn from rows of votes, and give the probability of the second class of each row."""
    patterns, inverse, counts = np.unique(votes, axis=0, return_inverse=True, return_counts=True)
    model = learn(patterns, counts, 2, prior)
    assert model is not None
    return model, model.probabilities(patterns)[inverse.ravel(), 1]


def f1(truth: Truth, said: Truth) -> float:
    return float(2 * (truth & said).sum() / (truth.sum() + said.sum()))


# F1 of crowd-kit 1.4.2, `DawidSkene(n_iter=200, tol=1e-14)`, on the votes of `rare`: there a row
# without votes is left out, and a vote that is missing says nothing.
SILENCE_LEFT_OUT = {0: 0.5123537061118335, 1: 0.5082592121982211, 2: 0.5241038318912238}


@pytest.mark.parametrize("seed", SILENCE_LEFT_OUT)
def test_rare_attacks_are_found_by_rules_that_mostly_are_silent(seed: int) -> None:
    truth, votes = rare(seed)
    plurality = (votes == 1).sum(axis=1) > (votes == 0).sum(axis=1)
    model, chances = fitted(votes)
    found = f1(truth, chances > 0.5)
    assert SILENCE_LEFT_OUT[seed] < 0.75 < f1(truth, plurality) < 0.82 < 0.9 < found
    assert model.prior[1] == pytest.approx(1 / 500, rel=0.1)


# crowd-kit 1.4.2, `DawidSkene(n_iter=10000, tol=1e-14)` on the votes of `symmetric`.
CROWD_KIT = {
    0: (
        0.4036263160490745,
        [0.0018894379499221374, 0.8355551498923961, 0.9709620802223222],
        [0.874901588, 0.817834982, 0.738407605, 0.713789821, 0.612813181],
    ),
    1: (
        0.4199571114386978,
        [0.005104665734351355, 0.07469714206355017, 0.9819665845362641],
        [0.904796261, 0.788934227, 0.716685372, 0.678464942, 0.556701671],
    ),
    2: (
        0.4217125510353785,
        [0.9976864926663562, 0.968979606699535, 0.003291583808142569],
        [0.8588196, 0.754022431, 0.726963559, 0.68212734, 0.630786647],
    ),
}


@pytest.mark.parametrize("seed", CROWD_KIT)
def test_where_all_vote_it_is_the_model_of_dawid_and_skene(seed: int) -> None:
    share, first_rows, hits = CROWD_KIT[seed]
    model, chances = fitted(symmetric(seed))
    assert model.prior[1] == pytest.approx(share, abs=1e-6)
    assert chances[:3] == pytest.approx(first_rows, abs=1e-6)
    assert model.rates[1, :, 2] == pytest.approx(hits, abs=1e-6)


def test_the_accuracy_of_a_weak_label_is_how_often_its_votes_are_right() -> None:
    truth, votes = rare(1)
    model, _ = fitted(votes)
    measured = [
        float(((votes[:, rule] == 1) == truth)[votes[:, rule] >= 0].mean()) for rule in range(6)
    ]
    assert model.accuracy == pytest.approx(measured, abs=0.04)


def test_a_weak_label_that_never_votes_has_no_accuracy() -> None:
    votes = np.array([[1, -1], [0, -1], [1, -1]])
    model, _ = fitted(votes)
    assert np.isnan(model.accuracy).tolist() == [False, True]


def test_nothing_is_learned_where_nobody_votes() -> None:
    assert learn(np.array([[-1, -1]]), np.array([9]), 2) is None


def test_a_class_nobody_votes_for_is_looked_for_among_the_silent() -> None:
    truth, votes = rare(2, rows=50_000)
    only_attacks = votes[:, :4]
    _, chances = fitted(only_attacks)
    silent = (only_attacks < 0).all(axis=1)
    assert chances[silent].max() < 0.1
    assert f1(truth, chances > 0.5) > 0.6


def test_a_given_prior_is_kept() -> None:
    _, votes = rare(3, rows=20_000)
    model, _ = fitted(votes, [0.99, 0.01])
    assert model.prior.tolist() == [0.99, 0.01]


def test_a_pattern_that_was_never_seen_has_a_finite_probability() -> None:
    model, _ = fitted(np.array([[1, 1], [0, 0], [1, 1]]))
    found = model.probabilities(np.array([[1, 0], [-1, -1]]))
    assert found.sum(axis=1) == pytest.approx([1, 1])


@given(
    st.lists(st.tuples(*[st.sampled_from((None, *NAMES))] * 4), min_size=1, max_size=60),
    st.sampled_from([None, {"fine": 0.7, "fraud": 0.2, "abuse": 0.1}]),
)
@settings(max_examples=60, deadline=None)
def test_it_equals_plain_loops_over_rows(
    ballots: list[Cast], prior: dict[str, float] | None
) -> None:
    # Learning that begins between two classes grows roundings; few steps of it are the same: ten,
    # and what they say of the rows.
    expected = dawid_skene(ballots, NAMES, prior, steps=11)
    rows = np.array([[-1 if v is None else NAMES.index(str(v)) for v in cast] for cast in ballots])
    patterns, counts = np.unique(rows, axis=0, return_counts=True)
    model = learn(
        patterns, counts, len(NAMES), list(prior.values()) if prior else None, most_steps=10
    )
    if not expected:
        assert model is None
        return
    assert model is not None
    for pattern, found in zip(patterns.tolist(), model.probabilities(patterns), strict=True):
        cast = tuple(None if v < 0 else NAMES[v] for v in pattern)
        assert found == pytest.approx(list(expected[cast].values()), abs=1e-6), cast


def test_the_order_and_the_repetition_of_patterns_change_nothing() -> None:
    patterns, counts = np.unique(rare(4, rows=5_000)[1], axis=0, return_counts=True)
    one, other = learn(patterns, counts, 2), learn(patterns[::-1].copy(), counts[::-1].copy(), 2)
    assert one is not None
    assert other is not None
    assert one.rates == pytest.approx(other.rates, abs=1e-8)
