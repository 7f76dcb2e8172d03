"""The door of the sample: days of a made-up sign-in log -> files."""

import gzip
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from fig_assets.sample.batch import Ints, generator
from fig_assets.sample.events import DAY_MS, Events, events_of, joined, truth_csv, with_duplicates
from fig_assets.sample.lines import Memory, lines_of
from fig_assets.sample.places import registry_csv
from fig_assets.sample.world import World, make_world

_ARRIVAL_STREAM = 8
_LINES_AT_ONCE = 500


def write_days(
    folder: Path,
    start: date,
    end: date,
    *,
    events_per_day: int,
    seed: int,
    on_day: Callable[[date, int], None] | None = None,
) -> int:
    """Write the raw log of the days from `start` to `end`, both included.

    Writes `events/<day>.jsonl.gz`, one JSON object a line in the order of arrival; next to them
    `as_registry.csv`, and `truth/<day>.csv` with what no file of events says: the kind of each
    event of that UTC day and whether it is malicious. A day's lines depend on `seed`, the day and
    `events_per_day` only. A few events of a day arrive in the file of the next day, also those of
    the day before `start`; a few arrive twice.

    Args:
        folder: Where to write; made if it is missing. Files of the same name are replaced.
        start: The first day, UTC.
        end: The last day, UTC.
        events_per_day: The mean number of lines a day; weekends have about half as many.
        seed: Which world and which days to draw; not negative.
        on_day: Called after each day with the day and the number of its lines.

    Returns:
        The number of lines written.

    Raises:
        ValueError: `end` lies before `start`, `events_per_day` is below 100 or `seed` below 0.
    """
    _check(start, end, events_per_day=events_per_day, seed=seed)
    world = make_world(seed, events_per_day)
    for name in ("events", "truth"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "as_registry.csv").write_text(registry_csv(world.networks), encoding="utf-8")
    before = events_of(world, start - timedelta(days=1), late=True)
    memory = Memory()
    total = 0
    for ago in range((end - start).days + 1):
        day = start + timedelta(days=ago)
        on_time, late = events_of(world, day), events_of(world, day, late=True)
        lines = _lines(world, (on_time, late, before), memory)
        _write_gzip(folder / "events" / f"{day}.jsonl.gz", lines)
        truth = truth_csv(joined(on_time, late))
        (folder / "truth" / f"{day}.csv").write_text(truth, encoding="utf-8")
        before = late
        total += len(lines)
        if on_day is not None:
            on_day(day, len(lines))
    return total


def _check(start: date, end: date, *, events_per_day: int, seed: int) -> None:
    if end < start:
        raise ValueError(f"the last day {end} lies before the first day {start}")
    if events_per_day < 100:
        raise ValueError(f"events_per_day is {events_per_day}; the least is 100")
    if seed < 0:
        raise ValueError(f"seed is {seed}; it must not be negative")


def _lines(world: World, drawn: tuple[Events, Events, Events], memory: Memory) -> list[str]:
    """Return a file's lines by arrival: the day's own, and yesterday's that come in the morning.

    Some late events had arrived on time as well: those come twice. `drawn` holds the day's events
    on time, its late ones, and the late ones of the day before.
    """
    on_time, late, before = drawn
    rng = generator(world.seed, _ARRIVAL_STREAM, on_time.day.toordinal())
    own = with_duplicates(world, on_time)
    early = lines_of(world, late, late=True, memory=memory)
    twice = np.flatnonzero(_redelivered(world, late)).tolist()
    lines = lines_of(world, own, memory=memory)
    lines += lines_of(world, before, late=True, memory=memory)
    lines += [early[at] for at in twice]
    arrival = np.concatenate(
        [
            own.batch.time_ms + rng.exponential(1500.0, len(own)),
            rng.integers(0, DAY_MS // 4, len(before)),
            late.batch.time_ms[twice],
        ]
    )
    return [lines[at] for at in np.argsort(arrival, kind="stable").tolist()]


def _redelivered(world: World, late: Events) -> Ints:
    rng = generator(world.seed, _ARRIVAL_STREAM, late.day.toordinal(), 1)
    return (rng.random(len(late)) < 0.1).astype(np.int64)


def _write_gzip(path: Path, lines: list[str]) -> None:
    """Write `lines` to `path` at once: a reader sees the old file or the new one."""
    unfinished = path.with_name(f".{path.name}.tmp")
    with (
        unfinished.open("wb") as raw,
        gzip.GzipFile(filename="", mode="wb", compresslevel=1, fileobj=raw, mtime=0) as packed,
    ):
        for at in range(0, len(lines), _LINES_AT_ONCE):
            packed.write(("\n".join(lines[at : at + _LINES_AT_ONCE]) + "\n").encode("utf-8"))
    unfinished.replace(path)
