"""One feature that is added to a family whose windows are all there."""

from pathlib import Path

from benchmarks import hand, ours
from benchmarks.case import Bench, Case, Competitor, Ratio
from benchmarks.cases.backfill import SPANS, backfilled, needed, project, traffic
from benchmarks.projects import EVERY, Files, windows

FEATURE = "failed_bytes"
ENTITIES = 5_000


def cases() -> tuple[Case, ...]:
    """List the case."""
    name = "add_feature"
    statements = hand.windows(_events, SPANS, backfilled, [FEATURE])
    steps = [ours.step("window", backfilled, over=span, only=[FEATURE]) for span in SPANS]
    mine = ours.running(_with_windows, _extended, *steps)
    made = hand.copied(hand.window_titles(SPANS, backfilled))
    competitors = (
        Competitor(ours.NAME, mine, ours.window_outputs(SPANS, backfilled)),
        Competitor(hand.NAME, hand.copying(statements), made),
    )
    title = (
        "30 days of one new filtered sum in a weekly and a monthly family of 8 features, with its "
        "states; by hand that column alone, into files of its own; 5,000 entities, 10 "
        "million events in 60 days"
    )
    ratio = Ratio(f"{name}_vs_hand_sql", hand.NAME, ours.NAME)
    key = ("network_number",)
    return (Case(name, title, _with_windows, competitors, hand.NAME, key, (ratio,)),)


def _events(bench: Bench) -> Path:
    return ours.event_lake(bench, "5k", traffic(bench, ENTITIES))


def _with_windows(bench: Bench) -> Path:
    steps = [ours.step("window", backfilled, over=span) for span in SPANS]
    built = ours.running(_events, project, ours.step("states", needed), *steps)
    return bench.cached("windows_5k", lambda folder: built(bench, folder)())


def _extended(bench: Bench) -> Files:
    new = {FEATURE: "@SUM($bytes) FILTER (WHERE $is_failure)"}
    return windows([bench.window(span) for span in SPANS], {**EVERY, **new})
