"""Models: what each mistake is told as, which days they learn from, and their fingerprints."""

from pathlib import Path

import pytest

from fig_assets.graph.nodes import Graph, Key
from fig_assets.graph.ops import Part, parts_of
from fig_assets.graph.period import Reach
from fig_assets.sql.published import every_published, named_model
from tests.graph.projects import SMALL, Change, graph_of, problems_of, put

SCORER = "models/scorer.json"
INPUTS = (SCORER, "input_features", 0)


@pytest.mark.parametrize(
    ("change", "problems"),
    [
        pytest.param(
            put(*INPUTS, "family_name", value="reqest"),
            ["/input_features/0/family_name\n  'reqest' is not a row family\n  fix: write request"],
            id="unknown family",
        ),
        pytest.param(
            put(*INPUTS, "feature_names", value={"one": ["cuntry", "shop"], "two": ["is_odd@2"]}),
            [
                "/input_features/0/feature_names/one/0\n"
                "  'cuntry' is not known in family 'request'\n"
                "  fix: write country",
                "/input_features/0/feature_names/two/0\n"
                "  is_odd@2 is no version of family 'request'\n"
                "  fix: use is_odd@1",
            ],
            id="unknown inputs, all of them",
        ),
        pytest.param(
            put(SCORER, "truth_label", "source", value="fraudd"),
            ["/truth_label/source\n  'fraudd' is not a label set\n  fix: write fraud"],
            id="unknown label set",
        ),
        pytest.param(
            put(SCORER, "truth_label", "name", value="majorty"),
            [
                "/truth_label/name\n"
                "  'majorty' is not known in label set 'fraud'\n"
                "  fix: write majority"
            ],
            id="unknown label",
        ),
        pytest.param(
            put(SCORER, "truth_label", "positive", value="fraude"),
            [
                "/truth_label/positive\n"
                "  'fraude' is not one of the classes of 'fraud'\n"
                '  fix: write "fraud"'
            ],
            id="unknown class to score",
        ),
    ],
)
def test_a_mistake_is_told_where_it_stands_with_a_mend(
    tmp_path: Path, change: Change, problems: list[str]
) -> None:
    assert problems_of(tmp_path, change) == [f"configs/models/scorer.json: {p}" for p in problems]


def test_inputs_of_two_families_are_refused(tmp_path: Path) -> None:
    more = [
        *SMALL[SCORER]["input_features"],
        {"family_name": "other", "feature_names": {"a": ["b"]}},
    ]

    assert problems_of(tmp_path, put(SCORER, "input_features", value=more)) == [
        "configs/models/scorer.json: /input_features\n"
        "  all input features must be of one row family\n"
        '  fix: take them all from "request"'
    ]


def test_a_probability_is_no_truth(tmp_path: Path) -> None:
    method = put("labels/fraud.json", "strong_labels", "majority", "method", value="label_model")
    truth = put(SCORER, "truth_label", "name", value="majority_probability")

    assert problems_of(tmp_path, method, truth) == [
        "configs/models/scorer.json: /truth_label/name\n"
        "  'majority_probability' is a float, not a class\n"
        "  fix: write majority"
    ]


LEARNED = put("labels/fraud.json", "strong_labels", "majority", "method", value="label_model")
WEIGHED = put(SCORER, "truth_label", "weight", value="majority_probability")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param(
            [LEARNED, put(SCORER, "truth_label", "weight", value="majorty_probability")],
            "'majorty_probability' is not known in label set 'fraud'\n"
            "  fix: write majority_probability",
            id="unknown",
        ),
        pytest.param(
            [LEARNED, put(SCORER, "truth_label", "weight", value="majority")],
            "'majority' is no probability of a label model, and weighs nothing\n"
            "  fix: write majority_probability",
            id="a class",
        ),
        pytest.param(
            [LEARNED, put(SCORER, "truth_label", "weight", value="small")],
            "'small' is no probability of a label model, and weighs nothing\n"
            "  fix: use one of: majority_probability",
            id="a vote",
        ),
        pytest.param(
            [put(SCORER, "truth_label", "weight", value="majority")],
            "'majority' is no probability of a label model, and weighs nothing\n"
            '  fix: leave it out, or give a strong label "method": "label_model"',
            id="no label model",
        ),
    ],
)
def test_a_weight_that_is_no_probability_is_refused(
    tmp_path: Path, changes: list[Change], message: str
) -> None:
    place = "configs/models/scorer.json: /truth_label/weight\n  "

    assert problems_of(tmp_path, *changes) == [place + message]


def learned_from(graph: Graph) -> set[Key]:
    model = graph.models["scorer"]
    parts = parts_of([], [], [], [], [], [], [model])
    return {read.key for read in parts[Part("model", "scorer")][model.key]}


def test_a_weight_is_learned_from_like_the_label(tmp_path: Path) -> None:
    plain = graph_of(tmp_path / "plain", LEARNED)
    graph = graph_of(tmp_path / "weighed", LEARNED, WEIGHED)
    model = graph.models["scorer"]
    probability = ("labels", "fraud", "majority_probability__v1")

    assert model.weight is not None
    assert [a.key for a in model.learned[-2:]] == [model.label.key, model.weight.key]
    assert model.weight.key == probability
    assert learned_from(graph) - learned_from(plain) == {probability}
    assert plain.models["scorer"].weight is None
    assert plain.models["scorer"].fingerprint != model.fingerprint


def with_second(**more: object) -> Change:
    """Add version 2 of the scorer, which differs by `more`."""
    second = {**SMALL[SCORER], "version": 2, **more}
    return lambda project: project.update({"models/more.json": second})


def test_versions_of_a_model_stand_side_by_side(tmp_path: Path) -> None:
    graph = graph_of(tmp_path, with_second(hyperparameters={"num_leaves": 7}))
    one, two = graph.models["scorer"], graph.models["scorer__v2"]

    assert [(m.identity, m.relation, m.is_default) for m in (one, two)] == [
        ("scorer@1", "scores/scorer", True),
        ("scorer@2", "scores/scorer__v2", False),
    ]
    assert one.fingerprint == graph_of(tmp_path / "alone").models["scorer"].fingerprint
    assert [a.identity for a in two.outputs] == ["scorer.score@2"]
    assert not two.outputs[0].is_default
    ops = {op.name for op in graph.ops}
    assert {"model__scorer", "model__scorer__v2", "score__scorer", "score__scorer__v2"} <= ops


def test_the_default_version_of_a_model_is_the_one_written(tmp_path: Path) -> None:
    moved = put(SCORER, "default_version", value=2)
    graph = graph_of(tmp_path, with_second(default_version=2), moved)

    assert not graph.models["scorer"].is_default
    assert graph.models["scorer__v2"].is_default
    assert named_model(graph, "scorer") is graph.models["scorer__v2"]
    assert named_model(graph, "scorer@1") is graph.models["scorer"]
    views = every_published(graph)
    assert views["scorer_scores"].relation == "scores/scorer__v2"
    assert views["scorer__v1_scores"].relation == "scores/scorer"


def test_a_retired_version_of_a_model_is_not_computed(tmp_path: Path) -> None:
    graph = graph_of(tmp_path, with_second(), put(SCORER, "retired", value=True))

    assert list(graph.models) == ["scorer__v2"]
    assert graph.models["scorer__v2"].is_default


def test_training_reads_the_days_that_end_with_the_delay(tmp_path: Path) -> None:
    graph = graph_of(tmp_path)
    model = graph.models["scorer"]

    assert model.reach == Reach(-4, -3)
    assert (model.lookback_days, model.positive) == (7, "fraud")
    assert {read.reach for read in model.outputs[0].inputs} == {Reach(0, 0)}


def fingerprint(folder: Path, *changes: Change) -> str:
    return graph_of(folder, *changes).models["scorer"].fingerprint


@pytest.mark.parametrize(
    ("change", "is_same"),
    [
        (put(*INPUTS, "feature_names", value={"a": ["country"], "b": ["is_odd@1"]}), True),
        (put(SCORER, "description", value="How odd."), True),
        (put(SCORER, "promotion", value={"min": 0.9}), True),
        (put(SCORER, "calibration", value="auto"), True),
        (put(SCORER, "calibration", value="none"), False),
        (put(*INPUTS, "feature_names", value={"a": ["country"]}), False),
        (put(SCORER, "hyperparameters", value={"num_leaves": 7}), False),
        (put(SCORER, "training_delay_delta_days", value=4), False),
    ],
    ids=[
        "groups of inputs",
        "description",
        "promotion",
        "calibration as it is",
        "calibration",
        "inputs",
        "hyperparameters",
        "delay",
    ],
)
def test_a_fingerprint_follows_the_meaning(
    tmp_path: Path, change: Change, *, is_same: bool
) -> None:
    assert (fingerprint(tmp_path / "a") == fingerprint(tmp_path / "b", change)) == is_same


THREE = put("labels/fraud.json", "classes", value=["fine", "fraud", "odd"])


@pytest.mark.parametrize(
    ("changes", "positive"),
    [
        pytest.param([], "fraud", id="two classes"),
        pytest.param([THREE], "odd", id="three classes"),
        pytest.param(
            [THREE, put(SCORER, "truth_label", "positive", value="fine")], "fine", id="one of three"
        ),
    ],
)
def test_one_class_is_scored_against_all_others(
    tmp_path: Path, changes: list[Change], positive: str
) -> None:
    assert graph_of(tmp_path, *changes).models["scorer"].positive == positive


@pytest.mark.parametrize(
    ("change", "is_same"),
    [
        pytest.param(
            put(SCORER, "truth_label", "positive", value="fraud"), True, id="the last class"
        ),
        pytest.param(
            put(SCORER, "truth_label", "positive", value="fine"), False, id="another class"
        ),
        pytest.param(put(SCORER, "sample", value={"negatives": 1.0}), True, id="the whole"),
        pytest.param(put(SCORER, "sample", value={"negatives": 0.5}), False, id="a half"),
    ],
)
def test_what_is_scored_and_learned_from_is_part_of_the_meaning(
    tmp_path: Path, change: Change, *, is_same: bool
) -> None:
    found = [
        graph_of(tmp_path / name, *changes).models["scorer"].fingerprint
        for name, changes in (("a", []), ("b", [change]))
    ]
    assert (found[0] == found[1]) is is_same
