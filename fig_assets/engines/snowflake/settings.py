"""The `connection` of an environment -> what dagster-snowflake's resource is made of."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from fig_assets.engines.connection import Connection
from fig_assets.errors import EngineError

if TYPE_CHECKING:
    from dagster_snowflake import SnowflakeResource

LOGIN_TIMEOUT_S = 60


def resource(connection: Connection, parameters: Mapping[str, object]) -> "SnowflakeResource":
    """Return the resource that logs in, with secrets of the process's environment.

    Raises:
        EngineError: a variable is not set, or a number is none; names it, never a value.
    """
    # Five seconds of imports: only where there is something to be asked of Snowflake.
    from dagster_snowflake import SnowflakeResource

    given = connection.resolved()
    more: dict[str, object] = {key: given[key] for key in ("host", "protocol") if key in given}
    if "port" in given:
        more["port"] = _number(connection, given, "port")
    return SnowflakeResource(
        account=given.get("account"),
        user=given.get("user", ""),
        password=given.get("password"),
        private_key=given.get("private_key"),
        private_key_path=given.get("private_key_path"),
        private_key_password=given.get("private_key_passphrase"),
        role=given.get("role"),
        warehouse=given.get("warehouse"),
        database=given.get("database"),
        schema=given.get("schema"),
        autocommit=True,
        login_timeout=_number(connection, given, "login_timeout") or LOGIN_TIMEOUT_S,
        network_timeout=_number(connection, given, "network_timeout"),
        additional_snowflake_connection_args={**more, "session_parameters": dict(parameters)},
    )


def _number(connection: Connection, given: Mapping[str, str], key: str) -> int | None:
    written = given.get(key)
    if written is None:
        return None
    if written.isascii() and written.isdigit():
        return int(written)
    raise EngineError(
        f'environment \'{connection.environment}\': "{key}" of "connection" is no whole number\n'
        f'  fix: write "{key}": "60"'
    )
