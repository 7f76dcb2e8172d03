"""Rules over a whole project: what is warned of, and how it is silenced."""

from pathlib import Path

from tests.graph.projects import graph_of, put, warnings_of

SHOP, REQUEST, SCORER = "features/shop.json", "features/request.json", "models/scorer.json"
READS_AMOUNT = put(
    SCORER,
    "input_features",
    value=[{"family_name": "request", "feature_names": {"a": ["amount", "is_odd"]}}],
)


def texts(*problems: object) -> list[str]:
    return [str(problem).partition(": ")[2] for problem in problems]


def test_a_sound_project_has_no_warnings(tmp_path: Path) -> None:
    assert warnings_of(tmp_path) == ()


def test_an_input_that_the_labels_read_too_is_warned_of_unless_it_is_allowed(
    tmp_path: Path,
) -> None:
    found = warnings_of(tmp_path / "a", READS_AMOUNT)
    allowed = put(SCORER, "allow_shared", value={"amount": "known beforehand", "is_odd": "a share"})

    assert [problem.severity for problem in found] == ["warning"]
    assert texts(*found) == [
        "/input_features/0/feature_names/a/0\n"
        "  request.amount@1, from which 'scorer' learns, takes part in its labels:\n"
        "  request.amount@1 -> label small\n"
        '  fix: take it out, or add to "allow_shared": "amount": "<why it may>"'
    ]
    assert warnings_of(tmp_path / "b", READS_AMOUNT, allowed) == ()


def test_each_reader_of_a_deprecated_version_is_warned_by_name(tmp_path: Path) -> None:
    old = {"function": "@SUM($is_refund)", "deprecated": "2024-03-01 use money_back"}
    found = warnings_of(tmp_path, put(SHOP, "groups", 0, "features", "refunds", value=old))

    assert texts(*found) == [
        "/groups/1/features\n"
        "  request.shop_stats_weekly_refunds@1 reads shop_stats.refunds@1, which is deprecated\n"
        "  fix: 2024-03-01 use money_back",
        "/groups/0/features/refund_rate\n"
        "  shop_stats.refund_rate@1 reads shop_stats.refunds@1, which is deprecated\n"
        "  fix: 2024-03-01 use money_back",
    ]


def test_a_same_day_join_is_warned_of(tmp_path: Path) -> None:
    found = warnings_of(tmp_path, put(REQUEST, "groups", 1, "as_of", value="same_day"))

    assert texts(*found) == [
        "/groups/1/as_of\n"
        "  'request' joins 'shop_stats' of the same day: a row sees events that came after it\n"
        "  fix: leave as_of out to see what was there the day before"
    ]


def test_a_label_of_a_field_shares_nothing_with_the_feature_of_that_name(tmp_path: Path) -> None:
    rule = put("labels/fraud.json", "weak_labels", "small", "when", value="$is_refund")

    assert graph_of(tmp_path, rule).models["scorer"].inputs
