"""Label sets: what each mistake is told as, what labels read, and their fingerprints."""

from pathlib import Path

import pytest

from fig_assets.graph.definitions import Combined, Voted
from tests.graph.projects import Change, graph_of, problems_of, put

FRAUD = "labels/fraud.json"
WEAK, STRONG = (FRAUD, "weak_labels"), (FRAUD, "strong_labels")


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        pytest.param(
            put(*WEAK, "small", "vote", value="fin"),
            "/weak_labels/small/vote\n  'fin' is not one of the classes\n  fix: write \"fine\"",
            id="unknown vote",
        ),
        pytest.param(
            put(*STRONG, "majority", "default", value="other"),
            "/strong_labels/majority/default\n"
            "  'other' is not one of the classes\n"
            '  fix: use one of: "fine", "fraud"',
            id="unknown default",
        ),
        pytest.param(
            put(*STRONG, "majority", "ties", value="first"),
            "/strong_labels/majority/ties\n"
            "  'first' is not one of the classes\n"
            '  fix: use one of: "fine", "fraud"',
            id="unknown winner of ties",
        ),
        pytest.param(
            put(*WEAK, "small", "when", value="$amount"),
            "/weak_labels/small/when\n"
            "  gives a float, not a boolean\n"
            "    $amount\n"
            "    ^^^^^^^\n"
            "  fix: write $amount > 0",
            id="condition without an answer",
        ),
        pytest.param(
            put(*WEAK, "small", value={"function": "$amount > 1"}),
            "/weak_labels/small/function\n"
            "  gives a boolean, not a string\n"
            "    $amount > 1\n"
            "    ^^^^^^^^^^^\n"
            "  fix: write CASE WHEN $amount > 1 THEN 'fraud' END",
            id="function that gives no class",
        ),
        pytest.param(
            put(*WEAK, "small", "when", value="@MAX($amount) > 1"),
            "/weak_labels/small/when\n"
            "  an aggregate needs many rows, and here is one\n"
            "    @MAX($amount) > 1\n"
            "    ^^^^^^^^^^^^^\n"
            '  fix: aggregate in a family with a "period"',
            id="aggregate",
        ),
        pytest.param(
            put(*WEAK, "small", "when", value="$amont > 1"),
            "/weak_labels/small/when\n"
            "  $amont is not a feature of 'request' nor a field of 'order'\n"
            "    $amont > 1\n"
            "    ^^^^^^\n"
            "  fix: write $amount",
            id="unknown name",
        ),
        pytest.param(
            put(*STRONG, "small", value={"method": "plurality_vote"}),
            "/strong_labels/small\n  label 'small' is a weak label too\n  fix: rename one of them",
            id="one name for two labels",
        ),
        pytest.param(
            put(*STRONG, "majority", value={"method": "weighted_vote", "weights": {"smal": 3}}),
            "/strong_labels/majority/weights/smal\n"
            "  'smal' is not a weak label\n"
            '  fix: write "small"',
            id="weight of nobody",
        ),
        pytest.param(
            put(
                *STRONG,
                "majority",
                value={"method": "priority_vote", "order": ["many_refunds", "smal"]},
            ),
            "/strong_labels/majority/order/1\n  'smal' is not a weak label\n  fix: write \"small\"",
            id="nobody in the order",
        ),
        pytest.param(
            put(*STRONG, "majority", value={"method": "any_vote", "vote": "frau"}),
            "/strong_labels/majority/vote\n"
            "  'frau' is not one of the classes\n"
            '  fix: write "fraud"',
            id="any vote for no class",
        ),
        pytest.param(
            put(*STRONG, "majority", "conflicts", value="fraudd"),
            "/strong_labels/majority/conflicts\n"
            "  'fraudd' is not one of the classes\n"
            '  fix: write "fraud"',
            id="conflicts give no class",
        ),
        pytest.param(
            put(*STRONG, "majority", value={"method": "label_model", "class_prior": {"fraud": 1}}),
            "/strong_labels/majority/class_prior\n"
            "  class_prior leaves out a class, or gives one no share\n"
            "  fix: write the share of each class, above 0: fine, fraud",
            id="prior of one class",
        ),
        pytest.param(
            put(
                *STRONG,
                value={
                    "majority": {"method": "label_model"},
                    "majority_probability": {"method": "any_vote"},
                },
            ),
            "/strong_labels/majority\n"
            "  'majority_probability' is what label model 'majority' gives, and a label too\n"
            "  fix: rename one of them",
            id="label called as a probability",
        ),
        pytest.param(
            put(FRAUD, "truth", value={"table": "gold", "field": "label"}),
            '/truth\n  "truth" of a label set is not supported yet\n  fix: leave it out',
            id="truth",
        ),
        pytest.param(
            put(FRAUD, "family", value="shop_stats"),
            "/family\n  'shop_stats' is not a row family\n  fix: use one of: request",
            id="family with a period",
        ),
    ],
)
def test_a_mistake_is_told_where_it_stands_with_a_mend(
    tmp_path: Path, change: Change, problem: str
) -> None:
    assert problems_of(tmp_path, change) == [f"configs/labels/fraud.json: {problem}"]


def test_a_weak_label_reads_features_and_a_strong_one_the_weak_ones(tmp_path: Path) -> None:
    labels = graph_of(tmp_path).label_sets["fraud"].labels
    many, small, majority = labels

    assert isinstance(many.definition, Voted)
    assert ("features", "request", "shop_stats_weekly_refunds__v1") in [r.key for r in many.inputs]
    assert isinstance(majority.definition, Combined)
    assert [read.key for read in majority.inputs] == [many.key, small.key]


def fingerprint(folder: Path, *changes: Change) -> str:
    return graph_of(folder, *changes).attributes["labels", "fraud", "majority__v1"].fingerprint


@pytest.mark.parametrize(
    ("change", "is_same"),
    [
        (put(*STRONG, "majority", "description", value="Most votes."), True),
        (put(*STRONG, "majority", "ties", value="fine"), False),
        (put(*STRONG, "majority", "method", value="weighted_vote"), False),
        (put(*STRONG, "majority", "conflicts", value="abstain"), False),
        (put(FRAUD, "classes", value=["fraud", "fine"]), False),
    ],
    ids=["description", "ties", "method", "conflicts", "order of classes"],
)
def test_a_fingerprint_follows_the_meaning(
    tmp_path: Path, change: Change, *, is_same: bool
) -> None:
    assert (fingerprint(tmp_path / "a") == fingerprint(tmp_path / "b", change)) == is_same
