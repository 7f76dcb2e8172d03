"""The example of own training code: run by fig, by SageMaker's toolkit, as a job; served."""

import json
import math
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from hashlib import md5
from http.client import HTTPConnection
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from fig_assets.cli import main
from fig_assets.models.artifact import Artifact
from fig_assets.models.jobs import Job, LocalPlatform, OwnCodeFailed, lay_out
from fig_assets.models.model_files import from_folder
from fig_assets.models.own import train_own
from fig_assets.models.remote import SageMakerPlatform
from fig_assets.models.train import TrainingRequest
from fig_assets.project import Project, load_project
from tests.engines.aws import BUCKET, PLACE, POLL_S, aws, platform
from tests.engines.s3 import Server

EXAMPLE = Path(__file__).parents[2] / "examples" / "own_code"
DAY = date(2026, 3, 4)
LOCATION = "linear_scorer"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the example after `fig run`, trained and scored on `DAY`."""
    root = tmp_path_factory.mktemp("own_code")
    shutil.copytree(EXAMPLE, root, dirs_exist_ok=True)
    words = ["run", "--project", str(root / "configs"), "--from", "2026-03-01", "--to", str(DAY)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", str(root / "home"))
        done = CliRunner().invoke(main, words)
    assert done.exit_code == 0, done.output
    return root


@pytest.fixture(scope="module")
def project(root: Path) -> Iterator[Project]:
    with load_project(root / "configs") as found:
        yield found


@pytest.fixture(scope="module")
def artifact(project: Project) -> Artifact:
    return project.workspace.registry.load("sign_in_scorer", 1, DAY)


@pytest.fixture(scope="module")
def job(project: Project, artifact: Artifact) -> Job:
    """What the package was asked with, made again."""
    recorder = Recorder()
    again = train_again(project, artifact, recorder)
    assert recorder.asked is not None
    assert again.card == artifact.card
    return recorder.asked


class Recorder(LocalPlatform):
    """Trains here, and keeps what was asked."""

    asked: Job | None = None

    def train(self, job: Job) -> dict[str, bytes]:
        self.asked = job
        return super().train(job)


def train_again(project: Project, artifact: Artifact, where: "Recorder") -> Artifact:
    card, model = artifact.card, project.graph.models["sign_in_scorer"]
    request = TrainingRequest(
        model=card.model,
        version=card.version,
        trained_for=card.trained_for,
        days=card.days,
        inputs=card.inputs,
        label=card.label,
        positive=card.positive,
        key=card.key,
        hyperparameters={"C": [0.05, 0.5, 5.0]},
    )
    assert model.own is not None
    return train_own(project.training_set("sign_in_scorer", DAY), request, model.own, where)


def model_of(artifact: Artifact) -> dict[str, bytes]:
    named = artifact.files.items()
    return {name[6:]: content for name, content in named if name.startswith("model/")}


def test_the_example_is_valid_locked_and_complete(root: Path) -> None:
    words = ["--project", str(root / "configs")]
    checked = CliRunner().invoke(main, ["validate", "--strict", *words])
    assert checked.exit_code == 0, checked.output
    planned = CliRunner().invoke(main, ["plan", *words, "--to", str(DAY)])
    assert "nothing is missing or stale" in planned.output


def test_the_model_is_what_the_package_makes_of_the_same_rows(
    project: Project, artifact: Artifact, tmp_path: Path
) -> None:
    spec = spec_from_file_location(
        LOCATION, EXAMPLE / f"configs/models/code/{LOCATION}/__init__.py"
    )
    assert spec is not None
    assert spec.loader is not None
    package = module_from_spec(spec)
    spec.loader.exec_module(package)
    frame = project.training_set("sign_in_scorer", DAY).to_pandas().sort_values("session_id")
    held_out = np.array([int(md5(k.encode()).hexdigest(), 16) % 5 == 0 for k in frame.session_id])
    rows = frame[[entry.column for entry in artifact.card.inputs]]
    labels = (frame["plurality__v1"] == "bad").to_numpy()

    package.train(
        rows=rows[~held_out],
        labels=labels[~held_out],
        weights=np.ones((~held_out).sum()),
        validation_rows=rows[held_out],
        validation_labels=labels[held_out],
        hyperparameters={"C": [0.05, 0.5, 5.0], "seed": 7},
        model_dir=tmp_path,
    )

    assert (tmp_path / "linear.json").read_bytes() == artifact.files["model/linear.json"]


def test_scores_say_something_and_explanations_add_up(project: Project, root: Path) -> None:
    rows = project.read("sign_in_scorer", start=DAY, end=DAY).to_pylist()
    explained = [json.loads(row["explanation"]) for row in rows if row["explanation"]]

    assert len(rows) == 120
    assert 0 < len(explained) == len([row for row in rows if row["risk"] >= 0.5])
    risks = sorted(row["risk"] for row in rows if row["explanation"])
    odds = sorted(
        told["base"] + told["others"] + sum(it["contribution"] for it in told["attributes"])
        for told in explained
    )
    uncalibrated = [1 / (1 + math.exp(-it)) for it in odds]
    assert risks == pytest.approx(uncalibrated, abs=1e-4)


def test_sagemakers_toolkit_trains_the_same_model(
    artifact: Artifact, job: Job, tmp_path: Path
) -> None:
    layout = lay_out(job, tmp_path / "ml")
    environment = {
        **os.environ,
        "SAGEMAKER_BASE_DIR": str(layout.base),
        "SAGEMAKER_TRAINING_MODULE": "fig_assets.container.programs:train",
    }
    toolkit = Path(sys.executable).with_name("train")

    ended = subprocess.run([toolkit], check=False, env=environment, capture_output=True, text=True)

    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "Reporting training SUCCESS" in ended.stdout + ended.stderr
    assert from_folder(layout.model) == model_of(artifact)


def test_sagemakers_toolkit_is_told_why_training_failed(job: Job, tmp_path: Path) -> None:
    layout = lay_out(replace(job, hyperparameters={"seed": 7}), tmp_path / "ml")
    environment = {
        **os.environ,
        "SAGEMAKER_BASE_DIR": str(layout.base),
        "SAGEMAKER_TRAINING_MODULE": "fig_assets.container.programs:train",
    }
    ended = subprocess.run(
        [Path(sys.executable).with_name("train")], check=False, env=environment, capture_output=True
    )

    assert ended.returncode != 0, ended.stderr.decode()
    assert "train raised KeyError: 'C'" in layout.failure.read_text()


def test_a_training_job_gives_the_same_model(
    artifact: Artifact, job: Job, tmp_path: Path, s3_server: Server
) -> None:
    with (
        pytest.MonkeyPatch.context() as patch,
        aws(patch, s3_server),
        platform(tmp_path) as running,
    ):
        found = SageMakerPlatform(PLACE, POLL_S).train(job)
        [asked] = running.jobs.values()

    assert found == model_of(artifact)
    assert asked.training_job_name.startswith("fig-sign-in-scorer-v1-2026-03-04-")
    assert asked.hyper_parameters == {
        "C": "[0.05, 0.5, 5.0]",
        "seed": "7",
        "fig_location": '"linear_scorer"',
    }
    assert [c["ChannelName"] for c in asked.input_data_config] == ["train", "validation", "code"]
    assert asked.output_data_config["S3OutputPath"].startswith(f"s3://{BUCKET}/deep/prefix/fig-")


@contextmanager
def served(base: Path) -> Iterator[HTTPConnection]:
    """Run the container's server at 127.0.0.1 until the end of the block."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        "SAGEMAKER_BASE_DIR": str(base),
        "SAGEMAKER_BIND_TO_PORT": str(port),
        "FIG_LOCATION": LOCATION,
    }
    command = [sys.executable, "-m", "fig_assets.container", "serve"]
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    with subprocess.Popen(command, env=environment) as server:
        try:
            while server.poll() is None:
                try:
                    connection.connect()
                    break
                except ConnectionRefusedError:
                    time.sleep(0.05)
            yield connection
        finally:
            connection.close()
            server.terminate()
            assert server.wait(30) in (0, -15)


def ask(connection: HTTPConnection, method: str, path: str, body: str = "") -> tuple[int, str]:
    connection.request(method, path, body, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


def test_the_server_answers_as_a_container_must(
    project: Project, artifact: Artifact, tmp_path: Path
) -> None:
    for name, content in artifact.files.items():
        place = tmp_path / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    day = project.training_set("sign_in_scorer", DAY).slice(0, 5)
    rows = day.select([entry.column for entry in artifact.card.inputs]).to_pylist()
    from fig_assets.models.own import scores

    expected = scores(artifact, day).tolist()
    with served(tmp_path) as connection:
        assert ask(connection, "GET", "/ping") == (200, "")
        status, body = ask(connection, "POST", "/invocations", json.dumps(rows))
        assert (status, json.loads(body)) == (200, {"scores": expected})
        status, body = ask(connection, "POST", "/invocations", json.dumps({"rows": [{}]}))
        assert (status, len(json.loads(body)["scores"])) == (200, 1)
        assert ask(connection, "POST", "/invocations", "words")[0] == 400
        assert ask(connection, "POST", "/invocations", '[{"hour__v1": "x"}]')[0] == 400
        assert ask(connection, "GET", "/invocations")[0] == 405


def test_a_job_whose_code_fails_tells_what_it_raised(job: Job, tmp_path: Path) -> None:
    wrong = replace(job, hyperparameters={"seed": 7})
    with (
        pytest.MonkeyPatch.context() as patch,
        aws(patch),
        platform(tmp_path),
        pytest.raises(OwnCodeFailed) as refusal,
    ):
        SageMakerPlatform(PLACE, POLL_S).train(wrong)

    said = str(refusal.value)
    assert said.startswith(f"model 'sign_in_scorer' v1 trained for {DAY}: own code 'linear_scorer'")
    assert "is Failed: AlgorithmError: train raised KeyError: 'C'" in said


def test_fig_run_says_which_model_and_day_failed_and_keeps_the_scores(
    root: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "own_code"
    shutil.copytree(root, broken)
    place = broken / f"configs/models/code/{LOCATION}/__init__.py"
    place.write_text(place.read_text().replace("losses = {}", "losses = {}[0]"))
    (broken / "configs/attributes.lock.json").unlink()
    scores = {p: p.read_bytes() for p in (broken / "data/lake/scores").rglob("*.parquet")}
    words = ["--project", str(broken / "configs"), "--from", str(DAY), "--to", str(DAY)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", str(broken / "home"))
        selected = ["--select", "key:models/sign_in_scorer__v1"]
        done = CliRunner().invoke(main, ["run", *words, *selected])

    assert done.exit_code == 1
    assert f"model 'sign_in_scorer' v1 trained for {DAY}: own code 'linear_scorer'" in done.output
    assert "train raised KeyError: 0" in done.output
    assert {p: p.read_bytes() for p in scores} == scores
