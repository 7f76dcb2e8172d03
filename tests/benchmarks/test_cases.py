import json

import pytest

from benchmarks import report
from benchmarks.case import Bench, Case
from benchmarks.cases import all_cases
from benchmarks.run import Options, run_case

ONCE = Options(rounds=1, is_isolated=False)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(tmp_path_factory.mktemp("bench"), scale=0.0003)


@pytest.mark.parametrize("case", all_cases().values(), ids=lambda case: case.name)
def test_a_case_runs_and_all_competitors_compute_the_same(bench: Bench, case: Case) -> None:
    outcome = run_case(bench, case, ONCE)

    assert outcome.runs
    assert outcome.rows_compared > 0 or not case.reference
    found = report.results([outcome], bench.scale)
    assert set(found["ratios"]) == {ratio.name for ratio in case.ratios}
    assert json.loads(json.dumps(found)) == found
