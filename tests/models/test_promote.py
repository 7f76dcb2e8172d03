from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pytest

from fig_assets.errors import ModelError
from fig_assets.models.artifact import Artifact
from fig_assets.models.metrics import average_precision
from fig_assets.models.promote import Rule, carry_forward, decide, due, evaluate
from fig_assets.models.score import score
from fig_assets.models.train import train
from tests.models.rows import DAY, REQUEST, labelled_rows, trained, with_column

EARLIER = DAY - timedelta(days=7)


def matured() -> pa.Table:
    return labelled_rows(300, seed=21)


def weak_model(trained_for: date) -> Artifact:
    """A model that never saw the two columns that matter."""
    return train(
        labelled_rows(), replace(REQUEST, inputs=REQUEST.inputs[2:], trained_for=trained_for)
    )


def judged_out_of_fold(artifact: Artifact, value: float | None) -> Artifact:
    metrics = {**artifact.card.metrics, "oof_average_precision": value}
    return replace(artifact, card=replace(artifact.card, metrics=metrics))


def test_the_first_model_that_is_good_enough_is_promoted():
    decision = decide(trained(), None, matured(), Rule(minimum=0.5))

    assert (decision.outcome, decision.champion, decision.candidate) == ("promoted", DAY, DAY)
    assert (decision.model, decision.version, decision.day) == ("scorer", 1, DAY)


def test_the_value_is_that_of_the_matured_rows():
    labels = [verdict == "malicious" for verdict in matured()["verdict__v1"].to_pylist()]
    expected = average_precision(np.array(labels), score(trained(), matured()).to_numpy())

    decision = decide(trained(), None, matured(), Rule())

    assert decision.metrics == {"candidate_average_precision": expected}
    low, high = decision.intervals["candidate_average_precision"]
    assert low < expected < high
    assert decision.reason == (
        f"average_precision {expected:.4f} ({low:.4f} to {high:.4f}), on 300 matured rows, "
        f"{sum(labels)} of them 'malicious', intervals over rows"
    )


def of_days(count: int) -> pa.Table:
    days = [date(2024, 3, 1) + timedelta(days=n % count) for n in range(300)]
    return matured().append_column("day", pa.array(days, pa.date32()))


@pytest.mark.parametrize(
    ("count", "words"),
    [(3, "intervals over 3 days"), (1, "intervals over rows of one day")],
    ids=["days", "a day"],
)
def test_intervals_are_over_days_and_of_one_day_over_rows(count, words):
    decision = decide(trained(), weak_model(EARLIER), of_days(count), Rule())

    low, high = decision.intervals["gain_average_precision"]
    values = decision.metrics
    gain = values["candidate_average_precision"] - values["champion_average_precision"]
    assert low <= gain <= high
    assert decision.reason.endswith(words)
    assert f"gain {low:+.4f} to {high:+.4f}" in decision.reason


@pytest.mark.parametrize(
    ("champion", "outcome", "words"),
    [
        (lambda: weak_model(EARLIER), "promoted", "gain +"),
        (lambda: trained(7), "rejected", "no certain gain of 0"),
    ],
    ids=["clearly better", "the same"],
)
def test_a_gain_that_must_be_certain_is_above_the_least_in_its_whole_interval(
    champion, outcome, words
):
    decision = decide(trained(), champion(), of_days(5), Rule(confident=True))

    assert (decision.outcome, words in decision.reason) == (outcome, True)


def test_out_of_fold_no_gain_is_certain_but_the_first_model_needs_none():
    rule = Rule(confident=True)

    assert decide(trained(), None, None, rule).outcome == "promoted"
    rejected = decide(trained(), weak_model(EARLIER), None, rule)
    assert rejected.outcome == "rejected"
    assert "how certain the gain is cannot be told" in rejected.reason


def test_a_first_model_below_the_minimum_is_rejected():
    decision = decide(trained(), None, matured(), Rule(minimum=0.999))

    assert (decision.outcome, decision.champion, decision.candidate) == ("rejected", None, DAY)
    assert "below the minimum of 0.999" in decision.reason


def test_a_candidate_worse_than_the_champion_is_rejected_and_the_champion_stays():
    decision = decide(weak_model(DAY), trained(7), matured(), Rule())

    assert (decision.outcome, decision.champion) == ("rejected", EARLIER)
    assert "which is no gain of 0" in decision.reason


def test_a_candidate_better_than_the_champion_is_promoted():
    decision = decide(trained(), weak_model(EARLIER), matured(), Rule(min_gain=0.1))

    assert (decision.outcome, decision.champion) == ("promoted", DAY)
    assert set(decision.metrics) == {"candidate_average_precision", "champion_average_precision"}


@pytest.mark.parametrize(
    ("min_gain", "outcome"), [(0.0, "promoted"), (0.001, "rejected")], ids=["none", "some"]
)
def test_an_equal_candidate_is_promoted_only_where_no_gain_is_asked_for(min_gain, outcome):
    assert decide(trained(), trained(7), matured(), Rule(min_gain=min_gain)).outcome == outcome


def without_labels() -> pa.Table:
    return with_column(matured(), "verdict__v1", pa.nulls(300, pa.string()))


def of_one_class() -> pa.Table:
    return with_column(matured(), "verdict__v1", pa.array(["legitimate"] * 300))


@pytest.mark.parametrize(
    "evaluation",
    [lambda: None, lambda: matured().slice(0, 0), without_labels, of_one_class],
    ids=["none", "no rows", "no labels", "one class"],
)
def test_without_matured_rows_each_is_judged_out_of_fold(evaluation):
    candidate, champion = judged_out_of_fold(trained(), 0.7), judged_out_of_fold(trained(7), 0.8)

    decision = decide(candidate, champion, evaluation(), Rule())

    assert decision.outcome == "rejected"
    assert decision.metrics == {
        "candidate_average_precision": 0.7,
        "champion_average_precision": 0.8,
    }
    assert "out of fold" in decision.reason


@pytest.mark.parametrize(
    ("new", "old"), [(None, 0.5), (0.9, None)], ids=["the candidate", "the champion"]
)
def test_the_champion_stays_where_one_of_them_cannot_be_measured(new, old):
    candidate, champion = judged_out_of_fold(trained(), new), judged_out_of_fold(trained(7), old)

    decision = decide(candidate, champion, None, Rule())

    assert (decision.outcome, decision.champion) == ("rejected", EARLIER)
    assert "cannot be measured" in decision.reason


def test_a_first_model_that_cannot_be_measured_is_rejected():
    decision = decide(judged_out_of_fold(trained(), None), None, None, Rule())

    assert (decision.outcome, decision.champion) == ("rejected", None)


def test_rows_without_a_label_do_not_count():
    table = matured()
    labels = table.column("verdict__v1").to_pylist()
    some = with_column(table, "verdict__v1", pa.array([None] * 100 + labels[100:]))

    assert decide(trained(), None, some, Rule()) == decide(
        trained(), None, table.slice(100), Rule()
    )


def test_another_metric_can_decide():
    decision = decide(trained(), None, matured(), Rule(metric="roc_auc", minimum=0.5))

    assert decision.reason.startswith("roc_auc 0.")


def test_an_unknown_metric_is_refused():
    with pytest.raises(ModelError) as refusal:
        decide(trained(), None, None, Rule(metric="f1"))

    assert (
        str(refusal.value) == "unknown metric 'f1'\n  fix: use one of: average_precision, roc_auc"
    )


@pytest.mark.parametrize("missing", ["verdict__v1", "rate__v1"])
def test_evaluation_rows_that_lack_a_column_are_refused(missing):
    with pytest.raises(ModelError, match=f"column '{missing}'"):
        decide(trained(), None, matured().drop([missing]), Rule())


@pytest.mark.parametrize(
    ("champion", "outcome"), [(EARLIER, "kept"), (None, "no model yet")], ids=["some", "none"]
)
def test_a_day_without_a_candidate_keeps_what_there_is(champion, outcome):
    decision = carry_forward("scorer", 1, DAY, champion=champion, reason="not due")

    assert (decision.outcome, decision.champion, decision.candidate) == (outcome, champion, None)


def test_models_are_due_on_a_calendar_from_the_first_trainable_day():
    days = [DAY + timedelta(days=number) for number in range(-7, 22)]

    assert [day for day in days if due(day, DAY, 7)] == [
        DAY,
        date(2024, 3, 22),
        date(2024, 3, 29),
        date(2024, 4, 5),
    ]
    assert all(due(day, DAY, 1) == (day >= DAY) for day in days)


def test_a_model_cannot_be_due_every_zero_days():
    with pytest.raises(ModelError, match="every_days is 0"):
        due(DAY, DAY, 0)


def test_a_model_of_shuffled_labels_has_chance_within_its_interval():
    random = np.random.default_rng(13)

    def shuffled(rows: pa.Table) -> pa.Table:
        verdicts = random.permutation(rows["verdict__v1"].to_pylist()).tolist()
        return with_column(rows, "verdict__v1", pa.array(verdicts))

    model = train(shuffled(labelled_rows()), REQUEST)
    sides = [evaluate(model, None, shuffled(matured()), "roc_auc").candidate for _ in range(20)]
    intervals = [side.measured.intervals["roc_auc"] for side in sides if side.measured]

    # Of 20 intervals of 95 % about one misses; more than three would happen once in 60 times.
    assert sum(low < 0.5 < high for low, high in intervals) >= 17
