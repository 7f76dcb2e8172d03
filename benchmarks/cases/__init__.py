"""All cases by name, in the order in which they run."""

from functools import cache

from benchmarks.case import Case
from benchmarks.cases import (
    added_feature,
    backfill,
    bounded,
    curves,
    edited_feature,
    history,
    importing,
    join,
    loading,
    modelling,
    one_day,
    whole,
)

MODULES = (
    backfill,
    bounded,
    history,
    added_feature,
    edited_feature,
    one_day,
    importing,
    join,
    loading,
    whole,
    modelling,
    curves,
)


@cache
def all_cases() -> dict[str, Case]:
    """Return every case by its name."""
    return {case.name: case for module in MODULES for case in module.cases()}


def find_case(name: str) -> Case:
    """Return the case of that name.

    Raises:
        KeyError: there is none.
    """
    return all_cases()[name]
