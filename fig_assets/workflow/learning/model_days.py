"""A model and a day -> a decision or scores, with all that is told of them."""

from collections.abc import Iterable
from datetime import date, timedelta

import pyarrow as pa

from fig_assets.graph.nodes import Model
from fig_assets.models.registry import Decision
from fig_assets.models.train import IDLE
from fig_assets.workflow.learning import learn
from fig_assets.workflow.learning.model_pictures import promotion_pictures
from fig_assets.workflow.learning.monitor import Monitor
from fig_assets.workflow.learning.watched import notes_of, numbers_of, numbers_of_matured, rows_of
from fig_assets.workflow.steps.checks import TRAINED, ChecksFailed, Verdict, judge_declared
from fig_assets.workflow.steps.result import DayResult, Facts
from fig_assets.workflow.workspace import Workspace


def decide(
    workspace: Workspace, model: Model, day: date, *, explicit: bool
) -> tuple[Decision, DayResult]:
    """Make the decision of a day; see `learn.decide_day`."""
    decision = learn.decide_day(workspace, model, day, explicit=explicit)
    verdicts = [_trained(workspace, model, decision)]
    return decision, DayResult(
        day, verdicts=verdicts, pictures=_pictures(workspace, model, decision)
    )


def score(workspace: Workspace, model: Model, day: date) -> DayResult:
    """Score a day; see `learn.score_day`.

    Raises:
        ChecksFailed: a blocking check of the scores failed: they were not published.
    """
    result = DayResult(day)

    def audit(_: date, rows: pa.Table) -> None:
        key = workspace.graph.row_families[model.family].granularity
        result.verdicts += judge_declared([key], model.outputs, rows)
        if any(v.blocking and not v.passed for v in result.verdicts):
            raise ChecksFailed(result.verdicts)

    scored = learn.score_day(workspace, model, day, audit)
    result.rows = scored.written.rows
    numbers = {} if scored.mean is None else {"mean": scored.mean}
    for output in model.outputs:
        digest = scored.written.digests[output.column]
        result.facts[output.key] = Facts(scored.written.rows, 0, digest, numbers)
    result.notes = {
        "trained_for": str(scored.trained_for) if scored.trained_for else "",
        **({} if scored.trained_for else {"warning": learn.no_scores(workspace, model)}),
        "explained": scored.above,
    }
    if scored.watch is not None:
        result.notes |= {**notes_of(scored.watch), **numbers_of(scored.watch)}
        result.tables["watched inputs"] = rows_of(scored.watch)
    return result


def add_matured(workspace: Workspace, model: Model, days: Iterable[DayResult]) -> None:
    """Tell on each scored day how good the scores were of the day whose labels came by then."""
    monitor, delay = Monitor(workspace), timedelta(days=model.delay_days)
    for scored in days:
        if scored.day - delay < workspace.graph.start:
            continue
        matured = monitor.matured(model, scored.day - delay)
        if matured is not None:
            scored.notes |= {"matured/day": str(matured.day), **numbers_of_matured(matured)}


def _pictures(workspace: Workspace, model: Model, decision: Decision) -> dict[str, str]:
    """Draw what a training of this day was judged by."""
    if decision.candidate != decision.day:
        return {}
    evaluation = workspace.registry.evaluation(model.name, model.version, decision.day)
    return promotion_pictures(evaluation) if evaluation else {}


def _idle_inputs(workspace: Workspace, model: Model, decision: Decision) -> list[str]:
    """Name the inputs that the training of the day could learn nothing from."""
    if decision.candidate != decision.day:
        return []
    card = workspace.registry.load(model.name, model.version, decision.day).card
    return [f"{card.name}: {words}" for words in card.warnings if words.endswith(IDLE)]


def _trained(workspace: Workspace, model: Model, decision: Decision) -> Verdict:
    """Judge a day's decision: no champion, a due training that failed, an idle input warn."""
    missed = decision.candidate is None and learn.is_due(workspace, model, decision.day)
    reasons = [decision.reason] if decision.champion is None or missed else []
    reasons += _idle_inputs(workspace, model, decision)
    failed = bool(reasons)
    sample = tuple({"day": str(decision.day), "reason": reason} for reason in reasons)
    return Verdict(
        key=model.key,
        name=TRAINED,
        passed=not failed,
        blocking=False,
        failed_rows=int(failed),
        rows=1,
        sample=sample,
        unit="days",
    )
