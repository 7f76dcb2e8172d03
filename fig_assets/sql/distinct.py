"""Daily values -> exact distinct counts of many windows, each value looked up once for all.

A value counts in a window if one of its days lies in it. So the days of a value are gathered in
the bits of one number, and a window asks whether any of its own bits is set. Days that lie in every
window are told apart by none of them and share one bit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import pyarrow as pa
from sqlglot import exp

from fig_assets.engines.base import DAY, days_between
from fig_assets.language.duck import call, cast, number
from fig_assets.sql.expressions import Chain, column, day_literal, named, on_days, scan, select
from fig_assets.sql.span import Span

LONGEST = 31
"""The most windows one statement counts in: their days then fit into the 63 bits of a BIGINT."""
SEEN = "seen_on__"


@dataclass(frozen=True)
class _Bits:
    """Which bit each day has."""

    first: date
    """The first day that lies in any window: bit 0."""
    leaving: int | None
    """How many days lie in the first window and not in the last; None if no day lies in all."""
    core: date
    """The day that the first window ends with."""

    def of(self, day: date) -> int:
        """Return the bit of a day."""
        if self.leaving is None:
            return (day - self.first).days
        return min((day - self.first).days, self.leaving) + max((day - self.core).days, 0)

    def tree(self) -> exp.Expr:
        """Return the number with the bit of the column `day` set."""
        since = exp.Sub(this=column(DAY), expression=day_literal(self.first))
        place: exp.Expr = since
        if self.leaving is not None:
            entered = exp.Sub(this=column(DAY), expression=day_literal(self.core))
            place = exp.Add(
                this=call("LEAST", since, number(self.leaving)),
                expression=call("GREATEST", entered, number(0)),
            )
        # Written as a power: sqlglot has a way of its own with shifts.
        return cast(call("POW", number(2), place), "BIGINT")


def add_distinct_counts(
    chain: Chain,
    span: Span,
    relation: str,
    columns: Mapping[str, pa.DataType],
    names: tuple[str, str, str],
    title: str,
) -> str:
    """Add the selects that count the distinct values of each entity in each window of a span.

    Args:
        chain: What the selects are added to.
        span: At most `LONGEST` windows.
        relation: One row for each day, entity and value.
        columns: Its columns, `day` first.
        names: The columns of the entity and of the value, and how the result is called.
        title: How the last select is called.

    Returns:
        The last select: one row for each window and entity with any value in any window, columns
        `(day, entity, result)`.
    """
    entity, value, result = names
    bits = _bits(span)
    gathered = named(call("BIT_OR", bits.tree()), SEEN)
    source = scan(relation, dict(columns), span.seen, "daily")
    query = select([column(entity), gathered], source).where(on_days(span.seen), copy=False)
    seen = chain.add(f"{title}_seen", query.group_by(column(entity), column(value), copy=False))
    days = list(days_between(span.days.start, span.days.end))
    counts = [named(_count(_mask(bits, span, day)), _day_name(day)) for day in days]
    wide = select([column(entity), *counts], seen).group_by(column(entity), copy=False)
    wide_name = chain.add(f"{title}_wide", wide)
    step = cast(call("UNNEST", call("RANGE", number(len(days)))), "INT")
    day_ = named(exp.Add(this=day_literal(span.days.start), expression=step), DAY)
    every = exp.Array(expressions=[column(_day_name(day)) for day in days])
    found = named(call("UNNEST", every), result)
    return chain.add(title, select([day_, column(entity), found], wide_name))


def _bits(span: Span) -> _Bits:
    first, core = span.seen.start, span.days.start
    last_start = span.period.window(span.last).start
    leaving = max((last_start - first).days, 0) if last_start <= core else None
    return _Bits(first, leaving, core)


def _mask(bits: _Bits, span: Span, day: date) -> int:
    window = span.period.window(day)
    found = 0
    for seen in days_between(max(window.start, bits.first), window.end):
        found |= 1 << bits.of(seen)
    return found


def _count(mask: int) -> exp.Expr:
    found = exp.Paren(this=exp.BitwiseAnd(this=column(SEEN), expression=number(mask)))
    return cast(call("COUNT_IF", exp.NEQ(this=found, expression=number(0))), "BIGINT")


def _day_name(day: date) -> str:
    return f"on_{day:%Y_%m_%d}"
