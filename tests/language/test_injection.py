"""Text of a user stays text: whatever stands in quotes is compared, and nothing else happens."""

import json
from pathlib import Path

import duckdb
import pytest

from fig_assets.language.parse import ExpressionError, parse
from fig_assets.language.paths import json_path, parse_path
from tests.language.rows import value_of
from tests.naive.expressions import evaluate

TEXTS = [
    "'; DROP TABLE events; --",
    "' OR 1=1 --",
    "x' UNION SELECT content FROM read_text('/etc/passwd') --",
    "/* */ -- #",
    "\\' \\",
    "\"; COPY (SELECT 1) TO 'pwned'; --",
    "$s @COUNT(*) {date} ${HOME} $(id) `id` %s {0}",
    "$$ $a$ ? $1 :name",
    "a\nb\tc\r\x01\x1b[31m",
    "<script>alert(1)</script> [x](javascript:alert(1))",
    "\u202e\u0301\U0001f600\ufeff",
    "nul\0nul",
]
LITERALS = ["'" + text.replace("'", "''") + "'" for text in TEXTS]
PLACES = [
    "$s = {}",
    "$s IN ({}, 'x')",
    "CASE $s WHEN {} THEN TRUE ELSE FALSE END",
    "@CONTAINS($s, {})",
    "@STARTS_WITH($s, {})",
    "@REPLACE($s, {}, '') = ''",
    "@SPLIT_PART($s, {}, 1) = ''",
    "@COALESCE({}, $t) = $s",
    "{} || '' = $s",
    "@HASH({}) = @HASH($s)",
]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("number", range(len(TEXTS)), ids=TEXTS)
def test_a_literal_is_compared_and_never_run(
    engine: duckdb.DuckDBPyConnection,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    place: str,
    number: int,
) -> None:
    monkeypatch.chdir(tmp_path)
    text = place.format(LITERALS[number])
    row = {"s": TEXTS[number], "t": "other"}

    found = value_of(engine, text, row)

    assert found is True
    assert evaluate(text, lambda name, _: row.get(name)) is True
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "text",
    [
        "read_csv('/etc/passwd')",
        "(SELECT content FROM read_text('/etc/passwd'))",
        "@READ_TEXT('/etc/passwd')",
        "@GETENV('HOME')",
        "@QUERY('SELECT 1')",
        "$s; DROP TABLE events",
        "$s -- comment",
        "$s /* comment */",
        "$s::string); SELECT (1",
        "'/etc/passwd'.csv",
        "current_user",
        "@COUNT(*) OVER ()",
        '"s"',
        "$s::enum('a')",
        '$s::"x"',
        "CAST($s AS read_csv)",
        "$s COLLATE nocase",
        "EXISTS (SELECT 1)",
        "$1",
        "?",
        "\0",
    ],
)
def test_what_could_reach_a_file_or_a_statement_is_refused(
    engine: duckdb.DuckDBPyConnection, text: str
) -> None:
    with pytest.raises(ExpressionError):
        value_of(engine, text, {"s": "x"})


@pytest.mark.parametrize(
    "key",
    [
        "'); SELECT 1; --",
        '"',
        "\\",
        "*",
        "$",
        "$.a",
        "[0]",
        "a.b",
        "..",
        "/",
        "~1",
        "",
        "\U0001f600",
    ],
)
def test_an_odd_key_finds_itself_and_nothing_else(
    engine: duckdb.DuckDBPyConnection, key: str
) -> None:
    document = json.dumps({"a": 2, key: 1})
    quoted = key.replace("\\", "\\\\").replace('"', '\\"')
    if not key:
        with pytest.raises(ExpressionError):
            parse_path(f'"{quoted}"')
        return
    path = json_path(parse_path(f'"{quoted}"'))

    found = engine.execute("SELECT json_extract_string(?, ?)", [document, path]).fetchone()

    assert found == ("1",)


def test_a_call_with_very_many_arguments_is_refused() -> None:
    with pytest.raises(ExpressionError, match="more than 1000 arguments"):
        parse(f"@CONCAT({', '.join(['$s'] * 1001)})")
