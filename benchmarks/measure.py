"""One run of one competitor in a process of its own: CPU seconds, wall seconds, peak memory."""

import argparse
import json
import os
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path

from benchmarks.case import Bench, Case, Competitor, Measured
from benchmarks.profiler import Sampler, watch_engine
from benchmarks.usage import cpu_seconds, peak_mib

ANSWER = "measured.json"
LONGEST_S = 10_800.0
PROJECT = Path(__file__).resolve().parents[1]


class RunFailed(RuntimeError):
    """A competitor did not end well; its words are on standard error."""


def measure(
    bench: Bench, case: Case, competitor: Competitor, folder: Path, *, profile: bool = False
) -> Measured:
    """Run a competitor in a new process that works in `folder`, which must not exist.

    Raises:
        RunFailed: the process failed.
    """
    folder.mkdir(parents=True)
    command = [sys.executable, "-m", "benchmarks.measure", case.name, competitor.name]
    command += [str(bench.root), str(bench.scale), str(folder), *(["--profile"] if profile else [])]
    search = os.pathsep.join([str(PROJECT), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {**os.environ, "PYTHONPATH": search, "PYTHONHASHSEED": "0"}
    ended = subprocess.run(command, env=environment, cwd=PROJECT, check=False, timeout=LONGEST_S)
    if ended.returncode:
        raise RunFailed(f"{case.name}, {competitor.name}: exit status {ended.returncode}")
    return Measured(**json.loads((folder / ANSWER).read_text(encoding="utf-8")))


def measure_here(
    bench: Bench, competitor: Competitor, folder: Path, *, profile: bool = False
) -> Measured:
    """Run a competitor in this process. Its peak memory is that of all that ran here before."""
    folder.mkdir(parents=True, exist_ok=True)
    if profile:
        watch_engine()
    work = competitor.start(bench, folder)
    sampler = Sampler() if profile else None
    os.sync()
    started, begun = cpu_seconds(), time.perf_counter()
    if sampler is None:
        work()
    else:
        with sampler:
            work()
    wall, spent = time.perf_counter() - begun, cpu_seconds() - started
    found = sampler.seconds() if sampler else {}
    facts = competitor.facts(bench, folder)
    return Measured(spent, wall, peak_mib(), started, facts, found)


def main() -> int:
    """Measure what the command line names and write it to the run's folder."""
    from benchmarks.cases import find_case

    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("case", "competitor", "root"):
        parser.add_argument(name)
    parser.add_argument("scale", type=float)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    case = find_case(options.case)
    (competitor,) = (c for c in case.competitors if c.name == options.competitor)
    bench = Bench(Path(options.root), options.scale)
    profile = options.profile or competitor.is_profiled
    found = measure_here(bench, competitor, options.folder, profile=profile)
    (options.folder / ANSWER).write_text(json.dumps(asdict(found)), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
