"""The stored records as they are now -> what a new run would read, and whether a day is stale."""

from datetime import date

from fig_assets.engines.base import Engine, InputDigests, Partition, Read, Target


class Snapshot:
    """The stored records as they are now, each looked up once; for one question, then dropped."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._records: dict[tuple[str, date | None], Partition | None] = {}
        self._days: dict[tuple[str, date | None, date | None], tuple[Partition | None, ...]] = {}
        self._inputs: dict[Read, InputDigests] = {}

    def partition(self, relation: str, day: date | None) -> Partition | None:
        """See `Engine.partition`."""
        if (relation, day) not in self._records:
            self._records[relation, day] = self._engine.partition(relation, day)
        return self._records[relation, day]

    def input_digests(self, read: Read) -> InputDigests:
        """Digest what `read` would see now, a short digest for each of its days."""
        found = self._inputs.get(read)
        if found is None:
            start = read.start.isoformat() if read.start else ""
            digests = tuple(
                stored.short_digest(read.columns) if stored else ""
                for stored in self._partitions(read)
            )
            found = InputDigests(read.relation, read.columns, start, digests)
            self._inputs[read] = found
        return found

    def _partitions(self, read: Read) -> tuple[Partition | None, ...]:
        place = (read.relation, read.start, read.end)
        if place not in self._days:
            found = tuple(self.partition(read.relation, day) for day in read.days or (None,))
            self._days[place] = found
        return self._days[place]


def stale_reason(engine: Engine, target: Target, day: date | None) -> str:
    """Say why the stored `day` of `target` is not what a new run would write; '' if it is.

    Compares the fingerprint of each column and the digests of exactly the columns and days that
    it would read now with those it read when it was written. The keys are judged where the rows
    are made, by a target that is `whole`.
    """
    stored = engine.partition(target.relation, day)
    if stored is None:
        return "missing"
    now = Snapshot(engine)
    for column in target.columns:
        found = stored.columns.get(column.name)
        if found is None:
            return "missing"
        if column.name in target.key and not target.whole:
            continue
        if found.rule == engine.rule and found.fingerprint != column.fingerprint:
            return "definition changed"
        if found.inputs != tuple(map(now.input_digests, column.reads)):
            return "input changed"
    return ""


def input_digests(engine: Engine, read: Read) -> InputDigests:
    """Digest what `read` would see now, a short digest for each of its days."""
    return Snapshot(engine).input_digests(read)
