import json
import shutil
from pathlib import Path

import fig_assets as fig

SHIPPED = Path(__file__).parents[2] / "configs"


def broken_copy(folder: Path, file: str, old: str, new: str) -> Path:
    configs = folder / "configs"
    shutil.copytree(SHIPPED, configs)
    text = (configs / file).read_text(encoding="utf-8")
    assert old in text
    (configs / file).write_text(text.replace(old, new), encoding="utf-8")
    return configs


def test_a_broken_family_leaves_what_does_not_read_it(tmp_path: Path) -> None:
    configs = broken_copy(tmp_path, "features/ip.json", "$is_failure", "$is_failed")
    project = fig.load_project(configs, "local", healthy_only=True)
    assert set(project.graph.families) == {"asn"}
    assert project.graph.row_families == {}
    assert {p.where.file for p in project.broken} >= {"configs/features/ip.json"}
    assert project.bind() > 0


def test_a_file_that_is_no_json_leaves_what_does_not_read_it(tmp_path: Path) -> None:
    configs = broken_copy(tmp_path, "models/request_threat_scorer.json", '"name"', "name")
    project = fig.load_project(configs, "local", healthy_only=True)
    assert set(project.graph.families) == {"asn", "ip"}
    assert project.graph.models == {}


def test_each_broken_file_is_an_asset_whose_check_fails_with_the_reason(tmp_path: Path) -> None:
    configs = broken_copy(tmp_path, "features/asn.json", "$is_failure", "$is_failed")
    definitions = fig.load_project(configs, "local", healthy_only=True).definitions()
    graph = definitions.resolve_asset_graph()
    (key,) = [k for k in graph.get_all_asset_keys() if k.path[-1] == "asn.json"]
    assert "$is_failed is not a field" in (graph.get(key).description or "")
    assert [check.name for check in graph.get_check_keys_for_assets({key})] == ["is_valid"]


def test_a_whole_project_has_nothing_broken(tmp_path: Path) -> None:
    shutil.copytree(SHIPPED, tmp_path / "configs")
    project = fig.load_project(tmp_path / "configs", "local", healthy_only=True)
    assert project.broken == ()
    assert json.loads((SHIPPED / "project.json").read_text())["name"] == project.graph.name
