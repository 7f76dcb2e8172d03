"""Row family -> SELECT of one day's rows with their point-in-time joins and own features."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta

from sqlglot import exp

from fig_assets.engines.base import DAY, Column, Read, Target
from fig_assets.graph.definitions import Computed, Joined
from fig_assets.graph.nodes import (
    EVENT_ID,
    EVENT_TIME,
    ROW_ORDER,
    Attribute,
    Graph,
    RowFamily,
    base_column,
)
from fig_assets.graph.period import Window
from fig_assets.language.duck import count_where
from fig_assets.language.types import BOOLEAN, arrow_type, convert
from fig_assets.sql import event as events
from fig_assets.sql.expressions import (
    Chain,
    closure,
    column,
    column_all,
    day_literal,
    is_first_stratum,
    named,
    needed_keys,
    on_days,
    scan,
    select,
    value,
)
from fig_assets.sql.joined import join_ready
from fig_assets.sql.losses import losses, lost_key
from fig_assets.sql.relations import CARRIED, row_columns


def row_target(
    graph: Graph, family: RowFamily, day: date, attributes: Sequence[Attribute], stratum: set[str]
) -> Target:
    """Say which columns a write of `attributes` on `day` replaces, and what it reads.

    `stratum` holds the columns of the op that writes: what it reads of the family beyond them is
    stored already. The op of the first stratum makes the rows, so it alone may replace them.
    """
    end = day + timedelta(days=1)
    event = graph.events[family.base]
    first = is_first_stratum(graph, "row", family.name, stratum)
    base = Read(event.relation, _row_columns(family), day, end)
    stored = Read(family.relation, (), day, end)
    rows = (base if first else stored,)
    key_type = arrow_type(family.granularity_type)
    columns = [Column(family.granularity, key_type, family.fingerprint, rows)]
    if first:
        columns += [Column(n, kind, family.fingerprint, rows) for n, kind in CARRIED.items()]
    own = {a.key: a for a in family.features if a.column in stratum}
    names = {base_column(a): a.column for a in event.attributes}
    for attribute in attributes:
        parts = [own[key] for key in needed_keys([attribute], own)]
        reads = _reads(family, parts, day, start=graph.start, stratum=stratum, names=names)
        kind = arrow_type(attribute.type)
        near = tuple(sorted(_read_by(family, attribute) & stratum))
        columns.append(Column(attribute.column, kind, attribute.fingerprint, (*rows, *reads), near))
    whole = first and {a.column for a in attributes} >= stratum
    return Target(family.relation, (family.granularity,), tuple(columns), whole)


def select_rows(
    graph: Graph,
    family: RowFamily,
    day: date,
    attributes: Sequence[Attribute],
    *,
    stratum: set[str],
    dialect: str,
) -> exp.Select:
    """Select the rows of `day`, each with what was known when its day began.

    Returns:
        One row for each granularity value of the day's events (the first by `ROW_ORDER`), ordered
        by it, columns `(day, granularity, event_time, event_id, *attributes)`; the two in the
        middle only from the first stratum. Beside them a boolean `lost__...` for each attribute
        that can lose a value.
    """
    own = [a for a in family.features if a.column in stratum]
    needed = closure(attributes, own)
    first = is_first_stratum(graph, "row", family.name, stratum)
    chain = Chain()
    fields = _fields_read(graph, family, needed)
    if first:
        source, ready = base_rows(chain, graph, family, day, fields, dialect)
    else:
        source, ready = _stored_rows(chain, family, day, stratum)
    if fields and not first:
        base, more = base_rows(chain, graph, family, day, fields, dialect)
        taken = sorted(more - ready)
        query = select([column_all(source), *(column(n, base) for n in taken)], source)
        on = column(family.granularity, base).eq(column(family.granularity, source))
        source = chain.add("with_fields", query.join(base, on=on, join_type="left"))
        ready |= more
    pending = [a for a in needed if a.column not in ready]
    while pending:
        before = len(pending)
        source = join_ready(chain, graph, family, day, pending, ready, source, dialect)
        source = _compute_ready(chain, pending, ready, source, dialect)
        pending = [a for a in pending if a.column not in ready]
        if len(pending) == before:
            raise KeyError([a.identity for a in pending])
    carried = [column(name) for name in CARRIED] if first else []
    columns = [
        named(day_literal(day), DAY),
        column(family.granularity),
        *carried,
        *(column(a.column) for a in attributes),
        *losses(attributes, dialect),
    ]
    rows = select(columns, source)
    return chain.finish(rows.order_by(column(family.granularity), copy=False))


def base_rows(
    chain: Chain, graph: Graph, family: RowFamily, day: date, fields: set[str], dialect: str
) -> tuple[str, set[str]]:
    """Select the day's first event of each granularity value, with `fields` beside the key.

    Fields are called as `base_column` says. Returns the select's name and its columns.
    """
    event = graph.events[family.base]
    days = Window(day, day + timedelta(days=1))
    key = convert(
        column(family.base_field.column),
        family.base_field.type,
        family.granularity_type,
        dialect,
    )
    wanted = [a for a in event.attributes if a.column in fields and a.column not in CARRIED]
    columns = [named(key, family.granularity), *(column(name) for name in ROW_ORDER)]
    columns += [named(column(attribute.column), base_column(attribute)) for attribute in wanted]
    ready = {EVENT_TIME, EVENT_ID, *map(base_column, wanted)}
    table = scan(event.relation, events.stored_columns(event), days, "events")
    events_of_day = select(columns, table).where(*_of_rows(family, days, dialect), copy=False)
    source = chain.add("events", events_of_day)
    order = exp.Order(expressions=[exp.Ordered(this=column(name)) for name in ROW_ORDER])
    place = exp.Window(this=exp.RowNumber(), partition_by=[column(family.granularity)], order=order)
    rows = (
        exp.select("*")
        .from_(source)
        .where(column(family.granularity).is_(exp.null()).not_())
        .qualify(place.eq(1))
    )
    return chain.add("rows", rows), ready


def select_set_aside(graph: Graph, family: RowFamily, day: date, dialect: str) -> exp.Select:
    """Count the day's events that form no row.

    Returns:
        One row: events, events with a NULL key, different keys; and, where the key is converted,
        those of the NULL keys whose field had a value.
    """
    event = graph.events[family.base]
    days = Window(day, day + timedelta(days=1))
    key = convert(
        column(family.base_field.column), family.base_field.type, family.granularity_type, dialect
    )
    table = scan(event.relation, events.stored_columns(event), days, "events")
    lost = lost_key(family.base_field, family.granularity_type, dialect)
    return (
        exp.select(
            exp.Count(this=exp.Star()).as_("events"),
            count_where(key.is_(exp.null())).as_("null_keys"),
            exp.Count(this=exp.Distinct(expressions=[key.copy()])).as_("keys"),
            *([] if lost is None else [lost]),
        )
        .from_(table)
        .where(*_of_rows(family, days, dialect))
    )


def _of_rows(family: RowFamily, days: Window, dialect: str) -> list[exp.Expr]:
    """Keep the events that the family takes rows from."""
    conditions = [on_days(days)]
    if family.where is not None:
        conditions.append(value(family.where, BOOLEAN, dialect))
    return conditions


def _row_columns(family: RowFamily) -> tuple[str, ...]:
    """Name the columns of the base event that decide which rows there are."""
    filtered = family.where.columns.values() if family.where else ()
    return tuple(dict.fromkeys([family.base_field.column, *sorted(filtered)]))


def _fields_read(graph: Graph, family: RowFamily, needed: Sequence[Attribute]) -> set[str]:
    """Name the base event's columns that are computed with or matched by."""
    read: set[str | None] = set()
    for attribute in needed:
        if isinstance(attribute.definition, Computed):
            read |= set(attribute.definition.columns.values())
        elif isinstance(attribute.definition, Joined):
            read.add(family.joins[attribute.definition.join].match)
    return {a.column for a in graph.events[family.base].attributes if base_column(a) in read}


def _stored_rows(
    chain: Chain, family: RowFamily, day: date, stratum: set[str]
) -> tuple[str, set[str]]:
    days = Window(day, day + timedelta(days=1))
    kept = {n: kind for n, kind in row_columns(family).items() if n not in stratum}
    names = [name for name in kept if name != DAY]
    table = scan(family.relation, kept, days, "stored")
    select = exp.select(*(column(name) for name in names)).from_(table).where(on_days(days))
    return chain.add("rows", select), set(names)


def _compute_ready(
    chain: Chain, pending: Sequence[Attribute], ready: set[str], source: str, dialect: str
) -> str:
    now = [
        a
        for a in pending
        if isinstance(a.definition, Computed)
        and a.column not in ready
        and set(a.definition.columns.values()) <= ready
    ]
    if not now:
        return source
    trees = [
        named(value(attribute.definition, attribute.type, dialect), attribute.column)
        for attribute in now
        if isinstance(attribute.definition, Computed)
    ]
    ready |= {a.column for a in now}
    return chain.add(f"step_{len(chain.steps)}", select([exp.Star(), *trees], source))


def _read_by(family: RowFamily, attribute: Attribute) -> set[str]:
    """Name the columns that a feature is computed from, or matched by."""
    definition = attribute.definition
    if isinstance(definition, Joined):
        match = family.joins[definition.join].match
        return {match} if match else set()
    return set(definition.columns.values()) if isinstance(definition, Computed) else set()


def _reads(
    family: RowFamily,
    parts: Iterable[Attribute],
    day: date,
    *,
    start: date,
    stratum: set[str],
    names: Mapping[str, str],
) -> tuple[Read, ...]:
    """Say what one feature reads beyond the rows themselves: column by column, day by day.

    `parts` are the feature and what it reads in its stratum, `names` the base event's columns by
    what they are called in the statement.
    """
    end = day + timedelta(days=1)
    fields: set[str] = set()
    stored: set[str] = set()
    joined: dict[int, set[str]] = {}
    for part in parts:
        read = _read_by(family, part)
        if isinstance(part.definition, Joined):
            joined.setdefault(part.definition.join, set()).add(part.definition.column)
        fields |= {names[name] for name in read if name in names} | (read & set(CARRIED))
        stored |= {n for n in read if n not in names and n not in stratum and n not in CARRIED}
    reads = []
    if fields:
        reads.append(Read(f"events/{family.base}", tuple(sorted(fields)), day, end))
    if stored:
        reads.append(Read(family.relation, tuple(sorted(stored)), day, end))
    for place, columns in sorted(joined.items()):
        join = family.joins[place]
        days = join.reach.days(day, start) if join.reach else (None, None)
        if join.reach is None or days[0] != days[1]:
            reads.append(Read(join.relation, tuple(sorted(columns)), *days))
    return tuple(reads)
