"""The retraining sensor beside the runs it asked for, recorded by a real instance."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import dagster as dg
import pytest

from fig_assets.assets.automation import attempts_of, request_of
from fig_assets.workflow.learning.monitor import Monitor
from fig_assets.workflow.learning.retraining import Cause, Known, Wait, retraining_cause
from tests.assets.signins import FIRST, Site, days_from, write_day
from tests.workflow.watched import ONE_CLASS, TRAINED, USUAL, events, watched_site

STUBBORN = {
    "retrain": {"every_days": 100, "min_metric": {"roc_auc": 0.7}},
    "promotion": {"metric": "average_precision", "min_gain": 0.9},
}
"""A metric lies below its floor, and no candidate is ever good enough."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with watched_site(tmp_path_factory.mktemp("runs"), **STUBBORN) as site:
        yield site


def ask(site: Site, labelled: date, now: datetime) -> Cause | Wait:
    model = site.project.graph.models["scorer"]
    days = days_from(FIRST, (labelled - FIRST).days + 1)
    known = Known(days, labelled + timedelta(days=9), now, attempts_of(site.instance, model))
    return retraining_cause(Monitor(site.project.workspace), model, known)


def carry_out(site: Site, request: dg.RunRequest) -> dg.DagsterRun:
    """Run what a sensor asked for, as the daemon does: its assets, day, configuration and tags."""
    job = site.project.definitions().resolve_implicit_global_asset_job_def()
    result = job.execute_in_process(
        run_config=request.run_config,
        instance=site.instance,
        partition_key=request.partition_key,
        asset_selection=list(request.asset_selection or ()),
        tags=dict(request.tags),
        raise_on_error=False,
    )
    return result.dagster_run


def test_failures_and_trainings_that_change_nothing_are_followed_by_growing_pauses(
    site: Site,
) -> None:
    model = site.project.graph.models["scorer"]
    registry = site.project.workspace.registry
    after = ONE_CLASS + timedelta(days=1)

    first = ask(site, ONE_CLASS, datetime.now(UTC))
    assert isinstance(first, Cause), first
    assert (first.name, first.day, first.about) == ("metric", after, "roc_auc")
    request = request_of(model, first, attempts_of(site.instance, model))
    carry_out(site, request)
    [failed] = attempts_of(site.instance, model)
    assert (failed.cause, failed.day, failed.outcome) == ("metric", after, "failed")
    assert registry.champion("scorer", 1, after) == TRAINED

    now = datetime.now(UTC)
    assert isinstance(ask(site, ONE_CLASS, now), Wait), "it failed just now"
    again = ask(site, ONE_CLASS, now + timedelta(hours=1, minutes=1))
    assert again == first
    second = request_of(model, first, attempts_of(site.instance, model))
    assert second.run_key != request.run_key, "Dagster never runs a key twice"

    write_day(site.root, ONE_CLASS, events(ONE_CLASS, like=USUAL))
    assert site.run(ONE_CLASS, ONE_CLASS, '+key:"families/request" or +key:"label_sets/truth"').ok
    carry_out(site, second)
    done = attempts_of(site.instance, model)[-1]
    assert (done.cause, done.day, done.outcome) == ("metric", after, "done")
    decision = registry.decision("scorer", 1, after)
    assert decision is not None
    assert (decision.outcome, decision.champion) == ("rejected", TRAINED)

    words = f"it was trained for {after}, and nothing new was labelled since"
    assert ask(site, ONE_CLASS, datetime.now(UTC)) == Wait(words)
    third = ask(site, after, datetime.now(UTC))
    assert isinstance(third, Cause)
    assert third.day == after + timedelta(days=1)


def test_the_runs_say_why_in_their_tags(site: Site) -> None:
    model = site.project.graph.models["scorer"]
    cause = Cause("drift", ONE_CLASS, "request.country@2 drifted", "request.country@2")

    request = request_of(model, cause, [])

    assert request.tags == {
        "fig/retrains": "scorer",
        "fig/cause": "drift",
        "fig/cause_words": "request.country@2 drifted",
        "fig/cause_about": "request.country@2",
        "fig/trains_for": str(ONE_CLASS),
    }
    other = request_of(model, Cause("drift", ONE_CLASS, "", "request.hour@1"), [])
    assert request.run_key != other.run_key
