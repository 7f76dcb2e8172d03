"""Small projects written into a folder, run without Dagster, and read back row by row."""

import json
import math
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pyarrow.parquet as pq

from fig_assets.config.load import load_config
from fig_assets.engines import open_engine
from fig_assets.engines.lake.storage import FILE
from fig_assets.graph.build import build_graph
from fig_assets.graph.nodes import Graph, Op
from fig_assets.workflow.planning.plan import stale_days
from fig_assets.workflow.run import OpResult, run_op
from fig_assets.workflow.workspace import Workspace, open_workspace
from tests import naive

Json = dict[str, object]


@dataclass(frozen=True)
class DayDigests:
    """What identifies the content of one stored day."""

    rows: int
    keys: str
    columns: Mapping[str, str]


Digests = dict[tuple[str, str], DayDigests]
"""By relation and day."""

ENVIRONMENT: Json = {
    "name": "local",
    "warehouse": {"type": "duckdb", "path": "lake"},
    "models": {"path": "models"},
    "sources": {"events": {"format": "json", "path": "raw/{date}*.jsonl*", "late_days": 1}},
    "event_defaults": {"event_type": "kind", "time": "at", "id": "id"},
}


QUICK_SPARK = {
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
}
"""For few rows and long statements: to compile a statement takes longer than to run it."""


class Project:
    """A project folder with its raw files and its lake, opened."""

    def __init__(self, root: Path, environment: str = "local") -> None:
        self.root = root
        self.environment = environment
        (root / "raw").mkdir(exist_ok=True)
        self.workspace = self._opened()

    @property
    def graph(self) -> Graph:
        """The resolved configuration."""
        return self.workspace.graph

    def reopen(self) -> None:
        """Read the configuration anew."""
        self.workspace.close()
        self.workspace = self._opened()

    def oracle(self) -> naive.Naive:
        """Open the oracle over the same folder."""
        return naive.load(self.root / "configs", self.environment)

    def write(self, day: date, events: Iterable[Mapping[str, object] | str]) -> None:
        """Write the raw file dated `day`; a text is a line as it stands."""
        lines = (it if isinstance(it, str) else json.dumps(it) for it in events)
        text = "".join(f"{line}\n" for line in lines)
        (self.root / "raw" / f"{day}.jsonl").write_text(text, encoding="utf-8")

    def ops(self, *kinds: str, owner: str = "") -> list[Op]:
        """Give the ops in order, those of some kinds or of one owner where asked."""
        return [
            op
            for op in self.graph.ops
            if (not kinds or op.kind in kinds) and owner in {"", op.owner}
        ]

    def run(self, days: Sequence[date], ops: Sequence[Op] | None = None) -> dict[str, OpResult]:
        """Run ops, all of them unless told, for all of `days`; a refusal is an error."""
        results = {}
        for op in self.ops() if ops is None else ops:
            result = run_op(self.workspace, op, days, op.keys)
            for refusal in result.refused.values():
                raise refusal
            results[op.name] = result
        return results

    def run_stale(self, days: Sequence[date]) -> dict[str, list[date]]:
        """Run what is stale, op by op in order; gives the days of each op that had any."""
        found = {}
        for op in self.ops():
            stale = sorted(stale_days(self.workspace, op, days))
            if stale:
                self.run(stale, [op])
                found[op.name] = stale
        return found

    def stale(self, days: Sequence[date]) -> dict[str, list[date]]:
        """Give the stale days of each op that has any."""
        found = {op.name: sorted(stale_days(self.workspace, op, days)) for op in self.ops()}
        return {name: stale for name, stale in found.items() if stale}

    def rows(self, relation: str, day: date) -> list[naive.Row]:
        """Give the stored rows of one day."""
        path = self.lake / relation / f"day={day}" / FILE
        rows: list[naive.Row] = pq.ParquetFile(path).read().to_pylist()
        return rows

    @property
    def lake(self) -> Path:
        """The folder of the lake."""
        return self.root / str(self.workspace.environment.warehouse.path)

    def digests(self) -> Digests:
        """Give what identifies the content of every stored day of every relation."""
        found: Digests = {}
        place = str(self.workspace.environment.warehouse.path)
        with open_engine("duckdb", place, self.root) as engine:
            for path in sorted(self.lake.rglob(FILE)):
                folder = path.parent.relative_to(self.lake)
                dated = folder.name.startswith("day=")
                relation = str(folder.parent if dated else folder)
                day = date.fromisoformat(folder.name[4:]) if dated else None
                record = engine.partition(relation, day)
                if record is not None:
                    columns = {name: column.digest for name, column in record.columns.items()}
                    found[relation, str(day)] = DayDigests(record.rows, record.key_digest, columns)
        return found

    def files(self) -> dict[str, bytes]:
        """Give the bytes of every stored file."""
        found = sorted(self.lake.rglob(FILE))
        return {str(path.relative_to(self.lake)): path.read_bytes() for path in found}

    def _opened(self) -> Workspace:
        config = load_config(self.root / "configs", self.environment)
        graph, _ = build_graph(config)
        return open_workspace(config, graph)


def write_project(root: Path, configs: Mapping[str, object], *, start: str) -> Project:
    """Write a configuration, a JSON value for each path below configs/, and open it.

    The project starts on `start`; the environment is `ENVIRONMENT` unless `configs` has its own.
    """
    known = {
        "project.json": {"name": "test", "start_date": start, "end_date": "2024-12-31"},
        "environments/local.json": ENVIRONMENT,
    }
    for name, content in {**known, **configs}.items():
        path = root / "configs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content, indent=1), encoding="utf-8")
    return Project(root)


def on_spark(project: Project, root: Path, address: str) -> Project:
    """Copy a project with its raw files and its lake into `root`; Spark computes there."""
    shutil.copytree(project.root, root, dirs_exist_ok=True)
    move_to_spark(root, address)
    return Project(root)


def move_to_spark(root: Path, address: str) -> None:
    """Let a Spark server compute what is done in a project's folder, over the same lake."""
    place = root / "configs" / "environments" / "local.json"
    environment = json.loads(place.read_text(encoding="utf-8"))
    connection = {"remote": address, **QUICK_SPARK}
    warehouse = environment["warehouse"] | {"type": "spark", "connection": connection}
    place.write_text(json.dumps(environment | {"warehouse": warehouse}), encoding="utf-8")


def dated(project: Project, day: date) -> list[str]:
    """Give the relations that have a stored day, in order."""
    found = (file.parent.parent for file in project.lake.rglob(f"day={day}/{FILE}"))
    return sorted(str(folder.relative_to(project.lake)) for folder in found)


def in_any_order(relation: str, rows: list[naive.Row]) -> list[naive.Row]:
    """Give rows as they stand, or sorted where each engine has a fixed order of its own."""
    return sorted(rows, key=str) if "/values_" in relation else rows


def build(root: Path, days: Sequence[date], kind: str) -> None:
    """Run the ops of one kind on some days; for a process of its own."""
    project = Project(root)
    project.run(days, project.ops(kind))


def days_from(start: str, count: int) -> list[date]:
    """Give `count` days in order."""
    first = date.fromisoformat(start)
    return [first + timedelta(days=n) for n in range(count)]


def differences(
    found: Sequence[naive.Row], expected: Sequence[naive.Row], key: str | None = None
) -> list[object]:
    """List what differs, at most five: floats may in the ninth decimal, NULL equals only NULL.

    Rows are paired by `key`, or else by their place.
    """
    if key is not None:
        found, expected = (
            sorted(rows, key=lambda row: str(row[key])) for rows in (found, expected)
        )
    if len(found) != len(expected):
        return [("rows", len(found), len(expected), _strangers(found, expected, key))]
    wrong: list[object] = []
    for row, answer in zip(found, expected, strict=True):
        if row.keys() != answer.keys():
            return [("columns", sorted(row.keys() ^ answer.keys()))]
        wrong += [
            (row.get(key or ""), name, row[name], value)
            for name, value in answer.items()
            if not same(row[name], value)
        ]
    return wrong[:5]


def same(found: object, expected: object) -> bool:
    """Whether two values are equal and of one type, floats to the ninth decimal."""
    if isinstance(expected, float) and isinstance(found, float):
        return math.isclose(found, expected, rel_tol=1e-9, abs_tol=1e-9)
    return type(found) is type(expected) and found == expected


def _strangers(
    found: Sequence[naive.Row], expected: Sequence[naive.Row], key: str | None
) -> list[object]:
    known, wanted = ({str(row.get(key or "")) for row in rows} for rows in (found, expected))
    return [*sorted(known ^ wanted)[:5]]
