"""Features in Python through Dagster and through the shell."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from dagster import AssetKey

from fig_assets.cli import main
from fig_assets.project import Project, load_project
from tests.workflow.steps.test_python import (
    CODE,
    DAYS,
    NAMES,
    SMALL,
    bad,
    built,
    logins,
    write_code,
)

ODD = "features/request/alike__v1"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    built(tmp_path).workspace.close()
    with load_project(tmp_path / "configs") as project:
        yield project


def test_days_are_filled_one_feature_alone_and_only_what_changed(
    project: Project, tmp_path: Path
) -> None:
    summary = project.execute_workflow(DAYS[0], DAYS[1])
    assert summary.ok
    [failed] = summary.failed_checks
    assert failed.startswith("features/request/loud_name__v1 unique: ")
    alone = project.execute_workflow(DAYS[0], DAYS[1], f'key:"{ODD}"')
    assert alone.done == {"python__request": 2}

    write_code(tmp_path, {"parts/text.py": CODE["parts/text.py"].replace("lower", "upper")})
    with load_project(tmp_path / "configs") as changed:
        again = changed.execute_workflow(DAYS[0], DAYS[0], only_stale=True)

    assert again.ok
    # As many letters are shared in capitals, so that nothing below has to be computed.
    assert {name.partition("__")[0] for name in again.done} == {"python"}


def test_a_day_that_fails_is_told_with_the_line_and_the_others_are_filled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    code = bad("return [1.0] * len(table) if len(table) < 9 else [][0]")
    small = built(tmp_path, SMALL, code)
    small.write(DAYS[1], logins(1, DAYS[1])[:4])
    small.workspace.close()

    with load_project(tmp_path / "configs") as project:
        summary = project.execute_workflow(DAYS[0], DAYS[2])
        stored = project.read("request", columns=["half"]).to_pydict()

    said = summary.refused["python__request"]
    assert "python__request was refused for 2024-03-01\n" in said
    assert "2024-03-01: request.half@1 of 2024-03-01: names:half raised IndexError" in said
    assert "configs/python/names.py:5, in half" in said
    assert set(zip(stored["day"], stored["half"], strict=True)) == {(DAYS[0], None), (DAYS[1], 1.0)}


def test_an_asset_says_which_function_computes_it(project: Project) -> None:
    graph = project.definitions().resolve_asset_graph()
    node = graph.get(AssetKey(ODD.split("/")))

    assert node.kinds == {"python", "parquet"}
    assert node.metadata["fig/python"] == "names:shared"
    assert node.metadata["fig/python_file"] == "configs/python/names.py:7"
    assert "How many letters two names share." in (node.description or "")
    assert "names:shared($name, $vip)" in (node.description or "")
    assert node.code_version == project.graph.attributes[tuple(ODD.split("/"))].fingerprint


def test_sql_says_that_a_function_is_called(project: Project) -> None:
    text = project.sql("request", day=DAYS[0])

    assert (
        "-- These features are computed in Python, of the rows that the statement gives:\n"
        "--   request.alike@1 = names:shared($name, $vip)\n"
    ) in text


def test_validate_tells_what_cannot_be_imported(project: Project, tmp_path: Path) -> None:
    del project
    folder = str(tmp_path / "configs")
    assert CliRunner().invoke(main, ["validate", "--project", folder]).exit_code == 0
    write_code(tmp_path, {"names.py": f"import not_there\n{NAMES}"})

    result = CliRunner().invoke(main, ["validate", "--project", folder])

    assert result.exit_code == 1
    assert "No module named 'not_there'" in result.output
    assert "configs/python/names.py:1, in <module>" in result.output
