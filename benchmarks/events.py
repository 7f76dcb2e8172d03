"""Seeded sign-in events, a table for each day: columns `(day, event_time, event_id, ...fields)`.

Busy entities have many events and most have few: the place of an entity goes by the square of a
uniform number. An entity has values of its own, and some that it shares with all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

START = date(2024, 1, 1)
DAY_US = 86_400_000_000
OWN_ADDRESSES, SHARED_ADDRESSES = 40, 100_000
OWN_USERS, USERS = 300, 20_000


@dataclass(frozen=True)
class Traffic:
    """How many events a day, of how many entities, over how many days from `START` on."""

    events_per_day: int
    entities: int
    days: int
    seed: int = 7

    @property
    def dates(self) -> tuple[date, ...]:
        """Every day, in order."""
        return tuple(START + timedelta(days=n) for n in range(self.days))

    def day(self, day: date) -> pa.Table:
        """Make the events of one day, ordered by time and id; the same whatever the other days."""
        place = (day - START).days
        chance = np.random.default_rng([self.seed, place])
        count = self.events_per_day
        entity = _skewed(chance, self.entities, count)
        times = np.sort(chance.integers(0, DAY_US, count)) + place * DAY_US
        times += (START - date(1970, 1, 1)).days * DAY_US
        shared = chance.random(count) < 0.2
        address = entity * OWN_ADDRESSES + _skewed(chance, OWN_ADDRESSES, count)
        address[shared] = -1 - _skewed(chance, SHARED_ADDRESSES, int(shared.sum()))
        user = (entity * 7919 + _skewed(chance, OWN_USERS, count)) % USERS
        numbers = np.arange(count) + place * count
        return pa.table(
            {
                "day": pa.array(
                    np.full(count, place + (START - date(1970, 1, 1)).days, np.int32)
                ).cast(pa.date32()),
                "event_time": pa.array(times).cast(pa.timestamp("us")),
                "event_id": _text("event-", numbers),
                "source_file": pa.array([f"{day}.jsonl"]).take(pa.array(np.zeros(count, np.int8))),
                "source_line": pa.array(np.arange(1, count + 1)),
                "number": pa.array(entity),
                "address": _text("address-", address),
                "user": _text("user-", user),
                "bytes": pa.array(chance.integers(0, 1_000_000, count)),
                "seconds": pa.array(np.round(chance.exponential(3.0, count), 3)),
                "is_failure": pa.array(chance.random(count) < 0.1),
            }
        )


def _skewed(chance: np.random.Generator, choices: int, count: int) -> np.ndarray:
    return (choices * chance.random(count) ** 2).astype(np.int64)


def _text(prefix: str, numbers: np.ndarray | Sequence[int]) -> pa.Array:
    distinct = pc.dictionary_encode(pa.array(numbers))
    words = pc.binary_join_element_wise(prefix, distinct.dictionary.cast(pa.string()), "")
    return words.take(distinct.indices)
