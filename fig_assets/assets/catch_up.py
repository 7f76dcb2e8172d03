"""The job that computes what is missing or stale: makes the plan, and follows it."""

from dataclasses import asdict
from datetime import date

from dagster import (
    Config,
    Failure,
    JobDefinition,
    MetadataValue,
    Nothing,
    OpExecutionContext,
    Out,
    graph,
    in_process_executor,
    op,
)
from pydantic import Field

from fig_assets.assets.markdown import code
from fig_assets.assets.resources import WORKSPACE, OpenWorkspace
from fig_assets.errors import FigError
from fig_assets.workflow.planning.plan import make_plan
from fig_assets.workflow.planning.planned import Plan

CATCH_UP = "catch_up"
MOST_LINES = 200


class Days(Config):
    """Which days the plan looks at; all of the project when left out."""

    first: str | None = Field(default=None, description="First day, YYYY-MM-DD.")
    last: str | None = Field(default=None, description="Last day, included, YYYY-MM-DD.")


@op(
    required_resource_keys={WORKSPACE},
    out=Out(Nothing),
)
def follow_the_plan(context: OpExecutionContext, config: Days) -> None:
    """Make the plan of `fig plan` and compute it; each range of days is a run of its own."""
    # The launcher builds the assets, and so imports what imports this module.
    from fig_assets.assets.launch import launch_plan

    opened: OpenWorkspace = context.resources.workspace
    days = [date.fromisoformat(text) if text else None for text in (config.first, config.last)]
    try:
        plan = make_plan(opened.workspace, *days)
        context.log.info("%d columns of days are to be computed", plan.cells)
        summary = launch_plan(opened.workspace, context.instance, plan)
    except FigError as refusal:
        raise Failure(f"{CATCH_UP} was refused\n{refusal}", allow_retries=False) from refusal
    columns = asdict(summary.columns) if summary.columns else {}
    context.add_output_metadata(
        {
            "planned": MetadataValue.md(code(_listed(plan), "text")),
            "columns": MetadataValue.json(columns),
            "runs": MetadataValue.json(summary.run_ids),
        }
    )
    if not summary.ok:
        named = "\n".join(f"{name}: {words}" for name, words in summary.refused.items())
        raise Failure(f"some days were refused\n{named}", allow_retries=False)


def catch_up_job() -> JobDefinition:
    """Return the job; it has no partitions, for the plan says which days of what are computed."""

    @graph(name=CATCH_UP)
    def catch_up() -> None:
        follow_the_plan()

    return catch_up.to_job(
        description="Computes what is missing or stale, column by column, as `fig run --plan`.",
        executor_def=in_process_executor,
    )


def _listed(plan: Plan) -> str:
    lines = []
    for work in plan.work:
        days = f"{work.first} to {work.last}" if work.first else "all"
        lines.append(f"{days} {work.relation}: {', '.join(work.columns)}")
    more = [f"and {len(lines) - MOST_LINES} more"] if len(lines) > MOST_LINES else []
    return "\n".join([*lines[:MOST_LINES], *more]) or "nothing"
