import numpy as np
import pytest

from fig_assets.sample.batch import generator
from fig_assets.sample.places import CITIES
from fig_assets.sample.world import codes, make_world, person_name


def test_the_same_seed_makes_the_same_world() -> None:
    one, other = make_world(4, 500), make_world(4, 500)

    assert one.people.id == other.people.id
    assert one.addresses.text == other.addresses.text
    assert one.org_id == other.org_id


@pytest.mark.parametrize("events_per_day", [100, 5000], ids=["smallest", "larger"])
def test_everybody_lives_where_their_address_is(events_per_day: int) -> None:
    world = make_world(4, events_per_day)

    away = world.addresses.city[world.people.home] != world.people.city
    assert away.mean() < 0.02
    assert len(world.people) > world.people.persons
    assert len(set(world.people.id)) == len(world.people)


def test_each_city_has_guest_networks_and_phones() -> None:
    world = make_world(4, 100)

    cities = np.arange(len(CITIES))
    for kind in ("elsewhere", "mobile"):
        found = world.addresses.pools[kind].within(cities, cities * 17)
        assert np.array_equal(world.addresses.city[found], cities)


def test_codes_have_the_length_and_letters_of_ids() -> None:
    drawn = codes(generator(1), 50, 17)

    assert len(set(drawn)) == 50
    assert all(
        len(code) == 17 and code.replace("-", "").replace("_", "").isalnum() for code in drawn
    )


def test_names_are_readable_and_many() -> None:
    names = {person_name(number) for number in range(20_000)}

    assert len(names) == 20_000
    assert person_name(0) == "maya.okafor1"
