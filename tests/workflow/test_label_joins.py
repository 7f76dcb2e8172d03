"""What labels know of days after a row: the newest of what was said of it, and how far ahead."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from fig_assets.config.load import load_config
from fig_assets.errors import EngineError
from fig_assets.workflow.planning.plan import make_plan
from fig_assets.workflow.proving.prove import prove
from fig_assets.workflow.steps.bind import bind_statements
from tests.workflow.projects import (
    ENVIRONMENT,
    Json,
    Project,
    days_from,
    differences,
    write_project,
)

DAYS = days_from("2024-03-01", 8)
LABELLED = DAYS[:4]
REQUEST: Json = {
    "name": "request",
    "granularity": "number",
    "granularity_type": "bigint",
    "groups": [
        {
            "source": "ask",
            "granularity_field": "number",
            "features": {"country": "$country", "failed": "$failed"},
        },
    ],
}
COMPLAINT: Json = {
    "name": "complaint",
    "granularity": "about",
    "groups": [
        {
            "source": "said",
            "granularity_field": "about",
            "where": "$loud",
            "features": {"text": "$verdict", "place": "$place", "failed": "$loud"},
        }
    ],
}
TRUTH: Json = {
    "name": "truth",
    "family": "request",
    "classes": ["good", "bad"],
    "joins": [
        {"source": "said", "field": "about", "within_days": 3},
        {"source": "said", "field": "about", "within_days": 1, "prefix": "soon_"},
        {"source": "complaint", "field": "about", "within_days": 2},
        {"source": "complaint", "field": "place", "match": "country", "prefix": "near_"},
        {"source": "cases", "field": "code", "within_days": 3},
        {"source": "places", "field": "place", "match": "country"},
    ],
    "weak_labels": {
        "failed": {"when": "$failed", "vote": "bad"},
        "said": {"function": "$said_verdict"},
        "soon": {"function": "$soon_verdict"},
        "silent": {"when": "$said_event_time IS NULL", "vote": "good"},
        "complained": {"when": "$complaint_text IS NOT NULL OR $near_text = 'x'", "vote": "bad"},
        "odd_text": {"function": "CASE WHEN $near_failed THEN $complaint_text END"},
        "case_said": {"function": "$cases_said"},
        "placed": {"when": "$places_risk > 0.5 AND $country <> 'a'", "vote": "bad"},
        "lossy": {"when": "$said_verdict::bigint > 1", "vote": "bad"},
    },
    "strong_labels": {
        "plural": {"method": "plurality_vote"},
        "learned": {"method": "label_model", "fit_days": 2},
    },
}
SOURCES: Json = {
    "events": {"format": "json", "path": "raw/{date}*.jsonl*", "late_days": 1},
    "cases": {"format": "csv", "path": "raw/cases-{date}.csv"},
    "places": {"format": "csv", "path": "raw/places.csv"},
}
CONFIGS: Json = {
    "environments/local.json": {**ENVIRONMENT, "sources": SOURCES},
    "tables/all.json": [
        {
            "name": "cases",
            "source": "cases",
            "key": "code",
            "snapshot": "daily",
            "columns": {"code": "float", "said": "string"},
        },
        {
            "name": "places",
            "source": "places",
            "key": "place",
            "columns": {"place": "string", "risk": "float"},
        },
    ],
    "events/all.json": [
        {
            "name": "ask",
            "event_name": "ask",
            "fields": {
                "number": "number::bigint",
                "country": "country",
                "failed": "failed::boolean",
            },
        },
        {
            "name": "said",
            "event_name": "said",
            "fields": {
                "about": "about",
                "verdict": "verdict",
                "place": "place",
                "loud": "loud::boolean",
            },
        },
    ],
    "features/all.json": [REQUEST, COMPLAINT],
    "labels/truth.json": TRUTH,
}
Said = tuple[str | None, str, bool]


def write_day(project: Project, day: date, said: Sequence[Said]) -> None:
    """Write a day's requests 1 to 5, and what was said on it, in this order of time."""
    lines: list[Json] = [
        {
            "kind": "ask",
            "at": f"{day}T12:00:00Z",
            "id": f"a{n}",
            "number": n,
            "country": "abcab"[n - 1],
            "failed": n == 2,
        }
        for n in range(1, 6)
    ]
    for n, (about, verdict, loud) in enumerate(said):
        lines.append(
            {
                "kind": "said",
                "at": f"{day}T{9 + n // 2:02}:00:00Z",
                "id": f"s{n}",
                "about": about,
                "verdict": verdict,
                "place": "abx"[n % 3],
                "loud": loud,
            }
        )
    project.write(day, lines)
    cases = "".join(f"{about},{verdict}\n" for about, verdict, loud in said if about and not loud)
    if cases:
        path = project.root / "raw" / f"cases-{day}.csv"
        path.write_text(f"code,said\n{cases}", encoding="utf-8")


def made(root: Path, said: Sequence[Sequence[Said]], configs: Json = CONFIGS) -> Project:
    project = write_project(root, configs, start=str(DAYS[0]))
    (project.root / "raw" / "places.csv").write_text("place,risk\na,0.9\nb,0.7\nc,0.1\n")
    for day, of_day in zip(DAYS, said, strict=True):
        write_day(project, day, of_day)
    return project


def run(project: Project) -> None:
    """Run everything, labels for the days that see all that they may know."""
    project.run(DAYS, project.ops("raw", "event", "table", "states", "row"))
    project.run(LABELLED, project.ops("label"))
    project.run(LABELLED, project.ops("label_model"))


SAID = st.lists(
    st.tuples(
        st.sampled_from(["1", "1", "2", "2.0", "x", None]),
        st.sampled_from(["good", "bad", "x", "7"]),
        st.booleans(),
    ),
    max_size=4,
)


@settings(
    max_examples=2,
    derandomize=True,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(said=st.lists(SAID, min_size=8, max_size=8))
@example(
    said=[
        *([], [("1", "good", True)], [], [("1", "bad", False), ("2", "bad", True)]),
        *([("1", "good", True)], [], [("3", "x", False), ("3", "bad", True)], []),
    ]
)
def test_labels_know_what_the_plain_reading_knows(
    tmp_path_factory: pytest.TempPathFactory, said: list[list[Said]]
) -> None:
    project = made(tmp_path_factory.mktemp("said"), said)
    run(project)
    oracle = project.oracle()
    for day in LABELLED:
        found = project.rows("label_sets/truth", day)
        assert not differences(found, oracle.label_rows("truth", day), "number"), day
    assert project.stale(LABELLED) == {}


def test_a_row_knows_of_its_own_day_and_of_three_after_it(tmp_path: Path) -> None:
    said: list[list[Said]] = [[] for _ in DAYS]
    for number, day in enumerate([0, 1, 2, 4, 5], start=1):
        said[day] = [(str(number), "bad", True)]
    project = made(tmp_path, said)
    run(project)
    rows = project.rows("label_sets/truth", DAYS[1])
    # Of the second day: said the day before, on it, one, three and four days after it.
    assert [row["said__v1"] for row in rows] == [None, "bad", "bad", "bad", None]
    assert [row["soon__v1"] for row in rows] == [None, "bad", "bad", None, None]


def test_of_several_the_last_that_was_said_counts(tmp_path: Path) -> None:
    said: list[list[Said]] = [[] for _ in DAYS]
    said[1] = [("1", "bad", True), ("1", "good", True)]
    said[2] = [("2", "bad", True), ("1", "bad", True), ("1", "good", True), ("2", "good", True)]
    project = made(tmp_path, said)
    run(project)
    rows = project.rows("label_sets/truth", DAYS[1])
    assert [row["said__v1"] for row in rows] == ["good", "good", None, None, None]


def test_later_news_make_stale_exactly_the_labels_that_may_know_of_them(tmp_path: Path) -> None:
    project = made(tmp_path, [[] for _ in DAYS])
    run(project)
    write_day(project, DAYS[4], [("1", "bad", False)])
    project.run(DAYS, project.ops("raw", "event"))
    found = project.stale(LABELLED)
    assert found == {"label__truth": LABELLED[1:]}


def test_labels_of_a_day_wait_for_the_days_they_look_at(tmp_path: Path) -> None:
    project = made(tmp_path, [[] for _ in DAYS])
    project.run(DAYS[:5], project.ops("raw", "event", "table", "row"))
    [labels] = project.ops("label")
    project.run(DAYS[:2], [labels])
    with pytest.raises(EngineError, match=r"needs .* of the day 2024-03-06, never built"):
        project.run([DAYS[2]], [labels])


def test_a_plan_has_the_labels_that_can_be_made_and_no_others(tmp_path: Path) -> None:
    project = made(tmp_path, [[] for _ in DAYS])
    plan = make_plan(project.workspace, DAYS[0], DAYS[4])
    days = {work.op: (work.first, work.last) for work in plan.work}
    assert days["row__request"] == (DAYS[0], DAYS[4])
    assert days["label__truth"] == days["label_model__truth"] == (DAYS[0], DAYS[1])


def test_days_after_the_end_of_the_project_are_not_waited_for(tmp_path: Path) -> None:
    project_file = {"name": "test", "start_date": str(DAYS[0]), "end_date": str(DAYS[5])}
    configs = {**CONFIGS, "project.json": project_file}
    project = made(tmp_path, [[], [], [], [], [], [("1", "bad", True)], [], []], configs)
    project.run(DAYS[:6])
    rows = project.rows("label_sets/truth", DAYS[5])
    assert [row["said__v1"] for row in rows] == ["bad", None, None, None, None]


def test_every_statement_binds_and_what_labels_know_later_is_proved(tmp_path: Path) -> None:
    project = write_project(tmp_path, CONFIGS, start=str(DAYS[0]))
    assert bind_statements(project.workspace) > 0
    proved = prove(load_config(tmp_path / "configs", "local"), project.graph)
    assert [str(it) for proof in proved.proofs for it in proof.differences] == []
