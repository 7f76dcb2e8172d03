from typing import Any

import pytest
from pydantic import ValidationError

from fig_assets.config.schema import Source, Warehouse

CONNECTION: dict[str, Any] = {
    "account": "acme-eu",
    "user": "FIG_ANALYTICS",
    "role": "FIG_ANALYTICS",
    "warehouse": "FIG_WH",
    "database": "FIG",
    "schema": "ANALYTICS",
    "private_key": {"env": "FIG_SNOWFLAKE_KEY"},
}


def refusal_of(connection: dict[str, Any]) -> dict[str, Any]:
    with pytest.raises(ValidationError) as refusal:
        Warehouse.model_validate({"type": "snowflake", "connection": connection})
    [error] = refusal.value.errors()
    return {"message": error["msg"], **error["ctx"]}


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"private_key_passphrase": {"env": "FIG_PASSPHRASE"}},
        {"host": "127.0.0.1", "port": "8080", "protocol": "http", "network_timeout": "5"},
    ],
    ids=["a key", "a key with its passphrase", "another host"],
)
def test_a_whole_connection_is_taken(more: dict[str, Any]) -> None:
    given = Warehouse.model_validate({"type": "snowflake", "connection": {**CONNECTION, **more}})

    assert given.connection["role"] == "FIG_ANALYTICS"


def test_a_key_may_stand_in_a_file_whose_path_is_no_secret() -> None:
    rest = {key: it for key, it in CONNECTION.items() if key != "private_key"}
    given = {**rest, "private_key_path": "/run/secrets/fig.p8"}

    Warehouse.model_validate({"type": "snowflake", "connection": given})


@pytest.mark.parametrize(
    ("change", "message", "fix", "at"),
    [
        (
            {"shema": "X"},
            'a snowflake warehouse knows no setting "shema"',
            'did you mean "schema"?',
            ("connection", "shema"),
        ),
        (
            {"role": None, "schema": None},
            'a snowflake warehouse needs "role" and "schema" in "connection"',
            'add "role": "..." to "connection"',
            ("connection",),
        ),
        (
            {"schema": "my-schema"},
            '"schema" is no plain name: letters, digits and underscores, written here',
            'write a name such as "FIG_SCHEMA"',
            ("connection", "schema"),
        ),
        (
            {"private_key": None},
            'a snowflake warehouse needs "private_key", "private_key_path" or "password"',
            'add "private_key": {"env": "FIG_SNOWFLAKE_KEY"} to "connection"',
            ("connection",),
        ),
        (
            {"password": {"env": "FIG_PASSWORD"}},
            '"private_key" and "password" are two ways to log in',
            "keep one of them",
            ("connection", "password"),
        ),
    ],
    ids=["an unknown setting", "missing ones", "no plain name", "no secret", "two secrets"],
)
def test_a_connection_by_which_nobody_could_log_in_is_refused(
    change: dict[str, Any], message: str, fix: str, at: tuple[str, ...]
) -> None:
    given = {key: it for key, it in {**CONNECTION, **change}.items() if it is not None}

    refusal = refusal_of(given)

    assert (refusal["message"], refusal["fix"], refusal["at"]) == (message, fix, at)


def test_a_warehouse_without_a_connection_says_all_that_it_needs() -> None:
    refusal = refusal_of({})

    assert refusal["at"] == ()
    assert '"account", "user", "role"' in refusal["message"]


@pytest.mark.parametrize(
    ("path", "column"),
    [
        ("EVENTS", None),
        ("raw.okta.events", "payload"),
        ('RAW."okta.events"."a ""b"""', '"the payload"'),
    ],
)
def test_a_source_may_be_a_table(path: str, column: str | None) -> None:
    given = {"format": "snowflake", "path": path, **({"column": column} if column else {})}
    assert Source.model_validate(given).column == column


@pytest.mark.parametrize(
    ("change", "message", "fix", "at"),
    [
        (
            {"path": "RAW.EVENTS_{date}"},
            "'RAW.EVENTS_{date}' is no name of a table: a table is read as a whole, without {date} "
            "or *",
            'write "RAW.OKTA.EVENTS", or \\"...\\" around a part that is no plain name',
            ("path",),
        ),
        (
            {"path": "A.B.C.D"},
            "'A.B.C.D' is no name of a table: a table is read as a whole, without {date} or *",
            'write "RAW.OKTA.EVENTS", or \\"...\\" around a part that is no plain name',
            ("path",),
        ),
        (
            {"column": "a; DROP TABLE b"},
            "'a; DROP TABLE b' is no name of a column",
            'write "PAYLOAD", or \\"...\\" around a name that is not plain',
            ("column",),
        ),
        (
            {"format": "json", "column": "PAYLOAD"},
            '"column" is for tables of Snowflake',
            "leave it out",
            ("column",),
        ),
    ],
    ids=["days", "four parts", "no column", "column of files"],
)
def test_what_is_no_table_or_column_is_refused(
    change: dict[str, Any], message: str, fix: str, at: tuple[str, ...]
) -> None:
    with pytest.raises(ValidationError) as refusal:
        Source.model_validate({"format": "snowflake", "path": "EVENTS", **change})

    (found,) = refusal.value.errors()
    assert (found["msg"], found["ctx"]["fix"], found["ctx"]["at"]) == (message, fix, at)
