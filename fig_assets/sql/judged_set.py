"""Model and day -> SELECT of its scores beside the labels that came later."""

from datetime import date, timedelta

import pyarrow as pa
from sqlglot import exp

from fig_assets.engines.base import DAY, Read
from fig_assets.graph.nodes import Graph, Model
from fig_assets.graph.period import Window
from fig_assets.sql import labels as label_sets
from fig_assets.sql.expressions import column, named, on_days, scan
from fig_assets.sql.relations import score_columns

SCORE, LABEL = "score", "label"


def select_scores(graph: Graph, model: Model, day: date) -> exp.Select:
    """Select the scores of `day`, in the order of the scoring set; column `score`."""
    key = graph.row_families[model.family].granularity
    score = model.outputs[0].column
    table = scan(model.relation, _needed(graph, model), _days(day))
    rows = exp.select(named(column(score), SCORE)).from_(table)
    return rows.where(on_days(_days(day))).order_by(column(key))


def select_judged(graph: Graph, model: Model, day: date) -> exp.Select:
    """Select a row for each scored row of `day` with its label, NULL where it has none.

    Returns:
        Columns `(score, label)`, ordered by key.
    """
    labels = graph.label_sets[model.label_set]
    key = graph.row_families[model.family].granularity
    known = label_sets.stored_columns(graph, labels)
    truth = {name: known[name] for name in (DAY, key, model.label.column)}
    left = scan(model.relation, _needed(graph, model), _days(day), "scores")
    right = scan(labels.relation, truth, _days(day), "labels")
    on = exp.and_(
        column(key, "labels").eq(column(key, "scores")),
        on_days(_days(day), "labels"),
    )
    return (
        exp.select(
            named(column(model.outputs[0].column, "scores"), SCORE),
            named(column(model.label.column, "labels"), LABEL),
        )
        .from_(left)
        .join(right, on=on, join_type="left")
        .where(on_days(_days(day), "scores"))
        .order_by(column(key, "scores"))
    )


def judged_reads(model: Model, day: date) -> tuple[Read, ...]:
    """Say what judging the scores of `day` reads."""
    days = _days(day)
    return (
        Read(model.relation, (model.outputs[0].column,), days.start, days.end),
        Read(f"label_sets/{model.label_set}", (model.label.column,), days.start, days.end),
    )


def _needed(graph: Graph, model: Model) -> dict[str, pa.DataType]:
    key = graph.row_families[model.family].granularity
    wanted = (DAY, key, model.outputs[0].column)
    return {n: kind for n, kind in score_columns(graph, model.title).items() if n in wanted}


def _days(day: date) -> Window:
    return Window(day, day + timedelta(days=1))
