"""Small pieces of Spark trees: one value used several times, own functions, filtered aggregates."""

from collections.abc import Callable, Iterator
from itertools import islice

from sqlglot import exp

from fig_assets.engines.spark.functions import PREFIX
from fig_assets.engines.translate import function
from fig_assets.errors import UnsupportedOnEngine

LARGEST = 20_000
"""Nodes of one expression: what is nested deeper is refused before it grows beyond any use."""

_SMALL = 4
_VALUE = "it__"
"""No attribute can have such a name."""


def once(tree: exp.Expr, body: Callable[[exp.Expr], exp.Expr]) -> exp.Expr:
    """Return `body` of the value of `tree`, which stands once in the text unless it is small."""
    if len(list(islice(tree.walk(), _SMALL + 1))) <= _SMALL:
        return body(tree)
    inside = body(exp.column(_VALUE))
    if calls_own(inside):
        return bounded(body(tree))
    packed = exp.Array(expressions=[tree])
    made = exp.Lambda(this=inside, expressions=[exp.to_identifier(_VALUE)])
    return function("GET", function("TRANSFORM", packed, made), literal(0))


def calls_own(tree: exp.Expr) -> bool:
    """Tell whether a tree calls a function of a Python worker, which no lambda may."""
    return any(call.name.lower().startswith(PREFIX) for call in tree.find_all(exp.Anonymous))


def bounded(tree: exp.Expr) -> exp.Expr:
    """Return `tree`.

    Raises:
        UnsupportedOnEngine: it has grown too large to be looked at by Spark.
    """
    if len(list(islice(tree.walk(), LARGEST + 1))) > LARGEST:
        raise UnsupportedOnEngine("an expression nested so deeply is too long for Spark")
    return tree


def literal(value: int) -> exp.Expr:
    """Return the whole number `value`."""
    return exp.Literal(this=str(value), is_string=False)


def when(condition: exp.Expr, value: exp.Expr, otherwise: exp.Expr | None = None) -> exp.Expr:
    """Return `CASE WHEN condition THEN value [ELSE otherwise] END`."""
    return exp.Case(ifs=[exp.If(this=condition, true=value)], default=otherwise)


def cast(tree: exp.Expr, to: str) -> exp.Expr:
    """Return `CAST(tree AS to)`; `to` is a Spark type."""
    return exp.Cast(this=tree, to=exp.DataType.build(to, dialect="spark"))


def try_cast(tree: exp.Expr, to: str) -> exp.Expr:
    """Return `TRY_CAST(tree AS to)`; `to` is a Spark type."""
    return exp.TryCast(this=tree, to=exp.DataType.build(to, dialect="spark"), safe=True)


def is_null(tree: exp.Expr) -> exp.Expr:
    """Return `tree IS NULL`."""
    return exp.Is(this=tree, expression=exp.null())


def is_known(tree: exp.Expr) -> exp.Expr:
    """Return `NOT tree IS NULL`."""
    return exp.Not(this=is_null(tree))


def loose(tree: exp.Expr) -> exp.Expr:
    """Return `tree` in parentheses where it would fall apart beside an operator."""
    falls = isinstance(tree, exp.Binary | exp.Unary | exp.In | exp.Between | exp.Is)
    return exp.Paren(this=tree) if falls and not isinstance(tree, exp.Paren) else tree


AGGREGATES = frozenset(
    {
        *("SUM", "AVG", "MAX", "MIN", "COUNT_IF", "BOOL_OR", "BOOL_AND", "BIT_OR"),
        *("COLLECT_LIST", "MIN_BY", "MAX_BY", "VAR_POP", "STDDEV_POP", "STDDEV_SAMP"),
        *("REGR_SXY", "CORR", "PERCENTILE"),
    }
)
"""Functions of Spark that read many rows, as our words are translated into them."""


def filtered(tree: exp.Expr, condition: exp.Expr) -> exp.Expr:
    """Return `tree` with each of its aggregates over the rows that meet `condition` alone."""
    for aggregate in list(aggregates(tree)):
        held = aggregate.parent
        if isinstance(held, exp.Filter):
            both = exp.and_(condition.copy(), held.expression.this, copy=False)
            held.expression.set("this", both)
            continue
        where = exp.Where(this=condition.copy())
        wrapped = exp.Filter(this=aggregate.copy(), expression=where)
        if aggregate is tree:
            return wrapped
        aggregate.replace(wrapped)
    return tree


def aggregates(tree: exp.Expr) -> Iterator[exp.Expr]:
    """Yield the aggregates of a tree."""
    for node in tree.walk():
        is_named = isinstance(node, exp.Anonymous) and node.name.upper() in AGGREGATES
        if is_named or isinstance(node, exp.Count | exp.Sum | exp.Max | exp.Min | exp.Avg):
            yield node
