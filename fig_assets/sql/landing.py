"""Raw lines in memory -> SELECT of what decides where each belongs: time, id, event type."""

from datetime import date, timedelta

import pyarrow as pa
from sqlglot import exp

from fig_assets.engines.base import DAY, Column, Target
from fig_assets.graph.nodes import (
    ACCOUNT,
    EVENT_ID,
    EVENT_TIME,
    ROW_ORDER,
    SOURCE_FILE,
    SOURCE_LINE,
)
from fig_assets.graph.period import Window
from fig_assets.graph.sources import Landing, Source
from fig_assets.language.paths import Path, json_path
from fig_assets.language.types import STRING, TIMESTAMP, convert
from fig_assets.sql.event import EVENT_TYPE, LANDED, PAYLOAD
from fig_assets.sql.expressions import column, named, on_days, scan

EVENT_DAY, TIME_TEXT = "event_day", "time_text"
LINES: dict[str, pa.DataType] = {
    SOURCE_FILE: pa.string(),
    SOURCE_LINE: pa.int64(),
    PAYLOAD: pa.string(),
}
"""The shape of lines as they are read."""
QUARANTINED: dict[str, pa.DataType] = {
    SOURCE_FILE: pa.string(),
    SOURCE_LINE: pa.int64(),
    "reason": pa.string(),
    "detail": pa.string(),
    "line": pa.string(),
}
"""The shape of a quarantine relation; `line` is the beginning of the line."""


def select_landed(landing: Landing, lines: str, dialect: str) -> exp.Select:
    """Find the time, id and event type of each line of the table `lines`.

    Returns:
        One row for each line, ordered by `ROW_ORDER`, columns of `LANDED` but for `day`, then
        `event_day` (NULL where the line has no usable time) and `time_text`, its time as written.
    """
    wanted = {EVENT_TYPE: landing.event_type, TIME_TEXT: landing.time, EVENT_ID: landing.id}
    paths = {name: path for name, path in wanted.items() if path is not None}
    parsed = exp.Anonymous(
        this="JSON_EXTRACT_STRING",
        expressions=[column(PAYLOAD), exp.Array(expressions=[_text(p) for p in paths.values()])],
    )
    found = exp.select(*(column(name) for name in LINES), parsed.as_("parsed")).from_(lines)
    texts = exp.select(*(column(name) for name in LINES)).from_(found.subquery("found"))
    for name in wanted:
        tree: exp.Expr = exp.cast(exp.null(), "text")
        if name in paths:
            place = exp.Literal.number(list(paths).index(name) + 1)
            tree = exp.Anonymous(this="LIST_EXTRACT", expressions=[column("parsed"), place])
        texts = texts.select(named(tree, name))
    time = convert(column(TIME_TEXT), STRING, TIMESTAMP, dialect)
    timed = exp.select("*", time.as_(EVENT_TIME)).from_(texts.subquery("texts"))
    names = (EVENT_TIME, EVENT_ID, EVENT_TYPE, PAYLOAD, SOURCE_FILE, SOURCE_LINE)
    return (
        exp.select(
            *(column(name) for name in names),
            exp.cast(column(EVENT_TIME), "date").as_(EVENT_DAY),
            column(TIME_TEXT),
        )
        .from_(timed.subquery("timed"))
        .order_by(*(column(name) for name in ROW_ORDER))
    )


def landing_target(landing: Landing, late: int, notes: dict[str, str]) -> Target:
    """Describe the share of a file that belongs to the day `late` days before it."""
    names = [*ROW_ORDER, EVENT_TYPE, PAYLOAD]
    columns = tuple(Column(n, LANDED[n], is_document=n == PAYLOAD) for n in names)
    return Target(f"{landing.relation}/{late}", ROW_ORDER, columns, notes=notes)


def select_landed_before(landing: Landing, day: date) -> exp.Select:
    """Select the lines of a day that came with its own file, as they are stored."""
    days = Window(day, day + timedelta(days=1))
    return (
        exp.select(*(column(name) for name in (DAY, *ROW_ORDER, EVENT_TYPE, PAYLOAD)))
        .from_(scan(f"{landing.relation}/0", LANDED, days, "landed"))
        .where(on_days(days))
        .order_by(*(column(name) for name in ROW_ORDER))
    )


def quarantined(source: Source) -> dict[str, pa.DataType]:
    """Return the columns of a source's quarantine, with the account where there are several."""
    return {**QUARANTINED, ACCOUNT: pa.string()} if source.accounts else QUARANTINED


def quarantine_target(source: Source) -> Target:
    """Describe the lines of a source's file that belong nowhere."""
    columns = tuple(Column(name, kind) for name, kind in quarantined(source).items())
    return Target(f"quarantine/{source.name}", (SOURCE_FILE, SOURCE_LINE), columns)


def select_quarantined_before(source: Source, account: str, day: date) -> exp.Select:
    """Select the quarantined lines of one account, as they are stored."""
    days = Window(day, day + timedelta(days=1))
    columns = {DAY: pa.date32(), **quarantined(source)}
    return (
        exp.select(*(column(name) for name in quarantined(source)))
        .from_(scan(f"quarantine/{source.name}", columns, days, "quarantined"))
        .where(on_days(days), column(ACCOUNT).eq(exp.Literal.string(account)))
    )


def _text(path: Path) -> exp.Expr:
    return exp.Literal.string(json_path(path))
