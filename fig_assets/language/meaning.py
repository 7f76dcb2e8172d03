"""Syntax tree -> text of its meaning, the same however it was spelt."""

import json
from collections.abc import Callable, Iterator

from sqlglot import exp

from fig_assets.language.tree import Reference, reference_of


def canonical(tree: exp.Expr, resolve: Callable[[Reference], str]) -> str:
    """Return the meaning of `tree` as stable text: an S-expression over its closed set of nodes.

    Spaces, the case of functions and keywords, redundant parentheses and the spelling of literals
    leave no trace. `resolve` says what a reference means.

    Raises:
        TypeError: a node is not one that `parse` builds.

    >>> canonical(exp.Add(this=exp.column("a", quoted=True), expression=exp.Literal.number(1)), str)
    '(add $a 1)'
    """
    match tree:
        case exp.Column():
            return f"${resolve(reference_of(tree))}"
        case exp.Literal() if tree.is_string:
            return json.dumps(tree.name, ensure_ascii=False)
        case exp.Literal():
            digits = tree.name.lstrip("-")
            return str(int(tree.name)) if digits.isdigit() else repr(float(tree.name))
        case exp.Boolean():
            return "true" if tree.this else "false"
        case exp.Null():
            return "null"
        case exp.Star():
            return "*"
        case _:
            head, children = _parts(tree)
            return " ".join([f"({head}", *(canonical(child, resolve) for child in children)]) + ")"


def _parts(tree: exp.Expr) -> tuple[str, list[exp.Expr]]:
    match tree:
        case exp.Anonymous():
            return f"@{tree.name}", tree.expressions
        case exp.Filter():
            return "filter", [tree.this, tree.expression.this]
        case exp.And() | exp.Or():
            return tree.key, list(_terms(tree, type(tree)))
        case exp.Cast():
            return f"cast {tree.meta['type']}", [tree.this]
        case exp.In():
            return "in", [tree.this, *tree.expressions]
        case exp.Between():
            return "between", [tree.this, tree.args["low"], tree.args["high"]]
        case exp.Case():
            head = "case" if tree.this is None else "switch"
            return head, list(tree.iter_expressions())
        case exp.If():
            return "when", [tree.this, tree.args["true"]]
        case exp.Is() | exp.Like() | exp.ILike() | exp.Escape() | exp.Not() | exp.Neg():
            return tree.key, list(tree.iter_expressions())
        case exp.Add() | exp.Sub() | exp.Mul() | exp.EQ() | exp.NEQ():
            return tree.key, [tree.this, tree.expression]
        case exp.NullSafeEQ():
            return "same", [tree.this, tree.expression]
        case exp.LT() | exp.LTE() | exp.GT() | exp.GTE():
            return tree.key, [tree.this, tree.expression]
        case _:
            raise TypeError(f"{type(tree).__name__} is no node of an expression")


def _terms(tree: exp.Expr, kind: type[exp.Expr]) -> Iterator[exp.Expr]:
    if isinstance(tree, kind):
        yield from _terms(tree.this, kind)
        yield from _terms(tree.expression, kind)
    else:
        yield tree
