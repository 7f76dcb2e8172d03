"""Thirty days of a weekly and a monthly family, from events that are imported already."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

from benchmarks import frames, hand, limit, ours
from benchmarks.case import Bench, Case, Competitor, Outputs, Ratio
from benchmarks.events import Traffic
from benchmarks.projects import EVERY, FIELDS, Files, windows

SPANS = (7, 30)
EVENTS = 10_000_000
NUMBER_OF_DAYS = 60


def traffic(bench: Bench, entities: int) -> Traffic:
    """Return the events: 60 days of them, 10 million at full size."""
    days = bench.days(NUMBER_OF_DAYS)
    a_day = bench.count(EVENTS // NUMBER_OF_DAYS, least=40)
    return Traffic(a_day, bench.count(entities, least=5), days)


def backfilled(bench: Bench) -> list[date]:
    """Return the days that are computed: the last half."""
    dates = traffic(bench, 1).dates
    return list(dates[-bench.days(30) :])


def needed(bench: Bench) -> list[date]:
    """Return the days of events that the windows of those days hold."""
    dates = traffic(bench, 1).dates
    return list(dates[-(bench.days(30) + bench.window(30) - 1) :])


def project(bench: Bench) -> Files:
    """Return the project: two periods, six mergeable aggregates and two distinct counts."""
    return windows([bench.window(span) for span in SPANS], EVERY)


def cases() -> tuple[Case, ...]:
    """List the cases: few busy and many quiet entities, with and without building the states."""
    return tuple(
        _case(title, entities, _lake(title, entities), has_states=has_states)
        for title, entities in (("5k", 5_000), ("500k", 500_000))
        for has_states in (False, True)
    )


def _lake(title: str, entities: int) -> Callable[[Bench], Path]:
    return lambda bench: ours.event_lake(bench, title, traffic(bench, entities))


def _with_states(title: str, origin: Callable[[Bench], Path]) -> Callable[[Bench], Path]:
    """Build the states of all needed days once."""

    def make(bench: Bench, folder: Path) -> None:
        ours.running(origin, project, ours.step("states", needed))(bench, folder)()

    return lambda bench: bench.cached(f"states_{title}", lambda folder: make(bench, folder))


def _case(title: str, entities: int, origin: Callable[[Bench], Path], *, has_states: bool) -> Case:
    name = f"backfill_30d_{title}_entities" + ("_without_states" if has_states else "")
    lake = _with_states(title, origin) if has_states else origin
    steps = [ours.step("window", backfilled, over=span) for span in SPANS]
    if not has_states:
        steps.insert(0, ours.step("states", needed))
    made = hand.copied(hand.window_titles(SPANS, backfilled))
    competitors = (
        Competitor(
            ours.NAME, ours.running(lake, project, *steps), ours.window_outputs(SPANS, backfilled)
        ),
        Competitor(hand.NAME, hand.copying(_by_hand(origin)), made),
        *(() if has_states else _others(origin, made)),
    )
    words = "merged from states that are there" if has_states else "with the building of the states"
    return Case(
        name,
        f"30 days of a weekly and a monthly family, {entities:,} entities, 10 million events in "
        f"60 days; 6 mergeable aggregates and 2 distinct counts; {words}",
        lake,
        competitors,
        reference=hand.NAME,
        key=("network_number",),
        ratios=(Ratio(f"{name}_vs_hand_sql", hand.NAME, ours.NAME),),
    )


def _by_hand(origin: Callable[[Bench], Path]) -> hand.Statements:
    return hand.windows(origin, SPANS, backfilled, list(EVERY))


def _others(origin: Callable[[Bench], Path], made: Outputs) -> tuple[Competitor, ...]:
    two = hand.copying(_by_hand(origin), threads=2)
    polars = frames.windows(origin, SPANS, backfilled, list(EVERY))
    return (
        Competitor(f"{hand.NAME}, 2 threads", two, made),
        Competitor(frames.NAME, polars, made, missing=frames.missing),
        Competitor(limit.NAME, limit.reading_and_writing(origin, list(FIELDS), needed, made)),
    )
