"""Files of the model store are there whole or not at all."""

from datetime import date
from pathlib import Path

import pytest

from fig_assets.errors import ModelError
from fig_assets.models.files import days_named, publish, publish_new, read_text


def test_publishing_replaces_and_publishing_anew_never_does(tmp_path: Path) -> None:
    place = tmp_path / "deep" / "it.json"
    assert publish_new(place, "first")
    assert not publish_new(place, "second")
    assert read_text(place) == "first"
    publish(place, "third")
    assert read_text(place) == "third"
    assert list(place.parent.iterdir()) == [place]


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "it.json").write_bytes(b"\xff")
    with pytest.raises(ModelError, match=r"it\.json: cannot be read"):
        read_text(tmp_path / "it.json")
    with pytest.raises(ModelError, match=r"other\.json: there is no such file"):
        read_text(tmp_path / "other.json")


def test_only_days_are_days() -> None:
    names = ["2024-03-02", "2024-03-01", "20240301", "2024-02-30", ".2024-03-01", "by_hand"]
    assert days_named(names) == (date(2024, 3, 1), date(2024, 3, 2))
