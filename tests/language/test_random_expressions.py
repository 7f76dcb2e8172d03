"""Random expressions have the values that the oracle gives, on rows of hostile values."""

import math
import random

import duckdb
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlglot import exp

from fig_assets.language.functions import infer, lower
from fig_assets.language.parse import parse
from tests.language.random_expressions import ANY, Made, expression
from tests.language.rows import HOSTILE, TYPES, column, table, type_of
from tests.naive.expressions import evaluate
from tests.naive.values import Value, convert
from tests.profiles import examples

ROWS = 40


@settings(
    max_examples=examples(60),
    derandomize=examples(1) == 1,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(seed=st.integers(0, 2**32), kind=st.sampled_from(ANY), depth=st.integers(1, 3))
def test_random_expressions_have_the_values_of_the_oracle(
    engine: duckdb.DuckDBPyConnection, seed: int, kind: str, depth: int
) -> None:
    chance = random.Random(seed)
    rows = {n: [chance.choice(HOSTILE[it.name]) for _ in range(ROWS)] for n, it in TYPES.items()}
    made: Made = {}
    texts = [expression(chance, kind, depth, made, exact=True) for _ in range(3)]

    found = values(engine, texts, rows)

    wrong = [
        (text, place, value, answer)
        for text, column in zip(texts, found, strict=True)
        for place, value in enumerate(column)
        if not is_same(value, answer := plainly(text, kind, rows, place))
    ]
    assert wrong == []


def values(
    engine: duckdb.DuckDBPyConnection, texts: list[str], rows: dict[str, list[object]]
) -> list[list[object]]:
    """Return the columns of one statement that computes all of `texts`."""
    trees = [parse(text).tree for text in texts]
    for tree in trees:
        infer(tree, type_of)
    columns = [
        exp.alias_(lower(tree, "duckdb", column, type_of), f"value_{place}")
        for place, tree in enumerate(trees)
    ]
    engine.register("some_rows", table(rows))
    query = exp.select(*columns).from_("some_rows").sql("duckdb")
    found = engine.sql(query).to_arrow_table()
    engine.unregister("some_rows")
    return [column.to_pylist() for column in found.columns]


def plainly(text: str, kind: str, rows: dict[str, list[Value]], place: int) -> Value:
    """Return what the oracle gives for one row."""
    return convert(evaluate(text, lambda name, _: rows[name][place]), kind)


def is_same(found: object, expected: object) -> bool:
    """Whether two values are equal and of one type, floats to nine digits."""
    if isinstance(found, float) and isinstance(expected, float):
        return math.isclose(found, expected, rel_tol=1e-9, abs_tol=1e-12)
    return type(found) is type(expected) and found == expected
