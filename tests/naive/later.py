"""What weak labels know of a row's own day and the days after, by the `joins` of their set."""

from datetime import date, datetime, timedelta

from tests.naive.config import Spec, column, field_versions
from tests.naive.events import in_order, scope_of
from tests.naive.expressions import Scope
from tests.naive.layout import columns_of
from tests.naive.rows import WideRow
from tests.naive.values import Value, convert
from tests.naive.world import Row, Scores, World

TYPES = {
    str: "string",
    int: "bigint",
    float: "float",
    bool: "boolean",
    datetime: "timestamp",
    date: "date",
}


def with_later(world: World, label_set: Spec, day: date, wide: WideRow, scores: Scores) -> Scope:
    """Let a row's scope know the fields of what is joined, under their prefixed names."""
    found: dict[str, tuple[Spec, Row | None]] = {}
    for join in label_set.get("joins", []):
        prefix = join.get("prefix", f"{join['source']}_")
        found[prefix] = (join, _newest(world, label_set, join, day, wide, scores))

    def lookup(name: str, version: int | None) -> Value:
        for prefix, (join, row) in found.items():
            offered = _offered(world, join["source"])
            if name.startswith(prefix) and name.removeprefix(prefix) in offered:
                short = name.removeprefix(prefix)
                if row is None:
                    return None
                if short in {"event_time", "event_id"}:
                    return row[short]
                return row[column(short, version or offered[short])]
        return wide.scope(name, version)

    return lookup


def _offered(world: World, source: str) -> dict[str, int]:
    """Give the fields of a source with their default versions."""
    config = world.config
    if source in config.tables:
        return dict.fromkeys(config.tables[source]["columns"], 1)
    if source in config.events:
        fields = field_versions(config.events[source])
        return {"event_time": 1, "event_id": 1} | {n: live.default for n, live in fields.items()}
    return {name: live.default for name, live in columns_of(config, source).items()}


def _newest(
    world: World, label_set: Spec, join: Spec, day: date, wide: WideRow, scores: Scores
) -> Row | None:
    """Find the last row about this one, from the last day that may be looked at backwards."""
    granularity = world.config.families[label_set["family"]]["granularity"]
    match = join.get("match", granularity)
    wanted = wide.row[granularity] if match == granularity else wide.scope(match, None)
    for later in range(join.get("within_days", 0), -1, -1):
        then = day + timedelta(days=later)
        about = [
            row
            for row in _rows(world, join["source"], then, scores)
            if _is_about(_said(world, join, row), wanted)
        ]
        if about:
            return about[-1]
    return None


def _rows(world: World, source: str, day: date, scores: Scores) -> list[Row]:
    """Give the rows of one day, the newest last."""
    config = world.config
    if source in config.tables:
        return world.table_rows(source, day)
    if source in config.events:
        return sorted(world.event_rows(source, day), key=in_order)
    key = config.families[source]["granularity"]
    rows = world.request_rows(source, day, scores)
    order = ("event_time", "event_id", key)
    return sorted(rows, key=lambda row: tuple((row[n] is None, str(row[n])) for n in order))


def _said(world: World, join: Spec, row: Row) -> Value:
    """Give what a joined row says it is about."""
    config, source, field = world.config, join["source"], join["field"]
    if source in config.events:
        return scope_of(row, field_versions(config.events[source]))(field, None)
    if source in config.families and field == config.families[source]["granularity"]:
        return row[field]
    return row[column(field, _offered(world, source)[field])]


def _is_about(said: Value, wanted: Value) -> bool:
    """Compare after converting what a row is called to the type of what is said."""
    if said is None or wanted is None:
        return False
    return convert(wanted, TYPES[type(said)]) == said
