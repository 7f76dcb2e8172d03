"""Counts, sums and squares of days -> the variance of a window: quickly, or with every digit.

The squares of a window are those within its days and those between the means of the days. The
careful way gathers the means in lists, because the middle of the window is known only at its end.
The quick way needs a few running numbers and no list: deviations from the mean of the days' means,
each day once however many values it has, are added up by DuckDB's covariances, and moved to the
middle of the window. That loses digits where the days' means differ little from one another and
much from zero, the more where one day has most values; `in_doubt` tells these windows, whose
squares are then added up carefully.

Source: Chan, Golub, LeVeque (1979), "Updating formulae and a pairwise algorithm".
"""

from collections.abc import Callable

from sqlglot import exp

from fig_assets.language.duck import call, cast, number, operand, when

StateOf = Callable[[str], exp.Expr]
"""Gives a new tree of the column of a suffix."""

SPREADS = frozenset({"STDDEV", "VARIANCE"})
"""Aggregates of squares."""

DIGITS_LOST = 1e5
"""How many times the squares the numbers may be that the quick way subtracts from one another."""


def parts_of_spread(state: StateOf) -> dict[str, exp.Expr]:
    """Return the aggregates over the daily states of a window that a spread is finished from.

    The days come in the order in which they are read, so that each has one value.
    """
    mean, count = _mean(state), cast(state("count"), "DOUBLE")
    return {
        "count": cast(call("SUM", state("count")), "DOUBLE"),
        "most": call("MAX", state("count")),
        "within": call("FSUM", state("m2")),
        "days": exp.Count(this=mean),
        "middle": call("FAVG", mean.copy()),
        "away": call("STDDEV_POP", mean.copy()),
        "by_sum": call("REGR_SXY", state("sum"), mean.copy()),
        "by_count": call("REGR_SXY", count, mean.copy()),
    }


def carefully(state: StateOf) -> exp.Expr:
    """Return the squares between the days as an aggregate over the daily states of a window."""
    weight = cast(state("count"), "DOUBLE")
    mean = exp.Div(this=state("sum"), expression=weight.copy())
    total = cast(call("SUM", state("count")), "DOUBLE")
    centre = exp.Div(this=call("FSUM", state("sum")), expression=total)
    away = call("LIST_TRANSFORM", _of_days(state, mean), _square_from(centre))
    return call("LIST_DOT_PRODUCT", _of_days(state, weight), away)


def quickly(part: StateOf) -> exp.Expr:
    """Return the squares between the days from the parts of a spread."""
    together = exp.Mul(this=part("middle"), expression=part("by_count"))
    around = exp.Sub(this=part("by_sum"), expression=together)
    share = exp.Paren(this=exp.Div(this=part("by_count"), expression=part("count")))
    moved = exp.Mul(this=part("by_count"), expression=share)
    # Rounding may leave less than nothing of what is all alike.
    return call("GREATEST", exp.Sub(this=around, expression=moved), number(0.0))


def in_doubt(part: StateOf, quick: exp.Expr) -> exp.Expr:
    """Tell whether squares found quickly may have lost more digits than a float can spare."""
    far = exp.Paren(this=exp.Add(this=call("ABS", part("middle")), expression=part("away")))
    heaviest = exp.Mul(this=part("days"), expression=part("most"))
    size = exp.Mul(this=exp.Mul(this=heaviest, expression=part("away")), expression=far)
    squares = exp.Paren(this=exp.Add(this=part("within"), expression=quick))
    return exp.GT(this=size, expression=exp.Mul(this=number(DIGITS_LOST), expression=squares))


def finished_spread(function: str, part: StateOf, between: exp.Expr) -> exp.Expr:
    """Return the sample variance or deviation from the squares within days and `between` them."""
    squares = exp.Paren(this=exp.Add(this=part("within"), expression=between))
    others = exp.Paren(this=exp.Sub(this=part("count"), expression=number(1.0)))
    several = exp.GT(this=part("count"), expression=number(1.0))
    known = exp.and_(several, call("ISFINITE", part("within")), copy=False)
    variance = exp.Div(this=squares, expression=others)
    return when(known, variance if function == "VARIANCE" else call("SQRT", variance))


def merged_spread(function: str, state: StateOf) -> exp.Expr:
    """Return a spread as one aggregate over the daily states of a window."""
    parts = parts_of_spread(state)

    def part(name: str) -> exp.Expr:
        return parts[name].copy()

    quick = quickly(part)
    between = when(in_doubt(part, quick), carefully(state), quick.copy())
    return finished_spread(function, part, between)


def _mean(state: StateOf) -> exp.Expr:
    """Return a day's mean; NULL where the day has no value, or one that is too large to square."""
    mean = exp.Div(this=state("sum"), expression=cast(state("count"), "DOUBLE"))
    return when(call("ISFINITE", state("m2")), mean)


def _of_days(state: StateOf, tree: exp.Expr) -> exp.Expr:
    known = exp.Where(this=exp.GT(this=state("count"), expression=number(0)))
    return exp.Filter(this=call("LIST", tree), expression=known)


def _square_from(centre: exp.Expr) -> exp.Expr:
    away = exp.Sub(this=exp.column("mean__"), expression=operand(centre))
    square = exp.Mul(this=exp.Paren(this=away), expression=exp.Paren(this=away.copy()))
    return exp.Lambda(this=square, expressions=[exp.to_identifier("mean__")])
