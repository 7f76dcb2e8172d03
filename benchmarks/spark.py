"""PySpark, local, over the same event files, where it and Java are installed."""

import shutil
from collections.abc import Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

from benchmarks import hand
from benchmarks.case import Bench, Outputs, Start, Work

NAME = "PySpark"
PART = "part-*.parquet"
SETTINGS = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.session.timeZone": "UTC",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.memory": "4g",
    "spark.sql.shuffle.partitions": "4",
    "spark.sql.parquet.compression.codec": "zstd",
}
COLUMNS = {
    **hand.COLUMNS,
    "bytes_sum": "sum(bytes__v1)",
    "failed_bytes": "sum(bytes__v1) FILTER (WHERE is_failure__v1)",
}


def missing() -> str:
    """Say what to install, where it is not there."""
    if not find_spec("pyspark"):
        return "pyspark is not installed (it is in the extra `spark`)"
    return "" if shutil.which("java") else "there is no Java"


def windows(
    origin: hand.Origin, spans: Sequence[int], days: hand.Days, features: Sequence[str]
) -> Start:
    """Make the start of a competitor: a GROUP BY for each of `days` and each window.

    The session is started, and has run a query, before the work begins.
    """
    columns = [f"{COLUMNS[name]} AS {name}" for name in features]

    def start(bench: Bench, folder: Path) -> Work:
        from pyspark.sql import SparkSession

        builder = SparkSession.builder.master("local[2]")
        for name, value in SETTINGS.items():
            builder = builder.config(name, value)
        session = builder.config("spark.local.dir", str(folder / "local")).getOrCreate()
        session.sparkContext.setLogLevel("ERROR")
        session.range(1000).selectExpr("count(DISTINCT id)", "sum(id)").collect()
        events = origin(bench)
        wanted = [(span, day) for span in spans for day in days(bench)]

        def work() -> None:
            for span, day in wanted:
                files = map(str, hand.window_files(events, day, bench.window(span)))
                rows = session.read.parquet(*files).where("number__v1 IS NOT NULL")
                grouped = rows.selectExpr("*", "number__v1 AS network_number")
                grouped.createOrReplaceTempView("events")
                found = session.sql(_statement(columns))
                found.coalesce(1).write.parquet(str(folder / "out" / str(span) / str(day)))

        return work

    return start


def outputs(spans: Sequence[int], days: hand.Days) -> Outputs:
    """Name the files that `windows` makes: `<full days>/<day>`."""

    def made(bench: Bench, folder: Path) -> dict[str, Path]:
        found = {}
        for title in hand.window_titles(spans, days)(bench):
            with suppress(StopIteration):
                found[title] = next((folder / "out" / title).glob(PART))
        return found

    return made


def _statement(columns: Sequence[str]) -> str:
    chosen = ", ".join(["network_number", *columns])
    return hand.template("spark_window").substitute(columns=chosen)
