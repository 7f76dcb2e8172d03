"""Models and days -> how their inputs and scores lay, and how good the scores turned out to be."""

from dataclasses import dataclass
from datetime import date, timedelta

from fig_assets.engines.base import days_between
from fig_assets.errors import EngineError, ModelError, WorkflowError
from fig_assets.graph.nodes import Model
from fig_assets.models.watch import DayWatch
from fig_assets.workflow.learning.model_report import models_named
from fig_assets.workflow.learning.monitor import Matured, Monitor
from fig_assets.workflow.workspace import Workspace

DAYS = 14
"""How many days are told of where no first one is named."""


@dataclass(frozen=True)
class DriftDay:
    """A day of a model: what is not known is None."""

    day: date
    trained_for: date | None
    """Of the champion that is in force on the day."""
    watch: DayWatch | None
    matured: Matured | None
    """None before the labels have come for good."""
    problem: str
    """Why something is not known; empty where all is."""


@dataclass(frozen=True)
class Drift:
    """A model version over days."""

    identity: str
    days: tuple[DriftDay, ...]
    """Rising, without gaps; empty where the model has no scores."""


def report_drift(
    workspace: Workspace,
    name: str | None = None,
    first: date | None = None,
    last: date | None = None,
) -> tuple[Drift, ...]:
    """Lay the stored rows and scores of each day beside those that its champion learned from.

    Args:
        workspace: the opened project.
        name: a model, `name` or `name@2`; all when left out.
        first: the first day; 14 days up to the last when left out.
        last: the last day, included; the last one with scores when left out.

    Raises:
        WorkflowError: there is no such model, or `first` lies after `last`.
        EngineError: the engine failed.
    """
    if first is not None and last is not None and first > last:
        raise WorkflowError(f"--first {first} lies after --last {last}\n  fix: exchange them")
    monitor = Monitor(workspace)
    return tuple(_drift(monitor, it, first, last) for it in models_named(workspace.graph, name))


def _drift(monitor: Monitor, model: Model, first: date | None, last: date | None) -> Drift:
    stored = monitor.workspace.engine.days(model.relation)
    end = last or (stored[-1] if stored else None)
    if end is None:
        return Drift(model.identity, ())
    start = max(first or end - timedelta(days=DAYS - 1), monitor.workspace.graph.start)
    mature = stored[-1] - timedelta(days=model.delay_days) if stored else end
    days = days_between(start, end + timedelta(days=1))
    return Drift(model.identity, tuple(_day(monitor, model, day, mature) for day in days))


def _day(monitor: Monitor, model: Model, day: date, mature: date) -> DriftDay:
    """Tell of a day; labels of days after `mature` may still change."""
    workspace, watched, problem = monitor.workspace, None, ""
    trained_for = workspace.registry.champion(model.name, model.version, day)
    stored = workspace.engine.partition(model.relation, day)
    if stored is None:
        problem = "not scored"
    elif trained_for is None:
        problem = "no model yet"
    else:
        try:
            champion = workspace.registry.load(model.name, model.version, trained_for)
            watched = monitor.watched(model, day, champion)
            problem = watched.problem if watched else _not_of(monitor, model, day)
        except (ModelError, EngineError) as refusal:
            problem = str(refusal)
    matured = monitor.matured(model, day) if day <= mature else None
    return DriftDay(day, trained_for, watched, matured, problem)


def _not_of(monitor: Monitor, model: Model, day: date) -> str:
    stored = monitor.workspace.engine.partition(model.relation, day)
    if stored is not None and not stored.rows:
        return "no rows"
    return "scored by another model than the champion, or its rows are gone: fig plan lists it"
