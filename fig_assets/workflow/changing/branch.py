"""A project and a git revision -> what the branch changes, whom it affects, what it costs."""

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from shutil import copy2

from fig_assets.config.load import Config, load_config
from fig_assets.config.revision import at_revision
from fig_assets.errors import ConfigError, WorkflowError
from fig_assets.graph.build import build_graph
from fig_assets.graph.changes import Affected, Change, affected_by, changes_between
from fig_assets.graph.nodes import Graph, Key
from fig_assets.graph.usage import retired_versions
from fig_assets.workflow.changing.trial import relation_of
from fig_assets.workflow.planning.estimate import Estimates
from fig_assets.workflow.steps.raw import today
from fig_assets.workflow.workspace import Workspace


@dataclass(frozen=True)
class Cost:
    """What is to be computed for all days of the project, if values change wherever they may.

    Attributes:
        days: From the project's start to its end, or to yesterday.
        new: Columns of versions that are new or mean something else.
        again: Columns that read those and are computed anew.
        rows: About how many rows the files of those columns have in all these days; None where
            nothing like them is stored.
        bytes: About how large those files are, which are rewritten as wholes; None likewise.
        trainings: Models that mean something else, and are trained anew.
    """

    days: int
    new: int
    again: int
    rows: int | None
    bytes: int | None
    trainings: int

    @property
    def column_days(self) -> int:
        """Columns times days."""
        return self.days * (self.new + self.again)


@dataclass(frozen=True)
class BranchDiff:
    """The project in its folder against itself at a revision."""

    revision: str
    commit: str
    changes: tuple[Change, ...]
    affected: Affected
    cost: Cost


def diff_branch(workspace: Workspace, revision: str) -> BranchDiff:
    """Compare the project, as it is in its folder now, with a revision of its git repository.

    Both are resolved in today's environment where the revision has none of that name: what the
    environment says changes no meaning.

    Raises:
        WorkflowError: there is no repository or no such revision, or the project of the revision
            cannot be resolved.
    """
    config = workspace.config
    name = workspace.environment.name
    with at_revision(config.folder, revision) as found:
        old = _resolved(found.folder, config, name, revision)
        graph = workspace.graph
        gone = [identity for identity, _, _ in retired_versions(config)]
        changes = changes_between(old, graph, gone)
        affected = affected_by(old, graph, changes)
    return BranchDiff(
        revision, found.commit, changes, affected, _cost(workspace, changes, affected)
    )


def _resolved(folder: Path, config: Config, environment: str, revision: str) -> Graph:
    """Resolve the project of the revision."""
    if not (folder / "project.json").exists() and not list(folder.glob("project.y*ml")):
        raise WorkflowError(
            f"there is no project in {config.folder.name} at {revision}\n"
            "  fix: name a revision that has one"
        )
    places = folder / "environments"
    if not any(places.glob(f"{environment}.*")):
        places.mkdir(exist_ok=True)
        for file in (config.folder / "environments").glob(f"{environment}.*"):
            copy2(file, places / file.name)
    try:
        graph, _ = build_graph(load_config(folder, environment))
    except ConfigError as refusal:
        first = refusal.problems[0]
        more = f" and {len(refusal.problems) - 1} more" if len(refusal.problems) > 1 else ""
        raise WorkflowError(
            f"the project of {revision} cannot be resolved: {first.where}: {first.message}{more}\n"
            "  fix: compare with a revision whose project is valid"
        ) from refusal
    return graph


def _cost(workspace: Workspace, changes: tuple[Change, ...], affected: Affected) -> Cost:
    graph = workspace.graph
    last = graph.end or today() - timedelta(days=1)
    days = [graph.start + timedelta(days=n) for n in range((last - graph.start).days + 1)]
    computed = ("added", "new version", "changed")
    listed = [change for change in changes if change.what in computed]
    new = {key for change in listed for key in change.keys if key in graph.attributes}
    again = {key for key in affected.keys if key not in new}
    relations = {_relation(workspace, key) for key in (*new, *again)}
    rows, size = _estimated(workspace, relations, days)
    trainings = sum(change.kind == "model" for change in listed)
    return Cost(len(days), len(new), len(again), rows, size, trainings)


def _relation(workspace: Workspace, key: Key) -> str:
    return relation_of(workspace.graph, workspace.graph.attributes[key]).relation


def _estimated(
    workspace: Workspace, relations: set[str], days: list[date]
) -> tuple[int | None, int | None]:
    estimates = Estimates(workspace.engine)
    rows = size = 0
    for relation in relations:
        some, more = estimates.of(relation, days)
        if some is None or more is None:
            return None, None
        rows, size = rows + some, size + more
    return rows, size
