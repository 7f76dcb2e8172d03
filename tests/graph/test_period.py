"""Periods: their names, their days and their bounds."""

from datetime import date

import pytest

from fig_assets.graph.period import Reach, Window, parse_period


@pytest.mark.parametrize(
    ("name", "days", "word"),
    [
        ("daily", 1, "daily"),
        ("weekly_by_day", 7, "weekly"),
        ("monthly_by_day", 30, "monthly"),
        ("quarterly_by_day", 90, "quarterly"),
        ("yearly_by_day", 365, "yearly"),
        ("14d_by_day", 14, "14d"),
    ],
)
def test_a_period_has_days_and_a_word(name: str, days: int, word: str) -> None:
    period = parse_period(name)

    assert (period.days, period.word, period.reach) == (days, word, Reach(1 - days, 0))


@pytest.mark.parametrize("name", ["weekly", "0d_by_day", "07d_by_day", "d_by_day", "10000d_by_day"])
def test_any_other_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="use one of: daily, weekly_by_day"):
        parse_period(name)


def test_a_window_ends_with_its_day_and_a_reach_is_half_open() -> None:
    day = date(2024, 3, 14)

    assert parse_period("weekly_by_day").window(day) == Window(date(2024, 3, 8), date(2024, 3, 15))
    assert Reach(-1, -1).days(day, date(2024, 1, 1)) == (date(2024, 3, 13), date(2024, 3, 14))


def test_an_open_reach_begins_with_the_project_and_is_empty_on_its_first_day() -> None:
    start, before = date(2024, 3, 1), Reach(None, -1)

    assert before.days(date(2024, 3, 14), start) == (start, date(2024, 3, 14))
    assert before.days(start, start) == (start, start)
    assert before | Reach(-3, 0) == Reach(-3, 0) | before == Reach(None, 0)
