"""Checks that cannot judge their attribute are refused where they stand, with a mend."""

from pathlib import Path

import pytest

from tests.graph.projects import Change, Json, problems_of, put, warnings_of

ORDER, REQUEST = "events/order.json", "features/request.json"
FRAUD, SCORER = "labels/fraud.json", "models/scorer.json"


def field(type_: str, checks: object) -> Change:
    return put(ORDER, "fields", "extra", value={"json": f"x::{type_}", "checks": checks})


@pytest.mark.parametrize(
    ("type_", "check", "message", "fix"),
    [
        ("bigint", {"str_length": [1, 2]}, "'str_length' judges texts", "leave it out"),
        ("bigint", {"str_contains": "a"}, "'str_contains' judges texts", "leave it out"),
        ("string", {"in_range": [0, 1]}, "'in_range' needs numbers", 'write "isin"'),
        ("boolean", {"gt": 0}, "'gt' needs numbers", 'write "eq"'),
        ("bigint", {"ge": "12"}, "'12' is no bigint", "such as 12"),
        ("bigint", {"le": 0.5}, "0.5 is no bigint", "such as 12"),
        ("bigint", {"eq": True}, "true is no bigint", "such as 12"),
        ("bigint", {"eq": 2**63}, "is no bigint", "such as 12"),
        ("timestamp", {"gt": "yesterday"}, "'yesterday' is no timestamp", "2026-01-31"),
        ("date", {"gt": "2024-02-30"}, "'2024-02-30' is no date", "2026-01-31"),
        ("string", {"isin": [1]}, "1 is no string", "such as"),
        ("string", {"isin": []}, "'isin' has no value", 'write "isin"'),
        ("string", {"notin": [None]}, "NULL is judged by 'nonnull'", 'write "nonnull"'),
        ("float", {"in_range": [1, 0]}, "the lowest value stands first", "[0.0, 1.0]"),
        ("float", {"in_range": [None, None]}, "'in_range' has no end", "[0, null]"),
        ("string", {"str_length": [2, 1]}, "no text has such a length", "[1, 63]"),
        ("string", {"str_length": [-1, 1]}, "a length is a whole number", "[1, 63]"),
        ("string", {"str_matches": "(?=a)"}, "the pattern is refused", "RE2"),
        ("string", {"str_matches": "a)|(b"}, "the pattern is refused", "close every"),
        ("string", {"str_contains": "(a{1000}){1000}"}, "the pattern is refused", "close"),
        ("embedding(2)", "unique", "'unique' cannot judge an embedding(2)", "nonnull"),
    ],
)
def test_a_check_that_cannot_apply_is_refused(
    tmp_path: Path, type_: str, check: Json, message: str, fix: str
) -> None:
    [problem] = problems_of(tmp_path, field(type_, check))

    assert message in problem
    assert fix in problem
    assert "/fields/extra/checks" in problem


@pytest.mark.parametrize(
    ("type_", "check"),
    [
        ("bigint", {"in_range": [0, 0]}),
        ("bigint", {"le": 1.0}),
        ("float", {"gt": 0}),
        ("timestamp", {"lt": "2024-01-01T00:00:00+02:00"}),
        ("date", {"in_range": ["2024-01-01", "2024-01-01"]}),
        ("boolean", {"eq": False}),
        ("string", {"str_length": [0, 0]}),
        ("string", {"max_lost_fraction": 0}),
        ("embedding(2)", {"max_lost_fraction": 1}),
    ],
)
def test_a_check_at_its_bounds_is_taken(tmp_path: Path, type_: str, check: Json) -> None:
    assert warnings_of(tmp_path, field(type_, check)) == ()


def test_a_check_in_a_list_is_refused_where_it_stands(tmp_path: Path) -> None:
    [problem] = problems_of(tmp_path, field("string", ["nonnull", {"ge": 1}]))

    assert "/fields/extra/checks/1/ge" in problem


@pytest.mark.parametrize(
    ("change", "place", "message"),
    [
        (
            put(FRAUD, "weak_labels", "small", value={
                "when": "$amount < 10", "vote": "fine", "checks": {"gt": 1}}),
            "/weak_labels/small/checks/gt",
            "'gt' needs numbers",
        ),
        (
            put(FRAUD, "strong_labels", "majority", value={
                "method": "plurality_vote", "checks": {"max_lost_fraction": 0.5}}),
            "/strong_labels/majority/checks/max_lost_fraction",
            "nothing is lost",
        ),
        (
            put(SCORER, "output_features", value={"score": {"checks": {"isin": ["a"]}}}),
            "/output_features/score/checks/isin",
            "'a' is no float",
        ),
        (
            put(REQUEST, "groups", 3, "features", "is_odd", value={
                "function": "$shop_stats_weekly_refund_rate > 0.5", "checks": {"le": 1}}),
            "/groups/3/features/is_odd/checks/le",
            "'le' needs numbers",
        ),
    ],
    ids=["weak label", "strong label", "score", "feature"],
)  # fmt: skip
def test_every_kind_of_attribute_can_have_checks(
    tmp_path: Path, change: Change, place: str, message: str
) -> None:
    [problem] = problems_of(tmp_path, change)

    assert place in problem
    assert message in problem
