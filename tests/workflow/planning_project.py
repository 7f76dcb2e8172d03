"""A tiny project with every kind of column, its plan as sets of days, and a spy on the lake."""

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
from sqlglot import exp

from fig_assets.engines.base import Audit, DayRows, Target, Written, days_between, scan_of
from fig_assets.engines.duckdb import DuckDBEngine
from fig_assets.engines.lake.lake import Lake
from fig_assets.graph.nodes import Key, Op
from fig_assets.workflow.planning.follow import follow
from fig_assets.workflow.planning.plan import make_plan
from fig_assets.workflow.planning.planned import Plan
from fig_assets.workflow.planning.untouched import Proof
from fig_assets.workflow.run import run_op
from fig_assets.workflow.workspace import Workspace
from tests.workflow.projects import Json, Project, days_from, write_project

START = "2024-03-01"
DAYS = days_from(START, 6)
ALL = frozenset(range(1, 7))
Cells = dict[str, dict[str, frozenset[int]]]
"""By relation and column, the days of March. States are called without their fingerprint."""

CONFIGS: Json = {
    "project.json": {"name": "test", "start_date": START, "end_date": str(DAYS[-1])},
    "events/login.json": {
        "name": "login",
        "event_name": "login",
        "fields": {
            "asn": "asn::bigint",
            "session": "session",
            "place": "place",
            "seconds": "seconds::float",
            "is_long": {"function": "$seconds > 5"},
            "is_failure": {"function": "$outcome = 'no'"},
            "outcome": "outcome",
        },
    },
    "features/asn.yaml": {
        "name": "asn",
        "granularity": "asn",
        "period": ["3d_by_day"],
        "groups": [
            {
                "source": "login",
                "granularity_field": "asn",
                "features": {
                    "logins": "@COUNT(*)",
                    "places": "@COUNT_DISTINCT($place)",
                    "seconds": "@SUM($seconds)",
                    "failures": {"function": "@SUM($is_failure)", "type": "bigint"},
                    "rate": {
                        "default_version": 1,
                        "versions": {
                            "1": "$failures / $logins",
                            "2": "($failures + 1) / ($logins + 2)",
                        },
                    },
                },
            }
        ],
    },
    "features/request.json": {
        "name": "request",
        "granularity": "session",
        "groups": [
            {
                "source": "login",
                "granularity_field": "session",
                "features": {
                    "hour": "@HOUR($event_time)",
                    "long": "$is_long",
                    "short": {"python": "short:shorten", "inputs": ["$hour"], "type": "bigint"},
                },
            },
            {
                "source": "asn",
                "granularity_match": {"field": "asn", "period": "3d_by_day"},
                "features": ["logins", "rate"],
            },
        ],
    },
    "labels/kinds.json": {
        "name": "kinds",
        "family": "request",
        "classes": ["good", "bad"],
        "weak_labels": {
            "failed": {"when": "$is_failure", "vote": "bad"},
            "crowded": {"when": "$asn_3d_logins > 9", "vote": "good"},
        },
        "strong_labels": {"truth": {"method": "plurality_vote", "default": "good"}},
    },
    "models/scorer.json": {
        "name": "scorer",
        "training_delay_delta_days": 1,
        "training_time_delta_days": 2,
        "input_features": [
            {"family_name": "request", "feature_names": {"all": ["hour", "asn_3d_logins"]}}
        ],
        "hyperparameters": {"min_data_in_leaf": 2, "num_leaves": 3},
        "truth_label": {"source": "kinds", "name": "truth"},
        "output_features": ["risk"],
        "retrain": {"every_days": 2},
        "promotion": {"metric": "average_precision", "min": 0.0},
        "allow_incomplete": True,
    },
}
SHORT = """
import pyarrow as pa


def shorten(table):
    return pa.array([None if h is None else h // 2 for h in table.column("hour").to_pylist()])
"""


def events_of(day: date, count: int = 24) -> list[Json]:
    """Give one day's events; some networks and places are there on some days only."""
    return [
        {
            "kind": "login",
            "id": f"{day}-{n}",
            "at": f"{day}T{n % 24:02}:30:00Z",
            "asn": n % 3 + (day.day % 2) * (n % 2),
            "session": f"s{day.day}-{n}",
            "place": ("de", "fr", "it")[(n + day.day) % 3],
            "seconds": n / 3,
            "duration": n / 2,
            "outcome": "no" if n % 4 == 0 else "yes",
        }
        for n in range(count)
    ]


def write_tiny(root: Path) -> Project:
    """Write the project and its raw files."""
    (root / "configs" / "python").mkdir(parents=True)
    (root / "configs" / "python" / "short.py").write_text(SHORT)
    project = write_project(root, CONFIGS, start=START)
    for day in DAYS:
        project.write(day, events_of(day))
    return project


def cells(plan: Plan) -> Cells:
    """Give the planned columns of attributes, states and decisions; keys of rows are left out."""
    found: dict[str, dict[str, set[int]]] = {}
    for work in plan.work:
        relation = _plain(work.relation)
        days: list[date | None] = [None]
        if work.first and work.last:
            days = [*days_between(work.first, work.last), work.last]
        for name in work.columns:
            if "__v" in name or relation.startswith(("states/", "models/", "raw/")):
                if name in ("asn", "times__", "value__"):
                    continue
                column = found.setdefault(relation, {}).setdefault(_plain(name), set())
                column |= {day.day for day in days if day}
    return {r: {n: frozenset(d) for n, d in columns.items()} for r, columns in found.items()}


def _plain(name: str) -> str:
    """Leave the fingerprint of a state out of its name."""
    head, _, tail = name.rpartition("_")
    return head if len(tail) == 6 and head and not tail.startswith("_") and _is_hex(tail) else name


def _is_hex(text: str) -> bool:
    return all(mark in "0123456789abcdef" for mark in text) and any(m.isdigit() for m in text)


class Direct:
    """Runs ops without Dagster, and counts them."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.ran: list[tuple[str, int]] = []

    def run(
        self,
        ops: Sequence[Op],
        first: date,
        last: date,
        *,
        only: Collection[Key] | None = None,
        states: Mapping[str, Collection[str]] | None = None,
    ) -> Sequence[Op]:
        """See `Runs.run`; a refusal is an error."""
        days = list(days_between(first, last + timedelta(days=1)))
        for op in ops:
            keys = [key for key in op.keys if only is None or key in only]
            result = run_op(self.workspace, op, days, keys, states=states)
            self.ran.append((op.name, len(days)))
            for refusal in result.refused.values():
                raise refusal
        return ()


def carry_out(project: Project, plan: Plan) -> Proof:
    """Follow a plan."""
    return follow(project.workspace, plan, Direct(project.workspace))


def plan_of(project: Project) -> Plan:
    """Plan all days."""
    return make_plan(project.workspace)


class Spy(DuckDBEngine):
    """An engine that remembers the columns and days of relations that statements read and write."""

    def __init__(self, lake: Lake) -> None:
        super().__init__(lake)
        self.read: set[tuple[str, str, date | None]] = set()
        self.written: set[tuple[str, str, date | None]] = set()

    def query(self, tree: exp.Query, tables: Mapping[str, pa.Table] | None = None) -> pa.Table:
        """Note what is read."""
        self._note(tree)
        return super().query(tree, tables)

    def compute_days(self, targets: Mapping[date, Target], rows: exp.Query) -> Iterator[DayRows]:
        """Note what is read and written."""
        self._note(rows)
        for day, target in targets.items():
            self._note_written(target, day)
        return super().compute_days(targets, rows)

    def replace_days(
        self,
        target: Target,
        rows: exp.Query | pa.Table | Callable[[], pa.Table],
        days: Sequence[date],
        audit: Audit | None = None,
    ) -> tuple[Written, ...]:
        """Note what is written; a statement is noted where it is run."""
        for day in days:
            self._note_written(target, day)
        return super().replace_days(target, rows, days, audit)

    def read_of(
        self, wanted: Callable[[tuple[str, str, date | None]], bool]
    ) -> set[tuple[str, str, date | None]]:
        """Give what was read of some kind."""
        return {it for it in self.read if wanted(it)}

    def _note_written(self, target: Target, day: date) -> None:
        self.written |= {(target.relation, name, day) for name in target.names}

    def _note(self, tree: exp.Query) -> None:
        named = {column.name for column in tree.find_all(exp.Column)}
        for table in tree.find_all(exp.Table):
            scan = scan_of(table)
            if scan is None:
                continue
            days: list[date | None] = [None]
            if scan.start and scan.end:
                days = [*days_between(scan.start, scan.end)]
            self.read |= {
                (scan.relation, name, day) for name in scan.columns if name in named for day in days
            }


def spied(project: Project) -> Spy:
    """Put a spy into a project."""
    project.workspace.close()
    spy = Spy(Lake(project.lake.resolve()))
    project.workspace = replace(project.workspace, engine=spy)
    return spy


def edit(project: Project, name: str, old: str, new: str) -> None:
    """Change the text of a file of the configuration, and read it anew."""
    path = project.root / "configs" / name
    text = path.read_text(encoding="utf-8")
    assert old in text, (name, old)
    path.write_text(text.replace(old, new), encoding="utf-8")
    project.reopen()


def append(project: Project, day: date, *events: Json) -> None:
    """Add lines to a raw file."""
    with (project.root / "raw" / f"{day}.jsonl").open("a", encoding="utf-8") as file:
        file.writelines(f"{json.dumps(event)}\n" for event in events)
