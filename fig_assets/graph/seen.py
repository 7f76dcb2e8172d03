"""A feature of a row family -> which days of what else it looks at, for a row of some day."""

from dataclasses import dataclass
from datetime import date, timedelta

from fig_assets.graph.definitions import Joined
from fig_assets.graph.nodes import Attribute, Graph, Join, RowFamily


@dataclass(frozen=True)
class Seen:
    """What a value was computed from: the days `first` to `last` of a source, both included."""

    source: str
    """An event, family, table or model."""
    period: str | None
    """Of a windowed family, such as `weekly_by_day`."""
    first: date | None
    """None of a table without days."""
    last: date | None
    complete: bool = True
    """False where days before the project's start belong to it: what was then is not known."""


def seen_by(graph: Graph, family: RowFamily, attribute: Attribute, day: date) -> tuple[Seen, ...]:
    """Return what a feature of a row of `day` looks at, directly or through its siblings.

    That is the row's own event, or what is joined: the window that a row of that day may see, the
    file of a table up to a day, rows of earlier days, scores of the day.
    """
    own = {feature.key: feature for feature in family.features}
    queue, met = [attribute], {attribute.key}
    found: dict[Seen, None] = {}
    while queue:
        one = queue.pop(0)
        if isinstance(one.definition, Joined):
            join = family.joins[one.definition.join]
            found.setdefault(_joined(graph, join, day))
            continue
        reads = [read.key for read in one.inputs]
        siblings = [own[key] for key in reads if key in own and key not in met]
        met |= {sibling.key for sibling in siblings}
        queue += siblings
        if any(key not in own for key in reads):
            found.setdefault(Seen(family.base, None, day, day))
    return tuple(found)


def _joined(graph: Graph, join: Join, day: date) -> Seen:
    if join.reach is None:
        return Seen(join.source, None, None, None)
    last = day + timedelta(days=join.reach.last)
    if join.period is not None:
        first = last - timedelta(days=join.period.days - 1)
        return Seen(join.source, join.period.name, first, last, first >= graph.start)
    first = min(graph.start, last)
    if join.reach.first is not None:
        first = max(first, day + timedelta(days=join.reach.first))
    return Seen(join.source, None, first, last, last >= graph.start)
