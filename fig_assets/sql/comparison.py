"""Two columns of one relation -> the SELECTs that say how they differ: facts, bins, examples."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import pyarrow as pa
from sqlglot import exp

from fig_assets.engines.base import DAY
from fig_assets.graph.period import Window
from fig_assets.language.duck import count_where
from fig_assets.language.types import STRING, Type, convert
from fig_assets.sql.expressions import (
    Chain,
    column,
    named,
    on_days,
    scan,
    select,
)

Kind = Literal["number", "category", "vector"]
LEFT, RIGHT = "left_value", "right_value"
"""The two values as they are stored; of two different kinds both as text."""
LEFT_NUMBER, RIGHT_NUMBER = "left_number", "right_number"
"""The same as DOUBLE, moments as seconds since 1970; numbers only."""
QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
TENTHS = tuple(n / 10 for n in range(1, 10))
LARGEST = 1e140
"""Numbers beyond it are left out of means, deviations and correlations, which would overflow."""
MOST_CATEGORIES = 20
_NUMBERS = ("bigint", "float", "timestamp", "date")


@dataclass(frozen=True, eq=False)
class Pair:
    """Two columns of one stored relation, row by row beside each other.

    `key` are the columns that name a row within its day, `more` others that examples show.
    """

    relation: str
    stored: Mapping[str, pa.DataType]
    key: tuple[str, ...]
    left: str
    right: str
    left_type: Type
    right_type: Type
    more: tuple[str, ...] = ()

    @property
    def kind(self) -> Kind:
        """How the values are compared; two kinds are compared as text.

        Raises:
            ValueError: an embedding stands beside something else.
        """
        kinds = {_kind(self.left_type), _kind(self.right_type)}
        if len(kinds) == 1:
            return kinds.pop()
        if "vector" in kinds:
            raise ValueError("an embedding has nothing in common with a simple value")
        return "category"


def _kind(kind: Type) -> Kind:
    if kind.size is not None:
        return "vector"
    return "number" if kind.name in _NUMBERS else "category"


def select_facts(pair: Pair, days: Window, dialect: str) -> exp.Select:
    """Select one row: how many rows and values there are, how many differ, means and quantiles.

    Returns:
        `rows`, `left_values`, `right_values`, `both` (rows with two values), `differ` (values that
        are distinct, a value and NULL included); of numbers also `correlation` (Pearson, of rows
        with two values) and `left_...`, `right_...`: `mean`, `deviation`, `low`, `high`, and
        `quantiles`, a list like `QUANTILES`, interpolated.
    """
    chain = Chain()
    source = chain.add("pairs", _pairs(pair, days, dialect))
    both = exp.and_(_is_there(LEFT), _is_there(RIGHT))
    columns: list[exp.Expr] = [
        named(exp.Count(this=exp.Star()), "rows"),
        named(exp.Count(this=column(LEFT)), "left_values"),
        named(exp.Count(this=column(RIGHT)), "right_values"),
        named(count_where(both), "both"),
        named(count_where(_differs()), "differ"),
    ]
    if pair.kind == "number":
        for side, number in (("left", LEFT_NUMBER), ("right", RIGHT_NUMBER)):
            columns += _numbers(side, number)
        small = exp.and_(_is_small(LEFT_NUMBER), _is_small(RIGHT_NUMBER))
        related = exp.Corr(this=column(LEFT_NUMBER), expression=column(RIGHT_NUMBER))
        columns.append(named(_where(related, small), "correlation"))
    return chain.finish(select(columns, source))


def select_by_day(pair: Pair, days: Window, dialect: str) -> exp.Select:
    """Select a row for each day with rows: `day`, `rows`, values of both sides, `differ`, means."""
    chain = Chain()
    source = chain.add("pairs", _pairs(pair, days, dialect))
    columns: list[exp.Expr] = [
        column(DAY),
        named(exp.Count(this=exp.Star()), "rows"),
        named(exp.Count(this=column(LEFT)), "left_values"),
        named(exp.Count(this=column(RIGHT)), "right_values"),
        named(count_where(_differs()), "differ"),
    ]
    if pair.kind == "number":
        for side, number in (("left", LEFT_NUMBER), ("right", RIGHT_NUMBER)):
            mean = _where(exp.Avg(this=column(number)), _is_small(number))
            columns.append(named(mean, f"{side}_mean"))
    query = select(columns, source).group_by(column(DAY), copy=False)
    return chain.finish(query.order_by(column(DAY), copy=False))


def select_edges(pair: Pair, days: Window, dialect: str) -> exp.Select:
    """Select one row about the numbers of both sides together.

    Returns:
        `tenths`: the nine values below which a tenth, two tenths, ... of all values lie, as a
        list (the smallest value that reaches the share, so always a value that is there); `low`
        and `high`: the 1st and the 99th hundredth.
    """
    chain = Chain()
    source = chain.add("pairs", _pairs(pair, days, dialect))
    pooled = chain.add("pooled", _pooled(source, LEFT_NUMBER, RIGHT_NUMBER))
    value = column("value")
    columns = [
        named(exp.PercentileDisc(this=value.copy(), expression=_shares(TENTHS)), "tenths"),
        named(exp.PercentileDisc(this=value.copy(), expression=_number(0.01)), "low"),
        named(exp.PercentileDisc(this=value.copy(), expression=_number(0.99)), "high"),
    ]
    return chain.finish(select(columns, pooled))


def select_bins(pair: Pair, days: Window, edges: Sequence[float], dialect: str) -> exp.Select:
    """Count the numbers of each side between `edges`, which rise.

    Returns:
        A row for each bin with a value: `bin`, how many edges lie below its values (bin 0 is up
        to and with the first edge), -1 of NULL; `left_count`, `right_count`.
    """
    chain = Chain()
    source = chain.add("pairs", _pairs(pair, days, dialect))
    pooled = chain.add("pooled", _pooled(source, LEFT_NUMBER, RIGHT_NUMBER))
    above: exp.Expr = exp.Literal.number(0)
    for edge in edges:
        is_above = exp.GT(this=column("value"), expression=_number(edge))
        above = exp.Add(this=above, expression=_choose(is_above, exp.Literal.number(1)))
    place = exp.Case(
        ifs=[exp.If(this=column("value").is_(exp.null()), true=exp.Literal.number(-1))],
        default=exp.Paren(this=above),
    )
    places = chain.add("places", select([named(place, "bin"), column("side")], pooled))
    return chain.finish(_counted(places, "bin"))


def select_categories(pair: Pair, days: Window, dialect: str) -> exp.Select:
    """Count the most frequent values of both sides together, as text; NULL is a value.

    Returns:
        `value`, `left_count`, `right_count`, most frequent first, then by value; at most
        `MOST_CATEGORIES`.
    """
    chain = Chain()
    source = chain.add("pairs", _pairs(pair, days, dialect))
    pooled = chain.add("pooled", _pooled(source, LEFT, RIGHT))
    counted = chain.add("counted", _counted(pooled, "value"))
    total = exp.Add(this=column("left_count"), expression=column("right_count"))
    query = select([exp.Star()], counted).order_by(
        exp.Ordered(this=total, desc=True), _ordered("value"), copy=False
    )
    return chain.finish(query.limit(MOST_CATEGORIES, copy=False))


def select_examples(
    pair: Pair,
    days: Window,
    dialect: str,
    *,
    most: int,
    wanted: Callable[[exp.Expr, exp.Expr], exp.Expr] | None = None,
) -> exp.Select:
    """Select rows that differ: numbers by how far, then a value beside NULL, then by day and key.

    Returns:
        Columns `(day, *key, *more, left_value, right_value)`, at most `most` rows; of those that
        `wanted` keeps, which is given both values, where it is given.
    """
    chain = Chain()
    source = chain.add("pairs", _pairs(pair, days, dialect))
    shown = [DAY, *pair.key, *pair.more, LEFT, RIGHT]
    keep = wanted(column(LEFT), column(RIGHT)) if wanted else _differs()
    query = select([column(name) for name in shown], source).where(keep, copy=False)
    order: list[exp.Expr] = []
    if pair.kind == "number":
        far = exp.Abs(
            this=exp.Sub(this=column(RIGHT_NUMBER), expression=column(LEFT_NUMBER)),
        )
        order.append(exp.Ordered(this=far, desc=True, nulls_first=False))
    order += [_ordered(name) for name in (DAY, *pair.key)]
    return chain.finish(query.order_by(*order, copy=False).limit(most, copy=False))


def select_count(
    pair: Pair, days: Window, wanted: Callable[[exp.Expr, exp.Expr], exp.Expr], dialect: str
) -> exp.Select:
    """Count the rows that `wanted` keeps: one row, `rows`."""
    chain = Chain()
    source = chain.add("pairs", _pairs(pair, days, dialect))
    counted = count_where(wanted(column(LEFT), column(RIGHT)))
    return chain.finish(select([named(counted, "rows")], source))


def _pairs(pair: Pair, days: Window, dialect: str) -> exp.Select:
    left: exp.Expr = column(pair.left)
    right: exp.Expr = column(pair.right)
    if _kind(pair.left_type) != _kind(pair.right_type):
        left = convert(left, pair.left_type, STRING, dialect)
        right = convert(right, pair.right_type, STRING, dialect)
    names = (DAY, *pair.key, *pair.more)
    columns = [*map(column, names), named(left, LEFT), named(right, RIGHT)]
    if pair.kind == "number":
        columns.append(named(_as_number(pair.left, pair.left_type), LEFT_NUMBER))
        columns.append(named(_as_number(pair.right, pair.right_type), RIGHT_NUMBER))
    needed = {*names, pair.left, pair.right}
    shape = {name: kind for name, kind in pair.stored.items() if name in needed}
    return select(columns, scan(pair.relation, shape, days)).where(on_days(days), copy=False)


def _pooled(source: str, left: str, right: str) -> exp.Union:
    """Put the values of both sides below each other, with their side."""
    sides = [
        select([named(column(name), "value"), named(exp.Literal.string(side), "side")], source)
        for name, side in ((left, "left"), (right, "right"))
    ]
    return exp.union(*sides, distinct=False, copy=False)


def _counted(source: str, by: str) -> exp.Select:
    columns: list[exp.Expr] = [column(by)]
    for side in ("left", "right"):
        is_side = exp.EQ(this=column("side"), expression=exp.Literal.string(side))
        columns.append(named(count_where(is_side), f"{side}_count"))
    return select(columns, source).group_by(column(by), copy=False)


def _numbers(side: str, number: str) -> list[exp.Expr]:
    small = _is_small(number)
    return [
        named(_where(exp.Avg(this=column(number)), small), f"{side}_mean"),
        named(_where(exp.StddevSamp(this=column(number)), small.copy()), f"{side}_deviation"),
        named(exp.Min(this=column(number)), f"{side}_low"),
        named(exp.Max(this=column(number)), f"{side}_high"),
        named(
            exp.PercentileCont(this=column(number), expression=_shares(QUANTILES)),
            f"{side}_quantiles",
        ),
    ]


def _as_number(name: str, kind: Type) -> exp.Expr:
    found: exp.Expr = column(name)
    if kind.name in ("timestamp", "date"):
        found = exp.TimeToUnix(this=found)
    return exp.Cast(this=found, to=exp.DataType(this=exp.DType.DOUBLE))


def _is_small(name: str) -> exp.Expr:
    return exp.LT(this=exp.Abs(this=column(name)), expression=_number(LARGEST))


def _is_there(name: str) -> exp.Expr:
    return column(name).is_(exp.null()).not_()


def _differs() -> exp.Expr:
    return exp.NullSafeNEQ(this=column(LEFT), expression=column(RIGHT))


def _where(aggregate: exp.Expr, condition: exp.Expr) -> exp.Filter:
    return exp.Filter(this=aggregate, expression=exp.Where(this=condition))


def _choose(condition: exp.Expr, value: exp.Expr) -> exp.Case:
    return exp.Case(ifs=[exp.If(this=condition, true=value)], default=exp.Literal.number(0))


def _ordered(name: str) -> exp.Ordered:
    return exp.Ordered(this=column(name), nulls_first=True)


def _number(value: float) -> exp.Expr:
    """Write a float so that it is read as exactly this one."""
    text = exp.Literal.string(repr(float(value)))
    return exp.Cast(this=text, to=exp.DataType(this=exp.DType.DOUBLE))


def _shares(values: Sequence[float]) -> exp.Array:
    return exp.Array(expressions=[exp.Literal.number(repr(value)) for value in values])
