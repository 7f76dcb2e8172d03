"""Syntax: what binds tighter, and which nodes a spelling becomes."""

import pytest

from fig_assets.language.grammar import parse
from fig_assets.language.meaning import canonical
from fig_assets.language.tree import span


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("$a OR $b AND NOT $c = 1", "(or $a (and $b (not (eq $c 1))))"),
        ("$a + $b * $c - 1", "(sub (add $a (mul $b $c)) 1)"),
        ("-$a::bigint", "(neg (cast bigint $a))"),
        ("$a / $b % 2", "(@MOD (@DIVIDE $a $b) 2)"),
        ("$a || $b = 'x'", '(eq (@CONCAT $a $b) "x")'),
        ("$a BETWEEN 1 AND 2 AND $b", "(and (between $a 1 2) $b)"),
        ("NOT $a IN (1, 2)", "(not (in $a 1 2))"),
        ("$a IS NOT NULL", "(not (is $a null))"),
        ("$a IS NOT DISTINCT FROM $b + 1", "(same $a (add $b 1))"),
        ("$a is distinct from NULL", "(not (same $a null))"),
        ("$a ILIKE 'x' || $b", '(ilike $a (@CONCAT "x" $b))'),
        ("NOT $a LIKE $b ESCAPE '!' AND $c", '(and (not (escape (like $a $b) "!")) $c)'),
        ("$a NOT ILIKE 'b' ESCAPE '^'", '(not (escape (ilike $a "b") "^"))'),
        ("@COUNT(*) FILTER (WHERE $a)", "(filter (@COUNT *) $a)"),
        ("CASE $a WHEN 1 THEN 'x' ELSE 'y' END", '(switch $a (when 1 "x") "y")'),
    ],
    ids=lambda part: part,
)
def test_operators_bind_as_in_sql(text: str, meaning: str) -> None:
    assert canonical(parse(text).tree, str) == meaning


def test_every_node_knows_its_place() -> None:
    text = "1 + @ABS( $a )"
    tree = parse(text).tree

    assert text[slice(*span(tree.expression))] == "@ABS( $a )"
    assert text[slice(*span(tree.expression.expressions[0]))] == "$a"
