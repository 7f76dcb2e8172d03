"""Outcomes -> a table for people, results.json for programs, and the section of a document."""

import json
import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchmarks.case import Measured, Outcome
from benchmarks.cases.curves import Curve
from benchmarks.plot import curves_of, draw, lines_of

PROJECT = Path(__file__).resolve().parents[1]
RESULTS = PROJECT / "benchmarks" / "results.json"
DOCUMENT = PROJECT / "docs" / "performance.md"
PICTURE = Path("img") / "performance-curves.svg"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
PACKAGES = ("duckdb", "pyarrow", "polars", "pyspark", "dagster", "lightgbm", "sqlglot")


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


def results(outcomes: Iterable[Outcome]) -> dict[str, object]:
    """Return what `results.json` holds: ratios, cases and the machine."""
    found = list(outcomes)
    ratios: dict[str, float] = {}
    for outcome in found:
        ratios |= outcome.ratios()
    return {
        "ratios": {name: round(ratio, 4) for name, ratio in ratios.items()},
        "cases": [_case(outcome) for outcome in found],
        "machine": machine(),
    }


def _case(outcome: Outcome) -> dict[str, object]:
    return {
        "name": outcome.case.name,
        "title": outcome.case.title,
        "scale": outcome.scale,
        "rows_compared": outcome.rows_compared,
        "skipped": outcome.skipped,
        "competitors": {
            name: {**_rounded(outcome.best(name)), "runs": len(runs)}
            for name, runs in outcome.runs.items()
        },
    }


def _rounded(run: Measured | None) -> dict[str, object]:
    if run is None:
        return {}
    plain = asdict(replace(run, facts={}, profile={}))
    numbers = {name: round(value, 3) for name, value in plain.items() if isinstance(value, float)}
    spent = {where: round(seconds, 3) for where, seconds in _spent(run).items()}
    return {**numbers, "facts": dict(run.facts), "cpu_s_spent": spent}


def write(outcomes: Sequence[Outcome], *, to: Path = RESULTS, document: Path = DOCUMENT) -> None:
    """Write `results.json`, and the measured section of the document between its marks."""
    found = results(outcomes)
    to.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    text = document.read_text(encoding="utf-8")
    head, _, rest = text.partition(BEGIN)
    tail = rest.partition(END)[2]
    is_drawn = draw(outcomes, document.parent / PICTURE)
    section = markdown(outcomes, is_drawn=is_drawn)
    document.write_text(f"{head}{BEGIN}\n\n{section}\n{END}{tail}", encoding="utf-8")


def markdown(outcomes: Sequence[Outcome], *, is_drawn: bool = False) -> str:
    """Return the measured section: the machine, the ratios, each case, and the curves."""
    about = machine()
    versions = ", ".join(f"{name} {number}" for name, number in dict(about["versions"]).items())
    curves = curves_of(outcomes)
    drawn = [outcome for _, outcome in curves]
    ratios = [
        f"| `{name}` | {ratio:.2f} | {outcome.scale:g} |"
        for outcome in outcomes
        for name, ratio in outcome.ratios().items()
    ]
    parts = [
        f"Measured on {about['cores']} cores of {about['system']}; {versions}. The numbers of "
        "events and entities below are those of scale 1; scale 0.2 is a fifth of each.",
        "\n".join(["| ratio of CPU seconds | | scale |", "|---|---:|---:|", *ratios]),
        *(_section(outcome) for outcome in outcomes if outcome not in drawn),
    ]
    if curves:
        parts.append("### How the cost grows")
    if is_drawn:
        about_picture = "CPU seconds against events, entities, days in a window, days, features"
        parts.append(f"![{about_picture}]({PICTURE.as_posix()})")
    parts += [_curve(curve, outcome) for curve, outcome in curves]
    return "\n\n".join(parts) + "\n"


def _curve(curve: Curve, outcome: Outcome) -> str:
    lines = lines_of(curve, outcome)
    numbers = [f"{x:,}" for x, _ in next(iter(lines.values()))]
    table = [f"| {curve.axis} | {' | '.join(numbers)} |", "|---|" + "---:|" * len(numbers)]
    for series, line in lines.items():
        table.append(f"| {series}, CPU s | {' | '.join(f'{cpu:.2f}' for _, cpu in line)} |")
    return "\n".join([f"{outcome.case.title}. Scale {outcome.scale:g}. {curve.reason}", "", *table])


def _section(outcome: Outcome) -> str:
    names = list(outcome.runs)
    first = outcome.best(names[0]) if names else None
    lines = [f"### {outcome.case.name}", "", f"{outcome.case.title}. Scale {outcome.scale:g}.", ""]
    lines += ["| | CPU s | wall s | peak MiB | times the first |", "|---|---:|---:|---:|---:|"]
    for name in names:
        best = outcome.best(name)
        if best is not None and first is not None:
            lines.append(
                f"| {name} | {best.cpu_s:.2f} | {best.wall_s:.2f} | {best.peak_mib:.0f} "
                f"| {best.cpu_s / first.cpu_s:.2f} |"
            )
    if outcome.rows_compared:
        lines += ["", f"{outcome.rows_compared:,} rows were compared: the same."]
    for name in names:
        told = _told(outcome.best(name))
        lines += ["", f"{name}: {told}."] if told else []
    for name, reason in outcome.skipped.items():
        lines += ["", f"Not measured: {name}, {reason}."]
    return "\n".join(lines)


def _told(run: Measured | None) -> str:
    """Say the facts of a run, and where its CPU seconds went."""
    if run is None:
        return ""
    facts = [f"{number:,.6g} {name}" for name, number in run.facts.items()]
    return ", ".join([*facts, *(f"{s:.1f} CPU s {where}" for where, s in _spent(run).items())])


def _spent(run: Measured) -> dict[str, float]:
    """Sum up where the CPU seconds of a profiled run went."""
    found = {"in SQL": 0.0, "in Dagster": 0.0, "elsewhere": 0.0} if run.profile else {}
    for title, seconds in run.profile.items():
        place = f"in {title.partition(' of ')[0]}"
        found[place if place in found else "elsewhere"] += seconds
    return found
