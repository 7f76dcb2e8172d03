"""Labels that look ahead in Dagster: their days, their job and schedule, and ranges of days."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest
from dagster import AssetKey

from fig_assets.workflow.planning.awaiting import steps_of
from fig_assets.workflow.run import run_op
from tests.assets.signins import (
    SCORER,
    TRUTH,
    Json,
    Site,
    days_from,
    login,
    opened,
    write_day,
    write_project,
)

VOTE = AssetKey(["labels", "truth", "failed_again__v1"])
LABELS: Json = {
    **TRUTH,
    "joins": [
        {"source": "login", "field": "ip", "match": "ip", "within_days": 2, "prefix": "next_"}
    ],
    "weak_labels": {
        "failed_again": {"when": "$is_failure AND $next_is_failure", "vote": "bad"},
        "passed": {"when": "NOT $is_failure", "vote": "good"},
    },
}
TODAY = datetime.now(UTC).date()
DAYS = days_from(TODAY - timedelta(days=5), 5)
"""The last of them is yesterday."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    root = tmp_path_factory.mktemp("late")
    changes: dict[str, object] = {
        "labels/truth.json": LABELS,
        "project.json": {"name": "signins", "start_date": str(DAYS[0])},
        "models/scorer.json": {
            **SCORER,
            "input_features": [
                {"family_name": "request", "feature_names": {"all": ["networks_kind", "hour"]}}
            ],
            "training_time_delta_days": 1,
        },
    }
    write_project(root, changes)
    for day in DAYS:
        write_day(root, day, [login(day, n) for n in range(20)])
    with opened(root) as site:
        yield site


def test_dagster_knows_the_days_that_a_label_looks_at(site: Site) -> None:
    graph = site.project.definitions().resolve_asset_graph()
    field = AssetKey(["events", "login", "is_failure__v1"])
    mapping = graph.get_partition_mapping(VOTE, field)
    days = dg.DailyPartitionsDefinition("2024-01-01", end_date="2024-03-01", timezone="UTC")
    asked = days.subset_with_partition_keys(["2024-01-20"])
    found = mapping.get_upstream_mapped_partitions_result_for_partitions(asked, days, days)
    expected = ["2024-01-20", "2024-01-21", "2024-01-22"]
    assert sorted(found.partitions_subset.get_partition_keys()) == expected


def test_the_jobs_of_a_day_leave_them_to_a_job_of_their_own(site: Site) -> None:
    definitions = site.project.definitions()
    jobs = {
        name: definitions.resolve_job_def(name).asset_layer.selected_asset_keys
        for name in ("full_pipeline", "daily_etl", "labels_after_2d")
    }
    assert VOTE not in jobs["full_pipeline"] | jobs["daily_etl"]
    assert VOTE in jobs["labels_after_2d"]
    assert {key.path[0] for key in jobs["labels_after_2d"]} == {"labels", "label_sets"}


def test_the_schedule_asks_for_the_day_whose_later_days_are_over(site: Site) -> None:
    definitions = site.project.definitions()
    found = definitions.resolve_schedule_def("labels_after_2d_schedule")
    context = dg.build_schedule_context(
        instance=site.instance,
        scheduled_execution_time=datetime(*TODAY.timetuple()[:3], 4, 15, tzinfo=UTC),
        repository_def=definitions.get_repository_def(),
    )
    [request] = found.evaluate_tick(context).run_requests or []
    assert request.partition_key == str(DAYS[2])


def test_a_range_up_to_yesterday_leaves_out_the_days_that_wait_and_says_so(site: Site) -> None:
    summary = site.run(DAYS[0], DAYS[-1])
    assert summary.ok
    assert summary.waiting["label__truth"] == [str(day) for day in DAYS[3:]]
    assert site.days("labels/truth/failed_again__v1") == [str(day) for day in DAYS[:3]]
    # The rest goes on, and the model learns from days that are over.
    assert summary.done["row__request"] % 5 == summary.done["model__scorer"] % 5 == 0
    assert site.project.workspace.registry.champion("scorer", 1, DAYS[-1]) == DAYS[3]


def test_a_day_that_looks_at_days_which_are_not_over_is_refused_in_words(site: Site) -> None:
    [labels] = [op for op in site.project.graph.ops if op.name == "label__truth"]
    refused = run_op(site.project.workspace, labels, [DAYS[-1]], labels.keys).refused
    said = f"truth of {DAYS[-1]} looks at the days up to {TODAY + timedelta(days=1)}, which are not"
    assert str(refused[DAYS[-1]]).startswith(said)


def test_over_many_days_labels_come_after_all_that_they_may_see(site: Site) -> None:
    graph = replace(site.project.graph, start=TODAY - timedelta(days=200))
    days = [TODAY - timedelta(days=n) for n in range(120, 0, -1)]
    first, *later = steps_of(graph, graph.ops, days)
    assert not [op.name for op in first.ops if op.kind in ("label", "model", "score")]
    assert [[op.name for op in step.ops] for step in later] == [
        *(["label__truth"], ["model__scorer"], ["score__scorer"])
    ]
    assert (len(first.days), [len(step.days) for step in later]) == (120, [118, 120, 120])
    # What is over is over: after the last day of the project nothing is waited for.
    ended = replace(graph, end=days[-1])
    assert [len(step.days) for step in steps_of(ended, graph.ops, days)][1] == 120
    assert len(steps_of(ended, graph.ops, days[-80:])) == 1
