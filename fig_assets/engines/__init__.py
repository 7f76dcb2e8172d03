"""sqlglot trees -> rows. Engines know warehouses and no FIG; `open_engine` chooses one."""

from pathlib import Path
from typing import TYPE_CHECKING

from fig_assets.engines.connection import NO_CONNECTION, Connection
from fig_assets.engines.limits import Limits
from fig_assets.errors import UnsupportedOnEngine

if TYPE_CHECKING:
    # The processes that read files know no trees: importing them costs more than most files.
    from fig_assets.engines.base import Engine

NO_LIMITS = Limits()


def open_engine(
    kind: str,
    path: str,
    root: Path,
    limits: Limits = NO_LIMITS,
    connection: Connection = NO_CONNECTION,
) -> "Engine":
    """Open the engine of a warehouse's type; drivers are imported only here.

    Relative folders start at `root`. Nobody logs in before the first statement.

    Raises:
        UnsupportedOnEngine: there is no engine of that kind.
    """
    if kind == "duckdb":
        from fig_assets.engines.duckdb import open_duckdb

        return open_duckdb(path, root, limits, connection)
    if kind == "snowflake":
        from fig_assets.engines.snowflake.engine import open_snowflake

        return open_snowflake(connection)
    if kind == "spark":
        from fig_assets.engines.spark.engine import open_spark

        return open_spark(path, root, connection)
    raise UnsupportedOnEngine(
        f"there is no engine for warehouse type '{kind}'; "
        'fix: use "type": "duckdb", "spark" or "snowflake"'
    )
