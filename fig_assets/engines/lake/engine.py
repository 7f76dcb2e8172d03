"""What every engine over the Parquet lake shares: all of writing, records, and copies.

An engine of its own kind says how a tree becomes rows; the lake alone publishes them, and so
engines can take turns over one lake.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Self

import pyarrow as pa
from sqlglot import exp

from fig_assets.engines.base import Audit, DayRows, InputDigests, Partition, Target, Written
from fig_assets.engines.day_rows import shaped, split
from fig_assets.engines.lake import catalog
from fig_assets.engines.lake.lake import Lake
from fig_assets.engines.lake.scratch import copied
from fig_assets.engines.snapshot import Snapshot

SPILL = ".tmp"


class LakeEngine(ABC):
    """Runs trees over a `Lake`, which publishes day by day: an `Engine` but for the computing."""

    dialect: str

    def __init__(self, lake: Lake) -> None:
        self.lake = lake

    @abstractmethod
    def sql(self, tree: exp.Query) -> str:
        """See `Engine.sql`."""

    @abstractmethod
    def query(self, tree: exp.Query, tables: Mapping[str, pa.Table] | None = None) -> pa.Table:
        """See `Engine.query`."""

    @abstractmethod
    def check(self, tree: exp.Query, tables: Mapping[str, pa.Schema] | None = None) -> pa.Schema:
        """See `Engine.check`."""

    @abstractmethod
    def close(self) -> None:
        """See `Engine.close`."""

    @abstractmethod
    def _by_day(self, rows: exp.Query, days: Sequence[date]) -> Iterator[tuple[date, pa.Table]]:
        """Run a statement ordered by day and give the rows of each day when they are complete."""

    @abstractmethod
    def _over(self, lake: Lake) -> Self:
        """Open another engine, of the same settings, over another lake."""

    def replace_days(
        self,
        target: Target,
        rows: exp.Query | pa.Table | Callable[[], pa.Table],
        days: Sequence[date],
        audit: Audit | None = None,
    ) -> tuple[Written, ...]:
        """See `Engine.replace_days`."""
        self.lake.look_again(target.relation)
        bases = {day: self.lake.generations(target, day) for day in days}
        inputs = _inputs(target, Snapshot(self))
        parts = split(self._rows(rows), target, days)
        if audit is not None:
            for day, part in parts.items():
                audit(day, part)
        stored = list(target.names)
        return tuple(
            self.lake.publish(target, day, part.select(stored), inputs=inputs, base=bases[day])
            for day, part in parts.items()
        )

    def compute_days(self, targets: Mapping[date, Target], rows: exp.Query) -> Iterator[DayRows]:
        """See `Engine.compute_days`."""
        for relation in {target.relation for target in targets.values()}:
            self.lake.look_again(relation)
        bases = {day: self.lake.generations(target, day) for day, target in targets.items()}
        now = Snapshot(self)
        inputs = {day: _inputs(target, now) for day, target in targets.items()}
        publish = _Publishing(self.lake, targets, inputs, bases)
        for day, table in self._by_day(rows, sorted(targets)):
            yield DayRows(day, partial(publish.day, day, table))

    def replace_all(self, target: Target, rows: exp.Query | pa.Table) -> Written:
        """See `Engine.replace_all`."""
        self.lake.look_again(target.relation)
        base = self.lake.generations(target, None)
        inputs = _inputs(target, Snapshot(self))
        part = shaped(self._rows(rows), target).select(list(target.names))
        return self.lake.publish(target, None, part, inputs=inputs, base=base)

    def partition(self, relation: str, day: date | None) -> Partition | None:
        """See `Engine.partition`."""
        return self.lake.partition(relation, day)

    def days(self, relation: str) -> tuple[date, ...]:
        """See `Engine.days`."""
        return self.lake.days(relation)

    @contextmanager
    def scratch(self, relations: Sequence[str]) -> Iterator[Self]:
        """See `Engine.scratch`."""
        with (
            copied(self.lake.storage, SPILL, relations) as copy,
            self._over(Lake(copy)) as engine,
        ):
            engine.rule = self.rule
            yield engine

    def size(self, relation: str, day: date | None) -> int:
        """See `Engine.size`."""
        return self.lake.size(relation, day)

    @property
    def rule(self) -> int:
        """See `Engine.rule`."""
        return self.lake.rule

    @rule.setter
    def rule(self, rule: int) -> None:
        self.lake.rule = rule

    def column_sizes(self, relation: str, day: date) -> Mapping[str, int]:
        """See `Engine.column_sizes`."""
        return self.lake.column_sizes(relation, day)

    def drop_columns(self, relation: str, day: date, names: Sequence[str]) -> None:
        """See `Engine.drop_columns`."""
        self.lake.drop_columns(relation, day, names)

    def drop_day(self, relation: str, day: date) -> None:
        """See `Engine.drop_day`."""
        self.lake.drop_day(relation, day)

    def publish_views(self, views: Mapping[str, exp.Query]) -> None:
        """See `Engine.publish_views`; see `catalog`."""
        catalog.publish_views(self.lake, views)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *failure: object) -> None:
        """Close."""
        self.close()

    def _rows(self, rows: exp.Query | pa.Table | Callable[[], pa.Table]) -> pa.Table:
        if isinstance(rows, pa.Table):
            return rows
        return self.query(rows) if isinstance(rows, exp.Query) else rows()


@dataclass(frozen=True, eq=False)
class _Publishing:
    """What was seen of the lake before the rows of several days were computed."""

    lake: Lake
    targets: Mapping[date, Target]
    inputs: Mapping[date, Mapping[str, tuple[InputDigests, ...]]]
    bases: Mapping[date, Mapping[str, int]]

    def day(self, day: date, rows: pa.Table, audit: Audit | None) -> Written:
        """Judge and publish the rows of one day."""
        target = self.targets[day]
        part = split(rows, target, [day])[day]
        if audit is not None:
            audit(day, part)
        stored = part.select(list(target.names))
        return self.lake.publish(target, day, stored, inputs=self.inputs[day], base=self.bases[day])


def _inputs(target: Target, now: Snapshot) -> dict[str, tuple[InputDigests, ...]]:
    return {c.name: tuple(map(now.input_digests, c.reads)) for c in target.columns}
