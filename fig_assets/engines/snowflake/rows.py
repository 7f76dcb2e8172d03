"""Rows in memory <-> rows in Snowflake: one upload or one fetch, every value exactly.

Moments travel as microseconds, because Snowflake's Arrow counts nanoseconds, and embeddings as the
text of their JSON.
"""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias
from uuid import uuid4

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
from sqlglot import exp

from fig_assets.engines.snowflake.session import Session
from fig_assets.engines.snowflake.tables import (
    Schema,
    column,
    create,
    create_as,
    drop,
    render,
    sql_type,
)
from fig_assets.errors import EngineError

MOMENT = pa.timestamp("us")
UPLOAD, STAGE = "FIG_UPLOAD_", "FIG_STAGE_"
_WIRE: dict[pa.DataType, pa.DataType] = {MOMENT: pa.int64(), pa.null(): pa.string()}
_Chunked: TypeAlias = "pa.ChunkedArray[Any]"


@dataclass(frozen=True)
class Staged:
    """Rows that stand in Snowflake for a while, and how each column is read from there."""

    table: exp.Table
    values: Mapping[str, exp.Expr]

    def select(self, names: Iterator[str] | list[str]) -> exp.Select:
        """Select columns under their names."""
        wanted = [exp.alias_(self.values[n].copy(), n, quoted=True) for n in names]
        return exp.Select(expressions=wanted).from_(self.table.copy(), copy=False)


def fetch(session: Session, query: exp.Query, shape: pa.Schema, about: str = "") -> pa.Table:
    """Run a query and return its rows as `shape` says that they are.

    Raises:
        EngineError: it was refused, or gives other values than `shape` says.
    """
    text = render(_sent(query, shape))
    found = session.fetch(text, about)
    try:
        arrays = [_typed(found.column(n), kind) for n, kind in enumerate(shape.types)]
    except (IndexError, pa.ArrowException, orjson.JSONDecodeError) as refusal:
        raise EngineError(
            f"Snowflake gave other columns than asked for: {refusal}\n{text}"
        ) from refusal
    return pa.Table.from_arrays(
        arrays, schema=pa.schema(list(zip(shape.names, shape.types, strict=True)))
    )


def stage(session: Session, query: exp.Query, shape: pa.Schema, about: str) -> Staged:
    """Compute a query in Snowflake, into a table of the session.

    Raises:
        EngineError: it was refused.
    """
    typed = [
        exp.alias_(_cast(column(name), kind), name, quoted=True)
        for name, kind in zip(shape.names, shape.types, strict=True)
    ]
    query.set("order", None)
    found = exp.Select(expressions=typed).from_(query.subquery("computed", copy=False), copy=False)
    # Without the schema's name: it is in the session's own.
    table = exp.Table(this=exp.to_identifier(STAGE + uuid4().hex.upper(), quoted=True))
    session.run(render(create_as(table.copy(), found)), about)
    return Staged(table, {name: column(name) for name in shape.names})


@contextmanager
def uploaded(session: Session, schema: Schema, rows: pa.Table, about: str = "") -> Iterator[Staged]:
    """Put rows into a table, for a moment.

    Raises:
        EngineError: they cannot be put there.
    """
    table = schema.table(UPLOAD + uuid4().hex.upper())
    session.run(render(create(table.copy(), _columns(rows.schema), is_transient=True)), about)
    try:
        if rows.num_rows:
            _put(session, schema, rows, table, about)
        yield Staged(table, _values(rows.schema))
    finally:
        session.run(render(drop(table.copy())), about)


def _put(session: Session, schema: Schema, rows: pa.Table, table: exp.Table, about: str) -> None:
    place = render(schema.table(f"FIG_UPLOADS_{session.name}")).replace('"', "")
    if not session.has_stage:
        session.run(f"CREATE TEMPORARY STAGE IF NOT EXISTS {place}")
        session.has_stage = True
    with tempfile.TemporaryDirectory(prefix="fig-") as folder:
        file = Path(folder) / f"{table.name}.parquet"
        pq.write_table(_as_sent(rows), file, compression="zstd")
        session.run(f"PUT 'file://{file}' @{place} AUTO_COMPRESS = FALSE", about)
    session.run(
        f"COPY INTO {render(table.copy()).replace(chr(34), '')} FROM @{place}/{table.name}.parquet "
        "FILE_FORMAT = (TYPE = PARQUET) MATCH_BY_COLUMN_NAME = CASE_INSENSITIVE PURGE = TRUE",
        about,
    )


def _place(number: int) -> str:
    # Plain names: a load finds columns by names as Snowflake would write them.
    return f"C{number}"


def _columns(shape: pa.Schema) -> dict[str, exp.DataType]:
    return {_place(n): sql_type(_wire(kind)) for n, kind in enumerate(shape.types)}


def _wire(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_list(kind):
        return pa.string()
    return _WIRE.get(kind, kind)


def _as_sent(rows: pa.Table) -> pa.Table:
    arrays: list[_Chunked] = []
    for array in rows.columns:
        if pa.types.is_list(array.type):
            texts = [None if v is None else orjson.dumps(v).decode() for v in array.to_pylist()]
            arrays.append(pa.chunked_array([pa.array(texts, pa.string())]))
        else:
            arrays.append(array.cast(_wire(array.type)))
    return pa.Table.from_arrays(arrays, names=[_place(n) for n in range(len(arrays))])


def _values(shape: pa.Schema) -> dict[str, exp.Expr]:
    """Say how each uploaded column is read as what it is."""
    found: dict[str, exp.Expr] = {}
    for number, (name, kind) in enumerate(zip(shape.names, shape.types, strict=True)):
        value: exp.Expr = column(_place(number))
        if kind == MOMENT:
            value = _call("TO_TIMESTAMP_NTZ", value, exp.Literal.number(6))
        elif pa.types.is_list(kind):
            value = _call("PARSE_JSON", value)
        found[name] = _cast(value, kind)
    return found


def _sent(query: exp.Query, shape: pa.Schema) -> exp.Query:
    """Give moments and embeddings the form in which they travel."""
    if not any(kind == MOMENT or pa.types.is_list(kind) for kind in shape.types):
        return query
    order = query.args.get("order")
    if order is not None and _is_of(order, shape.names) and not query.args.get("limit"):
        query.set("order", None)
    else:
        order = None
    sent = [
        exp.alias_(_on_the_way(column(name, "sent"), kind), name, quoted=True)
        for name, kind in zip(shape.names, shape.types, strict=True)
    ]
    inner = query.subquery(exp.to_identifier("sent", quoted=True), copy=False)
    found = exp.Select(expressions=sent).from_(inner, copy=False)
    found.set("order", order)
    return found


def _is_of(order: exp.Order, names: list[str]) -> bool:
    keys = [ordered.this for ordered in order.expressions]
    return all(isinstance(k, exp.Column) and not k.table and k.name in names for k in keys)


def _on_the_way(value: exp.Expr, kind: pa.DataType) -> exp.Expr:
    if kind == MOMENT:
        return _call("DATE_PART", exp.var("EPOCH_MICROSECOND"), value)
    return _call("TO_JSON", value) if pa.types.is_list(kind) else value


def _typed(found: _Chunked, kind: pa.DataType) -> _Chunked:
    if pa.types.is_list(kind):
        values = [None if text is None else orjson.loads(text) for text in found.to_pylist()]
        return pa.chunked_array([pa.array(values, kind)])
    if pa.types.is_null(kind):
        return pa.chunked_array([pa.nulls(len(found))])
    if kind == MOMENT:
        return found.cast(pa.int64()).cast(kind)
    return found.cast(kind)


def _cast(value: exp.Expr, kind: pa.DataType) -> exp.Expr:
    return exp.Cast(this=value, to=sql_type(_WIRE[kind] if pa.types.is_null(kind) else kind))


def _call(name: str, *arguments: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this=name, expressions=list(arguments))
