"""Literals that steer a function are checked when the expression is read."""

import pytest

from fig_assets.language.functions import infer
from fig_assets.language.parse import parse
from fig_assets.language.tree import ExpressionError
from tests.language.rows import type_of


@pytest.mark.parametrize(
    ("text", "message", "blamed"),
    [
        ("@ROUND($f, $i)", "@ROUND takes a literal here, not an expression", "$i"),
        ("@ROUND($f, 16)", "@ROUND takes a whole number from 0 to 15 here", "16"),
        ("@REGEXP_LIKE($s, 1)", "@REGEXP_LIKE takes a regular expression in quotes here", "1"),
        ("@REGEXP_EXTRACT($s, 'a', 10)", "a whole number from 0 to 9 here", "10"),
        ("@REGEXP_LIKE($s, '(?=a)')", "the pattern is refused", "'(?=a)'"),
        ("@REGEXP_EXTRACT($s, '(a)', 2)", "the pattern is refused", "2"),
        ("@TIMESTAMP_DIFF('fortnight', $ts, $tt)", "takes one of microsecond", "'fortnight'"),
        ("@GET($s, 1.5)", "@GET takes a key in quotes or a place counted from 0 here", "1.5"),
    ],
    ids=lambda part: part,
)
def test_a_literal_that_does_not_fit_is_blamed(text: str, message: str, blamed: str) -> None:
    with pytest.raises(ExpressionError, match=message.replace("(", r"\(")) as refusal:
        infer(parse(text).tree, type_of)

    assert text[refusal.value.start : refusal.value.end] == blamed
