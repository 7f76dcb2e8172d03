import json
from datetime import date, timedelta

import pytest
from click.testing import CliRunner

from fig_assets.cli import main
from fig_assets.errors import WorkflowError
from fig_assets.workflow.learning.drift_report import report_drift
from tests.assets.signins import FIRST, Site
from tests.workflow.watched import DRIFTED, FLIPPED, ONE_CLASS, TRAINED, USUAL


def test_each_day_says_how_far_it_lay_and_how_good_its_scores_were(watched: Site) -> None:
    [drift] = report_drift(watched.project.workspace)

    assert drift.identity == "scorer@1"
    assert [day.day for day in drift.days] == [FIRST + timedelta(days=n) for n in range(6)]
    told = {day.day: day for day in drift.days}
    assert (told[FIRST].trained_for, told[FIRST].problem) == (None, "no model yet")
    assert told[DRIFTED].trained_for == TRAINED
    far = told[DRIFTED].watch.furthest  # type: ignore[union-attr]
    assert far is not None
    assert (far.name, far.psi) == ("request.network@1", pytest.approx(0.8788898))
    assert told[FLIPPED].matured is not None
    assert told[FLIPPED].matured.roc_auc == 0


def test_labels_that_may_still_change_are_not_judged(watched: Site) -> None:
    [drift] = report_drift(watched.project.workspace, "scorer", USUAL)

    assert [day.day for day in drift.days] == [USUAL, ONE_CLASS]
    assert drift.days[0].matured is not None
    assert drift.days[1].matured is None


def test_days_without_scores_say_so(watched: Site) -> None:
    after = ONE_CLASS + timedelta(days=1)
    [drift] = report_drift(watched.project.workspace, "scorer@1", after, after)

    [day] = drift.days
    assert (day.watch, day.matured, day.problem) == (None, None, "not scored")


@pytest.mark.parametrize(
    ("name", "first", "last", "words"),
    [
        ("scorers", None, None, "there is no model 'scorers'; there are: scorer@1"),
        (None, USUAL, TRAINED, "--first 2024-01-05 lies after --last 2024-01-02"),
    ],
    ids=["model", "days"],
)
def test_what_cannot_be_told_is_refused_with_a_mend(
    watched: Site, name: str | None, first: date | None, last: date | None, words: str
) -> None:
    with pytest.raises(WorkflowError, match=words) as refusal:
        report_drift(watched.project.workspace, name, first, last)
    assert "fix: " in str(refusal.value)


def test_the_command_prints_tables_a_page_and_json(watched: Site) -> None:
    project = ["--project", str(watched.root / "configs")]
    html = watched.root / "drift.html"

    printed = CliRunner(env={"COLUMNS": "200"}).invoke(
        main, ["report", "drift", "scorer", *project, "--html", str(html)]
    )
    told = CliRunner().invoke(main, ["report", "drift", *project, "--json"])

    assert (printed.exit_code, told.exit_code) == (0, 0), printed.output + told.output
    assert "scorer@1 on 2024-01-0" in printed.output
    assert "2024-01-01: no model yet" in printed.output
    [drift] = json.loads(told.output)
    assert drift["days"][2]["watch"]["scores"]["rows"] == 520
    assert drift["days"][2]["matured"]["positives"] == 173
    assert "<svg" in html.read_text(encoding="utf-8")
