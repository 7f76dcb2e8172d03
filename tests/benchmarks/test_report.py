import json
from importlib.util import find_spec
from pathlib import Path

from benchmarks import hand, ours, report
from benchmarks.case import Bench, Case, Competitor, Measured, Outcome, Ratio, Work
from benchmarks.cases.curves import CURVES, cases, titles


def never(bench: Bench, folder: Path) -> Work:
    raise NotImplementedError


def run(cpu_s: float) -> Measured:
    return Measured(cpu_s, wall_s=1.0, peak_mib=100.0, startup_cpu_s=0.5)


def outcome() -> Outcome:
    competitors = Competitor(ours.NAME, never), Competitor(hand.NAME, never)
    ratios = (Ratio("task_vs_hand_sql", hand.NAME, ours.NAME), Ratio("other", "nobody", hand.NAME))
    case = Case("task", "A task", lambda bench: None, competitors, ratios=ratios)
    runs = {ours.NAME: [run(2.0), run(1.0)], hand.NAME: [run(4.0)]}
    return Outcome(case, runs, {"PySpark": "there is no Java"}, rows_compared=7, scale=0.5)


def curve() -> Outcome:
    runs = {title: [run(point.x)] for point in CURVES[0].points for title in titles(point)}
    return Outcome(cases()[0], runs)


def test_the_reports_are_written_and_the_rest_of_the_document_stays(tmp_path: Path) -> None:
    document, results = tmp_path / "performance.md", tmp_path / "results.json"
    (tmp_path / "img").mkdir()
    document.write_text(f"before\n{report.BEGIN}\nof last year\n{report.END}\nafter\n")

    report.write([outcome(), curve()], to=results, document=document)
    report.write([outcome(), curve()], to=results, document=document)

    found = json.loads(results.read_text())
    assert found["ratios"] == {"task_vs_hand_sql": 4.0}
    assert found["cases"][0]["competitors"][ours.NAME]["cpu_s"] == 1.0
    assert found["cases"][0]["rows_compared"] == 7
    assert found["cases"][0]["scale"] == 0.5
    assert found["machine"]["cores"] >= 1
    text = document.read_text()
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "of last year" not in text
    assert "| `task_vs_hand_sql` | 4.00 | 0.5 |" in text
    assert "| SQL by hand | 4.00 | 1.00 | 100 | 4.00 |" in text
    assert "Not measured: PySpark, there is no Java." in text
    assert "| SQL by hand, CPU s | 5000.00 |" in text
    assert (tmp_path / report.PICTURE).exists() == bool(find_spec("matplotlib"))
