"""Labelled rows and a package of own code -> a model with its card; rows -> its scores."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from fig_assets.container import answers
from fig_assets.container.layout import (
    ABOUT,
    ANSWER,
    LABEL,
    ROWS,
    SEED,
    TRAIN,
    VALIDATION,
    WEIGHT,
)
from fig_assets.engines.base import DAY
from fig_assets.language.types import arrow_type, parse_type
from fig_assets.models import encode
from fig_assets.models.artifact import Artifact, Card, Input, OwnCode, digest_of_files
from fig_assets.models.booster import Sample
from fig_assets.models.calibrate import calibrate, calibrated
from fig_assets.models.jobs import Job, Platform, ask
from fig_assets.models.measure import measure
from fig_assets.models.metrics import Floats
from fig_assets.models.model_files import digests
from fig_assets.models.train import (
    HELD_OUT,
    input_warnings,
    metrics_of,
    reference_for,
    too_good,
)
from fig_assets.models.training_rows import (
    TrainingRequest,
    TrainingRows,
    folds_of,
    prepare,
    unseen_rows,
)
from fig_assets.usercode.package import Package
from fig_assets.usercode.source import CodeError

if TYPE_CHECKING:
    from fig_assets.models.encode import Column

MODEL, CODE = "model/", "code/"
"""What the paths of an artifact's files begin with."""
LIBRARY = "own code"


def train_own(
    table: pa.Table,
    request: TrainingRequest,
    package: Package,
    platform: Platform,
    *,
    unseen: pa.Table | None = None,
) -> Artifact:
    """Let a package train on the labelled rows of `table`.

    It gets four fifths of the rows, and the fifth as `validation`: the same rows as the built-in
    algorithm. Rows of days before give the metrics and the calibration, or else the fifth.

    Args:
        table: As of `train.train`.
        request: What to train.
        package: The code.
        platform: Where it is run.
        unseen: Labelled rows of days that are not trained on, with the same columns.

    Raises:
        ModelError: The rows cannot be trained on (see `training_rows.prepare`).
        OwnCodeFailed: The code failed, or answered with what is no answer.
    """
    rows = prepare(table, request)
    given = _given(_raw(table, request, rows), request.inputs)
    hyperparameters = {SEED: request.seed, **request.hyperparameters}
    job = Job(
        name=request.name,
        location=package.location,
        code=package.files,
        channels=_channels(given, rows, request),
        hyperparameters=hyperparameters,
        timeout_s=request.timeout_s,
    )
    trained = platform.train(job)
    files = {f"{MODEL}{name}": content for name, content in trained.items()}
    files |= {f"{CODE}{name}": content for name, content in package.files.items()}
    own = OwnCode(package.location, package.digest, digests(files), package.explains)
    card = Card(
        model=request.model,
        version=request.version,
        trained_for=request.trained_for,
        days=request.days,
        inputs=request.inputs,
        categories={},
        label=request.label,
        positive=request.positive,
        key=request.key,
        hyperparameters=hyperparameters,
        seed=request.seed,
        rows=len(rows.folds),
        unlabelled=rows.unlabelled,
        positives=int(rows.sample.labels.sum()),
        classes=rows.classes,
        metrics={},
        strength={},
        best_iteration=0,
        warnings=input_warnings(request, rows),
        library=LIBRARY,
        sha256=digest_of_files(own.files),
        own=own,
    )
    artifact = Artifact("", card, files, request.timeout_s)
    return _judged(artifact, request, table, _judges(table, unseen, request, rows))


def scores(artifact: Artifact, table: pa.Table) -> Floats:
    """Return each row's probability as the package gives it, before any calibration.

    Raises:
        ModelError: A column is missing, doubled or of another type.
        OwnCodeFailed: The code failed, or answered with what is no answer.
    """
    if table.num_rows == 0:
        encode.check_columns(table, artifact.card.inputs, artifact.card.name)
        return np.zeros(0)
    job, model = _asking(artifact, table)
    found = ask(job, "predict", model, ANSWER)
    try:
        return answers.scores(found.column(0).combine_chunks(), table.num_rows)
    except CodeError as refusal:
        raise job.refuse(refusal.message, refusal.fix) from refusal


def contributions(artifact: Artifact, table: pa.Table) -> Floats:
    """Return what the package says that moved each row's score.

    Returns:
        A column for each input, and a last one with the base.

    Raises:
        OwnCodeFailed: As `scores`.
    """
    inputs = len(artifact.card.inputs)
    if table.num_rows == 0:
        return np.zeros((0, inputs + 1))
    job, model = _asking(artifact, table)
    found = ask(job, "explain", model, ANSWER)
    try:
        return answers.contributions(found, table.num_rows, inputs)
    except CodeError as refusal:
        raise job.refuse(refusal.message, refusal.fix) from refusal


def _channels(
    given: pa.Table, rows: TrainingRows, request: TrainingRequest
) -> Mapping[str, pa.Table]:
    """Part the rows as the built-in algorithm does, and say in both what the inputs are."""
    table = given.append_column(LABEL, pa.array(rows.sample.labels))
    if rows.sample.weights is not None:
        table = table.append_column(WEIGHT, pa.array(rows.sample.weights))
    inputs = [
        {"column": entry.column, "attribute": entry.attribute, "type": entry.type}
        for entry in request.inputs
    ]
    about = {"model": request.model, "version": request.version, "inputs": inputs}
    table = table.replace_schema_metadata({ABOUT: orjson.dumps(about)})
    unseen = rows.folds == HELD_OUT
    return {TRAIN: table.filter(pa.array(~unseen)), VALIDATION: table.filter(pa.array(unseen))}


def _raw(table: pa.Table, request: TrainingRequest, rows: TrainingRows) -> pa.Table:
    """Return the labelled rows as they are, in the order of `rows`."""
    return table.filter(pc.is_valid(table.column(request.label))).take(rows.places)


@dataclass(frozen=True, eq=False)
class _Judges:
    """Rows by which a model is judged, which it was not fitted on."""

    name: str
    """`unseen`: of days before; `oof`: the held-out fifth."""
    raw: pa.Table
    sample: Sample
    folds: npt.NDArray[np.int64]
    days: npt.NDArray[np.int64] | None


def _judges(
    table: pa.Table, unseen: pa.Table | None, request: TrainingRequest, rows: TrainingRows
) -> _Judges:
    before = unseen_rows(unseen, request, rows)
    if before is not None and unseen is not None:
        raw = _raw(unseen, request, before)
        return _Judges("unseen", raw, before.sample, before.folds, before.days)
    chosen = rows.folds == HELD_OUT
    raw = _raw(table, request, rows).filter(pa.array(chosen))
    days = None if rows.days is None else rows.days[chosen]
    return _Judges("oof", raw, rows.sample.where(chosen), _subfolds(raw, request), days)


def _judged(
    artifact: Artifact, request: TrainingRequest, table: pa.Table, judges: _Judges
) -> Artifact:
    """Add what the judges say of the model."""
    sample, found = judges.sample, scores(artifact, judges.raw)
    told = found if sample.has_both_classes else None
    metrics = metrics_of(judges.name, sample, told)
    curve, measured = None, None
    if judges.name == "oof":
        metrics |= metrics_of("holdout", sample, told)
    if told is not None:
        curve = calibrate(request.calibration, found, sample.labels, sample.weights, judges.folds)
    meant = calibrated(curve, found)
    if told is not None and judges.name == "oof":
        measured = measure(
            sample.labels,
            found,
            days=judges.days,
            weights=sample.weights,
            probabilities=meant,
        )
    stand_for = sample.weights if judges.name == "oof" else None
    card = replace(
        artifact.card,
        metrics=metrics,
        warnings=(*artifact.card.warnings, *_doubts(judges, metrics)),
        calibration=curve,
        out_of_fold=measured,
        reference=reference_for(table, request, meant, stand_for),
    )
    return replace(artifact, card=card)


def _doubts(judges: _Judges, metrics: Mapping[str, float | None]) -> tuple[str, ...]:
    if not judges.sample.has_both_classes:
        return ("a class is missing in the held-out fifth: nothing can be measured",)
    return too_good(judges.name, metrics, "no input holds the label")


def _subfolds(raw: pa.Table, request: TrainingRequest) -> npt.NDArray[np.int64]:
    """Deal the rows of one fold into folds again, by another number of their keys."""
    keys = raw.column(request.key).cast(pa.string()).to_pylist()
    return folds_of([f"{key}again" for key in keys])


def _asking(artifact: Artifact, table: pa.Table) -> tuple[Job, dict[str, bytes]]:
    card, own = artifact.card, artifact.card.own
    if own is None:
        raise ValueError(f"{card.name} has no own code")
    parts = {
        start: {
            name.removeprefix(start): content
            for name, content in artifact.files.items()
            if name.startswith(start)
        }
        for start in (MODEL, CODE)
    }
    job = Job(
        name=f"{card.name}, scoring {_days(table)}",
        location=own.location,
        code=parts[CODE],
        channels={ROWS: _given(table, card.inputs, card.name)},
        hyperparameters=card.hyperparameters,
        timeout_s=artifact.timeout_s,
    )
    return job, parts[MODEL]


def _given(table: pa.Table, inputs: tuple[Input, ...], who: str = "") -> pa.Table:
    """Return the inputs in their order and types; infinite numbers are missing."""
    encode.check_columns(table, inputs, who)
    columns: list[Column] = []
    for entry in inputs:
        column: Column = table.column(entry.column).cast(arrow_type(parse_type(entry.type)))
        if entry.type == "float":
            column = pc.if_else(pc.is_finite(column), column, None)
        columns.append(column)
    return pa.table(columns, names=[entry.column for entry in inputs])


def _days(table: pa.Table) -> str:
    """Name the days of some rows, where they have any."""
    if DAY not in table.column_names:
        return f"{table.num_rows} rows"
    first, last = (str(pc.min_max(table.column(DAY))[name]) for name in ("min", "max"))
    return first if first == last else f"{first} to {last}"
