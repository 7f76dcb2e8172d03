"""What is known of a model -> whether it should be trained again now, for which day, and why.

A cause is asked for once: what came of it is among the `Attempt`s, and as long as a training runs,
or one of the same cause was tried lately, or one has failed, the answer is to wait.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from fig_assets.engines.needs import require_days
from fig_assets.errors import EngineError, ModelError
from fig_assets.graph.nodes import Model
from fig_assets.models.artifact import Artifact
from fig_assets.workflow.learning import learn
from fig_assets.workflow.learning.monitor import Matured, Monitor
from fig_assets.workflow.workspace import Workspace

FIRST_WAIT, LONGEST_WAIT = timedelta(hours=1), timedelta(hours=24)
"""How long nothing is asked for after a failed training; each failure in a row doubles it."""
MEMORY_DAYS = 32
"""How many days a training that did not end its cause makes the next one of that cause wait."""
MATURED_DAYS = 7
"""How many of the newest labelled days of the champion a metric is measured over."""
MIN_POSITIVES = 10
"""Positive rows that those days must have together; with fewer a metric is chance."""
REPEATED = ("first", "version", "metric", "drift")
"""Causes that a training may leave as they were; the others begin anew with each training."""


@dataclass(frozen=True)
class Cause:
    """Why a model should be trained for `day`."""

    name: str
    """first, version, age, metric, drift or labels."""
    day: date
    words: str
    about: str = ""
    """The attribute or the metric, where there is one."""


@dataclass(frozen=True)
class Wait:
    """Why a model should not be trained now."""

    words: str


@dataclass(frozen=True)
class Attempt:
    """A training that was asked for."""

    cause: str
    day: date
    outcome: Literal["running", "done", "failed"]
    ended: datetime | None = None
    """When it failed, UTC."""


@dataclass(frozen=True)
class Known:
    """What is known when the question is asked."""

    labelled: Sequence[date]
    """The days with materialised labels."""
    last_day: date
    """The newest partition."""
    now: datetime
    attempts: Sequence[Attempt] = ()


def retraining_cause(monitor: Monitor, model: Model, known: Known) -> Cause | Wait:
    """Say why the model should be trained now, and for which day; or why it should not.

    Labels of day L serve training day L + delay, so only those up to `last_day` - delay count.
    Causes, the first that holds: there is no model yet (`first`); the champion reads other versions
    than the model does now (`version`); the last training is `retrain.every_days` ago (`age`); a
    metric of `retrain.min_metric` fell (`metric`); an input or the scores lie further from the
    training's than `retrain.max_drift_psi` (`drift`); where no age is set, a whole new training
    window of labels has come since (`labels`).

    Raises:
        ModelError: the champion's files are damaged, or a decision is.
        EngineError: the engine failed.
    """
    day = _day(monitor, model, known)
    if day is None:
        return Wait("there are not enough labelled days yet")
    if any(attempt.outcome == "running" for attempt in known.attempts):
        return Wait("a training is on its way")
    if (until := _after_failures(known.attempts)) and known.now < until:
        return Wait(f"the last training failed; the next one is asked for after {until:%F %R}")
    tried = monitor.workspace.registry.decision(model.name, model.version, day)
    if tried and tried.candidate == day and tried.means in ("", model.fingerprint):
        return Wait(f"it was trained for {day}, and nothing new was labelled since")
    waits = []
    for cause in _causes(monitor, model, known, day):
        until_day = _quiet_until(cause, known.attempts)
        if until_day is None or cause.day >= until_day:
            return cause
        waits.append(f"{cause.words}, for which it was trained lately: quiet until {until_day}")
    return Wait("; ".join(waits) or "it is fresh enough, or there is nothing new to learn")


def obstacle(workspace: Workspace, model: Model, cause: Cause) -> Wait | None:
    """Say which days the training would be refused for, because they were never built."""
    try:
        for read in learn.reads_of_training(workspace, model, cause.day):
            require_days(workspace.engine, read, workspace.graph.start, f"model {model.name}")
    except EngineError as refusal:
        return Wait(f"{cause.words}, but {refusal}")
    return None


def number_of_try(attempts: Sequence[Attempt], cause: Cause) -> int:
    """Return which try of a cause on its day the next one is, from 1."""
    same = [a for a in attempts if (a.cause, a.day) == (cause.name, cause.day)]
    return 1 + len(same)


def _day(monitor: Monitor, model: Model, known: Known) -> date | None:
    if not known.labelled:
        return None
    day = min(max(known.labelled) + timedelta(days=model.delay_days), known.last_day)
    return day if day >= learn.first_trainable(monitor.workspace, model) else None


def _after_failures(attempts: Sequence[Attempt]) -> datetime | None:
    """Return until when to wait after the failures since the last training that was done."""
    ends: list[datetime] = []
    for attempt in attempts:
        if attempt.outcome == "done":
            ends.clear()
        elif attempt.ended is not None:
            ends.append(attempt.ended)
    if not ends:
        return None
    doubled: timedelta = FIRST_WAIT * 2 ** min(len(ends) - 1, 10)
    return max(ends) + min(doubled, LONGEST_WAIT)


def _quiet_until(cause: Cause, attempts: Sequence[Attempt]) -> date | None:
    """Return the day before which the cause is not asked for again: 1, 2, 4 ... days later."""
    if cause.name not in REPEATED:
        return None
    since = cause.day - timedelta(days=MEMORY_DAYS)
    same = [a for a in attempts if a.cause == cause.name and a.outcome == "done" and a.day > since]
    if not same:
        return None
    return max(a.day for a in same) + timedelta(days=2 ** (len(same) - 1))


def _causes(monitor: Monitor, model: Model, known: Known, day: date) -> Iterator[Cause]:
    registry = monitor.workspace.registry
    trained_for = registry.champion(model.name, model.version, day)
    if trained_for is None:
        yield Cause("first", day, "there is no model yet")
        return
    champion = registry.load(model.name, model.version, trained_for)
    trained = max(d for d in registry.trained_days(model.name, model.version) if d <= day)
    yield from _version(model, champion, day)
    age = (day - trained).days
    if model.every_days and age >= model.every_days:
        was = f"the champion is {age} days old" if trained == trained_for else ""
        yield Cause("age", day, was or f"the last training was {age} days ago")
    yield from _metric(monitor, model, known, (champion, day))
    yield from _drift(monitor, model, known, (champion, day))
    delay = timedelta(days=model.delay_days)
    fresh = [d for d in known.labelled if trained - delay < d <= day - delay]
    if not model.every_days and len(fresh) >= model.window_days:
        yield Cause("labels", day, f"{len(fresh)} days were labelled since it was trained")


def _version(model: Model, champion: Artifact, day: date) -> Iterator[Cause]:
    """Compare the attribute versions that the champion was trained on with those of today."""
    before = {entry.attribute for entry in champion.card.inputs}
    now = {attribute.identity for attribute in model.inputs}
    if before != now:
        gone, new = ", ".join(sorted(before - now)), ", ".join(sorted(now - before))
        words = f"it reads {new or 'nothing new'} now, and the champion {gone or 'less'}"
        yield Cause("version", day, words, new or gone)


def _metric(
    monitor: Monitor, model: Model, known: Known, at: tuple[Artifact, date]
) -> Iterator[Cause]:
    champion, day = at
    if not model.min_metric:
        return
    found = _matured(monitor, model, known, champion)
    for name, floor in sorted(model.min_metric.items()):
        value = mean_of(found, name)
        if value is not None and value < floor:
            days = f"{found[-1].day} to {found[0].day}"
            yield Cause("metric", day, f"{name} was {value:.4f} on {days}, below {floor:g}", name)


def mean_of(days: Sequence[Matured], name: str) -> float | None:
    """Return a metric over several days, each counted as often as it has positive rows.

    None where those on which it is known have fewer than `MIN_POSITIVES` together.
    """
    found = [(getattr(it, name), it.positives) for it in days]
    told = [(float(value), positives) for value, positives in found if value is not None]
    total = sum(positives for _, positives in told)
    if total < MIN_POSITIVES:
        return None
    return sum(value * positives for value, positives in told) / total


def _matured(monitor: Monitor, model: Model, known: Known, champion: Artifact) -> list[Matured]:
    """Measure the newest days that the champion scored and that have labels, newest first."""
    labelled, found = set(known.labelled), list[Matured]()
    end = known.last_day - timedelta(days=model.delay_days)
    for day in reversed(monitor.workspace.engine.days(model.relation)):
        if len(found) == MATURED_DAYS or day < champion.card.trained_for:
            break
        if day > end or day not in labelled or not monitor.is_of(model, day, champion):
            continue
        measured = monitor.matured(model, day)
        if measured is not None:
            found.append(measured)
    return found


def _drift(
    monitor: Monitor, model: Model, known: Known, at: tuple[Artifact, date]
) -> Iterator[Cause]:
    """Look at the newest day that the champion scored."""
    champion, day = at
    stored = monitor.workspace.engine.days(model.relation)
    scored = [d for d in stored[-MATURED_DAYS:] if d <= known.last_day]
    newest = next((d for d in reversed(scored) if monitor.is_of(model, d, champion)), None)
    if model.max_drift_psi is None or newest is None:
        return
    try:
        watched = monitor.watched(model, newest, champion)
    except ModelError:
        # The rows of today have other attributes: that is a cause of its own.
        return
    far = watched.furthest if watched else None
    if far is not None and far.psi is not None and far.psi > model.max_drift_psi:
        told = f"PSI {far.psi:.4f}, above {model.max_drift_psi:g}"
        yield Cause("drift", day, f"{far.name} drifted on {newest}: {told}", far.name)
