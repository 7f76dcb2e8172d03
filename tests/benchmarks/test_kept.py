from pathlib import Path

from benchmarks.case import Bench
from benchmarks.kept import keep, kept
from tests.benchmarks.test_report import outcome


def test_what_a_case_gave_is_read_back_at_its_scale_alone(tmp_path: Path) -> None:
    bench, found = Bench(tmp_path, 0.5), outcome()

    keep(bench, found)

    assert kept(bench, found.case) == found
    assert kept(Bench(tmp_path, 0.25), found.case) is None
