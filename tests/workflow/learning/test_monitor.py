"""Stored days as a monitor sees them, against plain loops over the rows that people read."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from fig_assets.errors import ModelError
from fig_assets.models.artifact import Artifact
from fig_assets.workflow.learning.monitor import Monitor, thresholds
from tests.assets.signins import FIRST, Site, write_day
from tests.naive import drift as naive
from tests.naive.comparison import js_distance, psi
from tests.workflow.watched import (
    DRIFTED,
    FLIPPED,
    MODEL,
    ONE_CLASS,
    TRAINED,
    USUAL,
    events,
)


@pytest.fixture
def site(watched: Site) -> Site:
    return watched


def champion(site: Site) -> Artifact:
    return site.project.workspace.registry.load("scorer", 1, TRAINED)


@pytest.mark.parametrize("day", [DRIFTED, USUAL], ids=["drifted", "usual"])
def test_inputs_of_a_stored_day_lie_as_plain_loops_say(site: Site, day: date) -> None:
    model = site.project.graph.models["scorer"]
    found = Monitor(site.project.workspace).watched(model, day, champion(site))
    rows = {
        d: site.project.read("request", start=d, end=d).to_pydict()
        for d in (TRAINED - timedelta(days=1), day)
    }

    assert found is not None
    told = {it.name: it for it in found.inputs}
    trained, then = rows.values()
    for name in ("network", "hour"):
        bins = naive.bins_of_numbers(trained[name], then[name])
        assert told[f"request.{name}@1"].psi == pytest.approx(psi(bins))
        assert told[f"request.{name}@1"].js == pytest.approx(js_distance(bins), abs=1e-6)
    bins = naive.bins_of_texts(trained["networks_kind"], then["networks_kind"], 20)
    assert told["request.networks_kind@1"].psi == pytest.approx(psi(bins))


@pytest.mark.parametrize("day", [DRIFTED, FLIPPED, USUAL], ids=["drifted", "flipped", "usual"])
def test_a_day_whose_labels_came_is_measured_as_plain_loops_say(site: Site, day: date) -> None:
    model = site.project.graph.models["scorer"]
    found = Monitor(site.project.workspace).matured(model, day)
    scores = site.project.read("scorer", start=day, end=day).to_pydict()
    truth = site.project.read("truth", start=day, end=day).to_pydict()
    label = dict(zip(truth["session_id"], truth["plurality"], strict=True))
    labels = [label[it] and label[it] == "bad" for it in scores["session_id"]]

    assert found is not None
    precision, recall = naive.alerts(scores["badness"], labels, int(str(MODEL["alerts_per_day"])))
    assert (found.alert_precision, found.alert_recall) == (
        pytest.approx(precision),
        pytest.approx(recall),
    )
    wanted = naive.average_precision(scores["badness"], labels)
    assert found.average_precision == pytest.approx(wanted)
    assert (found.labelled, found.positives) == (len(labels), labels.count(True))


def test_a_day_of_one_class_has_no_metric_that_needs_both(site: Site) -> None:
    model = site.project.graph.models["scorer"]
    found = Monitor(site.project.workspace).matured(model, ONE_CLASS)

    assert found is not None
    assert (found.positives, found.average_precision, found.roc_auc) == (0, None, None)
    assert (found.alert_precision, found.alert_recall) == (0, None)


def test_days_without_scores_or_without_labels_are_not_measured(site: Site) -> None:
    model = site.project.graph.models["scorer"]
    monitor = Monitor(site.project.workspace)

    assert monitor.matured(model, FIRST) is None, "scored before there was a model: no rows"
    assert monitor.matured(model, ONE_CLASS + timedelta(days=1)) is None
    assert monitor.watched(model, FIRST, champion(site)) is None


def test_what_has_not_changed_is_measured_once(site: Site) -> None:
    model = site.project.graph.models["scorer"]
    monitor = Monitor(site.project.workspace)

    first = monitor.matured(model, USUAL), monitor.watched(model, USUAL, champion(site))
    again = monitor.matured(model, USUAL), monitor.watched(model, USUAL, champion(site))

    assert first[0] is again[0]
    assert first[1] is again[1]


def test_a_day_that_was_computed_anew_is_measured_anew(site: Site) -> None:
    model = site.project.graph.models["scorer"]
    monitor = Monitor(site.project.workspace)
    before = monitor.matured(model, ONE_CLASS)
    write_day(site.root, ONE_CLASS, events(ONE_CLASS)[:300])
    assert site.run(ONE_CLASS, ONE_CLASS).refused == {}

    after = monitor.matured(model, ONE_CLASS)

    assert before is not None
    assert after is not None
    assert (before.labelled, after.labelled) == (520, 300)


def test_rows_without_an_attribute_of_the_champion_are_refused_by_name(site: Site) -> None:
    model = site.project.graph.models["scorer"]

    fewer = replace(model, inputs=model.inputs[:1])

    with pytest.raises(ModelError, match=r"request\.hour@1: column 'hour__v1' is missing"):
        Monitor(site.project.workspace).watched(fewer, USUAL, champion(site))


def test_scores_are_counted_from_the_threshold_of_explanations_too(site: Site) -> None:

    model = site.project.graph.models["scorer"]

    assert thresholds(model) == (0.5, 0.9)
    assert thresholds(replace(model, explain_top=3, explain_above=0.8)) == (0.5, 0.8, 0.9)


def test_dagster_plots_what_was_measured(site: Site) -> None:
    made = site.metadata("scores/scorer/badness__v1")
    assert {"fig/drift", "fig/metrics"} <= set(made[str(ONE_CLASS)])
    drifted, later = made[str(DRIFTED)], made[str(FLIPPED)]

    assert drifted["psi/request.network@1"] == pytest.approx(0.8788898)
    assert drifted["psi/furthest"] == drifted["psi/request.network@1"]
    assert drifted["nulls/request.hour@1"] == 0.0
    assert drifted["mean/request.hour@1"] == pytest.approx(11.4, abs=0.3)
    assert drifted["p50/score"] > 0
    assert 0 <= drifted["above/0.9"] <= drifted["above/0.5"] <= 1
    assert later["matured/day"] == str(DRIFTED)
    assert later["matured/average_precision"] == pytest.approx(0.9033339)
    assert later["matured/alert_recall"] == pytest.approx(40 / 173)
    assert "matured/day" not in made[str(TRAINED)], "its labels are of a day without scores"
    assert drifted["trained_for"] == str(TRAINED)
