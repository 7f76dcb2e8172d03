"""Distances count characters, not bytes, and agree with the plain reading."""

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.language.rows import value_of
from tests.naive.strings import STRING_FUNCTIONS
from tests.profiles import examples

WORDS = st.text(alphabet="abcä日e\u0301ß ", max_size=12)


@settings(
    max_examples=examples(40),
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(left=WORDS, right=WORDS)
@pytest.mark.parametrize("name", ["LEVENSHTEIN", "JARO_WINKLER"])
def test_texts_are_compared_by_character(
    engine: duckdb.DuckDBPyConnection, name: str, left: str, right: str
) -> None:
    found = value_of(engine, f"@{name}($s, $t)", {"s": left, "t": right})

    assert found == pytest.approx(STRING_FUNCTIONS[name](left, right))


def test_a_long_text_of_ascii_has_no_limit(engine: duckdb.DuckDBPyConnection) -> None:
    assert value_of(engine, "@LEVENSHTEIN($s, '')", {"s": "ab" * 500}) == 1000
