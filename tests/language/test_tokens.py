"""Tokens: each with its place, and what no token can be."""

import pytest

from fig_assets.language.tokens import tokens_of
from fig_assets.language.tree import ExpressionError


def test_tokens_keep_their_kind_and_their_place() -> None:
    text = "@SUM($a@2) >= 1.5e3 OR 'it''s'"

    found = tokens_of(text)

    assert [token.kind for token in found] == [
        *("function", "operator", "reference", "operator", "operator", "number"),
        *("word", "string", "end"),
    ]
    assert [text[token.start : token.end] for token in found] == [token.text for token in found]


def test_words_and_operators_are_read_in_any_case() -> None:
    assert [token.word for token in tokens_of("and <> $a")] == ["AND", "<>", "", ""]


@pytest.mark.parametrize(
    ("text", "message", "start"),
    [
        ("1 -- all", "comments are not part of an expression", 2),
        ("'open", "the string has no closing quote", 0),
        ('$a = "x"', "double quotes and backticks have no meaning here", 5),
        ("1; 2", "one expression, not several statements", 1),
        ("$ + 1", "a name must follow '$'", 0),
        ("12abc", "this is no number", 0),
        ("1 ? 2", "the character '?' has no meaning here", 2),
    ],
    ids=str,
)
def test_what_is_no_token_is_refused_where_it_stands(text: str, message: str, start: int) -> None:
    with pytest.raises(ExpressionError) as refusal:
        tokens_of(text)

    assert (refusal.value.message, refusal.value.start) == (message, start)
