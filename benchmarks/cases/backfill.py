"""Thirty days of a weekly and a monthly family, from events that are imported already."""

from datetime import date
from pathlib import Path

from benchmarks import frames, hand, limit, ours
from benchmarks.case import Bench, Case, Competitor, Outputs, Ratio
from benchmarks.events import Traffic
from benchmarks.projects import EVERY, FIELDS, Files, windows

SPANS = (7, 30)
EVENTS = 10_000_000
NUMBER_OF_DAYS = 60
STATES_THERE = f"{ours.NAME}, states there"


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
    """List the cases: few busy and many quiet entities."""
    return _case("5k", 5_000), _case("500k", 500_000)


def _lake(title: str, entities: int) -> hand.Origin:
    return lambda bench: ours.event_lake(bench, title, traffic(bench, entities))


def _with_states(title: str, origin: hand.Origin) -> hand.Origin:
    """Build the states of all needed days once."""

    def make(bench: Bench, folder: Path) -> None:
        ours.running(origin, project, ours.step("states", needed))(bench, folder)()

    return lambda bench: bench.cached(f"states_{title}", lambda folder: make(bench, folder))


def _case(title: str, entities: int) -> Case:
    name, origin = f"backfill_30d_{title}_entities", _lake(title, entities)
    lake = _with_states(title, origin)
    windows_alone = [ours.step("window", backfilled, over=span) for span in SPANS]
    everything = [ours.step("states", needed), *windows_alone]
    mine = ours.window_outputs(SPANS, backfilled)
    made = hand.copied(hand.window_titles(SPANS, backfilled))
    least = limit.reading_and_writing(origin, list(FIELDS), needed, made)
    competitors = (
        Competitor(ours.NAME, ours.running(origin, project, *everything), mine),
        Competitor(STATES_THERE, ours.running(lake, project, *windows_alone), mine),
        Competitor(hand.NAME, hand.copying(_by_hand(origin)), made),
        *(_others(origin, made) if title == "5k" else ()),
        Competitor(limit.NAME, least),
    )
    return Case(
        name,
        f"30 days of a weekly and a monthly family, {entities:,} entities, 10 million events in "
        "60 days; 6 mergeable aggregates and 2 distinct counts",
        lake,
        competitors,
        reference=hand.NAME,
        key=("network_number",),
        ratios=(
            Ratio(f"{name}_vs_hand_sql", hand.NAME, ours.NAME),
            Ratio(f"{name}_without_states_vs_hand_sql", hand.NAME, STATES_THERE),
            Ratio(f"{name}_limit_over_ours", limit.NAME, ours.NAME),
        ),
    )


def _by_hand(origin: hand.Origin) -> hand.Statements:
    return hand.windows(origin, SPANS, backfilled, list(EVERY))


def _others(origin: hand.Origin, made: Outputs) -> tuple[Competitor, ...]:
    two = hand.copying(_by_hand(origin), threads=2)
    polars = frames.windows(origin, SPANS, backfilled, list(EVERY))
    return (
        Competitor(f"{hand.NAME}, 2 threads", two, made),
        Competitor(frames.NAME, polars, made, missing=frames.missing),
    )
