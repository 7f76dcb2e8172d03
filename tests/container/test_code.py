"""Functions of a package get what they ask for by name, and their failures are told."""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from fig_assets.container.code import Code, load_code
from fig_assets.usercode.source import CodeError

ROWS = pa.table({"a__v1": [1, None], "b__v1": ["x", None]})
PREDICT = "def predict(rows): return rows\n"


@pytest.fixture(autouse=True)
def _modules_and_paths_stay_as_they_are() -> Iterator[None]:
    paths, modules = [*sys.path], {*sys.modules}
    yield
    sys.path[:] = paths
    for name in {*sys.modules} - modules:
        del sys.modules[name]


def loaded(folder: Path, text: str) -> Code:
    (folder / "odd_scorer.py").write_text(text)
    return load_code("odd_scorer", folder)


def test_a_function_gets_what_it_asks_for_and_no_more(tmp_path: Path) -> None:
    code = loaded(
        tmp_path,
        "def train(labels, model_dir, mode='x'): return labels, model_dir, mode\n" + PREDICT,
    )
    labels = np.array([True])

    given = {"rows": ROWS, "labels": labels, "model_dir": tmp_path}
    assert code.call("train", given) == (labels, tmp_path, "x")
    assert not code.explains


def test_with_the_rest_it_gets_everything(tmp_path: Path) -> None:
    code = loaded(tmp_path, "def train(model_dir, **rest): return rest\n" + PREDICT)
    assert code.call("train", {"rows": 1, "model_dir": 2, "labels": 3}) == {"rows": 1, "labels": 3}


@pytest.mark.parametrize(
    ("head", "annotation", "kind"),
    [
        ("", "", pa.Table),
        ("import pyarrow as pa\n", ": pa.Table", pa.Table),
        ("import pandas as pd\n", ": pd.DataFrame", pd.DataFrame),
        ("", ": 'pandas.DataFrame'", pd.DataFrame),
        ("from __future__ import annotations\n", ": pd.DataFrame", pd.DataFrame),
    ],
    ids=["plain", "table", "frame", "text", "postponed"],
)
def test_rows_come_as_the_parameter_is_annotated(
    tmp_path: Path, head: str, annotation: str, kind: type
) -> None:
    text = f"{head}def train(model_dir): ...\ndef predict(rows{annotation}): return rows\n"
    found = loaded(tmp_path, text).call("predict", {"rows": ROWS})

    assert isinstance(found, kind)
    if isinstance(found, pd.DataFrame):
        assert found["a__v1"].isna().tolist() == [False, True]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("def train(model_dir): ...", "odd_scorer has no function 'predict'"),
        ("def train(model_dir): ...\npredict = 3", "odd_scorer has no function 'predict'"),
        ("def train(): ...\n" + PREDICT, "odd_scorer.train does not ask for model_dir"),
        ("def train(model_dir): ...\ndef predict(): ...", "predict does not ask for the rows"),
        (
            "make = lambda f: f\n@make\ndef train(model_dir, what): ...\n" + PREDICT,
            "odd_scorer.train asks for 'what', which there is not",
        ),
        ("1 / 0", "ZeroDivisionError: division by zero\n  odd_scorer.py:1, in <module>\n    1 / 0"),
        ("raise SystemExit(3)", "importing odd_scorer failed: SystemExit: 3"),
        ("import no_such", "No module named 'no_such'"),
    ],
)
def test_a_package_that_cannot_be_called_is_refused(
    tmp_path: Path, text: str, message: str
) -> None:
    with pytest.raises(CodeError) as refusal:
        loaded(tmp_path, text)
    assert message in refusal.value.message


def test_what_a_function_raised_is_told_with_its_line(tmp_path: Path) -> None:
    text = "def train(model_dir):\n    int('x')\n" + PREDICT
    with pytest.raises(CodeError) as refusal:
        loaded(tmp_path, text).call("train", {"model_dir": tmp_path})

    assert refusal.value.message == (
        "train raised ValueError: invalid literal for int() with base 10: 'x'\n"
        "  odd_scorer.py:2, in train\n    int('x')"
    )
