import csv
import io

import numpy as np

from fig_assets.sample.batch import generator
from fig_assets.sample.places import CITIES, NETWORK_TYPES, make_networks, registry_csv
from tests.sample.reading import Log, at


def test_the_registry_describes_each_network_once() -> None:
    networks = make_networks(generator(1))

    rows = list(csv.DictReader(io.StringIO(registry_csv(networks))))

    assert len({row["as_number"] for row in rows}) == len(rows) == len(networks.org)
    assert {row["as_type"] for row in rows} == set(NETWORK_TYPES)
    assert {row["as_country"] for row in rows} <= {city.country for city in CITIES}
    assert all(1989 <= int(row["registered_year"]) <= 2025 for row in rows)


def test_each_city_has_providers_of_its_own() -> None:
    networks = make_networks(generator(2))

    for city in range(len(CITIES)):
        assert len(networks.of("isp", city)) == 4
        assert np.all(networks.city[networks.of("mobile", city)] == city)


def test_the_registry_knows_the_networks_of_the_log(log: Log) -> None:
    text = (log.folder / "as_registry.csv").read_text(encoding="utf-8")
    known = {int(row["as_number"]): row["as_org"] for row in csv.DictReader(io.StringIO(text))}

    for events in log.days.values():
        for event in events:
            number = at(event, "security_context:as_number")
            assert number is None or known[number] == at(event, "security_context:as_org")
