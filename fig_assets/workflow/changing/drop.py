"""Stored columns of versions that are no more -> what could go, and making it go, day by day."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from fig_assets.config.load import Config
from fig_assets.graph.usage import retired_versions
from fig_assets.sql.published import every_published
from fig_assets.workflow.changing.usage import champions_of
from fig_assets.workflow.workspace import Workspace

COLUMN = re.compile(r"(?P<name>.+)__v(?P<version>[1-9][0-9]*)")
STORED = {"features": "families", "labels": "label_sets", "events": "events", "scores": "scores"}
"""Where the attributes of each kind of asset key are stored."""
KEYS = {folder: kind for kind, folder in STORED.items()}


@dataclass(frozen=True)
class Leftover:
    """A stored column of a version that is not computed any more.

    Attributes:
        key: Its asset key as text: `features/asn/weekly_by_day/failure_rate__v1`.
        relation: Where it is stored.
        column: Its column there.
        why: `retired` in its definition, or `removed`, as the lock says.
        days: The days that hold it, in order.
        bytes: What it takes in their files, compressed.
        consumers: Who still reads it: artifacts in force. It is not dropped while there are any.
    """

    key: str
    relation: str
    column: str
    why: str
    days: tuple[date, ...]
    bytes: int
    consumers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Leftovers:
    """What could be dropped, and what neither project nor lock knows: that is left alone."""

    known: tuple[Leftover, ...]
    unknown: tuple[Leftover, ...] = ()

    @property
    def free(self) -> tuple[Leftover, ...]:
        """Those that nobody reads."""
        return tuple(found for found in self.known if not found.consumers)

    @property
    def consumed(self) -> tuple[Leftover, ...]:
        """Those that somebody still reads."""
        return tuple(found for found in self.known if found.consumers)


def leftovers(workspace: Workspace) -> Leftovers:
    """List the stored columns of versions that are retired, or removed and locked as removed.

    A column that the lock does not know may be of another branch.

    Raises:
        EngineError: a file of the lake is damaged.
        ModelError: an artifact or a decision is damaged.
    """
    graph, config = workspace.graph, workspace.config
    live = {it.relation: set(it.stored) for it in every_published(graph).values()}
    readers: dict[str, list[str]] = {}
    for words, inputs in champions_of(workspace).items():
        for identity in inputs:
            readers.setdefault(identity, []).append(words)
    reasons = _reasons(config)
    known: list[Leftover] = []
    unknown: list[Leftover] = []
    for relation in sorted({*live, *_locked_relations(config)}):
        kind, _, owner = relation.partition("/")
        for column, days in _stored(workspace, relation, live.get(relation, set())).items():
            found = COLUMN.fullmatch(column)
            if found is None or kind not in KEYS:
                continue
            key = f"{KEYS[kind]}/{owner}/{column}"
            identity = f"{owner.partition('/')[0]}.{found['name']}@{found['version']}"
            why = reasons.get(identity) or reasons.get(key, "")
            size = sum(workspace.engine.column_sizes(relation, day)[column] for day in days)
            consumers = tuple(readers.get(identity, ()))
            one = Leftover(key, relation, column, why, tuple(days), size, consumers)
            (known if why else unknown).append(one)
    return Leftovers(tuple(known), tuple(unknown))


def drop(workspace: Workspace, found: Iterable[Leftover]) -> Iterator[tuple[str, date]]:
    """Remove columns from their days, one file after the other; each is replaced at once.

    Every other column keeps its content and its digest. A day of which only its keys are left, in
    a relation that the project has no more, goes as a whole. What was done before a stop stays
    done: run it again.

    Yields:
        The relation and the day, when done.

    Raises:
        EngineError: a file is damaged, or cannot be written.
    """
    live = {it.relation for it in every_published(workspace.graph).values()}
    columns: dict[tuple[str, date], list[str]] = {}
    for one in found:
        for day in one.days:
            columns.setdefault((one.relation, day), []).append(one.column)
    for (relation, day), names in sorted(columns.items()):
        record = workspace.engine.partition(relation, day)
        rest = [name for name in record.columns if name not in names] if record else []
        if relation in live or any(map(COLUMN.fullmatch, rest)):
            workspace.engine.drop_columns(relation, day, names)
        else:
            workspace.engine.drop_day(relation, day)
        yield relation, day


def _stored(workspace: Workspace, relation: str, live: set[str]) -> dict[str, list[date]]:
    """Return the stored columns that are no live ones, each with its days."""
    found: dict[str, list[date]] = {}
    for day in workspace.engine.days(relation):
        record = workspace.engine.partition(relation, day)
        for name in record.columns if record else ():
            if name not in live and record is not None and name not in record.key:
                found.setdefault(name, []).append(day)
    return found


def _reasons(config: Config) -> Mapping[str, str]:
    """Return why a version is no more, by its key or identity."""
    found = {identity: "retired" for identity, _, _ in retired_versions(config)}
    lock = config.lock.attributes if config.lock else {}
    return {**{key: "removed" for key, locked in lock.items() if locked.removed}, **found}


def _locked_relations(config: Config) -> Iterator[str]:
    for key in config.lock.attributes if config.lock else ():
        kind, _, rest = key.partition("/")
        if kind in STORED:
            yield f"{STORED[kind]}/{rest.rpartition('/')[0]}"
