"""The demonstration from raw lines to its report, with the time that each step took."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from fig_assets.config.load import load_config
from fig_assets.demo.truth import PICTURE, Judged, cells, judge, write_picture
from fig_assets.project import Project, load_project
from fig_assets.terminal import Display
from fig_assets.workflow.workspace import workers

if TYPE_CHECKING:
    from fig_assets.assets.runner import Summary

ENVIRONMENT = "demo"
EMBEDDED = ("local", ENVIRONMENT)
"""Environments whose demonstration is that of the embedded default."""
FOLDER = "data/demo"
REPORT = "data/demo.json"
SEED = 7
BUDGET_S = {
    "sample": 15,
    "validate": 10,
    "raw and events": 25,
    "states and windows": 30,
    "requests and tables": 25,
    "labels": 10,
    "models": 35,
    "scores": 15,
    "bookkeeping": 15,
}
"""Seconds on two cores that each step may take; under three minutes together."""
STEP_OF = {
    "raw": "raw and events",
    "event": "raw and events",
    "states": "states and windows",
    "window": "states and windows",
    "row": "requests and tables",
    "table": "requests and tables",
    "label": "labels",
    "model": "models",
    "score": "scores",
}


@dataclass
class Clock:
    """Seconds by step."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Add the time of the block to a step."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.add(name, time.perf_counter() - start)

    def add(self, name: str, seconds: float) -> None:
        """Add seconds to a step."""
        self.seconds[name] = self.seconds.get(name, 0.0) + seconds


def run_demo(
    folder: Path,
    *,
    days: int,
    events_per_day: int,
    out: Console,
    err: Console,
    environment: str = "local",
) -> bool:
    """Run the demonstration and print its report; returns whether nothing was refused.

    The first run fixes the start day in `environments/demo.json`; later runs append days up to
    yesterday and compute only what is missing. Writes `data/demo.json` beside the project.

    Another `environment` than the embedded default gives its warehouse to the same demonstration:
    it is written to `environments/demo_<environment>.json`, and keeps rows and models of its own.

    Raises:
        ConfigError: there is no such environment.
    """
    clock = Clock()
    begun = time.perf_counter()
    end = datetime.now(UTC).date() - timedelta(days=1)
    start = _start(folder, end - timedelta(days=days - 1))
    name = ENVIRONMENT if environment in EMBEDDED else _elsewhere(folder, environment)
    raw = folder.resolve().parent / FOLDER / "raw"
    with Display(err) as display, ExitStack() as opened:
        with clock.step("sample"):
            _sample(raw, start, end, events_per_day, display)
        with clock.step("validate"):
            project = opened.enter_context(load_project(folder, name))
            statements = project.bind()
        begun_run = time.perf_counter()
        summary = project.execute_workflow(
            start, end, only_stale=True, progress=display.progress, on_plan=display.plan
        )
        for op, seconds in summary.seconds.items():
            clock.add(STEP_OF[op.partition("__")[0]], seconds)
        spent = time.perf_counter() - begun_run
        clock.add("bookkeeping", spent - sum(summary.seconds.values()))
        report = _report(project, summary, raw, (start, end))
    report |= {
        "seconds": round(time.perf_counter() - begun, 1),
        "seconds_by_step": {name: round(value, 1) for name, value in clock.seconds.items()},
        "statements": statements,
    }
    target = folder.resolve().parent / REPORT
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    _show(out, report, clock, summary, name)
    return summary.ok


def _start(folder: Path, wanted: date) -> date:
    """Return the demonstration's first day, written down once."""
    file = folder / "environments" / f"{ENVIRONMENT}.json"
    if file.exists():
        return date.fromisoformat(json.loads(file.read_text(encoding="utf-8"))["start_date"])
    environment = {
        "name": ENVIRONMENT,
        "start_date": wanted.isoformat(),
        "warehouse": {"type": "duckdb", "path": f"{FOLDER}/lake"},
        "models": {"path": f"{FOLDER}/models"},
        "sources": {
            "events": {
                "format": "json",
                "path": f"{FOLDER}/raw/events/{{date}}*.jsonl*",
                "late_days": 1,
            },
            "as_registry": {"format": "csv", "path": f"{FOLDER}/raw/as_registry.csv"},
        },
        "schedules": False,
    }
    file.write_text(json.dumps(environment, indent=2) + "\n", encoding="utf-8")
    return wanted


def _elsewhere(folder: Path, environment: str) -> str:
    """Write the demonstration's environment anew, with the warehouse of another one."""
    name = f"{ENVIRONMENT}_{environment}"
    warehouse = load_config(folder, environment).environment.spec.warehouse
    own = {"path": f"data/{name}/lake"} if warehouse.path else {}
    said = json.loads((folder / "environments" / f"{ENVIRONMENT}.json").read_text("utf-8"))
    said |= {
        "name": name,
        "warehouse": {**warehouse.model_dump(mode="json", exclude_unset=True), **own},
        "models": {"path": f"data/{name}/models"},
    }
    file = folder / "environments" / f"{name}.json"
    file.write_text(json.dumps(said, indent=2) + "\n", encoding="utf-8")
    return name


def _sample(raw: Path, start: date, end: date, events_per_day: int, display: Display) -> None:
    from fig_assets.sample import write_days

    every = [start + timedelta(days=n) for n in range((end - start).days + 1)]
    missing = [d for d in every if not (raw / "events" / f"{d}.jsonl.gz").exists()]
    display.plan({"sample": len(missing)})
    if not missing:
        return
    # Making events is pure computing, so days are made by one process for each core.
    with ProcessPoolExecutor(workers(), mp_context=get_context("spawn")) as pool:
        made = {
            pool.submit(write_days, raw, day, day, events_per_day=events_per_day, seed=SEED): day
            for day in missing
        }
        for done in as_completed(made):
            done.result()
            display.progress("sample", made[done])


def _report(
    project: Project, summary: "Summary", raw: Path, days: tuple[date, date]
) -> dict[str, object]:
    judged = judge(project, raw / "truth", days)
    if judged:
        write_picture(judged, project.workspace.root / PICTURE)
    found = judged[0] if judged else None
    rows = {relation: _rows(project, relation) for relation in sorted(_relations(project))}
    return {
        "start": str(days[0]),
        "end": str(days[1]),
        "average_precision": round(found.average_precision, 4) if found else None,
        "scored_rows": found.measured.rows if found else 0,
        "malicious_rows": found.measured.positives if found else 0,
        "models": [cells(one) for one in judged],
        "rows": rows,
        "materialised": sum(summary.done.values()),
        "checks_passed": summary.checks_passed,
        "checks_failed": summary.checks_failed,
        "failed_checks": summary.failed_checks,
        "refused": summary.refused,
        "strongest": _strongest(project, found, days[1]),
    }


def _relations(project: Project) -> dict[str, str]:
    graph = project.graph
    found = {e.relation: "event" for e in graph.events.values()}
    found |= {f.relation(p): "window" for f in graph.families.values() for p in f.periods}
    found |= {f.relation: "row" for f in graph.row_families.values()}
    found |= {s.relation: "label" for s in graph.label_sets.values()}
    return found | {m.relation: "score" for m in graph.models.values()}


def _rows(project: Project, relation: str) -> int:
    engine = project.workspace.engine
    stored = (engine.partition(relation, day) for day in engine.days(relation))
    return sum(partition.rows for partition in stored if partition)


def _strongest(project: Project, judged: Judged | None, day: date) -> list[dict[str, object]]:
    from fig_assets.workflow.learning.learn import champion_of

    if judged is None:
        return []
    model = next(it for it in project.graph.models.values() if it.title == judged.model)
    artifact = champion_of(project.workspace, model, day)
    if artifact is None:
        return []
    ranked = sorted(artifact.card.strength.items(), key=lambda item: -item[1])
    return [{"attribute": name, "strength": round(value, 4)} for name, value in ranked[:10]]


def _show(
    out: Console, report: dict[str, object], clock: Clock, summary: "Summary", environment: str
) -> None:
    steps = Table("step", "seconds", "budget", title="where the time went")
    for name, budget in BUDGET_S.items():
        steps.add_row(name, f"{clock.seconds.get(name, 0.0):.1f}", str(budget))
    out.print(steps)
    groups = Table("asset group", "rows", title=f"{report['start']} to {report['end']}")
    for relation, rows in dict(report["rows"]).items():  # type: ignore[call-overload]
        groups.add_row(relation, f"{rows:,}")
    out.print(groups)
    out.print(f"checks: {report['checks_passed']} passed, {report['checks_failed']} failed")
    for words in summary.failed_checks:
        out.print(f"  {words}", markup=False, soft_wrap=True)
    if summary.failed_checks:
        out.print("  (warnings: the first days come before the first model; nothing was blocked)")
    for op, words in summary.refused.items():
        out.print(f"refused: {op}: {words}", style="red", markup=False)
    strongest = Table("strongest attributes", "mean |SHAP|")
    for entry in list(report["strongest"]):  # type: ignore[call-overload]
        strongest.add_row(str(entry["attribute"]), f"{entry['strength']:.3f}")
    out.print(strongest)
    models = Table("model", "inputs", "average precision", "95 % by days")
    models.columns[0].no_wrap = True
    for row in list(report["models"]):  # type: ignore[call-overload]
        models.add_row(*row[:4])
    models.title = (
        f"against the hidden truth: {report['scored_rows']:,} requests, "
        f"{report['malicious_rows']:,} of them malicious"
    )
    out.print(models)
    if report["models"]:
        out.print(f"  as curves: {PICTURE}")
    out.print(f"done in {report['seconds']} seconds. Next:")
    ui = "make dev" if environment == "demo" else f"FIG_ENV={environment} make dev"
    out.print(f"  {ui:<40}  the asset graph, at 127.0.0.1:3000", markup=False)
    out.print(
        f"  FIG_ENV={environment} .venv/bin/fig query request_threat_scorer --limit 5", markup=False
    )
    out.print(f"  FIG_ENV={environment} .venv/bin/fig sql asn --period weekly_by_day", markup=False)
