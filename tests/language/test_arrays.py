"""What is found along `[*]`, and functions of whole arrays, beside the plain reading."""

import json

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlglot import exp

from fig_assets.language.arrays import elements_along
from fig_assets.language.paths import EVERY, json_path_of, parse_path
from tests.language.rows import value_of
from tests.naive.events import walk
from tests.naive.expressions import evaluate
from tests.naive.values import parse_json

KEYS = ["b", "*", 'odd "key"', "a.b", "\\", "é[*]"]
SCALARS = st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(["", "null", "[1]", 1e3])
PAYLOADS = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=3)
    ),
    max_leaves=12,
)
PARTS = st.sampled_from([*KEYS, "[*]", "[*]", "[0]", "[1]"])


def written(parts: list[str]) -> str:
    quoted = (
        part if part[0] == "[" else ":" + json.dumps(part, ensure_ascii=False) for part in parts
    )
    return "a" + "".join(quoted)


def found_along(engine: duckdb.DuckDBPyConnection, payload: object, path: str) -> object:
    steps = parse_path(path).steps
    place = steps.index(EVERY)
    base = exp.Literal.string(json_path_of(steps[:place]))
    array = exp.Anonymous(this="JSON_EXTRACT", expressions=[exp.column("payload"), base])
    source = exp.select(array.as_("array")).from_("payloads").subquery("found")
    tree = exp.select(elements_along(exp.column("array"), steps[place + 1 :])).from_(source)
    engine.execute("CREATE OR REPLACE TABLE payloads AS SELECT ?::VARCHAR AS payload", [payload])
    [(found,)] = engine.execute(tree.sql("duckdb")).fetchall()
    return found


@pytest.mark.parametrize(
    ("value", "path", "expected"),
    [
        ([{"b": 1}, {"b": "x"}], "a[*]:b", '[1,"x"]'),
        ([{"b": 1}, {"c": 2}, 5, None, [1], {"b": None}], "a[*]:b", "[1]"),
        ([1, None, "null", {"b": 1.50}, [None]], "a[*]", '[1,"null",{"b":1.5},[null]]'),
        ([{"b": [{"c": 1}, {"c": 2}]}, {"b": 7}, {"b": []}, {"b": [{"c": 3}]}],
         "a[*]:b[*]:c", "[1,2,3]"),
        ([{"b": [[1, 2], [3]]}], "a[*]:b[*][0]", "[1,3]"),
        ([[1, 2], [3, [4]]], "a[*][*]", "[1,2,3,[4]]"),
        ([{"*": 1, "b": 2}], 'a[*]:"*"', "[1]"),
        ([{"*": [{"b": 1}, None]}, {"*": 3}], 'a[*]:"*"[*]:b', "[1]"),
        ([{'o"k': 1}], 'a[*]:"o\\"k"', "[1]"),
        ([], "a[*]:b", "[]"),
        ([{}], "a[*]:b", "[]"),
        ({"b": 1}, "a[*]:b", None),
        ("[1]", "a[*]", None),
        (None, "a[*]", None),
        (5, "a[*]", None),
    ],
    ids=lambda part: str(part)[:40],
)  # fmt: skip
def test_a_path_over_every_element_gives_what_is_there(
    engine: duckdb.DuckDBPyConnection, value: object, path: str, expected: str | None
) -> None:
    assert found_along(engine, json.dumps({"a": value}), path) == expected
    assert walk(json_of({"a": value}), path) == expected


def json_of(payload: object) -> object:
    """Read a payload as the oracle reads lines."""
    return parse_json(json.dumps(payload))


@settings(
    max_examples=80,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(value=PAYLOADS, parts=st.lists(PARTS, max_size=4), at=st.integers(0, 4))
def test_every_payload_and_path_give_what_the_plain_reading_gives(
    engine: duckdb.DuckDBPyConnection, value: object, parts: list[str], at: int
) -> None:
    path = written([*parts[:at], "[*]", *parts[at:]])
    payload = {"a": value}

    assert found_along(engine, json.dumps(payload), path) == walk(json_of(payload), path)


def test_an_array_of_a_hundred_thousand_elements_is_read_whole(
    engine: duckdb.DuckDBPyConnection,
) -> None:
    payload = json.dumps({"a": [{"b": [n, None]} for n in range(100_000)]})
    expected = "[" + ",".join(map(str, range(100_000))) + "]"

    assert found_along(engine, payload, "a[*]:b[*]") == expected


ARRAYS: list[object] = [
    None, "", "[", "5", "null", '{"a": 1}', "[]", "[null]", '["a", "b"]', '["A", 12, 1.50, true]',
    '[null, "null", ["a"], {"a": 1}]', '[12.0, "12", 1e3]', '["x, y", ""]', '["\\u00e9\\n"]',
]  # fmt: skip


@pytest.mark.parametrize("array", ARRAYS, ids=str)
@pytest.mark.parametrize(
    "text",
    [
        "@ARRAY_CONTAINS($s, 'a')",
        "@ARRAY_CONTAINS($s, 12)",
        "@ARRAY_CONTAINS(@PARSE_JSON($s), TRUE)",
        "@ARRAY_CONTAINS($s, '')",
        "@ARRAY_CONTAINS($s, 'null')",
        "@ARRAY_CONTAINS($s, $t)",
        "@ARRAY_CONTAINS($s, '[\"a\"]')",
        "@ARRAY_JOIN($s, ', ')",
        "@ARRAY_JOIN($s, '')",
        "@ARRAY_JOIN(@PARSE_JSON(@REPLACE(@TRIM(@LOWER($s)) || '', 'a', '')), '-')",
        "@ARRAY_CONTAINS(@REPLACE(@TRIM(@LOWER($s)) || '', 'a', ''), @LOWER($t) || 'b')",
        "@ARRAY_REGEXP_LIKE($s, '^[ax]')",
        "@ARRAY_REGEXP_LIKE(@PARSE_JSON($s), 'a')",
        "@ARRAY_REGEXP_LIKE($s, '')",
        "@ARRAY_SIZE($s)",
    ],
)
def test_functions_of_arrays_give_what_the_plain_reading_gives(
    engine: duckdb.DuckDBPyConnection, array: str | None, text: str
) -> None:
    row = {"s": array}
    assert value_of(engine, text, row) == evaluate(text, lambda name, version: row.get(name))
