"""Python features of a family -> SELECT of their inputs on one day, and what a write replaces.

The functions themselves are run by the workflow, between this statement and the write.
"""

from collections.abc import Sequence
from datetime import date, timedelta

import pyarrow as pa
from sqlglot import exp

from fig_assets.engines.base import DAY, Column, Read, Target
from fig_assets.graph.definitions import Called
from fig_assets.graph.nodes import Attribute, Graph, Op, base_column
from fig_assets.graph.period import Window
from fig_assets.language.types import Type, arrow_type
from fig_assets.sql import row as rows
from fig_assets.sql import window as windows
from fig_assets.sql.expressions import (
    Chain,
    closure,
    column,
    column_all,
    day_literal,
    named,
    on_days,
    scan,
    select,
)
from fig_assets.sql.relations import row_columns


def needed_calls(graph: Graph, op: Op, attributes: Sequence[Attribute]) -> list[Attribute]:
    """Return what has to be called for `attributes`, each after what it reads."""
    return closure(
        attributes, [graph.attributes[key] for key in op.keys if key in graph.attributes]
    )


def python_target(graph: Graph, op: Op, day: date, attributes: Sequence[Attribute]) -> Target:
    """Say which columns a write of `attributes` on `day` replaces, and what each of them reads.

    The rows are those that a statement made before: this only adds columns to them.
    """
    end = day + timedelta(days=1)
    relation, key, kind = _relation(graph, op)
    keys = Read(relation, (), day, end)
    columns = [Column(key, arrow_type(kind), "", (keys,))]
    own = {graph.attributes[key].column for key in op.keys if key in graph.attributes}
    for attribute in attributes:
        stored, fields = _columns_read(graph, op, needed_calls(graph, op, [attribute]))
        reads = [keys]
        if stored:
            reads.append(Read(relation, tuple(sorted(stored)), day, end))
        if fields:
            event = graph.events[graph.row_families[op.owner].base]
            reads.append(Read(event.relation, tuple(sorted(fields)), day, end))
        arrow = arrow_type(attribute.type)
        near = tuple(sorted(_given(attribute) & own))
        columns.append(Column(attribute.column, arrow, attribute.fingerprint, tuple(reads), near))
    return Target(relation, (key,), tuple(columns), whole=False)


def _given(attribute: Attribute) -> set[str]:
    """Name the columns that a function is given."""
    made = attribute.definition
    return set(made.columns.values()) if isinstance(made, Called) else set()


def select_inputs(
    graph: Graph, op: Op, day: date, attributes: Sequence[Attribute], dialect: str
) -> exp.Select:
    """Select what the functions of `attributes` are given on `day`.

    Returns:
        One row for each stored row of the family, ordered by its key, columns `(day, key, *inputs)`
        as they are stored; fields of the base event are called as `base_column` says.
    """
    relation, key, _ = _relation(graph, op)
    days = Window(day, day + timedelta(days=1))
    stored, fields = _columns_read(graph, op, needed_calls(graph, op, attributes))
    names = [key, *sorted(stored - {key})]
    known = {n: k for n, k in _stored_columns(graph, op).items() if n == DAY or n in names}
    chain = Chain()
    table = scan(relation, known, days, "stored")
    query = select([column(name) for name in names], table).where(on_days(days), copy=False)
    source = chain.add("features", query)
    if fields:
        family = graph.row_families[op.owner]
        base, _ = rows.base_rows(chain, graph, family, day, fields, dialect)
        event = graph.events[family.base]
        wanted = [base_column(a) for a in event.attributes if a.column in fields]
        taken = [column_all(source), *(column(name, base) for name in wanted)]
        on = column(key, base).eq(column(key, source))
        joined = select(taken, source).join(base, on=on, join_type="left", copy=False)
        source, names = chain.add("with_fields", joined), [*names, *wanted]
    found = [named(day_literal(day), DAY), *map(column, names)]
    return chain.finish(select(found, source).order_by(column(key), copy=False))


def _relation(graph: Graph, op: Op) -> tuple[str, str, Type]:
    """Return the relation of an op, its key column and the key's type."""
    if op.period is not None:
        family = graph.families[op.owner]
        return family.relation(op.period), family.granularity, family.granularity_type
    row = graph.row_families[op.owner]
    return row.relation, row.granularity, row.granularity_type


def _stored_columns(graph: Graph, op: Op) -> dict[str, pa.DataType]:
    if op.period is not None:
        return windows.stored_columns(graph.families[op.owner], op.period)
    return row_columns(graph.row_families[op.owner])


def _columns_read(graph: Graph, op: Op, needed: Sequence[Attribute]) -> tuple[set[str], set[str]]:
    """Return the stored columns and the base event's columns that `needed` are given."""
    read = {n for a in needed if isinstance(a.definition, Called)
            for n in a.definition.columns.values()}  # fmt: skip
    read -= {attribute.column for attribute in needed}
    if op.period is not None:
        return read, set()
    event = graph.events[graph.row_families[op.owner].base]
    names = {base_column(a): a.column for a in event.attributes}
    return {n for n in read if n not in names}, {names[n] for n in read if n in names}
