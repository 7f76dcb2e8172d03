from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fig_assets.graph.nodes import Model
from fig_assets.workflow.learning.monitor import Matured, Monitor
from fig_assets.workflow.learning.retraining import (
    MEMORY_DAYS,
    Attempt,
    Cause,
    Known,
    Wait,
    mean_of,
    number_of_try,
    obstacle,
    retraining_cause,
)
from tests.assets.signins import FIRST, Site, days_from
from tests.workflow.watched import (
    DRIFTED,
    FLIPPED,
    LAST,
    TRAINED,
    USUAL,
)

NOW = datetime(2024, 2, 1, 12, tzinfo=UTC)


@pytest.fixture
def site(watched: Site) -> Site:
    return watched


def ask(
    site: Site, last_day: date, attempts: Sequence[Attempt] = (), **changes: object
) -> Cause | Wait:
    """Ask about the model with some settings changed, when the days up to `last_day` are known."""
    model: Model = replace(site.project.graph.models["scorer"], **changes)  # type: ignore[arg-type]
    labelled = days_from(FIRST, (last_day - FIRST).days + 1)
    known = Known(labelled, last_day, NOW, attempts)
    return retraining_cause(Monitor(site.project.workspace), model, known)


def test_a_model_of_which_nothing_is_known_but_its_training_is_left_alone(site: Site) -> None:
    answer = ask(site, LAST, max_drift_psi=0.9, min_metric={"roc_auc": 0.1})

    assert answer == Wait("it is fresh enough, or there is nothing new to learn")


def test_an_input_that_drifted_on_the_newest_scored_day_is_a_cause(site: Site) -> None:
    answer = ask(site, DRIFTED, max_drift_psi=0.2)

    words = f"request.network@1 drifted on {DRIFTED}: PSI 0.8789, above 0.2"
    assert answer == Cause("drift", DRIFTED, words, "request.network@1")


@pytest.mark.parametrize(
    ("last_day", "most"), [(DRIFTED, 0.9), (FLIPPED, 0.2)], ids=["below the limit", "it passed"]
)
def test_no_drift_of_the_newest_day_is_no_cause(site: Site, last_day: date, most: float) -> None:
    assert isinstance(ask(site, last_day, max_drift_psi=most), Wait)


def test_a_metric_that_fell_below_its_floor_is_a_cause(site: Site) -> None:
    answer = ask(site, USUAL, min_metric={"alert_recall": 0.1, "roc_auc": 0.5})

    # 173 positive rows of two days each, and 347 of the day on which everything is the other way.
    value = (173 * 1 + 173 * 0.9326348 + 347 * 0) / (173 + 173 + 347)
    words = f"roc_auc was {value:.4f} on {TRAINED} to {FLIPPED}, below 0.5"
    assert answer == Cause("metric", USUAL, words, "roc_auc")


def test_days_whose_labels_may_still_change_are_not_judged(site: Site) -> None:
    """On the flipped day itself its labels are there, but come to count a day later only."""
    assert isinstance(ask(site, FLIPPED, min_metric={"roc_auc": 0.5}), Wait)


def test_another_version_upstream_is_a_cause_that_names_both(site: Site) -> None:
    inputs = site.project.graph.models["scorer"].inputs
    other = next(
        attribute
        for attribute in site.project.graph.attributes.values()
        if attribute.identity == "request.ip_weekly_failure_rate@1"
    )

    answer = ask(site, USUAL, inputs=(*inputs[1:], other))

    words = "it reads request.ip_weekly_failure_rate@1 now, and the champion request.network@1"
    assert answer == Cause("version", USUAL, words, "request.ip_weekly_failure_rate@1")


def test_the_first_cause_that_holds_is_told(site: Site) -> None:
    everything = {"max_drift_psi": 0.1, "min_metric": {"roc_auc": 0.999}, "every_days": 1}

    assert ask(site, DRIFTED, **everything) == Cause("age", DRIFTED, "the champion is 1 days old")
    assert isinstance(ask(site, DRIFTED, **{**everything, "every_days": 2}), Cause)


def test_nothing_is_asked_for_while_a_training_runs(site: Site) -> None:
    attempts = [Attempt("drift", DRIFTED, "running")]

    assert ask(site, DRIFTED, attempts, max_drift_psi=0.2) == Wait("a training is on its way")


@pytest.mark.parametrize(
    ("failures", "hours"), [(1, 1), (2, 2), (3, 4), (5, 16), (6, 24), (40, 24)]
)
def test_failures_in_a_row_double_the_pause(site: Site, failures: int, hours: int) -> None:
    def after(pause: timedelta) -> Cause | Wait:
        ends = [NOW - pause - timedelta(days=failures - n - 1) for n in range(failures)]
        attempts = [Attempt("drift", DRIFTED, "failed", end) for end in ends]
        return ask(site, DRIFTED, attempts, max_drift_psi=0.2)

    assert isinstance(after(timedelta(hours=hours)), Cause)
    early = after(timedelta(hours=hours) - timedelta(seconds=1))
    assert isinstance(early, Wait)
    assert early.words.startswith("the last training failed; the next one is asked for after 2024-")


def test_a_training_that_was_done_ends_a_row_of_failures(site: Site) -> None:
    failed = Attempt("drift", TRAINED, "failed", NOW)
    done = Attempt("first", TRAINED, "done")

    assert isinstance(ask(site, DRIFTED, [failed, done], max_drift_psi=0.2), Cause)
    assert isinstance(ask(site, DRIFTED, [done, failed], max_drift_psi=0.2), Wait)


@pytest.mark.parametrize(("trainings", "pause"), [(1, 1), (2, 2), (3, 4), (4, 8), (5, 16)])
def test_trainings_that_did_not_end_a_cause_double_its_pause(
    site: Site, trainings: int, pause: int
) -> None:
    def after(days: int) -> Cause | Wait:
        last = DRIFTED - timedelta(days=days)
        tried = [last - timedelta(days=n) for n in reversed(range(trainings))]
        attempts = [Attempt("drift", day, "done") for day in tried]
        return ask(site, DRIFTED, attempts, max_drift_psi=0.2)

    assert isinstance(after(pause), Cause)
    if pause > 1:
        early = after(pause - 1)
        assert isinstance(early, Wait)
        assert f"quiet until {DRIFTED + timedelta(days=1)}" in early.words


def test_a_pause_is_of_one_cause_and_ends_with_its_memory(site: Site) -> None:
    other = [Attempt("metric", DRIFTED - timedelta(days=n), "done") for n in range(9)]
    old = [Attempt("drift", DRIFTED - timedelta(days=MEMORY_DAYS + n), "done") for n in range(1, 9)]

    assert isinstance(ask(site, DRIFTED, [*old, *other], max_drift_psi=0.2), Cause)


@given(st.integers(1, 60))
def test_a_cause_that_nothing_ends_is_trained_for_six_times_in_a_month_at_most(days: int) -> None:
    from fig_assets.workflow.learning.retraining import _quiet_until

    attempts: list[Attempt] = []
    for n in range(days):
        cause = Cause("drift", FIRST + timedelta(days=n), "")
        until = _quiet_until(cause, attempts)
        if until is None or cause.day >= until:
            attempts.append(Attempt("drift", cause.day, "done"))

    last = [a for a in attempts if a.day > attempts[-1].day - timedelta(days=MEMORY_DAYS)]
    assert len(last) <= 6


def test_a_day_that_was_trained_for_is_not_trained_for_again_unless_it_means_another(
    site: Site,
) -> None:
    assert ask(site, TRAINED, every_days=1) == Wait(
        f"it was trained for {TRAINED}, and nothing new was labelled since"
    )
    inputs = site.project.graph.models["scorer"].inputs[1:]
    answer = ask(site, TRAINED, inputs=inputs, fingerprint="another")
    assert isinstance(answer, Cause)
    assert (answer.name, answer.about) == ("version", "request.network@1")


def test_a_training_that_reads_a_day_that_is_not_built_is_not_asked_for(site: Site) -> None:
    model = site.project.graph.models["scorer"]
    workspace = site.project.workspace

    assert obstacle(workspace, model, Cause("age", LAST, "it is old")) is None
    found = obstacle(workspace, model, Cause("age", LAST + timedelta(days=2), "it is old"))
    assert found is not None
    assert found.words.startswith("it is old, but model scorer needs families/request of the day")


def test_each_try_of_a_cause_has_a_number_of_its_own() -> None:
    cause = Cause("drift", DRIFTED, "")
    attempts = [
        Attempt("drift", DRIFTED, "failed", NOW),
        Attempt("drift", TRAINED, "done"),
        Attempt("age", DRIFTED, "failed", NOW),
    ]

    assert number_of_try([], cause) == 1
    assert number_of_try(attempts, cause) == 2


def test_a_metric_of_several_days_counts_each_by_its_positive_rows() -> None:
    days = [
        Matured(FIRST, 90, 30, 0.5, None, 0.2, 1.0),
        Matured(FIRST, 90, 10, 0.9, 0.4, None, 0.0),
        Matured(FIRST, 90, 0, None, None, 0.0, None),
    ]

    assert mean_of(days, "average_precision") == pytest.approx(0.6)
    assert mean_of(days, "roc_auc") == pytest.approx(0.4)
    assert mean_of(days, "alert_recall") == pytest.approx(0.75)


def test_few_positive_rows_say_nothing_of_a_metric() -> None:
    few = [Matured(FIRST, 90, 4, 0.5, 0.5, 0.5, 0.5), Matured(FIRST, 90, 5, 0.5, 0.5, 0.5, 0.5)]

    assert mean_of(few, "roc_auc") is None
    assert mean_of([*few, replace(few[0], positives=1)], "roc_auc") == 0.5
