"""Resolved expressions -> trees; chains of named selects; dates. Shared by all kinds of nodes."""

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import pyarrow as pa
from sqlglot import exp

from fig_assets.engines.base import DAY, relation
from fig_assets.graph.definitions import Computed
from fig_assets.graph.nodes import Attribute, Graph, Key, label_of
from fig_assets.graph.period import Window
from fig_assets.language.functions import lower
from fig_assets.language.parse import Reference
from fig_assets.language.types import Type, arrow_type, convert


@dataclass
class Chain:
    """Named selects, each reading one before it; the last one gives the rows."""

    steps: list[tuple[str, exp.Query]] = field(default_factory=list)
    streamed: set[str] = field(default_factory=set)
    """Steps whose rows are computed for each reader anew, because they are too many to be kept."""

    def add(self, name: str, query: exp.Query) -> str:
        """Append a named select and return its name, numbered where the name is taken."""
        taken = {step for step, _ in self.steps}
        same = [n for n in (name, *(f"{name}_{place}" for place in range(2, 99))) if n not in taken]
        self.steps.append((same[0], query))
        return same[0]

    def finish(self, query: exp.Select) -> exp.Select:
        """Put all steps in front of `query`."""
        for name, step in self.steps:
            kept = False if name in self.streamed else None
            query = query.with_(exp.to_identifier(name), step, materialized=kept, copy=False)
        return query


def column(name: str, table: str | None = None) -> exp.Column:
    """Name a column; the renderer quotes the words that its dialect reserves."""
    if table is None:
        return exp.Column(this=exp.to_identifier(name))
    return exp.Column(this=exp.to_identifier(name), table=exp.to_identifier(table))


def column_all(table: str) -> exp.Column:
    """Name every column of a named select."""
    return exp.Column(this=exp.Star(), table=exp.to_identifier(table))


def named(tree: exp.Expr, name: str) -> exp.Alias:
    """Give a tree its column name; the tree itself is used, not a copy."""
    return exp.Alias(this=tree, alias=exp.to_identifier(name))


def select(columns: Sequence[exp.Expr], source: str | exp.Expr) -> exp.Select:
    """Select columns, which are used and not copied, from a named select or a relation."""
    table = exp.Table(this=exp.to_identifier(source)) if isinstance(source, str) else source
    return exp.Select().select(*columns, copy=False).from_(table, copy=False)


def scan(
    name: str, columns: dict[str, pa.DataType], days: Window | None, alias: str | None = None
) -> exp.Table:
    """Read a relation on the days of `days`, or whole."""
    start, end = (days.start, days.end) if days else (None, None)
    table = relation(name, columns, start, end)
    if alias:
        table.set("alias", exp.TableAlias(this=exp.to_identifier(alias)))
    return table


def day_literal(day: date) -> exp.Cast:
    """Write a day."""
    date_type = exp.DataType(this=exp.DType.DATE)
    return exp.Cast(this=exp.Literal.string(day.isoformat()), to=date_type)


def on_days(days: Window, table: str | None = None) -> exp.Expr:
    """Keep the rows of [start, end)."""
    last = days.end - timedelta(days=1)
    if last == days.start:
        return exp.EQ(this=column(DAY, table), expression=day_literal(last))
    bounds = {"low": day_literal(days.start), "high": day_literal(last)}
    return exp.Between(this=column(DAY, table), **bounds)


def value(computed: Computed, kind: Type, dialect: str) -> exp.Expr:
    """Compute a resolved row expression and convert it to its declared type."""
    tree = lower(
        computed.expression.tree,
        dialect,
        lambda ref: column(computed.columns[label_of(ref)]),
        typed(computed.types),
    )
    return convert(tree, computed.result, kind, dialect)


def typed(types: Mapping[str, Type]) -> Callable[[Reference], Type]:
    """Turn types by label into types by reference."""
    return lambda ref: types[label_of(ref)]


def add_layers(
    chain: Chain,
    source: str,
    computed: Iterable[tuple[str, Computed, exp.Expr]],
    ready: set[str],
) -> str:
    """Compute columns in as few selects as their dependencies allow.

    `computed` gives name, definition and tree of each; `ready` are the columns `source` has.
    Returns the name of the last select, which has them all.
    """
    pending = list(computed)
    while pending:
        now = [entry for entry in pending if set(entry[1].columns.values()) <= ready]
        if not now:
            missing = {c for _, d, _ in pending for c in d.columns.values()} - ready
            raise KeyError(f"columns are read before they are computed: {sorted(missing)}")
        ready |= {name for name, _, _ in now}
        pending = [entry for entry in pending if entry[0] not in ready]
        columns = [exp.Star(), *(named(tree, name) for name, _, tree in now)]
        source = chain.add(f"step_{len(chain.steps)}", select(columns, source))
    return source


def is_first_stratum(graph: Graph, kind: str, owner: str, columns: Container[str]) -> bool:
    """Tell whether `columns` are computed by the first op of an owner, which makes its rows."""
    ops = [op for op in graph.ops if (op.kind, op.owner) == (kind, owner)]
    first = min(ops, key=lambda op: op.stratum)
    return any(key[-1] in columns for key in first.keys)


def closure(wanted: Iterable[Attribute], known: Iterable[Attribute]) -> list[Attribute]:
    """Return `wanted` and all of `known` that they read on their own day, in `known`'s order."""
    by_key = {attribute.key: attribute for attribute in known}
    needed = needed_keys(wanted, by_key)
    return [attribute for key, attribute in by_key.items() if key in needed]


def needed_keys(wanted: Iterable[Attribute], by_key: Mapping[Key, Attribute]) -> set[Key]:
    """Return the keys of `wanted` and of all they read on their own day, as far as known."""
    needed: set[Key] = set()
    queue = [attribute.key for attribute in wanted]
    while queue:
        key = queue.pop()
        if key in needed or key not in by_key:
            continue
        needed.add(key)
        queue += [read.key for read in by_key[key].inputs]
    return needed


def arrow_types(attributes: Iterable[Attribute]) -> dict[str, pa.DataType]:
    """Return the stored columns of attributes with their Arrow types."""
    return {attribute.column: arrow_type(attribute.type) for attribute in attributes}
