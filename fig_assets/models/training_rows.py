"""A table of rows -> what a model is fitted on: labelled, encoded, ordered, dealt into folds."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import JsonValue

from fig_assets.engines.base import DAY
from fig_assets.errors import ModelError
from fig_assets.models import encode
from fig_assets.models.artifact import TIMEOUT_S, Input
from fig_assets.models.booster import Sample
from fig_assets.models.calibrate import FEW
from fig_assets.models.metrics import Bools, Floats

FOLDS = 5
"""A row's fold is the md5 of its key, as a number, modulo this."""
_MD5_BYTES = 16
_ROUNDING = 1e-9
_KEY, _LABEL, _WEIGHT, _DAY = "key", "label", "weight", "day"
_PLACE = "place"


@dataclass(frozen=True)
class TrainingRequest:
    """Which model to train, for which partition, from which columns."""

    model: str
    version: int
    trained_for: date
    days: tuple[date, ...]
    """The days the rows are of, for messages and the card."""
    inputs: tuple[Input, ...]
    label: str
    """The column of the class; rows where it is NULL are left out."""
    positive: str
    """The class whose probability is the score; every other class is negative."""
    key: str
    """The granularity column; rows of one key share a fold."""
    hyperparameters: Mapping[str, JsonValue] = field(default_factory=dict)
    seed: int = 7
    weight: str | None = None
    """A column with what each row counts for, or nothing: 1 each."""
    calibration: str = "auto"
    """How scores become probabilities: one of `calibrate.METHODS`."""
    is_sampled: bool = False
    """Whether rows were left out, and the weight says for how many each of the others stands."""
    timeout_s: float = TIMEOUT_S
    """How long own code may take, in seconds."""

    @property
    def name(self) -> str:
        """The model for messages, such as `model 'scorer' v1 trained for 2024-03-15`."""
        return f"model '{self.model}' v{self.version} trained for {self.trained_for}"

    def refuse(self, message: str, fix: str) -> ModelError:
        """Return the error that names this model, what is wrong, and the mend."""
        return ModelError(f"{self.name}: {message}\n  fix: {fix}")


@dataclass(frozen=True, eq=False)
class TrainingRows:
    """The labelled rows, in an order that depends on nothing but the rows themselves."""

    sample: Sample
    folds: npt.NDArray[np.int64]
    """Per row a number from 0 to `FOLDS` - 1."""
    categories: Mapping[str, tuple[str, ...]]
    classes: Mapping[str, int]
    """Rows per class, the classes in alphabetical order."""
    unlabelled: int
    days: npt.NDArray[np.int64] | None = None
    """The day of each row as a number; None where the rows do not say it."""
    places: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    """Per row its place among the labelled rows of the table."""


def prepare(table: pa.Table, request: TrainingRequest) -> TrainingRows:
    """Check, encode and order the labelled rows of `table`.

    Raises:
        ModelError: A column is missing or of another type, no row has a label, there is one class
            only, a number is infinite, an input is NULL on all rows, or a weight is not a
            number > 0.
    """
    _check(table, request)
    labelled = table.filter(pc.is_valid(table.column(request.label)))
    classes = _classes(labelled, request, unlabelled=table.num_rows - labelled.num_rows)
    categories = encode.learn_categories(labelled, request.inputs)
    matrix = encode.matrix(labelled, request.inputs, categories)
    _refuse_infinite(matrix, request)
    _refuse_empty(labelled, request)
    ordered = _ordered(labelled, matrix, request)
    labels: Bools = ordered.column(_LABEL).to_numpy()
    return TrainingRows(
        Sample(ordered.select(matrix.column_names), labels, _weights_of(ordered, request)),
        folds_of(ordered.column(_KEY).to_pylist()),
        categories,
        classes,
        unlabelled=table.num_rows - labelled.num_rows,
        days=_days(ordered),
        places=ordered.column(_PLACE).to_numpy(),
    )


def unseen_rows(
    table: pa.Table | None, request: TrainingRequest, rows: TrainingRows
) -> TrainingRows | None:
    """Encode the labelled rows of days that are not trained on, as the model of `rows` sees them.

    Returns:
        The rows; None where there are none, or fewer than `calibrate.FEW` of a class.

    Raises:
        ModelError: A column is missing or of another type, or a weight is not a number > 0.
    """
    if table is None:
        return None
    _check(table, request)
    labelled = table.filter(pc.is_valid(table.column(request.label)))
    matrix = encode.finite(encode.matrix(labelled, request.inputs, rows.categories))
    ordered = _ordered(labelled, matrix, request)
    labels: Bools = ordered.column(_LABEL).to_numpy()
    if min(labels.sum(), (~labels).sum()) < FEW:
        return None
    return replace(
        rows,
        sample=Sample(ordered.select(matrix.column_names), labels, _weights_of(ordered, request)),
        folds=folds_of(ordered.column(_KEY).to_pylist()),
        unlabelled=table.num_rows - labelled.num_rows,
        days=_days(ordered),
        places=ordered.column(_PLACE).to_numpy(),
    )


def evened(stand_for: Floats) -> Bools:
    """Choose rows so that each that is left stands for the same number of rows, nearly.

    >>> evened(np.array([1.0, 4.0, 1.0, 1.0, 1.0])).tolist()
    [False, True, False, False, True]
    """
    ends = np.floor(np.cumsum(stand_for / stand_for.max()) + _ROUNDING)
    chosen: Bools = np.diff(ends, prepend=0.0) > 0
    return chosen


def _check(table: pa.Table, request: TrainingRequest) -> None:
    columns = [entry.column for entry in request.inputs]
    if not columns:
        raise request.refuse("it has no input features", "list some in input_features")
    for position, column in enumerate(columns):
        if column in columns[:position]:
            raise request.refuse(f"input '{column}' is listed twice", "list it once")
        if column in (request.label, request.weight):
            raise request.refuse(
                f"input '{column}' is its label or weight", "remove it from input_features"
            )
    for name in (request.key, request.label, request.weight):
        if name is not None and table.column_names.count(name) != 1:
            raise request.refuse(f"the rows have no column '{name}'", "add it to the training set")
    encode.check_columns(table, request.inputs, request.name)


def _classes(labelled: pa.Table, request: TrainingRequest, *, unlabelled: int) -> dict[str, int]:
    days = f"{request.days[0]} to {request.days[-1]}" if request.days else "no days"
    if labelled.num_rows == 0:
        raise request.refuse(
            f"no row of {days} has a label: '{request.label}' is NULL on all {unlabelled} rows",
            "fill those days of its family and its label set, or train for another day",
        )
    counted = (
        pa.Table.from_arrays([labelled.column(request.label).cast(pa.string())], names=[_LABEL])
        .group_by(_LABEL)
        .aggregate([([], "count_all")])
        .sort_by(_LABEL)
        .to_pylist()
    )
    classes = {str(entry[_LABEL]): int(entry["count_all"]) for entry in counted}
    if request.positive not in classes or len(classes) == 1:
        counts = ", ".join(f"{count} '{name}'" for name, count in classes.items())
        raise request.refuse(
            f"the rows of {days} do not have both '{request.positive}' and another class in "
            f"'{request.label}': {counts}",
            "raise training_time_delta_days, or add labels that find the missing class",
        )
    return classes


def _refuse_infinite(matrix: pa.Table, request: TrainingRequest) -> None:
    for entry, column in zip(encode.expanded(request.inputs), matrix.columns, strict=True):
        count = int(np.isinf(column.to_numpy()).sum())
        if count:
            raise request.refuse(
                f"{entry.attribute} is infinite on {count} rows",
                "let the feature give NULL instead, and recompute those days",
            )


def _refuse_empty(labelled: pa.Table, request: TrainingRequest) -> None:
    """Refuse an input without any value: it is broken, or its days were built before it worked."""
    for entry in request.inputs:
        if labelled.column(entry.column).null_count == labelled.num_rows:
            raise request.refuse(
                f"{entry.attribute} is NULL on all {labelled.num_rows} labelled rows of "
                f"{request.days[0]} to {request.days[-1]}",
                "mend the feature and recompute those days, or take it out of input_features",
            )


def _ordered(labelled: pa.Table, matrix: pa.Table, request: TrainingRequest) -> pa.Table:
    """Order by key, then by everything else: rows that still tie are the same row twice."""
    positive = pc.equal(
        labelled.column(request.label).cast(pa.string()), pa.scalar(request.positive)
    )
    rows = matrix.append_column(_LABEL, positive)
    rows = rows.append_column(_KEY, labelled.column(request.key).cast(pa.string()))
    if request.weight:
        rows = rows.append_column(_WEIGHT, pa.array(_weights(labelled, request)))
    if DAY in labelled.column_names:
        # Last, so that it orders only rows that are the same to the model.
        rows = rows.append_column(_DAY, labelled.column(DAY))
    others = [name for name in rows.column_names if name != _KEY]
    rows = rows.append_column(_PLACE, pa.array(np.arange(rows.num_rows)))
    return rows.sort_by([(name, "ascending") for name in (_KEY, *others)])


def _days(ordered: pa.Table) -> npt.NDArray[np.int64] | None:
    if _DAY not in ordered.column_names:
        return None
    days: npt.NDArray[np.int64] = ordered.column(_DAY).cast(pa.int32()).to_numpy().astype(np.int64)
    return days


def _weights_of(ordered: pa.Table, request: TrainingRequest) -> Floats | None:
    return ordered.column(_WEIGHT).to_numpy() if request.weight else None


def _weights(labelled: pa.Table, request: TrainingRequest) -> Floats:
    column = labelled.column(request.weight or "")
    if not (pa.types.is_floating(column.type) or pa.types.is_integer(column.type)):
        raise request.refuse(f"weight '{request.weight}' is {column.type}", "make it a float")
    weights: Floats = column.cast(pa.float64(), safe=False).to_numpy()
    odd: Bools = ~(np.isfinite(weights) & (weights > 0))
    if odd.any():
        raise request.refuse(
            f"weight '{request.weight}' is not a number > 0 on {int(odd.sum())} rows",
            "give every labelled row a weight, and a NULL label to those that do not count",
        )
    return weights


def folds_of(keys: Sequence[str | None]) -> npt.NDArray[np.int64]:
    """Return the fold of each key, a number from 0 to `FOLDS` - 1."""
    digests = [hashlib.md5((key or "").encode(), usedforsecurity=False).digest() for key in keys]
    # 256 leaves 1 when divided by 5: a number leaves what the sum of its bytes leaves.
    octets = np.frombuffer(b"".join(digests), np.uint8).reshape(-1, _MD5_BYTES)
    folds: npt.NDArray[np.int64] = octets.sum(axis=1, dtype=np.int64) % FOLDS
    return folds
