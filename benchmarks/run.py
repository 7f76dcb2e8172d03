"""Runs benchmarks: makes the data, compares the results, then times; prints, and writes reports.

Run: .venv/bin/python -m benchmarks.run [--scale 0.1] [--only NAME ...] [--profile]
"""

import argparse
import fnmatch
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from benchmarks import ours, report
from benchmarks.case import Bench, Case, Competitor, Measured, Outcome
from benchmarks.cases import all_cases
from benchmarks.compare import require_same
from benchmarks.kept import keep, kept
from benchmarks.measure import measure, measure_here

ROUNDS = 3
ENOUGH_CPU_S = 30.0
"""A competitor that has taken so long is not run again."""
PROFILED = "profile"


@dataclass(frozen=True)
class Options:
    """How the cases are run."""

    rounds: int = ROUNDS
    is_isolated: bool = True
    """Each measurement in a process of its own; without that, memory and start-up say nothing."""
    is_profiled: bool = False
    skip: tuple[str, ...] = ()
    """Competitors that are left out."""


def run_case(bench: Bench, case: Case, options: Options) -> Outcome:
    """Run every competitor once, compare the results, then run them again in turns.

    Raises:
        DifferentRows: a competitor's rows are not those of the reference.
        RunFailed: a competitor failed.
    """
    case.prepare(bench)
    outcome = Outcome(case, scale=bench.scale)
    folder = bench.root / f"scale_{bench.scale:g}" / "runs" / case.name
    shutil.rmtree(folder, ignore_errors=True)
    present = _present(case, outcome, options)
    try:
        for competitor in present:
            place = folder / competitor.name
            outcome.runs[competitor.name] = [_measured(bench, case, competitor, place, options)]
        outcome.rows_compared = _compare(bench, case, present, folder)
        for number in range(1, options.rounds):
            for competitor in present:
                runs = outcome.runs[competitor.name]
                if sum(run.cpu_s for run in runs) < ENOUGH_CPU_S:
                    place = folder / f"{competitor.name} {number + 1}"
                    # The limit reads what the reference made in the first round.
                    runs.append(_measured(bench, case, competitor, place, options))
                    shutil.rmtree(place)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return outcome


def _present(case: Case, outcome: Outcome, options: Options) -> list[Competitor]:
    found = []
    for competitor in case.competitors:
        reason = "left out" if competitor.name in options.skip else competitor.missing()
        if options.is_profiled and competitor.outputs is None and not _is_ours(competitor):
            reason = "not profiled"
        if reason:
            outcome.skipped[competitor.name] = reason
        else:
            found.append(competitor)
    return found


def _is_ours(competitor: Competitor) -> bool:
    return competitor.name.startswith(ours.NAME)


def _measured(
    bench: Bench, case: Case, competitor: Competitor, place: Path, options: Options
) -> Measured:
    is_profiled = options.is_profiled and _is_ours(competitor)
    if not options.is_isolated:
        return measure_here(bench, competitor, place)
    found = measure(bench, case, competitor, place, profile=is_profiled)
    _say(f"    {competitor.name:<26} {found.cpu_s:>8.2f} CPU s {found.wall_s:>8.2f} s\n")
    return found


def _compare(bench: Bench, case: Case, present: Sequence[Competitor], folder: Path) -> int:
    """Compare each competitor with its reference; returns how many different rows that were."""
    by_name = {competitor.name: competitor for competitor in present}
    rows = {}
    for competitor in present:
        reference = by_name.get(competitor.reference or case.reference)
        if reference is None or reference is competitor:
            continue
        if competitor.outputs is not None and reference.outputs is not None:
            made = competitor.outputs(bench, folder / competitor.name)
            right = reference.outputs(bench, folder / reference.name)
            who = f"{case.name}, {competitor.name}"
            rows[reference.name] = require_same(made, right, case.key, who)
    return sum(rows.values())


def main() -> int:
    """Run the chosen cases, print a table, and write the reports if all of them ran."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", default=["*"], help="names or patterns of cases")
    parser.add_argument("--scale", type=float, default=1.0, help="1.0 is the full size")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--skip", nargs="*", default=[], help="competitors to leave out")
    parser.add_argument("--profile", action="store_true", help="say where our CPU seconds go")
    parser.add_argument("--work", type=Path, help="keep the made-up data here for the next run")
    parser.add_argument("--resume", action="store_true", help="take what --work holds of a case")
    parser.add_argument("--report", action="store_true", help="write results.json and the document")
    parser.add_argument("--list", action="store_true", help="only name the cases")
    given = parser.parse_args()
    chosen = [
        case
        for case in all_cases().values()
        if any(fnmatch.fnmatch(case.name, pattern) for pattern in given.only)
    ]
    if given.list or not chosen:
        _say("".join(f"{case.name:<44} {case.title}\n" for case in chosen))
        return 0 if chosen else 2
    options = Options(given.rounds, is_profiled=given.profile, skip=tuple(given.skip))
    with _work(given.work) as root:
        bench = Bench(Path(root).resolve(), given.scale)
        outcomes = []
        for n, case in enumerate(chosen, 1):
            outcome = kept(bench, case) if given.resume else None
            outcomes.append(outcome or _shown(bench, case, options, f"{n}/{len(chosen)}"))
            keep(bench, outcomes[-1])
    if given.report:
        report.write(outcomes)
    return 0


def _shown(bench: Bench, case: Case, options: Options, place: str) -> Outcome:
    begun = time.perf_counter()
    _say(f"[{place}] {case.name}\n")
    outcome = run_case(bench, case, options)
    _say(report.table(outcome))
    _say(f"    {time.perf_counter() - begun:.0f} s with data and comparison\n")
    return outcome


def _work(folder: Path | None) -> AbstractContextManager[str | Path]:
    return tempfile.TemporaryDirectory() if folder is None else nullcontext(folder)


def _say(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
