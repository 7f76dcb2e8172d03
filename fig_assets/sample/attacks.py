"""Hidden attacks: campaigns that last several days and hide among ordinary traffic."""

from dataclasses import dataclass
from datetime import date

import numpy as np

from fig_assets.sample.batch import (
    Batch,
    Ints,
    concat,
    cumulative,
    generator,
    pick,
    scatter,
    zipf,
)
from fig_assets.sample.clients import CLIENTS, clients_of
from fig_assets.sample.traffic import fill, local_times
from fig_assets.sample.world import ORGS, World

SHARE = 0.031
"""The part of all attempts that is malicious, on average."""

_CAMPAIGN_STREAM = 4
_POOL_STREAM = 9
_EVERY_DAYS = 4
_HOURS = cumulative((4, 4, 4, 4, 4, 4, 5, 6, 7, 7, 7, 6, 6, 6, 6, 6, 6, 5, 5, 5, 5, 4, 4, 4))
_TOKENS = cumulative((0.80, 0.13, 0.055, 0.015))
_STOLEN_TOKENS = cumulative((0.62, 0.26, 0.09, 0.03))


@dataclass(frozen=True)
class Method:
    """How one kind of attack works.

    `sources` are the shares of guest networks, homes, phones, VPN exits and rented machines among
    its addresses; `tries` is how often it uses an address a day; `borrows` the share of addresses
    that served another campaign before; `hosts` how many hosting networks it rents at.
    """

    kind: str
    share: float
    sources: tuple[float, float, float, float, float]
    tries: float
    failure: float
    unknown: float
    borrows: float = 0.65
    hosts: int = 3


METHODS = (
    Method("credential_stuffing", 0.54, (0.53, 0.08, 0.04, 0.09, 0.26), 10, 0.97, 0.42),
    Method("password_spraying", 0.25, (0.29, 0.04, 0.04, 0.17, 0.46), 8, 0.975, 0.10),
    Method("brute_force", 0.18, (0.45, 0.06, 0.04, 0.05, 0.40), 30, 0.985, 0.03),
    Method("impossible_travel", 0.03, (0.48, 0.06, 0.06, 0.15, 0.25), 5, 0.20, 0.02, 0.9),
)


@dataclass(frozen=True, eq=False)
class Campaign:
    """One attack and what it has: addresses, each in use on some of its days, and clients.

    `first` and `last` are the days of use of each address, included, counted from the campaign's
    start; `listed` are the addresses that reputation lists learn of from the third day on.
    """

    method: Method
    start: int
    days: int
    strength: float
    address: Ints
    first: Ints
    last: Ints
    listed: Ints
    clients: Ints
    orgs: Ints
    victims: Ints

    def active(self, day: int) -> Ints:
        """Return the addresses in use on `day`, an ordinal."""
        ago = day - self.start
        return self.address[(self.first <= ago) & (ago <= self.last)]

    def weight(self, day: int) -> float:
        """Return how busy the campaign is on `day`: it feels its way first."""
        ramp = (0.1, 0.35, 0.7, 1.0)
        return self.strength * ramp[min(day - self.start, len(ramp) - 1)]


def campaigns_on(world: World, day: date) -> list[Campaign]:
    """Return the campaigns that run on `day`: of each kind one at least."""
    today = day.toordinal()
    found = []
    for kind, method in enumerate(METHODS):
        for number in range(today // _EVERY_DAYS - 3, today // _EVERY_DAYS + 1):
            campaign = _campaign(world, kind, method, number)
            if campaign.start <= today < campaign.start + campaign.days:
                found.append(campaign)
    return found


def listed_addresses(campaigns: list[Campaign], day: date) -> Ints:
    """Return the addresses that reputation lists know on `day`."""
    known = [found.listed for found in campaigns if day.toordinal() >= found.start + 2]
    return np.unique(np.concatenate([*known, np.zeros(0, dtype=np.int64)]))


def shared_addresses(
    rng: np.random.Generator, campaigns: list[Campaign], day: date, size: int
) -> Ints:
    """Draw addresses that the `campaigns` use on `day`, for the honest people behind them."""
    used = np.concatenate([found.active(day.toordinal()) for found in campaigns])
    return rng.choice(used, size)


def malicious(
    world: World,
    rng: np.random.Generator,
    day: date,
    count: int,
    campaigns: list[Campaign],
) -> Batch:
    """Draw `count` attempts of the `campaigns` of `day`."""
    weights = np.array([found.weight(day.toordinal()) for found in campaigns])
    for method in METHODS:
        same = [at for at, found in enumerate(campaigns) if found.method is method]
        weights[same] *= method.share / weights[same].sum()
    counts = rng.multinomial(count, weights / weights.sum()).tolist()
    return concat(
        [
            _attempts(world, rng, found, day, size)
            for found, size in zip(campaigns, counts, strict=True)
        ]
    )


def _campaign(world: World, kind: int, method: Method, number: int) -> Campaign:
    rng = generator(world.seed, _CAMPAIGN_STREAM, kind, number)
    days = int(rng.integers(6, 11))
    address = _pool(world, kind, number)
    size = len(address)
    first = np.maximum(rng.integers(-days, days, size), 0)
    # The first two are there on every day, so that no day is without an address.
    always = np.arange(size) < 2
    agents, shares = clients_of("desktop")
    phones, phone_shares = clients_of("phone")
    some = [*agents[pick(rng, shares, 9)], *phones[pick(rng, phone_shares, 2)]]
    return Campaign(
        method=method,
        start=number * _EVERY_DAYS + int(rng.integers(0, 3)),
        days=days,
        strength=float(rng.lognormal(0.0, 0.3)),
        address=address,
        first=np.where(always, 0, first),
        last=np.where(always, days, first + rng.integers(5, 10, size)),
        listed=address[rng.random(size) < 0.4],
        clients=np.array(some, dtype=np.int64),
        orgs=rng.choice(ORGS, 6, replace=False),
        victims=_victims(world, rng, max(3, int(_daily(world, method) / 40))),
    )


def _daily(world: World, method: Method) -> float:
    """Return about how many attempts a campaign makes a day."""
    return world.events_per_day * SHARE * method.share / 1.9


def _pool(world: World, kind: int, number: int) -> Ints:
    """Draw a campaign's addresses; many were used by the campaign before, or by another kind.

    Passwords that stuffing found are used from where they were found.
    """
    method = METHODS[kind]
    lender = (0, number) if method.kind == "impossible_travel" else (kind, number - 1)
    own, lent = _new_addresses(world, kind, number), _new_addresses(world, *lender)
    rng = generator(world.seed, _POOL_STREAM, kind, number, 1)
    borrowed = rng.choice(lent, len(own))
    return np.where(rng.random(len(own)) < method.borrows, borrowed, own)


def _new_addresses(world: World, kind: int, number: int) -> Ints:
    """Draw addresses for a campaign: all of them are in networks that honest people use too."""
    rng = generator(world.seed, _POOL_STREAM, kind, number, 0)
    method = METHODS[kind]
    size = int(max(3.0, _daily(world, method) / method.tries) * 1.4) + 2
    pools = world.addresses.pools
    machines = np.arange(pools["hosting"].start, pools["hosting"].stop)
    networks = rng.choice(world.addresses.network[machines], method.hosts)
    rented = machines[np.isin(world.addresses.network[machines], networks)]
    choices = np.stack(
        [
            rng.integers(pools["elsewhere"].start, pools["elsewhere"].stop, size),
            rng.integers(pools["home"].start, pools["home"].stop, size),
            rng.integers(pools["mobile"].start, pools["mobile"].stop, size),
            rng.integers(pools["vpn"].start, pools["vpn"].stop, size),
            rng.choice(rented, size),
        ]
    )
    return np.asarray(choices[pick(rng, cumulative(method.sources), size), np.arange(size)])


def _victims(world: World, rng: np.random.Generator, size: int) -> Ints:
    """Draw the accounts that brute force is used on, services among them."""
    persons = rng.integers(0, world.people.persons, size)
    services = rng.integers(world.people.persons, len(world.people), size)
    return np.where(rng.random(size) < 0.15, services, persons)


def _attempts(
    world: World, rng: np.random.Generator, campaign: Campaign, day: date, size: int
) -> Batch:
    method = campaign.method
    used = campaign.active(day.toordinal())
    address = used[pick(rng, zipf(len(used), 0.5), size)]
    actor = _targets(world, rng, campaign, address)
    return fill(
        rng,
        method.kind,
        tokens=_STOLEN_TOKENS if method.kind == "impossible_travel" else _TOKENS,
        time_ms=local_times(rng, _HOURS, world.addresses.city[address]),
        actor=actor,
        org=world.people.org[actor],
        address=address,
        client=_clients(rng, campaign, address),
        language=_languages(world, rng, actor, address),
        failed=np.full(size, method.failure),
        unknown=method.unknown,
        api_token=0.004,
    )


def _targets(world: World, rng: np.random.Generator, campaign: Campaign, address: Ints) -> Ints:
    """Draw whose accounts are tried: anybody's, some organisations', or a few victims'."""
    size = len(address)
    anybody = rng.integers(0, world.people.persons, size)
    match campaign.method.kind:
        case "password_spraying":
            persons = world.people.org[: world.people.persons]
            members = np.flatnonzero(np.isin(persons, campaign.orgs))
            return np.asarray(members[anybody % len(members)])
        case "brute_force":
            return np.asarray(campaign.victims[scatter(address, 3) % len(campaign.victims)])
        case "impossible_travel":
            return pick(rng, world.people.busyness, size)
        case _:
            return anybody


def _clients(rng: np.random.Generator, campaign: Campaign, address: Ints) -> Ints:
    """Draw clients: mostly the campaign's browsers, some scripts, and some that keep silent."""
    size = len(address)
    browser = campaign.clients[pick(rng, zipf(len(campaign.clients), 0.6), size)]
    scripts, shares = clients_of("script")
    other = rng.random(size)
    mixed = np.where(other < 0.08, scripts[pick(rng, shares, size)], browser)
    return np.where(other > 0.96, len(CLIENTS) - 1 - rng.integers(0, 2, size), mixed)


def _languages(world: World, rng: np.random.Generator, actor: Ints, address: Ints) -> Ints:
    """Draw languages: the victim's, the address's, plain English, or none at all."""
    size = len(address)
    choices = np.stack(
        [
            world.people.city[actor],
            world.addresses.city[address],
            np.zeros(size, dtype=np.int64),
            np.full(size, -1),
        ]
    )
    return np.asarray(choices[pick(rng, cumulative((0.3, 0.35, 0.3, 0.05)), size), np.arange(size)])


def daily_share(rng: np.random.Generator) -> float:
    """Draw the part of a day's attempts that is malicious, between 2.4% and 3.8%."""
    return min(max(SHARE * (1 + 0.12 * float(rng.standard_normal())), 0.024), 0.038)
