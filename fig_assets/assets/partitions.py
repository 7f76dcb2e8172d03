"""Reaches and periods -> Dagster's partitions and mappings between them."""

from datetime import date, timedelta
from functools import lru_cache

from dagster import DailyPartitionsDefinition, PartitionMapping, TimeWindowPartitionMapping

from fig_assets.assets.betas import shifted_days
from fig_assets.graph.nodes import Graph
from fig_assets.graph.period import SAME_DAY, Reach

CENTURY = 36_500
"""Days; an open reach as Dagster has to be told it, with a number."""


def daily(graph: Graph) -> DailyPartitionsDefinition:
    """Return the days of the project, UTC, from its start to yesterday or its end (included)."""
    return _daily(graph.start, graph.end)


@lru_cache
def _daily(start: date, last: date | None) -> DailyPartitionsDefinition:
    end = last + timedelta(days=1) if last else None
    return DailyPartitionsDefinition(
        start_date=start.isoformat(),
        end_date=end.isoformat() if end else None,
        timezone="UTC",
    )


@lru_cache
def over(reach: Reach) -> PartitionMapping:
    """Map partition D to the upstream days D+first .. D+last.

    Upstream days before the project's start do not exist and are left out.
    """
    if reach.first is None:
        return shifted_days(-CENTURY, reach.last)
    if reach == SAME_DAY:
        return TimeWindowPartitionMapping()
    return shifted_days(reach.first, reach.last)


def partition(day: date) -> str:
    """Return the partition key of a day."""
    return day.isoformat()
