"""Reaches and periods -> Dagster's partitions and mappings between them."""

from collections.abc import Iterable
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


def ranges(days: Iterable[date], longest: int) -> list[tuple[date, date]]:
    """Cut days into contiguous ranges of at most `longest` days, both ends included.

    >>> ranges([date(2024, 1, 1), date(2024, 1, 2), date(2024, 1, 4)], 90)[0][1].day
    2
    """
    found: list[tuple[date, date]] = []
    for day in sorted(set(days)):
        if (
            found
            and day - found[-1][1] == timedelta(days=1)
            and (day - found[-1][0]).days < longest
        ):
            found[-1] = (found[-1][0], day)
        else:
            found.append((day, day))
    return found
