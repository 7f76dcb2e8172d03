"""Configured tables -> `Table` nodes."""

from fig_assets.config.load import Definition
from fig_assets.config.schema import Table as TableSpec
from fig_assets.graph.nodes import Table
from fig_assets.graph.period import DAY_BEFORE, SAME_DAY, Reach
from fig_assets.graph.scope import Scope, about
from fig_assets.graph.sources import DATE
from fig_assets.graph.version import fingerprint


def build_table(scope: Scope, definition: Definition[TableSpec]) -> Table:
    """Resolve one lookup table, of one content or of one a day; raises Refused."""
    spec = definition.spec
    sources = scope.environment.sources
    if spec.source not in sources:
        fix = scope.nearest(spec.source, sources)
        where = definition.where("source")
        environment = scope.environment.name
        scope.refuse(where, f"source '{spec.source}' is not in environment '{environment}'", fix)
    files = scope.environment.table_files(spec.source)
    if files.format not in ("csv", "parquet"):
        where = definition.where("source")
        message = f"source '{spec.source}' is {files.format}"
        scope.refuse(where, f"{message}; tables are read from csv or parquet", "name another")
    _check_days(scope, definition)
    columns = {
        name: scope.type_of(kind, definition.where("columns", name))
        for name, kind in spec.columns.items()
    }
    for name, kind in columns.items():
        if kind.size is not None:
            fix = f'write "string", and "$<prefix>{name}::{kind}" where it is joined'
            scope.refuse(definition.where("columns", name), "tables hold no embeddings", fix)
    if spec.key not in columns:
        where = definition.where("key")
        fix = scope.nearest(spec.key, columns)
        scope.refuse(where, f"key '{spec.key}' is no column of table '{spec.name}'", fix)
    meaning = fingerprint("table", spec.key, {name: str(kind) for name, kind in columns.items()})
    return Table(
        name=spec.name,
        source=spec.source,
        key=spec.key,
        snapshot=spec.snapshot,
        reach=_reach(scope, definition),
        columns=columns,
        fingerprint=meaning,
        about=about(definition, spec),
    )


def _check_days(scope: Scope, definition: Definition[TableSpec]) -> None:
    """Refuse a daily table whose files have no days, and a static one whose files have."""
    spec = definition.spec
    path = scope.environment.table_files(spec.source).path
    if (spec.snapshot == "daily") == (DATE in path):
        return
    where = definition.where("snapshot")
    if spec.snapshot == "daily":
        message = f"table '{spec.name}' is daily, and the path of source '{spec.source}' has no day"
        scope.refuse(where, message, f'write "path": "{_dated(path)}" in the environment')
    message = f"the path of source '{spec.source}' is of files with days, which a static table"
    scope.refuse(where, f"{message} has not", 'write "snapshot": "daily"')


def _reach(scope: Scope, definition: Definition[TableSpec]) -> Reach | None:
    """Say which day of the table a row of day R sees, where its join says nothing else."""
    spec, where = definition.spec, definition.where("as_of")
    if spec.as_of == "event_time":
        fix = 'leave it out: a row sees the day before, or write "same_day"'
        scope.refuse(where, "as_of 'event_time' is reserved and not available yet", fix)
    if spec.as_of is not None and spec.snapshot == "static":
        scope.refuse(where, f"table '{spec.name}' is static: it has no days", "leave it out")
    if spec.snapshot == "static":
        return None
    if spec.as_of is None:
        return DAY_BEFORE
    fix = "leave as_of out to see the snapshot up to the day before"
    message = (
        f"'{spec.name}' is seen on the same day: a row sees a snapshot that was taken after it"
    )
    scope.warn(where, message, fix)
    return SAME_DAY


def _dated(path: str) -> str:
    name, dot, suffix = path.rpartition(".")
    return f"{name}-{DATE}.{suffix}" if dot else f"{path}-{DATE}"
