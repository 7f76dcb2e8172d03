"""Snowflake's words for aggregates: exact sums of whole numbers, NULLs as they are in DuckDB."""

from sqlglot import exp

from fig_assets.engines.snowflake.documents import at, ordered
from fig_assets.engines.snowflake.trees import WIDE, cast, filtered, literal, text
from fig_assets.engines.translate import Build, Walk, function, of_arguments, renamed

_FLOATS = frozenset({"POWER", "FSUM", "FAVG", "LOG2", "SQRT"})


def total(node: exp.Expr, walk: Walk) -> exp.Expr:
    """Translate SUM; of whole numbers it has 38 digits."""
    value = node.expressions[0] if isinstance(node, exp.Anonymous) else node.this
    if is_float(value):
        return function("SUM", walk(value))
    return cast(function("SUM", cast(walk(value), WIDE)), WIDE)


def is_float(tree: exp.Expr) -> bool:
    """Tell whether what is summed is no whole number, of the few things that are summed."""
    inner = tree.unnest()
    if isinstance(inner, exp.Anonymous):
        return inner.name in _FLOATS
    if isinstance(inner, exp.Cast):
        return bool(inner.to.this == exp.DType.DOUBLE)
    if isinstance(inner, exp.Case):
        return any(is_float(branch.args["true"]) for branch in inner.args["ifs"])
    return isinstance(inner, exp.Binary) and (is_float(inner.this) or is_float(inner.expression))


def at_extreme(*, descends: bool, skips_null: bool) -> Build:
    """Translate ARG_MIN or ARG_MAX: the value of the first row, by an order of several values."""

    def build(node: exp.Expr, walk: Walk) -> exp.Expr:
        value, row = node.expressions
        keys = [exp.Ordered(this=one, desc=descends) for one in row.expressions]
        order = exp.Order(expressions=[ordered(key, walk) for key in keys])
        kept = walk(value)
        if not skips_null:
            # What is NULL is left out of an array; a record of it is not.
            kept = function("OBJECT_CONSTRUCT_KEEP_NULL", text("v"), kept)
        listed = exp.WithinGroup(this=function("ARRAY_AGG", kept), expression=order)
        found = at(exp.Paren(this=listed), literal(0))
        return found if skips_null else at(found, text("v"))

    return build


def over(node: exp.Expr, walk: Walk) -> exp.Expr:
    """Translate an aggregate with a FILTER."""
    return filtered(walk(node.this), walk(node.expression.this))


AGGREGATE_WORDS: dict[str, Build] = {
    "SUM": total,
    "FSUM": renamed("SUM"),
    "FAVG": renamed("AVG"),
    "LIST": of_arguments(
        lambda value: function("NULLIF", function("ARRAY_AGG", value), function("ARRAY_CONSTRUCT"))
    ),
    "ARG_MIN": at_extreme(descends=False, skips_null=True),
    "ARG_MAX": at_extreme(descends=True, skips_null=True),
    "ARG_MIN_NULL": at_extreme(descends=False, skips_null=False),
    "ARG_MAX_NULL": at_extreme(descends=True, skips_null=False),
    "BOOL_OR": renamed("BOOLOR_AGG"),
    "BOOL_AND": renamed("BOOLAND_AGG"),
    "BIT_OR": renamed("BITOR_AGG"),
    **{
        name: renamed(name)
        for name in ("MIN", "MAX", "COUNT_IF", "VAR_POP", "STDDEV_POP", "REGR_SXY")
    },
}
"""Aggregates by name."""
AGGREGATE_NODES: dict[type[exp.Expr], Build] = {
    exp.Sum: total,
    exp.Filter: over,
    exp.Avg: lambda node, walk: function("AVG", walk(node.this)),
    exp.StddevSamp: lambda node, walk: function("STDDEV_SAMP", walk(node.this)),
    exp.Corr: lambda node, walk: function("CORR", walk(node.this), walk(node.expression)),
}
"""Aggregates that have a node of their own."""
