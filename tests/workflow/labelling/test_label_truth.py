"""Labels against a table of known classes, counted again row by row, and what Dagster is told."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from fig_assets.cli import main
from fig_assets.cli.labels_page import labels_page
from fig_assets.project import Project, load_project
from tests.assets.signins import ENVIRONMENT, FIRST, TRUTH, Json, Site, opened
from tests.assets.signins import write_project as write

LAST = date(2024, 1, 3)
CLASSES = ["good", "bad", "odd"]
LABELS: Json = {
    **TRUTH,
    "classes": CLASSES,
    "truth": {"table": "gold", "field": "label"},
    "weak_labels": {
        "failed": {"when": "$is_failure", "vote": "bad"},
        "passed": {"when": "NOT $is_failure", "vote": "good"},
        "failed_too": {"when": "$is_failure", "vote": "bad"},
        "passed_too": {"when": "NOT $is_failure", "vote": "good"},
        "slow": {"function": "CASE WHEN $seconds > 5 THEN 'odd' WHEN $seconds < 2 THEN 'good' END"},
    },
    "strong_labels": {
        "plurality": {"method": "plurality_vote", "ties": "bad"},
        "wrong": {"method": "any_vote", "vote": "odd", "ties": "bad"},
        "learned": {"method": "label_model", "fit_days": 2},
    },
}
GOLD: Json = {
    "name": "gold",
    "source": "gold",
    "key": "session",
    "columns": {"session": "string", "label": "string"},
}
SOURCES: Json = {
    **ENVIRONMENT["sources"],  # type: ignore[dict-item]
    "gold": {"format": "csv", "path": "gold.csv"},
}


def truth_of(n: int) -> str:
    """Say which class request `n` of a day has; what fails is bad."""
    return "bad" if n % 2 and n % 3 else "good"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    root = tmp_path_factory.mktemp("truth")
    changes: dict[str, object] = {
        "labels/truth.json": LABELS,
        "tables/gold.json": GOLD,
        "environments/local.json": {**ENVIRONMENT, "sources": SOURCES},
        "models/scorer.json": [],
    }
    write(root, changes, days=3, events=30)
    lines = [f"s-2024-01-0{day}-{n},{truth_of(n)}\n" for day in (1, 2) for n in range(0, 30, 2)]
    lines += [f"s-2024-01-02-{n},{truth_of(n)}\n" for n in range(1, 30, 2)]
    (root / "gold.csv").write_text("session,label\n" + "".join(lines) + "x,strange\nnobody,bad\n")
    with opened(root) as site:
        assert site.run(FIRST, LAST).ok
        yield site


def recounted(project: Project, name: str) -> dict[str, tuple[float | None, float | None]]:
    """Count precision and recall of one label by class, in plain loops over the rows."""
    gold = {row["session"]: row["label"] for row in project.read("gold").to_pylist()}
    rows = [r for r in project.read("truth").to_pylist() if gold.get(r["session_id"]) in CLASSES]
    found = {}
    for wanted in CLASSES:
        named = [r for r in rows if r[name] == wanted]
        there = [r for r in rows if gold[r["session_id"]] == wanted]
        right = [r for r in named if r in there]
        found[wanted] = (
            len(right) / len(named) if named else None,
            len(right) / len(there) if there else None,
        )
    return found


@pytest.mark.parametrize("name", ["slow", "plurality", "wrong", "learned"])
def test_labels_are_measured_on_the_rows_whose_class_is_known(site: Site, name: str) -> None:
    told = {it.name.partition("@")[0]: it for it in site.project.report_labels(days=3).measured}
    found = {c: (it.precision, it.recall) for c, it in told[name].by_class.items()}
    assert found == recounted(site.project, name)
    assert told[name].rows == 45
    assert list(told["failed"].by_class) == ["bad"]


def test_a_report_warns_of_what_loses_to_a_plurality_and_of_what_is_no_class(site: Site) -> None:
    warnings = site.project.report_labels(days=3).warnings
    assert warnings[0] == "table gold says 'strange', which is no class of the set, of 1 key"
    assert warnings[1].startswith("wrong@1 loses to the plurality of the votes on 45 rows")
    assert not [words for words in warnings if words.startswith("plurality@1")]


def test_the_check_of_a_day_warns_and_blocks_nothing(site: Site) -> None:
    found = site.verdicts("label_sets/truth", "truth")
    assert [str(day) for day in found] == ["None", "2024-01-03", "2024-01-02", "2024-01-01"]
    assert {it.passed for it in found.values()} == {False}
    assert {it.severity.value for it in found.values()} == {"WARN"}


def test_numbers_of_a_day_stand_with_the_labels_they_are_of(site: Site) -> None:
    slow = site.metadata("labels/truth/slow__v1")["2024-01-03"]
    rows = [r for r in site.project.read("truth").to_pylist() if r["day"] == LAST]
    voted = [r for r in rows if r["slow"] is not None]
    assert slow["coverage"] == pytest.approx(len(voted) / len(rows))
    assert slow["votes/odd"] == pytest.approx(len([r for r in rows if r["slow"] == "odd"]) / 30)
    agreed = [r for r in voted if r["slow"] == r["plurality"] and r["plurality"]]
    judged = [r for r in voted if r["plurality"]]
    assert slow["agreement"] == pytest.approx(len(agreed) / len(judged))
    before = [r for r in site.project.read("truth").to_pylist() if r["day"] != LAST]
    fired = len([r for r in before if r["slow"] is not None]) / len(before)
    assert slow["drift"] == pytest.approx(len(voted) / len(rows) - fired)
    assert "drift" not in site.metadata("labels/truth/slow__v1")["2024-01-01"]
    learned = site.metadata("labels/truth/learned__v1")["2024-01-03"]
    assert 0 <= float(str(learned["accuracy/slow"])) <= 1
    assert 0 <= float(str(learned["agreement/slow"])) <= 1


def test_the_set_shows_who_disagrees_with_whom_and_how_right_it_is(site: Site) -> None:
    told = site.metadata("label_sets/truth")["2024-01-03"]
    assert str(told["fig/conflicts"]).startswith(
        "![conflicts 2024-01-03](data:image/svg+xml;base64,"
    )
    assert told["truth/rows"] == 45
    assert 0 < float(str(told["truth/plurality@1/f1"])) <= 1
    assert told["silent"] == 0


def test_a_page_shows_it_all_and_loads_nothing(site: Site) -> None:
    page = labels_page(site.project.report_labels(days=3))
    assert page.count("<svg ") == 2
    assert "wrong@1 loses to the plurality" in page
    assert "which two weak labels disagree" in page
    assert "http" not in page.partition("</style>")[2]


def test_the_command_writes_the_page_and_prints_the_warnings(site: Site, tmp_path: Path) -> None:
    words = ["report", "labels", "--project", str(site.root / "configs"), "--days", "3"]
    done = CliRunner().invoke(main, [*words, "--html", str(tmp_path / "page.html")])
    assert done.exit_code == 0
    assert "warning: wrong@1 loses to the plurality" in done.stdout
    assert (tmp_path / "page.html").read_text().startswith("<!doctype html>")


def test_a_table_of_truth_that_was_not_built_as_it_is_written_is_told(tmp_path: Path) -> None:
    gold = {**GOLD, "columns": {"session": "string", "label": "string", "sure": "string"}}
    changes: dict[str, object] = {
        "labels/truth.json": {**LABELS, "truth": {"table": "gold", "field": "sure"}},
        "tables/gold.json": GOLD,
        "environments/local.json": {**ENVIRONMENT, "sources": SOURCES},
        "models/scorer.json": [],
    }
    folder = write(tmp_path, {**changes, "labels/truth.json": LABELS}, days=1)
    (tmp_path / "gold.csv").write_text("session,label\nx,good\n")
    with opened(tmp_path) as site:
        assert site.run(FIRST, FIRST).ok
        warnings = site.project.report_labels(days=1).warnings
    assert warnings == ("table gold knows the class of none of these rows",)
    write(tmp_path, {**changes, "tables/gold.json": gold})
    with load_project(folder) as project:
        warnings = project.report_labels(days=1).warnings
    assert warnings == ("table gold knows the class of no key: was it ever built?",)
