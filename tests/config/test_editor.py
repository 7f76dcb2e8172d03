import json
from pathlib import Path

import pytest

from fig_assets.config.editor import SETTINGS, write_schemas
from fig_assets.config.json_schema import KINDS


def settings_of(root: Path) -> dict[str, object]:
    found = json.loads((root / SETTINGS).read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


def test_there_is_a_schema_of_each_kind_and_a_setting_that_names_it(tmp_path: Path) -> None:
    written = write_schemas(tmp_path / "configs", tmp_path / ".fig/schemas", tmp_path)

    assert {path.name for path in written.schemas} == {f"{kind}.schema.json" for kind in KINDS}
    mapped = settings_of(tmp_path)
    assert {
        "fileMatch": ["/configs/features/*.json"],
        "url": "./.fig/schemas/family.schema.json",
    } in mapped["json.schemas"]  # type: ignore[operator]
    assert mapped["yaml.schemas"]["./.fig/schemas/project.schema.json"] == [  # type: ignore[index]
        "/configs/project.yaml",
        "/configs/project.yml",
    ]


def test_other_settings_stay_and_a_second_time_changes_nothing(tmp_path: Path) -> None:
    other = {"fileMatch": ["/package.json"], "url": "./package.schema.json"}
    (tmp_path / SETTINGS).parent.mkdir()
    (tmp_path / SETTINGS).write_text(
        json.dumps({"editor.rulers": [100], "json.schemas": [other], "yaml.schemas": {"a": ["b"]}})
    )

    write_schemas(tmp_path / "configs", tmp_path / "out", tmp_path)
    first = settings_of(tmp_path)
    write_schemas(tmp_path / "configs", tmp_path / "out", tmp_path)

    assert settings_of(tmp_path) == first
    assert first["editor.rulers"] == [100]
    assert first["json.schemas"][0] == other  # type: ignore[index]
    assert first["yaml.schemas"]["a"] == ["b"]  # type: ignore[index]


@pytest.mark.parametrize(
    "text", ['{"a": 1, // why\n}', "[]", '{"json.schemas": {}}', '{"yaml.schemas": []}'], ids=repr
)
def test_settings_that_cannot_be_rewritten_safely_stay(tmp_path: Path, text: str) -> None:
    (tmp_path / SETTINGS).parent.mkdir()
    (tmp_path / SETTINGS).write_text(text)

    written = write_schemas(tmp_path / "configs", tmp_path / "out", tmp_path)

    assert written.settings is None
    assert "json.schemas" in written.snippet
    assert (tmp_path / SETTINGS).read_text() == text


def test_settings_are_left_out_where_they_are_not_wanted(tmp_path: Path) -> None:
    write_schemas(tmp_path / "configs", tmp_path / "out", tmp_path, settings=False)

    assert not (tmp_path / SETTINGS).exists()


def test_what_lies_outside_of_the_workspace_is_named_in_full(tmp_path: Path) -> None:
    out = tmp_path / "elsewhere"

    written = write_schemas(tmp_path / "a/configs", out, tmp_path / "a", settings=False)

    (first, *_) = written.snippet["json.schemas"]  # type: ignore[misc]
    assert first["url"] == f"{out.as_posix()}/project.schema.json"
