"""A model and a day -> a decision (train, promote, keep) and scores with explanations."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import islice
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from fig_assets.engines.base import DAY, Audit, Partition, Read, Target, Written
from fig_assets.engines.needs import require_days
from fig_assets.errors import EngineError, ModelError
from fig_assets.graph.nodes import Model
from fig_assets.graph.period import Window
from fig_assets.graph.version import fingerprint
from fig_assets.models.artifact import Artifact, Input
from fig_assets.models.jobs import OwnCodeFailed
from fig_assets.models.own import train_own
from fig_assets.models.promote import Rule, carry_forward, due, evaluate, judge
from fig_assets.models.registry import Decision
from fig_assets.models.score import explain, score
from fig_assets.models.train import TrainingRequest, train
from fig_assets.models.watch import DayWatch, watch
from fig_assets.sql.training_set import (
    label_column,
    score_target,
    select_scoring_set,
    select_training_set,
    training_reads,
    weight_column,
)
from fig_assets.workflow.learning.monitor import thresholds
from fig_assets.workflow.learning.platforms import platform, timeout_s
from fig_assets.workflow.workspace import Workspace

Column: TypeAlias = "pa.Array[Any]"
NO_MODEL = "no model"
NOT_TRAINED = "could not be trained"
NEVER_BUILT = "never built"
DEFINITION, CHAMPION_CHANGED, DUE = "definition changed", "champion changed", "training is due"


@dataclass(frozen=True)
class Scored:
    """What scoring did on one day; `trained_for` is None where there was no model yet."""

    day: date
    written: Written
    trained_for: date | None
    mean: float | None = None
    above: int = 0
    columns: dict[str, str] = field(default_factory=dict)
    watch: DayWatch | None = None
    """How rows and scores lie beside those that the model learned from."""


def first_trainable(workspace: Workspace, model: Model) -> date:
    """Return the first day whose training days all have complete windows."""
    lookback = 0 if model.allow_incomplete else model.lookback_days
    first_row = workspace.graph.start + timedelta(days=lookback)
    return first_row + timedelta(days=model.delay_days + model.window_days - 1)


def training_days(workspace: Workspace, model: Model, day: date) -> tuple[date, ...]:
    """Return the days that training partition `day` learns from, those before the start left out.

    Unless `allow_incomplete`, days whose rows see windows that reach before the start are left
    out too.
    """
    lookback = 0 if model.allow_incomplete else model.lookback_days
    earliest = workspace.graph.start + timedelta(days=lookback)
    start, end = model.reach.days(day, workspace.graph.start)
    count = (end - start).days
    return tuple(d for n in range(count) if (d := start + timedelta(days=n)) >= earliest)


def is_due(workspace: Workspace, model: Model, day: date) -> bool:
    """Return whether `day` is a training day by the calendar of `retrain.every_days`."""
    first = first_trainable(workspace, model)
    return bool(model.every_days) and due(day, first, model.every_days)


def training_set(
    workspace: Workspace, model: Model, days: Sequence[date], *, is_whole: bool = False
) -> pa.Table:
    """Return the labelled rows of `days`, exactly as the model sees them.

    With `is_whole` no rows are left out of what the model learns a share of.

    Raises:
        EngineError: a day was never built; names it.
    """
    if not days:
        raise ModelError(_untrainable(workspace, model))
    for read in training_reads(workspace.graph, model, days):
        require_days(workspace.engine, read, workspace.graph.start, f"model {model.name}")
    window = Window(days[0], days[-1] + timedelta(days=1))
    dialect = workspace.engine.dialect
    tree = select_training_set(workspace.graph, model, window, dialect=dialect, is_whole=is_whole)
    return workspace.engine.query(tree)


def decide_day(workspace: Workspace, model: Model, day: date, *, explicit: bool) -> Decision:
    """Make the model partition of `day`: train if it is due or asked for, else keep the champion.

    A day that is due but cannot be trained keeps the champion and says why; own code that fails is
    a failure of the day, which leaves decisions as they were. A day that was trained
    before, for whatever reason, is trained again: running twice decides the same. Where somebody
    decided by hand for this very day, that stands, and the reason says what the rule would do.

    Raises:
        ModelError: `explicit`, and the day cannot be trained; names model, day and mend.
        OwnCodeFailed: the model's own code failed.
        EngineError: `explicit`, and a day that is needed was never built.
    """
    champion = _before(workspace, model, day)
    recorded = workspace.registry.decision(model.name, model.version, day)
    trained = recorded is not None and recorded.candidate == day
    if not explicit and not trained and not is_due(workspace, model, day):
        reason = f"kept, trained for {champion}" if champion else _untrainable(workspace, model)
        return _standing(workspace, _record(workspace, model, day, champion, reason))
    try:
        return _standing(workspace, _train_day(workspace, model, day, champion))
    except (ModelError, EngineError) as refusal:
        if explicit or isinstance(refusal, OwnCodeFailed):
            raise
        kept = _record(workspace, model, day, champion, f"{NOT_TRAINED}: {refusal}")
        return _standing(workspace, kept)


def stale_decision(workspace: Workspace, model: Model, day: date) -> str:
    """Say why the recorded decision of `day` is not in force any more; '' if it is."""
    recorded = workspace.registry.decision(model.name, model.version, day)
    if recorded is None:
        return "missing"
    if recorded.candidate is not None and recorded.means not in ("", model.fingerprint):
        return DEFINITION
    if recorded.outcome == "promoted":
        return ""
    if recorded.champion != _before(workspace, model, day):
        return CHAMPION_CHANGED
    if recorded.candidate is not None:
        return ""
    if is_due(workspace, model, day) and NEVER_BUILT in recorded.reason:
        return DUE
    return ""


def champion_of(workspace: Workspace, model: Model, day: date) -> Artifact | None:
    """Load the artifact in force on `day`, verified; None where there is none yet."""
    trained_for = workspace.registry.champion(model.name, model.version, day)
    if trained_for is None:
        return None
    return _loaded(workspace, model, trained_for)


def target_of_scores(workspace: Workspace, model: Model, day: date) -> Target:
    """Describe the scores of `day` as the champion in force would write them."""
    artifact = champion_of(workspace, model, day)
    return _score_target(workspace, model, day, artifact)


def of_other_champion(
    workspace: Workspace, model: Model, day: date, stored: Partition | None, *, now: str
) -> frozenset[str]:
    """Return the columns of a stored day's scores that are outdated in nothing but who made them.

    Empty where the champion `now` in force, by its digest, made them.
    """
    champion = stored.notes.get("champion", "") if stored else ""
    if stored is None or champion == now:
        return frozenset()
    return frozenset(
        column.name
        for column in score_target(workspace.graph, model, day, champion).columns
        if column.name in stored.columns
        and stored.columns[column.name].fingerprint == fingerprint(column.fingerprint, champion)
    )


def score_day(workspace: Workspace, model: Model, day: date, audit: Audit | None = None) -> Scored:
    """Score the rows of `day` with the champion in force, and explain the high scores.

    `audit` sees the scores before they are published; what it raises stops that. Without a
    champion the day gets no scores: an empty, valid partition.

    Raises:
        EngineError: the day's features were never built.
        ModelError: the artifact is damaged, or was trained on other attributes.
    """
    artifact = champion_of(workspace, model, day)
    target = _score_target(workspace, model, day, artifact)
    for column in target.columns:
        for read in column.reads:
            require_days(
                workspace.engine, read, workspace.graph.start, f"{model.relation} of {day}"
            )
    rows = workspace.engine.query(select_scoring_set(workspace.graph, model, day))
    key = target.key[0]
    if artifact is None:
        empty = pa.table({DAY: pa.array([], pa.date32()), **_empty(target)})
        (written,) = workspace.engine.replace_days(target, empty, [day], audit)
        return Scored(day, written, None)
    scores = score(artifact, rows)
    columns: dict[str, Column] = {
        DAY: rows.column(DAY).combine_chunks(),
        key: rows.column(key).combine_chunks(),
        **{output.column: scores for output in model.outputs},
        "trained_for": pa.repeat(pa.scalar(artifact.card.trained_for, pa.date32()), len(scores)),
        "explanation": _explanations(model, artifact, rows, scores),
    }
    (written,) = workspace.engine.replace_days(target, pa.table(columns), [day], audit)
    high = pc.greater_equal(scores, pa.scalar(model.explain_above))
    above = high.true_count
    mean = pc.mean(scores).as_py() if len(scores) else None
    watched = watch(artifact.card, rows, scores.to_numpy(), thresholds(model))
    return Scored(day, written, artifact.card.trained_for, mean, above, watch=watched)


def no_scores(workspace: Workspace, model: Model) -> str:
    """Say what would fill a day without scores."""
    first = first_trainable(workspace, model)
    return (
        f"there is no champion of {model.name} yet, so this day has no scores; materialise "
        f"{'/'.join(model.key)} for {first} or later, then this day again"
    )


def _train_day(workspace: Workspace, model: Model, day: date, champion: date | None) -> Decision:
    days = training_days(workspace, model, day)
    family = workspace.graph.row_families[model.family]
    request = TrainingRequest(
        model=model.name,
        version=model.version,
        trained_for=day,
        days=days,
        inputs=tuple(Input(a.column, a.identity, str(a.type), a.number) for a in model.inputs),
        label=label_column(model),
        positive=model.positive,
        key=family.granularity,
        hyperparameters=dict(model.hyperparameters),
        calibration=model.calibration,
        weight=weight_column(model),
        is_sampled=model.is_sampled,
        timeout_s=timeout_s(workspace.environment),
    )
    known = _loaded(workspace, model, champion) if champion else None
    rows = training_set(workspace, model, days)
    both = beside(workspace, model, known)
    evaluation = evaluation_rows(workspace, both, days, known) if both else None
    candidate = _trained(workspace, model, request, rows, evaluation)
    told = evaluate(candidate, known, evaluation, model.promotion_metric)
    decision = replace(judge(told, _rule(model)), means=model.fingerprint)
    workspace.registry.save(candidate)
    workspace.registry.record_evaluation(told)
    workspace.registry.record(decision)
    return decision


def _trained(
    workspace: Workspace,
    model: Model,
    request: TrainingRequest,
    rows: pa.Table,
    unseen: pa.Table | None,
) -> Artifact:
    if model.own is None:
        return train(rows, request, unseen=unseen)
    where = platform(workspace.environment)
    return train_own(rows, request, model.own, where, unseen=unseen)


def _rule(model: Model) -> Rule:
    return Rule(
        model.promotion_metric,
        model.promotion_min,
        model.promotion_min_gain,
        confident=model.promotion_confident,
    )


def beside(workspace: Workspace, model: Model, champion: Artifact | None) -> Model | None:
    """Return the model with the champion's inputs too, so that both can score the same rows.

    They differ where a default version has moved since the champion was trained. None where the
    project does not have one of them any more: no rows can be scored by both.
    """
    if champion is None:
        return model
    own = {attribute.identity for attribute in model.inputs}
    every = {a.identity: a for a in workspace.graph.attributes.values() if a.owner == model.family}
    gone = [e.attribute for e in champion.card.inputs if e.attribute not in own]
    if any(name not in every for name in gone):
        return None
    return replace(model, inputs=(*model.inputs, *(every[name] for name in gone)))


def evaluation_rows(
    workspace: Workspace, model: Model, days: Sequence[date], champion: Artifact | None
) -> pa.Table | None:
    """Return labelled rows of the last built days before `days` that neither model was trained on.

    There are `promotion.days` of them, or as many as there are.
    """
    lookback = 0 if model.allow_incomplete else model.lookback_days
    earliest = workspace.graph.start + timedelta(days=lookback)
    seen = set(champion.card.days) if champion else set()
    before = (days[0] - timedelta(days=n) for n in range(1, (days[0] - earliest).days + 1))
    unseen = (d for d in before if d not in seen and _is_built(workspace, model, d))
    found = sorted(islice(unseen, model.promotion_days))
    tables = [training_set(workspace, model, [d], is_whole=True) for d in found]
    return pa.concat_tables(tables) if tables else None


def _is_built(workspace: Workspace, model: Model, day: date) -> bool:
    return all(
        workspace.engine.partition(read.relation, day) is not None
        for read in training_reads(workspace.graph, model, [day])
    )


def _loaded(workspace: Workspace, model: Model, trained_for: date) -> Artifact:
    artifact = workspace.registry.load(model.name, model.version, trained_for)
    return replace(artifact, timeout_s=timeout_s(workspace.environment))


def _before(workspace: Workspace, model: Model, day: date) -> date | None:
    return workspace.registry.champion(model.name, model.version, day - timedelta(days=1))


def _record(
    workspace: Workspace, model: Model, day: date, champion: date | None, reason: str
) -> Decision:
    decision = carry_forward(model.name, model.version, day, champion=champion, reason=reason)
    workspace.registry.record(decision)
    return decision


def _standing(workspace: Workspace, decision: Decision) -> Decision:
    """Return what is in force after the rule's `decision`: another one made by hand for its day."""
    by_hand = workspace.registry.by_hand(decision.model, decision.version, decision.day)
    if by_hand is None or by_hand.day != decision.day:
        return decision
    return replace(
        decision,
        outcome=by_hand.outcome,
        champion=by_hand.champion,
        reason=f"{by_hand.reason} (the rule: {decision.outcome}, {decision.reason})",
        by_hand=True,
    )


def _untrainable(workspace: Workspace, model: Model) -> str:
    first = first_trainable(workspace, model)
    return f"no model yet; the first day that can be trained for is {first}"


def _score_target(
    workspace: Workspace, model: Model, day: date, artifact: Artifact | None
) -> Target:
    digest = artifact.card.digest if artifact else NO_MODEL
    target = score_target(workspace.graph, model, day, digest)
    return Target(
        target.relation,
        target.key,
        tuple(
            type(column)(
                column.name, column.type, fingerprint(column.fingerprint, digest), column.reads
            )
            for column in target.columns
        ),
        notes=target.notes,
    )


def _empty(target: Target) -> dict[str, Column]:
    return {column.name: pa.array([], column.type) for column in target.columns}


def _explanations(
    model: Model, artifact: Artifact, rows: pa.Table, scores: pa.DoubleArray
) -> Column:
    if not model.explain_top or not rows.num_rows:
        return pa.nulls(rows.num_rows, pa.string())
    top_k, above = model.explain_top, model.explain_above
    return explain(artifact, rows, top_k=top_k, above=above, scores=scores)


def reads_of_training(workspace: Workspace, model: Model, day: date) -> tuple[Read, ...]:
    """Say what training for `day` reads."""
    return training_reads(workspace.graph, model, training_days(workspace, model, day))
