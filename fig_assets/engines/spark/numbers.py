"""Spark's words for numbers: the same digits, and NULL where an operation has no result."""

from sqlglot import exp

from fig_assets.engines.spark.trees import aggregates, cast, literal, loose, once, try_cast, when
from fig_assets.engines.translate import (
    Build,
    Walk,
    function,
    of_arguments,
    renamed,
    same,
    unsupported,
)

LARGEST_FLOAT = "1.7976931348623157e308"
PAST_BIGINT = 2**63
"""As a float it is no bigint, but Spark takes it, and all beyond, for the largest one."""

_TRIED = {exp.Add: "TRY_ADD", exp.Sub: "TRY_SUBTRACT", exp.Mul: "TRY_MULTIPLY", exp.Mod: "TRY_MOD"}


def attempted(node: exp.Expr, walk: Walk) -> exp.Expr:
    """Translate TRY of one operation."""
    (inner,) = node.expressions
    inner = inner.unnest()
    if type(inner) in _TRIED:
        return function(_TRIED[type(inner)], walk(inner.this), walk(inner.expression))
    if isinstance(inner, exp.Anonymous) and inner.name == "ABS":
        (value,) = inner.expressions
        return once(walk(value), _absolute)
    raise unsupported("Spark", f"TRY({inner.key.upper()})")


def _absolute(value: exp.Expr) -> exp.Expr:
    # Not ABS, which takes the smallest bigint for a positive one. A float -0.0 becomes 0.0.
    below = exp.LT(this=loose(value), expression=literal(0))
    negative = function("TRY_SUBTRACT", literal(0), value.copy())
    return when(below, negative, function("TRY_ADD", value.copy(), literal(0)))


def floor(value: exp.Expr) -> exp.Expr:
    """Return the whole number below as a float, of which Spark's own would make a bigint."""
    return once(value, lambda v: _moved(v, exp.GT, exp.Sub))


def ceil(value: exp.Expr) -> exp.Expr:
    """Return the whole number above as a float."""
    return once(value, lambda v: _moved(v, exp.LT, exp.Add))


def truncated(value: exp.Expr) -> exp.Expr:
    """Return a float without its fraction."""

    def cut(v: exp.Expr) -> exp.Expr:
        is_below = exp.LT(this=v.copy(), expression=literal(0))
        return when(is_below, _moved(v, exp.LT, exp.Add), _moved(v, exp.GT, exp.Sub))

    return once(value, cut)


def _moved(v: exp.Expr, beyond: type[exp.Binary], back: type[exp.Binary]) -> exp.Expr:
    nearest = function("RINT", v.copy())
    too_far = beyond(this=nearest, expression=loose(v.copy()))
    return when(too_far, back(this=nearest.copy(), expression=literal(1)), nearest.copy())


def rounded(value: exp.Expr, digits: exp.Expr | None = None) -> exp.Expr:
    """Return a float rounded away from zero in the middle; of its binary digits, as C does it."""
    if digits is None or digits.name == "0":
        return once(value, _nearest)
    scale = exp.Literal(this=f"1e{digits.name}", is_string=False)

    def scaled(v: exp.Expr) -> exp.Expr:
        wide = exp.Paren(this=exp.Mul(this=loose(v), expression=scale))
        found = exp.Div(this=exp.Paren(this=once(wide, _nearest)), expression=scale.copy())
        limit = exp.LTE(this=function("ABS", wide.copy()), expression=_largest())
        return when(limit, found, v.copy())

    return once(value, scaled)


def _nearest(v: exp.Expr) -> exp.Expr:
    even = function("RINT", v.copy())
    away = exp.Sub(this=loose(v.copy()), expression=even)
    half = exp.Literal(this="0.5e0", is_string=False)
    in_middle = exp.EQ(this=function("ABS", away), expression=half)
    step = exp.Mul(this=half.copy(), expression=function("SIGNUM", v.copy()))
    return when(in_middle, exp.Add(this=loose(v.copy()), expression=step), even.copy())


def is_finite(value: exp.Expr) -> exp.Expr:
    """Return whether a float is a number: to Spark NaN is larger than all others."""
    return exp.LTE(this=function("ABS", value), expression=_largest())


def _largest() -> exp.Expr:
    return exp.Literal(this=LARGEST_FLOAT, is_string=False)


def whole(tree: exp.Expr) -> exp.Expr:
    """Return a number as a bigint, NULL where it is out of range."""
    if any(True for _ in aggregates(tree)):
        return try_cast(tree, "BIGINT")

    def checked(v: exp.Expr) -> exp.Expr:
        below = exp.LT(this=loose(v.copy()), expression=literal(PAST_BIGINT))
        above = exp.GTE(this=loose(v.copy()), expression=literal(-PAST_BIGINT))
        return when(exp.and_(above, below, copy=False), try_cast(v, "BIGINT"))

    return once(tree, checked)


def extreme(name: str) -> Build:
    """Translate LEAST or GREATEST, which Spark refuses for a single value."""

    def build(*values: exp.Expr) -> exp.Expr:
        return values[0] if len(values) == 1 else function(name, *values)

    return of_arguments(build)


def difference(node: exp.Expr, walk: Walk) -> exp.Expr:
    """Translate a difference: of two days it is a number of days."""
    left, right = node.this.unnest(), node.expression.unnest()
    if _is_day(right) or (_is_day(left) and isinstance(right, exp.Column)):
        return function("DATEDIFF", walk(left), walk(right))
    return same(node, walk)


def _is_day(tree: exp.Expr) -> bool:
    return isinstance(tree, exp.Cast) and tree.to.this == exp.DType.DATE


def unsigned(node: exp.Expr, walk: Walk) -> exp.Expr:
    """Translate the cast of sixteen hexadecimal digits, written as 0x..., to 64 bits."""
    written = node.this.unnest()
    digits = function("CONV", walk(written.expression), literal(16), literal(10))
    return cast(digits, "DECIMAL(20, 0)")


def exclusive(left: exp.Expr, right: exp.Expr) -> exp.Expr:
    """Return the bits in which two numbers differ."""
    return exp.BitwiseXor(this=loose(left), expression=loose(right))


NUMBERS: dict[str, Build] = {
    "TRY": attempted,
    "ABS": renamed("ABS"),
    "FLOOR": of_arguments(floor),
    "CEIL": of_arguments(ceil),
    "TRUNC": of_arguments(truncated),
    "ROUND": of_arguments(rounded),
    "ISFINITE": of_arguments(is_finite),
    "LEAST": extreme("LEAST"),
    "GREATEST": extreme("GREATEST"),
    "NULLIF": renamed("NULLIF"),
    "BIT_COUNT": renamed("BIT_COUNT"),
    "XOR": of_arguments(exclusive),
    "POW": renamed("POWER"),
    **{
        name: renamed(name)
        for name in ("POWER", "LN", "LOG2", "EXP", "SQRT", "SIN", "COS", "ASIN", "RADIANS")
    },
}
"""Functions of numbers."""
