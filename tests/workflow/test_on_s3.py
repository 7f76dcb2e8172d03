"""A whole project over a lake and models in a bucket, beside the same one on disk."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from fig_assets.cli import main
from fig_assets.project import Project, load_project
from tests.assets.signins import ENVIRONMENT, FIRST, days_from, write_project
from tests.engines.s3 import BUCKET, Server

DAYS = days_from(FIRST, 6)
Digests = dict[tuple[str, date], dict[str, str]]


@pytest.fixture(scope="module")
def server(s3_server: Server) -> Iterator[Server]:
    with pytest.MonkeyPatch.context() as patch:
        s3_server.login(patch)
        patch.delenv("AWS_ENDPOINT_URL_S3")
        yield s3_server


@pytest.fixture(scope="module")
def root(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project after `fig run` in two environments, one of them in a bucket."""
    root = tmp_path_factory.mktemp("on_s3")
    lake = server.lake()
    cloud = {
        **ENVIRONMENT,
        "name": "cloud",
        "warehouse": {"type": "duckdb", "path": lake, "temp_directory": "temp"},
        "models": {"path": lake.replace("/lake", "/models")},
        "s3": {"endpoint": server.url, "region": "us-east-1"},
    }
    write_project(root, {"environments/cloud.json": cloud}, days=len(DAYS))
    for name in ("local", "cloud"):
        fig(root, name, "run", "--from", str(DAYS[0]), "--to", str(DAYS[-1]))
    return root


def fig(root: Path, environment: str, *words: str) -> None:
    options = ["--project", str(root / "configs"), "--env", environment]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", str(root / "home" / environment))
        done = CliRunner().invoke(main, [*words, *options])
    assert done.exit_code == 0, done.output


def digests(project: Project, relations: list[str]) -> Digests:
    engine = project.workspace.engine
    return {
        (name, day): {column: it.digest for column, it in stored.columns.items()}
        for name in relations
        for day in engine.days(name)
        if (stored := engine.partition(name, day))
    }


def test_every_day_of_every_relation_is_the_one_on_disk(root: Path) -> None:
    files = (root / "lake").rglob("day=*/data.parquet")
    relations = sorted({str(file.parent.parent.relative_to(root / "lake")) for file in files})
    with load_project(root / "configs", "local") as local:
        expected = digests(local, relations)
    with load_project(root / "configs", "cloud") as cloud:
        assert digests(cloud, relations) == expected
        assert len(expected) > 50
        scores = cloud.read("scorer", start=DAYS[-1])
        assert scores.num_rows == 24
        assert set(scores["trained_for"].to_pylist()) == {DAYS[4]}
        assert '"work": []' in cloud.plan(DAYS[0], DAYS[-1]).to_text()


def test_the_bucket_holds_the_lake_and_the_models_and_the_disk_holds_copies(
    root: Path, server: Server
) -> None:
    with load_project(root / "configs", "cloud") as cloud:
        lake = cloud.config.environment.spec.warehouse.path or ""
        assert str(cloud.workspace.registry.root) == lake.replace("/lake", "/models")
        assert cloud.workspace.registry.trained_days("scorer", 1) == (DAYS[4],)
    prefix = lake.removeprefix(f"s3://{BUCKET}/").removesuffix("lake")
    found = server.client().list_objects_v2(Bucket=BUCKET, Prefix=prefix)["Contents"]
    keys = {it["Key"].removeprefix(prefix) for it in found}
    assert f"lake/events/login/day={DAYS[0]}/data.parquet" in keys
    assert "lake/catalog.sql" in keys
    assert f"models/scorer/v1/{DAYS[4]}/card.json" in keys
    assert not [key for key in keys if "tmp" in key]
    assert list((root / "temp" / "copies").rglob("*.parquet"))


def test_reports_and_differences_are_made_of_what_the_bucket_holds_and_put_there(
    root: Path, server: Server
) -> None:
    address = server.lake().replace("/lake", "")
    key = address.removeprefix(f"s3://{BUCKET}/")
    fig(root, "cloud", "report", "models", "scorer", "--html", f"{address}/models.html")
    versions = ("ip.failure_rate@1", "ip.failure_rate@2")
    fig(root, "cloud", "diff", *versions, "--days", "2", "--html", f"{address}/diff.html")
    fig(root, "cloud", "models", "list")
    for name, word in (("models", "scorer"), ("diff", "failure_rate")):
        page = server.client().get_object(Bucket=BUCKET, Key=f"{key}/{name}.html")
        assert page["ContentType"].startswith("text/html")
        assert word in page["Body"].read().decode()
