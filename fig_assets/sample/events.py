"""The events of one day: attempts mixed with what else a log holds, numbered and in order."""

from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from fig_assets.sample.attacks import (
    campaigns_on,
    daily_share,
    listed_addresses,
    malicious,
    shared_addresses,
)
from fig_assets.sample.batch import KINDS, MALICIOUS_KINDS, Batch, Flags, Ints, concat, generator
from fig_assets.sample.traffic import neighbours, ordinary
from fig_assets.sample.world import World, codes

EVENT_NAMES = ("user.session.start", "user.authentication.verify", "user.session.end")
DAY_MS = 86_400_000

_EVENT_STREAM = 5
_LATE_STREAM = 6
# Monday to Sunday; the mean over a week is 1.
_WEEKDAYS = (1.18, 1.22, 1.21, 1.19, 1.08, 0.58, 0.54)
_LATE_SHARE = 0.003
_DUPLICATE_SHARE = 0.001
_END_SHARE = 0.05
_BESIDE = 0.5
"""Honest sign-ins from addresses that attacks use, for each malicious attempt."""
_VERIFY_SHARE = 0.05
_NO_SESSION_SHARE = 0.0004


@dataclass(frozen=True, eq=False)
class Events:
    """Events of one day, one element each, ordered by time.

    `event` is a position in `EVENT_NAMES`; `session` is empty where an event names none; `suspect`
    is the verdict of the reputation list.
    """

    day: date
    batch: Batch
    event: Ints
    id: list[str]
    session: list[str]
    suspect: Flags

    def __len__(self) -> int:
        return len(self.batch)


def events_of(world: World, day: date, *, late: bool = False) -> Events:
    """Draw the events of `day`: those that arrive on time, or those that arrive a day late."""
    rng = generator(world.seed, _LATE_STREAM if late else _EVENT_STREAM, day.toordinal())
    total = world.events_per_day * _WEEKDAYS[day.weekday()] / (1 + _END_SHARE)
    share = _LATE_SHARE if late else 1 - _LATE_SHARE
    campaigns = campaigns_on(world, day)
    count = round(total * share * (1 + 0.02 * rng.uniform(-1, 1)))
    bad = int(rng.binomial(count, daily_share(rng)))
    beside = round(_BESIDE * bad)
    batch = concat(
        [
            ordinary(world, rng, day, count - bad - beside),
            neighbours(world, rng, shared_addresses(rng, campaigns, day, beside)),
            malicious(world, rng, day, bad, campaigns),
        ]
    )
    listed = np.isin(batch.address, listed_addresses(campaigns, day))
    suspect = (listed & (rng.random(len(batch)) < 0.75)) | (rng.random(len(batch)) < 0.004)
    return _number(rng, day, batch, suspect)


def with_duplicates(world: World, events: Events) -> Events:
    """Add a few events that were delivered twice, the second time up to two seconds later."""
    rng = generator(world.seed, _EVENT_STREAM, events.day.toordinal(), 1)
    again = np.flatnonzero(rng.random(len(events)) < _DUPLICATE_SHARE)
    rows = np.concatenate([np.arange(len(events)), again])
    second = events.batch.take(again)
    delay = rng.choice(np.array([0, 0, 1, 900, 2000]), len(again))
    second = replace(second, time_ms=np.minimum(second.time_ms + delay, DAY_MS - 1))
    return _ordered(events, concat([events.batch, second]), rows)


def truth_csv(events: Events) -> str:
    """Return the hidden truth about `events` as CSV text with a header."""
    lines = ["external_session_id,event_id,kind,malicious"]
    kinds = [KINDS[kind] for kind in events.batch.kind.tolist()]
    lines += [
        f"{session},{event},{kind},{'true' if kind in MALICIOUS_KINDS else 'false'}"
        for session, event, kind in zip(events.session, events.id, kinds, strict=True)
    ]
    return "\n".join(lines) + "\n"


def joined(first: Events, second: Events) -> Events:
    """Return the events of both, all of one day, ordered by time."""
    both = Events(
        day=first.day,
        batch=concat([first.batch, second.batch]),
        event=np.concatenate([first.event, second.event]),
        id=first.id + second.id,
        session=first.session + second.session,
        suspect=np.concatenate([first.suspect, second.suspect]),
    )
    return _ordered(both, both.batch, np.arange(len(both)))


def _number(rng: np.random.Generator, day: date, batch: Batch, suspect: Flags) -> Events:
    """Give events their type, id and session; some sessions that began also end on the day."""
    size = len(batch)
    lasts = (rng.lognormal(1.0, 0.9, size) * 3_600_000).astype(np.int64)
    ends = (rng.random(size) < 1.3 * _END_SHARE) & (batch.time_ms + lasts < DAY_MS) & ~batch.failed
    ending = np.flatnonzero(ends)
    rows = np.concatenate([np.arange(size), ending])
    verifies = (rng.random(size) < _VERIFY_SHARE) & ~ends
    end = batch.take(ending)
    everything = Events(
        day=day,
        batch=concat([batch, replace(end, time_ms=end.time_ms + lasts[ending])]),
        event=np.concatenate([verifies.astype(np.int64), np.full(len(ending), 2)]),
        id=_uuids(rng, len(rows)),
        session=_sessions(rng, size, rows),
        suspect=suspect[rows],
    )
    return _ordered(everything, everything.batch, np.arange(len(rows)))


def _sessions(rng: np.random.Generator, size: int, rows: Ints) -> list[str]:
    """Draw the sessions of `size` attempts, a few without, and return those of `rows`."""
    drawn = [f"idx{code}" for code in codes(rng, size, 24)]
    for hole in np.flatnonzero(rng.random(size) < _NO_SESSION_SHARE).tolist():
        drawn[hole] = ""
    return [drawn[row] for row in rows.tolist()]


def _uuids(rng: np.random.Generator, size: int) -> list[str]:
    text = rng.bytes(16 * size).hex()
    return [
        f"{text[at : at + 8]}-{text[at + 8 : at + 12]}-4{text[at + 13 : at + 16]}"
        f"-{'89ab'[ord(text[at + 16]) % 4]}{text[at + 17 : at + 20]}-{text[at + 20 : at + 32]}"
        for at in range(0, 32 * size, 32)
    ]


def _ordered(events: Events, batch: Batch, rows: Ints) -> Events:
    """Return `batch`, made of `rows` of `events`, by time; equal times keep their order."""
    order = np.argsort(batch.time_ms, kind="stable")
    picked = rows[order]
    return Events(
        day=events.day,
        batch=batch.take(order),
        event=events.event[picked],
        id=[events.id[at] for at in picked.tolist()],
        session=[events.session[at] for at in picked.tolist()],
        suspect=events.suspect[picked],
    )
