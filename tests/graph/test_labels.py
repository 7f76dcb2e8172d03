"""Label sets: what each mistake is told as, what labels read, and their fingerprints."""

from pathlib import Path

import pytest

from fig_assets.config.load import load_config
from fig_assets.graph.awaited import days_awaited
from fig_assets.graph.build import build_graph
from fig_assets.graph.definitions import Combined, Voted
from fig_assets.graph.period import SAME_DAY, Reach
from fig_assets.graph.usage import usage
from tests.graph.projects import Change, changed, graph_of, problems_of, put, write

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


JOIN = {"source": "order", "field": "session", "within_days": 2}


def joined(**changes: object) -> list[Change]:
    """Let a weak label read what a join gives."""
    known = "$order_country = 'x'"
    return [
        put(FRAUD, "joins", value=[{**JOIN, **changes}]),
        put(*WEAK, "small", value={"when": known, "vote": "fraud"}),
    ]


def test_a_weak_label_reads_what_becomes_known_and_a_strong_one_waits_as_long(
    tmp_path: Path,
) -> None:
    graph = graph_of(tmp_path, *joined())
    small = graph.attributes["labels", "fraud", "small__v1"]
    reads = {(read.key[-1], read.reach) for read in small.inputs if read.reach != SAME_DAY}
    assert reads == {("country__v1", Reach(0, 2)), ("session__v1", Reach(0, 2))}
    assert days_awaited(graph) == {"label__fraud": 2}


@pytest.mark.parametrize(
    ("changes", "is_same"),
    [
        pytest.param({}, True, id="nothing"),
        pytest.param({"within_days": 1}, False, id="other days"),
        pytest.param({"match": "country"}, False, id="other rows"),
        pytest.param({"field": "country"}, False, id="another field"),
    ],
)
def test_what_is_joined_is_part_of_the_meaning(
    tmp_path: Path, changes: dict[str, object], *, is_same: bool
) -> None:
    found = [
        graph_of(tmp_path / name, *joined(**more)).attributes["labels", "fraud", "small__v1"]
        for name, more in (("a", {}), ("b", changes))
    ]
    assert (found[0].fingerprint == found[1].fingerprint) is is_same


def test_a_field_that_is_read_later_is_used_by_the_label(tmp_path: Path) -> None:
    folder = write(tmp_path, changed(*joined()))
    config = load_config(folder, "local")
    used = {it.identity: it.readers for it in usage(build_graph(config)[0], config)}
    assert "fraud.small@1" in used["order.country@1"]
