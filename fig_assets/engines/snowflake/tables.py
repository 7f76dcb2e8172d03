"""Relations <-> typed tables of one schema of Snowflake: names, columns, and trees over them.

"features/asn/weekly_by_day"              "day" and the columns of the relation
"features/asn/weekly_by_day.records"      what each day holds, and the lock of its writers
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date

import pyarrow as pa
from sqlglot import exp
from sqlglot.dialects.dialect import Dialect

from fig_assets.engines.base import DAY, Scan
from fig_assets.engines.lake import scans

RECORDS = ".records"
DIALECT = Dialect.get_or_raise("snowflake")
VARIANT = exp.DataType.build("VARIANT", dialect="snowflake")
_TYPES: dict[pa.DataType, str] = {
    pa.string(): "VARCHAR",
    pa.int64(): "BIGINT",
    pa.int32(): "INT",
    pa.float64(): "DOUBLE",
    pa.bool_(): "BOOLEAN",
    pa.timestamp("us"): "TIMESTAMP_NTZ(6)",
    pa.date32(): "DATE",
}
_FAMILIES = {
    "VARCHAR": "TEXT",
    "DECIMAL": "NUMBER",
    "BIGINT": "NUMBER",
    "INT": "NUMBER",
    "DOUBLE": "FLOAT",
    "TIMESTAMPNTZ": "TIMESTAMP_NTZ",
}
"""What Snowflake calls the same types where it tells of a table."""


def render(tree: exp.Expr, *, pretty: bool = False) -> str:
    """Return the text of a tree in Snowflake's words; the tree is used up."""
    return DIALECT.generate(tree, copy=False, pretty=pretty)


def sql_type(kind: pa.DataType) -> exp.DataType:
    """Return the type of a stored column; an embedding is a VARIANT."""
    if kind not in _TYPES:
        return VARIANT.copy()
    return exp.DataType.build(_TYPES[kind], dialect="snowflake")


def type_family(kind: pa.DataType | str) -> str:
    """Name a type without its sizes, as tables are compared by."""
    text = kind if isinstance(kind, str) else _TYPES.get(kind, "VARIANT")
    head = text.partition("(")[0].strip().upper()
    return _FAMILIES.get(head, head)


def column(name: str, table: str = "") -> exp.Column:
    """Name a column exactly as it is written."""
    return exp.column(name, table=table or None, quoted=True)


def day_is(day: date | None, table: str = "") -> exp.Expr:
    """Say that a row is of `day`; None for relations without days."""
    found = column(DAY, table)
    return found.is_(exp.null()) if day is None else found.eq(literal(day))


def literal(day: date | None) -> exp.Expr:
    """Return a day, or NULL of its type."""
    value = exp.Literal.string(day.isoformat()) if day else exp.null()
    return exp.Cast(this=value, to=sql_type(pa.date32()))


def null(kind: pa.DataType) -> exp.Expr:
    """Return NULL of a type."""
    return exp.Cast(this=exp.null(), to=sql_type(kind))


class Schema:
    """The schema in which the tables of an environment are; `prefix` begins the relations' names.

    Its name and that of its database are plain: Snowflake reads them in upper case.
    """

    def __init__(self, database: str, name: str, prefix: str = "") -> None:
        self.database = database
        self.name = name
        self.prefix = prefix

    def rows(self, relation: str) -> exp.Table:
        """Name the table of a relation's rows."""
        return self.table(self.prefix + relation)

    def records(self, relation: str) -> exp.Table:
        """Name the table of what a relation's days hold."""
        return self.table(self.prefix + relation + RECORDS)

    def table(self, name: str) -> exp.Table:
        """Name any table of the schema, exactly as it is written."""
        return exp.Table(
            this=exp.to_identifier(name, quoted=True),
            db=exp.to_identifier(self.name),
            catalog=exp.to_identifier(self.database),
        )

    def text(self, relation: str) -> str:
        """Name the table of a relation's rows as people write it."""
        return render(self.rows(relation))


def shown(tree: exp.Query, schema: Schema) -> exp.Query:
    """Read each relation by its table alone, for a person; `tree` is used up."""
    scans.replace(tree, lambda scan: schema.rows(scan.relation))
    return tree


def stored(
    tree: exp.Query, schema: Schema, columns_of: Callable[[Scan], Iterable[str] | None]
) -> exp.Query:
    """Read the days that each relation names; a column that its table has not yet is NULL.

    The tree is used up. `columns_of` gives the columns of a relation's table, or None where there
    is no table.
    """
    scans.replace(tree, lambda scan: _stored(scan, schema, columns_of(scan)))
    return tree


def _stored(scan: Scan, schema: Schema, columns: Iterable[str] | None) -> exp.Subquery:
    known = None if columns is None else frozenset(columns)
    wanted = [
        column(name) if known and name in known else exp.alias_(null(kind), name, quoted=True)
        for name, kind in scan.columns.items()
    ]
    found = exp.Select(expressions=wanted)
    if known is None:
        one = exp.select(exp.alias_(exp.Literal.number(1), "one", quoted=True))
        nothing = one.subquery(exp.to_identifier("nothing", quoted=True), copy=False)
        return found.from_(nothing, copy=False).where(exp.false(), copy=False).subquery(copy=False)
    found = found.from_(schema.rows(scan.relation), copy=False)
    if scan.start and scan.end:
        found = found.where(column(DAY) >= literal(scan.start), copy=False)
        found = found.where(column(DAY) < literal(scan.end), copy=False)
    return found.subquery(copy=False)


def create(
    table: exp.Table, columns: Mapping[str, exp.DataType], *, is_transient: bool = False
) -> exp.Create:
    """Make a table unless it is there; a transient one has no history."""
    parts = [
        exp.ColumnDef(this=exp.to_identifier(name, quoted=True), kind=to)
        for name, to in columns.items()
    ]
    lives: list[exp.Expr] = []
    if is_transient:
        lives.append(exp.TransientProperty())
    return exp.Create(
        this=exp.Schema(this=table, expressions=parts),
        kind="TABLE",
        exists=True,
        properties=exp.Properties(expressions=lives) if lives else None,
    )


def create_as(table: exp.Table, query: exp.Query) -> exp.Create:
    """Make a table of this session of a query's rows."""
    lives = exp.Properties(expressions=[exp.TemporaryProperty()])
    return exp.Create(this=table, kind="TABLE", expression=query, properties=lives)


def drop(table: exp.Table, kind: str = "TABLE") -> exp.Drop:
    """Drop a table or a view, if it is there."""
    return exp.Drop(tables=[table], kind=kind, exists=True)


def add_columns(table: exp.Table, columns: Mapping[str, exp.DataType]) -> list[exp.Alter]:
    """Add columns to a table, unless they are there."""
    return [
        exp.Alter(
            this=table.copy(),
            kind="TABLE",
            actions=[
                exp.ColumnDef(this=exp.to_identifier(name, quoted=True), kind=to, exists=True)
            ],
        )
        for name, to in columns.items()
    ]


def update(table: exp.Table, values: Mapping[str, exp.Expr], where: exp.Expr) -> exp.Update:
    """Give columns of some rows other values."""
    assigned = [exp.EQ(this=column(name), expression=value) for name, value in values.items()]
    return exp.Update(this=table, expressions=assigned, where=exp.Where(this=where))


def insert(table: exp.Table, names: Sequence[str], query: exp.Query) -> exp.Insert:
    """Insert a query's rows, column by column."""
    into = exp.Schema(this=table, expressions=[exp.to_identifier(n, quoted=True) for n in names])
    return exp.Insert(this=into, expression=query)
