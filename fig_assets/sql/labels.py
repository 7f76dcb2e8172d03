"""Label set -> SELECT of one day's votes and combined labels."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import pyarrow as pa
from sqlglot import exp

from fig_assets.engines.base import DAY, Column, Read, Target
from fig_assets.graph.definitions import Combined, Voted
from fig_assets.graph.nodes import Attribute, Graph, LabelSet, base_column
from fig_assets.graph.period import Window
from fig_assets.language.types import BOOLEAN, STRING, arrow_type
from fig_assets.sql.expressions import (
    Chain,
    arrow_types,
    closure,
    column,
    day_literal,
    is_first_stratum,
    named,
    on_days,
    scan,
    value,
)
from fig_assets.sql.label_joins import join_later, matched_by, reads_of_joins
from fig_assets.sql.losses import losses
from fig_assets.sql.relations import row_columns
from fig_assets.sql.row import base_rows
from fig_assets.sql.votes import combined


def stored_columns(graph: Graph, labels: LabelSet) -> dict[str, pa.DataType]:
    """Return the columns of the stored relation, `day` first."""
    family = graph.row_families[labels.family]
    key = {family.granularity: arrow_type(family.granularity_type)}
    return {DAY: pa.date32(), **key, **arrow_types(labels.labels)}


def label_target(
    graph: Graph, labels: LabelSet, day: date, attributes: Sequence[Attribute], stratum: set[str]
) -> Target:
    """Say which columns a write of `attributes` on `day` replaces, and what it reads."""
    family = graph.row_families[labels.family]
    end = day + timedelta(days=1)
    rows = Read(family.relation, (), day, end)
    key_type = arrow_type(family.granularity_type)
    columns = [Column(family.granularity, key_type, family.fingerprint, (rows,))]
    own = [a for a in labels.labels if a.column in stratum]
    for attribute in attributes:
        needed = closure([attribute], own)
        features, fields = _columns_read(graph, labels, needed)
        reads = [rows]
        if features:
            reads.append(Read(family.relation, tuple(sorted(features)), day, end))
        if fields:
            reads.append(Read(f"events/{family.base}", tuple(sorted(fields)), day, end))
        if stored := _stored(attribute, needed):
            reads.append(Read(labels.relation, tuple(sorted(stored)), day, end))
        reads += reads_of_joins(graph, labels, day, needed)
        kind = arrow_type(attribute.type)
        near = tuple(sorted(_labels_read(attribute) & stratum))
        columns.append(Column(attribute.column, kind, attribute.fingerprint, tuple(reads), near))
    first = is_first_stratum(graph, "label", labels.name, stratum)
    whole = first and {a.column for a in attributes} >= stratum
    return Target(labels.relation, (family.granularity,), tuple(columns), whole)


def select_labels(
    graph: Graph,
    labels: LabelSet,
    day: date,
    attributes: Sequence[Attribute],
    *,
    stratum: set[str],
    dialect: str,
) -> exp.Select:
    """Select the votes and labels of `day`.

    Returns:
        One row for each row of the family, ordered by its key, columns `(day, granularity,
        *attributes)`; a vote is a class or NULL (the weak label abstains). Beside them a boolean
        `lost__...` for each weak label that can lose a value.
    """
    own = [a for a in labels.labels if a.column in stratum]
    needed = closure(attributes, own)
    family = graph.row_families[labels.family]
    chain = Chain()
    source = _rows(chain, graph, labels, needed, day, dialect)
    needed, attributes = ([_reading(a, labels) for a in some] for some in (needed, attributes))
    votes = [a for a in needed if isinstance(a.definition, Voted)]
    if votes:
        select = exp.select("*").from_(source)
        for vote in votes:
            select = select.select(named(_vote(vote, labels.classes, dialect), vote.column))
        source = chain.add("votes", select)
    strong = [(a.column, a.definition) for a in needed if isinstance(a.definition, Combined)]
    if strong:
        select = exp.select("*").from_(source)
        for name, definition in strong:
            select = select.select(named(combined(definition, labels.classes), name))
        source = chain.add("labels", select)
    return chain.finish(
        exp.select(
            named(day_literal(day), DAY),
            column(family.granularity),
            *(column(a.column) for a in attributes),
            *losses(attributes, dialect),
        )
        .from_(source)
        .order_by(column(family.granularity))
    )


def _rows(
    chain: Chain,
    graph: Graph,
    labels: LabelSet,
    needed: Sequence[Attribute],
    day: date,
    dialect: str,
) -> str:
    family = graph.row_families[labels.family]
    days = Window(day, day + timedelta(days=1))
    features, fields = _columns_read(graph, labels, needed)
    stored = {n for a in needed for n in _stored(a, needed)}
    names = [family.granularity, *sorted(features)]
    apart = {name: _apart(name, labels) for name in sorted(features)}
    wanted = [column(n) if n == it else named(column(n), it) for n, it in apart.items()]
    known = {n: k for n, k in row_columns(family).items() if n == DAY or n in names}
    table = scan(family.relation, known, days, "features")
    query = exp.select(column(family.granularity), *wanted).from_(table).where(on_days(days))
    source = chain.add("features", query)
    if fields:
        base, _ = base_rows(chain, graph, family, day, fields, dialect)
        event = graph.events[family.base]
        select = exp.select(f"{source}.*").from_(source)
        for attribute in event.attributes:
            if attribute.column in fields:
                select = select.select(column(base_column(attribute), base))
        key = family.granularity
        on = column(key, base).eq(column(key, source))
        source = chain.add("with_fields", select.join(base, on=on, join_type="left"))
    if stored:
        known = {n: k for n, k in stored_columns(graph, labels).items() if n in stored or n == DAY}
        key = family.granularity
        known[key] = arrow_type(family.granularity_type)
        table = scan(labels.relation, known, days, "earlier")
        earlier = [column(n) for n in (key, *sorted(stored))]
        chain.add("earlier_votes", exp.select(*earlier).from_(table).where(on_days(days)))
        select = exp.select(f"{source}.*", *(column(n, "earlier_votes") for n in sorted(stored)))
        on = column(key, "earlier_votes").eq(column(key, source))
        source = chain.add(
            "with_votes", select.from_(source).join("earlier_votes", on=on, join_type="left")
        )
    return join_later(
        *(chain, graph, labels, day), needed=needed, source=source, match=apart, dialect=dialect
    )


def _apart(name: str, labels: LabelSet) -> str:
    """Name a feature's column otherwise where a label of the set has its name."""
    return f"feature__{name}" if name in {a.column for a in labels.labels} else name


def _reading(attribute: Attribute, labels: LabelSet) -> Attribute:
    """Give a vote that reads the features under the names that `_apart` gave them."""
    definition = attribute.definition
    if not isinstance(definition, Voted):
        return attribute
    columns = definition.computed.columns
    apart = {name: _apart(column, labels) for name, column in columns.items()}
    computed = replace(definition.computed, columns=apart)
    return replace(attribute, definition=replace(definition, computed=computed))


def _columns_read(
    graph: Graph, labels: LabelSet, needed: Sequence[Attribute]
) -> tuple[set[str], set[str]]:
    """Return the family's columns and the base event's columns that votes read."""
    family = graph.row_families[labels.family]
    event = graph.events[family.base]
    names = {base_column(a): a.column for a in event.attributes}
    votes = [a.definition for a in needed if isinstance(a.definition, Voted)]
    read = {n for it in votes for n in it.computed.columns.values() if n not in it.later}
    read |= matched_by(labels, needed) - {family.granularity}
    return {n for n in read if n not in names}, {names[n] for n in read if n in names}


def _labels_read(attribute: Attribute) -> set[str]:
    """Name the votes that a strong label reads."""
    made = attribute.definition
    return set(made.columns) if isinstance(made, Combined) else set()


def _stored(attribute: Attribute, needed: Sequence[Attribute]) -> set[str]:
    """Return the votes that a strong label reads and that an earlier stratum has stored."""
    return _labels_read(attribute) - {a.column for a in needed}


def _vote(attribute: Attribute, classes: Sequence[str], dialect: str) -> exp.Expr:
    """Give the class a weak label votes for; what is no class is no vote."""
    definition = attribute.definition
    if not isinstance(definition, Voted):
        raise TypeError(attribute.identity)
    if definition.vote is None:
        said = value(definition.computed, STRING, dialect)
        known = said.copy().isin(*(exp.Literal.string(name) for name in classes))
        return exp.Case().when(known, said)
    condition = value(definition.computed, BOOLEAN, dialect)
    return exp.Case().when(condition, exp.Literal.string(definition.vote))
