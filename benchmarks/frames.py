"""Polars over the same event files, as one writes it by hand."""

from collections.abc import Callable, Sequence
from datetime import date
from importlib.util import find_spec
from pathlib import Path

from benchmarks import hand
from benchmarks.case import Bench, Start, Work

NAME = "Polars"


def missing() -> str:
    """Say what to install, where Polars is not there."""
    return "" if find_spec("polars") else "polars is not installed"


def windows(
    origin: hand.Origin,
    spans: Sequence[int],
    days: Callable[[Bench], Sequence[date]],
    features: Sequence[str],
) -> Start:
    """Make the start of a competitor: a lazy group_by for each of `days` and each window."""

    def start(bench: Bench, folder: Path) -> Work:
        import polars as pl

        failed = pl.col("is_failure__v1")
        every = {
            "event_count": pl.len().cast(pl.Int64),
            "failure_count": failed.sum().cast(pl.Int64),
            "bytes_sum": pl.col("bytes__v1").sum(),
            "seconds_mean": pl.col("seconds__v1").mean(),
            "bytes_max": pl.col("bytes__v1").max(),
            "seconds_spread": pl.col("seconds__v1").std(),
            "address_count": pl.col("address__v1").drop_nulls().n_unique().cast(pl.Int64),
            "user_count": pl.col("user__v1").drop_nulls().n_unique().cast(pl.Int64),
        }
        chosen = [every[name].alias(name) for name in features]
        events = origin(bench)
        places = hand.copied(hand.window_titles(spans, days))(bench, folder)

        def work() -> None:
            for title, path in places.items():
                span, _, day = title.partition("/")
                path.parent.mkdir(parents=True, exist_ok=True)
                files = hand.window_files(events, date.fromisoformat(day), bench.window(int(span)))
                rows = pl.scan_parquet(files).filter(pl.col("number__v1").is_not_null())
                rows = rows.group_by(pl.col("number__v1").alias("network_number")).agg(chosen)
                rows.sink_parquet(path, compression="zstd")

        return work

    return start
