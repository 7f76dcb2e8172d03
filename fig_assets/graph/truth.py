"""The `truth` of a label set -> the table that knows the class of some rows."""

from collections.abc import Mapping

from fig_assets.config.load import Definition
from fig_assets.config.schema import LabelSet as LabelSetSpec
from fig_assets.graph.label_parts import Truth
from fig_assets.graph.nodes import Table
from fig_assets.graph.owners import Rows
from fig_assets.graph.scope import Scope
from fig_assets.language.types import STRING, convertible


def build_truth(
    scope: Scope,
    definition: Definition[LabelSetSpec],
    tables: Mapping[str, Table],
    family: Rows,
) -> Truth | None:
    """Resolve what is written; None where nothing is. Raises Refused."""
    written = definition.spec.truth
    if written is None:
        return None
    at = definition.where("truth", "table")
    if written.table not in tables:
        scope.owner(written.table)  # What is defined, but wrongly, says so itself.
        fix = scope.nearest(written.table, tables, quote='"')
        scope.refuse(at, f"'{written.table}' is not a table", fix)
    table = tables[written.table]
    kind = table.columns[table.key]
    if not convertible(family.granularity_type, kind):
        message = (
            f"its key '{table.key}' is a {kind}, and the rows are by {family.granularity_type}"
        )
        scope.refuse(at, message, "name a table whose key is that of the rows")
    at = definition.where("truth", "field")
    columns = {name: found for name, found in table.columns.items() if name != table.key}
    if written.field not in columns:
        fix = scope.nearest(written.field, columns, quote='"')
        scope.refuse(at, f"'{written.field}' is no column of table '{table.name}'", fix)
    if columns[written.field] != STRING:
        message = f"'{written.field}' is a {columns[written.field]}, not the name of a class"
        scope.refuse(at, message, 'name a column of type "string"')
    return Truth(table.name, table.key, kind, written.field)
