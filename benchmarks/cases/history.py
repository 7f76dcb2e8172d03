"""A long history of events and its states: one more day, and a period that is added later."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

from benchmarks import frames, hand, ours
from benchmarks.case import Bench, Case, Competitor, Ratio
from benchmarks.events import Traffic
from benchmarks.projects import EVERY, MERGEABLE, windows

SPANS = (7, 30, 90)
EVENTS = 10_000_000
NUMBER_OF_DAYS = 120
ENTITIES = 5_000
KINDS = {"mergeable": MERGEABLE, "distinct": EVERY}
ABOUT = "5,000 entities, 10 million events in 120 days"


def traffic(bench: Bench) -> Traffic:
    """Return the events: 120 days of them, 10 million at full size."""
    a_day = bench.count(EVENTS // NUMBER_OF_DAYS, least=40)
    return Traffic(a_day, bench.count(ENTITIES, least=5), bench.days(NUMBER_OF_DAYS))


def events(bench: Bench) -> Path:
    """Return the lake of the events."""
    return ours.event_lake(bench, "history", traffic(bench))


def built(bench: Bench) -> list[date]:
    """Return the days whose states are there: all but the last."""
    return list(traffic(bench).dates[:-1])


def newest(bench: Bench) -> list[date]:
    """Return the last day alone."""
    return list(traffic(bench).dates[-1:])


def later(bench: Bench) -> list[date]:
    """Return the days for which a period is added: the last thirty whose states are there."""
    return built(bench)[-bench.days(30) :]


def cases() -> tuple[Case, ...]:
    """List the cases."""
    return (
        *(_one_more_day(kind) for kind in KINDS),
        _added_period("distinct", "add_period"),
        _added_period("mergeable", "add_period_without_distinct"),
    )


def _with_states(kind: str) -> hand.Origin:
    def make(bench: Bench, folder: Path) -> None:
        files = windows([bench.window(7)], KINDS[kind])
        ours.running(events, lambda _: files, ours.step("states", built))(bench, folder)()

    name = f"states_history_{kind}"
    return lambda bench: bench.cached(name, lambda folder: make(bench, folder))


def _one_more_day(kind: str) -> Case:
    lake, name = _with_states(kind), f"one_more_day_{kind}"
    competitors, ratios = [], []
    for span in SPANS:
        mine, theirs = f"{ours.NAME}, {span} days", f"{hand.NAME}, {span} days"
        project = _project(kind, span)
        steps = ours.step("states", newest), ours.step("window", newest, over=span)
        made = hand.copied(hand.window_titles([span], newest))
        statements = hand.windows(events, [span], newest, list(KINDS[kind]))
        competitors += [
            Competitor(
                mine,
                ours.running(lake, project, *steps),
                ours.window_outputs([span], newest),
                reference=theirs,
            ),
            Competitor(theirs, hand.copying(statements), made, reference=theirs),
        ]
        ratios.append(Ratio(f"one_more_day_{span}d_{kind}_vs_hand_sql", theirs, mine))
    first = f"{ours.NAME}, {SPANS[0]} days"
    ratios += [
        Ratio(f"one_more_day_{span}d_over_7d_{kind}", f"{ours.NAME}, {span} days", first)
        for span in SPANS[1:]
    ]
    aggregates = "8 aggregates, 2 of them distinct counts" if kind == "distinct" else "6 aggregates"
    title = f"The states and the windows of one more day; {aggregates}; {ABOUT}"
    return Case(
        name, title, lake, tuple(competitors), key=("network_number",), ratios=tuple(ratios)
    )


def _project(kind: str, span: int) -> Callable[[Bench], dict[str, dict[str, object]]]:
    return lambda bench: windows([bench.window(span)], KINDS[kind])


def _added_period(kind: str, name: str) -> Case:
    lake, span = _with_states(kind), 90
    statements = hand.windows(events, [span], later, list(KINDS[kind]))
    made = hand.copied(hand.window_titles([span], later))

    polars = frames.windows(events, [span], later, list(KINDS[kind]))

    def project(bench: Bench) -> dict[str, dict[str, object]]:
        return windows([bench.window(7), bench.window(span)], KINDS[kind])

    mine = ours.running(lake, project, ours.step("window", later, over=span))
    without = "" if kind == "distinct" else ", no distinct counts"
    return Case(
        name,
        f"30 days of a 90-day period that is added to 119 days of states{without}; {ABOUT}",
        lake,
        (
            Competitor(ours.NAME, mine, ours.window_outputs([span], later)),
            Competitor(hand.NAME, hand.copying(statements), made),
            Competitor(frames.NAME, polars, made, missing=frames.missing),
        ),
        reference=hand.NAME,
        key=("network_number",),
        ratios=(Ratio(f"{name}_vs_hand_sql", hand.NAME, ours.NAME),),
    )
