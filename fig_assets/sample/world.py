"""The made-up world: organisations, the people and services in them, and where they sign in."""

from base64 import b64encode
from dataclasses import dataclass

import numpy as np

from fig_assets.sample.addresses import Addresses, make_addresses
from fig_assets.sample.batch import Floats, Ints, cumulative, generator, pick, zipf
from fig_assets.sample.clients import clients_of
from fig_assets.sample.places import CITY_SHARES, Networks, make_networks

ORGS = 40
_WORLD_STREAM = 1


@dataclass(frozen=True, eq=False)
class People:
    """Persons (the first `persons` elements) and, after them, services.

    `home` is the address a person signs in from at home, and the machine a service runs on.
    """

    persons: int
    id: tuple[str, ...]
    name: tuple[str, ...]
    org: Ints
    city: Ints
    home: Ints
    desktop: Ints
    phone: Ints
    busyness: Floats
    service_busyness: Floats

    def __len__(self) -> int:
        return len(self.id)


@dataclass(frozen=True, eq=False)
class World:
    """Everything that does not change from day to day."""

    seed: int
    events_per_day: int
    networks: Networks
    addresses: Addresses
    people: People
    org_id: tuple[str, ...]
    org_domain: tuple[str, ...]
    office_start: Ints
    """The first office address of each organisation, and one element more."""


def make_world(seed: int, events_per_day: int) -> World:
    """Make the world of `seed`; it grows with `events_per_day`."""
    rng = generator(seed, _WORLD_STREAM, events_per_day)
    networks = make_networks(rng)
    persons = max(300, int(0.7 * events_per_day))
    org_city = pick(rng, CITY_SHARES, ORGS)
    office_count = 1 + rng.integers(0, 4, ORGS) // 2
    org, city = _members(rng, org_city, persons)
    addresses = make_addresses(
        rng,
        networks,
        homes=city,
        offices=np.repeat(org_city, office_count),
        events_per_day=events_per_day,
    )
    office = addresses.pools["office"].start
    return World(
        seed=seed,
        events_per_day=events_per_day,
        networks=networks,
        addresses=addresses,
        people=_people(rng, addresses, org, city),
        org_id=tuple(f"00o{code}" for code in codes(rng, ORGS, 17)),
        org_domain=tuple(f"{word}.example" for word in _DOMAINS[:ORGS]),
        office_start=office + np.concatenate([[0], np.cumsum(office_count)]),
    )


def codes(rng: np.random.Generator, size: int, length: int) -> list[str]:
    """Draw `size` random texts of `length` letters, digits, `-` and `_`."""
    text = b64encode(rng.bytes(size * length), altchars=b"-_").decode("ascii")
    return [text[at : at + length] for at in range(0, size * length, length)]


def _members(rng: np.random.Generator, org_city: Ints, persons: int) -> tuple[Ints, Ints]:
    """Draw everybody's organisation and city, ordered by city: most live where it sits."""
    org = pick(rng, zipf(ORGS, 0.9), persons)
    city = np.where(rng.random(persons) < 0.7, org_city[org], pick(rng, CITY_SHARES, persons))
    order = np.argsort(city, kind="stable")
    return org[order], city[order]


def _people(rng: np.random.Generator, addresses: Addresses, org: Ints, city: Ints) -> People:
    persons = len(org)
    services = max(12, persons // 120)
    home = addresses.pools["home"].start + np.arange(persons)
    # A provider that shares its addresses: such a home is somebody else's as well.
    shared = np.flatnonzero(rng.random(persons) < 0.08)
    home[shared] = home[np.maximum(shared - 1, 0)]
    machines = addresses.pools["hosting"]
    machine = machines.start + pick(rng, zipf(len(machines), 0.7), services)
    groups = {group: clients_of(group) for group in ("desktop", "phone", "script")}
    drawn = {
        group: positions[pick(rng, shares, persons + services)]
        for group, (positions, shares) in groups.items()
    }
    drawn["desktop"][persons:] = drawn["script"][persons:]
    service_org = rng.integers(0, ORGS, services)
    return People(
        persons=persons,
        id=tuple(f"00u{code}" for code in codes(rng, persons + services, 17)),
        name=_names(rng, persons, services),
        org=np.concatenate([org, service_org]),
        city=np.concatenate([city, addresses.city[machine]]),
        home=np.concatenate([home, machine]),
        desktop=drawn["desktop"],
        phone=drawn["phone"],
        busyness=cumulative(rng.lognormal(0.0, 0.9, persons)),
        service_busyness=cumulative(rng.permutation((np.arange(services) + 3.0) ** -0.6)),
    )


def person_name(number: int) -> str:
    """Return the name that `number` stands for, such as `maya.okafor17`."""
    first = _FIRST[number % len(_FIRST)]
    last = _LAST[number // len(_FIRST) % len(_LAST)]
    return f"{first}.{last}{number // (len(_FIRST) * len(_LAST)) % 90 + 1}"


def _names(rng: np.random.Generator, persons: int, services: int) -> tuple[str, ...]:
    numbers = rng.integers(0, 2**40, persons)
    robots = [f"svc-{word}" for word in ("sync", "backup", "etl", "monitor", "hr", "ci", "mail")]
    return (
        *(person_name(number) for number in numbers.tolist()),
        *(f"{robots[at % len(robots)]}-{at}" for at in range(services)),
    )


_FIRST = (
    "maya", "liam", "noor", "ines", "jonas", "aiko", "ravi", "sofia", "omar", "chloe", "petra",
    "diego", "anika", "yusuf", "elena", "marek", "priya", "tomas", "hanna", "kofi", "lucia", "bao",
    "nina", "sven", "amara", "pablo", "leila", "arjun", "greta", "hugo", "jun", "zofia",
)  # fmt: skip
_LAST = (
    "okafor", "schmidt", "tanaka", "silva", "novak", "garcia", "kumar", "jensen", "rossi", "dubois",
    "ivanov", "kowalski", "nguyen", "haddad", "murphy", "andersen", "costa", "fischer", "mensah",
    "park", "reyes", "larsen", "weber", "santos", "oneil", "bauer", "sato", "moreau", "khan",
    "lindgren", "vargas", "müller",
)  # fmt: skip
_DOMAINS = (
    "brightmill", "harborline", "quartzworks", "fernhill", "copperfox", "lumenix", "oakridge",
    "trelliscare", "northgrain", "vantapay", "bluecanoe", "silverpine", "cedarbank",
    "pixelforge", "tidewell", "maplegrid", "stonebay", "redkite", "clearfen", "goldleaf",
    "ironbark", "mistral", "hollyhock", "sablecrest", "windrow", "amberton", "coralpay",
    "elmstead", "foxglove", "graniteco", "heronlake", "juniperx", "kestrelhq", "larkspur",
    "moorland", "nettleco", "orchardy", "pebbleio", "quillmark", "rowanbank",
)  # fmt: skip
