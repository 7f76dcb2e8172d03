"""Ninety days from a hundred million events in bounded memory: the peak is looked at."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from benchmarks import hand, ours
from benchmarks.case import Bench, Case, Competitor
from benchmarks.events import Traffic
from benchmarks.projects import EVERY, Files, windows

SPANS = (7, 30)
EVENTS = 100_000_000
ENTITIES = 100_000
NUMBER_OF_DAYS = 90
MEMORY_LIMIT = "4GB"
"""For DuckDB; the process may take 8 GiB."""


def traffic(bench: Bench) -> Traffic:
    """Return the events: 90 days of them, 100 million at full size."""
    days = bench.days(NUMBER_OF_DAYS)
    a_day = bench.count(EVENTS // NUMBER_OF_DAYS, least=40)
    return Traffic(a_day, bench.count(ENTITIES, least=5), days)


def every_day(bench: Bench) -> Sequence[date]:
    """Return the days that are computed."""
    return traffic(bench).dates


def last_day(bench: Bench) -> Sequence[date]:
    """Return the day whose rows are compared: by hand the other days take hours."""
    return traffic(bench).dates[-1:]


def project(bench: Bench) -> Files:
    """Return the project: two periods, six mergeable aggregates and two distinct counts."""
    files = windows([bench.window(span) for span in SPANS], EVERY)
    place = {"type": "duckdb", "path": "lake", "memory_limit": MEMORY_LIMIT}
    files["environments/local.json"] |= {"warehouse": place}
    return files


def cases() -> tuple[Case, ...]:
    """List the case."""

    def origin(bench: Bench) -> Path:
        return ours.event_lake(bench, "bounded", traffic(bench))

    steps = [ours.step("states", every_day)]
    steps += [ours.step("window", every_day, over=span) for span in SPANS]
    by_hand = hand.windows(origin, SPANS, last_day, list(EVERY))
    competitors = (
        Competitor(
            ours.NAME,
            ours.running(origin, project, *steps),
            ours.window_outputs(SPANS, last_day),
        ),
        Competitor(
            f"{hand.NAME}, the last day",
            hand.copying(by_hand),
            hand.copied(hand.window_titles(SPANS, last_day)),
        ),
    )
    return (
        Case(
            "backfill_90d_within_memory",
            "90 days of a weekly and a monthly family with their states, from 100 million events "
            f"of 100,000 entities; 6 mergeable aggregates and 2 distinct counts; statements may "
            f"take {MEMORY_LIMIT}, and the process must not need more than 8 GiB; by hand the "
            "last day alone",
            origin,
            competitors,
            reference=competitors[1].name,
            key=("network_number",),
        ),
    )
