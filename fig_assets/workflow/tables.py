"""A lookup table's file -> its relation: one row for each key."""

from typing import Literal

import pyarrow as pa

from fig_assets.engines.base import Column, Target, Written
from fig_assets.engines.tables import read_table
from fig_assets.errors import WorkflowError
from fig_assets.graph.nodes import Op
from fig_assets.language.types import arrow_type
from fig_assets.workflow.raw import file_digest
from fig_assets.workflow.workspace import Workspace


def build_table(workspace: Workspace, op: Op) -> tuple[Written, dict[str, int]]:
    """Read a lookup table from its source and publish it: the first row of each key.

    Returns:
        What was written, and the rows without a key and with a key that was there before.

    Raises:
        WorkflowError: the source has no file, or more than one.
    """
    table = workspace.graph.tables[op.owner]
    source = workspace.environment.sources[table.source]
    path = workspace.root / source.path
    if not path.exists():
        raise WorkflowError(
            f"table '{table.name}': {path} does not exist\n"
            f'  fix: put the file there, or mend "path" of source "{table.source}"'
        )
    form: Literal["csv", "parquet"] = "parquet" if source.format == "parquet" else "csv"
    rows = read_table(path, form, _table_types(workspace, op))
    key = rows.column(table.key)
    seen: set[object] = set()
    keep = []
    for value in key.to_pylist():
        keep.append(value is not None and value not in seen)
        seen.add(value)
    kept = rows.filter(pa.array(keep, pa.bool_())).sort_by(table.key)
    counts = {
        "null_keys": key.null_count,
        "repeated_keys": rows.num_rows - kept.num_rows - key.null_count,
    }
    return workspace.engine.replace_all(table_target(workspace, op), kept), counts


def table_target(workspace: Workspace, op: Op) -> Target:
    """Describe the stored relation of a lookup table."""
    table = workspace.graph.tables[op.owner]
    types = _table_types(workspace, op)
    names = (table.key, *(name for name in types if name != table.key))
    columns = tuple(Column(name, types[name], table.fingerprint) for name in names)
    path = workspace.root / workspace.environment.sources[table.source].path
    notes = {"file": file_digest(path)} if path.exists() else {}
    return Target(table.relation, (table.key,), columns, dated=False, notes=notes)


def _table_types(workspace: Workspace, op: Op) -> dict[str, pa.DataType]:
    table = workspace.graph.tables[op.owner]
    return {name: arrow_type(kind) for name, kind in table.columns.items()}
