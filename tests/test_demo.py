import io
import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from rich.console import Console

from fig_assets.demo import run_demo
from fig_assets.demo.truth import judged, read_truth, write_picture
from tests.assets.signins import copy_of_shipped_project
from tests.profiles import at_night
from tests.workflow.projects import QUICK_SPARK, Project, dated, differences, in_any_order

DAYS, EVENTS = 2, 100


@dataclass(frozen=True)
class Demo:
    """A demonstration that ran twice: whether it went well, what it said and what it reported."""

    root: Path
    ok: tuple[bool, bool]
    said: tuple[str, str]
    reports: tuple[dict[str, object], dict[str, object]]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    root = tmp_path_factory.mktemp("demo")
    configs = copy_of_shipped_project(root)
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("DAGSTER_HOME", str(root / "home"))
        runs = [_run(configs) for _ in range(2)]
    return Demo(root, *zip(*runs, strict=True))


def _run(configs: Path, environment: str = "local") -> tuple[bool, str, dict[str, object]]:
    out = Console(file=io.StringIO(), width=120)
    ok = run_demo(
        configs,
        days=DAYS,
        events_per_day=EVENTS,
        out=out,
        err=Console(quiet=True),
        environment=environment,
    )
    report = json.loads((configs.parent / "data" / "demo.json").read_text(encoding="utf-8"))
    assert isinstance(out.file, io.StringIO)
    return ok, out.file.getvalue(), report


def test_a_demonstration_refuses_nothing(demo: Demo) -> None:
    assert demo.ok == (True, True)
    assert demo.reports[0]["refused"] == {}


def test_its_days_end_yesterday(demo: Demo) -> None:
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    end = date.fromisoformat(str(demo.reports[0]["end"]))
    start = date.fromisoformat(str(demo.reports[0]["start"]))

    # The clock may have passed midnight since.
    assert yesterday - end in {timedelta(), timedelta(days=1)}
    assert (end - start).days == DAYS - 1


def test_it_reports_the_rows_of_every_relation(demo: Demo) -> None:
    rows = demo.reports[0]["rows"]

    assert isinstance(rows, dict)
    assert {"events/user_session_start", "families/request", "families/asn/weekly_by_day"} <= set(
        rows
    )
    assert DAYS * EVENTS / 2 < rows["families/request"] < DAYS * EVENTS * 2


def test_it_says_where_the_time_went_and_what_to_do_next(demo: Demo) -> None:
    said = demo.said[0]

    for words in ("where the time went", "raw and events", "make dev", "fig query"):
        assert words in said


def test_a_second_run_computes_only_what_is_missing(demo: Demo) -> None:
    first, second = demo.reports

    assert first["materialised"]
    if first["end"] == second["end"]:
        assert second["materialised"] == 0
    assert first["rows"] == second["rows"] or first["end"] != second["end"]


def test_its_environment_is_written_once_and_switches_nothing_on(demo: Demo) -> None:
    file = demo.root / "configs" / "environments" / "demo.json"
    environment = json.loads(file.read_text(encoding="utf-8"))

    assert environment["start_date"] == demo.reports[0]["start"]
    assert environment["schedules"] is False


@at_night
@pytest.mark.slow
def test_on_spark_it_gives_the_same_rows(
    demo: Demo, spark_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(demo.root / "home_of_spark"))
    place = demo.root / "configs" / "environments" / "spark.json"
    environment = json.loads(place.read_text(encoding="utf-8"))
    environment["warehouse"]["connection"] = {"remote": spark_address, **QUICK_SPARK}
    place.write_text(json.dumps(environment), encoding="utf-8")

    ok, _, report = _run(demo.root / "configs", "spark")

    assert ok
    assert report["rows"] == demo.reports[1]["rows"]
    here, there = (Project(demo.root, name) for name in ("demo", "demo_spark"))
    day = date.fromisoformat(str(demo.reports[0]["end"]))
    relations = dated(here, day)
    assert dated(there, day) == relations
    for relation in relations:
        found, expected = (
            in_any_order(relation, project.rows(relation, day)) for project in (there, here)
        )
        assert not differences(found, expected), relation


def test_models_are_judged_on_the_requests_that_all_of_them_scored(tmp_path: Path) -> None:
    """Five requests in two days; the second model scored the first day only."""
    (tmp_path / "2024-01-01.csv").write_text(
        "external_session_id,malicious\na,1\nb,0\nc,false\n", encoding="utf-8"
    )
    (tmp_path / "2024-01-02.csv").write_text("external_session_id,malicious\na,true\n", "utf-8")
    first, second = date(2024, 1, 1), date(2024, 1, 2)
    everything = {(first, "a"): 0.4, (first, "b"): 0.6, (first, "c"): 0.1, (second, "a"): 0.9}
    some = {(first, "a"): 0.9, (first, "b"): 0.6, (first, "c"): 0.1}

    full, small = judged({"full": everything, "small": some}, read_truth(tmp_path))

    assert (full.measured.rows, full.measured.positives) == (3, 1)
    assert (full.average_precision, small.average_precision) == (0.5, 1.0)


def test_nothing_is_judged_without_a_scored_attack(tmp_path: Path) -> None:
    day = date(2024, 1, 1)
    assert judged({"full": {(day, "a"): 0.4}}, {(day, "a"): False}) == []
    assert judged({"full": {}}, {(day, "a"): True}) == []


def test_the_picture_names_every_model(tmp_path: Path) -> None:
    day = date(2024, 1, 1)
    scores = {(day, name): place / 10 for place, name in enumerate("abcdef")}
    found = judged({"one": scores, "two": scores}, {row: row[1] in "ef" for row in scores})

    write_picture(found, tmp_path / "made" / "page.html")

    text = (tmp_path / "made" / "page.html").read_text(encoding="utf-8")
    assert "one: 1.000" in text
    assert "two: 1.000" in text
    assert text.count("<polyline") == 2
