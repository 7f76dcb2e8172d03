"""Warnings over a whole project: what is warned of, and what is not."""

from pathlib import Path

from tests.graph.projects import SMALL, Change, Json, drop, put, warnings_of

SHOP, REQUEST, SCORER = "features/shop.json", "features/request.json", "models/scorer.json"
UNREAD = put(REQUEST, "groups", 3, "features", "is_late", value="$amount > 5")
NO_MODEL, NO_LABELS = drop(SCORER), drop("labels/fraud.json")


def said(folder: Path, *changes: Change) -> list[str]:
    return [warning.message for warning in warnings_of(folder, *changes)]


def test_a_feature_that_nothing_reads_is_warned_of_unless_it_is_read_outside(
    tmp_path: Path,
) -> None:
    tagged = put(REQUEST, "groups", 3, "features", "is_late", value={
        "function": "$amount > 5", "tags": ["output"]})  # fmt: skip
    family = put(REQUEST, "tags", value=["output"])

    assert said(tmp_path / "a", UNREAD) == ["nothing reads a feature of 'request': is_late"]
    assert said(tmp_path / "b", tagged) == []
    assert said(tmp_path / "c", UNREAD, family) == []


def test_a_project_without_labels_and_models_may_have_features_that_nothing_reads(
    tmp_path: Path,
) -> None:
    assert said(tmp_path / "a", UNREAD, NO_MODEL, NO_LABELS) == []
    assert said(tmp_path / "b", UNREAD, NO_MODEL) != []


def test_what_is_shared_through_a_field_is_shown_with_both_paths(tmp_path: Path) -> None:
    label = put("labels/fraud.json", "weak_labels", "small", "when", value="$is_refund")
    feature = put(REQUEST, "groups", 0, "features", "back", value="$is_refund")
    model = put(SCORER, "input_features", 0, "feature_names", "all", value=["is_odd", "back"])

    family = put(REQUEST, "tags", value=["output"])

    assert "\n".join(said(tmp_path, label, feature, model, family)).splitlines() == [
        "request.back@1, from which 'scorer' learns, takes part in its labels:",
        "order.is_refund@1 -> label small",
        "order.is_refund@1 -> request.back@1 -> model scorer",
    ]


def test_the_key_by_which_rows_are_joined_is_not_shared(tmp_path: Path) -> None:
    model = put(SCORER, "input_features", 0, "feature_names", "all", value=["is_odd", "shop"])

    assert not any("takes part" in text for text in said(tmp_path, model))


def test_what_labels_know_later_and_a_model_reads_is_shown(tmp_path: Path) -> None:
    join = {"source": "order", "field": "session", "within_days": 2}
    changes = [
        put("labels/fraud.json", "joins", value=[join]),
        put("labels/fraud.json", "weak_labels", "small", "when", value="$order_amount < 10"),
        put(SCORER, "input_features", 0, "feature_names", "all", value=["is_odd", "amount"]),
    ]
    assert "\n".join(said(tmp_path, *changes)).splitlines() == [
        "request.amount@1, from which 'scorer' learns, takes part in its labels:",
        "order.amount@1 -> label small",
        "order.amount@1 -> request.amount@1 -> model scorer",
    ]


def test_what_takes_part_in_labels_through_a_score_is_shown(tmp_path: Path) -> None:
    scored = {"source": "scorer", "features": "*"}
    second = {
        "name": "second",
        "family": "request",
        "classes": ["fine", "fraud"],
        "weak_labels": {"likely": {"when": "$scorer_score > 0.9", "vote": "fraud"}},
        "strong_labels": {"any": {"method": "any_vote"}},
    }
    model = {
        **SMALL[SCORER],
        "name": "imitator",
        "truth_label": {"source": "second", "name": "any"},
        "output_features": ["copied"],
        "allow_shared": {},
    }

    def change(project: Json) -> None:
        project[REQUEST]["groups"].append(scored)
        project[REQUEST]["tags"] = ["output"]
        project["labels/second.json"] = second
        project["models/imitator.json"] = model

    assert "\n".join(said(tmp_path, change)).splitlines() == [
        "request.country@1, from which 'imitator' learns, takes part in its labels:",
        "request.country@1 -> scorer.score@1 -> request.scorer_score@1 -> label likely",
        "request.is_odd@1, from which 'imitator' learns, takes part in its labels:",
        "request.is_odd@1 -> scorer.score@1 -> request.scorer_score@1 -> label likely",
    ]


def test_an_input_that_knows_the_whole_day_of_its_row_is_shown_unless_it_is_allowed(
    tmp_path: Path,
) -> None:
    same_day = put(REQUEST, "groups", 1, "as_of", value="same_day")
    names = put(SCORER, "allow_shared", value={})
    late = [text for text in said(tmp_path / "a", same_day, names) if "whole day" in text]
    assert "\n".join(late).splitlines() == [
        "request.is_odd@1, from which 'scorer' learns, knows of the row's whole day, and so of "
        "what came after the row:",
        "shop_stats.refund_rate@1 -> request.shop_stats_weekly_refund_rate@1 -> request.is_odd@1 "
        "-> model scorer",
    ]
    assert not [text for text in said(tmp_path / "b", same_day) if "whole day" in text]
