"""Ops: what is computed together, and that no two of them ever wait for each other."""

from graphlib import TopologicalSorter
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from fig_assets.graph.nodes import Input, Key, Op
from fig_assets.graph.ops import Part, cut
from tests.graph.projects import Json, graph_of

Parts = dict[Part, dict[Key, tuple[Input, ...]]]

KINDS = ("row", "label", "score", "window")


@st.composite
def parts(draw: st.DrawFn) -> Parts:
    """Some attributes of a few owners, each reading some of those before it."""
    owners = [Part(kind, "a") for kind in draw(st.permutations(KINDS))]
    made: Parts = {}
    keys: list[Key] = []
    for number in range(draw(st.integers(1, 14))):
        owner = draw(st.sampled_from(owners))
        read = draw(st.lists(st.sampled_from(keys), max_size=3, unique=True)) if keys else []
        key = (owner.kind, f"x{number}")
        made.setdefault(owner, {})[key] = tuple(Input(other) for other in read)
        keys.append(key)
    turned = draw(st.permutations(list(made)))
    return {part: dict(draw(st.permutations(list(made[part].items())))) for part in turned}


@settings(max_examples=300, deadline=None, database=None)
@given(parts())
def test_ops_form_no_circle_and_each_comes_after_what_it_reads(made: Parts) -> None:
    ops = cut(made)
    op_of = {key: op.name for op in ops for key in op.keys}
    reads = {key: inputs for assets in made.values() for key, inputs in assets.items()}
    waits: dict[str, set[str]] = {op.name: set() for op in ops}
    for key, inputs in reads.items():
        waits[op_of[key]] |= {op_of[read.key] for read in inputs} - {op_of[key]}

    TopologicalSorter(waits).prepare()
    seen: set[str] = set()
    for op in ops:
        assert waits[op.name] <= seen
        seen.add(op.name)
    assert len(ops) == len(seen)
    assert set(op_of) >= set(reads)


@settings(max_examples=100, deadline=None, database=None)
@given(parts())
def test_within_an_op_each_asset_comes_after_what_it_reads(made: Parts) -> None:
    reads = {key: inputs for assets in made.values() for key, inputs in assets.items()}
    for op in cut(made):
        for place, key in enumerate(op.keys):
            later = set(op.keys[place:])
            assert not {read.key for read in reads.get(key, ())} & later


def names(ops: tuple[Op, ...]) -> list[str]:
    return [op.name for op in ops]


def test_owners_that_form_no_circle_are_one_op_each(tmp_path: Path) -> None:
    assert names(graph_of(tmp_path).ops) == [
        "raw__events",
        "event__order",
        "table__countries",
        "states__shop_stats",
        "window__shop_stats__daily",
        "window__shop_stats__weekly",
        "row__request",
        "label__fraud",
        "model__scorer",
        "score__scorer",
    ]


def with_an_alarm(project: Json) -> None:
    """Add a feature over the score, a label over that, and a second model over both."""
    groups = project["features/request.json"]["groups"]
    groups.append({"source": "scorer", "features": ["score"]})
    groups.append({"features": {"is_alarm": "$scorer_score > 0.9"}})
    second = {"when": "$is_alarm", "vote": "fraud"}
    project["labels/alarm.json"] = {
        **project["labels/fraud.json"],
        "name": "alarm",
        "weak_labels": {"alarm": second, "cheap": {"when": "$amount < 1", "vote": "fine"}},
    }
    project["models/second.json"] = {
        **project["models/scorer.json"],
        "name": "second",
        "input_features": [
            {"family_name": "request", "feature_names": {"all": ["is_alarm", "amount"]}}
        ],
        "truth_label": {"source": "alarm", "name": "majority"},
        "output_features": ["second_score"],
    }


def test_a_circle_of_owners_is_cut_into_strata(tmp_path: Path) -> None:
    ops = graph_of(tmp_path, with_an_alarm).ops
    row = {op.name: op for op in ops if op.kind == "row"}

    assert names(ops)[6:] == [
        "row__request",
        "label__fraud",
        "model__scorer",
        "score__scorer",
        "row__request__2",
        "label__alarm",
        "model__second",
        "score__second",
    ]
    assert [key[-1] for key in row["row__request__2"].keys] == [
        "scorer_score__v1",
        "is_alarm__v1",
        "request",
    ]
    assert ("families", "request") not in row["row__request"].keys
