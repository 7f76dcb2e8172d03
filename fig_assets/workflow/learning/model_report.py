"""A model's artifacts and decisions -> which is in force, since when, why, and how good each is."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TypedDict

from fig_assets.errors import ModelError, WorkflowError
from fig_assets.graph.nodes import Graph, Model
from fig_assets.models.artifact import Card
from fig_assets.models.measure import Measured
from fig_assets.models.registry import Decision, Registry, in_force
from fig_assets.workflow.learning.learn import NOT_TRAINED
from fig_assets.workflow.workspace import Workspace


@dataclass(frozen=True)
class Standing:
    """A model version: the champion in force after its newest decision, and how it came to it."""

    identity: str
    champion: date | None
    """What it was trained for."""
    since: date | None
    """The first day that it is in force on without a break."""
    metrics: Mapping[str, float | None]
    """Those of the champion's training; empty without one, or where it is damaged."""
    trained_for: tuple[date, ...]
    """All training days, rising."""
    history: tuple[Decision, ...]
    """The decisions that trained a model, changed the champion, or were made by hand; by day."""
    problem: str
    """What is wrong with the champion's files; empty where nothing is."""
    untrained: tuple[Decision, ...] = ()
    """The newest day's decision where it was not trained for, though there is no model yet or the
    training failed."""


@dataclass(frozen=True)
class Training:
    """One artifact of a model version: what it learned from, how good it was, what came of it."""

    identity: str
    trained_for: date
    is_champion: bool
    """Whether it is in force after the newest decision."""
    first: date | None
    """The first of the days that it learned from; None where the artifact is damaged."""
    last: date | None
    rows: int
    positives: int
    metrics: Mapping[str, float | None]
    """`unseen_*` on days before; or `oof_*` out of fold, `holdout_*` on a fifth; None: unknown."""
    outcome: str
    """promoted or rejected, by the rule; empty where the decision is gone."""
    compared: Mapping[str, float | None]
    """What the rule looked at: `candidate_<metric>`, `champion_<metric>` where there was one."""
    reason: str
    problem: str
    """What is wrong with its files; empty where nothing is."""
    truth: str = ""
    """The strong label that it learned, such as `request_labels.plurality_vote@1`."""
    intervals: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """Of the numbers in `metrics` and `compared`, and of `gain_<metric>`: 95 %, where known."""
    judged_on: str = ""
    """Which rows `measured` is of; empty where there is none."""
    measured: Measured | None = None
    """The curves that pictures show: of the rows it was compared on, else out of fold."""


def models_named(graph: Graph, name: str | None) -> tuple[Model, ...]:
    """Return the model versions of the project called `name` or `name@2`; all of them for None.

    Raises:
        WorkflowError: there is none.
    """
    found = [m for m in graph.models.values() if name in (None, m.name, m.identity)]
    if name is not None and not found:
        known = ", ".join(sorted(model.identity for model in graph.models.values()))
        raise WorkflowError(
            f"there is no model '{name}'; there are: {known}\n  fix: write one of them"
        )
    return tuple(found)


def list_models(workspace: Workspace, name: str | None = None) -> tuple[Standing, ...]:
    """Say of each model version which champion is in force, and how it came to it.

    Raises:
        WorkflowError: there is no such model.
        ModelError: a decision is damaged; names the file.
    """
    return tuple(_standing(workspace, model) for model in models_named(workspace.graph, name))


def report_models(workspace: Workspace, name: str | None = None) -> tuple[Training, ...]:
    """Say of each artifact how good it was and what came of it, by model version and training day.

    Raises:
        WorkflowError: there is no such model.
        ModelError: a decision is damaged; names the file.
    """
    return tuple(
        training
        for model in models_named(workspace.graph, name)
        for training in _trainings(workspace.registry, model)
    )


def champions_before(decisions: Sequence[Decision], day: date) -> list[date]:
    """Return the champions that lie below each other up to `day`, the one in force last.

    A promotion puts one on top; a rollback takes off all above the one that it goes back to.
    """
    found: list[date] = []
    for decision, champion in _champions(decisions):
        if champion is None or decision.day > day:
            continue
        if decision.outcome == "rolled back" and champion in found:
            while found[-1] != champion:
                found.pop()
        elif found[-1:] != [champion]:
            found.append(champion)
    return found


def _standing(workspace: Workspace, model: Model) -> Standing:
    registry = workspace.registry
    decisions = registry.decisions(model.name, model.version)
    champion, since, history = None, None, []
    for decision, now in _champions(decisions):
        if decision.candidate or decision.by_hand or now != champion:
            history.append(decision)
        if now != champion:
            champion, since = now, decision.day
    card, problem = _card(registry, model, champion) if champion else (None, "")
    return Standing(
        identity=model.identity,
        champion=champion,
        since=since,
        metrics=card.metrics if card else {},
        trained_for=registry.trained_days(model.name, model.version),
        history=tuple(history),
        problem=problem,
        untrained=tuple(_untrained(decisions[-1:], champion)),
    )


def _untrained(newest: Sequence[Decision], champion: date | None) -> Iterator[Decision]:
    for decision in newest:
        failed = decision.reason.startswith(NOT_TRAINED)
        if decision.candidate is None and not decision.by_hand and (failed or champion is None):
            yield decision


def _trainings(registry: Registry, model: Model) -> list[Training]:
    decisions = registry.decisions(model.name, model.version)
    champion = registry.champion(model.name, model.version, date.max)
    decided = {decision.candidate: decision for decision in decisions if decision.candidate}
    found = []
    for day in registry.trained_days(model.name, model.version):
        card, problem = _card(registry, model, day)
        decision = decided.get(day)
        found.append(
            Training(
                identity=model.identity,
                trained_for=day,
                is_champion=day == champion,
                first=card.days[0] if card else None,
                last=card.days[-1] if card else None,
                rows=card.rows if card else 0,
                positives=card.positives if card else 0,
                metrics=card.metrics if card else {},
                outcome=decision.outcome if decision else "",
                compared=decision.metrics if decision else {},
                reason=decision.reason if decision else "",
                problem=problem,
                truth=model.label.identity,
                **_judged(registry, model, card, decision),
            )
        )
    return found


class _Judged(TypedDict):
    intervals: Mapping[str, tuple[float, float]]
    judged_on: str
    measured: Measured | None


def _judged(
    registry: Registry, model: Model, card: Card | None, decision: Decision | None
) -> _Judged:
    own = card.out_of_fold if card else None
    intervals = {f"oof_{name}": ends for name, ends in own.intervals.items()} if own else {}
    intervals |= decision.intervals if decision else {}
    seen = registry.evaluation(model.name, model.version, decision.day) if decision else None
    if seen is not None and seen.candidate.measured is not None:
        return _Judged(intervals=intervals, judged_on=seen.how, measured=seen.candidate.measured)
    how = "out of fold on its own training days" if own else ""
    return _Judged(intervals=intervals, judged_on=how, measured=own)


def _champions(decisions: Sequence[Decision]) -> list[tuple[Decision, date | None]]:
    """Return each decision with the champion that is in force after it."""
    newest: Decision | None = None
    by_hand: Decision | None = None
    found = []
    for decision in decisions:
        if decision.by_hand:
            by_hand = decision
        else:
            newest = decision
        found.append((decision, in_force(newest, by_hand)))
    return found


def _card(registry: Registry, model: Model, day: date) -> tuple[Card | None, str]:
    try:
        return registry.load(model.name, model.version, day).card, ""
    except ModelError as refusal:
        return None, str(refusal)
