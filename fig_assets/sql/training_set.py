"""Model and days -> SELECT of labelled rows: exactly what a training or a scoring day sees."""

from collections.abc import Sequence
from datetime import date, timedelta

import pyarrow as pa
from sqlglot import exp

from fig_assets.engines.base import DAY, Column, Read, Target
from fig_assets.graph.definitions import Computed
from fig_assets.graph.nodes import Attribute, Graph, Model
from fig_assets.graph.period import Window
from fig_assets.language.functions import infer
from fig_assets.language.parse import parse
from fig_assets.language.types import BIGINT, Type, arrow_type
from fig_assets.sql import labels as label_sets
from fig_assets.sql.expressions import column, named, on_days, scan, value
from fig_assets.sql.relations import row_columns, score_columns

SAMPLED = "sample__weight"
"""The column that says for how many rows a kept one stands; no attribute is called so."""
SALT, HASHES = "/sample", 2**63
"""What is hashed with a key, so that folds and samples have nothing to do with each other."""


def select_training_set(
    graph: Graph, model: Model, days: Window, *, dialect: str, is_whole: bool = False
) -> exp.Select:
    """Select the rows of `days` with the model's inputs and its label.

    Where the model wants a share of the rows, those are kept whose key has a `HASH` below it: the
    same on every engine and in every run. Their weight says for how many rows each stands. With
    `is_whole` all rows are kept, and each stands for itself.

    Returns:
        One row for each row of the family that has a label, and a weight if the model wants one,
        ordered by day and key, columns `(day, granularity, *inputs, label, weight)`.
    """
    rows = _labelled(graph, model, days)
    if model.is_sampled:
        rows = _sampled(graph, model, rows, dialect, is_whole=is_whole)
        return rows.order_by(column(DAY), column(graph.row_families[model.family].granularity))
    key = graph.row_families[model.family].granularity
    return rows.order_by(column(DAY, "features"), column(key, "features"))


def _labelled(graph: Graph, model: Model, days: Window) -> exp.Select:
    family = graph.row_families[model.family]
    labels = graph.label_sets[model.label_set]
    key = family.granularity
    left = scan(family.relation, _needed(graph, model), days, "features")
    truth = [a for a in (model.label, model.weight) if a is not None]
    names = (key, *(a.column for a in truth))
    known = {
        n: k for n, k in label_sets.stored_columns(graph, labels).items() if n in (*names, DAY)
    }
    right = scan(labels.relation, known, days, "labels")
    on = exp.and_(
        column(DAY, "labels").eq(column(DAY, "features")),
        column(key, "labels").eq(column(key, "features")),
    )
    return (
        exp.select(
            column(DAY, "features"),
            column(key, "features"),
            *(column(a.column, "features") for a in model.inputs),
            *(_truth(model, a) for a in truth),
        )
        .from_(left)
        .join(right, on=on)
        .where(
            on_days(days, "features"),
            on_days(days, "labels"),
            *(column(a.column, "labels").is_(exp.null()).not_() for a in truth),
        )
    )


def _sampled(
    graph: Graph, model: Model, rows: exp.Select, dialect: str, *, is_whole: bool
) -> exp.Select:
    """Keep a share of each class, and say in a column for how many rows each of them stands."""
    family = graph.row_families[model.family]
    is_scored = column(label_column(model)).eq(exp.Literal.string(model.positive))
    own = None if model.weight is None else column(_column(model, model.weight))
    shares = (1.0, 1.0) if is_whole else (model.positives, model.negatives)
    stands_for = [_over(own, share) for share in shares]
    weight = exp.Case().when(is_scored, stands_for[0]).else_(stands_for[1])
    found = exp.select("*", named(exp.cast(weight, "double"), SAMPLED)).from_(
        rows.subquery("labelled")
    )
    if is_whole:
        return found
    place = _place(family.granularity, family.granularity_type, dialect)
    kept = [
        exp.and_(condition, exp.true() if share == 1.0 else place.copy() < _below(share))
        for condition, share in zip(
            (is_scored.copy(), is_scored.copy().not_()), shares, strict=True
        )
    ]
    return found.where(exp.or_(*kept))


def _over(weight: exp.Expr | None, share: float) -> exp.Expr:
    """Divide what a row counts for, 1 where nothing says it, by the share that is kept."""
    if weight is None:
        return exp.convert(1 / share)
    return exp.Div(this=weight.copy(), expression=exp.cast(exp.convert(share), "double"))


def _below(share: float) -> exp.Expr:
    return exp.Literal.number(int(share * HASHES))


def _place(key: str, kind: Type, dialect: str) -> exp.Expr:
    """Give each key a number from 0 to `HASHES` that says nothing of the row."""
    expression = parse(f"@HASH(@CONCAT($key, '{SALT}'))")
    infer(expression.tree, lambda _: kind)
    return value(Computed(expression, {"key": key}, {"key": kind}, BIGINT), BIGINT, dialect)


def label_column(model: Model) -> str:
    """Name the label's column of a training set: an input may be called like the label."""
    return _column(model, model.label)


def weight_column(model: Model) -> str | None:
    """Name the weight's column of a training set, if it has one, as `label_column` does."""
    if model.is_sampled:
        return SAMPLED
    return None if model.weight is None else _column(model, model.weight)


def select_scoring_set(graph: Graph, model: Model, day: date) -> exp.Select:
    """Select the rows of `day` with the model's inputs, ordered by key."""
    family = graph.row_families[model.family]
    days = Window(day, day + timedelta(days=1))
    table = scan(family.relation, _needed(graph, model), days, "features")
    names = (DAY, family.granularity, *(a.column for a in model.inputs))
    return (
        exp.select(*(column(name) for name in names))
        .from_(table)
        .where(on_days(days))
        .order_by(column(family.granularity))
    )


def training_reads(graph: Graph, model: Model, days: Sequence[date]) -> tuple[Read, ...]:
    """Say what training on `days` reads."""
    if not days:
        return ()
    family = graph.row_families[model.family]
    labels = graph.label_sets[model.label_set]
    start, end = days[0], days[-1] + timedelta(days=1)
    inputs = tuple(sorted(a.column for a in model.inputs))
    truth = tuple(a.column for a in (model.label, model.weight) if a is not None)
    return (
        Read(family.relation, inputs, start, end),
        Read(labels.relation, truth, start, end),
    )


def score_target(graph: Graph, model: Model, day: date, champion: str) -> Target:
    """Say which columns a write of scores on `day` replaces, and what it reads.

    `champion` stands for the artifact that scores: another one makes other scores.
    """
    family = graph.row_families[model.family]
    end = day + timedelta(days=1)
    inputs = tuple(sorted(a.column for a in model.inputs))
    reads = (Read(family.relation, inputs, day, end),)
    key = Column(
        family.granularity, arrow_type(family.granularity_type), family.fingerprint,
        (Read(family.relation, (), day, end),),
    )  # fmt: skip
    types = score_columns(graph, model.title)
    outputs = tuple(Column(a.column, types[a.column], a.fingerprint, reads) for a in model.outputs)
    more = tuple(
        Column(name, types[name], model.fingerprint, reads)
        for name in ("trained_for", "explanation")
    )
    notes = {"champion": champion}
    return Target(model.relation, (family.granularity,), (key, *outputs, *more), notes=notes)


def _truth(model: Model, attribute: Attribute) -> exp.Expr:
    found, name = column(attribute.column, "labels"), _column(model, attribute)
    return found if name == attribute.column else named(found, name)


def _column(model: Model, attribute: Attribute) -> str:
    name = attribute.column
    return f"label__{name}" if name in {a.column for a in model.inputs} else name


def _needed(graph: Graph, model: Model) -> dict[str, pa.DataType]:
    family = graph.row_families[model.family]
    wanted = {DAY, family.granularity, *(a.column for a in model.inputs)}
    return {n: kind for n, kind in row_columns(family).items() if n in wanted}
