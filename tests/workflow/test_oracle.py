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
    days = days_from("2024-03-01", 16)
    project = write_project(tmp_path_factory.mktemp("random"), CONFIGS, start="2024-03-01")
    (project.root / "raw" / "countries.csv").write_text(COUNTRIES_CSV)
    for day, lines in random_files(chance, days, 30).items():
        project.write(day, lines)
    project.run(days, project.ops("raw", "event", "table", "states"))
    shown = [days[0], days[13], days[14]]
    seen = [days[0], *days[12:15]]
    project.run(seen, project.ops("window"))
    project.run(shown, project.ops("row", "label"))
    assert_equal_to_oracle(project, shown)
