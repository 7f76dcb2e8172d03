"""Snowflake's words for numbers: whole ones exactly, and NULL where an operation has no result."""

from sqlglot import exp

from fig_assets.engines.snowflake.trees import (
    ENGINE,
    HIGHEST,
    WIDE,
    cast,
    literal,
    loose,
    once,
    text,
    when,
)
from fig_assets.engines.translate import (
    Build,
    Walk,
    function,
    of_arguments,
    renamed,
    unsupported,
)

LARGEST_FLOAT = "1.7976931348623157e308"
_HEX = "0123456789abcdef"
_OPERATIONS = (exp.Add, exp.Sub, exp.Mul)


def in_range(value: exp.Expr) -> exp.Expr:
    """Return a number, NULL where it is no bigint; one of 38 digits holds every step before."""
    inside = exp.and_(
        exp.GTE(this=loose(value.copy()), expression=literal(-HIGHEST - 1)),
        # Not up to the highest: a float has no such value, and the next one is beyond.
        exp.LT(this=loose(value.copy()), expression=literal(HIGHEST + 1)),
        copy=False,
    )
    return when(inside, value.copy())


def attempted(node: exp.Expr, walk: Walk) -> exp.Expr:
    """Translate TRY of one operation on whole numbers."""
    (inner,) = node.expressions
    inner = inner.unnest()
    if isinstance(inner, exp.Mod):
        return modulo(inner, walk)
    if isinstance(inner, _OPERATIONS):
        sides = [loose(cast(walk(one), WIDE)) for one in (inner.this, inner.expression)]
        found: exp.Expr = type(inner)(this=sides[0], expression=sides[1])
    elif isinstance(inner, exp.Anonymous) and inner.name == "ABS":
        # Of a float this is the very value of a bigint that has no positive one.
        return function("NULLIF", function("ABS", walk(inner.expressions[0])), literal(HIGHEST + 1))
    else:
        raise unsupported(ENGINE, f"TRY({inner.key.upper()})")
    return once(found, in_range)


def modulo(node: exp.Expr, walk: Walk) -> exp.Expr:
    """Translate a remainder, NULL of a division by zero."""
    below = function("NULLIF", walk(node.expression), literal(0))
    return function("MOD", walk(node.this), below)


def quotient(node: exp.Expr, walk: Walk) -> exp.Expr:
    """Translate a division: of floats, and NULL by zero."""
    below = function("NULLIF", cast(walk(node.expression), "DOUBLE"), literal(0))
    return exp.Div(this=cast(walk(node.this), "DOUBLE"), expression=below)


def whole_quotient(node: exp.Expr, walk: Walk) -> exp.Expr:
    """Translate a division of whole numbers, rounded towards zero."""
    above, below = loose(walk(node.this)), function("NULLIF", walk(node.expression), literal(0))
    rest = function("MOD", above.copy(), below.copy())
    even = exp.Paren(this=exp.Sub(this=above, expression=rest))
    return cast(exp.Div(this=even, expression=below), WIDE)


def number(node: exp.Expr, _: Walk) -> exp.Expr:
    """Translate a literal: with an exponent it is a float."""
    is_float = not node.args["is_string"] and "e" in str(node.this).lower()
    return cast(node.copy(), "DOUBLE") if is_float else node.copy()


def is_finite(value: exp.Expr) -> exp.Expr:
    """Return whether a float is a number: to Snowflake NaN is larger than all others."""
    largest = cast(exp.Literal(this=LARGEST_FLOAT, is_string=False), "DOUBLE")
    return exp.LTE(this=function("ABS", value), expression=largest)


def unsigned(node: exp.Expr, walk: Walk) -> exp.Expr:
    """Translate the cast of sixteen hexadecimal digits, written as 0x..., to 64 bits."""
    written = node.this.unnest()
    if not isinstance(written, exp.DPipe):
        raise unsupported(ENGINE, "a cast to UBIGINT")
    digits = walk(written.expression)
    total: exp.Expr | None = None
    for place in range(16):
        one = function("SUBSTR", digits.copy(), literal(place + 1), literal(1))
        value = exp.Sub(this=function("POSITION", one, text(_HEX)), expression=literal(1))
        weighed = exp.Mul(this=exp.Paren(this=value), expression=literal(16 ** (15 - place)))
        total = weighed if total is None else exp.Add(this=total, expression=weighed)
    return cast(exp.Paren(this=total), WIDE)


def bits(name: str) -> Build:
    """Translate an operation on the bits of two numbers."""
    return lambda node, walk: function(name, walk(node.this), walk(node.expression))


def logarithm(value: exp.Expr) -> exp.Expr:
    """Return the logarithm to the base 2."""
    return function("LOG", literal(2), value)


NUMBERS: dict[str, Build] = {
    "TRY": attempted,
    "ISFINITE": of_arguments(is_finite),
    "LOG2": of_arguments(logarithm),
    "XOR": renamed("BITXOR"),
    "POW": renamed("POWER"),
    "LEAST": renamed("LEAST_IGNORE_NULLS"),
    "GREATEST": renamed("GREATEST_IGNORE_NULLS"),
    **{
        name: renamed(name)
        for name in (
            *("ABS", "FLOOR", "CEIL", "TRUNC", "ROUND", "NULLIF", "POWER", "LN", "EXP", "SQRT"),
            *("SIN", "COS", "ASIN", "RADIANS"),
        )
    },
}
"""Functions of numbers."""
NUMBER_NODES: dict[type[exp.Expr], Build] = {
    exp.Literal: number,
    exp.Div: quotient,
    exp.IntDiv: whole_quotient,
    exp.Mod: modulo,
    exp.BitwiseAnd: bits("BITAND"),
    exp.BitwiseOr: bits("BITOR"),
    exp.Abs: lambda node, walk: function("ABS", walk(node.this)),
}
"""Operators of numbers."""
