"""Views of a lake -> `<lake>/catalog.duckdb`, for people with a SQL client."""

from collections.abc import Mapping
from contextlib import suppress
from uuid import uuid4

import duckdb
from sqlglot import exp
from sqlglot.dialects.dialect import Dialect

from fig_assets.engines import scans
from fig_assets.engines.day_file import sweep
from fig_assets.engines.lake import Lake
from fig_assets.engines.sandbox import SETTINGS
from fig_assets.engines.spill import ORPHAN_AGE_S
from fig_assets.errors import EngineError

CATALOG = "catalog.duckdb"


def publish_views(lake: Lake, views: Mapping[str, exp.Query]) -> None:
    """Replace the catalog of a lake as a whole.

    Raises:
        EngineError: it cannot be written.
    """
    catalog = lake.root / CATALOG
    temporary = lake.root / f".catalog-{uuid4().hex}"
    dialect = Dialect.get_or_raise("duckdb")
    try:
        lake.root.mkdir(parents=True, exist_ok=True)
        with duckdb.connect(str(temporary), config=dict(SETTINGS)) as connection:
            for name, tree in views.items():
                connection.execute(dialect.generate(_view(name, tree, lake), copy=False))
        temporary.replace(catalog)
        sweep(lake.root, ".catalog-", ORPHAN_AGE_S)
    except (duckdb.Error, OSError) as refusal:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise EngineError(f"{catalog}: cannot be written: {refusal}") from refusal


def _view(name: str, tree: exp.Query, lake: Lake) -> exp.Create:
    return exp.Create(
        this=exp.Table(this=exp.to_identifier(name, quoted=True)),
        kind="VIEW",
        expression=scans.lasting(tree, lake),
    )
