"""An artifact applied to rows: probabilities, and what moved each of them."""

from collections.abc import Iterator, Sequence

import orjson
import pyarrow as pa

from fig_assets.errors import ModelError
from fig_assets.models import booster, encode, own
from fig_assets.models.artifact import Artifact, Input
from fig_assets.models.calibrate import calibrated
from fig_assets.models.metrics import Floats

_DIGITS = 6
"""Decimals of a contribution: enough for a log odds, and short."""


def score(artifact: Artifact, table: pa.Table) -> pa.DoubleArray:
    """Return each row's probability of the positive class, in the order of the rows.

    Columns are taken by name; others are left alone. Missing are NULL, NaN, infinite numbers and
    text the model did not learn.

    Raises:
        ModelError: A column is missing, doubled or of another type; names each attribute.
    """
    if artifact.card.own is not None:
        return pa.array(_calibrated(artifact, own.scores(artifact, table)), pa.float64())
    return pa.array(_scores(artifact, _matrix(artifact, table)), pa.float64())


def explain(
    artifact: Artifact,
    table: pa.Table,
    *,
    top_k: int,
    above: float = 0.0,
    scores: pa.DoubleArray | None = None,
) -> pa.StringArray:
    """Tell per row which attributes moved its score most.

    The text is JSON: `base` is the log odds of an average row, `attributes` lists the `top_k` of
    the largest absolute contribution with their values as text, `others` sums the rest; together
    they are the row's log odds before the calibration.

    Args:
        artifact: The model.
        table: Rows as for `score`.
        top_k: How many attributes to name, at least 1.
        above: Rows that score below it get NULL: contributions cost far more than scores.
        scores: What `score` gave for the same rows; computed where it is left out.

    Raises:
        ModelError: As `score`, or `top_k` is below 1.
    """
    if top_k < 1:
        raise ModelError(f"top_k is {top_k}; fix: write 1 or more")
    if artifact.card.own is not None and not artifact.card.own.explains:
        return pa.nulls(table.num_rows, pa.string())
    wanted = (score(artifact, table) if scores is None else scores).to_numpy() >= above
    rows = table.filter(pa.array(wanted))
    found, told = _contributions(artifact, rows), _values(artifact, rows)
    texts = iter([_text(row, next(told), artifact.card.inputs, top_k) for row in found])
    return pa.array([next(texts) if told else None for told in wanted.tolist()], pa.string())


def _contributions(artifact: Artifact, table: pa.Table) -> Floats:
    """Return what moved each row: a column for each input, and the base in a last one."""
    if artifact.card.own is not None:
        return own.contributions(artifact, table)
    found = booster.contributions(artifact.model_text, _matrix(artifact, table))
    return encode.by_attribute(found, artifact.card.inputs)


def _scores(artifact: Artifact, matrix: pa.Table) -> Floats:
    return _calibrated(artifact, booster.probabilities(artifact.model_text, matrix))


def _calibrated(artifact: Artifact, scores: Floats) -> Floats:
    return calibrated(artifact.card.calibration, scores)


def _matrix(artifact: Artifact, table: pa.Table) -> pa.Table:
    card = artifact.card
    encode.check_columns(table, card.inputs, card.name)
    return encode.finite(encode.matrix(table, card.inputs, card.categories))


def _values(artifact: Artifact, table: pa.Table) -> Iterator[tuple[str | None, ...]]:
    """Yield the values of the inputs of each row, as text."""
    columns = [as_text(table.column(entry.column)) for entry in artifact.card.inputs]
    return zip(*columns, strict=True)


def as_text(column: "encode.Column") -> list[str | None]:
    """Write values for people: numbers in full, lists as JSON, NULL as None."""
    if pa.types.is_list(column.type):
        return [None if v is None else orjson.dumps(v).decode() for v in column.to_pylist()]
    return [None if v is None else str(v) for v in column.cast(pa.string()).to_pylist()]


def _text(row: Floats, values: Sequence[str | None], inputs: Sequence[Input], top_k: int) -> str:
    parts = row[:-1].tolist()
    order = sorted(range(len(parts)), key=lambda position: (-abs(parts[position]), position))
    content = {
        "base": round(float(row[-1]), _DIGITS),
        "attributes": [
            {
                "attribute": inputs[position].attribute,
                "id": inputs[position].attribute_id,
                "value": values[position],
                "contribution": round(parts[position], _DIGITS),
            }
            for position in order[:top_k]
        ],
        "others": round(sum(parts[position] for position in order[top_k:]), _DIGITS),
    }
    return orjson.dumps(content).decode()
