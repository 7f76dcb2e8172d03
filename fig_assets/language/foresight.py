"""What an expression tells before it sees data: NULL runs through it, its numbers stay small."""

from collections.abc import Iterable

from sqlglot import exp

from fig_assets.language.rows import ROW_FUNCTIONS
from fig_assets.language.tree import AGGREGATES, function_name

SAFE = 2.0**53
"""No sum, difference or product of this size is out of the range of a bigint or a float."""

_ATOMS = (exp.Column, exp.Literal, exp.Boolean, exp.Null, exp.DataType, exp.Filter)
_STRICT = (
    exp.Paren,
    exp.Neg,
    exp.Not,
    exp.Cast,
    exp.Add,
    exp.Sub,
    exp.Mul,
    exp.EQ,
    exp.NEQ,
    exp.LT,
    exp.LTE,
    exp.GT,
    exp.GTE,
)


def carries_null(node: exp.Expr) -> bool:
    """Tell whether `node` is NULL wherever any part of it is; finished aggregates are atoms."""
    name = function_name(node)
    if isinstance(node, _ATOMS) or name in AGGREGATES:
        return True
    known = name == "DIVIDE" or (name in ROW_FUNCTIONS and ROW_FUNCTIONS[name].on_null == "NULL")
    return (known or isinstance(node, _STRICT)) and all(
        carries_null(part) for part in node.iter_expressions()
    )


def is_small(node: exp.Expr) -> bool:
    """Tell whether no row can make the number that `node` gives, or one on its way, large."""
    return _bound(node) <= SAFE


def _bound(node: exp.Expr) -> float:
    """Return what no number of `node` is farther from zero than."""
    match node:
        case exp.Literal() if not node.is_string:
            return float(node.name)
        case exp.Paren() | exp.Neg():
            return _bound(node.this)
        case exp.Add() | exp.Sub():
            return _bound(node.this) + _bound(node.expression)
        case exp.Mul():
            # Zero times what may be anything says nothing of what it is made from.
            return max(1.0, _bound(node.this)) * max(1.0, _bound(node.expression))
        case exp.Case():
            values = [branch.args["true"] for branch in node.args["ifs"]]
            default = node.args.get("default")
            return _widest(values if default is None else [*values, default])
        case exp.Anonymous() if node.name == "IF":
            return _widest(node.expressions[1:])
        case exp.Anonymous() if node.name == "COALESCE":
            return _widest(node.expressions)
        case exp.Null():
            return 0.0
        case _:
            return float("inf")


def _widest(nodes: Iterable[exp.Expr]) -> float:
    return max(map(_bound, nodes))
