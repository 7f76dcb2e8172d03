"""`fig validate --env all`: a table of environments, each problem once, the exit status."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fig_assets.cli import main
from tests.assets.signins import CONFIGS, ENVIRONMENT, write_project

Json = dict[str, object]


def environment(name: str, **changes: object) -> Json:
    place = {"type": "duckdb", "path": f"lakes/{name}"}
    return {**ENVIRONMENT, "name": name, "warehouse": place, **changes}


def project(root: Path, **environments: Json) -> Path:
    files = {f"environments/{name}.json": content for name, content in environments.items()}
    configs = write_project(root, files)
    assert validate(configs, "local").exit_code == 0
    assert CliRunner().invoke(main, ["lock", "--project", str(configs)]).exit_code == 0
    return configs


def validate(configs: Path, env: str, *words: str) -> Result:
    return CliRunner().invoke(main, ["validate", "--project", str(configs), "--env", env, *words])


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")


def test_every_environment_is_checked_and_each_problem_is_told_where_it_is(tmp_path: Path) -> None:
    broken = environment("broken", sources={"events": ENVIRONMENT["sources"]["events"]})
    spelt = {**environment("spelt"), "shedules": False}
    configs = project(tmp_path, production=environment("production"), broken=broken, spelt=spelt)

    done = validate(configs, "all")
    rows = [[cell.strip() for cell in line.split("\u2502")[1:-1]]
            for line in done.stdout.splitlines() if "\u2502" in line]  # fmt: skip

    assert done.exit_code == 1
    assert [row[0] for row in rows] == ["broken", "local", "production", "spelt"]
    assert [row[1] for row in rows] == ["", "duckdb lake", "duckdb lakes/production", ""]
    assert [row[-1] for row in rows] == ["1 problem", "1 warning", "1 warning", "2 problems"]
    assert rows[1][2:5] == rows[2][2:5] != ["", "", ""]
    assert "in broken: configs/tables/networks.json:3:12: /source" in done.stderr
    assert "in spelt: configs/environments/spelt.json:" in done.stderr
    assert "unknown key 'shedules'" in done.stderr


def test_programs_are_told_the_same(tmp_path: Path) -> None:
    broken = environment("broken", start_date="2024-02-31")
    configs = project(tmp_path, broken=broken)

    done = validate(configs, "all", "--json")
    told = json.loads(done.stdout)

    assert (done.exit_code, told["valid"]) == (1, False)
    assert list(told["environments"]) == ["broken", "local"]
    assert told["environments"]["local"]["valid"]
    pointers = [it["pointer"] for it in told["environments"]["broken"]["problems"]]
    assert "/start_date" in pointers


def test_what_is_wrong_everywhere_is_told_once(tmp_path: Path) -> None:
    configs = project(tmp_path, production=environment("production"))
    event = dict(CONFIGS["events/login.json"])
    event["fields"] = {**event["fields"], "more": {"function": "$nothing"}}
    (configs / "events" / "login.json").write_text(json.dumps(event))

    done = validate(configs, "all")

    assert done.exit_code == 1
    assert done.stderr.count("$nothing is not a field") == 1
    assert "in every environment: configs/events/login.json" in done.stderr


def test_warnings_fail_only_where_that_is_asked_for(tmp_path: Path) -> None:
    configs = project(tmp_path, production=environment("production"))
    (configs / "attributes.lock.json").unlink()

    assert validate(configs, "all").exit_code == 0
    assert "in every environment: warning: configs/attributes.lock.json" in (
        validate(configs, "all").stderr
    )
    assert validate(configs, "all", "--strict").exit_code == 1


def test_an_engine_that_cannot_be_opened_is_told_of_its_environment_alone(tmp_path: Path) -> None:
    far = environment("far", warehouse={"type": "duckdb", "path": "ftp://bucket/lake"})
    configs = project(tmp_path, far=far)

    done = validate(configs, "all")

    assert done.exit_code == 1
    assert "in far: " in done.stderr
    assert "in local: " not in done.stderr.replace("in local: warning: ", "")


@pytest.mark.parametrize("word", ["--list", "--prove"])
def test_what_is_about_one_environment_is_refused(tmp_path: Path, word: str) -> None:
    done = validate(write_project(tmp_path), "all", word)
    assert done.exit_code == 2


def test_no_environment_is_called_all(tmp_path: Path) -> None:
    configs = project(tmp_path, all=environment("all"))
    done = validate(configs, "all")
    assert done.exit_code == 1
    assert "no environment can be called 'all'" in done.stderr


def test_a_project_without_environments_says_so(tmp_path: Path) -> None:
    configs = write_project(tmp_path)
    (configs / "environments" / "local.json").unlink()
    done = validate(configs, "all")
    assert done.exit_code == 1
    assert "there is no environment" in done.stderr
