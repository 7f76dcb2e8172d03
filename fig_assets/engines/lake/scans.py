"""Trees that name relations -> trees that read Parquet files, or no rows of a relation's shape."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date

import pyarrow as pa
from sqlglot import exp

from fig_assets.engines.base import DAY, Scan, days_between, scan_of
from fig_assets.engines.lake.lake import Lake
from fig_assets.engines.lake.storage import FILE

SOURCES = ("with_", "from_", "joins", "this", "expression")
"""Where statements, joins and unions name what they read."""
SQL_TYPES = {
    pa.string(): exp.DType.VARCHAR,
    pa.int64(): exp.DType.BIGINT,
    pa.int32(): exp.DType.INT,
    pa.float64(): exp.DType.DOUBLE,
    pa.bool_(): exp.DType.BOOLEAN,
    pa.timestamp("us"): exp.DType.TIMESTAMP,
    pa.date32(): exp.DType.DATE,
}


def stored(tree: exp.Query, lake: Lake) -> exp.Query:
    """Read exactly the stored files of the days that each relation names, each proved sound.

    A column that no file of a day holds is NULL on that day.

    Raises:
        EngineError: one of the files is damaged.
    """
    return _replaced(tree, lambda scan: _stored(scan, lake))


def shown(tree: exp.Query, lake: Lake) -> exp.Query:
    """Read each relation as a whole, by one pattern: short enough for a person to read."""
    return _replaced(tree, lambda scan: _read_parquet([_pattern(scan, lake)]))


def lasting(tree: exp.Query, lake: Lake) -> exp.Query:
    """Read each relation as a whole, in a way that stays right when days and columns are added."""
    return _replaced(tree, lambda scan: _lasting(scan, lake))


def replace(tree: exp.Query, source_of: Callable[[Scan], exp.Expr]) -> None:
    """Put a source of its rows in the place of each relation, within the tree itself."""
    for table, scan in list(_scans(tree)):
        source = source_of(scan)
        alias = table.args.get("alias") or exp.TableAlias(this=exp.to_identifier("r"))
        source.set("alias", alias)
        table.replace(source)


def _scans(tree: exp.Expr) -> Iterator[tuple[exp.Table, Scan]]:
    """Find the relations where statements name what they read, not looking into expressions."""
    if isinstance(tree, exp.Table):
        scan = scan_of(tree)
        if scan is not None:
            yield tree, scan
        return
    for name in ("expressions",) if isinstance(tree, exp.With) else SOURCES:
        found = tree.args.get(name)
        for part in found if isinstance(found, list) else [found]:
            if isinstance(part, exp.Expr):
                yield from _scans(part)


def sql_type(kind: pa.DataType) -> exp.DataType:
    """Return the SQL type of a stored column."""
    if isinstance(kind, pa.ListType):
        element = sql_type(kind.value_type)
        return exp.DataType(this=exp.DType.ARRAY, expressions=[element], nested=True)
    return exp.DataType(this=SQL_TYPES[kind])


def _replaced(tree: exp.Query, source_of: Callable[[Scan], exp.Expr]) -> exp.Query:
    copy = tree.copy()
    replace(copy, source_of)
    return copy


def files(scan: Scan, lake: Lake) -> list[str]:
    """Return the stored files of the days of a relation, each proved sound.

    Raises:
        EngineError: one of them is damaged.
    """
    return lake.prove_days(scan.relation, _days(scan, lake))


def _stored(scan: Scan, lake: Lake) -> exp.Expr:
    days = _days(scan, lake)
    found = lake.prove_days(scan.relation, days)
    if not found:
        return no_rows(scan.columns)
    held = _held(scan, lake, days)
    if all(held.get(name) == len(found) for name in scan.columns):
        return _read_parquet(found)
    return _filled(scan.columns, held, _read_parquet(found, by_name=True))


def _lasting(scan: Scan, lake: Lake) -> exp.Expr:
    held = _held(scan, lake, _days(scan, lake))
    if not held:
        return no_rows(scan.columns)
    return _filled(scan.columns, held, _read_parquet([_pattern(scan, lake)], by_name=True))


def _days(scan: Scan, lake: Lake) -> tuple[date | None, ...]:
    if scan.start and scan.end:
        return tuple(days_between(scan.start, scan.end))
    return lake.days(scan.relation) if DAY in scan.columns else (None,)


def _held(scan: Scan, lake: Lake, days: Sequence[date | None]) -> Counter[str]:
    """Count the files that hold each column."""
    held: Counter[str] = Counter()
    for day in days:
        record = lake.partition(scan.relation, day)
        if record is not None:
            held.update(list(record.columns))
            held[DAY] += 1
    return held


def _pattern(scan: Scan, lake: Lake) -> str:
    folder = f"{lake.address}/{scan.relation}"
    return f"{folder}/day=*/{FILE}" if DAY in scan.columns else f"{folder}/{FILE}"


def _read_parquet(files: Sequence[str], *, by_name: bool = False) -> exp.Table:
    names = [exp.Literal.string(name) for name in files]
    source: exp.Expr = names[0] if len(names) == 1 else exp.Array(expressions=names)
    options = ["hive_partitioning", *(["union_by_name"] if by_name else [])]
    arguments = [exp.PropertyEQ(this=exp.to_identifier(o), expression=exp.true()) for o in options]
    return exp.Table(this=exp.Anonymous(this="read_parquet", expressions=[source, *arguments]))


def _filled(
    columns: Mapping[str, pa.DataType], held: Mapping[str, int], files: exp.Table
) -> exp.Subquery:
    """Give files the shape of their relation: NULL for a column that none of them holds."""
    wanted = [
        exp.column(name, quoted=True) if name in held else _null(name, kind)
        for name, kind in columns.items()
    ]
    return _subquery(exp.Select(expressions=wanted).from_(files, copy=False))


def no_rows(columns: Mapping[str, pa.DataType]) -> exp.Subquery:
    """Return a statement that gives columns and no row."""
    nulls = [_null(name, kind) for name, kind in columns.items()]
    return _subquery(exp.Select(expressions=nulls).where(exp.false(), copy=False))


def _null(name: str, kind: pa.DataType) -> exp.Alias:
    null = exp.Cast(this=exp.null(), to=sql_type(kind))
    return exp.Alias(this=null, alias=exp.to_identifier(name, quoted=True))


def _subquery(query: exp.Select) -> exp.Subquery:
    return exp.Subquery(this=query)
