import pytest

from fig_assets.errors import ModelError
from fig_assets.models.hyperparameters import HYPERPARAMETERS, resolve


def test_what_is_not_given_has_its_default():
    assert resolve({}) == {name: entry.default for name, entry in HYPERPARAMETERS.items()}


@pytest.mark.parametrize(
    ("given", "name", "value"),
    [
        ({"n_estimators": 50}, "num_iterations", 50),
        ({"num_leaves": 15.0}, "num_leaves", 15),
        ({"lambda_l2": 2}, "lambda_l2", 2.0),
        ({"extra_trees": True}, "extra_trees", True),
    ],
    ids=["scikit-learn's name", "whole float", "int for a float", "switch"],
)
def test_two_spellings_of_one_value_are_one(given, name, value):
    found = resolve(given)[name]

    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"num_leafs": 3}, "unknown 'num_leafs'; fix: write 'num_leaves'"),
        ({"n_estimators": 5, "num_iterations": 5}, "'num_iterations' says 'num_iterations' again"),
        ({"learning_rate": 0}, "'learning_rate' is 0; fix: write a number from 1e-06 to 1"),
        ({"num_leaves": 2.5}, "'num_leaves' is 2.5; fix: write a whole number"),
        ({"num_leaves": float("inf")}, "'num_leaves' is inf; fix: write a whole number"),
        ({"learning_rate": float("nan")}, "'learning_rate' is nan"),
        ({"num_leaves": True}, "'num_leaves' is True; fix: write a whole number"),
        ({"extra_trees": 1}, "'extra_trees' is 1; fix: write true or false"),
        ({"lambda_l1": "1"}, "'lambda_l1' is '1'; fix: write a number"),
        ({"num_leaves": None}, "'num_leaves' is None"),
    ],
)
def test_a_wrong_hyperparameter_is_refused_with_a_mend(given, message):
    with pytest.raises(ModelError) as refusal:
        resolve(given)

    assert message in str(refusal.value)


@pytest.mark.parametrize(
    "name",
    ["output_model", "input_model", "config", "forcedsplits_filename", "machines", "num_threads"],
)
def test_parameters_that_touch_files_sockets_or_determinism_are_unknown(name):
    with pytest.raises(ModelError, match=f"unknown '{name}'"):
        resolve({name: "x"})


def test_all_faults_are_told_at_once():
    with pytest.raises(ModelError) as refusal:
        resolve({"num_leafs": 3, "max_bin": 1})

    assert str(refusal.value) == (
        "wrong hyperparameters\n"
        "  unknown 'num_leafs'; fix: write 'num_leaves'\n"
        "  'max_bin' is 1; fix: write a number from 2 to 1023"
    )
