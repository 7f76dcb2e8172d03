"""No expression fails on any row: generated expressions over a table of hostile values."""

import math
import random
import re

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlglot import exp

from fig_assets.language.functions import infer, lower
from fig_assets.language.parse import parse
from fig_assets.language.types import Type, arrow_type
from tests.language.rows import HOSTILE, TYPES, column, table, type_of
from tests.profiles import examples

ANY = ("bigint", "float", "string", "boolean", "timestamp", "date")
NAMES = {kind: [name for name, type_ in TYPES.items() if type_.name == kind] for kind in ANY}

LITERALS = {
    "bigint": ["0", "1", "-1", "9223372036854775807", "-9223372036854775808"],
    "float": ["0.0", "1.5", "-1e308", "1e-300"],
    "string": ["''", "'12'", "'x%'", "'[1]'"],
    "boolean": ["TRUE", "FALSE"],
    "timestamp": ["TIMESTAMP '2024-01-01T00:00:00Z'"],
    "date": ["DATE '2024-01-01'"],
    "json": ["@PARSE_JSON($s)"],
}

TEMPLATES = {
    "bigint": """({bigint} + {bigint})~({bigint} - {bigint})~({bigint} * {bigint})
        ~({bigint} % {bigint})~-({bigint})~({string})::bigint~({float})::bigint~({boolean})::bigint
        ~@ABS({bigint})~@ARRAY_SIZE({string})~@ARRAY_SIZE({json})~@LENGTH({string})
        ~@HOUR({timestamp})~@DAY_OF_WEEK({date})~@TIMESTAMP_DIFF('day', {timestamp}, {timestamp})
        ~@TIMESTAMP_DIFF('microsecond', {timestamp}, {date})~@HASH({any})~@ROUND({bigint})
        ~@LEVENSHTEIN({string}, {string})~({json})::bigint""",
    "float": """({bigint} / {bigint})~({float} / {bigint})~({float} + {float})~({float} * {bigint})
        ~({float} % {float})~-({float})~({string})::float~({bigint})::float~@ABS({float})
        ~@ROUND({float}, 2)~@FLOOR({float})~@CEIL({float})~@LN({float})~@EXP({float})
        ~@SQRT({float})~@POWER({float}, {float})~@POWER({bigint}, {bigint})
        ~@HAVERSINE_KM({float}, {float}, {bigint}, {float})~@JARO_WINKLER({string}, {string})""",
    "string": """({any})::string~({json})::string~@LOWER({string})~@UPPER({string})~@TRIM({string})
        ~@CONCAT({any}, {string})~@SUBSTR({string}, {bigint}, {bigint})~@SUBSTR({string}, {bigint})
        ~@SPLIT_PART({string}, {string}, {bigint})~@REPLACE({string}, {string}, {string})
        ~@ARRAY_JOIN({string}, '+')~@REGEXP_EXTRACT({string}, '([0-9]+)|(x)', 2)""",
    "boolean": """({boolean} AND {boolean})~({boolean} OR {boolean})~(NOT {boolean})
        ~({bigint} < {float})~({words} = {any})~({timestamp} >= {date})~({float} <> {float})
        ~({bigint} IN ({bigint}, {float}, NULL))~({float} NOT BETWEEN {float} AND {bigint})
        ~({words} IN ({bigint}, {words}))~({words} BETWEEN {bigint} AND {words})
        ~({bigint} IN ({words}, {bigint}))~({json} = {any})~({bigint} >= {words})
        ~CASE {words} WHEN {bigint} THEN TRUE WHEN {words} THEN FALSE END
        ~({string} LIKE {string})~({string} NOT ILIKE {string} ESCAPE '!')
        ~({string} LIKE {string} || 'x' ESCAPE 'x')~({bigint} IS DISTINCT FROM {words})
        ~({words} IS NOT DISTINCT FROM {any})~({timestamp} IS DISTINCT FROM {date})
        ~({any} IS NOT NULL)~({boolean} IS NOT TRUE)~@IS_NULL({any})
        ~@REGEXP_LIKE({string}, '^[0-9]+$')~@CONTAINS({string}, {string})~({string})::boolean
        ~@ARRAY_CONTAINS({string}, {any})~@ARRAY_REGEXP_LIKE({json}, '^x|1')
        ~@STARTS_WITH({string}, {string})~@ENDS_WITH({string}, {string})~({bigint})::boolean""",
    "timestamp": "({string})::timestamp~({date})::timestamp~({json})::timestamp",
    "date": "({string})::date~@DATE({timestamp})~@DATE({string})",
    "json": "@PARSE_JSON({string})~@GET({json}, 0)~@GET({string}, 'a')",
}
COMMON = """CASE WHEN {boolean} THEN {same} ELSE {same} END~@IF({boolean}, {same}, {same})
    ~@COALESCE({same}, {same})~@NULLIF({same}, {same})~@LEAST({same}, {same})
    ~@GREATEST({same}, {same})~CASE {bigint} WHEN {bigint} THEN {same} END"""


def expression(chance: random.Random, kind: str, depth: int) -> str:
    """Return the text of some expression of type `kind`."""
    if depth == 0 or chance.random() < 0.1:
        return chance.choice([*(f"${name}" for name in NAMES.get(kind, [])), *LITERALS[kind]])
    texts = TEMPLATES[kind] if kind == "json" else f"{TEMPLATES[kind]}~{COMMON}"
    template = chance.choice([text.strip() for text in texts.split("~")])

    def fill(place: re.Match[str]) -> str:
        wanted = {"same": kind, "any": chance.choice(ANY)}.get(place[1], place[1])
        if place[1] == "words":
            # A literal beside a number is refused unless it is one.
            text = expression(chance, "string", depth - 1)
            return "$s" if text in LITERALS["string"] else text
        return expression(chance, wanted, depth - 1)

    return re.sub(r"\{(\w+)\}", fill, template)


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
    text = expression(random.Random(seed), kind, depth)
    tree = parse(text).tree

    assert infer(tree, type_of) == Type(kind)
    value = exp.alias_(lower(tree, "duckdb", column, type_of), "value")
    query = exp.select(value).from_(rows).sql("duckdb")
    found = hostile.sql(query).to_arrow_table().column("value")

    assert found.type == arrow_type(Type(kind))
    assert kind != "float" or all(v is None or math.isfinite(v) for v in found.to_pylist())


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
