"""A project run on a small made-up sample -> proofs of what it promises, or counter-examples.

What is proved is proved for these statements on this sample: the statements are the project's own,
the sample is hostile, and the lake is a temporary one. The user's data is never opened.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from fig_assets.config.load import Config
from fig_assets.engines import open_engine
from fig_assets.graph.nodes import Attribute, Graph, Key, RowFamily
from fig_assets.workflow.proving.proof_compare import (
    Difference,
    Proof,
    RowKey,
    compare,
    compare_rows,
    differing,
)
from fig_assets.workflow.proving.proof_lake import LANDED, OpenEngine, ProofLake, for_proofs
from fig_assets.workflow.proving.proof_naive import prove_joins, prove_windows, why_not
from fig_assets.workflow.proving.proof_sample import Line, Sampler, write_lines, write_table

FIRST_DAY = date(2024, 2, 24)
"""The sample goes over the end of a February with 29 days."""
LEAST_DAYS, MOST_DAYS, EDGE_DAYS = 5, 33, 3
EVENTS, TABLE_ROWS = 14, 7
RANGE, NO_FUTURE = "incremental = full recompute", "no future"
REFILL = "filling one day leaves its neighbours"


@dataclass(frozen=True)
class Proved:
    """The proofs of a project, and what a sample of this size proves nothing about."""

    proofs: tuple[Proof, ...]
    days: tuple[date, ...]
    lines: int
    open: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether every proof holds."""
        return all(proof.holds for proof in self.proofs)

    def as_json(self) -> dict[str, object]:
        """Everything as JSON values; counter-examples as text."""
        return {
            **{
                proof.name: {
                    "values": proof.values,
                    "counter_examples": [str(it) for it in proof.differences],
                }
                for proof in self.proofs
            },
            "not_proved": list(self.open),
        }


def prove(
    config: Config, graph: Graph, *, seed: int = 7, open_with: OpenEngine = open_engine
) -> Proved:
    """Prove a project's promises on a sample in a temporary lake.

    `open_with` opens the engine of each lake.

    Raises:
        WorkflowError: the project does not run on the sample, which is a counter-example too.
    """
    days = _days(graph)
    graph = for_proofs(graph, days[0], days[-1] + timedelta(days=1))
    sampler = Sampler(graph, seed)
    lines = [line for day in days for line in sampler.day(day, EVENTS)]
    with TemporaryDirectory(prefix="fig-prove-") as name:
        folder = Path(name)
        with ProofLake(config, graph, folder / "range", open_with) as lake:
            _write(lake, sampler, lines, days)
            with lake.copy(folder / "daily") as daily:
                lake.run(days)
                proofs = [_incremental(lake, daily, days)]
            proofs += [
                _no_future(lake, sampler, lines, days),
                _refill(lake, days[len(days) // 2]),
                prove_windows(lake, days),
                prove_joins(lake, days),
            ]
    return Proved(tuple(proofs), tuple(days), len(lines), _unproved(graph, days))


def _days(graph: Graph) -> list[date]:
    """Choose the days of the sample: a few more than the shortest window that has several."""
    periods = [p.days for family in graph.families.values() for p in family.periods if p.days > 1]
    count = min(max(LEAST_DAYS, min(periods, default=0) + EDGE_DAYS), MOST_DAYS)
    return [FIRST_DAY + timedelta(days=n) for n in range(count)]


def _write(lake: ProofLake, sampler: Sampler, lines: Sequence[Line], days: list[date]) -> None:
    files = [*days, days[-1] + timedelta(days=1)]
    write_lines(lake.graph, lake.root, lines, files)
    for table in lake.graph.tables.values():
        source = lake.graph.sources[table.source]
        for day in days if source.is_dated else [None]:
            path = lake.root / source.path.replace("{date}", str(day))
            write_table(sampler.table(table.name, TABLE_ROWS), list(table.columns), path)


def _incremental(lake: ProofLake, daily: ProofLake, days: Sequence[date]) -> Proof:
    """Build day by day, states only when a window asks, and compare with all days at once."""
    promise = "day by day on one thread, states on demand, gives what a range on all threads gives"
    proof = Proof(RANGE, promise)
    daily.run(days, only=LANDED)
    for day in days:
        daily.run([day], without=(*LANDED, "states"))
    compare(proof, lake, daily, lake.stored() & daily.stored())
    missing = {r for r in lake.stored() - daily.stored() if not r[0].startswith("states/")}
    for name, day in sorted(missing):
        proof.add(Difference(name, day, (), "every one", "built", "never built"))
    return proof


def _no_future(
    lake: ProofLake, sampler: Sampler, lines: Sequence[Line], days: Sequence[date]
) -> Proof:
    """Add events to the last day, and compare what may not know of them."""
    promise = "later events change no earlier partition, nor what a row of their own day has seen"
    proof = Proof(NO_FUTURE, promise)
    last = days[-1]
    added = [replace(line, file=last) for line in sampler.day(last, EVENTS, late=False)]
    with _with_lines(lake, [*lines, *added], days) as changed:
        _compare_past(proof, lake, changed, last)
    if proof.differences:
        first = proof.differences[0]
        cause = _culprit(lake, lines, added, days, first)
        proof.differences[0] = replace(first, cause=cause)
    return proof


def _with_lines(lake: ProofLake, lines: Sequence[Line], days: Sequence[date]) -> ProofLake:
    """Copy a lake, write other raw files of its last day, and run its last two days again."""
    place = lake.root.parent
    changed = lake.copy(place / f"changed-{len(list(place.iterdir()))}")
    write_lines(lake.graph, changed.root, lines, [days[-1]])
    changed.run(days[-2:])
    return changed


def _compare_past(proof: Proof, lake: ProofLake, changed: ProofLake, last: date) -> None:
    ahead = {
        lake.graph.label_sets[op.owner].relation: timedelta(days=lake.awaiting[op.name])
        for op in lake.graph.ops
        if op.name in lake.awaiting
    }
    same_day = timedelta()
    past = {(n, d) for n, d in lake.stored() if d + ahead.get(n, same_day) < last}
    compare(proof, lake, changed, past)
    for family in lake.graph.row_families.values():
        same = _same_rows(lake, changed, family, last)
        columns = {a.column for a in family.features if not sees_its_day(lake.graph, a)}
        compare_rows(proof, (lake, changed), (family.relation, last), same, columns)
        for labels in lake.graph.label_sets.values():
            if labels.family == family.name and labels.relation not in ahead:
                known = {a.column for a in labels.labels if not sees_its_day(lake.graph, a)}
                compare_rows(proof, (lake, changed), (labels.relation, last), same, known)


def _same_rows(lake: ProofLake, changed: ProofLake, family: RowFamily, day: date) -> set[RowKey]:
    """Return the keys whose row is made of the same event in both lakes."""
    old, new = lake.rows(family.relation, day), changed.rows(family.relation, day)
    made_of = ("event_time", "event_id")
    return {k for k in old.keys() & new.keys() if all(old[k][n] == new[k][n] for n in made_of)}


def sees_its_day(graph: Graph, attribute: Attribute) -> bool:
    """Whether an attribute of a row may know of other events of the row's own day: `same_day`."""
    queue, seen = [attribute.key], set[Key]()
    while queue:
        key = queue.pop()
        found = graph.attributes.get(key)
        if key in seen or found is None:
            continue
        seen.add(key)
        if found.owner in graph.families:
            return True
        queue += [read.key for read in found.inputs if read.reach.last >= 0]
    return False


def _culprit(
    lake: ProofLake,
    lines: Sequence[Line],
    added: Sequence[Line],
    days: Sequence[date],
    difference: Difference,
) -> str:
    """Halve the added lines as long as one half alone makes the same difference."""
    relation = (difference.relation, difference.day)

    def differs(some: Sequence[Line]) -> bool:
        with _with_lines(lake, [*lines, *some], days) as changed:
            row = changed.rows(*relation).get(difference.key, {})
            return row.get(difference.column) != difference.expected

    while len(added) > 1:
        half = len(added) // 2
        part = next((p for p in (added[:half], added[half:]) if differs(p)), None)
        if part is None:
            return f"{len(added)} added events together, the first: {added[0].text}"
        added = part
    return f"the added event of {added[0].moment:%Y-%m-%d %H:%M:%S.%f}: {added[0].text}"


def _refill(lake: ProofLake, day: date) -> Proof:
    """Forget one day, fill it again, and compare every byte of the others."""
    promise = "a day that is filled again is the same; no byte of another day changes"
    proof = Proof(REFILL, promise)
    before = lake.files()
    rows = {name: lake.rows(name, day) for name, stored in lake.stored() if stored == day}
    lake.forget(day)
    lake.run([day])
    after = lake.files([day])
    for name, content in after.items():
        proof.values += 1
        if before.get(name) != content:
            found = "other bytes" if name in before else "a new file"
            proof.add(Difference(name, day, (), "its bytes", "the same", found))
    gone = {n for n in before if n not in after and f"day={day}" not in n}
    for name in sorted(gone):
        proof.add(Difference(name, day, (), "its bytes", "the same", "gone"))
    for name, expected in rows.items():
        differing(proof, (name, day), expected, lake.rows(name, day))
    return proof


def _unproved(graph: Graph, days: Sequence[date]) -> tuple[str, ...]:
    """Say what a sample of this size says nothing about."""
    found = [
        f"models/{name}: training and scores; the sample has too few rows to learn from, so its "
        "scores are empty"
        for name in graph.models
    ]
    found += [
        f"{family.relation(period)}: the far edge of its window; the sample has {len(days)} days"
        for family in graph.families.values()
        for period in family.periods
        if period.days >= len(days)
    ]
    return tuple(
        found
        + [
            f"families/{family.name}: the join with {join.source} by a second way, because {why}"
            for family in graph.row_families.values()
            for join in family.joins
            if (why := why_not(graph, family, join))
        ]
    )
