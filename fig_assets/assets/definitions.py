"""A workspace -> the whole Dagster application: assets, checks, jobs, schedules, sensors."""

from collections.abc import Sequence

from dagster import AssetsDefinition, AssetSpec, Definitions, in_process_executor

from fig_assets.assets import automation
from fig_assets.assets.broken import broken_files
from fig_assets.assets.catch_up import catch_up_job
from fig_assets.assets.factory import build_asset
from fig_assets.assets.resources import WORKSPACE, OpenWorkspace
from fig_assets.assets.specs import external_specs, specs_of
from fig_assets.errors import Problem
from fig_assets.workflow.workspace import Workspace


def build_assets(workspace: Workspace) -> list[AssetsDefinition | AssetSpec]:
    """Build every asset of the project, in an order in which each comes after what it reads."""
    graph, dialect = workspace.graph, workspace.engine.dialect
    computed = [
        build_asset(graph, op, specs_of(graph, op, workspace.root, dialect)) for op in graph.ops
    ]
    return [*external_specs(graph), *computed]


def build_definitions(workspace: Workspace, broken: Sequence[Problem] = ()) -> Definitions:
    """Build the Dagster application of a project. Deterministic: equal in any process.

    `broken` are the problems of files that were left out; each shows as a failing check.
    """
    files, failing = broken_files(broken)
    return Definitions(
        assets=[*build_assets(workspace), *files],
        asset_checks=failing,
        jobs=[*automation.jobs(workspace.graph), catch_up_job()],
        schedules=automation.schedules(workspace),
        sensors=automation.sensors(workspace),
        resources={WORKSPACE: OpenWorkspace(workspace)},
        executor=in_process_executor,
    )
