"""Raw files -> the rows of an event or a table."""

import csv
import gzip
import io
import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path

from tests.naive.config import Config, Spec, Versions, column, field_versions
from tests.naive.expressions import Scope, evaluate
from tests.naive.values import Value, convert, json_text, parse_json, parse_timestamp
from tests.naive.world import Row

Line = tuple[str, int, dict[str, object]]
"""File name, line number from 1, payload."""

_STEP = re.compile(r'(?:^|[:.])(?:"((?:[^"\\]|\\.)+)"|([^:.\[\]"]+))|\[([0-9]+|\*)\]')


class Every:
    """The step `[*]`."""


class Files:
    """The raw lines of every file, each read once."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._lines: dict[str, list[Line]] = {}

    def find(self, pattern: str, day: date | None) -> list[str]:
        """Give the files of `pattern`, of one date where it says `{date}`, by name."""
        dated = pattern.replace("{date}", day.isoformat()) if day else pattern
        anchor = Path(dated).anchor
        found = (Path(anchor) if anchor else self.root).glob(dated.removeprefix(anchor))
        return sorted((it if anchor else it.relative_to(self.root)).as_posix() for it in found)

    def lines(self, name: str) -> list[Line]:
        """Give the lines of a file that are JSON objects."""
        if name not in self._lines:
            found = ((number, _payload(raw)) for number, raw in enumerate(self._raw(name), 1))
            self._lines[name] = [(name, number, it) for number, it in found if it is not None]
        return self._lines[name]

    def records(self, name: str) -> Iterator[Row]:
        """Give the records of a csv file; an empty cell is NULL."""
        content = (self.root / name).read_text(encoding="utf-8-sig")
        for record in csv.DictReader(io.StringIO(content, newline="")):
            yield {key: cell or None for key, cell in record.items()}

    def _raw(self, name: str) -> list[bytes]:
        content = (self.root / name).read_bytes()
        if content.startswith(b"\x1f\x8b"):
            content = gzip.decompress(content)
        return content.removeprefix(b"\xef\xbb\xbf").split(b"\n")


def event_rows(config: Config, files: Files, name: str, day: date) -> list[Row]:
    """Give the rows of one event and day: by event_name, then one for an id, then by `where`."""
    event = config.events[name]
    if day < config.start:
        return []
    found = [
        row
        for account, line in _lines_within_reach(config, files, event, day)
        if (row := _row(config, event, line, account)) is not None
        and isinstance(row["event_time"], datetime)
        and row["event_time"].date() == day
    ]
    rows = _first_of_each_id(sorted(found, key=in_order))
    if "where" not in event:
        return rows
    names = field_versions(event)
    return [row for row in rows if evaluate(event["where"], scope_of(row, names)) is True]


def table_rows(config: Config, files: Files, name: str, day: date) -> list[Row]:
    """Give a table's rows (columns `<column>__v1`), the first of each key.

    A daily table on `day` is its newest file dated up to `day`.
    """
    table = config.tables[name]
    source = config.sources[table.get("source", name)]
    rows: dict[Value, Row] = {}
    for file in _files_of_table(config, files, source, day):
        records = files.records(file) if source["format"] == "csv" else _objects(files, file)
        for record in records:
            row = {
                column(it, 1): convert(record.get(it), type_of_column(table, it))
                for it in table["columns"]
            }
            rows.setdefault(row[column(table["key"], 1)], row)
    return [row for key, row in rows.items() if key is not None]


def type_of_column(table: Spec, name: str) -> str:
    """Give the type of a table's column, which is written short or long."""
    written = table["columns"][name]
    return str(written if isinstance(written, str) else written.get("type", "string"))


def in_order(row: Row) -> tuple[object, ...]:
    """Order rows by event time, event id (none last), file and line."""
    moment, key = row["event_time"], row["event_id"]
    return moment, key is None, key or "", row["source_file"], row["source_line"]


def scope_of(row: Row, names: dict[str, Versions]) -> Scope:
    """Read `$name` and `$name@2` from a row whose columns are `<name>__v<N>`."""

    def lookup(name: str, version: int | None) -> Value:
        if name in {"event_time", "event_id"}:
            return row[name]
        if name == "account" and name not in names:
            return row.get("account")
        return row[column(name, names[name].default if version is None else version)]

    return lookup


def walk(payload: object, path: str) -> Value:
    """Follow a path (`a:b[0]:c::type`) into a payload; a missing step gives None.

    Without a type the answer is text: a scalar's own, or the JSON text of an object or array.
    """
    _, target = _path(path)
    return convert(text_at(payload, path), target)


def text_at(payload: object, path: str) -> str | None:
    """Follow a path to the text that stands there, whatever its type."""
    steps, _ = _path(path)
    return json_text(_follow(payload, steps))


def _follow(node: object, steps: tuple[str | int | Every, ...]) -> object:
    """Give what stands at the end of the way, or None; `[*]` gives a list without None."""
    if not steps:
        return node
    step, rest = steps[0], steps[1:]
    if isinstance(step, Every) and isinstance(node, list):
        found = [_follow(item, rest) for item in node]
        if any(isinstance(it, Every) for it in rest):
            found = [item for part in found if isinstance(part, list) for item in part]
        return [item for item in found if item is not None]
    if isinstance(step, str) and isinstance(node, dict):
        return _follow(node.get(step), rest)
    if isinstance(step, int) and isinstance(node, list) and step < len(node):
        return _follow(node[step], rest)
    return None


@cache
def _path(path: str) -> tuple[tuple[str | int | Every, ...], str]:
    """Split a path into its steps and its type, string where it has none."""
    steps: list[str | int | Every] = []
    at = 0
    while found := _STEP.match(path, at):
        quoted, plain, index = found.groups()
        key = re.sub(r"\\(.)", r"\1", quoted) if quoted else plain
        steps.append(Every() if index == "*" else int(index) if index else key)
        at = found.end()
    rest = path[at:]
    if rest and not rest.startswith("::"):
        raise ValueError(f"not a path: {path}")
    return tuple(steps), rest.removeprefix("::") or "string"


def _lines_within_reach(
    config: Config, files: Files, event: Spec, day: date
) -> Iterator[tuple[str | None, Line]]:
    """Give the lines that may be of `day`, each with the account whose file holds it."""
    written = config.sources[event.get("source") or _usual_source(config)]
    for source in written if isinstance(written, list) else [written]:
        dates: list[date | None] = [None]
        if "{date}" in source["path"]:
            reach = source.get("late_days", 1)
            dates = [day + timedelta(days=late) for late in range(reach + 1)]
        for dated in dates:
            for file in files.find(source["path"], dated):
                for line in files.lines(file):
                    yield source.get("account"), line


def _usual_source(config: Config) -> str:
    if "events" in config.sources:
        return "events"
    [only] = [
        name
        for name, source in config.sources.items()
        if isinstance(source, list) or source["format"] == "json"
    ]
    return only


def _row(config: Config, event: Spec, line: Line, account: str | None) -> Row | None:
    """Give one line as a row of the event, or None where it is not one of its rows.

    A row of an account says which, beside the columns that a stored row has.
    """
    file, number, payload = line
    names = field_versions(event)
    paths: Spec = {**config.defaults, **event}
    if "event_name" in event and walk(payload, paths["event_type"]) != event["event_name"]:
        return None
    row: Row = {
        "event_time": parse_timestamp(str(walk(payload, paths["time"]))),
        "event_id": walk(payload, paths["id"]) if "id" in paths else None,
        "source_file": file,
        "source_line": number,
        **({"account": account} if account else {}),
    }
    field = _fields(names, payload, row)
    for name, live in names.items():
        row |= {column(name, version): field(name, version) for version in live.all}
    return row


def _fields(names: dict[str, Versions], payload: dict[str, object], row: Row) -> Scope:
    def field(name: str, version: int | None) -> Value:
        if name in {"event_time", "event_id"}:
            return row[name]
        if name == "account" and name not in names:
            return row.get("account")
        spec = names[name].all[names[name].default if version is None else version]
        path = spec.get("json")
        value = walk(payload, path) if path else evaluate(spec["function"], field)
        return convert(value, spec["type"]) if "type" in spec else value

    return field


def _first_of_each_id(rows: list[Row]) -> list[Row]:
    """Keep the first row of each id; two accounts may have the same ids."""
    seen: set[tuple[Value, Value]] = set()
    kept = []
    for row in rows:
        same = row.get("account"), row["event_id"]
        if row["event_id"] is None or same not in seen:
            kept.append(row)
        seen.add(same)
    return kept


def _files_of_table(config: Config, files: Files, source: Spec, day: date) -> list[str]:
    if "{date}" not in source["path"]:
        return files.find(source["path"], None)
    if day < config.start:
        return []
    dates = {found for name in files.find(source["path"].replace("{date}", "????-??-??"), None)
             for found in re.findall(r"\d{4}-\d{2}-\d{2}", name)}  # fmt: skip
    newest = max((it for it in dates if it <= day.isoformat()), default=None)
    return files.find(source["path"], date.fromisoformat(newest)) if newest else []


def _objects(files: Files, file: str) -> Iterator[Row]:
    for _, _, payload in files.lines(file):
        yield {key: json_text(value) for key, value in payload.items()}


def _payload(raw: bytes) -> dict[str, object] | None:
    """Read one line; what is not a JSON object of sane depth in UTF-8 belongs to quarantine."""
    try:
        written = raw.removesuffix(b"\r").decode("utf-8")
        found = parse_json(written)
        str(json_text(found) if "\\u" in written else "").encode("utf-8")
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
