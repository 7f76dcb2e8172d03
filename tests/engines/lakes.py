"""Small relations for the tests of engines: who logged in, keyed by user."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import pyarrow as pa

from fig_assets.engines.base import Column, Read, Target
from fig_assets.engines.lake.lake import Lake

LOGINS = "families/logins"
DAY = date(2024, 3, 14)
NEXT = DAY + timedelta(days=1)
TYPES = {
    "day": pa.date32(),
    "user": pa.string(),
    "total": pa.int64(),
    "rate": pa.float64(),
    "seen": pa.timestamp("us"),
    "is_new": pa.bool_(),
}


def target(
    *names: str,
    whole: bool = True,
    fingerprint: str = "1",
    reads: tuple[Read, ...] = (),
    notes: Mapping[str, str] | None = None,
) -> Target:
    """Say that a write replaces the key and the columns `names` of the logins."""
    columns = [Column(n, TYPES[n], fingerprint, reads) for n in ("user", *names)]
    return Target(LOGINS, ("user",), tuple(columns), whole, notes=notes or {})


def table(users: Sequence[str | None], day: date = DAY, **columns: Sequence[object]) -> pa.Table:
    """Make rows of one day; a column without values of its own is NULL."""
    values = {"day": [day] * len(users), "user": users, **columns}
    return pa.table({name: pa.array(v, TYPES[name]) for name, v in values.items()})


def publish(
    lake: Lake, what: Target, rows: pa.Table, base: Mapping[str, int] | None = None
) -> bool:
    """Publish rows on `DAY`, seen from the stored state or from `base`; say if they changed it."""
    seen = lake.generations(what, DAY) if base is None else base
    return lake.publish(what, DAY, rows.drop(["day"]), inputs={}, base=seen).changed
