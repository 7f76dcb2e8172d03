"""A tree is translated word by word; what an engine has no word for is refused."""

import pytest
from sqlglot import exp

from fig_assets.engines.base import relation, scan_of
from fig_assets.engines.translate import Words, of_arguments, renamed, translate
from fig_assets.errors import UnsupportedOnEngine
from fig_assets.language.duck import call

WORDS = Words(
    "Abacus",
    functions={"STRLEN": renamed("OCTETS"), "TWICE": of_arguments(lambda x: exp.Paren(this=x))},
    nodes={exp.DPipe: lambda node, walk: call("JOINED", walk(node.this), walk(node.expression))},
)


def test_words_are_replaced_wherever_they_stand() -> None:
    size = call(
        "STRLEN", exp.DPipe(this=exp.column("a"), expression=call("TWICE", exp.column("b")))
    )
    tree = exp.select(size.as_("n")).from_("rows").where(exp.GT(this=size.copy(), expression=size))

    found = translate(tree, WORDS).sql()

    written = "OCTETS(JOINED(a, (b)))"
    assert found == f"SELECT {written} AS n FROM rows WHERE {written} > {written}"


def test_the_tree_of_the_caller_stays_as_it_is() -> None:
    tree = exp.select(call("STRLEN", exp.column("a")))
    before = tree.copy()

    translate(tree, WORDS)

    assert tree == before


def test_a_relation_stays_one() -> None:
    tree = exp.select("a").from_(relation("events/login", {}))

    (table,) = translate(tree, WORDS).find_all(exp.Table)

    scan = scan_of(table)
    assert scan is not None
    assert scan.relation == "events/login"


@pytest.mark.parametrize(
    ("tree", "word"),
    [(call("median", exp.column("a")), "MEDIAN"), (exp.Pivot(), "PIVOT")],
    ids=["a function", "a clause"],
)
def test_an_unknown_word_is_refused_by_name(tree: exp.Expr, word: str) -> None:
    with pytest.raises(UnsupportedOnEngine, match=f"Abacus has nothing .* as {word}$"):
        translate(exp.Select(expressions=[tree]), WORDS)
