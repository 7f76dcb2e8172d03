"""No expression fails on any row: generated expressions over a table of hostile values."""

import math
import random

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlglot import exp

from fig_assets.language.functions import infer, lower
from fig_assets.language.parse import parse
from fig_assets.language.types import Type, arrow_type
from tests.language.random_expressions import ANY, Made, expression
from tests.language.rows import HOSTILE, TYPES, column, table, type_of
from tests.profiles import examples


@pytest.fixture(scope="module")
def hostile(engine: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    chance = random.Random(7)
    picked = {
        name: [chance.choice(HOSTILE[type_.name]) for _ in range(200)]
        for name, type_ in TYPES.items()
    }
    engine.register("picked", table(picked))
    engine.execute("CREATE TABLE hostile AS FROM picked")
    engine.execute(
        "INSERT INTO hostile (ts, tt, d) VALUES ('infinity', '-infinity', 'infinity'),"
        " ('294247-01-10 04:00:54.775806', '290309-12-22 (BC) 00:00:00', '5877642-06-25 (BC)')"
    )
    engine.execute("CREATE TABLE nothing AS SELECT * FROM hostile WHERE false")
    engine.execute("INSERT INTO nothing (i) VALUES (NULL), (NULL)")
    engine.execute("CREATE TABLE single AS SELECT * FROM picked LIMIT 1 OFFSET 17")
    return engine


@settings(
    max_examples=examples(100),
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    seed=st.integers(0, 2**32),
    kind=st.sampled_from(ANY),
    depth=st.integers(1, 5),
    rows=st.sampled_from(["hostile", "hostile", "nothing", "single"]),
)
def test_no_row_makes_an_expression_fail(
    hostile: duckdb.DuckDBPyConnection, seed: int, kind: str, depth: int, rows: str
) -> None:
    chance = random.Random(seed)
    made: Made = {}
    kinds = [kind, kind, chance.choice(ANY)]
    trees = [parse(expression(chance, of, depth, made)).tree for of in kinds]

    assert [infer(tree, type_of) for tree in trees] == [Type(of) for of in kinds]
    values = [
        exp.alias_(lower(tree, "duckdb", column, type_of), f"value_{place}")
        for place, tree in enumerate(trees)
    ]
    query = exp.select(*values).from_(rows).sql("duckdb")
    found = hostile.sql(query).to_arrow_table()

    assert found.schema.types == [arrow_type(Type(of)) for of in kinds]
    floats = [found.column(place).to_pylist() for place, of in enumerate(kinds) if of == "float"]
    assert all(v is None or math.isfinite(v) for column in floats for v in column)


@pytest.mark.parametrize(
    "texts",
    [
        ("$i * $j", "$i * $j - 1"),
        ("@MOD($i + $j, 2)", "@MOD($i + $j, 3)"),
        ("($i * $j) - ($i * $j)", "-($i * $j)"),
        ("$i + $j + -1 + 1", "0 * (2 * $i)"),
    ],
    ids=" and ".join,
)
def test_an_overflow_is_null_whatever_others_share_it(
    engine: duckdb.DuckDBPyConnection, texts: tuple[str, str]
) -> None:
    engine.register("largest", table({"i": [2**63 - 1], "j": [2]}))
    values = [lower(parse(text).tree, "duckdb", column, type_of) for text in texts]
    assert engine.sql(exp.select(*values).from_("largest").sql("duckdb")).fetchall() == [
        (None, None)
    ]


HUGE = [
    "a" * 1_000_000,
    "\U0001f600e\u0301" * 200_000,
    "[" + ",".join(map(str, range(100_000))) + "]",
    "[" * 50_000 + "]" * 50_000,
    '{"a":' * 900 + "1" + "}" * 900,
    '{"a": "' + "\\\\" * 300_000 + '"}',
    '["' + "\\u0000" * 100_000 + '", "\\ud800", "\\udfff\\ud800"]',
    "1" * 500_000,
    "[" + "1" * 500_000 + "]",
    "2024-01-01T00:00:00." + "9" * 500_000,
    "%_" * 300_000,
    "\n" * 500_000,
]


@pytest.fixture(scope="module")
def huge(engine: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    picked = {name: [HOSTILE[type_.name][-1]] * len(HUGE) for name, type_ in TYPES.items()}
    engine.register("long_texts", table({**picked, "s": HUGE, "t": HUGE[::-1]}))
    engine.execute("CREATE TABLE huge AS FROM long_texts")
    return engine


@settings(
    max_examples=examples(8),
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(seed=st.integers(0, 2**32), kind=st.sampled_from(ANY), depth=st.integers(1, 3))
def test_no_long_text_makes_an_expression_fail(
    huge: duckdb.DuckDBPyConnection, seed: int, kind: str, depth: int
) -> None:
    tree = parse(expression(random.Random(seed), kind, depth)).tree

    value = exp.alias_(lower(tree, "duckdb", column, type_of), "value")
    found = huge.sql(exp.select(value).from_("huge").sql("duckdb")).to_arrow_table()

    assert found.column("value").type == arrow_type(Type(kind))
