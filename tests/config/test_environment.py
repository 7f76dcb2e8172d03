from typing import Any

import pytest
from pydantic import ValidationError

from fig_assets.config.schema import Environment, Secret, Warehouse

LOCAL: dict[str, Any] = {
    "name": "local",
    "warehouse": {"type": "duckdb", "path": "data/lake"},
    "models": {"path": "data/models"},
    "sources": {
        "events": {"format": "json", "path": "data/raw/events/{date}*.jsonl*", "late_days": 2},
        "employees": {"format": "csv", "path": "data/raw/employees.csv"},
    },
    "event_defaults": {"event_type": "event_name", "time": "published", "id": "uuid"},
}


def test_an_environment_of_the_language_loads() -> None:
    local = Environment.model_validate(LOCAL)

    assert local.sources["events"].late_days == 2
    assert local.sources["employees"].late_days == 1
    assert local.event_defaults.id == "uuid"
    assert local.schedules is True


def test_secrets_are_names_of_environment_variables() -> None:
    warehouse = Warehouse.model_validate(
        {"type": "duckdb", "path": "lake", "connection": {"a": "b", "token": {"env": "TOKEN"}}}
    )

    assert warehouse.connection == {"a": "b", "token": Secret(env="TOKEN")}


@pytest.mark.parametrize("key", ["password", "auth_token", "private_key", "client_secret"])
def test_a_secret_in_the_file_is_refused_and_not_repeated(key: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        Warehouse.model_validate({"type": "snowflake", "connection": {key: "hunter2"}})

    [error] = refusal.value.errors()
    assert error["msg"] == "a secret must not stand in a file"
    assert "hunter2" not in str(error["ctx"])


@pytest.mark.parametrize("kind", ["duckdb", "spark"])
def test_a_warehouse_over_a_lake_needs_a_path(kind: str) -> None:
    with pytest.raises(ValidationError, match=f'a {kind} warehouse needs "path"'):
        Warehouse.model_validate({"type": kind})


SPARK = {"type": "spark", "path": "data/lake"}


@pytest.mark.parametrize(
    "connection",
    [
        {},
        {"master": "local[2]", "spark.driver.memory": "8g"},
        {"remote": "sc://spark:15002", "token": {"env": "FIG_SPARK_TOKEN"}},
    ],
    ids=["the defaults", "a classic session", "a server"],
)
def test_a_spark_is_started_here_or_that_of_a_server(connection: dict[str, object]) -> None:
    warehouse = Warehouse.model_validate({**SPARK, "connection": connection})
    assert set(warehouse.connection) == set(connection)


@pytest.mark.parametrize(
    ("connection", "message", "at"),
    [
        ({"url": "sc://spark"}, "unknown setting of Spark 'url'", "url"),
        (
            {"remote": "sc://spark", "master": "local[2]"},
            'or is that of a server by "rem',
            "master",
        ),
        (
            {"remote": "sc://spark", "token": "hunter2"},
            "a secret must not stand in a file",
            "token",
        ),
    ],
)
def test_what_no_spark_understands_is_refused(
    connection: dict[str, object], message: str, at: str
) -> None:
    with pytest.raises(ValidationError) as refusal:
        Warehouse.model_validate({**SPARK, "connection": connection})

    [error] = refusal.value.errors()
    assert message in error["msg"]
    assert error["ctx"]["at"] == ("connection", at)
    assert "hunter2" not in str(error["ctx"])


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("memory_limit", "6GB"),
        ("memory_limit", "512 MiB"),
        ("memory_limit", "1.5TB"),
        ("memory_limit", "100%"),
        ("max_temp_directory_size", "100GB"),
        ("temp_directory", "/scratch/fig"),
        ("threads", 1),
        ("threads", 1024),
    ],
)
def test_a_duckdb_warehouse_takes_what_it_may_use_of_the_machine(
    key: str, value: str | int
) -> None:
    warehouse = Warehouse.model_validate({**LOCAL["warehouse"], key: value})
    assert getattr(warehouse, key) == value


@pytest.mark.parametrize(
    ("key", "value", "message", "fix"),
    [
        ("memory_limit", "6", 'a size such as "6GB", or a share', 'write "6GB"'),
        ("memory_limit", 6, "a size such as", 'write "6GB"'),
        ("memory_limit", "6g", "a size such as", 'write "6GB"'),
        ("memory_limit", "512 mib", "a size such as", 'write "512MiB"'),
        ("memory_limit", "0GB", "a size such as", 'write "6GB"'),
        ("memory_limit", "-1GB", "a size such as", 'write "6GB"'),
        ("memory_limit", "0%", "a size such as", 'write "6GB"'),
        ("memory_limit", "101%", "a size such as", 'write "6GB"'),
        ("max_temp_directory_size", "50%", 'a size such as "6GB" or', 'write "6GB"'),
        ("max_temp_directory_size", "100 gb", "a size such as", 'write "100GB"'),
    ],
)
def test_sizes_have_units(key: str, value: str | int, message: str, fix: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        Warehouse.model_validate({**LOCAL["warehouse"], key: value})

    [error] = refusal.value.errors()
    assert message in error["msg"]
    assert error["ctx"]["fix"] == fix
    assert error["loc"] == (key,)


@pytest.mark.parametrize("threads", [0, -1, 1025, 1.5, "2", True])
def test_threads_are_a_whole_number(threads: object) -> None:
    with pytest.raises(ValidationError, match="threads"):
        Warehouse.model_validate({**LOCAL["warehouse"], "threads": threads})


@pytest.mark.parametrize(
    "key", ["memory_limit", "temp_directory", "max_temp_directory_size", "threads"]
)
def test_only_what_computes_here_has_limits_of_this_machine(key: str) -> None:
    value = 2 if key == "threads" else "6GB"
    with pytest.raises(ValidationError, match=f'"{key}" is for duckdb warehouses'):
        Warehouse.model_validate({"type": "snowflake", key: value})
    with pytest.raises(ValidationError, match=f'"{key}" is for duckdb warehouses'):
        Warehouse.model_validate({**SPARK, key: value})
