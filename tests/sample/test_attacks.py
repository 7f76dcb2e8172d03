from datetime import date, timedelta

import numpy as np
import pytest

from fig_assets.sample.attacks import METHODS, campaigns_on, daily_share, listed_addresses
from fig_assets.sample.batch import MALICIOUS_KINDS, generator
from fig_assets.sample.world import World, make_world

DAY = date(2026, 10, 5)


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(3, 1000)


def test_each_day_has_a_campaign_of_each_kind_with_addresses(world: World) -> None:
    for ago in range(40):
        day = DAY + timedelta(days=ago)
        campaigns = campaigns_on(world, day)
        assert {found.method.kind for found in campaigns} == set(MALICIOUS_KINDS)
        assert all(len(found.active(day.toordinal())) for found in campaigns)


def test_campaigns_and_their_addresses_last_for_days(world: World) -> None:
    today, later = (campaigns_on(world, DAY + timedelta(days=ago)) for ago in (0, 3))
    starts = {(found.method.kind, found.start) for found in today}

    assert starts & {(found.method.kind, found.start) for found in later}
    for found in today:
        assert 6 <= found.days <= 10
        assert np.all(found.last >= found.first)


def test_campaigns_use_addresses_of_campaigns_before(world: World) -> None:
    today = {found.method.kind: found for found in campaigns_on(world, DAY)}
    before = campaigns_on(world, DAY - timedelta(days=4)) + campaigns_on(world, DAY)
    known = np.concatenate([
        found.address for found in before if found is not today["credential_stuffing"]
    ])  # fmt: skip

    assert np.isin(today["credential_stuffing"].address, known).mean() > 0.2


def test_reputation_lists_know_only_some_of_the_addresses(world: World) -> None:
    campaigns = campaigns_on(world, DAY)
    used = np.unique(np.concatenate([found.address for found in campaigns]))

    listed = listed_addresses(campaigns, DAY)

    assert np.isin(listed, used).all()
    assert 0 < len(listed) < 0.7 * len(used)


def test_the_share_of_malicious_attempts_stays_between_its_bounds() -> None:
    shares = [daily_share(generator(1, day)) for day in range(200)]

    assert 0.024 <= min(shares) < max(shares) <= 0.038
    assert sum(method.share for method in METHODS) == pytest.approx(1)
