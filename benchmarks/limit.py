"""The limit: reading the needed columns once, and writing the rows of the result again."""

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq

from benchmarks import hand
from benchmarks.case import Bench, Start, Work
from benchmarks.ours import EVENT, stored

NAME = "limit"


def reading_and_writing(
    origin: Callable[[Bench], Path],
    columns: Sequence[str],
    read: Callable[[Bench], Sequence[date]],
    outputs: Callable[[Bench, Path], dict[str, Path]],
) -> Start:
    """Make the start of a competitor that reads `columns` of the event days `read`, and writes.

    What it writes are the results of the SQL by hand, which must have run beside it before. They
    are in memory already, so its peak memory says nothing.
    """

    def start(bench: Bench, folder: Path) -> Work:
        made = outputs(bench, folder.parent / hand.NAME)
        tables = {title: pq.ParquetFile(path).read() for title, path in made.items()}
        files = [stored(origin(bench), f"events/{EVENT}", day) for day in read(bench)]
        names = [f"{name}__v1" for name in columns]

        def work() -> None:
            for file in files:
                pq.ParquetFile(file).read(columns=names, use_threads=False)
            for number, table in enumerate(tables.values()):
                pq.write_table(table, folder / f"{number}.parquet", compression="zstd")

        return work

    return start
