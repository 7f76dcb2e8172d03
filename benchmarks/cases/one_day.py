"""One day of a weekly and a monthly family, with Spark among the competitors."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from benchmarks import frames, hand, ours, spark
from benchmarks.case import Bench, Case, Competitor, Ratio
from benchmarks.cases.backfill import SPANS, needed, project, traffic
from benchmarks.projects import EVERY

ENTITIES = 5_000


def newest(bench: Bench) -> Sequence[date]:
    """Return the last day alone."""
    return traffic(bench, ENTITIES).dates[-1:]


def before(bench: Bench) -> Sequence[date]:
    """Return the days whose states are there."""
    return needed(bench)[:-1]


def cases() -> tuple[Case, ...]:
    """List the case."""
    made = hand.copied(hand.window_titles(SPANS, newest))
    statements = hand.windows(events, SPANS, newest, list(EVERY))
    steps = [ours.step("window", newest, over=span) for span in SPANS]
    mine = ours.running(_with_states, project, ours.step("states", newest), *steps)
    competitors = (
        Competitor(ours.NAME, mine, ours.window_outputs(SPANS, newest)),
        Competitor(hand.NAME, hand.copying(statements), made),
        Competitor(
            frames.NAME,
            frames.windows(events, SPANS, newest, list(EVERY)),
            made,
            missing=frames.missing,
        ),
        Competitor(
            spark.NAME,
            spark.windows(events, SPANS, newest, list(EVERY)),
            spark.outputs(SPANS, newest),
            missing=spark.missing,
        ),
    )
    title = (
        "One day of a weekly and a monthly family with 2 distinct counts among 8 aggregates, 5,000 "
        "entities, 10 million events in 60 days; ours with the states of the day, those before are "
        "there"
    )
    ratio = Ratio("one_day_vs_hand_sql", hand.NAME, ours.NAME)
    other = Ratio("one_day_vs_spark", spark.NAME, ours.NAME)
    key = ("network_number",)
    return (Case("one_day", title, _with_states, competitors, hand.NAME, key, (ratio, other)),)


def events(bench: Bench) -> Path:
    """Return the lake of the events."""
    return ours.event_lake(bench, "5k", traffic(bench, ENTITIES))


def _with_states(bench: Bench) -> Path:
    built = ours.running(events, project, ours.step("states", before))
    return bench.cached("states_one_day", lambda folder: built(bench, folder)())
