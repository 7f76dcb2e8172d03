"""SQL that an analyst writes by hand, run in DuckDB over the same event files."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from string import Template

import duckdb

from benchmarks.case import Bench, Work
from benchmarks.ours import EVENT, stored

NAME = "SQL by hand"
SQL = Path(__file__).parent / "sql"
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


def template(name: str) -> Template:
    """Read a statement of `benchmarks/sql`."""
    return Template((SQL / f"{name}.sql").read_text(encoding="utf-8"))


def connect(threads: int = 1) -> duckdb.DuckDBPyConnection:
    """Open an in-memory DuckDB with so many threads."""
    return duckdb.connect(":memory:", config={"threads": str(threads)})


def listed(paths: Sequence[Path]) -> str:
    """Write paths as SQL texts."""
    return ", ".join(f"'{path}'" for path in paths)


def windows(
    origin: Callable[[Bench], Path],
    spans: Sequence[int],
    days: Callable[[Bench], Sequence[date]],
    features: Sequence[str],
    *,
    threads: int = 1,
) -> Callable[[Bench, Path], Work]:
    """Make the start of a competitor: a GROUP BY for each of `days` and each window."""

    def start(bench: Bench, folder: Path) -> Work:
        statement = template("window")
        columns = ",\n    ".join(f"{COLUMNS[name]} AS {name}" for name in features)
        events = origin(bench)

        def work() -> None:
            with connect(threads) as connection:
                for (span, day), path in _places(bench, folder, spans, days).items():
                    path.parent.mkdir(parents=True, exist_ok=True)
                    files = window_files(events, day, bench.window(span))
                    text = statement.substitute(columns=columns, files=listed(files), out=path)
                    connection.execute(text)

        return work

    return start


def window_files(origin: Path, day: date, days: int) -> list[Path]:
    """Name the event files of the days that end with `day`."""
    return [stored(origin, f"events/{EVENT}", day - timedelta(days=n)) for n in range(days)]


def outputs(
    spans: Sequence[int], days: Callable[[Bench], Sequence[date]]
) -> Callable[[Bench, Path], Mapping[str, Path]]:
    """Name the files that `windows` makes: `<full days>/<day>`."""

    def made(bench: Bench, folder: Path) -> Mapping[str, Path]:
        places = _places(bench, folder, spans, days)
        return {f"{span}/{day}": path for (span, day), path in places.items()}

    return made


def _places(
    bench: Bench, folder: Path, spans: Sequence[int], days: Callable[[Bench], Sequence[date]]
) -> dict[tuple[int, date], Path]:
    return {
        (span, day): folder / "out" / str(span) / f"day={day}" / "data.parquet"
        for span in spans
        for day in days(bench)
    }
