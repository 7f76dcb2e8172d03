"""Whether a freshly trained model replaces the one in force, and on which days one is trained."""

from dataclasses import dataclass
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from fig_assets.errors import ModelError
from fig_assets.models.artifact import Artifact
from fig_assets.models.metrics import METRICS, Bools
from fig_assets.models.registry import Decision, Outcome
from fig_assets.models.score import score


@dataclass(frozen=True)
class Rule:
    """What a candidate has to reach: `minimum`, and the champion's value plus `min_gain`."""

    metric: str = "average_precision"
    """A key of `metrics.METRICS`; higher is better."""
    minimum: float = 0.0
    min_gain: float = 0.0


@dataclass(frozen=True)
class _Measured:
    candidate: float | None
    champion: float | None
    how: str


def decide(
    candidate: Artifact, champion: Artifact | None, evaluation: pa.Table | None, rule: Rule
) -> Decision:
    """Decide, for the day the candidate was trained for, which of the two is in force.

    Both are scored on the rows of `evaluation`. Without any, or with rows of one class only, each
    is judged by its own value out of fold on its training days.

    Args:
        candidate: The new artifact.
        champion: The artifact in force until now, of the same model and version.
        evaluation: Rows neither was trained on, with the label of the candidate and the attributes
            of both; rows without a label do not count.
        rule: What the candidate has to reach.

    Raises:
        ModelError: The metric is unknown, or `evaluation` lacks a column.
    """
    if rule.metric not in METRICS:
        raise ModelError(f"unknown metric '{rule.metric}'\n  fix: use one of: {', '.join(METRICS)}")
    measured = _measure(candidate, champion, evaluation, rule.metric)
    objection = _objection(measured, has_champion=champion is not None, rule=rule)
    in_force = champion.card.trained_for if champion else None
    metrics = {f"candidate_{rule.metric}": measured.candidate}
    if champion:
        metrics[f"champion_{rule.metric}"] = measured.champion
    return Decision(
        model=candidate.card.model,
        version=candidate.card.version,
        day=candidate.card.trained_for,
        outcome="rejected" if objection else "promoted",
        champion=in_force if objection else candidate.card.trained_for,
        candidate=candidate.card.trained_for,
        reason=objection or f"{_told(rule.metric, measured)}, {measured.how}",
        metrics=metrics,
    )


def carry_forward(
    model: str, version: int, day: date, *, champion: date | None, reason: str
) -> Decision:
    """Return the decision of a day without a candidate: the champion stays, if there is one."""
    outcome: Outcome = "kept" if champion else "no model yet"
    return Decision(model, version, day, outcome, champion, None, reason)


def due(day: date, first_trainable: date, every_days: int) -> bool:
    """Return whether `day` is `first_trainable` or a whole number of `every_days` after it.

    A calendar, not the age of the last model: the order in which days are run does not matter.

    Raises:
        ModelError: `every_days` is below 1.
    """
    if every_days < 1:
        raise ModelError(f"every_days is {every_days}\n  fix: write 1 or more")
    return day >= first_trainable and (day - first_trainable).days % every_days == 0


def _measure(
    candidate: Artifact, champion: Artifact | None, evaluation: pa.Table | None, metric: str
) -> _Measured:
    rows = _labelled(candidate, evaluation)
    labels = _labels(candidate, rows)
    if rows is None or labels is None:
        return _Measured(
            candidate.card.metrics.get(f"oof_{metric}"),
            champion.card.metrics.get(f"oof_{metric}") if champion else None,
            "out of fold on its own training days: no matured rows of both classes",
        )
    value = METRICS[metric]
    return _Measured(
        value(labels, score(candidate, rows).to_numpy(), None),
        value(labels, score(champion, rows).to_numpy(), None) if champion else None,
        f"on {rows.num_rows} matured rows, {int(labels.sum())} of them '{candidate.card.positive}'",
    )


def _labelled(candidate: Artifact, evaluation: pa.Table | None) -> pa.Table | None:
    if evaluation is None:
        return None
    label = candidate.card.label
    if evaluation.column_names.count(label) != 1:
        raise ModelError(
            f"{candidate.card.name}: the evaluation rows have no column '{label}'\n"
            "  fix: evaluate on rows of its label set"
        )
    return evaluation.filter(pc.is_valid(evaluation.column(label)))


def _labels(candidate: Artifact, rows: pa.Table | None) -> Bools | None:
    if rows is None or rows.num_rows == 0:
        return None
    column = rows.column(candidate.card.label).cast(pa.string())
    labels: Bools = pc.equal(column, pa.scalar(candidate.card.positive)).to_numpy()
    return labels if labels.any() and not labels.all() else None


def _objection(measured: _Measured, *, has_champion: bool, rule: Rule) -> str:
    new, old = measured.candidate, measured.champion
    if new is None:
        return f"its {rule.metric} cannot be measured {measured.how}"
    if has_champion and old is None:
        return f"the champion's {rule.metric} cannot be measured {measured.how}"
    told = _told(rule.metric, measured)
    if new < rule.minimum:
        return f"{told}, below the minimum of {rule.minimum:g}, {measured.how}"
    if old is not None and new < old + rule.min_gain:
        return f"{told}, which is no gain of {rule.min_gain:g}, {measured.how}"
    return ""


def _told(metric: str, measured: _Measured) -> str:
    against = "" if measured.champion is None else f" against {measured.champion:.4f}"
    return f"{metric} {measured.candidate:.4f}{against}"
