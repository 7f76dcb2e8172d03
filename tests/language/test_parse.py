"""What is an expression and what is not, where it went wrong, and one meaning per spelling."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fig_assets.language.functions import infer, lower
from fig_assets.language.parse import ExpressionError, canonical, is_aggregate, parse
from fig_assets.language.tree import span
from tests.language.rows import column, type_of


def test_references_keep_their_order_their_version_and_their_place() -> None:
    text = "$b + @SUM(($a@2)) - $b"

    found = parse(text).references

    assert [str(reference) for reference in found] == ["b", "a@2", "b"]
    assert [text[r.start : r.end] for r in found] == ["$b", "$a@2", "$b"]


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("@sum($a)", " @SUM ( $a ) "),
        ("$a / $b", "@DIVIDE($a, $b)"),
        ("$a % 2", "@MOD($a, 2)"),
        ("$a || 'x'", "@CONCAT($a, 'x')"),
        ("$a::int", "CAST($a AS bigint)"),
        ("($a + 1) * 2", "(($a) + (1)) * 2"),
        ("$a != 1", "$a <> 1"),
        ("$a AND $b AND $c", "$a and ($b AND $c)"),
        ("1.50", "+1.5e0"),
        ("$a NOT IN (1)", "NOT ($a IN (1))"),
        ("$a IS NOT NULL", "NOT $a IS NULL"),
    ],
)
def test_one_meaning_has_one_canonical_text(text: str, same: str) -> None:
    assert canonical(parse(text).tree, str) == canonical(parse(same).tree, str)


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("1", "1.0"),
        ("'1'", "1"),
        ("$a - ($b - $c)", "$a - $b - $c"),
        ("'a b'", "'a  b'"),
        ("$a", "$a@2"),
        ("@SUM($a)", "@SUM($a) FILTER (WHERE $b)"),
        ("CASE WHEN $a THEN 1 END", "CASE $a WHEN TRUE THEN 1 END"),
        ("$a AND $b OR $c", "$a AND ($b OR $c)"),
        ("-$a * 2", "-($a * 3)"),
    ],
)
def test_two_meanings_have_two_canonical_texts(text: str, other: str) -> None:
    assert canonical(parse(text).tree, str) != canonical(parse(other).tree, str)


def test_the_canonical_text_is_stable_and_asks_what_a_reference_means() -> None:
    tree = parse("CASE WHEN $a > 9 THEN 'it''s' END").tree

    assert canonical(tree, lambda r: f"id:{r.name}") == '(case (when (gt $id:a 9) "it\'s"))'


@pytest.mark.parametrize(
    ("text", "aggregates"), [("@LOWER($a)", False), ("1 + @COUNT(*)", True), ("$a > 1", False)]
)
def test_an_aggregate_is_recognised(text: str, aggregates: bool) -> None:  # noqa: FBT001
    assert is_aggregate(parse(text).tree) is aggregates


@pytest.mark.parametrize(
    ("text", "blamed", "message", "fix"),
    [
        ("", "", "the expression is empty", "write $name or @COUNT(*)"),
        ("a + 1", "a", "columns are written with '$', not 'a'", "write $a"),
        ("SUM($a)", "SUM", "functions are written with '@', not 'SUM('", "write @SUM("),
        ("$a = $b = $c", "=", "comparisons cannot follow one another", ""),
        ("$a;", ";", "one expression, not several statements", ""),
        ("$a > 'abc", "'abc", "the string has no closing quote", "add a '"),
        ('$a = "abc"', '"abc"', "double quotes and backticks have no meaning here", "write 'abc'"),
        ("$a == 1", "==", "'==' is written =", "write ="),
        ("$a && $b", "&&", "'&&' is written AND", "write AND"),
        ("!$a", "!", "'!' is written NOT", "write NOT"),
        ("$Abc", "$Abc", "names are written in lower case, not '$Abc'", "write $abc"),
        ("@SUM($a", "", "',' or ')' is missing", ""),
        ("@SUM", "@SUM", "'(' is missing after @SUM", "write @SUM(...)"),
        ("(SELECT 1)", "SELECT", "an expression is expected, not a statement or a subquery", ""),
        ("1 2", "2", "an operator or the end is expected", ""),
        ("$a -- x", "--", "comments are not part of an expression", ""),
        ("$a /* x */", "/*", "comments are not part of an expression", ""),
        ("9223372036854775808", "9223372036854775808", "the number does not fit a big", "write 92"),
        ("1e999", "1e999", "the number does not fit a float", ""),
        ("@COUNT(DISTINCT $a)", "DISTINCT", "DISTINCT is not supported", "write @COUNT_DISTINCT"),
        ("@SUM($a) OVER ()", "OVER", "window functions are not supported", ""),
        ("@LOWER($a) FILTER (WHERE TRUE)", "FILTER", "only aggregates take FILTER", ""),
        ("@SUM(*)", "*", "only @COUNT takes '*', not @SUM", ""),
        ("$a::foo", "foo", "unknown type 'foo'", ""),
        ("$a@0", "$a@0", "versions count from 1", ""),
        ("?", "?", "the character '?' has no meaning here", ""),
        ("$a.b", ".", "the character '.' has no meaning here", ""),
        ("$a LIKE 'x' ESCAPE $b", "$b", "a character in quotes is expected after ESCAPE", ""),
        ("$a ESCAPE '!'", "ESCAPE", "an operator or the end is expected, found 'ESCAPE'", ""),
        ("$a IS DISTINCT $b", "$b", "'FROM' is missing after IS DISTINCT, found '$b'", ""),
        ("$a NOT $b", "$b", "IN, BETWEEN, LIKE or ILIKE is expected after NOT", ""),
        ("ILIKE", "ILIKE", "'ILIKE' is not expected here", ""),
        ("CASE END", "END", "'END' is not expected here", ""),
        ("read_text('/etc/passwd')", "read_text", "functions are written with '@'", "write @READ"),
    ],
)
def test_what_is_no_expression_is_refused_where_it_fails(
    text: str, blamed: str, message: str, fix: str
) -> None:
    with pytest.raises(ExpressionError) as refusal:
        parse(text)

    error = refusal.value
    assert text[error.start : error.end] == blamed
    assert error.message.startswith(message)
    assert error.fix.startswith(fix)


def test_an_excerpt_shows_the_line_with_carets_under_the_fault() -> None:
    text = "$a +\n  $b + oops"

    with pytest.raises(ExpressionError) as refusal:
        parse(text)

    assert refusal.value.excerpt(text) == "  $b + oops\n       ^^^^"


@pytest.mark.parametrize(
    "text",
    [
        "(" * 5000 + "1" + ")" * 5000,
        "+".join(["1"] * 20_000),
        "- " * 5000 + "1",
        "NOT " * 5000 + "TRUE",
        "1" + "::bigint" * 5000,
        "@ABS(" * 5000,
        "CASE WHEN " * 5000,
        "1" * 100_001,
    ],
    ids=["parentheses", "chain", "signs", "nots", "casts", "calls", "cases", "length"],
)
def test_monsters_are_refused_quickly(text: str) -> None:
    with pytest.raises(ExpressionError):
        parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "@LN(" * 29 + "$f" + ")" * 29,
        "$f / (" * 29 + "$f" + ")" * 29,
        "@NULLIF(" * 29 + "$i" + ",1)" * 29,
        "CASE " * 14 + "$i" + " WHEN 1 THEN 3 ELSE 5 END" * 14,
        "$s" + "::timestamp::string" * 14,
        " OR ".join(["$s = 'x'"] * 500),
        "@IF(" * 9 + "$s" + " IS DISTINCT FROM $i, 'a', 'b')" * 9,
        "@IF($t LIKE " * 9 + "$s" + " ESCAPE '!', 'a', 'b')" * 9,
    ],
    ids=["logarithms", "divisions", "nullifs", "cases", "casts", "ors", "distinct", "escapes"],
)
def test_what_nests_stays_small_as_sql(text: str) -> None:
    tree = parse(text).tree

    infer(tree, type_of)

    assert len(lower(tree, "duckdb", column, type_of).sql("duckdb")) < 15_000


ALPHABET = st.sampled_from(
    [
        *"$@()'.,+-*/%=<>:| \n;\"",
        "$a",
        "@SUM(",
        "NOT",
        "CASE",
        "WHEN",
        "END",
        "IN",
        "1",
        "é",
        "::int",
    ]
)


def fault_of(text: str) -> ExpressionError | None:
    try:
        parse(text)
    except ExpressionError as error:
        return error
    return None


@settings(max_examples=300, deadline=None, database=None)
@given(text=st.lists(ALPHABET, max_size=15).map("".join))
def test_any_text_is_an_expression_or_refused_within_its_bounds(text: str) -> None:
    fault = fault_of(text)

    if fault is None:
        tree = parse(text).tree
        assert all(0 <= start <= end <= len(text) for start, end in map(span, tree.walk()))
        assert canonical(tree, str)
    else:
        assert 0 <= fault.start <= fault.end <= len(text)
        assert len(fault.excerpt(text).split("\n")) == 2
