"""ISO 8601 text -> moment, the same for tables from files and for values of users' functions."""

import re
from datetime import UTC, datetime, timedelta

_MOMENT = re.compile(
    r"(?P<day>\d{4}-\d{2}-\d{2})"
    r"(?:[T ](?P<clock>\d{2}:\d{2}(?::\d{2})?)(?:\.(?P<fraction>\d+))?"
    r"(?P<zone>Z|(?P<sign>[+-])(?P<hours>\d{2})(?::?(?P<minutes>\d{2}))?)?)?",
    re.ASCII,
)


def moment_of(text: str) -> datetime | None:
    """Return the naive UTC moment that `text` is in ISO 8601; None where it is none.

    A date alone is its midnight; without an offset UTC is meant; further digits of a second are
    cut to microseconds; years are 1 to 9999.
    """
    match = _MOMENT.fullmatch(text)
    if match is None:
        return None
    fraction = (match["fraction"] or "")[:6].ljust(6, "0")
    offset = timedelta(hours=int(match["hours"] or 0), minutes=int(match["minutes"] or 0))
    if offset >= timedelta(days=1) or int(match["minutes"] or 0) > 59:
        return None
    try:
        local = datetime.fromisoformat(f"{match['day']}T{match['clock'] or '00:00'}")
        moment = local.replace(microsecond=int(fraction), tzinfo=UTC)
        moment = moment + offset if match["sign"] == "-" else moment - offset
    except (ValueError, OverflowError):
        return None
    return moment.replace(tzinfo=None)
