"""Addresses of the made-up world: homes, phones, offices, VPN exits and rented machines."""

from dataclasses import dataclass

import numpy as np

from fig_assets.sample.batch import Ints, scatter, zipf
from fig_assets.sample.batch import pick as draw
from fig_assets.sample.places import CITIES, CITY_SHARES, Networks

_RESERVED = frozenset((10, 100, 127, 169, 172, 192, 198, 203))
_POOLS = ("home", "elsewhere", "mobile", "office", "vpn", "hosting")


@dataclass(frozen=True, eq=False)
class Pool:
    """Addresses of one kind, `start <= position < stop`, ordered by their city.

    `city_start` has one element more than there are cities: those of city c are at positions
    `city_start[c] <= position < city_start[c + 1]`. Each city has at least one, except in the
    pools of offices, VPN exits and hosting, which are not looked up by city.
    """

    start: int
    stop: int
    city_start: Ints

    def __len__(self) -> int:
        return self.stop - self.start

    def within(self, city: Ints, key: Ints) -> Ints:
        """Return an address in each `city`, always the same for the same `key`."""
        first = self.city_start[city]
        return np.asarray(first + key % (self.city_start[city + 1] - first), dtype=np.int64)


@dataclass(frozen=True, eq=False)
class Addresses:
    """All addresses; `network` and `city` are positions in the lists of those.

    `dice` holds four numbers from 0 to 999 for each: they decide what is known about it.
    """

    text: tuple[str, ...]
    network: Ints
    city: Ints
    dice: Ints
    pools: dict[str, Pool]

    def __len__(self) -> int:
        return len(self.text)


def make_addresses(
    rng: np.random.Generator,
    networks: Networks,
    *,
    homes: Ints,
    offices: Ints,
    events_per_day: int,
) -> Addresses:
    """Make every address of the world.

    Args:
        rng: The dice.
        networks: Who the addresses belong to.
        homes: The cities of the homes, in ascending order.
        offices: The cities of the offices, in the order of the organisations.
        events_per_day: How busy the world is: shared pools grow with it.
    """
    everywhere = np.arange(len(CITIES))
    size = {"elsewhere": 0.3, "mobile": 0.1, "vpn": 0.02, "hosting": 0.04}
    cities = {"home": homes, "office": offices}
    for kind, share in size.items():
        some = draw(rng, CITY_SHARES, max(20, int(share * events_per_day)))
        cities[kind] = np.sort(np.concatenate([everywhere, some]))
    picked = [_networks_for(rng, networks, kind, cities[kind]) for kind in _POOLS]
    starts = np.cumsum([0, *(len(cities[kind]) for kind in _POOLS)])
    pools = {
        kind: Pool(
            int(start), int(stop), start + np.searchsorted(cities[kind], np.arange(len(CITIES) + 1))
        )
        for kind, start, stop in zip(_POOLS, starts[:-1], starts[1:], strict=True)
    }
    network = np.concatenate(picked)
    city = np.concatenate([cities[kind] for kind in _POOLS])
    return Addresses(
        text=_texts(rng, network, networks),
        network=network,
        city=city,
        dice=rng.integers(0, 1000, (len(network), 4)),
        pools=pools,
    )


def _networks_for(rng: np.random.Generator, networks: Networks, kind: str, cities: Ints) -> Ints:
    """Give each address of a pool its network: a local provider, or any of the right type."""
    if kind in ("home", "elsewhere", "mobile"):
        kind_of_network = "mobile" if kind == "mobile" else "isp"
        local = np.stack([networks.of(kind_of_network, city) for city in range(len(CITIES))])
        return np.asarray(local[cities, draw(rng, zipf(local.shape[1]), len(cities))])
    if kind == "office":
        corporate, isps = networks.of("corporate"), networks.of("isp")
        owned = rng.random(len(cities)) < 0.6
        return np.where(
            owned, rng.choice(corporate, len(cities)), isps[scatter(cities) % len(isps)]
        )
    members = networks.of(kind)
    return np.asarray(members[draw(rng, zipf(len(members)), len(cities))])


def _texts(rng: np.random.Generator, network: Ints, networks: Networks) -> tuple[str, ...]:
    """Write the addresses: each network has some /16 of its own, providers use IPv6 as well."""
    firsts = [first for first in range(2, 223) if first not in _RESERVED]
    prefixes = rng.permutation(len(firsts) * 256)[: 4 * len(networks.number)].reshape(-1, 4)
    prefix = prefixes[network, rng.integers(0, 4, len(network))]
    host = rng.integers(0, 65_536, len(network))
    modern = (networks.type[network] <= 1) & (rng.random(len(network)) < 0.15)
    low = rng.integers(0, 2**63, len(network))
    return tuple(
        f"2a{net % 256:02x}:{at & 0xFFFF:x}:{low_at >> 48 & 0xFFFF:x}:{low_at >> 32 & 0xFFFF:x}"
        f"::{low_at >> 16 & 0xFFFF:x}:{(low_at & 0xFFFF) | 1:x}"
        if six
        else f"{firsts[pre // 256]}.{pre % 256}.{at // 256}.{at % 256}"
        for net, pre, at, low_at, six in zip(
            network.tolist(),
            prefix.tolist(),
            host.tolist(),
            low.tolist(),
            modern.tolist(),
            strict=True,
        )
    )
