"""An AWS of this process, on 127.0.0.1, and a platform that runs its training jobs here."""

import io
import json
import os
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import boto3
import pytest
from moto.backends import get_backend
from moto.core import DEFAULT_ACCOUNT_ID
from moto.server import ThreadedMotoServer

from fig_assets.engines.sagemaker import Place
from tests.engines.s3 import Server

REGION, BUCKET = "eu-central-1", "fig-tests"
PLACE = Place(
    role="arn:aws:iam::123456789012:role/training",
    image="123456789012.dkr.ecr.eu-central-1.amazonaws.com/fig:1",
    s3=f"s3://{BUCKET}/deep/prefix",
    instance_type="ml.m5.large",
    volume_gb=20,
    region=REGION,
)
POLL_S = 0.1


class Platform(threading.Thread):
    """Does what SageMaker does with a job: fetches channels, runs the image, stores the model."""

    def __init__(self, folder: Path, failure: str = "") -> None:
        super().__init__(daemon=True)
        self.folder, self.failure = folder, failure
        self.done = threading.Event()
        self.requests: list[dict[str, Any]] = []

    @property
    def jobs(self) -> dict[str, Any]:
        found: dict[str, Any] = get_backend("sagemaker")[DEFAULT_ACCOUNT_ID][REGION].training_jobs
        return found

    def run(self) -> None:
        seen: set[str] = set()
        while not self.done.wait(0.01):
            for name, job in list(self.jobs.items()):
                if name not in seen:
                    seen.add(name)
                    job.training_job_status = job.secondary_status = "InProgress"
                    self.work(job)

    def work(self, job: Any) -> None:
        if self.failure:
            job.failure_reason = self.failure
            job.training_job_status = job.secondary_status = "Failed"
            return
        base = self.folder / job.training_job_name
        s3 = boto3.client("s3")
        for channel in job.input_data_config:
            uri = channel["DataSource"]["S3DataSource"]["S3Uri"].removeprefix(f"s3://{BUCKET}/")
            for found in s3.list_objects_v2(Bucket=BUCKET, Prefix=uri)["Contents"]:
                name = found["Key"].removeprefix(uri)
                place = base / "input/data" / channel["ChannelName"] / name
                place.parent.mkdir(parents=True, exist_ok=True)
                s3.download_file(BUCKET, found["Key"], str(place))
        (base / "input/config").mkdir()
        config = base / "input/config/hyperparameters.json"
        config.write_text(json.dumps(job.hyper_parameters))
        command = [sys.executable, "-m", "fig_assets.container", "train"]
        environment = {**os.environ, "SAGEMAKER_BASE_DIR": str(base), "PYTHONHASHSEED": "0"}
        ended = subprocess.run(command, check=False, env=environment, capture_output=True)
        if ended.returncode:
            told = (base / "output/failure").read_text()
            job.failure_reason = f"AlgorithmError: {told}, exit code: {ended.returncode}"
            job.training_job_status = job.secondary_status = "Failed"
            return
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz") as archive:
            archive.add(base / "model", ".")
        key = job.model_artifacts["S3ModelArtifacts"].removeprefix(f"s3://{BUCKET}/")
        s3.put_object(Bucket=BUCKET, Key=key, Body=packed.getvalue())
        job.training_job_status = job.secondary_status = "Completed"


@contextmanager
def aws(patch: pytest.MonkeyPatch, s3: Server | None = None) -> Iterator[None]:
    """Serve S3 and SageMaker at 127.0.0.1, with one bucket; boto3 finds it by the environment.

    `s3` is another server of S3, a real one.
    """
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    urlopen(Request(f"{url}/moto-api/reset", method="POST")).close()
    patch.setenv("AWS_ENDPOINT_URL", url)
    patch.setenv("AWS_ACCESS_KEY_ID", "canary-id")
    patch.setenv("AWS_SECRET_ACCESS_KEY", "canary-secret")
    patch.setenv("AWS_DEFAULT_REGION", REGION)
    try:
        if s3 is not None:
            s3.login(patch)
            s3.bucket(BUCKET)
            yield
            return
        where = {"LocationConstraint": REGION}
        boto3.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration=where)
        yield
    finally:
        server.stop()


@contextmanager
def platform(folder: Path, failure: str = "") -> Iterator[Platform]:
    """Run training jobs until the end of the block."""
    found = Platform(folder, failure)
    found.start()
    try:
        yield found
    finally:
        found.done.set()
        found.join()
