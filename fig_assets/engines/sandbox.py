"""An in-memory DuckDB that sees one folder, spills to another, and keeps its settings."""

from pathlib import Path

import duckdb
from sqlglot import exp

from fig_assets.engines.limits import HALF, Limits

SETTINGS = {
    "threads": "1",
    "memory_limit": HALF,
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "enable_external_file_cache": "false",
    "disabled_optimizers": "statistics_propagation",
}
"""Half of the memory, because results and a second process need some; more is spilled to disk.

With statistics DuckDB 2.0 refuses `CASE WHEN n > 5 THEN 'high' END = 'low'` where no n is above 5.
"""


def open_sandbox(root: Path, spill: Path, limits: Limits) -> duckdb.DuckDBPyConnection:
    """Open a DuckDB that reads and writes below `root` only, and lock its settings."""
    given = {
        "memory_limit": limits.memory_limit,
        "max_temp_directory_size": limits.max_temp_directory_size,
    }
    config = {**SETTINGS, **{name: value for name, value in given.items() if value is not None}}
    settings: dict[str, exp.Expr] = {
        "TimeZone": exp.Literal.string("UTC"),
        "temp_directory": exp.Literal.string(str(spill)),
        "python_enable_replacements": exp.false(),
        "allowed_directories": exp.Array(expressions=[exp.Literal.string(str(root))]),
        "enable_external_access": exp.false(),
        "lock_configuration": exp.true(),
    }
    database = duckdb.connect(":memory:", config=dict(config))
    for name, value in settings.items():
        item = exp.SetItem(
            this=exp.EQ(this=exp.to_identifier(name), expression=value), kind="GLOBAL"
        )
        database.execute(exp.Set(expressions=[item]).sql("duckdb"))
    return database
