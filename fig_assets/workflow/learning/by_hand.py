"""A model, a person's choice and a reason -> a decision in its history, or a refusal."""

from datetime import date

from fig_assets.errors import ModelError, WorkflowError
from fig_assets.graph.nodes import Model
from fig_assets.models.artifact import Card
from fig_assets.models.registry import Decision, Outcome
from fig_assets.sql.published import named_model
from fig_assets.workflow.learning.model_report import champions_before, models_named
from fig_assets.workflow.workspace import Workspace

MOST_DAYS = 5


def promote(
    workspace: Workspace, name: str, trained_for: date, *, start: date | None, reason: str
) -> Decision:
    """Put an artifact of a model into force by hand, from a day on.

    It stays until a candidate of a later day is promoted. Nothing is computed: the scores of the
    days that have another champion now are stale.

    Args:
        workspace: the opened project.
        name: `scorer`, its default version, or `scorer@2`.
        trained_for: the training day of the artifact.
        start: the first day, not before `trained_for`; the last day that anything was decided for
            when left out.
        reason: why, one line of text.

    Raises:
        WorkflowError: there is no such model, the reason is empty, the day lies before the training
            or outside of the project, or the artifact is in force already.
        ModelError: there is no such artifact, it is damaged, or learned from other attributes.
    """
    model = _model(workspace, name)
    days = workspace.registry.trained_days(model.name, model.version)
    if trained_for not in days:
        known = ", ".join(map(str, days[-MOST_DAYS:])) or "no day"
        mend = f"fig models promote {model.identity} {days[-1]}" if days else "fig run --train"
        raise ModelError(
            f"{model.identity} was not trained for {trained_for}; it was for: {known}\n"
            f"  fix: {mend}"
        )
    return _decide(workspace, model, trained_for, start or _last(workspace, model), reason)


def rollback(workspace: Workspace, name: str, *, start: date | None, reason: str) -> Decision:
    """Put the champion before the one in force into force again, by hand; see `promote`.

    Raises:
        WorkflowError: as `promote`, or there was no champion before.
        ModelError: as `promote`.
    """
    model = _model(workspace, name)
    day = start or _last(workspace, model)
    before = champions_before(workspace.registry.decisions(model.name, model.version), day)
    if len(before) < 2:
        raise WorkflowError(
            f"{model.identity} had no champion before the one in force on {day}\n"
            f"  fix: choose one of: fig models list {model.identity}"
        )
    return _decide(workspace, model, before[-2], day, reason, outcome="rolled back")


def _model(workspace: Workspace, name: str) -> Model:
    found = models_named(workspace.graph, name)
    model = named_model(workspace.graph, name)
    if model is None:
        raise WorkflowError(f"'{name}' has no default version\n  fix: {found[0].identity}")
    return model


def _last(workspace: Workspace, model: Model) -> date:
    decided = workspace.registry.decisions(model.name, model.version)
    if not decided:
        raise WorkflowError(f"nothing was decided about {model.identity} yet\n  fix: fig run first")
    return decided[-1].day


def _decide(
    workspace: Workspace,
    model: Model,
    champion: date,
    day: date,
    reason: str,
    *,
    outcome: Outcome = "promoted",
) -> Decision:
    _check_words(reason)
    _check_day(workspace, model, champion, day)
    _check_inputs(model, workspace.registry.load(model.name, model.version, champion).card)
    decision = Decision(
        model=model.name,
        version=model.version,
        day=day,
        outcome=outcome,
        champion=champion,
        candidate=None,
        reason=f"by hand: {reason.strip()}",
        by_hand=True,
    )
    workspace.registry.record_by_hand(decision)
    return decision


def _check_words(reason: str) -> None:
    if not reason.strip() or not reason.strip().isprintable():
        raise WorkflowError(
            "a decision by hand needs a reason, one line of text\n"
            "  fix: --reason 'more false alarms than the one before'"
        )


def _check_day(workspace: Workspace, model: Model, champion: date, day: date) -> None:
    graph = workspace.graph
    if day < champion:
        raise WorkflowError(
            f"{model.identity} trained for {champion} may have learned from rows of {day}\n"
            f"  fix: --from {champion}, or a later day"
        )
    if graph.end is not None and day > graph.end:
        raise WorkflowError(f"{day} is after the project's end\n  fix: --from {graph.end}")
    if workspace.registry.champion(model.name, model.version, day) == champion:
        raise WorkflowError(
            f"{model.identity} trained for {champion} is in force on {day} already\n"
            f"  fix: see fig models list {model.identity}"
        )


def _check_inputs(model: Model, card: Card) -> None:
    """Refuse an artifact that could not score the rows of today's project."""
    known = {attribute.column: str(attribute.type) for attribute in model.inputs}
    missing = [i.attribute for i in card.inputs if known.get(i.column) != i.type]
    if missing or card.positive != model.positive:
        learned = ", ".join(missing[:MOST_DAYS]) or f"the class '{card.positive}'"
        raise ModelError(
            f"{card.name} learned from {learned}, which {model.identity} does not read any more\n"
            "  fix: promote another artifact, or train the model again"
        )
