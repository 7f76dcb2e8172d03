import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fig_assets.config.load import Config, load_config
from fig_assets.errors import ConfigError, Problem
from tests.config.test_environment import LOCAL
from tests.config.test_model import SCORER

EVENT = {"name": "login", "fields": {"asn": "security:asn::bigint", "failed": {"json": "failed"}}}
FAMILY = {
    "name": "asn",
    "granularity": "autonomous_system_number",
    "period": ["weekly_by_day"],
    "groups": [
        {
            "source": "login",
            "granularity_field": "asn",
            "features": {"login_count": "@COUNT(*)", "failure_count": "@SUM($failed)"},
        }
    ],
}
PROJECT = {
    "name": "sign_in",
    "start_date": "2024-01-01",
    "event_defaults": {"id": "event_id", "time": "at"},
}
SOUND: Mapping[str, object] = {
    "project.json": PROJECT,
    "environments/local.json": LOCAL,
    "events/login.json": EVENT,
    "features/asn.json": FAMILY,
    "models/scorer.json": SCORER,
}


def write(root: Path, files: Mapping[str, object]) -> Path:
    """Write a project; texts are written as they stand, None removes a file."""
    for name, content in {**SOUND, **files}.items():
        file = root / "configs" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        if content is not None:
            text = content if isinstance(content, str) else json.dumps(content, indent=1)
            file.write_text(text, encoding="utf-8", errors="surrogatepass")
    return root / "configs"


def refusal(root: Path, files: Mapping[str, object], environment: str = "local") -> str:
    with pytest.raises(ConfigError) as refused:
        load_config(write(root, files), environment)
    return str(refused.value)


def problems_of(folder: Path) -> Sequence[Problem]:
    try:
        return load_config(folder, "local").problems
    except ConfigError as refused:
        return refused.problems


def names(config: Config) -> list[str]:
    definitions = (*config.events, *config.tables, *config.families, *config.models)
    return [definition.spec.name for definition in definitions]


def test_a_sound_project_loads(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, {}), "local")

    assert names(config) == ["login", "asn", "request_threat_scorer"]
    assert (config.root, config.folder) == (tmp_path, tmp_path / "configs")
    assert (config.start_date, config.end_date) == (date(2024, 1, 1), None)
    assert config.problems == ()
    assert str(config.families[0].where("groups", 0, "features", "login_count")) == (
        "configs/features/asn.json:12:20: /groups/0/features/login_count"
    )


def test_the_environment_comes_before_the_project(tmp_path: Path) -> None:
    local = {**LOCAL, "start_date": "2024-02-01", "end_date": "2024-03-01"}

    config = load_config(write(tmp_path, {"environments/local.json": local}), "local")

    assert (config.start_date, config.end_date) == (date(2024, 2, 1), date(2024, 3, 1))
    assert config.event_defaults.time == "published"
    assert config.event_defaults.id == "uuid"


def test_defaults_of_the_project_fill_what_the_environment_leaves_open(tmp_path: Path) -> None:
    local = {**LOCAL, "event_defaults": {"event_type": "kind"}}

    config = load_config(write(tmp_path, {"environments/local.json": local}), "local")

    assert config.event_defaults.model_dump() == {
        "event_type": "kind",
        "time": "at",
        "id": "event_id",
    }


def test_yaml_and_json_may_stand_beside_each_other(tmp_path: Path) -> None:
    devices = """\
name: device
granularity: device_id
period: [daily]
groups:
  - source: login
    granularity_field: device
    features:
      login_count: "@COUNT(*)"
"""

    config = load_config(write(tmp_path, {"features/device.yaml": devices}), "local")

    assert [family.spec.name for family in config.families] == ["asn", "device"]
    assert str(config.families[1].where("period", 0)) == (
        "configs/features/device.yaml:3:10: /period/0"
    )


def test_files_are_read_in_order_of_their_names_and_lists_in_theirs(tmp_path: Path) -> None:
    two = [{**EVENT, "name": "z"}, {**EVENT, "name": "a"}]

    config = load_config(write(tmp_path, {"events/b.json": two}), "local")

    assert [event.spec.name for event in config.events] == ["z", "a", "login"]


def test_every_problem_of_all_files_is_told_in_file_order(tmp_path: Path) -> None:
    said = refusal(
        tmp_path,
        {
            "project.json": '{"name": "sign_in", "start": "2024-01-01"}',
            "environments/local.json": {**LOCAL, "schedules": "no"},
            "events/login.json": '{\n  "name": "login",\n  "fields": {"a": "b",}\n}',
            "features/asn.json": """\
{"name": "asn", "granularty": "asn",
 "period": "weekly_by_day",
 "groups": [
  {"source": "login", "granularity_field": "asn", "features": {
    "Count": "@COUNT(*)",
    "rate": {"default_version": 3, "versions": {"1": "$a", "2": {"functon": "$b"}}},
    "login": {"function": "1", "checks": ["nonull"]}}}]}
""",
            "models/scorer.json": {**SCORER, "name": "asn"},
        },
    )

    assert (
        said
        == """\
9 problems in the configuration
configs/environments/local.json:26:15: /schedules
  must be true or false, not 'no'
  fix: write false
configs/events/login.json:3:22: /fields
  a comma before the closing }
    "fields": {"a": "b",}
                       ^
  fix: remove the comma
configs/features/asn.json:1:17: /granularty
  unknown key 'granularty'
  fix: write "granularity"
configs/features/asn.json:2:12: /period
  must be a list [...], not 'weekly_by_day'
  fix: write ["weekly_by_day"]
configs/features/asn.json:5:5: /groups/0/features/Count
  'Count' is not a name: names are lower-case letters, digits and _, and start with a letter
  fix: write "count"
configs/features/asn.json:6:33: /groups/0/features/rate/default_version
  default_version 3 is not among the "versions"
  fix: use one of: 1, 2
configs/features/asn.json:7:43: /groups/0/features/login/checks/0
  unknown key 'nonull'
  fix: write "nonnull"
configs/models/scorer.json:2:10: /name
  the name 'asn' is taken by a family: configs/features/asn.json:1:10
  fix: choose another name
configs/project.json:1:21: /start
  unknown key 'start'
  fix: write "start_date\""""
    )


def test_a_partial_load_leaves_out_what_is_broken_and_tells_it(tmp_path: Path) -> None:
    folder = write(
        tmp_path,
        {
            "events/broken.json": '{"name": "broken"',
            "events/twice.json": EVENT | {"fields": {"a": "b"}},
            "features/more.json": [{**FAMILY, "name": "ip"}, {**FAMILY, "name": 3}],
        },
    )

    config = load_config(folder, "local", partial=True)

    assert names(config) == ["login", "asn", "ip", "request_threat_scorer"]
    assert [str(problem.where) for problem in config.problems] == [
        "configs/events/broken.json:1:18",
        "configs/events/twice.json:2:10: /name",
        "configs/features/more.json:20:11: /1/name",
    ]


@pytest.mark.parametrize("name", ["project.json", "environments/local.json"])
def test_without_its_project_file_and_environment_nothing_loads(tmp_path: Path, name: str) -> None:
    folder = write(tmp_path, {name: "{}"})

    with pytest.raises(ConfigError):
        load_config(folder, "local", partial=True)


@pytest.mark.parametrize(
    ("files", "environment", "said"),
    [
        ({}, "lcal",
         "configs/environments\n  unknown environment 'lcal'\n  fix: choose \"local\""),
        ({}, "../environments/local",
         "configs/environments\n  unknown environment '../environments/local'\n"
         "  fix: use one of: local"),
        ({"environments/local.json": None}, "local",
         "configs/environments\n  unknown environment 'local'\n"
         "  fix: write configs/environments/local.json"),
        ({"environments/local.json": {**LOCAL, "name": "prod"}}, "local",
         "configs/environments/local.json:2:10: /name\n"
         "  the environment of this file is called 'prod'\n  fix: write \"local\""),
        ({"project.json": None}, "local",
         "configs/project.json\n  the project file is missing\n"
         '  fix: write {"name": "my_project", "start_date": "2024-01-01"}'),
        ({"project.json": {"name": "a"}}, "local",
         'configs/project.json:1:1\n  "start_date" is missing\n'
         '  fix: add "start_date": "2024-01-01"'),
        ({"project.json": {**PROJECT, "end_date": "2023-12-31"}}, "local",
         "configs/project.json:8:14: /end_date\n"
         "  the end, 2023-12-31, is before the start, 2024-01-01\n"
         '  fix: write "2024-01-01" or a later day'),
        ({"feature/ip.json": {}}, "local",
         "configs/feature\n  unknown folder 'feature'\n  fix: rename it features"),
        ({"features/more/ip.json": {}}, "local",
         "configs/features/more\n  files in folders of this folder are not read\n"
         "  fix: move its files to configs/features"),
    ],
    ids=["unknown environment", "a path as environment", "no environment", "another's name",
         "no project file", "no start", "end before start", "misspelt folder", "nested folder"],
)  # fmt: skip
def test_what_is_missing_or_misplaced_is_told(
    tmp_path: Path, files: Mapping[str, object], environment: str, said: str
) -> None:
    assert refusal(tmp_path, files, environment) == f"1 problem in the configuration\n{said}"


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        load_config(tmp_path / "absent", "local")

    assert str(refused.value) == (
        "1 problem in the configuration\n"
        "absent\n"
        f"  there is no folder {tmp_path / 'absent'}\n"
        "  fix: name the folder that holds project.json"
    )


def test_code_of_models_and_other_files_are_left_alone(tmp_path: Path) -> None:
    others = {
        "models/code/scorer/settings.json": "{",
        "python/data.json": "{",
        "features/README.md": "text",
        "features/.asn.json.swp": "{",
    }

    assert load_config(write(tmp_path, others), "local").problems == ()


def test_no_text_of_a_yaml_file_runs_code(tmp_path: Path) -> None:
    said = refusal(tmp_path, {"events/x.yaml": "name: !!python/object/apply:os.getcwd []\n"})

    assert "the tag tag:yaml.org,2002:python/object/apply:os.getcwd is not read" in said


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
    | st.sampled_from(["*", "nonnull", "10", "<own>", "[key]", "versions", "all", 10**400]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.text(max_size=3) | st.sampled_from(
            ["versions", "default_version", "features", "source", "name", "<own>", "all", "1",
             "granularity_field", "checks", "function", "when", "env"]),
        inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


def places(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    inner: list[tuple[str | int, object]] = []
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value))
    return [path, *(found for key, one in inner for found in places(one, (*path, key)))]


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data(), put=anything)
def test_any_change_of_any_file_loads_or_is_told_with_a_place(
    tmp_path: Path, data: st.DataObject, put: object
) -> None:
    name = data.draw(st.sampled_from(sorted(SOUND)))
    path = data.draw(st.sampled_from(places(SOUND[name])))
    changed: object = json.loads(json.dumps(SOUND[name]))
    at = changed
    for step in path[:-1]:
        at = at[step]  # type: ignore[index]
    if path:
        at[path[-1]] = put  # type: ignore[index]
    else:
        changed = put
    folder = write(tmp_path, {name: json.dumps(changed)})

    told = problems_of(folder)

    assert all(problem.message and problem.where.line > 0 for problem in told)


def test_reading_needs_neither_dagster_nor_a_database() -> None:
    code = (
        "import sys, fig_assets.config.load\n"
        "assert not {'dagster', 'duckdb', 'sqlglot'} & set(sys.modules), 'imports too much'"
    )

    subprocess.run([sys.executable, "-c", code], check=True)
