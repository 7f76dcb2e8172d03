"""A project over made-up files in a folder of its own: run, copied, read row by row."""

import shutil
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Self

import pyarrow.parquet as pq

from fig_assets.config.load import Config
from fig_assets.engines.base import DAY, Engine
from fig_assets.errors import WorkflowError
from fig_assets.graph.awaited import days_awaited
from fig_assets.graph.nodes import Graph, Op
from fig_assets.graph.sources import DATE, Source
from fig_assets.graph.unchecked import without_checks
from fig_assets.models.registry import Registry
from fig_assets.workflow.run import run_op
from fig_assets.workflow.workspace import Workspace

OpenEngine = Callable[[str, str, Path], Engine]
Row = dict[str, object]
Relation = tuple[str, date]
COMPUTED = ("events", "states", "families", "label_sets", "scores")
"""Where computed relations stand."""
LANDED = ("raw", "table")
"""Ops that read files: a file may hold events of the day before."""
UNTRAINED = ("model",)
"""Ops that a sample is too small for."""


class ProofLake:
    """One lake of a project without its checks; hostile values may break those, and should."""

    def __init__(self, config: Config, graph: Graph, root: Path, open_engine: OpenEngine) -> None:
        self.graph, self.root = graph, root
        self._config, self._open = config, open_engine
        self.awaiting = days_awaited(graph)
        environment = config.environment.spec
        sources = {
            name: environment.table_files(name).model_copy(update={"path": source.path})
            for name, source in graph.sources.items()
        }
        self.workspace = Workspace(
            graph=graph,
            engine=open_engine(environment.warehouse.type, "lake", root),
            registry=Registry(root / "models"),
            environment=environment.model_copy(update={"sources": sources}),
            root=root,
            config=config,
        )

    def copy(self, root: Path) -> "ProofLake":
        """Copy raw files and lake into another folder."""
        shutil.copytree(self.root, root, symlinks=True)
        return ProofLake(self._config, self.graph, root, self._open)

    def run(
        self,
        days: Sequence[date],
        *,
        only: Collection[str] = (),
        without: Collection[str] = (),
    ) -> None:
        """Run every op for `days`, op after op; `only` those of some kinds, or `without` some.

        Raises:
            WorkflowError: an op refused a day, which a sample without checks gives no reason for.
        """
        for op in self.graph.ops:
            if op.kind in (*UNTRAINED, *without) or (only and op.kind not in only):
                continue
            result = run_op(self.workspace, op, self._ready(op, days), op.keys)
            for day, refusal in result.refused.items():
                raise WorkflowError(f"{op.name} of {day} on the sample: {refusal}")

    def _ready(self, op: Op, days: Sequence[date]) -> Sequence[date]:
        """Return the days of an op that `days` decide: some look at days after their own."""
        awaited = self.awaiting.get(op.name, 0)
        if not awaited:
            return days
        family = self.graph.row_families[self.graph.label_sets[op.owner].family]
        last = max(self.workspace.engine.days(family.relation)) - timedelta(days=awaited)
        back = [timedelta(days=n) for n in range(awaited + 1)]
        decided = {day - before for day in days for before in back}
        return sorted(day for day in decided if self.graph.start <= day <= last)

    def forget(self, day: date) -> None:
        """Remove a day from every computed relation, as if it had never been built."""
        for kind in COMPUTED:
            for folder in list((self.root / "lake" / kind).rglob(f"{DAY}={day}")):
                shutil.rmtree(folder)

    def files(self, without: Iterable[date] = ()) -> dict[str, bytes]:
        """Read the bytes of every stored file, but for those of some days."""
        names = {f"{DAY}={day}" for day in without}
        found = sorted((self.root / "lake").rglob("*.parquet"))
        return {
            str(path.relative_to(self.root)): path.read_bytes()
            for path in found
            if path.parent.name not in names
        }

    def stored(self) -> set[Relation]:
        """List every stored day of every computed relation."""
        found: set[Relation] = set()
        lake = self.root / "lake"
        for kind in COMPUTED:
            for folder in (lake / kind).rglob(f"{DAY}=*"):
                name = str(folder.parent.relative_to(lake))
                found.add((name, date.fromisoformat(folder.name[len(DAY) + 1 :])))
        return found

    def rows(self, name: str, day: date) -> dict[tuple[object, ...], Row]:
        """Read the rows of one day by their key; without the day itself."""
        record = self.workspace.engine.partition(name, day)
        if record is None:
            return {}
        return {tuple(row[n] for n in record.key): row for row in self.table(name, day)}

    def table(self, name: str, day: date | None) -> list[Row]:
        """Read the rows of one day, or of a relation without days."""
        folder = self.root / "lake" / name
        path = folder / f"{DAY}={day}" if day else folder
        rows: list[Row] = pq.ParquetFile(path / "data.parquet").read().to_pylist()
        return rows

    def close(self) -> None:
        """Release the engine."""
        self.workspace.close()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *failure: object) -> None:
        """Close."""
        self.close()


def for_proofs(graph: Graph, start: date, end: date) -> Graph:
    """Return the graph over files of its own, for days of its own, without declared checks."""
    sources = {name: _made_up(source) for name, source in graph.sources.items()}
    return replace(without_checks(graph), start=start, end=end, sources=sources)


def _made_up(source: Source) -> Source:
    """Return a source, with as many accounts, over files of its own."""
    accounts = tuple(map(_made_up, source.accounts))
    form = "json" if source.is_in_warehouse else source.format
    return replace(source, format=form, path=_path(source), accounts=accounts)


def _path(source: Source) -> str:
    suffix = "jsonl" if source.is_landed else source.format
    folder = f"{source.name}/{source.account}" if source.account else source.name
    return f"raw/{folder}/{DATE if source.is_dated else 'all'}.{suffix}"
