"""Outcomes -> a table for people, results.json for programs, and the section of a document."""

import json
import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchmarks.case import Measured, Outcome

PROJECT = Path(__file__).resolve().parents[1]
RESULTS = PROJECT / "benchmarks" / "results.json"
DOCUMENT = PROJECT / "docs" / "performance.md"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
PACKAGES = ("duckdb", "pyarrow", "polars", "pyspark", "dagster", "sqlglot")


def machine() -> dict[str, object]:
    """Describe what was measured on: cores and versions."""
    versions = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return {
        "cores": len(os.sched_getaffinity(0)),
        "system": f"{platform.system()} {platform.machine()}",
        "versions": versions,
    }


def table(outcome: Outcome) -> str:
    """Return the table of one case, for a terminal."""
    lines = [f"    {'':<26} {'CPU s':>8} {'wall s':>8} {'MiB':>8} {'start s':>8} {'runs':>5}"]
    for name, runs in outcome.runs.items():
        best = min(runs, key=lambda run: run.cpu_s)
        lines.append(
            f"    {name:<26} {best.cpu_s:>8.2f} {best.wall_s:>8.2f} {best.peak_mib:>8.0f} "
            f"{best.startup_cpu_s:>8.2f} {len(runs):>5}"
        )
        lines += [f"      {fact}: {number:,.6g}" for fact, number in best.facts.items()]
        lines += [
            f"      {_share(best, s)} {title}" for title, s in best.profile.items() if s > 0.01
        ]
    lines += [f"    {name}: {reason}" for name, reason in outcome.skipped.items()]
    lines += [f"    {name} = {ratio:.3g}" for name, ratio in outcome.ratios().items()]
    if outcome.rows_compared:
        lines.append(f"    {outcome.rows_compared:,} rows are the same")
    return "\n".join(lines) + "\n"


def _share(run: Measured, seconds: float) -> str:
    return f"{seconds:>8.2f} s {100 * seconds / max(run.cpu_s, 1e-9):>5.1f} %"


def results(outcomes: Iterable[Outcome], scale: float) -> dict[str, object]:
    """Return what `results.json` holds: ratios, cases and the machine."""
    found = list(outcomes)
    ratios: dict[str, float] = {}
    for outcome in found:
        ratios |= outcome.ratios()
    return {
        "ratios": {name: round(ratio, 4) for name, ratio in ratios.items()},
        "cases": [_case(outcome) for outcome in found],
        "machine": machine(),
        "scale": scale,
    }


def _case(outcome: Outcome) -> dict[str, object]:
    return {
        "name": outcome.case.name,
        "title": outcome.case.title,
        "rows_compared": outcome.rows_compared,
        "skipped": outcome.skipped,
        "competitors": {
            name: {**_rounded(outcome.best(name)), "runs": len(runs)}
            for name, runs in outcome.runs.items()
        },
    }


def _rounded(run: Measured | None) -> dict[str, object]:
    return {
        name: round(value, 3) if isinstance(value, float) else value
        for name, value in (asdict(run) if run else {}).items()
        if name != "profile"
    }


def write(
    outcomes: Sequence[Outcome], scale: float, *, to: Path = RESULTS, document: Path = DOCUMENT
) -> None:
    """Write `results.json`, and the measured section of the document between its marks."""
    found = results(outcomes, scale)
    to.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    text = document.read_text(encoding="utf-8")
    head, _, rest = text.partition(BEGIN)
    tail = rest.partition(END)[2]
    section = markdown(outcomes, scale)
    document.write_text(f"{head}{BEGIN}\n\n{section}\n{END}{tail}", encoding="utf-8")


def markdown(outcomes: Sequence[Outcome], scale: float) -> str:
    """Return the measured section: the machine, then a table for each case."""
    about = machine()
    versions = ", ".join(f"{name} {number}" for name, number in dict(about["versions"]).items())
    parts = [
        f"Measured on {about['cores']} cores of {about['system']}; {versions}. Scale {scale:g}."
    ]
    parts += [_section(outcome) for outcome in outcomes]
    return "\n\n".join(parts) + "\n"


def _section(outcome: Outcome) -> str:
    lines = [f"### {outcome.case.name}", "", f"{outcome.case.title}.", ""]
    lines += ["| | CPU s | wall s | peak MiB | of fig-assets |", "|---|---:|---:|---:|---:|"]
    first = next(iter(outcome.runs), "")
    ours = outcome.best(first)
    for name in outcome.runs:
        best = outcome.best(name)
        if best is not None and ours is not None:
            share = best.cpu_s / ours.cpu_s
            lines.append(
                f"| {name} | {best.cpu_s:.2f} | {best.wall_s:.2f} | {best.peak_mib:.0f} "
                f"| {share:.2f} |"
            )
    if outcome.rows_compared:
        lines += ["", f"{outcome.rows_compared:,} rows were compared: the same."]
    facts = _facts(outcome)
    lines += ["", f"{facts}."] if facts else []
    lines += [f"\nNot measured: {name}, {reason}." for name, reason in outcome.skipped.items()]
    return "\n".join(lines)


def _facts(outcome: Outcome) -> str:
    found: Mapping[str, float] = {}
    for name in outcome.runs:
        best = outcome.best(name)
        found = {**found, **(best.facts if best else {})}
    return "; ".join(f"{name} {number:,.6g}" for name, number in found.items())
