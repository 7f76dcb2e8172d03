"""Counted patterns of votes -> how each weak label votes for each class, and each row's class.

Dawid and Skene (1979) with abstaining as an outcome of its own: of a rare class most rows are
silent, and that a rule is silent says much. Learned by expectation maximisation on the distinct
patterns of votes, so that the cost grows with patterns and not with rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Votes: TypeAlias = NDArray[np.int64]

ABSTAINS = -1
MOST_STEPS = 2_000
CLOSE = 1e-10
"""Learning ends when no probability of any pattern moves by more than this."""


@dataclass(frozen=True, eq=False)
class LabelModel:
    """What was learned: `prior` of each class, and `rates` by class, weak label and outcome.

    `rates[c, w, o]` is the probability that weak label `w` gives outcome `o` on a row of class
    `c`; outcome 0 is to abstain, outcome `k + 1` a vote for class `k`.
    """

    prior: Floats
    rates: Floats
    steps: int

    @property
    def accuracy(self) -> Floats:
        """Of each weak label, the probability that a vote of it is right; NaN if it never votes."""
        voted = self.prior[:, None] * self.rates[:, :, 1:].sum(axis=2)
        right = np.stack([p * self.rates[c, :, c + 1] for c, p in enumerate(self.prior)])
        total = voted.sum(axis=0)
        found: Floats = np.full(len(total), np.nan)
        np.divide(right.sum(axis=0), total, out=found, where=total > 0)
        return found

    def probabilities(self, patterns: Votes) -> Floats:
        """Return the probability of each class for each pattern, rows of `patterns`.

        A pattern that no class can give has the prior.
        """
        return _posterior(_outcomes(patterns, len(self.prior)), self.prior, self.rates)


def learn(
    patterns: Votes,
    counts: Votes,
    classes: int,
    prior: Sequence[float] | None = None,
    *,
    most_steps: int = MOST_STEPS,
) -> LabelModel | None:
    """Learn how weak labels vote from counted patterns, the same on every machine and every run.

    Begins with the class that most votes of a pattern name. A silent pattern begins with `prior`;
    without one, with the classes that nobody votes for, which can be nowhere else, or with the
    shares of the classes among the others. What is learned thus keeps the classes' names as long
    as weak labels are right more often than wrong.

    Args:
        patterns: a row for each distinct pattern, a column for each weak label; `ABSTAINS` or the
            place of a class.
        counts: how many rows have each pattern.
        classes: how many classes there are.
        prior: the share of each class where it is known; learned where it is None.
        most_steps: where to end if the probabilities still move.

    Returns:
        What was learned; None where no row has a vote.
    """
    tally = np.stack([(patterns == c).sum(axis=1) for c in range(classes)], axis=1)
    silent = tally.sum(axis=1) == 0
    if silent.all():
        return None
    weights = counts.astype(np.float64)[:, None]
    known = (tally == tally.max(axis=1, keepdims=True)).astype(np.float64)
    known /= known.sum(axis=1, keepdims=True)
    given = None if prior is None else np.asarray(prior, dtype=np.float64)
    known[silent] = _first_of_silent((known * weights)[~silent].sum(axis=0), tally, given)
    outcomes = _outcomes(patterns, classes)
    model = _maximise(outcomes, known * weights, given, 0)
    for step in range(1, most_steps + 1):
        found = _posterior(outcomes, model.prior, model.rates)
        moved = np.abs(found - known).max()
        known = found
        model = _maximise(outcomes, known * weights, given, step)
        if moved <= CLOSE:
            break
    return model


def _first_of_silent(shares: Floats, tally: Votes, given: Floats | None) -> Floats:
    if given is not None:
        return given
    unnamed: Floats = (tally.sum(axis=0) == 0).astype(np.float64)
    first: Floats = unnamed if unnamed.any() else shares
    total: float = first.sum()
    return np.divide(first, total)


def _outcomes(patterns: Votes, classes: int) -> Floats:
    """Mark the outcome of each weak label in each pattern: (patterns, weak labels, outcomes)."""
    return np.eye(classes + 1)[patterns - ABSTAINS]


def _maximise(outcomes: Floats, weighted: Floats, given: Floats | None, step: int) -> LabelModel:
    total = weighted.sum(axis=0)
    prior = total / total.sum() if given is None else given
    counted = np.einsum("pc,pwo->cwo", weighted, outcomes)
    # A class that has no row left votes in no way: no row can be of it any more.
    rates = counted / np.maximum(total, np.finfo(np.float64).tiny)[:, None, None]
    return LabelModel(prior, rates, step)


def _posterior(outcomes: Floats, prior: Floats, rates: Floats) -> Floats:
    with np.errstate(divide="ignore"):
        impossible = np.einsum("pwo,cwo->pc", outcomes, (rates <= 0).astype(np.float64)) > 0
        logs = np.log(np.where(rates > 0, rates, 1.0))
        found = np.einsum("pwo,cwo->pc", outcomes, logs) + np.log(prior)
    found = np.where(impossible, -np.inf, found)
    best = found.max(axis=1, keepdims=True)
    possible = np.isfinite(best)
    likely = np.exp(found - np.where(possible, best, 0.0))
    total = likely.sum(axis=1, keepdims=True)
    return np.where(possible, likely / np.where(possible, total, 1.0), prior)
