"""Folders of data -> a training job at Amazon SageMaker, waited for -> the archive of its model.

boto3 reads region, credentials and endpoints as ever: from its files and the environment.
"""

import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from fig_assets.engines.connection import ANY_ACCESS, S3Access
from fig_assets.errors import EngineError, UnsupportedOnEngine

if TYPE_CHECKING:
    from botocore.client import BaseClient

POLL_S = 15.0
PENDING_S = 3_600.0
"""How long a job may wait for its machine, beside the time that it may train."""
ARTIFACT_ATTEMPTS = 60
"""How many seconds the model of a completed job may take to appear."""
ENDED = ("Completed", "Failed", "Stopped")
PARQUET = "application/x-parquet"
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Place:
    """Where jobs run, and where their data lies."""

    role: str
    image: str
    s3: str
    """A bucket and a prefix: `s3://my-bucket/fig`."""
    instance_type: str
    volume_gb: int
    region: str | None = None
    """None: that of the machine's settings."""
    access: S3Access = ANY_ACCESS
    """How the bucket is reached; its profile is that of the jobs too."""


@dataclass(frozen=True)
class TrainingJob:
    """What a job is asked with."""

    name: str
    """At most 63 letters, digits and hyphens; no job of the account has it."""
    hyperparameters: Mapping[str, str]
    channels: Mapping[str, Path]
    """A folder of files for each channel."""
    timeout_s: float
    most_bytes: int
    """How large the packed model may be."""


class JobFailed(EngineError):
    """A training job failed, was stopped, or did not end in time."""


def run_training_job(
    job: TrainingJob, place: Place, archive: Path, *, poll_s: float = POLL_S
) -> None:
    """Send a job, wait for it, and fetch its `model.tar.gz`.

    Its changes of status are told to the log. A job that is given up is stopped.

    Args:
        job: What to train.
        place: Where.
        archive: Where to write the model to.
        poll_s: Seconds between looks at the job.

    Raises:
        UnsupportedOnEngine: boto3 is not installed.
        JobFailed: The job failed, was stopped, or did not end in time; tells SageMaker's reason.
        EngineError: AWS cannot be reached, or refuses.
    """
    bucket, _, prefix = place.s3.removeprefix("s3://").partition("/")
    home = "/".join(filter(None, [*prefix.split("/"), job.name]))
    with _clients(place) as (s3, sagemaker), _told():
        for name, folder in job.channels.items():
            for path in sorted(p for p in folder.rglob("*") if p.is_file()):
                key = f"{home}/input/{name}/{path.relative_to(folder).as_posix()}"
                s3.upload_file(str(path), bucket, key)
        sagemaker.create_training_job(**request(job, place, f"s3://{bucket}/{home}"))
        found = _wait(sagemaker, job, poll_s)
        _fetch(s3, found["ModelArtifacts"]["S3ModelArtifacts"], archive, job.most_bytes)


def request(job: TrainingJob, place: Place, home: str) -> dict[str, Any]:
    """Return what `CreateTrainingJob` is asked with; data lies below `home`."""
    channels = [
        {
            "ChannelName": name,
            "ContentType": PARQUET,
            "InputMode": "File",
            "DataSource": {
                "S3DataSource": {
                    "S3DataType": "S3Prefix",
                    "S3Uri": f"{home}/input/{name}/",
                    "S3DataDistributionType": "FullyReplicated",
                }
            },
        }
        for name in job.channels
    ]
    return {
        "TrainingJobName": job.name,
        "AlgorithmSpecification": {"TrainingImage": place.image, "TrainingInputMode": "File"},
        "RoleArn": place.role,
        "HyperParameters": dict(job.hyperparameters),
        "InputDataConfig": channels,
        "OutputDataConfig": {"S3OutputPath": f"{home}/output"},
        "ResourceConfig": {
            "InstanceType": place.instance_type,
            "InstanceCount": 1,
            "VolumeSizeInGB": place.volume_gb,
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": max(1, round(job.timeout_s))},
    }


@contextmanager
def _clients(place: Place) -> "Iterator[tuple[BaseClient, BaseClient]]":
    try:
        import boto3
        from botocore.config import Config
    except ImportError as refusal:
        raise UnsupportedOnEngine(
            "training at SageMaker needs boto3\n  fix: pip install 'fig-assets[aws]'"
        ) from refusal
    with _told():
        access = place.access
        session = boto3.session.Session(
            region_name=place.region or access.region or None, profile_name=access.profile or None
        )
        endpoint = access.endpoint or None
        config = Config(s3={"addressing_style": "path"}) if endpoint else None
        s3 = session.client("s3", endpoint_url=endpoint, config=config)
        sagemaker = session.client("sagemaker")
    with closing(s3), closing(sagemaker):
        yield s3, sagemaker


@contextmanager
def _told() -> Iterator[None]:
    """Tell what AWS refuses in its own words."""
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (BotoCoreError, Boto3Error, ClientError) as refusal:
        raise EngineError(
            f"AWS refuses: {refusal}\n"
            '  fix: mend "training" of the environment, or the settings and rights of AWS'
        ) from refusal


def _wait(sagemaker: "BaseClient", job: TrainingJob, poll_s: float) -> Mapping[str, Any]:
    """Look at a job until it has ended, and stop it where that goes wrong."""
    has_ended = False
    try:
        found = _watch(sagemaker, job, poll_s)
        has_ended = True
    finally:
        if not has_ended:
            _stop(sagemaker, job.name)
    if found["TrainingJobStatus"] != "Completed":
        reason = found.get("FailureReason", found.get("SecondaryStatus", "no reason told"))
        raise JobFailed(f"the training job {job.name} is {found['TrainingJobStatus']}: {reason}")
    return found


def _watch(sagemaker: "BaseClient", job: TrainingJob, poll_s: float) -> Mapping[str, Any]:
    end = time.monotonic() + job.timeout_s + PENDING_S
    status = ""
    while time.monotonic() < end:
        time.sleep(poll_s)
        found: Mapping[str, Any] = sagemaker.describe_training_job(TrainingJobName=job.name)
        now = str(found.get("SecondaryStatus", found["TrainingJobStatus"]))
        if now != status:
            _LOG.info("training job %s: %s", job.name, now)
            status = now
        if found["TrainingJobStatus"] in ENDED:
            return found
    raise JobFailed(f"the training job {job.name} did not end in time, it is {status}")


def _stop(sagemaker: "BaseClient", name: str) -> None:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        sagemaker.stop_training_job(TrainingJobName=name)
    except (BotoCoreError, ClientError) as refusal:
        _LOG.warning("training job %s could not be stopped: %s", name, refusal)


def _fetch(s3: "BaseClient", uri: str, archive: Path, most_bytes: int) -> None:
    """Download the model of a job, unless it is too large."""
    place = urlsplit(uri)
    what = {"Bucket": place.netloc, "Key": place.path.lstrip("/")}
    attempts = {"Delay": 1, "MaxAttempts": ARTIFACT_ATTEMPTS}
    s3.get_waiter("object_exists").wait(**what, WaiterConfig=attempts)
    size = s3.head_object(**what)["ContentLength"]
    if size > most_bytes:
        raise JobFailed(f"{uri} has {size:,} bytes, more than {most_bytes:,}")
    s3.download_file(what["Bucket"], what["Key"], str(archive))
