import json
import shutil
from datetime import date
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from fig_assets.sample import write_days
from tests import naive
from tests.workflow.logins import CONFIGS, COUNTRIES_CSV, random_files
from tests.workflow.projects import Project, days_from, differences, write_project

SAMPLE_DAYS = days_from("2026-10-01", 9)
CONFIG_FOLDER = Path(__file__).parents[2] / "configs"


def assert_equal_to_oracle(
    project: Project, days: list[date], scores: naive.Scores | None = None
) -> None:
    """Compare every column of every relation on each of `days`."""
    oracle, graph = project.oracle(), project.graph
    for day in days:
        for name in graph.events:
            found = project.rows(f"events/{name}", day)
            assert not differences(found, oracle.event_rows(name, day)), (name, day)
        for family in graph.families.values():
            for period in family.periods:
                found = project.rows(family.relation(period), day)
                expected = oracle.window_rows(family.name, period.name, day)
                assert not differences(found, expected), (family.name, period.name, day)
        for row in graph.row_families.values():
            found = project.rows(row.relation, day)
            expected = oracle.request_rows(row.name, day, scores)
            assert not differences(found, expected, row.granularity), (row.name, day)
        for labels in graph.label_sets.values():
            found = project.rows(labels.relation, day)
            expected = oracle.label_rows(labels.name, day, scores)
            key = graph.row_families[labels.family].granularity
            assert not differences(found, expected, key), (labels.name, day)


@settings(
    max_examples=2,
    derandomize=True,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(chance=st.randoms(use_true_random=True))
def test_hostile_events_give_what_the_plain_reading_gives(
    tmp_path_factory: pytest.TempPathFactory, chance: Random
) -> None:
    days = days_from("2024-03-01", 8)
    project = write_project(tmp_path_factory.mktemp("random"), CONFIGS, start="2024-03-01")
    (project.root / "raw" / "countries.csv").write_text(COUNTRIES_CSV)
    for day, lines in random_files(chance, days, 30).items():
        project.write(day, lines)
    shown = [days[0], days[7]]
    project.run(days, project.ops("raw", "event", "table", "states"))
    project.run([days[0], *days[5:]], project.ops("window"))
    project.run([days[0], *days[6:]], project.ops("row", "label"))
    project.run(shown, project.ops("label_model"))
    assert_equal_to_oracle(project, shown)


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The shipped configuration over nine days of the sample, with a model from the fifth on."""
    root = tmp_path_factory.mktemp("shipped")
    shutil.copytree(CONFIG_FOLDER, root / "configs")
    model = root / "configs" / "models" / "request_threat_scorer.json"
    changes = {
        "allow_incomplete": True,
        "training_delay_delta_days": 1,
        "training_time_delta_days": 4,
        "promotion": {"metric": "average_precision", "min": 0},
    }
    model.write_text(json.dumps({**json.loads(model.read_text()), **changes}))
    environment = {
        "name": "test",
        "warehouse": {"type": "duckdb", "path": "lake"},
        "models": {"path": "models"},
        "sources": {
            "events": {"format": "json", "path": "raw/events/{date}*.jsonl*", "late_days": 1},
            "as_registry": {"format": "csv", "path": "raw/as_registry.csv"},
        },
    }
    (root / "configs" / "environments" / "test.json").write_text(json.dumps(environment))
    write_days(root / "raw", SAMPLE_DAYS[0], SAMPLE_DAYS[-1], events_per_day=150, seed=11)
    project = Project(root, "test")
    project.run(SAMPLE_DAYS)
    return project


def test_the_shipped_configuration_equals_the_plain_reading(shipped: Project) -> None:
    rows = {day: shipped.rows("scores/request_threat_scorer", day) for day in SAMPLE_DAYS}
    scores: dict[tuple[date, object], naive.Value] = {
        (day, row["external_session_id"]): row["request_threat_score__v1"]
        for day, scored in rows.items()
        for row in scored
    }
    assert not rows[SAMPLE_DAYS[0]]
    assert len(rows[SAMPLE_DAYS[-1]]) > 50
    assert_equal_to_oracle(shipped, SAMPLE_DAYS, {"request_threat_score": scores})


def test_a_request_of_the_first_day_has_seen_no_window(shipped: Project) -> None:
    rows = shipped.rows("families/request", SAMPLE_DAYS[0])
    assert len(rows) > 50
    windowed = [
        name for name in rows[0] if name.startswith(("asn_weekly", "ip_weekly", "ip_month"))
    ]
    assert len(windowed) > 20
    assert all(row[name] is None for row in rows for name in windowed)
