"""Nodes and errors: excerpts, references, and which calls aggregate."""

from fig_assets.language.grammar import parse
from fig_assets.language.tree import (
    ExpressionError,
    Reference,
    aggregate_nodes,
    blame,
    function_name,
    is_aggregate,
    reference_of,
)


def test_an_excerpt_of_a_long_line_shows_what_is_around_the_fault() -> None:
    text = "x" * 100 + "$bad" + "y" * 100

    line, carets = ExpressionError("wrong", 100, 104).excerpt(text).splitlines()

    assert len(line) == 72
    assert line[carets.index("^") : carets.rindex("^") + 1] == "$bad"


def test_an_excerpt_shows_the_line_of_the_fault_alone() -> None:
    assert ExpressionError("wrong", 4, 6).excerpt("$a\n+ $b\n+ 1") == "+ $b\n ^^"


def test_a_reference_keeps_its_version_and_place() -> None:
    reference = reference_of(parse("1 + $rate@2").tree.expression)

    assert reference == Reference("rate", 2, 4, 11)
    assert str(reference) == "rate@2"


def test_blame_points_at_the_node() -> None:
    error = blame(parse("1 + $rate").tree.expression, "no number", "convert it")

    assert (error.message, error.start, error.end, error.fix) == ("no number", 4, 9, "convert it")


def test_aggregates_are_found_with_their_filters_and_not_within_each_other() -> None:
    tree = parse("@SUM($a) FILTER (WHERE $b) / @COUNT(*) + @ABS(1)").tree

    assert [function_name(node) or "FILTER" for node in aggregate_nodes(tree)] == [
        "FILTER",
        "COUNT",
    ]
    assert not is_aggregate(parse("@ABS($a)").tree)
