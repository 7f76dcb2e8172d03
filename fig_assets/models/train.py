"""Labelled rows -> a model with its card.

The same rows give the same bytes, in whatever order they come and on however many threads. Rare
positives are not weighted up: log loss at the natural rate keeps the scores probabilities. Those
who want otherwise have `scale_pos_weight` or a weight column; calibration undoes what the first
does to the scores.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fig_assets.errors import ModelError
from fig_assets.models import booster, encode
from fig_assets.models.artifact import Artifact, Calibration, Card, Input, Reference, digest_of
from fig_assets.models.booster import Fitted, Recipe, Sample
from fig_assets.models.calibrate import calibrate, calibrated
from fig_assets.models.hyperparameters import Value, resolve
from fig_assets.models.measure import Measured, measure
from fig_assets.models.metrics import METRICS, Floats, log_loss
from fig_assets.models.training_rows import (
    FOLDS,
    TrainingRequest,
    TrainingRows,
    evened,
    prepare,
    unseen_rows,
)
from fig_assets.models.watch import reference_of

__all__ = ["Artifact", "Card", "Input", "TrainingRequest", "train"]

HELD_OUT = 0
"""The fold that stops the fitting and is never fitted on."""
ROUNDS_WITHOUT_HOLDOUT = 100
"""Rounds, at most, where the held-out fold cannot tell when to stop."""
IDLE = "the model learns nothing from it"
"""How the warning of an input ends that has one value, or only rare texts, on every row."""
_STRENGTH_ROWS = 200
_FEW_POSITIVES = 50
_TOO_GOOD = 0.999
_JUDGED = {"oof": "out of fold", "unseen": "on days before"}


def train(
    table: pa.Table,
    request: TrainingRequest,
    *,
    unseen: pa.Table | None = None,
    threads: int = 1,
) -> Artifact:
    """Train gradient-boosted trees on the labelled rows of `table`.

    Four folds are fitted, the fifth stops the fitting. Rows of days that are not trained on judge
    and calibrate the model. Where they have too few of a class, four more fits with as many rounds
    score every training row out of fold, and those scores do. Metrics are those before calibration.

    Args:
        table: One row per key and day, with the columns that `request` names, in any order.
        request: What to train.
        unseen: Labelled rows of days that are not trained on, with the same columns.
        threads: Threads of LightGBM; the artifact does not depend on it.

    Raises:
        ModelError: The rows or the hyperparameters cannot be trained on (see
            `training_rows.prepare` and `hyperparameters.resolve`).
    """
    hyperparameters = _hyperparameters(request)
    recipe = _recipe(request, hyperparameters, threads)
    rows = prepare(table, request)
    study = _study(rows, unseen_rows(unseen, request, rows), recipe, request.calibration)
    strength = _strength(request, study.model, rows.sample)
    card = Card(
        model=request.model,
        version=request.version,
        trained_for=request.trained_for,
        days=request.days,
        inputs=request.inputs,
        categories=rows.categories,
        label=request.label,
        positive=request.positive,
        key=request.key,
        hyperparameters=hyperparameters,
        seed=request.seed,
        rows=len(rows.folds),
        unlabelled=rows.unlabelled,
        positives=int(rows.sample.labels.sum()),
        classes=rows.classes,
        metrics=study.metrics,
        strength=strength,
        best_iteration=study.model.rounds,
        warnings=_warnings(request, rows, study, strength),
        library=booster.library(),
        sha256=digest_of(study.model.text),
        calibration=study.calibration,
        out_of_fold=study.out_of_fold,
        reference=reference_for(
            table, request, calibrated(study.calibration, study.scores), study.stand_for
        ),
    )
    return Artifact(study.model.text, card)


@dataclass(frozen=True)
class _Study:
    """The fitted model and what the folds say about it."""

    model: Fitted
    metrics: Mapping[str, float | None]
    held_out: bool
    calibration: Calibration | None
    judged: str
    """The first word of the metrics that count: `unseen` or `oof`."""
    out_of_fold: Measured | None
    scores: Floats
    """Those of the trees, for rows that they were not fitted on wherever there are such."""
    stand_for: Floats | None
    """For how many rows each of those stands; None where each stands for itself."""


def _hyperparameters(request: TrainingRequest) -> dict[str, Value]:
    try:
        return resolve(request.hyperparameters)
    except ModelError as refusal:
        raise ModelError(f"{request.name}: {refusal}") from refusal


def _recipe(request: TrainingRequest, values: Mapping[str, Value], threads: int) -> Recipe:
    names = encode.feature_names(request.inputs)
    text = [entry.type == "string" for entry in encode.expanded(request.inputs)]
    own = ("num_iterations", "early_stopping_rounds")
    return Recipe(
        parameters={name: value for name, value in values.items() if name not in own},
        rounds=int(values["num_iterations"]),
        patience=int(values["early_stopping_rounds"]),
        categorical=[name for name, is_text in zip(names, text, strict=True) if is_text],
        seed=request.seed,
        threads=threads,
    )


def _study(
    rows: TrainingRows, unseen_days: TrainingRows | None, recipe: Recipe, calibration: str
) -> _Study:
    holdout = rows.folds == HELD_OUT
    seen, unseen = rows.sample.where(~holdout), rows.sample.where(holdout)
    held_out = recipe.patience > 0 and seen.has_both_classes and unseen.has_both_classes
    if held_out:
        model = booster.fit(seen, unseen, recipe)
    else:
        rounds = min(recipe.rounds, ROUNDS_WITHOUT_HOLDOUT) if recipe.patience else recipe.rounds
        model = booster.fit(rows.sample, None, replace(recipe, rounds=rounds))
    fifth = None
    if unseen_days:
        name, judged = "unseen", unseen_days
        scores: Floats | None = booster.probabilities(model.text, judged.sample.matrix)
        metrics = metrics_of(name, judged.sample, scores)
    else:
        name, judged = "oof", rows
        again = replace(recipe, rounds=model.rounds)
        scores = _out_of_fold(rows, again, model if held_out else None)
        fifth = scores[holdout] if held_out and scores is not None else None
        metrics = metrics_of(name, rows.sample, scores) | metrics_of("holdout", unseen, fifth)
    curve = None if scores is None else _curve(judged, scores, calibration)
    measured = None if unseen_days or scores is None else _measured(rows, scores, curve)
    # Those out of fold are of other trees, whose steps lie elsewhere.
    own = scores if unseen_days else fifth
    stand_for = None if unseen_days else unseen.weights
    if own is None:
        own, stand_for = booster.probabilities(model.text, rows.sample.matrix), rows.sample.weights
    return _Study(model, metrics, held_out, curve, name, measured, own, stand_for)


def _measured(rows: TrainingRows, scores: Floats, curve: Calibration | None) -> Measured:
    return measure(
        rows.sample.labels,
        scores,
        days=rows.days,
        weights=rows.sample.weights,
        probabilities=calibrated(curve, scores),
    )


def reference_for(
    table: pa.Table, request: TrainingRequest, scores: Floats, stand_for: Floats | None
) -> Reference:
    """Say how the labelled rows and the scores lie; sampled ones as if none had been left out."""
    labelled = table.filter(pc.is_valid(table.column(request.label)))
    if request.is_sampled and request.weight is not None:
        labelled = labelled.filter(pa.array(evened(labelled.column(request.weight).to_numpy())))
        if stand_for is not None:
            scores = scores[evened(stand_for)]
    return reference_of(labelled, request.inputs, scores)


def _curve(rows: TrainingRows, scores: Floats, method: str) -> Calibration | None:
    return calibrate(method, scores, rows.sample.labels, rows.sample.weights, rows.folds)


def _out_of_fold(rows: TrainingRows, recipe: Recipe, first: Fitted | None) -> Floats | None:
    """Score each row by a model that has not seen its fold; None if a fit would lack a class.

    `first` is the model that has not seen the held-out fold, if there is one.
    """
    scores = np.zeros(len(rows.folds))
    for fold in range(FOLDS):
        mine = rows.folds == fold
        if not mine.any():
            continue
        others = rows.sample.where(~mine)
        if not others.has_both_classes:
            return None
        model = first if first and fold == HELD_OUT else booster.fit(others, None, recipe)
        scores[mine] = booster.probabilities(model.text, rows.sample.where(mine).matrix)
    return scores


def metrics_of(prefix: str, sample: Sample, scores: Floats | None) -> dict[str, float | None]:
    """Return every metric of scores under its name with `prefix`; None each without scores."""
    names = [f"{prefix}_{name}" for name in (*METRICS, "log_loss")]
    if scores is None:
        return dict.fromkeys(names)
    values = [
        *(metric(sample.labels, scores, sample.weights) for metric in METRICS.values()),
        log_loss(sample.labels, scores, sample.weights),
    ]
    return dict(zip(names, values, strict=True))


def _strength(request: TrainingRequest, model: Fitted, sample: Sample) -> dict[str, float]:
    step = -(-sample.matrix.num_rows // _STRENGTH_ROWS)
    some = sample.matrix.take(np.arange(0, sample.matrix.num_rows, step))
    found = encode.by_attribute(booster.contributions(model.text, some), request.inputs)
    means = np.abs(found).mean(axis=0)
    return {
        entry.attribute: float(mean) for entry, mean in zip(request.inputs, means[:-1], strict=True)
    }


def input_warnings(request: TrainingRequest, rows: TrainingRows) -> tuple[str, ...]:
    """Tell of inputs that say nothing, and of too few positive rows."""
    columns = iter(rows.sample.matrix.columns)
    faults = {
        entry.attribute: [
            _emptiness(entry, next(columns)) for _ in range(encode.embedding_size(entry) or 1)
        ]
        for entry in request.inputs
    }
    found = [f"{attribute} {told[0]}: {IDLE}" for attribute, told in faults.items() if all(told)]
    positives = int(rows.sample.labels.sum())
    if positives < _FEW_POSITIVES:
        found.append(f"only {positives} rows are '{request.positive}': the metrics are rough")
    return tuple(found)


def _warnings(
    request: TrainingRequest, rows: TrainingRows, study: _Study, strength: Mapping[str, float]
) -> tuple[str, ...]:
    found = [*input_warnings(request, rows)]
    if not study.held_out:
        found.append(
            f"no early stopping: {study.model.rounds} rounds on all rows (it is switched off, or "
            "a class is missing in the held-out fifth or in the rest)"
        )
    strongest = max(strength, key=lambda attribute: strength[attribute])
    return (*found, *too_good(study.judged, study.metrics, f"{strongest} does not hold the label"))


def too_good(judged: str, metrics: Mapping[str, float | None], hope: str) -> tuple[str, ...]:
    """Warn of classes that are told apart so well that an input may hold the label."""
    auc = metrics[f"{judged}_roc_auc"]
    if auc is None or auc < _TOO_GOOD:
        return ()
    return (
        f"{_JUDGED[judged]} the classes are told apart almost perfectly "
        f"(ROC AUC {auc:.4f}): make sure that {hope}",
    )


def _emptiness(entry: Input, column: "encode.Column") -> str:
    if column.null_count == len(column):
        rare = f" or a value on fewer than {encode.MIN_CATEGORY_ROWS}"
        return f"is NULL{rare if entry.type == 'string' else ''} on every row"
    if column.null_count == 0 and len(pc.unique(column)) == 1:
        return "has one value on every row"
    return ""
