"""Where the CPU seconds of all threads go, by looking at their stacks some hundred times a second.

Each look gives the CPU seconds that a thread spent since the last one to what it is doing now.
"""

import gc
import threading
import time
from collections import defaultdict
from collections.abc import Mapping
from sys import _current_frames as stacks
from types import FrameType
from typing import Any, Self

PAUSE_S = 0.004
SQL = "SQL"
PLACES = (
    ("engines/digest.py", "", "digests"),
    ("engines/lake/day_file.py", "_encode", "writing Parquet"),
    ("engines/lake/day_file.py", "verify", "checking checksums"),
    ("engines/lake/day_file.py", "read_record", "reading records"),
    ("engines/lake/day_file.py", "", "files: write, sync, rename"),
    ("engines/lake/lake.py", "", "publishing: records, locks"),
    ("engines/lake/write.py", "", "publishing: records, locks"),
    ("engines/raw/lines.py", "", "reading lines"),
    ("engines/duckdb.py", "_text", "SQL text"),
    ("engines/duckdb.py", "query", SQL),
    ("/sqlglot/", "", "trees and SQL text"),
    ("engines/lake/scans.py", "", "trees and SQL text"),
    ("fig_assets/sql/", "", "trees and SQL text"),
    ("fig_assets/language/", "", "trees and SQL text"),
    ("workflow/steps/checks.py", "", "checks"),
    ("/pandera/", "", "checks"),
    ("workflow/steps/write.py", "", "facts of columns"),
    ("engines/base.py", "", "comparing records"),
    ("engines/duckdb.py", "", "engine, other"),
    ("engines/lake/engine.py", "", "engine, other"),
    ("engines/day_rows.py", "", "engine, other"),
    ("fig_assets/workflow/", "", "workflow, other"),
    ("fig_assets/assets/event_log.py", "", "event log"),
    ("fig_assets/assets/", "", "making assets of Dagster"),
    ("/dagster/", "", "Dagster"),
    ("sqlalchemy", "", "Dagster"),
    ("fig_assets/", "", "other of fig_assets"),
)
"""File, function and title; the innermost frame that has one counts, of its titles the first."""

_writing: dict[int, str] = {}
"""Thread -> the relation that it writes."""
_statements: list[int] = []


def watch_engine() -> None:
    """Note from now on, in this process, which thread writes what, and count the statements."""
    from fig_assets.engines.duckdb import DuckDBEngine

    write, query = DuckDBEngine.replace_days, DuckDBEngine.query

    def noted(engine: DuckDBEngine, target: Any, *given: Any, **named: Any) -> Any:
        thread = threading.get_ident()
        _writing[thread] = target.relation
        try:
            return write(engine, target, *given, **named)
        finally:
            _writing.pop(thread, None)

    def counted(engine: DuckDBEngine, *given: Any, **named: Any) -> Any:
        _statements.append(1)
        return query(engine, *given, **named)

    DuckDBEngine.replace_days = noted
    DuckDBEngine.query = counted


def statements() -> int:
    """Return how many statements the watched engine was sent."""
    return len(_statements)


class Sampler:
    """Looks at every thread but its own while it is entered."""

    def __init__(self) -> None:
        self._spent: dict[str, float] = defaultdict(float)
        self._clocks: dict[int, float] = {}
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        """Start to look."""
        self._look(is_counted=False)
        self._thread.start()
        return self

    def __exit__(self, *failure: object) -> None:
        """Stop."""
        self._done.set()
        self._thread.join()

    def seconds(self) -> Mapping[str, float]:
        """Return CPU seconds by title, most first."""
        return dict(sorted(self._spent.items(), key=lambda found: -found[1]))

    def _watch(self) -> None:
        while not self._done.is_set():
            self._look(is_counted=True)
            time.sleep(PAUSE_S)
        self._look(is_counted=True)

    def _look(self, *, is_counted: bool) -> None:
        me = self._thread.ident
        for thread, frame in _frames().items():
            if thread == me:
                continue
            try:
                now = time.clock_gettime(time.pthread_getcpuclockid(thread))
            except OSError:
                continue
            spent = now - self._clocks.get(thread, 0.0)
            self._clocks[thread] = now
            if is_counted and spent > 0:
                self._spent[_title(thread, frame)] += spent


def _frames() -> Mapping[int, FrameType]:
    """Return what each thread does now.

    No garbage is collected meanwhile: Python 3.11 holds a lock that some of it needs, for ever.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        return stacks()
    finally:
        if was_enabled:
            gc.enable()


def _title(thread: int, frame: FrameType | None) -> str:
    """Say what a thread is doing. Looks at code alone: locals must die in their own thread."""
    while frame is not None:
        file, function = frame.f_code.co_filename, frame.f_code.co_name
        for place, name, title in PLACES:
            if place in file and name in ("", function):
                relation = _writing.get(thread) if title == SQL else None
                return f"{SQL} of {relation}" if relation else title
        frame = frame.f_back
    return "other"
