"""What a model's day decides when it is asked for again."""

from datetime import date
from pathlib import Path

from fig_assets.workflow.learn import decide_day, is_due
from tests.assets.signins import FIRST, opened, write_project


def test_a_day_that_was_trained_for_on_demand_is_not_undone_by_running_it_again(
    tmp_path: Path,
) -> None:
    write_project(tmp_path, days=6)
    with opened(tmp_path) as site:
        site.run(FIRST, date(2024, 1, 6))
        workspace = site.project.workspace
        model = site.project.graph.models["scorer"]
        day = date(2024, 1, 6)
        assert not is_due(workspace, model, day)
        asked = decide_day(workspace, model, day, explicit=True)
        assert decide_day(workspace, model, day, explicit=False) == asked
