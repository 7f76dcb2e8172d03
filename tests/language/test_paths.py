"""Paths into a payload, and the form DuckDB reads them in."""

import json

import duckdb
import pytest

from fig_assets.language.parse import ExpressionError
from fig_assets.language.paths import EVERY, json_path, parse_path
from fig_assets.language.types import STRING, Type


def test_a_path_has_steps_and_a_type() -> None:
    path = parse_path("client:ip_chain[0]:ip::string")

    assert path.steps == ("client", "ip_chain", 0, "ip")
    assert path.type == STRING
    assert json_path(path) == '$."client"."ip_chain"[0]."ip"'


def test_a_path_over_every_element_gives_text_or_an_embedding() -> None:
    path = parse_path('a."*"[*]:b[*]')

    assert path.steps == ("a", "*", EVERY, "b", EVERY)
    assert path.is_wide
    assert not parse_path('a:"[*]"').is_wide
    assert parse_path("a[*]:x::embedding(3)").type == Type("embedding", 3)
    assert parse_path("a[*]::text").type == STRING


def test_dots_and_colons_are_the_same() -> None:
    assert parse_path("a.b.c").steps == parse_path("a:b:c").steps == ("a", "b", "c")


@pytest.mark.parametrize("key", ["odd key", 'q"q', "b\\s", "*", "it's", "a/b~c", "$", "é", "[0]"])
def test_any_key_can_be_quoted_and_is_found(engine: duckdb.DuckDBPyConnection, key: str) -> None:
    written = key.replace("\\", "\\\\").replace('"', '\\"')
    path = json_path(parse_path(f'a:"{written}"[1]'))
    payload = json.dumps({"a": {key: ["no", "yes"], "other": 1}})

    [found] = engine.execute(
        f"SELECT json_extract_string(?, '{path.replace(chr(39), chr(39) * 2)}')", [payload]
    ).fetchall()

    assert found == ("yes",)


@pytest.mark.parametrize(
    ("text", "message", "start"),
    [
        ("", "the path is empty", 0),
        ("[*]:b", "'[*]' is no", 0),
        ("a[**]", "'[**]' is no place in an array", 1),
        ("a[*]b", "'b' is no plain key", 4),
        ("a[*]:b::bigint", "every element together is an array, not a bigint", 6),
        ("a[*]::boolean", "every element together is an array, not a boolean", 4),
        ("a[-1]", "a place in an array counts from 0 at its start", 1),
        ("a:", "a key is missing here", 1),
        ("a::foo", "unknown type 'foo'", 3),
        ("::int", "the path has no key before '::'", 0),
        ("a[x]", "'[x]' is no place in an array", 1),
        ("a[99999999]", "the place 99999999 is beyond 1000000", 2),
    ],
)
def test_a_wrong_path_is_refused_where_it_is_wrong(text: str, message: str, start: int) -> None:
    with pytest.raises(ExpressionError) as refusal:
        parse_path(text)

    assert refusal.value.message.startswith(message)
    assert refusal.value.start == start
