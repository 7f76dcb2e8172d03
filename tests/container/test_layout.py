"""Hyperparameters are texts in a container, and are read as what they were."""

from pathlib import Path

import pytest

from fig_assets.container.layout import Layout, as_texts, here
from fig_assets.models.jobs import Job, lay_out


@pytest.mark.parametrize(
    "value",
    [1, 0.1, True, None, "words", "0.1", "true", "", [1, "a"], {"a": {"b": 1}}, "ü\n"],
    ids=repr,
)
def test_a_hyperparameter_comes_back(tmp_path: Path, value: object) -> None:
    layout = lay_out(Job("model", "scorer", {}, {}, {"x": value}), tmp_path / "ml")

    assert layout.hyperparameters() == {"x": value, "fig_location": "scorer"}
    assert all(isinstance(text, str) for text in as_texts({"x": value}).values())


def test_a_text_that_is_no_json_is_itself(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    layout.config.mkdir(parents=True)
    (layout.config / "hyperparameters.json").write_text('{"a": "words", "b": 3}')

    assert layout.hyperparameters() == {"a": "words", "b": 3}


def test_code_is_what_was_sent_or_what_the_image_holds(tmp_path: Path) -> None:
    assert Layout(tmp_path).code == tmp_path / "code"
    (tmp_path / "input/data/code").mkdir(parents=True)
    assert Layout(tmp_path).code == tmp_path / "input/data/code"


def test_the_folder_is_the_platforms_own_unless_it_is_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("SAGEMAKER_BASE_DIR", raising=False)
    assert here().base == Path("/opt/ml")
    monkeypatch.setenv("SAGEMAKER_BASE_DIR", str(tmp_path))
    assert here().base == tmp_path
