"""The one room that knows LightGBM: matrices of float64 in, texts and numbers out.

Loading LightGBM takes about a second, so it is loaded when the first model is trained or applied.
"""

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from fig_assets.errors import ModelError
from fig_assets.models.metrics import Bools, Floats

if TYPE_CHECKING:
    from lightgbm import Booster

_FIXED: Mapping[str, object] = {
    "objective": "binary",
    "metric": "binary_logloss",
    "verbosity": -1,
    "deterministic": True,
    # Column-wise histograms are summed by one thread each: the same bits for any thread count.
    "force_col_wise": True,
}
_ROUNDING = 1e-6
_THREADS_LINE = re.compile(r"^\[num_threads: \d+\]$", re.MULTILINE)


@dataclass(frozen=True, eq=False)
class Sample:
    """Encoded rows with their labels and, where rows do not count alike, weights."""

    matrix: pa.Table
    labels: Bools
    weights: Floats | None = None

    def where(self, chosen: Bools) -> "Sample":
        """Return the rows for which `chosen` is true, in their order."""
        weights = None if self.weights is None else self.weights[chosen]
        return Sample(self.matrix.filter(pa.array(chosen)), self.labels[chosen], weights)

    @property
    def has_both_classes(self) -> bool:
        """Whether there is a positive and a negative row."""
        return bool(self.labels.any() and not self.labels.all())


@dataclass(frozen=True)
class Recipe:
    """How to fit: LightGBM's parameters, the number of rounds, and which columns hold codes."""

    parameters: Mapping[str, int | float | bool]
    rounds: int
    patience: int
    """Rounds without a better held-out log loss after which training stops; 0: never."""
    categorical: Sequence[str]
    seed: int
    threads: int


@dataclass(frozen=True)
class Fitted:
    """A fitted model, cut at its best round."""

    text: str
    rounds: int


def library() -> str:
    """Return the library and its version, such as `lightgbm 4.7.0`."""
    return f"lightgbm {_lightgbm().__version__}"


def fit(sample: Sample, holdout: Sample | None, recipe: Recipe) -> Fitted:
    """Fit boosted trees for the log odds of the positive class.

    The text is the same for the same rows in the same order, whatever the number of threads.

    Raises:
        ModelError: LightGBM refuses the rows or the parameters; holds its words.
    """
    lgb = _lightgbm()
    training = _dataset(sample, recipe, None)
    stopping = holdout is not None and recipe.patience > 0
    try:
        booster = lgb.train(
            {**_FIXED, **recipe.parameters, "seed": recipe.seed, "num_threads": recipe.threads},
            training,
            num_boost_round=recipe.rounds,
            valid_sets=[_dataset(holdout, recipe, training)] if holdout and stopping else None,
            callbacks=[lgb.early_stopping(recipe.patience, verbose=False)] if stopping else None,
        )
    except lgb.basic.LightGBMError as refusal:
        raise ModelError(f"LightGBM refuses to train: {refusal}") from refusal
    rounds = booster.best_iteration if stopping else booster.current_iteration()
    text = booster.model_to_string(num_iteration=rounds)
    return Fitted(_THREADS_LINE.sub("[num_threads: 0]", text, count=1), rounds)


def probabilities(text: str, matrix: pa.Table) -> Floats:
    """Return the probability of the positive class for each row of `matrix`."""
    if matrix.num_rows == 0:
        return np.zeros(0)
    return np.asarray(_load(text).predict(matrix, num_threads=1), dtype=np.float64)


def contributions(text: str, matrix: pa.Table) -> Floats:
    """Return the SHAP contributions of each row to its log odds.

    Returns:
        One column per column of `matrix` and a last one with the expected value; a row adds up to
        its log odds.

    Raises:
        ModelError: A row does not add up to its log odds, which LightGBM promises.
    """
    if matrix.num_rows == 0:
        return np.zeros((0, matrix.num_columns + 1))
    booster = _load(text)
    found = np.asarray(booster.predict(matrix, pred_contrib=True, num_threads=1), np.float64)
    odds = np.asarray(booster.predict(matrix, raw_score=True, num_threads=1), np.float64)
    check_sums(found, odds)
    return found


def check_sums(contributions: Floats, odds: Floats) -> None:
    """Refuse contributions whose rows do not add up to `odds`, but for rounding.

    Raises:
        ModelError: Says by how much the worst row is off.
    """
    off = np.abs(contributions.sum(axis=1) - odds)
    if (off > _ROUNDING * (1 + np.abs(contributions).sum(axis=1))).any():
        raise ModelError(
            f"LightGBM's contributions do not add up to the score: off by {off.max():.3g}\n"
            "  fix: leave explain out of the model, and report this"
        )


@cache
def _lightgbm() -> ModuleType:
    import lightgbm

    # Without a logger LightGBM prints to standard output, which belongs to the commands.
    lightgbm.register_logger(logging.getLogger("fig_assets.lightgbm"))
    return lightgbm


def _dataset(sample: Sample, recipe: Recipe, reference: object) -> object:
    return _lightgbm().Dataset(
        sample.matrix,
        label=sample.labels.astype(np.float32),
        weight=None if sample.weights is None else sample.weights.astype(np.float32),
        reference=reference,
        categorical_feature=list(recipe.categorical),
        params={"verbosity": -1, "num_threads": recipe.threads},
    )


@lru_cache(maxsize=4)
def _load(text: str) -> "Booster":
    """Parse the text of an `Artifact`: any other could be damaged, and end the process."""
    booster: Booster = _lightgbm().Booster(model_str=text)
    return booster
