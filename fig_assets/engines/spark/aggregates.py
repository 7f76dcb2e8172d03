"""Spark's words for aggregates: exact sums, floats added with care, NULLs as they are in DuckDB."""

from sqlglot import exp

from fig_assets.engines.spark.lists import least_with_nulls_last
from fig_assets.engines.spark.trees import cast, filtered, is_known, literal, loose, when
from fig_assets.engines.translate import Build, Walk, function, of_arguments, renamed

WIDE = "DECIMAL(20, 0)"
"""A sum of these has room for every sum of bigints."""

_FLOATS = frozenset({"POWER", "FSUM", "FAVG", "LOG2", "SQRT"})


def total(node: exp.Expr, walk: Walk) -> exp.Expr:
    """Translate SUM: Spark's of bigints would begin again below where it overflows."""
    value = node.expressions[0] if isinstance(node, exp.Anonymous) else node.this
    return function("SUM", walk(value) if is_float(value) else cast(walk(value), WIDE))


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


def careful_sum(value: exp.Expr) -> exp.Expr:
    """Return the sum of floats, with what rounding takes away kept beside it.

    Source: Neumaier (1974), "Rundungsfehleranalyse einiger Verfahren zur Summation endlicher
    Summen". The values are added in order, so that the sum does not depend on that of the rows.
    """
    values = function("ARRAY_SORT", _listed(value))
    start = function("NAMED_STRUCT", _name("s"), _float("0e0"), _name("c"), _float("0e0"))
    both = [exp.to_identifier("sum__"), exp.to_identifier("value__")]
    step = exp.Lambda(this=_added(exp.column("sum__"), exp.column("value__")), expressions=both)
    finish = exp.Lambda(
        this=exp.Add(this=_of("s"), expression=_of("c")), expressions=[exp.to_identifier("sum__")]
    )
    return function("AGGREGATE", values, start, step, finish)


def _added(_: exp.Expr, value: exp.Expr) -> exp.Expr:
    total = exp.Paren(this=exp.Add(this=_of("s"), expression=value.copy()))
    is_larger = exp.GTE(this=function("ABS", _of("s")), expression=function("ABS", value.copy()))
    lost_of_value = _rest(_of("s"), total, value)
    lost_of_sum = _rest(value, total, _of("s"))
    lost = exp.Case(ifs=[exp.If(this=is_larger, true=lost_of_value)], default=lost_of_sum)
    kept = exp.Add(this=_of("c"), expression=lost)
    return function("NAMED_STRUCT", _name("s"), total.copy(), _name("c"), kept)


def _rest(large: exp.Expr, total: exp.Expr, small: exp.Expr) -> exp.Expr:
    taken = exp.Paren(this=exp.Sub(this=large.copy(), expression=total.copy()))
    return exp.Add(this=taken, expression=small.copy())


def _of(part: str) -> exp.Expr:
    return exp.column(part, "sum__")


def _name(part: str) -> exp.Expr:
    return exp.Literal.string(part)


def _float(digits: str) -> exp.Expr:
    return exp.Literal(this=digits, is_string=False)


def _listed(value: exp.Expr) -> exp.Expr:
    """Return the values of the rows as a list; NULL where there is none."""
    return function("NULLIF", function("COLLECT_LIST", value), function("ARRAY"))


def careful_mean(value: exp.Expr) -> exp.Expr:
    """Return the mean of floats."""
    return exp.Div(this=careful_sum(value), expression=exp.Count(this=value.copy()))


def at_extreme(name: str, *, skips_null: bool) -> Build:
    """Translate ARG_MIN or ARG_MAX over rows of values."""

    def build(node: exp.Expr, walk: Walk) -> exp.Expr:
        value, order = node.expressions
        fields = exp.Tuple(expressions=[walk(one) for one in order.expressions])
        found = function(name, walk(value), least_with_nulls_last(fields))
        return filtered(found, is_known(loose(walk(value)))) if skips_null else found

    return build


def over(node: exp.Expr, walk: Walk) -> exp.Expr:
    """Translate an aggregate with a FILTER."""
    return filtered(walk(node.this), walk(node.expression.this))


def between(node: exp.Expr, walk: Walk) -> exp.Expr:
    """Translate PERCENTILE_CONT, of one share or a list of them."""
    return function("PERCENTILE", walk(node.this), walk(node.expression))


def reached(node: exp.Expr, walk: Walk) -> exp.Expr:
    """Translate PERCENTILE_DISC: the smallest value that reaches a share, or each of a list."""
    shares = node.expression
    value = walk(node.this)
    values, count = function("SORT_ARRAY", _listed(value)), exp.Count(this=value.copy())

    def place(share: exp.Expr) -> exp.Expr:
        part = exp.Mul(this=count.copy(), expression=_float(f"{float(share.name)}e0"))
        above = function("FLOOR", exp.Sub(this=count.copy(), expression=part))
        place = cast(exp.Sub(this=count.copy(), expression=above), "INT")
        return function("ELEMENT_AT", values.copy(), function("GREATEST", place, literal(1)))

    if not isinstance(shares, exp.Array):
        return place(shares)
    found = exp.Array(expressions=[place(share) for share in shares.expressions])
    return when(exp.GT(this=count, expression=literal(0)), found)


AGGREGATE_WORDS: dict[str, Build] = {
    "SUM": total,
    "FSUM": of_arguments(careful_sum),
    "FAVG": of_arguments(careful_mean),
    "LIST": of_arguments(_listed),
    "ARG_MIN": at_extreme("MIN_BY", skips_null=True),
    "ARG_MAX": at_extreme("MAX_BY", skips_null=True),
    "ARG_MIN_NULL": at_extreme("MIN_BY", skips_null=False),
    "ARG_MAX_NULL": at_extreme("MAX_BY", skips_null=False),
    **{
        name: renamed(name)
        for name in (
            *("MIN", "MAX", "COUNT_IF", "BOOL_OR", "BOOL_AND", "BIT_OR"),
            *("VAR_POP", "STDDEV_POP", "REGR_SXY"),
        )
    },
}
"""Aggregates by name."""

AGGREGATE_NODES: dict[type[exp.Expr], Build] = {
    exp.Sum: total,
    exp.Filter: over,
    exp.PercentileCont: between,
    exp.PercentileDisc: reached,
    exp.Avg: lambda node, walk: function("AVG", walk(node.this)),
    exp.StddevSamp: lambda node, walk: function("STDDEV_SAMP", walk(node.this)),
    exp.Corr: lambda node, walk: function("CORR", walk(node.this), walk(node.expression)),
}
"""Aggregates that have a node of their own."""
