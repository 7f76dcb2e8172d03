"""Ordinary sign-ins of one day: offices, homes, phones, VPNs, services, slips and journeys."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import numpy as np

from fig_assets.sample.batch import (
    KINDS,
    UNKNOWN,
    Batch,
    Floats,
    Ints,
    concat,
    cumulative,
    generator,
    pick,
    scatter,
    zipf,
)
from fig_assets.sample.clients import clients_of
from fig_assets.sample.places import CITIES, CITY_SHARES, CITY_UTC_HOURS
from fig_assets.sample.world import World

_TRIP_STREAM = 2
_BROKEN_STREAM = 3
_HOUR_MS = 3_600_000

_WORKING = cumulative((
    1, 1, 1, 1, 1, 2, 8, 25, 60, 55, 40, 35, 25, 45, 40, 35, 30, 20, 10, 6, 4, 3, 2, 1,
))  # fmt: skip
_EVENING = cumulative((
    4, 2, 1, 1, 1, 2, 8, 18, 22, 20, 16, 14, 14, 14, 14, 14, 16, 20, 26, 30, 30, 26, 18, 9,
))  # fmt: skip
_ALWAYS = cumulative(np.ones(24))

_WEEKDAY_SHARES = (0.345, 0.275, 0.16, 0.085, 0.08, 0.035, 0.02)
_WEEKEND_SHARES = (0.07, 0.42, 0.24, 0.07, 0.14, 0.035, 0.025)

# Shares of: nothing, new, known, trusted.
_TOKEN_SHARES = {
    "office": cumulative((0.10, 0.02, 0.14, 0.74)),
    "home": cumulative((0.18, 0.06, 0.20, 0.56)),
    "mobile": cumulative((0.22, 0.06, 0.22, 0.50)),
    "vpn": cumulative((0.22, 0.06, 0.20, 0.52)),
    "service": cumulative((1.0, 0.0, 0.0, 0.0)),
    "forgotten_password": cumulative((0.30, 0.10, 0.22, 0.38)),
    "traveller": cumulative((0.24, 0.14, 0.14, 0.48)),
}
_FAILURE_SHARES = {"office": 0.03, "home": 0.05, "mobile": 0.07, "vpn": 0.06, "traveller": 0.14}


def ordinary(world: World, rng: np.random.Generator, day: date, count: int) -> Batch:
    """Draw about `count` ordinary attempts of `day`."""
    shares = _WEEKEND_SHARES if day.isoweekday() > 5 else _WEEKDAY_SHARES
    counts = rng.multinomial(count, np.array(shares) / sum(shares)).tolist()
    makers: tuple[Callable[[World, np.random.Generator, date, int], Batch], ...] = (
        _office, _home, _mobile, _vpn, _services, _forgotten, _travellers,
    )  # fmt: skip
    return concat(
        [make(world, rng, day, size) for make, size in zip(makers, counts, strict=True)],
    )


def local_times(rng: np.random.Generator, hours: Floats, city: Ints) -> Ints:
    """Draw times of day for people in `city` who keep the local `hours`; milliseconds, UTC."""
    utc = (pick(rng, hours, len(city)) - CITY_UTC_HOURS[city]) % 24
    return np.asarray(utc * _HOUR_MS + rng.integers(0, _HOUR_MS, len(city)), dtype=np.int64)


def fill(
    rng: np.random.Generator,
    kind: str,
    *,
    tokens: Floats,
    time_ms: Ints,
    actor: Ints,
    org: Ints,
    address: Ints,
    client: Ints,
    language: Ints,
    failed: Ints | Floats,
    unknown: float | Floats = 0.12,
    api_token: float = 0.002,
) -> Batch:
    """Make a batch, drawing what follows from the outcome: the reason, and names of nobody.

    `failed` holds probabilities; so do `unknown` (given a wrong password) and `api_token`.
    """
    size = len(actor)
    fails = rng.random(size) < failed
    reason = np.where(fails, 1 + pick(rng, cumulative((0.84, 0.07, 0.09)), size), 0)
    nobody = (reason == 1) & (rng.random(size) < unknown)
    return Batch(
        kind=np.full(size, KINDS.index(kind)),
        time_ms=time_ms,
        actor=np.where(nobody, UNKNOWN, actor),
        name=rng.integers(0, 2**40, size),
        org=org,
        address=address,
        client=client,
        language=language,
        token=pick(rng, tokens, size),
        reason=reason,
        failed=fails,
        api_token=~fails & (rng.random(size) < api_token),
    )


def neighbours(world: World, rng: np.random.Generator, address: Ints) -> Batch:
    """Make ordinary sign-ins from each `address`, by people who live in its city."""
    city = world.addresses.city[address]
    persons = world.people.city[: world.people.persons]
    low, high = persons.searchsorted(city), persons.searchsorted(city, side="right")
    drawn = rng.integers(0, world.people.persons, len(address))
    local = low + drawn % np.maximum(high - low, 1)
    return _of_people(world, rng, "home", np.where(high > low, local, drawn), address)


def _of_people(
    world: World,
    rng: np.random.Generator,
    kind: str,
    who: Ints,
    address: Ints,
    *,
    hours: Floats = _EVENING,
    client: Ints | None = None,
) -> Batch:
    """Make attempts of known people `who` from `address`, in their own language."""
    people = world.people
    return fill(
        rng,
        kind,
        tokens=_TOKEN_SHARES[kind],
        time_ms=local_times(rng, hours, people.city[who]),
        actor=who,
        org=people.org[who],
        address=address,
        client=_usual(rng, people.desktop[who] if client is None else client),
        language=people.city[who],
        failed=np.full(len(who), _FAILURE_SHARES.get(kind, 0.05)),
    )


def _usual(rng: np.random.Generator, client: Ints) -> Ints:
    """Let some sign in with another browser than usual, and a few with a client that is silent."""
    size = len(client)
    desktop, shares = clients_of("desktop")
    silent, silences = clients_of("silent")
    other = rng.random(size)
    changed = np.where(other < 0.07, desktop[pick(rng, shares, size)], client)
    return np.where(other > 0.99, silent[pick(rng, silences, size)], changed)


def _somebody(world: World, rng: np.random.Generator, size: int) -> Ints:
    return pick(rng, world.people.busyness, size)


def _office(world: World, rng: np.random.Generator, day: date, size: int) -> Batch:
    del day
    who = _somebody(world, rng, size)
    org = world.people.org[who]
    first, after = world.office_start[org], world.office_start[org + 1]
    return _of_people(
        world, rng, "office", who, first + scatter(who) % (after - first), hours=_WORKING
    )


def _home(world: World, rng: np.random.Generator, day: date, size: int) -> Batch:
    who = _somebody(world, rng, size)
    cafe = _elsewhere(world, world.people.city[who], who, day)
    out = rng.random(size) < 0.06
    return _of_people(world, rng, "home", who, np.where(out, cafe, world.people.home[who]))


def _elsewhere(world: World, city: Ints, who: Ints, day: date) -> Ints:
    """Return where `who` is a guest in `city`: the same place for some days."""
    days = day.toordinal() // 4
    return world.addresses.pools["elsewhere"].within(city, scatter(who, days))


def _mobile(world: World, rng: np.random.Generator, day: date, size: int) -> Batch:
    who = _somebody(world, rng, size)
    pool = world.addresses.pools["mobile"]
    address = pool.within(world.people.city[who], scatter(who, day.toordinal() // 2, 7))
    return _of_people(world, rng, "mobile", who, address, client=world.people.phone[who])


def _vpn(world: World, rng: np.random.Generator, day: date, size: int) -> Batch:
    del day
    who = _somebody(world, rng, size)
    return _of_people(world, rng, "vpn", who, vpn_exits(world, rng, size), hours=_WORKING)


def vpn_exits(world: World, rng: np.random.Generator, size: int) -> Ints:
    """Draw VPN exits; a few of them carry most of the traffic."""
    pool = world.addresses.pools["vpn"]
    rank = pick(rng, zipf(len(pool), 0.8), size)
    return np.asarray(pool.start + scatter(rank, 11) % len(pool), dtype=np.int64)


def _services(world: World, rng: np.random.Generator, day: date, size: int) -> Batch:
    """Make sign-ins of services; in some weeks the token of some has expired, and all fail."""
    people = world.people
    service = pick(rng, people.service_busyness, size)
    dice = generator(world.seed, _BROKEN_STREAM, day.toordinal() // 5)
    broken = dice.random(len(people) - people.persons) < 0.03
    who = people.persons + service
    api = np.where(broken[service], 0.0, 0.95)
    batch = fill(
        rng,
        "service",
        tokens=_TOKEN_SHARES["service"],
        time_ms=local_times(rng, _ALWAYS, people.city[who]),
        actor=who,
        org=people.org[who],
        address=people.home[who],
        client=people.desktop[who],
        language=np.full(size, len(CITIES)),
        failed=np.where(broken[service], 0.97, 0.015),
        unknown=0.0,
        api_token=1.0,
    )
    return replace(batch, api_token=~batch.failed & (rng.random(size) < api))


def _forgotten(world: World, rng: np.random.Generator, day: date, size: int) -> Batch:
    """Make runs of wrong passwords by one person within minutes, most with a happy end."""
    length = 2 + rng.integers(0, 5, max(1, size // 3))
    length = length[: int(np.searchsorted(np.cumsum(length), size))]
    at = np.repeat(np.arange(len(length)), length)
    step = np.arange(len(at)) - np.repeat(np.cumsum(length) - length, length)
    who = _somebody(world, rng, len(length))
    pool = world.addresses.pools["mobile"]
    phone = pool.within(world.people.city[who], scatter(who, day.toordinal() // 2, 7))
    on_phone = rng.random(len(who)) < 0.3
    address = np.where(on_phone, phone, world.people.home[who])
    client = np.where(on_phone, world.people.phone[who], world.people.desktop[who])
    batch = _of_people(
        world, rng, "forgotten_password", who[at], address[at], client=client[at], hours=_WORKING
    )
    begin = local_times(rng, _WORKING, world.people.city[who])
    time_ms = begin[at] + step * 25_000 + rng.integers(0, 20_000, len(at))
    solved = (step == length[at] - 1) & (rng.random(len(length)) < 0.8)[at]
    return replace(
        batch,
        time_ms=np.minimum(time_ms, 24 * _HOUR_MS - 1),
        failed=~solved,
        reason=np.where(solved, 0, np.maximum(batch.reason, 1)),
        actor=np.where(solved | (rng.random(len(at)) < 0.9), who[at], UNKNOWN),
        api_token=batch.api_token & solved,
    )


def _travellers(world: World, rng: np.random.Generator, day: date, size: int) -> Batch:
    """Make sign-ins of people who are away for the week, from guest networks and phones there."""
    dice = generator(world.seed, _TRIP_STREAM, day.toordinal() // 7)
    trips = max(10, world.people.persons // 60)
    away = dice.integers(0, world.people.persons, trips)
    to = pick(dice, CITY_SHARES, trips)
    trip = rng.integers(0, trips, size)
    roaming = world.addresses.pools["mobile"].within(to, scatter(away, 5))
    guest = _elsewhere(world, to, away, day)
    address = np.where(rng.random(size) < 0.35, roaming[trip], guest[trip])
    return _of_people(world, rng, "traveller", away[trip], address)
