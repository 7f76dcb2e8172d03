"""Training jobs at a server that looks like AWS: what is asked, awaited, fetched and told."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import boto3
import pytest

from fig_assets.engines.sagemaker import JobFailed, TrainingJob, request, run_training_job
from fig_assets.errors import EngineError
from tests.engines.aws import BUCKET, PLACE, POLL_S, aws, platform


@pytest.fixture(scope="module", autouse=True)
def _aws() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch, aws(patch):
        yield


def job(folder: Path, name: str) -> TrainingJob:
    channel = folder / "train"
    (channel / "deep").mkdir(parents=True)
    (channel / "deep" / "a.txt").write_text("rows")
    return TrainingJob(name, {"x": "1"}, {"train": channel}, timeout_s=90.4, most_bytes=1_000)


def test_a_job_is_asked_for_as_the_service_wants_it(tmp_path: Path) -> None:
    asked = job(tmp_path, "asked")

    assert request(asked, PLACE, "s3://b/home") == {
        "TrainingJobName": "asked",
        "AlgorithmSpecification": {"TrainingImage": PLACE.image, "TrainingInputMode": "File"},
        "RoleArn": PLACE.role,
        "HyperParameters": {"x": "1"},
        "InputDataConfig": [
            {
                "ChannelName": "train",
                "ContentType": "application/x-parquet",
                "InputMode": "File",
                "DataSource": {
                    "S3DataSource": {
                        "S3DataType": "S3Prefix",
                        "S3Uri": "s3://b/home/input/train/",
                        "S3DataDistributionType": "FullyReplicated",
                    }
                },
            }
        ],
        "OutputDataConfig": {"S3OutputPath": "s3://b/home/output"},
        "ResourceConfig": {
            "InstanceType": "ml.m5.large",
            "InstanceCount": 1,
            "VolumeSizeInGB": 20,
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": 90},
    }


def test_a_job_that_fails_tells_the_reason_of_the_service(tmp_path: Path) -> None:
    with (
        platform(tmp_path, "AlgorithmError: odd rows, exit code: 1") as running,
        pytest.raises(JobFailed, match="the training job failing is Failed: AlgorithmError: odd"),
    ):
        run_training_job(job(tmp_path, "failing"), PLACE, tmp_path / "m", poll_s=POLL_S)

    [asked] = running.jobs.values()
    assert asked.role_arn == PLACE.role
    assert asked.output_data_config == {"S3OutputPath": f"s3://{BUCKET}/deep/prefix/failing/output"}
    stored = boto3.client("s3").list_objects_v2(Bucket=BUCKET)["Contents"]
    assert [o["Key"] for o in stored] == ["deep/prefix/failing/input/train/deep/a.txt"]


def test_a_model_that_is_too_large_is_not_fetched(tmp_path: Path) -> None:
    key = "deep/prefix/large/output/large/output/model.tar.gz"
    boto3.client("s3").put_object(Bucket=BUCKET, Key=key, Body=b"0" * 1_001)

    with pytest.raises(JobFailed, match="has 1,001 bytes, more than 1,000"):
        run_training_job(job(tmp_path, "large"), PLACE, tmp_path / "m", poll_s=POLL_S)

    assert not (tmp_path / "m").exists()


def test_what_aws_refuses_is_told_in_its_words_with_a_mend(tmp_path: Path) -> None:
    nowhere = replace(PLACE, s3="s3://no-such-bucket/x")
    with pytest.raises(EngineError, match="NoSuchBucket") as refusal:
        run_training_job(job(tmp_path, "nowhere"), nowhere, tmp_path / "m", poll_s=POLL_S)

    assert 'fix: mend "training" of the environment' in str(refusal.value)
    assert "canary" not in str(refusal.value)


def test_a_model_that_never_appears_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fig_assets.engines.sagemaker.ARTIFACT_ATTEMPTS", 1)
    with pytest.raises(EngineError, match="ObjectExists failed"):
        run_training_job(job(tmp_path, "empty"), PLACE, tmp_path / "m", poll_s=POLL_S)


def test_without_boto3_it_is_said_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "boto3", None)
    with pytest.raises(EngineError, match=r"pip install 'fig-assets\[aws\]'"):
        run_training_job(job(tmp_path, "absent"), PLACE, tmp_path / "m")
