import pytest
from pydantic import ValidationError

from fig_assets.config.schema import Environment, Secret, Warehouse

LOCAL = {
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
        {"type": "snowflake", "connection": {"account": "acme", "password": {"env": "PASSWORD"}}}
    )

    assert warehouse.connection == {"account": "acme", "password": Secret(env="PASSWORD")}


@pytest.mark.parametrize("key", ["password", "auth_token", "private_key", "client_secret"])
def test_a_secret_in_the_file_is_refused_and_not_repeated(key: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        Warehouse.model_validate({"type": "snowflake", "connection": {key: "hunter2"}})

    [error] = refusal.value.errors()
    assert error["msg"] == "a secret must not stand in a file"
    assert "hunter2" not in str(error["ctx"])


def test_a_duckdb_warehouse_needs_a_path() -> None:
    with pytest.raises(ValidationError, match='a duckdb warehouse needs "path"'):
        Warehouse.model_validate({"type": "duckdb"})
