from datetime import datetime

import pytest

from fig_assets.moments import moment_of


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2024-03-15", "2024-03-15T00:00:00"),
        ("2024-03-15 10:30", "2024-03-15T10:30:00"),
        ("2024-03-15T10:30:00.1234567Z", "2024-03-15T10:30:00.123456"),
        ("2024-03-15T00:30:00+01:00", "2024-03-14T23:30:00"),
        ("2024-03-15T23:30:00-0100", "2024-03-16T00:30:00"),
        ("2024-02-29", "2024-02-29T00:00:00"),
    ],
)
def test_a_moment_is_read_as_utc(text: str, moment: str) -> None:
    assert moment_of(text) == datetime.fromisoformat(moment)


@pytest.mark.parametrize(
    "text",
    [
        *("", "now", "2023-02-29", "2024-03-15T24:00", "2024-03-15T10:30:60Z", "0000-01-01"),
        *("0001-01-01T00:00+00:01", "9999-12-31T23:59-00:01", "2024-03-15T10:30+24:00"),
        *("2024-03-15T10:30+01:60", "2024-3-15", "2024-03-15Z", "\u0662024-03-15"),
    ],
)
def test_what_is_no_moment_is_none(text: str) -> None:
    assert moment_of(text) is None
