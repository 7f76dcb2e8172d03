"""What a report of a label set says, counted again row by row."""

from collections.abc import Iterator
from datetime import date

import pytest

from fig_assets.errors import WorkflowError
from fig_assets.models.label_report import Voter
from fig_assets.project import Project
from tests.assets.signins import FIRST, TRUTH, Json, opened, write_project

LAST = date(2024, 1, 4)
CLASSES = ["good", "bad"]
WEAK = ["failed", "passed", "slow", "never"]
LABELS: Json = {
    **TRUTH,
    "weak_labels": {
        "failed": {"when": "$is_failure", "vote": "bad"},
        "passed": {"when": "NOT $is_failure", "vote": "good"},
        "slow": {"function": "CASE WHEN $seconds > 5 THEN 'bad' WHEN $seconds < 2 THEN 'good' END"},
        "never": {"when": "$seconds > 1000", "vote": "bad"},
    },
    "strong_labels": {
        "plurality": {"method": "plurality_vote"},
        "sure": {"method": "all_vote"},
        "learned": {"method": "label_model", "fit_days": 2},
    },
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    root = tmp_path_factory.mktemp("labels")
    write_project(root, {"labels/truth.json": LABELS}, days=4, events=40)
    with opened(root) as site:
        assert site.run(FIRST, LAST).ok
        yield site.project


def share(rows: list[Json], of: int) -> float | None:
    return len(rows) / of if of else None


def recounted(project: Project, name: str, strong: str, start: date) -> Voter:
    """Count what one weak label did in plain loops over the rows."""
    rows = project.read("truth", start=start, end=LAST).to_pylist()
    others = [other for other in WEAK if other != name]
    voted = [row for row in rows if row[name] is not None]
    judged = [row for row in voted if row[strong] is not None]
    now = [row for row in rows if row["day"] == LAST]
    before = [row for row in rows if row["day"] != LAST]
    drift = None
    if before:
        fired = [
            len([r for r in some if r[name] is not None]) / len(some) for some in (now, before)
        ]
        drift = fired[0] - fired[1]
    return Voter(
        name=name,
        votes=len(voted),
        coverage=len(voted) / len(rows),
        overlaps=len([r for r in voted if any(r[o] is not None for o in others)]) / len(rows),
        conflicts=len([r for r in voted if any(r[o] not in (None, r[name]) for o in others)])
        / len(rows),
        polarity=tuple(c for c in CLASSES if any(row[name] == c for row in voted)),
        agreement=share([r for r in judged if r[name] == r[strong]], len(judged)),
        accuracy=None,
        drift=drift,
    )


def rounded(voter: Voter) -> dict[str, object]:
    """Give what a voter is, without the accuracy that nobody can count."""
    values = {**vars(voter), "accuracy": None}
    return {n: round(v, 12) if isinstance(v, float) else v for n, v in values.items()}


@pytest.mark.parametrize(("days", "strong"), [(1, "plurality"), (3, "plurality"), (4, "sure")])
def test_a_report_counts_what_is_in_the_rows(project: Project, days: int, strong: str) -> None:
    told = project.report_labels(days=days, strong=strong)
    start = date(2024, 1, 5 - days)
    rows = project.read("truth", start=start, end=LAST).to_pylist()
    assert (told.start, told.end, told.rows) == (start, LAST, len(rows))
    expected = [recounted(project, name, strong, start) for name in WEAK]
    assert [rounded(voter) for voter in told.voters] == [rounded(voter) for voter in expected]
    assert told.classes == {c: len([r for r in rows if r[strong] == c]) for c in CLASSES}
    assert told.unlabelled == len([r for r in rows if r[strong] is None])
    between = [row for row in rows if None not in (row["failed"], row["slow"])]
    unequal = [row for row in between if row["failed"] != row["slow"]]
    assert told.between["failed"]["slow"] == pytest.approx(len(unequal) / len(rows))
    assert told.between["failed"]["slow"] == told.between["slow"]["failed"] > 0


def test_the_learned_accuracy_is_between_nothing_and_all(project: Project) -> None:
    told = {voter.name: voter.accuracy for voter in project.report_labels(days=4).voters}
    assert told.pop("never") is None
    assert all(accuracy is not None and 0 <= accuracy <= 1 for accuracy in told.values())


def test_a_label_model_is_compared_like_any_strong_label(project: Project) -> None:
    told = project.report_labels("truth", days=2, strong="learned@1")
    rows = project.read("truth", start=date(2024, 1, 3), end=LAST).to_pylist()
    assert told.classes == {c: len([r for r in rows if r["learned"] == c]) for c in CLASSES}
    assert all((row["learned"] is None) == (row["learned_probability"] is None) for row in rows)
    assert all(0.5 <= row["learned_probability"] <= 1 for row in rows if row["learned"])


def test_the_statement_of_a_label_model_says_that_it_is_learned(project: Project) -> None:
    text = project.sql("truth", day=LAST)
    said = "-- A label model gives truth.learned@1, truth.learned_probability@1: it learns"
    assert text.count("-- A label model") == 1
    assert said in text


@pytest.mark.parametrize(
    ("name", "strong", "said"),
    [
        ("trut", None, "there is no label set 'trut'; there are: truth"),
        ("truth", "plural", "'truth' has no strong label 'plural'; there are: plurality@1"),
        ("truth", "learned_probability", "has no strong label 'learned_probability'"),
    ],
)
def test_what_is_not_there_is_named(
    project: Project, name: str, strong: str | None, said: str
) -> None:
    with pytest.raises(WorkflowError, match=said):
        project.report_labels(name, strong=strong)
