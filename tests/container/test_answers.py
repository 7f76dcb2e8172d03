"""What a package may answer, and how everything else is refused."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from fig_assets.container.answers import contributions, scores
from fig_assets.usercode.source import CodeError


@pytest.mark.parametrize(
    "returned",
    [
        [0.0, 1, 0.25],
        np.array([0.0, 1.0, 0.25], np.float32),
        pd.Series([0.0, 1.0, 0.25], index=[7, 8, 9]),
        pa.array([0.0, 1.0, 0.25]),
        pa.chunked_array([[0.0, 1.0], [0.25]]),
    ],
    ids=["list", "numpy", "series", "arrow", "chunks"],
)
def test_numbers_between_0_and_1_are_scores(returned: object) -> None:
    assert scores(returned, 3).tolist() == [0.0, 1.0, 0.25]


def test_what_rounding_adds_is_taken_away() -> None:
    assert scores([1 + 1e-12, -1e-12], 2).tolist() == [1.0, 0.0]


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        ([0.5], "predict gave 1 scores for 2 rows"),
        ([0.5, 0.5, 0.5], "predict gave 3 scores for 2 rows"),
        ([], "predict gave 0 scores for 2 rows"),
        ([0.5, float("nan")], "no finite number for 1 of 2 rows, the first in place 1"),
        ([float("inf"), 0.5], "no finite number for 1 of 2 rows, the first in place 0"),
        ([0.5, 1.5], "predict gave 1.5, which is not between 0 and 1, in place 1"),
        ([-0.1, 0.5], "predict gave -0.1, which is not between 0 and 1, in place 0"),
        (["a", "b"], "predict gave a list that does not hold numbers only"),
        ([True, False], "predict gave a list that does not hold numbers only"),
        ([None, 0.5], "predict gave a list that does not hold numbers only"),
        (None, "predict gave None"),
        (0.5, r"predict gave an array of the shape \(\), not one column"),
        (np.ones((2, 2)), r"predict gave an array of the shape \(2, 2\), not one column"),
        ([[0.5], [0.5, 0.5]], "predict gave rows of different lengths"),
        ({"a": 1}, "predict gave a dict that does not hold numbers only"),
    ],
)
def test_other_answers_are_refused(returned: object, message: str) -> None:
    with pytest.raises(CodeError, match=message):
        scores(returned, 2)


def test_contributions_have_a_base_in_the_last_column() -> None:
    assert contributions([[1.0, 2.0]], 1, 2).tolist() == [[1.0, 2.0, 0.0]]
    assert contributions(pd.DataFrame({"a": [1.0], "base": [3.0]}), 1, 1).tolist() == [[1.0, 3.0]]


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        ([[1.0]], r"explain gave an array of the shape \(1, 1\), not \(1, 2\)"),
        ([[1.0, 2.0]] * 2, r"explain gave an array of the shape \(2, 2\), not \(1, 2\)"),
        ([1.0], r"explain gave an array of the shape \(1,\), not \(1, 2\)"),
        ([[1.0, float("nan")]], "explain gave what is no finite number"),
        (None, "explain gave None"),
    ],
)
def test_other_contributions_are_refused(returned: object, message: str) -> None:
    with pytest.raises(CodeError, match=message):
        contributions(returned, 1, 2)
