"""What an environment says of Snowflake: how one logs in, and the names of tables of events."""

import re
from collections.abc import Mapping
from difflib import get_close_matches

from fig_assets.config.rules import wrong

NAMED = ("account", "user", "role", "warehouse", "database", "schema")
SECRETS = ("private_key", "private_key_path", "password")
MORE = ("private_key_passphrase", "host", "port", "protocol", "login_timeout", "network_timeout")
PLAIN = ("role", "warehouse", "database", "schema")
"""Names that stand in SQL as they are; Snowflake reads them in upper case."""

_PLACE = ("connection",)
_NAME = r'([A-Za-z_][A-Za-z0-9_$]*|"([^"\0]|"")+")'


def check_connection(given: Mapping[str, object]) -> None:
    """Refuse a connection by which nobody could log in.

    Raises:
        PydanticCustomError: a setting is missing, unknown, or no name that stands without quotes.
    """
    known = (*NAMED, *SECRETS, *MORE)
    for key in given:
        if key not in known:
            near = get_close_matches(key, known, n=1)
            mend = f'did you mean "{near[0]}"?' if near else f"use one of: {', '.join(known)}"
            raise wrong(
                f'a snowflake warehouse knows no setting "{key}"', at=(*_PLACE, key), fix=mend
            )
    missing = [key for key in NAMED if key not in given]
    if missing:
        raise wrong(
            f'a snowflake warehouse needs {_listed(missing)} in "connection"',
            at=_PLACE if given else (),
            fix=f'add "{missing[0]}": "..." to "connection"',
        )
    for key in PLAIN:
        value = given[key]
        if not isinstance(value, str) or not re.fullmatch("[A-Za-z_][A-Za-z0-9_$]*", value):
            raise wrong(
                f'"{key}" is no plain name: letters, digits and underscores, written here',
                at=(*_PLACE, key),
                fix=f'write a name such as "FIG_{key.upper()}"',
            )
    _check_secret(given)


def check_table(path: str, column: str | None) -> None:
    """Refuse what is no name of a table, of up to three parts, or of a column.

    Raises:
        PydanticCustomError: it is none.
    """
    if not re.fullmatch(rf"{_NAME}(\.{_NAME}){{0,2}}", path):
        raise wrong(
            "{text} is no name of a table: a table is read as a whole, without {date} or *",
            at=("path",),
            fix='write "RAW.OKTA.EVENTS", or \\"...\\" around a part that is no plain name',
            text=f"'{path}'",
        )
    if column is not None and not re.fullmatch(_NAME, column):
        raise wrong(
            "{text} is no name of a column",
            at=("column",),
            fix='write "PAYLOAD", or \\"...\\" around a name that is not plain',
            text=f"'{column}'",
        )


def _check_secret(given: Mapping[str, object]) -> None:
    ways = [key for key in SECRETS if key in given]
    if not ways:
        raise wrong(
            'a snowflake warehouse needs "private_key", "private_key_path" or "password"',
            at=_PLACE,
            fix='add "private_key": {"env": "FIG_SNOWFLAKE_KEY"} to "connection"',
        )
    if len(ways) > 1:
        raise wrong(
            f"{_listed(ways)} are two ways to log in",
            at=(*_PLACE, ways[1]),
            fix="keep one of them",
        )


def _listed(keys: list[str]) -> str:
    *rest, last = [f'"{key}"' for key in keys]
    return f"{', '.join(rest)} and {last}" if rest else last
