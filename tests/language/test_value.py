"""Lowered values: their guards, and literals in their plainest form."""

import pytest
from sqlglot import exp

from fig_assets.language.duck import cast, number
from fig_assets.language.types import BIGINT, FLOAT, JSON, STRING
from fig_assets.language.value import Guard, Value, bare


@pytest.mark.parametrize(
    ("guard", "sql"),
    [("", "a"), ("finite", "CASE WHEN ISFINITE(a) THEN a END")],
    ids=["none", "infinity"],
)
def test_a_guard_stands_around_the_tree_once(guard: Guard, sql: str) -> None:
    assert Value(exp.column("a"), FLOAT, guard).sealed().sql("duckdb") == sql


def test_a_whole_literal_becomes_a_float_literal() -> None:
    assert Value(cast(number(9), "BIGINT"), BIGINT).to(FLOAT, "duckdb").sql("duckdb") == "9.0e0"


def test_a_text_literal_keeps_its_cast_and_a_number_loses_it() -> None:
    assert bare(cast(number(9), "BIGINT")).sql("duckdb") == "9"
    assert bare(cast(exp.Literal.string("9"), "BIGINT")).sql("duckdb") == "CAST('9' AS BIGINT)"


def test_texts_and_json_are_read_as_what_they_are_compared_with() -> None:
    found = [Value(exp.column("a"), kind).is_text for kind in (STRING, JSON, BIGINT)]

    assert found == [True, True, False]
