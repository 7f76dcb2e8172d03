"""Raw JSON lines -> typed events, beside the engine's own readers and reading alone."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from string import Template

from benchmarks import hand, ours
from benchmarks.case import Bench, Case, Competitor, Ratio, Work
from benchmarks.events import START
from benchmarks.payloads import FIELDS, lines
from benchmarks.projects import imported

LINES = 1_000_000
NUMBER_OF_DAYS = 4
EXTRACTED, TYPED, READ = "read_ndjson_objects", "read_ndjson with columns", "reading the lines"
SQL_TYPES = {"": "VARCHAR", "bigint": "BIGINT", "float": "DOUBLE", "boolean": "BOOLEAN"}


def days(bench: Bench) -> Sequence[date]:
    """Return the days of the raw files."""
    return [START + timedelta(days=n) for n in range(NUMBER_OF_DAYS)]


def raw(bench: Bench) -> Path:
    """Return the folder whose `raw` has a file of lines for each day."""

    def make(folder: Path) -> None:
        (folder / "raw").mkdir()
        for place, day in enumerate(days(bench)):
            with (folder / "raw" / f"{day}.jsonl").open("w", encoding="utf-8") as file:
                count = bench.count(LINES // NUMBER_OF_DAYS, least=50)
                file.writelines(f"{line}\n" for line in lines(place, count))

    return bench.cached("raw", make)


def cases() -> tuple[Case, ...]:
    """List the case."""
    made = hand.copied(lambda bench: [str(day) for day in days(bench)])
    competitors = (
        Competitor(ours.NAME, _start, _stored),
        Competitor(EXTRACTED, hand.copying(lambda bench: _statements(bench, _extracted())), made),
        Competitor(TYPED, hand.copying(lambda bench: _statements(bench, _typed())), made),
        Competitor(
            READ, hand.copying(lambda bench: _statements(bench, hand.template("read_lines")))
        ),
    )
    ratios = (
        Ratio("json_import_vs_read_json_objects", EXTRACTED, ours.NAME),
        Ratio("json_import_vs_read_ndjson_with_columns", TYPED, ours.NAME),
        Ratio("json_import_vs_reading_lines", READ, ours.NAME),
    )
    title = (
        "One million nested JSON events of 1 KB in 4 files, 30 fields: each line checked, landed, "
        "without duplicates, typed; beside DuckDB's own readers, which check and land nothing"
    )
    return (Case("json_import", title, raw, competitors, EXTRACTED, ("event_id",), ratios),)


def _start(bench: Bench, folder: Path) -> Work:
    (folder / "raw").symlink_to(raw(bench) / "raw")
    steps = ours.step("raw", days), ours.step("event", days)
    return ours.running(raw, lambda _: imported(FIELDS), *steps)(bench, folder)


def _stored(bench: Bench, folder: Path) -> Mapping[str, Path]:
    return {str(day): ours.stored(folder, f"events/{ours.EVENT}", day) for day in days(bench)}


def _statements(bench: Bench, statement: Template) -> Mapping[str, Template]:
    files = raw(bench) / "raw"
    return {
        str(day): Template(statement.safe_substitute(file=files / f"{day}.jsonl"))
        for day in days(bench)
    }


def _extracted() -> Template:
    paths = ", ".join(f"'/{'/'.join(_steps(path))}'" for path in FIELDS.values())
    columns = [
        f"TRY_CAST(parsed[{place}] AS {SQL_TYPES[_type(path)]}) AS {name}"
        for place, (name, path) in enumerate(FIELDS.items(), 1)
    ]
    return hand.template("import_extracted", paths=paths, columns=",\n    ".join(columns))


def _typed() -> Template:
    tree: dict[str, object] = {}
    for path in ("uuid", "published", "eventType", *FIELDS.values()):
        place = tree
        *parents, last = _steps(path)
        for parent in parents:
            found = place.setdefault(parent, {})
            if isinstance(found, dict):
                place = found
        place[last] = SQL_TYPES[_type(path)]
    types = ", ".join(f"{name}: '{_sql_type(kind)}'" for name, kind in tree.items())
    columns = [f"{'.'.join(_steps(path))} AS {name}" for name, path in FIELDS.items()]
    return hand.template("import_typed", types=types, columns=",\n    ".join(columns))


def _sql_type(kind: object) -> str:
    if not isinstance(kind, dict):
        return str(kind)
    return f"STRUCT({', '.join(f'{name} {_sql_type(inner)}' for name, inner in kind.items())})"


def _steps(path: str) -> list[str]:
    return path.partition("::")[0].split(":")


def _type(path: str) -> str:
    return path.partition("::")[2]
