"""What `deploy/` has is run: code server, daemon and queue over a real PostgreSQL server."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import dagster as dg
import pytest
import yaml
from dagster._cli.api import api_cli

from tests.assets.postgres import Postgres, programs, serving
from tests.assets.server import INTERRUPTIBLE, ROOT, free_port, stop, wait_until
from tests.assets.signins import ENVIRONMENT, FIRST, days_from, key, write_project

pytestmark = pytest.mark.slow

DEPLOY = ROOT / "deploy"
DAYS = [str(day) for day in days_from(FIRST, 2)]
JOB = "daily_etl"
DONE = (dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED)
ENDED_S = 300


@dataclass(frozen=True)
class Deployed:
    """What Dagster recorded of a backfill, and what was said on the way."""

    runs: Sequence[dg.RunRecord]
    days: Mapping[str, set[str]]
    storages: Sequence[str]
    log: str
    password: str


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    """Two days as two runs of one backfill, by what the files of `deploy/` say."""
    if programs() is None:
        pytest.skip("there is no PostgreSQL server: apt-get install postgresql")
    folder = tmp_path_factory.mktemp("deploy")
    configs = _write_events_alone(folder)
    for name in ("dagster.yaml", "workspace.yaml"):
        shutil.copy(DEPLOY / name, folder)
    shutil.copy(ROOT / "definitions.py", folder)
    with serving(folder) as postgres:
        variables = _variables(folder, configs, postgres)
        port = variables["FIG_CODE_PORT"]
        code = [*_command("CMD")[:3], "-h", "127.0.0.1", "-p", port, "-f", "definitions.py"]
        with _running(folder, code, variables):
            wait_until(lambda: _listens(int(port)), ENDED_S)
            health = [*_command("HEALTHCHECK")[1:3], "-p", port]
            assert _dagster(folder, variables, *health).returncode == 0
            words = ["-w", "workspace.yaml", "-j", JOB, "--from", DAYS[0], "--to", DAYS[-1]]
            asked = _dagster(folder, variables, "job", "backfill", *words, "--noprompt")
            assert asked.returncode == 0, asked.stdout + asked.stderr
            with _running(folder, ["dagster-daemon", "run", "-w", "workspace.yaml"], variables):
                yield _recorded(folder, variables, postgres)


def _write_events_alone(folder: Path) -> Path:
    """Write a project that imports one event, in an environment called production."""
    configs = write_project(folder, days=len(DAYS))
    for name in ("features", "labels", "models", "tables"):
        shutil.rmtree(configs / name)
    place = json.dumps({**ENVIRONMENT, "name": "production"})
    (configs / "environments" / "production.json").write_text(place, encoding="utf-8")
    return configs


def _variables(folder: Path, configs: Path, postgres: Postgres) -> dict[str, str]:
    return {
        **postgres.variables,
        "DAGSTER_HOME": str(folder),
        "DAGSTER_EVENT_BATCH_SIZE": "1000",
        "FIG_PROJECT": str(configs),
        "FIG_ENV": "production",
        "FIG_CODE_HOST": "127.0.0.1",
        "FIG_CODE_PORT": str(free_port()),
    }


def _listens(port: int) -> bool:
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0


def _dagster(
    folder: Path, variables: Mapping[str, str], *words: str
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [str(Path(sys.executable).parent / "dagster"), *words],
        cwd=folder,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


@contextmanager
def _running(folder: Path, command: Sequence[str], variables: Mapping[str, str]) -> Iterator[None]:
    program = str(Path(sys.executable).parent / command[0])
    with (folder / "said.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", INTERRUPTIBLE, program, *command[1:]],
            cwd=folder,
            env={**os.environ, **variables},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            yield
        finally:
            stop(process)


def _recorded(folder: Path, variables: Mapping[str, str], postgres: Postgres) -> Deployed:
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        with dg.DagsterInstance.from_config(str(folder)) as instance:

            def all_ended() -> bool:
                runs = instance.get_runs()
                return len(runs) == len(DAYS) and all(run.status in DONE for run in runs)

            said = folder / "said.log"
            wait_until(all_ended, ENDED_S, lambda: said.read_text(encoding="utf-8")[-4000:])
            assets = ("raw/events", "events/login", "events/login/outcome__v1")
            return Deployed(
                runs=instance.get_run_records(),
                days={name: instance.get_materialized_partitions(key(name)) for name in assets},
                storages=[type(it).__name__ for it in _storages(instance)],
                log=said.read_text(encoding="utf-8"),
                password=postgres.password,
            )
    finally:
        os.environ.clear()
        os.environ.update(before)


def _storages(instance: dg.DagsterInstance) -> Sequence[object]:
    return (instance.run_storage, instance.event_log_storage, instance.schedule_storage)


def test_runs_and_events_are_kept_in_postgresql(deployed: Deployed) -> None:
    assert deployed.storages == [
        "PostgresRunStorage", "PostgresEventLogStorage", "PostgresScheduleStorage",
    ]  # fmt: skip
    assert deployed.days == {name: set(DAYS) for name in deployed.days}


def test_the_runs_of_a_backfill_wait_in_the_queue_for_each_other(deployed: Deployed) -> None:
    statuses = [record.dagster_run.status for record in deployed.runs]
    assert statuses == [dg.DagsterRunStatus.SUCCESS] * len(DAYS), deployed.log[-4000:]
    times = sorted((run.start_time or 0, run.end_time or 0) for run in deployed.runs)
    for (_, ended), (started, _) in pairwise(times):
        assert ended <= started


def test_no_secret_is_said(deployed: Deployed) -> None:
    assert deployed.password not in deployed.log
    for record in deployed.runs:
        assert deployed.password not in json.dumps(record.dagster_run.tags)


def _instructions() -> list[tuple[str, str]]:
    text = (DEPLOY / "Containerfile").read_text(encoding="utf-8")
    joined = re.sub(r"\\\n", " ", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE))
    lines = [line.split(maxsplit=1) for line in joined.splitlines() if line.strip()]
    return [(word, rest) for word, rest in lines]


def _command(instruction: str) -> list[str]:
    (last,) = [rest for word, rest in _instructions() if word == instruction]
    return [str(word) for word in json.loads(last[last.index("[") :])]


def test_the_image_is_built_from_the_lock_file_and_from_files_that_are_there() -> None:
    locked = {
        re.split(r"[=\[ ]", line)[0]
        for line in (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
        if "==" in line
    }
    copied = [
        name
        for word, rest in _instructions()
        if word == "COPY" and not rest.startswith("--from")
        for name in rest.split()[:-1]
    ]
    (left_out,) = [rest for word, rest in _instructions() if rest.startswith("LEAVE_OUT=")]

    assert all((ROOT / name).exists() for name in copied)
    assert set(left_out.partition("=")[2].strip('"').split()) <= locked
    assert "--require-hashes -r requirements.lock" in str(_instructions())
    assert [rest for word, rest in _instructions() if word == "USER"] == ["10001"]


def test_what_the_image_runs_there_is() -> None:
    for words in (_command("CMD"), _command("HEALTHCHECK")):
        assert words[0] == "dagster"
        options = {word for word in words if word.startswith("-")}
        known = api_cli.commands[words[2]].params
        assert options <= {option for parameter in known for option in parameter.opts}


@pytest.mark.parametrize("path", sorted(DEPLOY.rglob("*.yaml")), ids=lambda path: path.name)
def test_no_file_holds_a_secret_and_all_can_be_read(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert yaml.safe_load(text)
    for line in text.splitlines():
        if "password:" in line.lower().split("#")[0]:
            assert "env:" in line or "${" in line


def test_every_service_of_compose_has_what_the_instance_reads() -> None:
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    read = re.findall(r"env: (\w+)", (DEPLOY / "dagster.yaml").read_text(encoding="utf-8"))
    read += re.findall(r"env: (\w+)", (DEPLOY / "workspace.yaml").read_text(encoding="utf-8"))
    by_image = next(rest for word, rest in _instructions() if word == "ENV")
    for name in ("code", "daemon", "web"):
        given = compose["services"][name]["environment"]
        assert all(variable in given or f"{variable}=" in by_image for variable in read)
