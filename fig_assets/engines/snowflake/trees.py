"""Small pieces of Snowflake trees: functions, casts, conditions, and aggregates of some rows."""

from collections.abc import Callable, Iterator
from itertools import islice

from sqlglot import exp

from fig_assets.engines.translate import unsupported

ENGINE = "Snowflake"
LARGEST = 20_000
"""Nodes of one expression: what is nested deeper is refused before it grows beyond any use."""
BIGINT = "BIGINT"
WIDE = "NUMBER(38, 0)"
MOMENT = "TIMESTAMP_NTZ(6)"
HIGHEST = 2**63 - 1

AGGREGATES = frozenset(
    {
        *("SUM", "AVG", "MAX", "MIN", "COUNT_IF", "BOOLOR_AGG", "BOOLAND_AGG", "BITOR_AGG"),
        *("ARRAY_AGG", "VAR_POP", "STDDEV_POP", "STDDEV_SAMP", "REGR_SXY", "CORR"),
    }
)
"""Functions of Snowflake that read many rows, as our words are translated into them."""


def literal(value: int) -> exp.Expr:
    """Return the whole number `value`."""
    return exp.Literal(this=str(value), is_string=False)


def text(value: str) -> exp.Expr:
    """Return the string literal `value`."""
    return exp.Literal.string(value)


def cast(tree: exp.Expr, to: str) -> exp.Expr:
    """Return `CAST(tree AS to)`; `to` is a type of Snowflake's."""
    return exp.Cast(this=tree, to=exp.DataType.build(to, dialect="snowflake"))


def try_cast(tree: exp.Expr, to: str) -> exp.Expr:
    """Return `TRY_CAST(tree AS to)` of a text; Snowflake takes nothing else."""
    kind = exp.DataType.build(to, dialect="snowflake")
    return exp.TryCast(this=cast(tree, "VARCHAR"), to=kind, requires_string=True)


def when(condition: exp.Expr, value: exp.Expr, otherwise: exp.Expr | None = None) -> exp.Expr:
    """Return `CASE WHEN condition THEN value [ELSE otherwise] END`."""
    return exp.Case(ifs=[exp.If(this=condition, true=value)], default=otherwise)


def is_known(tree: exp.Expr) -> exp.Expr:
    """Return `NOT tree IS NULL`."""
    return exp.Not(this=exp.Is(this=loose(tree), expression=exp.null()))


def loose(tree: exp.Expr) -> exp.Expr:
    """Return `tree` in parentheses where it would fall apart beside an operator."""
    falls = isinstance(tree, exp.Binary | exp.Unary | exp.In | exp.Between | exp.Is | exp.Like)
    return exp.Paren(this=tree) if falls and not isinstance(tree, exp.Paren) else tree


def once(tree: exp.Expr, body: Callable[[exp.Expr], exp.Expr]) -> exp.Expr:
    """Return `body` of a value. Snowflake has no name for one: it is written out each time."""
    return bounded(body(tree))


def bounded(tree: exp.Expr) -> exp.Expr:
    """Return `tree`.

    Raises:
        UnsupportedOnEngine: it has grown too large for one statement.
    """
    if len(list(islice(tree.walk(), LARGEST + 1))) > LARGEST:
        raise unsupported(ENGINE, "an expression that is nested so deeply")
    return tree


def lambda_of(name: str, body: exp.Expr) -> exp.Expr:
    """Return the function `name -> body` of an element."""
    return exp.Lambda(this=body, expressions=[exp.to_identifier(name)])


def filtered(tree: exp.Expr, condition: exp.Expr) -> exp.Expr:
    """Return `tree` with each of its aggregates over the rows that meet `condition` alone."""
    holder = exp.Paren(this=tree)
    for aggregate in list(_aggregates(holder)):
        _narrow(aggregate, condition)
    found = holder.this
    return found if isinstance(found, exp.Expr) else tree


def _narrow(aggregate: exp.Expr, condition: exp.Expr) -> None:
    if isinstance(aggregate, exp.Anonymous):
        first = aggregate.expressions[0]
        if aggregate.name == "COUNT_IF":
            both = exp.and_(condition.copy(), first, copy=False)
            aggregate.set("expressions", [both])
            return
        rest = aggregate.expressions[1:]
        aggregate.set("expressions", [when(condition.copy(), first), *rest])
        return
    value = aggregate.this
    if isinstance(value, exp.Star):
        aggregate.set("this", when(condition.copy(), literal(1)))
    elif isinstance(value, exp.Distinct):
        value.set("expressions", [when(condition.copy(), one) for one in value.expressions])
    else:
        aggregate.set("this", when(condition.copy(), value))


def _aggregates(tree: exp.Expr) -> Iterator[exp.Expr]:
    for node in tree.walk():
        is_named = isinstance(node, exp.Anonymous) and node.name in AGGREGATES
        if is_named or isinstance(node, exp.Count | exp.Sum | exp.Max | exp.Min | exp.Avg):
            yield node
