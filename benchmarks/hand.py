"""SQL that an analyst writes by hand, run in DuckDB over the same files."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from string import Template

import duckdb

from benchmarks.case import Bench, Outputs, Start, Work
from benchmarks.ours import EVENT, stored

NAME = "SQL by hand"
SQL = Path(__file__).parent / "sql"
Days = Callable[[Bench], Sequence[date]]
Origin = Callable[[Bench], Path]
Statements = Callable[[Bench], Mapping[str, Template]]
"""Title -> statement that copies its rows to `$out`."""

COLUMNS = {
    "event_count": "count(*)",
    "failure_count": "count_if(is_failure__v1)",
    "bytes_sum": "sum(bytes__v1)::BIGINT",
    "seconds_mean": "avg(seconds__v1)",
    "bytes_max": "max(bytes__v1)",
    "seconds_spread": "stddev_samp(seconds__v1)",
    "address_count": "count(DISTINCT address__v1)",
    "user_count": "count(DISTINCT user__v1)",
    "failed_bytes": "(sum(bytes__v1) FILTER (WHERE is_failure__v1))::BIGINT",
}


def template(name: str, **parts: str) -> Template:
    """Read a statement of `benchmarks/sql` and fill in some of its parts."""
    text = (SQL / f"{name}.sql").read_text(encoding="utf-8")
    return Template(Template(text).safe_substitute(parts))


def connect(threads: int = 1) -> duckdb.DuckDBPyConnection:
    """Open an in-memory DuckDB with so many threads."""
    return duckdb.connect(":memory:", config={"threads": str(threads)})


def listed(paths: Sequence[Path]) -> str:
    """Write paths as SQL texts."""
    return ", ".join(f"'{path}'" for path in paths)


def copying(statements: Statements, *, threads: int = 1) -> Start:
    """Make the start of a competitor that runs statements one after the other."""

    def start(bench: Bench, folder: Path) -> Work:
        found, opened = statements(bench), connect(threads)

        def work() -> None:
            with opened as connection:
                for title, statement in found.items():
                    path = _place(folder, title)
                    path.parent.mkdir(parents=True, exist_ok=True)
                    connection.execute(statement.substitute(out=path))

        return work

    return start


def copied(titles: Callable[[Bench], Sequence[str]]) -> Outputs:
    """Name the files that statements with these titles make."""

    def outputs(bench: Bench, folder: Path) -> Mapping[str, Path]:
        return {title: _place(folder, title) for title in titles(bench)}

    return outputs


def _place(folder: Path, title: str) -> Path:
    return folder / "out" / title / "data.parquet"


def selected(columns: Mapping[str, str]) -> str:
    """Write named columns of a SELECT."""
    return ",\n    ".join(f"{expression} AS {name}" for name, expression in columns.items())


def window(events: Path, day: date, days: int, columns: str) -> Template:
    """Write the GROUP BY of one window: the `days` days that end with `day`."""
    files = listed(window_files(events, day, days))
    return template("window", columns=columns, files=files)


def windows(
    origin: Origin, spans: Sequence[int], days: Days, features: Sequence[str]
) -> Statements:
    """Write a GROUP BY for each of `days` and each window, titled `<full days>/<day>`."""
    columns = selected({name: COLUMNS[name] for name in features})

    def statements(bench: Bench) -> Mapping[str, Template]:
        events = origin(bench)
        return {
            f"{span}/{day}": window(events, day, bench.window(span), columns)
            for span in spans
            for day in days(bench)
        }

    return statements


def window_titles(spans: Sequence[int], days: Days) -> Callable[[Bench], Sequence[str]]:
    """Name the windows of `days`: `<full days>/<day>`."""
    return lambda bench: [f"{span}/{day}" for span in spans for day in days(bench)]


def window_files(origin: Path, day: date, days: int) -> list[Path]:
    """Name the event files of the days that end with `day`."""
    return [stored(origin, f"events/{EVENT}", day - timedelta(days=n)) for n in range(days)]
