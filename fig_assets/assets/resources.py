"""The opened project that Dagster hands to every op."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date

from fig_assets.workflow.run import Progress
from fig_assets.workflow.workspace import Workspace

WORKSPACE = "workspace"


@dataclass(frozen=True, eq=False)
class OpenWorkspace:
    """A workspace, who is told of progress, and the days on which models are to be trained.

    `states` names the columns of each relation of daily states that a run of them computes, all of
    them when None.
    """

    workspace: Workspace
    progress: Progress = lambda op, day: None
    train_on: frozenset[date] = field(default_factory=frozenset)
    states: Mapping[str, Collection[str]] | None = None
