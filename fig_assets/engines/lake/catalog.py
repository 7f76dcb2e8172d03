"""Views of a lake -> `<lake>/catalog.duckdb`, for people with a SQL client.

Of a lake in a bucket they are text, `<lake>/catalog.sql`: to make them, DuckDB reads the files
themselves, for which it needs its extension `httpfs`; the person who reads them has one.
"""

from collections.abc import Mapping
from contextlib import suppress
from uuid import uuid4

import duckdb
from sqlglot import exp
from sqlglot.dialects.dialect import Dialect

from fig_assets.engines.lake import scans
from fig_assets.engines.lake.day_file import sweep
from fig_assets.engines.lake.lake import Lake
from fig_assets.engines.lake.spill import ORPHAN_AGE_S
from fig_assets.engines.lake.storage import LocalFolder, Overtaken
from fig_assets.engines.sandbox import SETTINGS
from fig_assets.errors import EngineError

CATALOG = "catalog.duckdb"
CATALOG_TEXT = "catalog.sql"


def publish_views(lake: Lake, views: Mapping[str, exp.Query]) -> None:
    """Replace the catalog of a lake as a whole.

    Raises:
        EngineError: it cannot be written.
    """
    if not isinstance(lake.storage, LocalFolder):
        _publish_text(lake, views)
        return
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


def _publish_text(lake: Lake, views: Mapping[str, exp.Query]) -> None:
    dialect = Dialect.get_or_raise("duckdb")
    trees = [_view(name, tree, lake, replace=True) for name, tree in views.items()]
    text = "".join(f"{dialect.generate(tree, copy=False, pretty=True)};\n" for tree in trees)
    file = f"{lake.address}/{CATALOG_TEXT}"
    with suppress(Overtaken):  # Somebody else has just written the same.
        lake.storage.put(file, [text.encode()], lake.storage.look(file))


def _view(name: str, tree: exp.Query, lake: Lake, *, replace: bool = False) -> exp.Create:
    return exp.Create(
        replace=replace,
        this=exp.Table(this=exp.to_identifier(name, quoted=True)),
        kind="VIEW",
        expression=scans.lasting(tree, lake),
    )
