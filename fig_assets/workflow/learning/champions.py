"""A model and days -> the decisions that have to be made, and on which days it may change."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date

from fig_assets.engines.base import Read
from fig_assets.graph.nodes import Model
from fig_assets.workflow.learning import learn
from fig_assets.workflow.steps.stale import (
    MISSING,
    NEVER_BUILT,
    NO_FINGERPRINT,
    STALE,
    UNKNOWN,
    Reason,
)
from fig_assets.workflow.workspace import Workspace


@dataclass
class Decisions:
    """The days of a model's decisions to make, and those whose champion is not sure before."""

    reasons: dict[date, Reason] = field(default_factory=dict)
    unsure: set[date] = field(default_factory=set)


def decisions_to_make(
    workspace: Workspace,
    model: Model,
    days: Sequence[date],
    is_coming: Callable[[Read, date], bool],
) -> Decisions:
    """Walk the days in order: a day that is trained may put another champion into force.

    A recorded training is never repeated because of its inputs. One whose candidate was rejected
    is, when it has another champion to be compared with now. `is_coming` tells whether a day that
    training reads is there, or will be.
    """
    found, unsure = Decisions(), False
    for day in sorted(days):
        recorded = workspace.registry.decision(model.name, model.version, day)
        reason = _reason(workspace, model, day, is_coming)
        trains = learn.is_due(workspace, model, day)
        if recorded is not None and recorded.candidate is not None:
            trains = True
            if reason is None and recorded.outcome == "promoted":
                unsure = False
        elif reason is None and unsure:
            reason = Reason(STALE, "champion may change")
        if reason is not None:
            found.reasons[day] = reason
            unsure = unsure or (trains and reason.state != UNKNOWN)
        if unsure:
            found.unsure.add(day)
    return found


def _reason(
    workspace: Workspace, model: Model, day: date, is_coming: Callable[[Read, date], bool]
) -> Reason | None:
    reason = learn.stale_decision(workspace, model, day)
    if reason == "missing":
        return Reason(MISSING, NEVER_BUILT)
    if reason == learn.DUE:
        reads = learn.reads_of_training(workspace, model, day)
        if not all(is_coming(read, known) for read in reads for known in read.days):
            return None
    if reason:
        return Reason(STALE, reason)
    recorded = workspace.registry.decision(model.name, model.version, day)
    if recorded is not None and recorded.candidate is not None and not recorded.means:
        return Reason(UNKNOWN, NO_FINGERPRINT)
    return None
