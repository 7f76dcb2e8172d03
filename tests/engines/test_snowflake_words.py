"""What Snowflake says for the words of trees, by what its documentation asks for."""

import pytest
from sqlglot import exp

from fig_assets.engines.snowflake.tables import render
from fig_assets.engines.snowflake.words import parsed_once, read_back, to_snowflake
from fig_assets.errors import EngineError, UnsupportedOnEngine
from fig_assets.language.functions import lower
from fig_assets.language.parse import parse
from tests.language.rows import column, type_of


def snowflake(expression: str) -> str:
    tree = lower(parse(expression).tree, "snowflake", column, type_of)
    return render(to_snowflake(exp.select(tree.as_("v")))).removesuffix(' AS "v"')[len("SELECT ") :]


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("$b IS NOT TRUE", 'NOT (COALESCE("b", FALSE))'),
        ("@REGEXP_LIKE($s, 'a.c')", "REGEXP_INSTR(\"s\", 'a.c') > 0"),
        ("@LEVENSHTEIN('a', 'b')", "EDITDISTANCE('a', 'b')"),
        ("@DIVIDE($f, $g)", 'CAST("f" AS DOUBLE) / NULLIF(CAST("g" AS DOUBLE), 0)'),
        ("@GET($s, 'a')::string", """['a']"""),
        ("$i + $j", 'CAST("i" AS DECIMAL(38, 0)) + CAST("j" AS DECIMAL(38, 0))'),
    ],
)
def test_a_word_is_said_as_snowflake_means_it(expression: str, text: str) -> None:
    assert text in snowflake(expression)


@pytest.mark.parametrize(
    ("expression", "word"),
    [
        ("$f::string", "the text of a float"),
        ("@JARO_WINKLER($s, $t)", "JARO_WINKLER_SIMILARITY"),
        ("@REGEXP_LIKE($s, '(?i)bot')", "the part (? of the pattern (?i)bot"),
        ("@REGEXP_LIKE($s, 'a+?')", "the part +? of the pattern a+?"),
    ],
)
def test_what_snowflake_has_no_word_for_is_refused(expression: str, word: str) -> None:
    with pytest.raises(UnsupportedOnEngine) as refusal:
        snowflake(expression)

    assert word in str(refusal.value)


def test_names_stand_in_quotes_because_case_counts() -> None:
    tree = exp.select("a").from_("rows").where(exp.column("b").eq(1)).order_by("a")

    text = render(to_snowflake(tree))

    assert text == 'SELECT "a" FROM "rows" WHERE "b" = 1 ORDER BY "a" NULLS FIRST'


def test_a_stored_document_is_not_parsed_again() -> None:
    call = exp.Anonymous(
        this="JSON_EXTRACT_STRING", expressions=[exp.column("payload"), exp.Literal.string('$."a"')]
    )

    tree = parsed_once(to_snowflake(exp.select(call.as_("a"))), {"payload"})

    assert render(tree) == """SELECT CAST("payload"['a'] AS VARCHAR) AS "a\""""


def test_a_row_for_each_element_is_read_beside_its_source() -> None:
    days = exp.Anonymous(this="RANGE", expressions=[exp.Literal.number(3)])
    tree = exp.select("a", exp.Anonymous(this="UNNEST", expressions=[days]).as_("n")).from_("rows")

    text = render(to_snowflake(tree))

    assert "LATERAL FLATTEN(INPUT => ARRAY_GENERATE_RANGE(0, 3)) AS unnested__" in text
    assert 'CAST(unnested__.VALUE AS BIGINT) AS "n"' in text


def test_a_statement_that_is_too_long_is_refused() -> None:
    with pytest.raises(EngineError, match="takes no statement of 900009 characters"):
        read_back("SELECT 'a" + "a" * 899_998 + "'" + " ")


def test_a_text_that_snowflake_could_not_read_is_refused() -> None:
    with pytest.raises(EngineError, match="Snowflake cannot read"):
        read_back("SELECT FROM WHERE")
