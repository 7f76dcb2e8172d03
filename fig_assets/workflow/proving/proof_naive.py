"""Stored windows and joins -> the same, worked out again in plain loops over stored rows."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from fig_assets.engines.base import days_between
from fig_assets.graph.definitions import Joined
from fig_assets.graph.nodes import Attribute, Family, Graph, Join, RowFamily
from fig_assets.graph.period import Period
from fig_assets.language.types import Type
from fig_assets.workflow.proving.proof_compare import Difference, Proof, differing
from fig_assets.workflow.proving.proof_lake import ProofLake, Row

WINDOWS, JOINS = "windows hold exactly their days", "point-in-time joins"


def prove_windows(lake: ProofLake, days: Sequence[date]) -> Proof:
    """Compare the entities of each window with those of the daily states of exactly its days."""
    promise = "partition D of N days has every entity seen from D-N+1 to D, and no other"
    proof = Proof(WINDOWS, promise)
    for family in lake.graph.families.values():
        seen = {day: _entities(lake, family, day) for day in days}
        for period in family.periods:
            for day in days:
                _window(proof, lake, family, period, day, seen)
    return proof


def _window(
    proof: Proof,
    lake: ProofLake,
    family: Family,
    period: Period,
    day: date,
    seen: dict[date, set[object]],
) -> None:
    window = period.window(day)
    inside = [d for d in days_between(window.start, window.end) if d in seen]
    expected = set[object]().union(*(seen[d] for d in inside))
    found = {row[family.granularity] for row in lake.rows(family.relation(period), day).values()}
    proof.values += len(expected)
    for entity in sorted(expected ^ found, key=repr):
        when = [str(d) for d in sorted(seen) if entity in seen[d]]
        words = ("there", "missing") if entity in expected else ("missing", "there")
        cause = f"its events of {', '.join(when) or 'no day'}; the window is {inside[0]} to {day}"
        name = family.relation(period)
        proof.add(Difference(name, day, (entity,), "the row", *words, cause))


def _entities(lake: ProofLake, family: Family, day: date) -> set[object]:
    return {
        row[family.granularity]
        for group in family.groups
        for row in lake.rows(group.relation, day).values()
    }


def prove_joins(lake: ProofLake, days: Sequence[date]) -> Proof:
    """Look every joined value up again, by key, in the partition that the contract names."""
    proof = Proof(JOINS, "a row of day R has the values of the partition that its join may see")
    for family in lake.graph.row_families.values():
        for place, join in enumerate(family.joins):
            if why_not(lake.graph, family, join):
                continue
            taken = [
                a
                for a in family.features
                if isinstance(a.definition, Joined) and a.definition.join == place
            ]
            for day in days:
                _join(proof, lake, family, join, taken, day)
    return proof


def why_not(graph: Graph, family: RowFamily, join: Join) -> str:
    """Say why a join is not looked up again; '' if it is."""
    if join.match is not None and join.match not in {a.column for a in family.features}:
        return "it is matched by a field of the event, which rows do not keep"
    if join.match is not None and _type_of(family, join.match) != _key_type(graph, family, join):
        return "its keys are converted before they are matched"
    return ""


def _join(
    proof: Proof,
    lake: ProofLake,
    family: RowFamily,
    join: Join,
    taken: Iterable[Attribute],
    day: date,
) -> None:
    other = _other_rows(lake, join, day)
    expected: dict[tuple[object, ...], Row] = {}
    found: dict[tuple[object, ...], Row] = {}
    for key, row in lake.rows(family.relation, day).items():
        match = row[join.match or family.granularity]
        theirs = other.get(match) if match is not None else None
        expected[key], found[key] = {}, {}
        for attribute in taken:
            definition = attribute.definition
            if isinstance(definition, Joined):
                value = theirs[definition.column] if theirs else definition.default
                expected[key][attribute.column] = value
                found[key][attribute.column] = row[attribute.column]
    differing(proof, (family.relation, day), expected, found)


def _other_rows(lake: ProofLake, join: Join, day: date) -> dict[object, Row]:
    """Read the other side of a join as a row of `day` sees it: of each key the newest row."""
    found: dict[object, Row] = {}
    for seen in _days_seen(lake, join, day):
        if lake.workspace.engine.partition(join.relation, seen) is not None:
            found |= {row[join.key]: row for row in lake.table(join.relation, seen)}
    return found


def _days_seen(lake: ProofLake, join: Join, day: date) -> list[date | None]:
    if join.reach is None:
        return [None]
    last = day + timedelta(days=join.reach.last)
    first = join.reach.first
    start = lake.graph.start if first is None else day + timedelta(days=first)
    return list(days_between(start, last + timedelta(days=1)))


def _type_of(family: RowFamily, column: str) -> Type | None:
    return next((a.type for a in family.features if a.column == column), None)


def _key_type(graph: Graph, family: RowFamily, join: Join) -> Type:
    if join.source in graph.tables:
        return graph.tables[join.source].columns[join.key]
    if join.source in graph.families:
        return graph.families[join.source].granularity_type
    if join.source in graph.row_families:
        return graph.row_families[join.source].granularity_type
    return family.granularity_type
