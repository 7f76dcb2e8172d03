"""Aggregates: what each keeps a day, and how states of days add up."""

import pytest

from fig_assets.language.aggregates import (
    AGGREGATE_FUNCTIONS,
    VALUE_COUNTED,
    result_of,
    states_of,
)
from fig_assets.language.tree import AGGREGATES
from fig_assets.language.types import BIGINT, BOOLEAN, FLOAT, STRING, TIMESTAMP, Type


def test_the_table_and_the_grammar_know_the_same_aggregates() -> None:
    assert set(AGGREGATE_FUNCTIONS) == AGGREGATES


@pytest.mark.parametrize(
    ("name", "argument", "result"),
    [
        ("SUM", BOOLEAN, BIGINT),
        ("SUM", FLOAT, FLOAT),
        ("AVG", BIGINT, FLOAT),
        ("MAX", TIMESTAMP, TIMESTAMP),
        ("MODE", STRING, STRING),
        ("ENTROPY", STRING, FLOAT),
        ("COUNT", None, BIGINT),
    ],
    ids=str,
)
def test_an_aggregate_has_a_type(name: str, argument: Type | None, result: Type) -> None:
    assert result_of(name, argument) == result


@pytest.mark.parametrize("name", sorted(AGGREGATES))
def test_every_aggregate_keeps_states_or_counts_values(name: str) -> None:
    argument = BOOLEAN if "boolean" in AGGREGATE_FUNCTIONS[name].takes else FLOAT
    kept = [state for state in states_of(name, argument) if state.type is not None]

    assert bool(kept) != (name in VALUE_COUNTED)
    assert len({state.suffix for state in kept}) == len(kept)
