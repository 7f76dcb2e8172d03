import re
from dataclasses import replace
from datetime import date

import numpy as np

from fig_assets.cli.models_page import models_page
from fig_assets.models.measure import measure
from fig_assets.workflow.learning.model_report import Training

A, B = date(2024, 1, 5), date(2024, 1, 8)
HOSTILE = "<script>alert('&')</script>"
RANDOM = np.random.default_rng(4)
FOUND = measure(RANDOM.random(200) < 0.3, RANDOM.random(200))
TRAINING = Training(
    identity="scorer@1",
    trained_for=A,
    is_champion=True,
    first=date(2024, 1, 1),
    last=date(2024, 1, 2),
    rows=400,
    positives=20,
    metrics={"oof_roc_auc": 0.75, "oof_log_loss": None},
    outcome="promoted",
    compared={"candidate_roc_auc": 0.8},
    reason=f"it is {HOSTILE}",
    problem="",
    truth="labels.plurality@1",
    intervals={"candidate_roc_auc": (0.7, 0.9), "oof_roc_auc": (0.6, 0.85)},
    judged_on="on 200 rows",
    measured=FOUND,
)


def legends(page: str) -> list[str]:
    return re.findall(r'font-weight="600">([^<]+)</text>', page)


def test_the_model_in_force_is_drawn_with_its_interval_and_the_history_with_all() -> None:
    newer = replace(TRAINING, trained_for=B, is_champion=False, outcome="rejected")

    page = models_page([TRAINING, newer])

    assert page.count("<svg") == 4
    assert legends(page)[0] == "scorer@1 of 2024-01-05: 0.8000"
    assert "scorer@1 of 2024-01-05: roc_auc 0.8000 (0.7000 to 0.9000)" in page
    assert not any("of 2024-01-08" in name for name in legends(page))
    assert page.count("0.8 (0.7 to 0.9)") == 2


def test_models_of_one_truth_share_a_picture_and_others_have_their_own() -> None:
    other = replace(TRAINING, identity="other@1", judged_on="on 100 rows")
    apart = replace(TRAINING, identity="apart@1", truth="labels.weighted@1")

    page = models_page([TRAINING, other, apart])

    assert page.count("<h3>Precision over recall</h3>") == 2
    assert [name[:8] for name in legends(page)[:2]] == ["scorer@1", "other@1 "]
    assert page.count("They were measured on different rows.") == 1


def test_without_a_champion_the_newest_with_curves_is_drawn() -> None:
    older = replace(TRAINING, is_champion=False)
    newer = replace(older, trained_for=B)
    newest = replace(older, trained_for=date(2024, 1, 11), measured=None, judged_on="")

    assert legends(models_page([older, newer, newest]))[0].startswith("scorer@1 of 2024-01-08")


def test_what_was_never_compared_shows_its_own_metrics_and_no_picture() -> None:
    bare = replace(TRAINING, compared={}, measured=None, judged_on="", outcome="")

    page = models_page([bare])

    assert "oof_roc_auc 0.7500 (0.6000 to 0.8500)" in page
    assert "<svg" not in page
    assert "oof_log_loss" not in page


def test_nothing_of_the_project_is_markup_and_nothing_is_loaded() -> None:
    page = models_page([replace(TRAINING, truth=HOSTILE, identity=HOSTILE)])

    assert "<script" not in page
    assert not re.search(r"https?:|src=|href=|@import|url\(", page)


def test_nothing_trained_is_said() -> None:
    assert "Nothing was trained yet." in models_page([])
