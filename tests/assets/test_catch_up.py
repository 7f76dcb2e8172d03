from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.data_version import CachingStaleStatusResolver
from dagster._core.loader import LoadingContextForTest

from fig_assets.assets.catch_up import CATCH_UP
from tests.assets.signins import FIRST, Site, days_from, opened, write_project

DAYS = days_from(FIRST, 3)
NAMES = [str(day) for day in DAYS]
CONFIG = {"ops": {"follow_the_plan": {"config": {"first": NAMES[0], "last": NAMES[-1]}}}}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("catch_up")
    write_project(root, days=3)
    return root


@pytest.fixture
def site(root: Path) -> Iterator[Site]:
    with opened(root) as site:
        yield site


def catch_up(site: Site) -> dg.ExecuteInProcessResult:
    job = site.project.definitions().resolve_job_def(CATCH_UP)
    return job.execute_in_process(run_config=CONFIG, instance=site.instance, raise_on_error=False)


def runs_of(site: Site, job: dg.ExecuteInProcessResult) -> list[str]:
    made = job.all_node_events
    (output,) = [event for event in made if event.event_type_value == "STEP_OUTPUT"]
    return list(output.step_output_data.metadata["runs"].value)


def test_the_job_computes_what_is_missing_and_nothing_when_it_runs_again(site: Site) -> None:
    first = catch_up(site)
    again = catch_up(site)

    assert first.success
    assert again.success
    assert site.days("scores/scorer/badness__v1") == NAMES
    assert site.project.plan(DAYS[0], DAYS[-1]).is_empty
    assert len(runs_of(site, first)) >= 1
    assert runs_of(site, again) == []


def test_a_changed_feature_is_stale_in_the_ui_and_in_the_plan_until_the_job_ran(
    root: Path,
) -> None:
    with opened(root) as site:
        assert catch_up(site).success
    file = root / "configs/features/all.json"
    text = file.read_text(encoding="utf-8")
    text = text.replace("/ ($login_count + 20)", "/ ($login_count + 30)")
    file.write_text(
        text.replace('"login_count": {', '"slowest": "@MAX($seconds)", "login_count": {')
    )
    with opened(root) as site:
        planned = {key for key, status in statuses(site).items() if status == "changed"}
        before = stale_by_code(site)
        job = catch_up(site)
        after = stale_by_code(site)

        assert planned == {
            "features/ip/weekly_by_day/failure_rate__v2",
            "features/ip/monthly_by_day/failure_rate__v2",
        }
        shown = {"families/ip/weekly_by_day", "families/ip/monthly_by_day", "states/ip"}
        added = {f"features/ip/{period}_by_day/slowest__v1" for period in ("weekly", "monthly")}
        assert before == planned | shown
        assert after == set()
        assert site.project.plan(DAYS[0], DAYS[-1]).is_empty
        assert made_by(site, runs_of(site, job)) == before | added


def made_by(site: Site, runs: list[str]) -> set[str]:
    """The assets that these runs materialised."""
    kind = dg.DagsterEventType.ASSET_MATERIALIZATION
    logs = [log for run in runs for log in site.instance.all_logs(run, of_type=kind)]
    return {log.dagster_event.asset_key.to_user_string() for log in logs}


def statuses(site: Site) -> dict[str, str]:
    plan = site.project.plan(DAYS[0], DAYS[-1])
    return {standing.key: standing.status for standing in plan.attributes}


def stale_by_code(site: Site) -> set[str]:
    """What the UI marks as made by other code, of the first day."""
    graph = site.project.definitions().resolve_asset_graph()
    resolver = CachingStaleStatusResolver(
        site.instance, graph, LoadingContextForTest(site.instance)
    )
    found = set()
    for key in graph.materializable_asset_keys:
        dated = graph.get(key).partitions_def is not None
        causes = resolver.get_stale_causes(key, NAMES[0] if dated else None)
        if any(cause.category.name == "CODE" and cause.key.asset_key == key for cause in causes):
            found.add(key.to_user_string())
    return found
