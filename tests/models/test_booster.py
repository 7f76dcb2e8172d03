from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from fig_assets.errors import ModelError
from fig_assets.models.booster import (
    Recipe,
    Sample,
    check_sums,
    contributions,
    fit,
    library,
    probabilities,
)

RECIPE = Recipe(
    parameters={"num_leaves": 7}, rounds=15, patience=3, categorical=["c"], seed=7, threads=1
)


def sample(count: int = 2_000, seed: int = 5) -> Sample:
    random = np.random.default_rng(seed)
    wide = random.normal(size=count) * 1e6
    code = random.integers(0, 20, count).astype(float)
    matrix = pa.table(
        {
            "wide": pa.array(wide, mask=random.random(count) < 0.2),
            "c": pa.array(code, mask=random.random(count) < 0.1),
            "tiny": random.normal(size=count) * 1e-6,
        }
    )
    labels = wide / 1e6 + (code % 3 == 0) + random.normal(size=count) > 1.2
    return Sample(matrix, labels, random.random(count) + 0.1)


@pytest.mark.parametrize("threads", [2, 3])
def test_the_text_does_not_depend_on_the_number_of_threads(threads):
    rows, unseen = sample(), sample(seed=6)

    assert fit(rows, unseen, replace(RECIPE, threads=threads)) == fit(rows, unseen, RECIPE)


def test_the_text_does_not_depend_on_the_chunks_of_a_column():
    rows = sample()
    parts = pa.concat_tables([rows.matrix.slice(0, 700), rows.matrix.slice(700)])

    assert fit(replace(rows, matrix=parts), None, RECIPE) == fit(rows, None, RECIPE)


def test_another_seed_gives_another_model_where_chance_is_asked_for():
    recipe = replace(RECIPE, parameters={"feature_fraction": 0.5})

    assert fit(sample(), None, recipe) != fit(sample(), None, replace(recipe, seed=8))


def test_held_out_rows_stop_the_fitting():
    recipe = replace(RECIPE, rounds=300, parameters={"learning_rate": 0.5})

    stopped = fit(sample(), sample(seed=6), recipe)

    assert stopped.rounds < 100
    assert stopped.text.count("\nTree=") == stopped.rounds
    assert fit(sample(), None, recipe).rounds == 300


def test_null_and_nan_are_the_same():
    rows = sample()
    text = fit(rows, None, RECIPE).text
    filled = pa.table({name: rows.matrix.column(name).to_numpy() for name in ("wide", "c", "tiny")})

    assert rows.matrix.column("wide").null_count > 0
    assert np.isnan(filled.column("wide").to_numpy()).any()
    assert np.array_equal(probabilities(text, rows.matrix), probabilities(text, filled))


def test_contributions_add_up_to_the_log_odds():
    rows = sample(200)
    text = fit(rows, None, RECIPE).text

    total = contributions(text, rows.matrix).sum(axis=1)

    assert 1 / (1 + np.exp(-total)) == pytest.approx(probabilities(text, rows.matrix))


def test_no_rows_give_no_numbers():
    rows = sample(200)
    text = fit(rows, None, RECIPE).text

    assert probabilities(text, rows.matrix.slice(0, 0)).shape == (0,)
    assert contributions(text, rows.matrix.slice(0, 0)).shape == (0, 4)


def test_what_lightgbm_refuses_keeps_its_words(capfd):
    recipe = replace(RECIPE, parameters={"num_leaves": 1})

    with pytest.raises(ModelError, match=r"^LightGBM refuses to train: .*num_leaves"):
        fit(sample(100), None, recipe)

    assert capfd.readouterr().out == ""


def test_fitting_prints_nothing(capfd):
    constant = Sample(pa.table({"a": np.ones(10)}), np.arange(10) % 2 == 0)

    fit(constant, None, replace(RECIPE, categorical=[]))

    assert capfd.readouterr() == ("", "")


def test_the_library_is_named_with_its_version():
    assert library().startswith("lightgbm 4.")


def test_contributions_that_do_not_add_up_are_refused():
    parts, odds = np.array([[1.0, -2.0, 0.5], [0.0, 0.0, 3.0]]), np.array([-0.5, 3.0])

    check_sums(parts, odds)
    check_sums(parts, odds + 1e-9)
    with pytest.raises(ModelError, match=r"do not add up to the score: off by 0\.001"):
        check_sums(parts, odds + np.array([0.0, 0.001]))
