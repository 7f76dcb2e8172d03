"""The days whose windows one statement computes -> its keys, and the rows of each window."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import pyarrow as pa
from sqlglot import exp

from fig_assets.engines.base import DAY
from fig_assets.graph.period import Period, Window
from fig_assets.language.duck import call, cast, number
from fig_assets.sql.expressions import column, day_literal, named, on_days, scan, select


@dataclass(frozen=True)
class Span:
    """The windows of a period that end with one of `days`; `start` is the project's first day.

    The rows of one window are told apart by the entity alone, those of many by day and entity.
    """

    period: Period
    days: Window
    start: date

    @property
    def is_one(self) -> bool:
        """Whether there is one window for each entity."""
        return self.days.start + timedelta(days=1) == self.days.end

    @property
    def last(self) -> date:
        """The last day a window ends with."""
        return self.days.end - timedelta(days=1)

    @property
    def seen(self) -> Window:
        """Every day that lies in one of the windows, as far as the project reaches back."""
        first = self.period.window(self.days.start).start
        return Window(max(first, self.start), self.days.end)

    @property
    def day(self) -> exp.Expr:
        """The day that a row's window ends with."""
        return day_literal(self.last) if self.is_one else column(DAY)

    def keys(self, entity: str) -> list[str]:
        """Name the columns that tell the rows apart."""
        return [entity] if self.is_one else [DAY, entity]

    def rows(self, relation: str, columns: Mapping[str, pa.DataType], alias: str) -> exp.Select:
        """Select the columns of a daily relation once for each window that its day lies in.

        `columns` begins with `day`, which becomes the day that the window ends with.
        """
        if self.is_one:
            query = self.read(relation, columns, alias)
            query.set("expressions", [column(name) for name in columns if name != DAY])
            return query
        query = self.in_windows(columns, scan(relation, dict(columns), self.seen, alias))
        return query.where(on_days(self.seen), copy=False)

    def read(self, relation: str, columns: Mapping[str, pa.DataType], alias: str) -> exp.Select:
        """Select the columns of a daily relation once, on all days that lie in a window."""
        source = scan(relation, dict(columns), self.seen, alias)
        return select([*map(column, columns)], source).where(on_days(self.seen), copy=False)

    def in_windows(self, columns: Iterable[str], source: str | exp.Expr) -> exp.Select:
        """Select what `read` gives once for each window that its day lies in, as `rows`."""
        names = [name for name in columns if name != DAY]
        return select([*self._ends(), *map(column, names)], source)

    def _ends(self) -> list[exp.Expr]:
        if self.period.days == 1:
            return [column(DAY)]
        first = exp.Sub(this=day_literal(self.days.start), expression=column(DAY))
        last = exp.Sub(this=day_literal(self.last), expression=column(DAY))
        ahead = call(
            "GENERATE_SERIES",
            call("GREATEST", first, number(0)),
            call("LEAST", last, number(self.period.days - 1)),
        )
        step = cast(call("UNNEST", ahead), "INT")
        return [named(exp.Add(this=column(DAY), expression=step), DAY)]
