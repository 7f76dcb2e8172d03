"""Outcomes <-> JSON files beside the made-up data, so that hours of measuring survive an end."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from benchmarks.case import Bench, Case, Measured, Outcome


def keep(bench: Bench, outcome: Outcome) -> None:
    """Write what a case gave; it replaces what was kept of the case at this scale."""
    path = _path(bench, outcome.case)
    path.parent.mkdir(parents=True, exist_ok=True)
    found = {
        "runs": {name: [asdict(run) for run in runs] for name, runs in outcome.runs.items()},
        "skipped": outcome.skipped,
        "rows_compared": outcome.rows_compared,
        "scale": outcome.scale,
    }
    path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def kept(bench: Bench, case: Case) -> Outcome | None:
    """Return what a case gave at this scale before, or None."""
    path = _path(bench, case)
    if not path.is_file():
        return None
    found = json.loads(path.read_text(encoding="utf-8"))
    runs = {name: [_measured(run) for run in runs] for name, runs in found["runs"].items()}
    return Outcome(case, runs, found["skipped"], found["rows_compared"], found["scale"])


def _measured(run: Mapping[str, object]) -> Measured:
    return Measured(**run)


def _path(bench: Bench, case: Case) -> Path:
    return bench.root / f"scale_{bench.scale:g}" / "outcomes" / f"{case.name}.json"
