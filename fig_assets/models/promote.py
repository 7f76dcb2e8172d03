"""Whether a freshly trained model replaces the one in force, and on which days one is trained."""

from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fig_assets.errors import ModelError
from fig_assets.models.artifact import Artifact, Card
from fig_assets.models.bootstrap import DAYS, Codes, Draws, Interval, draw
from fig_assets.models.evaluation import Evaluation, Side
from fig_assets.models.measure import Measured, days_of, measured
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
    confident: bool = False
    """Whether the low end of the gain's interval, too, must be above `min_gain`."""


_OUT_OF_FOLD = "out of fold on its own training days: no matured rows of both classes"


def decide(
    candidate: Artifact, champion: Artifact | None, rows: pa.Table | None, rule: Rule
) -> Decision:
    """Evaluate and judge; see `evaluate` and `judge`."""
    evaluation = evaluate(candidate, champion, rows, rule.metric)
    return judge(evaluation, rule)


def evaluate(
    candidate: Artifact, champion: Artifact | None, rows: pa.Table | None, metric: str
) -> Evaluation:
    """Score `rows` with candidate and champion and measure both.

    Without any rows, or with rows of one class only, each is measured by its own value out of fold
    on its training days.

    Args:
        candidate: The new artifact.
        champion: The artifact in force until now, of the same model and version.
        rows: Rows neither was trained on, with the label of the candidate and the attributes of
            both; rows without a label do not count. Where they have days, days are drawn for the
            intervals.
        metric: A key of `metrics.METRICS`.

    Raises:
        ModelError: The metric is unknown, or `rows` lack a column.
    """
    if metric not in METRICS:
        raise ModelError(f"unknown metric '{metric}'\n  fix: use one of: {', '.join(METRICS)}")
    card = candidate.card
    told = Evaluation(card.model, card.version, card.trained_for, metric, _OUT_OF_FOLD, _own(card))
    known = _labelled(candidate, rows)
    labels = _labels(candidate, known)
    sides = [candidate, *([champion] if champion else [])]
    if known is None or labels is None:
        found = [_own(side.card, metric) for side in sides]
        how = _OUT_OF_FOLD + _told_draws(found[0].measured)
        return replace(told, how=how, candidate=found[0], champion=found[1] if champion else None)
    scores = [score(side, known).to_numpy() for side in sides]
    days = days_of(known)
    draws = draw(labels, scores, days=days)
    found = [
        Side(
            side.card.trained_for,
            METRICS[metric](labels, some, None),
            measured(labels, some, draws, place=place, days=days),
        )
        for place, (side, some) in enumerate(zip(sides, scores, strict=True))
    ]
    return replace(
        told,
        how=_told_rows(labels, draws, days, card.positive),
        candidate=found[0],
        champion=found[1] if champion else None,
        gain=draws.gain(metric) if champion else None,
    )


def judge(evaluation: Evaluation, rule: Rule) -> Decision:
    """Decide, for the day the candidate was trained for, which of the two is in force."""
    new, old = evaluation.candidate, evaluation.champion
    objection = _objection(evaluation, rule)
    metrics = {f"candidate_{rule.metric}": new.value}
    intervals = {f"candidate_{rule.metric}": _interval(new, rule.metric)}
    if old:
        metrics[f"champion_{rule.metric}"] = old.value
        intervals[f"champion_{rule.metric}"] = _interval(old, rule.metric)
        intervals[f"gain_{rule.metric}"] = evaluation.gain
    in_force = old.trained_for if old else None
    return Decision(
        model=evaluation.model,
        version=evaluation.version,
        day=evaluation.day,
        outcome="rejected" if objection else "promoted",
        champion=in_force if objection else new.trained_for,
        candidate=new.trained_for,
        reason=objection or f"{_told(evaluation)}, {evaluation.how}",
        metrics=metrics,
        intervals={name: ends for name, ends in intervals.items() if ends is not None},
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


def _own(card: Card, metric: str = "") -> Side:
    """Return what an artifact says of itself."""
    return Side(card.trained_for, card.metrics.get(f"oof_{metric}"), card.out_of_fold)


def _told_draws(found: Measured | None) -> str:
    if found is None or not found.intervals:
        return ""
    return f"; intervals over {f'{found.days} days' if found.drawn == DAYS else 'rows'}"


def _told_rows(labels: Bools, draws: Draws, days: Codes | None, positive: str) -> str:
    rows = f"on {len(labels)} matured rows, {int(labels.sum())} of them '{positive}'"
    if draws.drawn == DAYS and days is not None:
        return f"{rows}, intervals over {len(np.unique(days))} days"
    return f"{rows}, intervals over rows{' of one day' if days is not None else ''}"


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


def _objection(evaluation: Evaluation, rule: Rule) -> str:
    new, how = evaluation.candidate.value, evaluation.how
    old = evaluation.champion.value if evaluation.champion else None
    if new is None:
        return f"its {rule.metric} cannot be measured {how}"
    if evaluation.champion and old is None:
        return f"the champion's {rule.metric} cannot be measured {how}"
    told = _told(evaluation)
    if new < rule.minimum:
        return f"{told}, below the minimum of {rule.minimum:g}, {how}"
    if old is not None and new < old + rule.min_gain:
        return f"{told}, which is no gain of {rule.min_gain:g}, {how}"
    if old is not None and rule.confident:
        return _doubt(evaluation, rule, told)
    return ""


def _doubt(evaluation: Evaluation, rule: Rule, told: str) -> str:
    """Say why it is not certain that the candidate is better; empty where it is."""
    if evaluation.gain is None:
        return f"{told}, how certain the gain is cannot be told, {evaluation.how}"
    if evaluation.gain[0] <= rule.min_gain:
        return f"{told}, which is no certain gain of {rule.min_gain:g}, {evaluation.how}"
    return ""


def _told(evaluation: Evaluation) -> str:
    """Write the values and their intervals, such as `roc_auc 0.9 (0.8 to 0.95) against ...`."""
    metric, old = evaluation.metric, evaluation.champion
    words = f"{metric} {_value(evaluation.candidate, metric)}"
    if old is None:
        return words
    gain = evaluation.gain
    apart = f", gain {gain[0]:+.4f} to {gain[1]:+.4f}" if gain else ""
    return f"{words} against {_value(old, metric)}{apart}"


def _value(side: Side, metric: str) -> str:
    ends = _interval(side, metric)
    return f"{side.value:.4f}" + (f" ({ends[0]:.4f} to {ends[1]:.4f})" if ends else "")


def _interval(side: Side, metric: str) -> Interval | None:
    return side.measured.intervals.get(metric) if side.measured else None
