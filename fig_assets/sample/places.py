"""Cities and networks of the made-up world, and the registry that describes the networks."""

from dataclasses import dataclass

import numpy as np

from fig_assets.sample.batch import Ints, cumulative, pick

NETWORK_TYPES = ("isp", "mobile", "hosting", "vpn", "corporate")


@dataclass(frozen=True)
class City:
    """A place where people are; `share` is how many of them, `utc_hours` its clock."""

    name: str
    country: str
    latitude: float
    longitude: float
    utc_hours: int
    language: str
    share: float


CITIES = (
    City("New York", "US", 40.71, -74.01, -4, "en-US,en;q=0.9", 12),
    City("San Francisco", "US", 37.77, -122.42, -7, "en-US,en;q=0.9", 11),
    City("Chicago", "US", 41.88, -87.63, -5, "en-US,en;q=0.9", 8),
    City("Dallas", "US", 32.78, -96.80, -5, "en-US,en;q=0.9,es;q=0.7", 6),
    City("Ashburn", "US", 39.04, -77.49, -4, "en-US,en;q=0.5", 4),
    City("Toronto", "CA", 43.65, -79.38, -4, "en-CA,en;q=0.9,fr;q=0.6", 4),
    City("Mexico City", "MX", 19.43, -99.13, -6, "es-MX,es;q=0.9", 2),
    City("São Paulo", "BR", -23.55, -46.63, -3, "pt-BR,pt;q=0.9", 3),
    City("Bogotá", "CO", 4.71, -74.07, -5, "es-CO,es;q=0.9", 1),
    City("London", "GB", 51.51, -0.13, 1, "en-GB,en;q=0.9", 7),
    City("Manchester", "GB", 53.48, -2.24, 1, "en-GB,en;q=0.9", 2),
    City("Dublin", "IE", 53.35, -6.26, 1, "en-IE,en;q=0.9", 2),
    City("Amsterdam", "NL", 52.37, 4.90, 2, "nl-NL,nl;q=0.9,en;q=0.8", 3),
    City("Frankfurt", "DE", 50.11, 8.68, 2, "de-DE,de;q=0.9,en;q=0.7", 4),
    City("Berlin", "DE", 52.52, 13.41, 2, "de-DE,de;q=0.9,en;q=0.7", 3),
    City("Paris", "FR", 48.86, 2.35, 2, "fr-FR,fr;q=0.9", 4),
    City("Madrid", "ES", 40.42, -3.70, 2, "es-ES,es;q=0.9", 2),
    City("Milan", "IT", 45.46, 9.19, 2, "it-IT,it;q=0.9", 2),
    City("Warsaw", "PL", 52.23, 21.01, 2, "pl-PL,pl;q=0.9,en;q=0.6", 2),
    City("Stockholm", "SE", 59.33, 18.07, 2, "sv-SE,sv;q=0.9,en;q=0.8", 1),
    City("Bucharest", "RO", 44.43, 26.10, 3, "ro-RO,ro;q=0.9", 1),
    City("Kyiv", "UA", 50.45, 30.52, 3, "uk-UA,uk;q=0.9", 1),
    City("Moscow", "RU", 55.76, 37.62, 3, "ru-RU,ru;q=0.9", 1),
    City("Istanbul", "TR", 41.01, 28.98, 3, "tr-TR,tr;q=0.9", 1),
    City("Lagos", "NG", 6.52, 3.38, 1, "en-NG,en;q=0.9", 1),
    City("Johannesburg", "ZA", -26.20, 28.05, 2, "en-ZA,en;q=0.9", 1),
    City("Tel Aviv", "IL", 32.09, 34.78, 3, "he-IL,he;q=0.9,en;q=0.8", 1),
    City("Dubai", "AE", 25.20, 55.27, 4, "en-AE,en;q=0.9,ar;q=0.8", 1),
    City("Bengaluru", "IN", 12.97, 77.59, 5, "en-IN,en;q=0.9,hi;q=0.6", 7),
    City("Hyderabad", "IN", 17.39, 78.49, 5, "en-IN,en;q=0.9", 4),
    City("Singapore", "SG", 1.35, 103.82, 8, "en-SG,en;q=0.9,zh;q=0.6", 2),
    City("Jakarta", "ID", -6.21, 106.85, 7, "id-ID,id;q=0.9", 1),
    City("Hanoi", "VN", 21.03, 105.85, 7, "vi-VN,vi;q=0.9", 1),
    City("Manila", "PH", 14.60, 120.98, 8, "en-PH,en;q=0.9", 2),
    City("Shanghai", "CN", 31.23, 121.47, 8, "zh-CN,zh;q=0.9", 1),
    City("Tokyo", "JP", 35.68, 139.69, 9, "ja-JP,ja;q=0.9", 3),
    City("Seoul", "KR", 37.57, 126.98, 9, "ko-KR,ko;q=0.9", 1),
    City("Sydney", "AU", -33.87, 151.21, 10, "en-AU,en;q=0.9", 3),
)
CITY_SHARES = cumulative([city.share for city in CITIES])
CITY_UTC_HOURS = np.array([city.utc_hours for city in CITIES], dtype=np.int64)

_HALVES = (
    ("North", "Blue", "Open", "Metro", "Iron", "Sky", "River", "Nova", "Delta", "Polar"),
    ("line", "wave", "path", "link", "gate", "field", "bridge", "peak", "stone", "port"),
)
_LAST_WORDS = {
    "isp": ("Broadband", "Telecom", "Cable"),
    "mobile": ("Mobile", "Wireless", "Cellular"),
    "hosting": ("Hosting", "Cloud", "Data Centers"),
    "vpn": ("Privacy", "VPN", "Networks"),
    "corporate": ("Industries", "Holdings", "Group"),
}
_PER_CITY = {"isp": 4, "mobile": 2}
_ANYWHERE = {"hosting": 60, "vpn": 18, "corporate": 70}


@dataclass(frozen=True, eq=False)
class Networks:
    """Autonomous systems, one element each; `city` is where a network has most of its addresses."""

    number: Ints
    city: Ints
    type: Ints
    year: Ints
    org: tuple[str, ...]

    def of(self, kind: str, city: int | None = None) -> Ints:
        """Return the positions of the networks of a type, of one city where it is given."""
        wanted = self.type == NETWORK_TYPES.index(kind)
        if city is not None:
            wanted = wanted & (self.city == city)
        return np.flatnonzero(wanted)


def make_networks(rng: np.random.Generator) -> Networks:
    """Make every network: providers in each city, the others wherever their owners sit."""
    types: list[int] = []
    cities: list[int] = []
    for kind, each in _PER_CITY.items():
        types += [NETWORK_TYPES.index(kind)] * each * len(CITIES)
        cities += list(np.repeat(np.arange(len(CITIES)), each))
    for kind, count in _ANYWHERE.items():
        types += [NETWORK_TYPES.index(kind)] * count
        cities += list(pick(rng, CITY_SHARES, count))
    total = len(types)
    return Networks(
        number=_numbers(rng, total),
        city=np.array(cities, dtype=np.int64),
        type=np.array(types, dtype=np.int64),
        year=rng.integers(1989, 2026, total),
        org=tuple(_org_name(rng, NETWORK_TYPES[kind]) for kind in types),
    )


def registry_csv(networks: Networks) -> str:
    """Return the registry of all networks as CSV text with a header, ordered by number."""
    lines = ["as_number,as_org,as_country,as_type,registered_year"]
    for at in np.argsort(networks.number).tolist():
        country = CITIES[int(networks.city[at])].country
        kind = NETWORK_TYPES[int(networks.type[at])]
        lines.append(
            f'{networks.number[at]},"{networks.org[at]}",{country},{kind},{networks.year[at]}'
        )
    return "\n".join(lines) + "\n"


def _numbers(rng: np.random.Generator, size: int) -> Ints:
    """Draw unique AS numbers: old 16-bit ones, 32-bit ones, and private ones above 2^31."""
    ranges = ((700, 64_000), (131_072, 401_308), (4_200_000_000, 4_294_967_295))
    unused = [low + rng.permutation(high - low)[:size] for low, high in ranges[:2]]
    unused.append(ranges[2][0] + np.unique(rng.integers(0, 94_967_294, 2 * size))[:size])
    which = pick(rng, cumulative((0.5, 0.35, 0.15)), size)
    return np.stack(unused)[which, np.arange(size)].astype(np.int64)


def _org_name(rng: np.random.Generator, kind: str) -> str:
    halves = [words[int(rng.integers(len(words)))] for words in _HALVES]
    last = _LAST_WORDS[kind][int(rng.integers(len(_LAST_WORDS[kind])))]
    return f"{''.join(halves)} {last}"
