"""Texts that can grow, as DuckDB trees: none becomes longer than a raw line may be."""

from collections.abc import Sequence

from sqlglot import exp

from fig_assets.language.duck import call, let_all, number, operand, text, when

MAX_TEXT = 16 << 20
"""The longest text that a function makes, in bytes of UTF-8."""


def concat(arguments: Sequence[exp.Expr]) -> exp.Expr:
    """Return the texts one after the other; NULL where that is longer than `MAX_TEXT`."""
    if sum(not _is_short(argument) for argument in arguments) < 2:
        return _joined(arguments)

    def bounded(texts: list[exp.Expr]) -> exp.Expr:
        sizes = [call("STRLEN", one.copy()) for one in texts if not _is_short(one)]
        total = sizes[0]
        for size in sizes[1:]:
            total = exp.Add(this=total, expression=size)
        return when(exp.LTE(this=total, expression=number(MAX_TEXT)), _joined(texts))

    return let_all(list(arguments), bounded)


def replace(arguments: Sequence[exp.Expr]) -> exp.Expr:
    """Return a text with every `old` made `new`; NULL where that is longer than `MAX_TEXT`."""
    old, new = arguments[1:]
    literals = isinstance(old, exp.Literal) and isinstance(new, exp.Literal)
    if literals and len(new.name.encode()) <= len(old.name.encode()):
        return call("REPLACE", *arguments)
    return let_all(list(arguments), _replaced)


def _replaced(texts: list[exp.Expr]) -> exp.Expr:
    whole, old, new = texts
    replaced = call("REPLACE", *(one.copy() for one in texts))
    size, added = call("STRLEN", whole.copy()), call("STRLEN", new.copy())
    at_most = exp.Mul(this=size, expression=exp.Paren(this=_plus_one(added)))
    left = call("STRLEN", call("REPLACE", whole.copy(), old.copy(), text("")))
    taken = exp.Paren(this=exp.Sub(this=size.copy(), expression=left))
    # Where nothing is taken away, `old` may be empty.
    length = call("GREATEST", call("STRLEN", old.copy()), number(1))
    grown = exp.Mul(
        this=exp.Paren(this=exp.IntDiv(this=taken, expression=length)), expression=added.copy()
    )
    exact = exp.Add(this=left.copy(), expression=grown)
    limit = number(MAX_TEXT)
    return exp.Case(
        ifs=[
            exp.If(this=exp.LTE(this=at_most, expression=limit), true=replaced),
            exp.If(this=exp.LTE(this=exact, expression=limit.copy()), true=replaced.copy()),
        ]
    )


def _plus_one(tree: exp.Expr) -> exp.Expr:
    return exp.Add(this=tree.copy(), expression=number(1))


def _joined(texts: Sequence[exp.Expr]) -> exp.Expr:
    tree = operand(texts[0])
    for one in texts[1:]:
        tree = exp.DPipe(this=tree, expression=operand(one))
    return tree


def _is_short(tree: exp.Expr) -> bool:
    """Tell whether `tree` is a constant or the text of a number, boolean, moment or day."""
    return isinstance(tree, exp.Literal | exp.Cast)
