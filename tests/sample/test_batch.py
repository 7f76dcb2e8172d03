import numpy as np

from fig_assets.sample.batch import cumulative, generator, pick, scatter, zipf


def test_dice_of_one_stream_always_roll_the_same() -> None:
    assert generator(1, 2, 3).random() == generator(1, 2, 3).random()
    assert generator(1, 2, 3).random() != generator(1, 2, 4).random()


def test_picks_follow_their_shares() -> None:
    drawn = pick(generator(1), cumulative((1, 0, 3)), 4000)

    counts = np.bincount(drawn, minlength=3)
    assert counts[1] == 0
    assert 2800 < counts[2] < 3200


def test_the_first_of_a_zipf_list_has_twice_the_share_of_the_second() -> None:
    shares = np.diff(zipf(100), prepend=0)

    assert abs(shares[0] / shares[1] - 2) < 1e-9
    assert abs(shares.sum() - 1) < 1e-12


def test_scattered_numbers_are_the_same_each_time_and_spread_evenly() -> None:
    scattered = scatter(np.arange(10_000), 7)

    assert np.array_equal(scattered, scatter(np.arange(10_000), 7))
    assert scattered.min() >= 0
    assert np.bincount(scattered % 10).min() > 900
