"""Event -> SELECT of one day's rows from landed lines: filtered, without duplicates, typed."""

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import count

import pyarrow as pa
from sqlglot import exp

from fig_assets.engines.base import DAY, Column, Read, Target
from fig_assets.graph.definitions import Computed, Delivered, Extracted
from fig_assets.graph.nodes import (
    ACCOUNT,
    EVENT_ID,
    EVENT_TIME,
    ROW_ORDER,
    SOURCE_FILE,
    SOURCE_LINE,
    Attribute,
    Event,
)
from fig_assets.graph.period import Window
from fig_assets.graph.sources import Source
from fig_assets.language.arrays import elements_along
from fig_assets.language.duck import call, count_where, number
from fig_assets.language.paths import EVERY, Path, json_path, json_path_of
from fig_assets.language.types import BOOLEAN, STRING, convert
from fig_assets.sql.expressions import (
    Chain,
    add_layers,
    arrow_types,
    closure,
    column,
    day_literal,
    named,
    on_days,
    scan,
    select,
    value,
)
from fig_assets.sql.losses import found_text, is_losing_path, losses, lost_text

EVENT_TYPE, PAYLOAD, PARSED, ARRAYS = "event_type", "payload", "parsed__", "arrays__"
LANDED: dict[str, pa.DataType] = {
    DAY: pa.date32(),
    EVENT_TIME: pa.timestamp("us"),
    EVENT_ID: pa.string(),
    EVENT_TYPE: pa.string(),
    PAYLOAD: pa.string(),
    SOURCE_FILE: pa.string(),
    SOURCE_LINE: pa.int64(),
}
"""The shape of a landing relation: the candidate lines of one event day from one file day."""
KEY_TYPES: dict[str, pa.DataType] = {name: LANDED[name] for name in ROW_ORDER}


def shares(event: Event, source: Source) -> dict[str, str | None]:
    """Name the landing relations of an event, each with its account, where there are any.

    They hold the lines that came 0, 1, ... days late.
    """
    return {
        f"{landing.relation}/{late}": part.account
        for part in source.parts
        for landing in [event.landing.of_account(part.account) if part.account else event.landing]
        for late in range(part.late_days + 1)
    }


def stored_columns(event: Event) -> dict[str, pa.DataType]:
    """Return the columns of the stored relation, `day` first."""
    return {DAY: pa.date32(), **KEY_TYPES, **arrow_types(event.attributes)}


def event_target(
    event: Event, source: Source, day: date, attributes: Sequence[Attribute]
) -> Target:
    """Say which columns a write of `attributes` on `day` replaces, and what it reads."""
    end = day + timedelta(days=1)
    reads = tuple(Read(n, (EVENT_TYPE, PAYLOAD), day, end) for n in shares(event, source))
    known = {a.column for a in event.attributes} - set(KEY_TYPES)
    filtered = _siblings(event.where, known)
    key = tuple(
        Column(n, kind, event.fingerprint, reads, filtered) for n, kind in KEY_TYPES.items()
    )
    types = arrow_types(attributes)
    fields = tuple(
        Column(a.column, types[a.column], a.fingerprint, reads, _siblings(a.definition, known))
        for a in attributes
        if a.column not in KEY_TYPES
    )
    whole = {a.key for a in attributes} >= {a.key for a in event.attributes}
    return Target(event.relation, ROW_ORDER, (*key, *fields), whole)


def _siblings(definition: object, known: set[str]) -> tuple[str, ...]:
    """Name the fields of the event that a computed field or a filter reads."""
    if not isinstance(definition, Computed):
        return ()
    return tuple(sorted(known & set(definition.columns.values())))


def select_event(
    event: Event, files: Source, day: date, attributes: Sequence[Attribute], dialect: str
) -> exp.Select:
    """Select the rows of `event` on `day`, ordered by `ROW_ORDER`.

    The payload of each line is parsed once, for all paths together that `attributes` need, and
    once more where some of them are about the elements of arrays. Two lines of one id are one
    event where they are of one account.

    Returns:
        One row for each event, columns `(day, *ROW_ORDER, *attributes)`, and a boolean
        `lost__...` for each attribute that can lose a value.
    """
    chain = Chain()
    filtered = _where_attributes(event)
    needed = closure([*attributes, *filtered], event.attributes)
    delivered = [a.column for a in needed if isinstance(a.definition, Delivered)]
    of_accounts = bool(delivered or files.accounts)
    source = chain.add("candidates", _candidates(event, files, day, of_accounts=of_accounts))
    source = chain.add("events", _without_duplicates(event, files, source))
    extracted = [a for a in needed if isinstance(a.definition, Extracted)]
    lost = [a for a in attributes if is_losing_path(a)]
    if extracted:
        source = chain.add("parsed", _parse(extracted, source, delivered))
        source = chain.add("fields", _fields(extracted, lost, source, delivered, dialect))
    elif delivered:
        source = chain.add("fields", select([*_carried(), *_delivered(delivered)], source))
    computed = [
        (a.column, a.definition, value(a.definition, a.type, dialect))
        for a in needed
        if isinstance(a.definition, Computed)
    ]
    ready = {*ROW_ORDER, *delivered, *(a.column for a in extracted)}
    source = add_layers(chain, source, computed, ready)
    names = [n for n in (a.column for a in attributes) if n not in KEY_TYPES]
    wanted: list[exp.Expr] = [column(name) for name in (*ROW_ORDER, *names)]
    wanted += [*map(lost_text, lost), *losses(attributes, dialect)]
    query = select([named(day_literal(day), DAY), *wanted], source)
    if event.where is not None:
        query = query.where(value(event.where, BOOLEAN, dialect), copy=False)
    return chain.finish(query.order_by(*(column(name) for name in ROW_ORDER), copy=False))


def select_counts(event: Event, files: Source, day: date) -> exp.Select:
    """Count what became of the landed lines of `day`.

    Returns:
        One row: lines, lines of this event's type, and different events among those.
    """
    chain = Chain()
    of_accounts = bool(files.accounts)
    source = chain.add("candidates", _candidates(event, files, day, of_accounts=of_accounts))
    matches = _of_type(event)
    # No account has a slash in its name.
    ids = [column(ACCOUNT), exp.Literal.string("/"), column(EVENT_ID)]
    identity = exp.DPipe(this=exp.DPipe(this=ids[0], expression=ids[1]), expression=ids[2])
    named = exp.Case().when(matches.copy(), identity if of_accounts else column(EVENT_ID))
    without_id = exp.and_(matches.copy(), column(EVENT_ID).is_(exp.null()))
    distinct = exp.Count(this=exp.Distinct(expressions=[named]))
    return chain.finish(
        exp.select(
            exp.Count(this=exp.Star()).as_("lines"),
            count_where(matches).as_("matching"),
            exp.Add(this=distinct, expression=count_where(without_id)).as_("different"),
        ).from_(source)
    )


def _candidates(event: Event, files: Source, day: date, *, of_accounts: bool) -> exp.Query:
    days = Window(day, day + timedelta(days=1))
    wanted = (EVENT_TIME, EVENT_ID, EVENT_TYPE, PAYLOAD, SOURCE_FILE, SOURCE_LINE)
    selects = [
        exp.select(*(column(name) for name in wanted), *([_account(it)] if of_accounts else []))
        .from_(scan(name, LANDED, days, "landed"))
        .where(on_days(days))
        for name, it in shares(event, files).items()
    ]
    return selects[0] if len(selects) == 1 else exp.union(*selects, distinct=False)


def _account(name: str | None) -> exp.Expr:
    value = exp.null() if name is None else exp.Literal.string(name)
    return named(exp.cast(value, "text"), ACCOUNT)


def _of_type(event: Event) -> exp.Expr:
    if event.event_name is None:
        return exp.true()
    return column(EVENT_TYPE).eq(exp.Literal.string(event.event_name))


def _without_duplicates(event: Event, files: Source, source: str) -> exp.Select:
    order = exp.Order(expressions=[exp.Ordered(this=column(name)) for name in ROW_ORDER])
    same = [column(name) for name in ([EVENT_ID, ACCOUNT] if files.accounts else [EVENT_ID])]
    first = exp.Window(this=exp.RowNumber(), partition_by=same, order=order).eq(1)
    unnamed = column(EVENT_ID).is_(exp.null())
    return exp.select("*").from_(source).where(_of_type(event)).qualify(exp.or_(unnamed, first))


def _carried() -> list[exp.Expr]:
    return [column(name) for name in ROW_ORDER]


def _delivered(names: Sequence[str]) -> list[exp.Expr]:
    """Give the account the names of the fields that hold it."""
    return [named(column(ACCOUNT), name) for name in names]


def _parse(extracted: Sequence[Attribute], source: str, delivered: Sequence[str]) -> exp.Select:
    """Parse each payload once for the texts of all fields, and once for all arrays."""
    columns = [*_carried(), *([column(ACCOUNT)] if delivered else [])]
    texts = [exp.Literal.string(json_path(_path(a))) for a in extracted if not _path(a).is_wide]
    # The text of an array and a text that looks like one are told apart by another function.
    arrays = [exp.Literal.string(before) for before in _arrays(extracted)]
    for function, paths, name in (
        ("JSON_EXTRACT_STRING", texts, PARSED),
        ("JSON_EXTRACT", arrays, ARRAYS),
    ):
        if paths:
            found = call(function, column(PAYLOAD), exp.Array(expressions=paths))
            columns.append(named(found, name))
    return select(columns, source)


def _arrays(extracted: Sequence[Attribute]) -> list[str]:
    """List the paths of the arrays whose elements are asked for, each once."""
    paths = (_path(attribute) for attribute in extracted)
    return list(dict.fromkeys(_before(path) for path in paths if path.is_wide))


def _before(path: Path) -> str:
    return json_path_of(path.steps[: path.steps.index(EVERY)])


def _fields(
    extracted: Sequence[Attribute],
    lost: Sequence[Attribute],
    source: str,
    delivered: Sequence[str],
    dialect: str,
) -> exp.Select:
    """Type the texts; of the fields in `lost`, remember where there was one."""
    wanted = {attribute.key for attribute in lost}
    columns = [*_carried(), *_delivered(delivered)]
    places, arrays = count(1), _arrays(extracted)
    for attribute in extracted:
        path = _path(attribute)
        if path.is_wide:
            place = arrays.index(_before(path)) + 1
            rest = path.steps[path.steps.index(EVERY) + 1 :]
            text = elements_along(call("LIST_EXTRACT", column(ARRAYS), number(place)), rest)
        else:
            text = call("LIST_EXTRACT", column(PARSED), number(next(places)))
        inferred = path.type or STRING
        typed = convert(text, STRING, inferred, dialect)
        typed = convert(typed, inferred, attribute.type, dialect)
        columns.append(named(typed, attribute.column))
        if attribute.key in wanted:
            columns.append(found_text(attribute, text.copy()))
    return select(columns, source)


def _path(attribute: Attribute) -> Path:
    if not isinstance(attribute.definition, Extracted):
        raise TypeError(attribute.identity)
    return attribute.definition.path


def _where_attributes(event: Event) -> list[Attribute]:
    read = set(event.where.columns.values()) if event.where else set()
    return [attribute for attribute in event.attributes if attribute.column in read]
