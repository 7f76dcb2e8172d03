"""One write of a day -> the record that the day then has, or the reason why it is refused.

Every store of days asks here, under its own lock, with the record that it then holds.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

import pyarrow as pa

from fig_assets.engines.base import (
    InputDigests,
    Partition,
    StoredColumn,
    Target,
    short_digest,
)
from fig_assets.engines.digest import combined_digest
from fig_assets.errors import Conflict, RowSetChanged


@dataclass(frozen=True)
class Write:
    """One publish on its way: what it replaces, with what, seen from which base."""

    target: Target
    day: date | None
    rows: pa.Table
    digests: Mapping[str, str]
    inputs: Mapping[str, tuple[InputDigests, ...]]
    base: Mapping[str, int]

    @property
    def title(self) -> str:
        """What messages call it."""
        return f"{self.target.relation} of {self.day or 'all days'}"

    @property
    def key_digest(self) -> str:
        """The digest of the key columns together."""
        return combined_digest([self.digests[name] for name in self.target.key])


def record_after(
    write: Write, stored: Partition | None, kept: tuple[str, ...], rule: int
) -> Partition:
    """Say what the day holds after a write; columns keep their place in the file."""
    target = write.target
    old = stored.columns if stored else {}
    generation = stored.generation + 1 if stored else 1
    new: dict[str, StoredColumn] = {}
    for column in target.columns:
        if kept and column.name in target.key and not target.whole:
            # Who makes the rows keeps the record of the keys; this write only found them.
            new[column.name] = old[column.name]
            continue
        digest = write.digests[column.name]
        same = column.name in old and old[column.name].digest == digest
        number = old[column.name].generation if same else generation
        inputs = write.inputs.get(column.name, ())
        new[column.name] = StoredColumn(column.fingerprint, digest, number, inputs, rule)
    places = [name for name in old if name in new or name in kept]
    columns = {name: new.get(name) or old[name] for name in dict.fromkeys([*places, *new])}
    for column in target.columns:
        if column.siblings and column.name in new and new[column.name] is not old.get(column.name):
            seen = _sibling_digests(write, column.siblings, columns)
            known = columns[column.name]
            columns[column.name] = replace(known, inputs=(*known.inputs, seen))
    notes = {**(stored.notes if stored and kept else {}), **target.notes}
    rows = write.rows.num_rows
    return Partition(rows, generation, target.key, write.key_digest, columns, notes)


def _sibling_digests(
    write: Write, names: tuple[str, ...], columns: Mapping[str, StoredColumn]
) -> InputDigests:
    """Digest what a day holds of the columns that another one was computed from."""
    digest = ""
    if all(name in columns for name in names):
        digest = short_digest(write.key_digest, [columns[name].digest for name in names])
    start = write.day.isoformat() if write.day else ""
    return InputDigests(write.target.relation, names, start, (digest,))


def is_same(stored: Partition, record: Partition) -> bool:
    """Say whether a write changes nothing, not even what is noted of it."""
    return stored.columns == record.columns and dict(stored.notes) == record.notes


def content_of(record: Partition) -> dict[str, str]:
    """Return the digest of each column."""
    return {name: column.digest for name, column in record.columns.items()}


def refuse_conflict(write: Write, stored: Partition | None) -> None:
    """Refuse a write whose columns were published since it began, with another content.

    Raises:
        Conflict: they were.
    """
    newer = [
        name
        for name in write.target.names
        if stored
        and name in stored.columns
        and stored.columns[name].generation > write.base.get(name, 0)
        and stored.columns[name].digest != write.digests[name]
    ]
    if newer:
        raise Conflict(
            f"{write.title}: {', '.join(newer)} was published by another run while this one was "
            "computed; the stored rows are newer and were kept"
        )


def kept_columns(write: Write, stored: Partition | None) -> tuple[str, ...]:
    """Name the stored columns that stay; none where a whole write changes the set of keys.

    Raises:
        RowSetChanged: the write is scoped, and has other keys than the stored day.
    """
    if stored is None:
        return ()
    others = tuple(name for name in stored.columns if name not in write.digests)
    if stored.key == write.target.key and stored.key_digest == write.key_digest:
        return others
    if write.target.whole or not others:
        return ()
    raise RowSetChanged(
        f"{write.title}: the keys differ from the stored ones, so {', '.join(others)} must be "
        "computed with it"
    )
