import json

import pytest

from benchmarks import report, spark
from benchmarks.case import Bench, Case
from benchmarks.cases import all_cases
from benchmarks.cases.curves import CURVES, titles
from benchmarks.run import Options, run_case

LATER_POINTS = tuple(t for curve in CURVES for point in curve.points[1:] for t in titles(point))
FIRST_POINTS = {t for curve in CURVES for t in titles(curve.points[0])}
ONCE = Options(
    rounds=1,
    is_isolated=False,
    skip=(spark.NAME, *(t for t in LATER_POINTS if t not in FIRST_POINTS)),
)
"""Every case at its smallest, of each curve its first point; Spark takes half a minute to start."""


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(tmp_path_factory.mktemp("bench"), scale=0.0003)


@pytest.mark.parametrize("case", all_cases().values(), ids=lambda case: case.name)
def test_a_case_runs_and_all_competitors_compute_the_same(bench: Bench, case: Case) -> None:
    outcome = run_case(bench, case, ONCE)

    assert outcome.runs
    assert outcome.rows_compared > 0 or not case.reference
    found = report.results([outcome])
    measured = {r.name for r in case.ratios if {r.over, r.under} <= set(outcome.runs)}
    assert set(found["ratios"]) == measured
    assert json.loads(json.dumps(found)) == found
