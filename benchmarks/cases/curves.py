"""How the cost grows: one thing is varied on a small grid, all others are held."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from benchmarks import hand, ours
from benchmarks.case import Bench, Case, Competitor
from benchmarks.events import Traffic
from benchmarks.projects import EVERY, Files, windows


@dataclass(frozen=True)
class Point:
    """What is computed: events and entities, a window, days, and how many plain features."""

    x: int
    """Where the point stands in its curve: the number that is varied."""
    events_per_day: int = 20_000
    entities: int = 2_000
    span: int = 7
    days: int = 10
    features: int = 0
    """So many filtered sums; with 0 the eight aggregates of the other cases."""

    def traffic(self, bench: Bench) -> Traffic:
        """Return the events."""
        a_day = bench.count(self.events_per_day, least=40)
        entities = bench.count(self.entities, least=3)
        return Traffic(a_day, entities, self.days + self.span - 1)

    def columns(self) -> Mapping[str, str]:
        """Return the features, as expressions."""
        if not self.features:
            return EVERY
        return {
            f"sum_{n}": f"@SUM($bytes) FILTER (WHERE $seconds > {n / 10})"
            for n in range(self.features)
        }

    def by_hand(self) -> Mapping[str, str]:
        """Return the features, as SQL."""
        if not self.features:
            return {name: hand.COLUMNS[name] for name in EVERY}
        return {
            f"sum_{n}": f"(sum(bytes__v1) FILTER (WHERE seconds__v1 > {n / 10}))::BIGINT"
            for n in range(self.features)
        }


@dataclass(frozen=True)
class Curve:
    """A name, what is varied, the points, and why the cost grows as it does."""

    name: str
    axis: str
    points: tuple[Point, ...]
    reason: str


CURVES = (
    Curve(
        "events",
        "events a day",
        tuple(Point(n, events_per_day=n) for n in (5_000, 20_000, 80_000, 320_000)),
        "Each event is read once, to make the states of its day; by hand once for each window that "
        "holds it.",
    ),
    Curve(
        "entities",
        "entities",
        tuple(Point(n, entities=n, events_per_day=40_000) for n in (100, 1_000, 10_000, 100_000)),
        "With few entities the events are the cost, with many the rows of the result: a row for "
        "each entity and day has to be written, by anybody.",
    ),
    Curve(
        "window",
        "days in the window",
        tuple(Point(n, span=n) for n in (7, 30, 60, 90)),
        "A window of N days merges N daily states of an entity, where the SQL by hand reads the "
        "events of N days. The states of the days before the first window are in it, too.",
    ),
    Curve(
        "days",
        "days computed",
        tuple(Point(n, days=n) for n in (1, 5, 20, 60)),
        "Linear: each day has its states, its windows and its files. The first day also has the "
        "states of the days before it.",
    ),
    Curve(
        "features",
        "features",
        tuple(Point(n, features=n) for n in (2, 8, 32, 64)),
        "Linear, from a floor: a statement, a file and a record for each day, however many "
        "features there are.",
    ),
)


def cases() -> tuple[Case, ...]:
    """List a case for each curve; its competitors are its points, ours and by hand."""
    return tuple(map(_case, CURVES))


def titles(point: Point) -> tuple[str, str]:
    """Name the two competitors of a point."""
    return f"{ours.NAME}, {point.x:,}", f"{hand.NAME}, {point.x:,}"


def _case(curve: Curve) -> Case:
    competitors: list[Competitor] = []
    for point in curve.points:
        competitors += _competitors(curve, point)
    held = Point(0)
    title = (
        f"Cost against {curve.axis}. Else {held.days} days of a {held.span}-day window, "
        f"{held.events_per_day:,} events a day, {held.entities:,} entities, 8 aggregates, with "
        "their states"
    )
    return Case(
        f"curve_{curve.name}",
        title,
        lambda bench: bench.root,
        tuple(competitors),
        key=("network_number",),
    )


def _competitors(curve: Curve, point: Point) -> tuple[Competitor, Competitor]:
    def events(bench: Bench) -> Path:
        return ours.event_lake(bench, f"curve_{curve.name}_{point.x}", point.traffic(bench))

    def computed(bench: Bench) -> Sequence[date]:
        return point.traffic(bench).dates[-point.days :]

    def every(bench: Bench) -> Sequence[date]:
        return point.traffic(bench).dates

    def project(bench: Bench) -> Files:
        return windows([point.span], point.columns())

    steps = ours.step("states", every), ours.step("window", computed)
    mine, theirs = titles(point)
    made = hand.window_titles([point.span], computed)
    return (
        Competitor(
            mine,
            ours.running(events, project, *steps),
            _stored(point, computed),
            reference=theirs,
        ),
        Competitor(
            theirs,
            hand.copying(_statements(events, point, computed)),
            hand.copied(made),
            reference=theirs,
        ),
    )


def _stored(
    point: Point, days: Callable[[Bench], Sequence[date]]
) -> Callable[[Bench, Path], Mapping[str, Path]]:
    def outputs(bench: Bench, folder: Path) -> Mapping[str, Path]:
        relation = f"families/network/{point.span}d_by_day"
        return {f"{point.span}/{day}": ours.stored(folder, relation, day) for day in days(bench)}

    return outputs


def _statements(
    origin: hand.Origin, point: Point, days: Callable[[Bench], Sequence[date]]
) -> hand.Statements:
    columns = hand.selected(point.by_hand())
    return lambda bench: {
        f"{point.span}/{day}": hand.window(origin(bench), day, point.span, columns)
        for day in days(bench)
    }
