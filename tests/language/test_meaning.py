"""Canonical text: one for a meaning, whatever the spelling."""

import pytest
from sqlglot import exp

from fig_assets.language.grammar import parse
from fig_assets.language.meaning import canonical


def test_a_reference_is_what_it_resolves_to() -> None:
    tree = parse("$a + $a@2").tree

    found = canonical(tree, lambda ref: f"login.{ref.name}@{ref.version or 1}")

    assert found == "(add $login.a@1 $login.a@2)"


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("007", "7"),
        ("1e2", "100.0"),
        ("'it''s \"é\"'", '"it\'s \\"é\\""'),
        ("TRUE", "true"),
        ("null", "null"),
        ("$a and ($b and $c)", "(and $a $b $c)"),
    ],
    ids=lambda part: part,
)
def test_spelling_leaves_no_trace(text: str, meaning: str) -> None:
    assert canonical(parse(text).tree, str) == meaning


def test_a_node_that_no_expression_has_is_refused() -> None:
    with pytest.raises(TypeError, match="Select is no node of an expression"):
        canonical(exp.select("1"), str)
