"""A lookup table's file -> its relation: one row for each key."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import pyarrow as pa

from fig_assets.engines.base import Column, Target, Written
from fig_assets.engines.raw.tables import read_table
from fig_assets.engines.snapshot import stale_reason
from fig_assets.errors import WorkflowError
from fig_assets.graph.nodes import Op, Table
from fig_assets.language.types import arrow_type
from fig_assets.workflow.steps.raw import file_digest
from fig_assets.workflow.workspace import Workspace


def build_table(workspace: Workspace, op: Op) -> tuple[Written, dict[str, int]]:
    """Read a lookup table from its source and publish it: the first row of each key.

    Returns:
        What was written, and the rows without a key and with a key that was there before.

    Raises:
        WorkflowError: the source has no file.
    """
    table = workspace.graph.tables[op.owner]
    path = workspace.root / workspace.environment.table_files(table.source).path
    if not path.exists():
        raise WorkflowError(
            f"table '{table.name}': {path} does not exist\n"
            f'  fix: put the file there, or mend "path" of source "{table.source}"'
        )
    kept, counts = first_of_each_key(read_rows(workspace, table, path), table.key)
    return workspace.engine.replace_all(static_target(workspace, op), kept), counts


def read_rows(workspace: Workspace, table: Table, path: Path) -> pa.Table:
    """Read the columns of a table from one of its files.

    Raises:
        RawFileError: a column is missing or there twice, or the file cannot be read as a whole.
    """
    source = workspace.environment.table_files(table.source)
    form: Literal["csv", "parquet"] = "parquet" if source.format == "parquet" else "csv"
    return read_table(path, form, _types(table))


def first_of_each_key(rows: pa.Table, key: str) -> tuple[pa.Table, dict[str, int]]:
    """Keep the first row of each key, sorted by it.

    Returns:
        The rows, and how many have no key, and a key that was there before.
    """
    keys = rows.column(key)
    seen: set[object] = set()
    keep = []
    for value in keys.to_pylist():
        keep.append(value is not None and value not in seen)
        seen.add(value)
    kept = rows.filter(pa.array(keep, pa.bool_())).sort_by(key)
    repeated = rows.num_rows - kept.num_rows - keys.null_count
    return kept, {"null_keys": keys.null_count, "repeated_keys": repeated}


def static_target(workspace: Workspace, op: Op) -> Target:
    """Describe the stored relation of a table without days, made of its file as it is now."""
    table = workspace.graph.tables[op.owner]
    path = workspace.root / workspace.environment.table_files(table.source).path
    return table_target(table, {"file": file_digest(path)} if path.exists() else {})


def stale_table(workspace: Workspace, op: Op) -> str:
    """Say why a table without days is not what its file holds; '' if it is."""
    table = workspace.graph.tables[op.owner]
    target = static_target(workspace, op)
    reason = stale_reason(workspace.engine, target, None)
    stored = workspace.engine.partition(table.relation, None)
    if reason or stored is None:
        return reason or "missing"
    path: Path = workspace.root / workspace.environment.table_files(table.source).path
    return "" if stored.notes == target.notes or not path.exists() else "source file changed"


def table_target(table: Table, notes: Mapping[str, str]) -> Target:
    """Describe the stored relation of a lookup table."""
    types = _types(table)
    names = (table.key, *(name for name in types if name != table.key))
    columns = tuple(Column(name, types[name], table.fingerprint) for name in names)
    return Target(table.relation, (table.key,), columns, dated=table.is_daily, notes=notes)


def _types(table: Table) -> dict[str, pa.DataType]:
    return {name: arrow_type(kind) for name, kind in table.columns.items()}
