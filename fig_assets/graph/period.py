"""The words for time: which days a partition looks at."""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from difflib import get_close_matches

NAMED_DAYS = {
    "daily": 1,
    "weekly_by_day": 7,
    "monthly_by_day": 30,
    "quarterly_by_day": 90,
    "yearly_by_day": 365,
}
ANY_DAYS = re.compile(r"([1-9][0-9]{0,3})d_by_day")


@dataclass(frozen=True)
class Reach:
    """The days that partition D reads: D+first to D+last, both included.

    An open reach, whose `first` is None, begins with the first day of the project.
    """

    first: int | None
    last: int

    def days(self, day: date, start: date) -> tuple[date, date]:
        """Return the half-open interval of days that partition `day` reads.

        `start` is the first day of the project; only an open reach asks for it.

        >>> Reach(-6, 0).days(date(2024, 3, 14), date(2024, 1, 1))
        (datetime.date(2024, 3, 8), datetime.date(2024, 3, 15))
        >>> Reach(None, -1).days(date(2024, 3, 14), date(2024, 1, 1))
        (datetime.date(2024, 1, 1), datetime.date(2024, 3, 14))
        """
        end = day + timedelta(days=self.last + 1)
        first = min(start, end) if self.first is None else day + timedelta(days=self.first)
        return first, end

    def __or__(self, other: "Reach") -> "Reach":
        """Return the shortest reach that covers both.

        >>> Reach(-6, 0) | Reach(-1, 1)
        Reach(first=-6, last=1)
        """
        firsts = [reach.first for reach in (self, other) if reach.first is not None]
        return Reach(min(firsts) if len(firsts) > 1 else None, max(self.last, other.last))


SAME_DAY = Reach(0, 0)
DAY_BEFORE = Reach(-1, -1)


@dataclass(frozen=True, order=True)
class Window:
    """The half-open interval of UTC days [start, end)."""

    start: date
    end: date


@dataclass(frozen=True, order=True)
class Period:
    """How many days of events one daily partition of a family looks back on.

    `weekly_by_day` means one value a day, over the 7 days that end with it (FIG, slide "Aggregate
    Features").
    """

    name: str
    days: int

    def window(self, day: date) -> Window:
        """Return the days that partition `day` aggregates, `day` itself included.

        >>> Period("weekly_by_day", 7).window(date(2024, 3, 14))
        Window(start=datetime.date(2024, 3, 8), end=datetime.date(2024, 3, 15))
        """
        return Window(day - timedelta(days=self.days - 1), day + timedelta(days=1))

    @property
    def reach(self) -> Reach:
        """The daily partitions that one partition of this period is made of."""
        return Reach(1 - self.days, 0)

    @property
    def word(self) -> str:
        """The name inside joined features: `weekly`, `monthly`, `14d`."""
        return self.name.removesuffix("_by_day")


def nearest_period(name: str) -> str:
    """Word a mend that names the period that `name` may mean; nothing where none is near."""
    stem = name.lower().removesuffix("_by_day").strip()
    days = re.fullmatch(r"([1-9][0-9]{0,3}) ?(d|days?)?", stem)
    if days:
        return f'write "{days[1]}d_by_day"'
    known = {known.removesuffix("_by_day"): known for known in NAMED_DAYS}
    words = {"day": "daily", "week": "weekly", "month": "monthly", "year": "yearly"}
    close = get_close_matches(words.get(stem, stem), known, 1)
    return f'write "{known[close[0]]}"' if close else ""


def parse_period(name: str) -> Period:
    """Read the name of a period.

    >>> parse_period("14d_by_day").days
    14

    Raises:
        ValueError: the name is no period; the message lists those that are.
    """
    if name in NAMED_DAYS:
        return Period(name, NAMED_DAYS[name])
    if match := ANY_DAYS.fullmatch(name):
        return Period(name, int(match.group(1)))
    raise ValueError(f"use one of: {', '.join(NAMED_DAYS)}, or <N>d_by_day such as 14d_by_day")
