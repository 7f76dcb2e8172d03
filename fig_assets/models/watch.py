"""Rows of a day and a model's card -> how inputs and scores lie, and how far from the training's.

The training's rows are those that the model learned from: rows without a label are not among them.
Its scores are of days that it did not learn from; without any, of the fifth of the rows that was
held out; without that, of all of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fig_assets.models import encode
from fig_assets.models.artifact import Card, Input, Reference
from fig_assets.models.distribution import (
    Column,
    Distance,
    Distribution,
    count_numbers,
    count_texts,
    distance,
    frequent,
    of_numbers,
    of_texts,
)
from fig_assets.models.metrics import Floats

QUANTILES = {"p05": 0.05, "p50": 0.5, "p95": 0.95}
TOP = 5
"""How many of the most frequent texts of an attribute are told."""
THRESHOLDS = (0.5, 0.9)
"""Scores from which on rows are counted, beside those that a project asks for."""
MOST_ROWS = 20_000
"""Of a day with more rows every second, third ... is looked at, so that scoring stays as fast: of
10,000 rows chance alone makes a PSI of about 0.001.
"""
SCORE = "score"
_MOMENTS = ("timestamp", "date")


@dataclass(frozen=True)
class Watched:
    """How the values of one attribute, or the scores, lie on one day."""

    name: str
    """Such as `request.country@2`, or `score`."""
    rows: int
    null_share: float | None
    """None where there are no rows."""
    mean: float | None = None
    """Of numbers; of booleans the share that is true, of an embedding its mean length."""
    quantiles: Mapping[str, float] = field(default_factory=dict)
    """Of numbers, by `p05`, `p50` and `p95`."""
    top: tuple[tuple[str, float], ...] = ()
    """The most frequent texts and their shares of all rows."""
    psi: float | None = None
    """Against the training's rows; None: too few rows, a moment, or no reference."""
    js: float | None = None


@dataclass(frozen=True)
class DayWatch:
    """A day's rows as a model saw them, beside those that it learned from."""

    scores: Watched
    inputs: tuple[Watched, ...]
    above: Mapping[float, float]
    """By threshold the share of rows that score at or above it."""
    problem: str = ""
    """Why no distance is told of any attribute; empty where there are some."""

    @property
    def furthest(self) -> Watched | None:
        """What lies furthest from the training, an input or the scores; None: no distance."""
        told = [it for it in (self.scores, *self.inputs) if it.psi is not None]
        return max(told, key=lambda it: it.psi or 0.0, default=None)


def reference_of(table: pa.Table, inputs: Sequence[Input], scores: Floats) -> Reference:
    """Say how the inputs lie in the rows that a model learns from, and its scores of them.

    Args:
        table: The rows, with a column for each input.
        inputs: What the model reads; moments are left out, for they move on with time.
        scores: Scores of rows that the trees were not fitted on, as far as there are any.
    """
    found = {}
    for entry in inputs:
        if entry.type in _MOMENTS:
            continue
        numbers = _numbers(table, entry)
        found[entry.column] = (
            of_texts(table.column(entry.column)) if numbers is None else of_numbers(numbers)
        )
    return Reference(found, of_numbers(scores))


def watch(
    card: Card, table: pa.Table, scores: Floats, thresholds: Sequence[float] = THRESHOLDS
) -> DayWatch:
    """Say how a day's rows lie beside those that the model of `card` learned from.

    Args:
        card: The model that scored the rows.
        table: The rows, with a column for each input of the card.
        scores: Their scores.
        thresholds: From which scores on rows are counted.
    """
    reference = card.reference or Reference()
    problem = "" if card.reference else f"{card.name} does not say how its training rows lay"
    step = max(1, -(-table.num_rows // MOST_ROWS))
    some = table if step == 1 else table.take(np.arange(0, table.num_rows, step))
    shares = [_share(table.column(entry.column)) for entry in card.inputs]
    inputs = tuple(
        replace(
            _input(some, entry, reference.inputs.get(entry.column)),
            rows=table.num_rows,
            null_share=share,
        )
        for entry, share in zip(card.inputs, shares, strict=True)
    )
    told = _of_numbers(SCORE, scores[::step], reference.score)
    above = {t: float(np.mean(scores >= t)) for t in thresholds} if len(scores) else {}
    return DayWatch(replace(told, rows=len(scores)), inputs, above, problem)


def _share(column: Column) -> float | None:
    return column.null_count / len(column) if len(column) else None


def _input(table: pa.Table, entry: Input, reference: Distribution | None) -> Watched:
    numbers = _numbers(table, entry)
    if numbers is not None:
        return _of_numbers(entry.attribute, numbers, reference)
    column, rows = table.column(entry.column), table.num_rows
    far = distance(reference, count_texts(reference, column)) if reference else Distance()
    return Watched(
        name=entry.attribute,
        rows=rows,
        null_share=_share(column),
        top=tuple((text, count / rows) for text, count in frequent(column, TOP)),
        psi=far.psi,
        js=far.js,
    )


def _of_numbers(name: str, numbers: Floats, reference: Distribution | None) -> Watched:
    rows = len(numbers)
    known = numbers[np.isfinite(numbers)]
    far = distance(reference, count_numbers(reference, numbers)) if reference else Distance()
    found: list[float] = np.quantile(known, [*QUANTILES.values()]).tolist() if len(known) else []
    return Watched(
        name=name,
        rows=rows,
        null_share=float(np.isnan(numbers).sum()) / rows if rows else None,
        mean=float(np.mean(known)) if len(known) else None,
        quantiles=dict(zip(QUANTILES, found, strict=False)),
        psi=far.psi,
        js=far.js,
    )


def _numbers(table: pa.Table, entry: Input) -> Floats | None:
    """Return an input as numbers, NaN for NULL; None for a text.

    An embedding is as long as it is: its direction is not watched.
    """
    if entry.type == "string":
        return None
    encoded = encode.matrix(table.select([entry.column]), [entry], {})
    columns = [pc.cast(column, pa.float64()).to_numpy() for column in encoded.columns]
    if encode.embedding_size(entry):
        return np.asarray(np.sqrt(np.sum(np.square(columns), axis=0)), dtype=np.float64)
    return np.asarray(columns[0], dtype=np.float64)
