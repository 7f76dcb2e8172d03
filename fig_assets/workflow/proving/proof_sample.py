"""A graph -> a small hostile sample: raw lines and lookup tables made from its own paths and types.

Values are drawn from few entities, so that rows meet their windows; from the literals that the
project's own expressions compare with, so that conditions are met; and from what breaks programs.
"""

import csv
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random

import pyarrow as pa
import pyarrow.parquet as pq
from sqlglot import exp

from fig_assets.graph.definitions import Aggregated, Computed, Extracted, Voted
from fig_assets.graph.nodes import Attribute, Event, Graph, label_of
from fig_assets.graph.sources import DATE
from fig_assets.language.parse import reference_of

Json = dict[str, object]
Steps = Sequence[str | int | None]
"""Keys and places of a path; None for every element of an array."""

ENTITIES = 4
MIDNIGHT, LAST = timedelta(), timedelta(days=1, microseconds=-1)
TEXTS: tuple[object, ...] = (
    "", " ", "NULL", "NaN", "-0", "1e999", "select", "'; DROP TABLE x --", "ü∑🙂", "a\u0000b",
    7, 2.5, True, [], {"a": 1}, None,
)  # fmt: skip
NUMBERS: tuple[object, ...] = (
    0, 1, -1, 2, 3, 10, 2.5, "12", "x", 9223372036854775807, 9223372036854775808, 1e308, -1e308,
    5e-324, "NaN", "Infinity", True, None,
)  # fmt: skip
FLAGS: tuple[object, ...] = (True, True, False, False, "true", "no", 1, None)
MOMENTS: tuple[object, ...] = (
    "2024-02-29T23:59:59.999999Z", "2024-01-01", "0001-01-01", "9999-12-31T23:59:59Z",
    "2023-02-29", "now", 1700000000, None,
)  # fmt: skip
VECTORS: tuple[object, ...] = ([1, None, 2], "[1e999, 0, 0]", [], "x", "[0, 1]", None)
POOLS = {
    "bigint": NUMBERS, "float": NUMBERS, "boolean": FLAGS, "timestamp": MOMENTS, "date": MOMENTS,
}  # fmt: skip


@dataclass(frozen=True)
class Line:
    """One raw line: the event it was made for, the moment it tells, and the file it comes in."""

    source: str
    moment: datetime
    file: date
    payload: Json

    @property
    def text(self) -> str:
        """The line as it stands in its file."""
        return json.dumps(self.payload, ensure_ascii=False)


class Sampler:
    """Makes lines of a graph's events; the same seed makes the same lines."""

    def __init__(self, graph: Graph, seed: int) -> None:
        self.graph = graph
        self.chance = Random(seed)
        self._literals = literals(graph)
        self._entities = _entity_names(graph)
        self._keys = {row.base_field.name for row in graph.row_families.values()}
        self._count = 0

    def day(self, day: date, events: int, *, late: bool = True) -> list[Line]:
        """Make the lines of one event day, the first and last at its very edges."""
        found: list[Line] = []
        for event in self.graph.events.values():
            offsets = [MIDNIGHT, LAST, *(self._offset() for _ in range(events - 2))]
            made = [self.line(event, day, offset, late=late) for offset in offsets]
            found += made
            for again in self.chance.sample(made, min(2, len(made))):
                other = self.line(event, day, self._offset(), late=late)
                found.append(self._with_id(event, other, again))
        return found

    def line(self, event: Event, day: date, offset: timedelta, *, late: bool) -> Line:
        """Make a line of one event at a moment of a day; some come in a later day's file."""
        self._count += 1
        payload: Json = {}
        for attribute in event.attributes:
            if isinstance(attribute.definition, Extracted):
                _put(payload, attribute.definition.path.steps, self._value(attribute))
        moment = datetime(day.year, day.month, day.day, tzinfo=UTC) + offset
        landing = event.landing
        if landing.id is not None:
            name = None if self.chance.random() < 0.1 else f"id-{self._count}"
            _put(payload, landing.id.steps, name)
        if landing.event_type is not None and event.event_name is not None:
            _put(payload, landing.event_type.steps, event.event_name)
        _put(payload, landing.time.steps, self._written(moment))
        source = self.graph.sources[event.source]
        delay = self.chance.randint(0, source.late_days) if self.chance.random() < 0.15 else 0
        return Line(event.source, moment, day + timedelta(days=delay * late), payload)

    def table(self, name: str, rows: int) -> list[Json]:
        """Make the rows of a lookup table: a key for each entity, some twice and some missing."""
        table = self.graph.tables[name]
        made = []
        for place in range(rows):
            row = {n: self._of_type(kind.name, n) for n, kind in table.columns.items()}
            key = table.columns[table.key].name
            row[table.key] = self._entity(key, place) if place else None
            made.append(row)
        return made

    def _offset(self) -> timedelta:
        # Odd microseconds: no two lines without an id share a moment, which would decide nothing.
        self._count += 1
        return timedelta(seconds=self.chance.randrange(1, 86_399), microseconds=self._count)

    def _value(self, attribute: Attribute) -> object:
        definition = attribute.definition
        kind = definition.path.type or attribute.type if isinstance(definition, Extracted) else None
        name = kind.name if kind else "string"
        if attribute.name in self._keys and self.chance.random() < 0.85:
            return self._entity(name, ENTITIES)
        if attribute.name in self._entities and self.chance.random() < 0.9:
            return self._entity(name, self.chance.randrange(ENTITIES + 1))
        return self._of_type(name, attribute.name)

    def _of_type(self, kind: str, name: str) -> object:
        known = self._literals.get(name, ())
        if known and self.chance.random() < 0.6:
            return self.chance.choice(known)
        if kind.startswith("embedding"):
            numbers = [self.chance.random() for _ in range(3)]
            return self.chance.choice((numbers, json.dumps(numbers), *VECTORS))
        pool = POOLS.get(kind)
        if pool is not None:
            return self.chance.choice(pool)
        if self.chance.random() < 0.5:
            return self._entity("string", self.chance.randrange(ENTITIES))
        return self.chance.choice(TEXTS)

    def _entity(self, kind: str, place: int) -> object:
        """Name an entity; the last place is one that occurs this once only."""
        number = place if place < ENTITIES else self._count + 1000
        match kind:
            case "bigint" | "float":
                return number
            case "boolean":
                return number % 2 == 0
            case "date" | "timestamp":
                return f"2024-01-{number % 28 + 1:02}"
            case _:
                return f"entity {number}"

    def _with_id(self, event: Event, line: Line, other: Line) -> Line:
        """Give a line the id of another: a duplicate with other values."""
        path = event.landing.id
        if path is None:
            return line
        payload = json.loads(json.dumps(line.payload))
        _put(payload, path.steps, _get(other.payload, path.steps))
        return replace(line, payload=payload)

    def _written(self, moment: datetime) -> str:
        text = moment.strftime("%Y-%m-%dT%H:%M:%S.%f")
        east = (moment + timedelta(hours=5)).strftime("%Y-%m-%dT%H:%M:%S.%f")
        return self.chance.choice([f"{text}Z", text, f"{east}+05:00"])


def write_lines(graph: Graph, root: Path, lines: Iterable[Line], files: Sequence[date]) -> None:
    """Write the raw files dated `files`, with the lines that come in them and some broken ones."""
    for source in graph.sources.values():
        if not source.is_landed:
            continue
        mine = [line for line in lines if line.source == source.name]
        days: Sequence[date | None] = files if source.is_dated else [None]
        for day in days:
            texts = [line.text for line in mine if day is None or line.file == day]
            for place, part in enumerate(source.parts):
                path = root / part.path.replace(DATE, str(day))
                path.parent.mkdir(parents=True, exist_ok=True)
                own = [*texts[place :: len(source.parts)], "{", "", "[1]"]
                path.write_text("".join(f"{text}\n" for text in own), "utf-8")


def write_table(rows: Sequence[Json], types: Sequence[str], path: Path) -> None:
    """Write a lookup table as CSV or Parquet, as its path says."""
    path.parent.mkdir(parents=True, exist_ok=True)
    names = list(rows[0]) if rows else list(types)
    if path.suffix == ".parquet":
        columns = {n: pa.array([_text(row[n]) for row in rows], pa.string()) for n in names}
        pq.write_table(pa.table(columns), path)
        return
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(names)
        writer.writerows([_text(row[name]) or "" for name in names] for row in rows)


def literals(graph: Graph) -> dict[str, tuple[object, ...]]:
    """Collect, for each name, the literals of the expressions that read it."""
    found: dict[str, set[object]] = {}
    for attribute in graph.attributes.values():
        for tree in _trees(attribute):
            values = {_literal(node) for node in tree.find_all(exp.Literal)}
            for node in tree.find_all(exp.Column):
                name = label_of(reference_of(node)).partition("@")[0]
                found.setdefault(name, set()).update(values)
    return {name: tuple(sorted(values, key=str)) for name, values in found.items()}


def _trees(attribute: Attribute) -> list[exp.Expr]:
    match attribute.definition:
        case Computed(expression=expression) | Aggregated(expression=expression):
            return [expression.tree]
        case Voted(computed=computed):
            return [computed.expression.tree]
        case _:
            return []


def _literal(node: exp.Literal) -> object:
    return node.name if node.is_string else float(node.name)


def _entity_names(graph: Graph) -> set[str]:
    """Name the fields by which things are grouped and matched."""
    names = {group.entity.name for family in graph.families.values() for group in family.groups}
    for row in graph.row_families.values():
        names |= {
            (join.match or "").partition("__v")[0].removeprefix("event__") for join in row.joins
        }
    return names - {""}


def _put(payload: Json, steps: Steps, value: object) -> None:
    """Set what stands at a path, making objects and arrays on the way."""
    place: object = payload
    plain = [0 if step is None else step for step in steps]
    for step, following in zip(plain, [*plain[1:], None], strict=True):
        last = following is None
        empty: object = [] if isinstance(following, int) else {}
        if isinstance(place, list) and isinstance(step, int):
            place += [{} for _ in range(step + 1 - len(place))]
            place[step] = value if last else _room(place[step], empty)
            place = place[step]
        elif isinstance(place, dict):
            place[str(step)] = value if last else _room(place.get(str(step)), empty)
            place = place[str(step)]
        else:
            return


def _room(found: object, empty: object) -> object:
    """Keep what is there if it is of the needed kind."""
    return found if type(found) is type(empty) else empty


def _get(payload: Json, steps: Steps) -> object:
    place: object = payload
    for step in steps:
        if isinstance(place, dict):
            place = place.get(str(step))
        elif isinstance(place, list) and isinstance(step, int) and step < len(place):
            place = place[step]
        else:
            return None
    return place


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value)
