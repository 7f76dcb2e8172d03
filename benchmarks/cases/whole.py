"""A whole project through Dagster: a backfill of thirty days, then one more day."""

import json
import shutil
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

from benchmarks import ours
from benchmarks.case import Bench, Case, Competitor, Facts, Work
from benchmarks.events import START
from benchmarks.many import project
from benchmarks.payloads import lines
from benchmarks.profiler import statements
from benchmarks.projects import write

A_DAY = 10_000
NUMBER_OF_DAYS = 30
BACKFILL, ONE_DAY = f"{ours.NAME}, 30 days", f"{ours.NAME}, one more day"
FACTS = "facts.json"


def cases() -> tuple[Case, ...]:
    """List the case."""
    competitors = (
        Competitor(BACKFILL, _start_backfill, is_profiled=True, facts=_facts),
        Competitor(ONE_DAY, _start_day, is_profiled=True, facts=_facts),
    )
    title = (
        "A whole project through Dagster, from raw lines to scores: about 450 features, 6 models, "
        "10,000 events a day"
    )
    return (Case("whole_project", title, raw, competitors),)


def days(bench: Bench) -> Sequence[date]:
    """Return the days: those of the backfill, and one more."""
    return [START + timedelta(days=n) for n in range((1 if bench.is_tiny else NUMBER_OF_DAYS) + 1)]


def raw(bench: Bench) -> Path:
    """Return the folder whose `raw` has a file of lines for each day."""

    def make(folder: Path) -> None:
        (folder / "raw").mkdir()
        for place, day in enumerate(days(bench)):
            with (folder / "raw" / f"{day}.jsonl").open("w", encoding="utf-8") as file:
                file.writelines(f"{line}\n" for line in lines(place, bench.count(A_DAY, least=60)))

    return bench.cached("raw_whole", make)


def _start_backfill(bench: Bench, folder: Path) -> Work:
    (folder / "raw").symlink_to(raw(bench) / "raw")
    write(project(1) if bench.is_tiny else project(), folder)
    return _running(folder, days(bench)[:-1])


def _start_day(bench: Bench, folder: Path) -> Work:
    """Go on where the backfill of the first round ended: a copy of all that it made."""
    folder.rmdir()
    shutil.copytree(folder.parent / BACKFILL, folder, symlinks=True)
    return _running(folder, days(bench)[-1:])


def _running(folder: Path, wanted: Sequence[date]) -> Work:
    opened = ours.load(folder)
    ours.warm(opened)
    before = _events_written(folder)

    def work() -> None:
        with opened:
            summary = opened.execute_workflow(wanted[0], wanted[-1])
        if not summary.ok:
            raise ours.OpRefused(str(summary.refused))
        found = {
            "assets": sum(len(op.keys) for op in opened.graph.ops),
            "ops": len(opened.graph.ops),
            "statements": statements(),
            "materialisations": sum(summary.done.values()),
            "events written": _events_written(folder) - before,
        }
        (folder / FACTS).write_text(json.dumps(found), encoding="utf-8")

    return work


def _events_written(folder: Path) -> int:
    """Count the events of all runs in Dagster's event log."""
    found = 0
    for file in (folder / "data").rglob("history/runs/*.db"):
        with closing(sqlite3.connect(file)) as connection:
            found += connection.execute("SELECT count(*) FROM event_logs").fetchone()[0]
    return found


def _facts(bench: Bench, folder: Path) -> Facts:
    found: Mapping[str, float] = json.loads((folder / FACTS).read_text(encoding="utf-8"))
    return found
