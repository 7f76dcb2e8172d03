"""How right labels are on rows of known class: small cases that can be counted by hand."""

import pytest

from fig_assets.models.gold import Judged, OfClass, loses, measure, plurality, said_by

CLASSES = ["good", "bad"]
SAID = [("bad", "bad", 3), ("bad", "good", 1), ("good", "good", 10), (None, "bad", 2)]


def test_precision_recall_and_coverage_are_shares_of_rows() -> None:
    found = measure("rule", CLASSES, SAID)
    assert (found.rows, found.coverage) == (16, 14 / 16)
    assert (found.precision, found.recall) == (13 / 14, 13 / 16)
    assert found.by_class["bad"] == OfClass(3 / 4, 3 / 5, 6 / 9)
    assert found.by_class["good"] == OfClass(1.0, 10 / 11, 20 / 21)
    assert found.f1 == pytest.approx((6 / 9 + 20 / 21) / 2)


def test_a_label_that_votes_for_one_class_is_measured_on_that_class() -> None:
    found = measure("rule", ["bad"], [*SAID[:2], (None, "good", 10), (None, "bad", 2)])
    assert (found.recall, found.f1) == (3 / 5, 6 / 9)


def test_a_class_without_a_row_says_nothing_and_one_that_is_never_found_counts_as_zero() -> None:
    assert measure("rule", CLASSES, [("good", "good", 4)]).f1 == 1.0
    assert measure("rule", CLASSES, [(None, "bad", 4)]).by_class["bad"] == OfClass(None, 0.0, 0.0)
    assert measure("rule", CLASSES, []).f1 is None


@pytest.mark.parametrize(
    ("votes", "expected"),
    [
        (("bad", "bad", "good"), "bad"),
        (("bad", None, "good"), "tie"),
        ((None, None, None), "default"),
        (("a", "b", "b"), "b"),
    ],
)
def test_a_plurality_has_the_most_votes(votes: tuple[str | None, ...], expected: str) -> None:
    assert plurality(votes, "default", "tie") == expected


def test_who_is_less_right_than_a_plurality_loses() -> None:
    judged = [
        Judged(("bad", "bad", "good"), ("good",), "bad", 5),
        Judged(("good", None, None), ("good",), "good", 5),
    ]
    strong = measure("strong", CLASSES, said_by(judged, [it.labels[0] for it in judged]))
    simple = [plurality(it.votes, None, None) for it in judged]
    other = measure("strong", CLASSES, said_by(judged, simple))
    assert "strong loses to the plurality of the votes on 10 rows" in loses(strong, other)
    assert "F1 0.333 against 1.000" in loses(strong, other)
    assert loses(other, strong) == loses(strong, strong) == ""
