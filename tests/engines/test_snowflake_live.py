"""The contract of every engine on a real account of Snowflake, where the environment names one.

`python -m pytest -m live_snowflake tests/engines/test_snowflake_live.py`, with the variables of
`VARIABLES` set; see docs/engines.md. Each test has relations of its own and drops them.
"""

import os
from collections.abc import Iterator
from uuid import uuid4

import pytest

from fig_assets.engines.connection import Connection
from fig_assets.engines.snowflake.engine import SnowflakeEngine
from tests.engines.test_contract import *  # noqa: F403 - the same suite, unchanged

PREFIX = "FIG_SNOWFLAKE_"
VARIABLES = ("ACCOUNT", "USER", "ROLE", "WAREHOUSE", "DATABASE", "SCHEMA")
SECRETS = {"PRIVATE_KEY": "private_key", "PASSWORD": "password"}
MISSING = [PREFIX + name for name in VARIABLES if PREFIX + name not in os.environ]
NO_SECRET = not any(PREFIX + name in os.environ for name in SECRETS)

pytestmark = pytest.mark.live_snowflake

if MISSING or NO_SECRET:
    what = ", ".join(MISSING) or "FIG_SNOWFLAKE_PRIVATE_KEY"
    pytest.skip(f"no account of Snowflake: {what} is not set", allow_module_level=True)


@pytest.fixture
def engine() -> Iterator[SnowflakeEngine]:
    settings = {name.lower(): os.environ[PREFIX + name] for name in VARIABLES}
    secrets = {key: PREFIX + name for name, key in SECRETS.items() if PREFIX + name in os.environ}
    prefix = f"contract/{uuid4().hex}/"
    with SnowflakeEngine(Connection(settings, secrets, "live"), prefix) as engine:
        try:
            yield engine
        finally:
            engine.drop_all()
