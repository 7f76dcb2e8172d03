"""Features in Python, resolved: what they read and mean, which ops they make, what is refused."""

from pathlib import Path

import pytest

from fig_assets.errors import ConfigError
from fig_assets.graph.definitions import Called
from fig_assets.graph.nodes import Graph
from fig_assets.project import load_project
from tests.graph.projects import Change, Json, changed, problems_of, put, write

REQUEST, SHOP = "features/request.json", "features/shop.json"
OWN = ("groups", 3, "features", "own")
CODE = '''def odd(table):
    """How odd it is."""
    return [1.0] * len(table)
'''


def call(**other: object) -> Json:
    return {"python": "odd:odd", "inputs": ["$amount"], "type": "float", **other}


def code(folder: Path, text: str = CODE, name: str = "odd.py") -> None:
    path = folder / "configs" / "python" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def graph_of(folder: Path, *changes: Change) -> Graph:
    code(folder)
    return load_project(write(folder, changed(*changes))).graph


def test_a_function_reads_its_inputs_and_says_what_it_is(tmp_path: Path) -> None:
    graph = graph_of(tmp_path, put(REQUEST, *OWN, value=call(inputs=["$shop", "$amount@1"])))

    feature = graph.attributes["features", "request", "own__v1"]

    assert isinstance(feature.definition, Called)
    assert feature.definition.columns == {"shop": "shop__v1", "amount@1": "amount__v1"}
    assert {read.key[-1] for read in feature.inputs} == {"shop__v1", "amount__v1", "session__v1"}
    assert feature.about.description == "How odd it is."


def test_a_written_description_goes_before_the_docstring(tmp_path: Path) -> None:
    graph = graph_of(tmp_path, put(REQUEST, *OWN, value=call(description="Mine.")))

    assert graph.attributes["features", "request", "own__v1"].about.description == "Mine."


def test_fields_of_the_base_event_are_read_in_its_group_only(tmp_path: Path) -> None:
    in_base = put(REQUEST, "groups", 0, "features", "own", value=call(inputs=["$is_refund"]))
    graph = graph_of(tmp_path, in_base)

    feature = graph.attributes["features", "request", "own__v1"]

    assert isinstance(feature.definition, Called)
    assert feature.definition.columns == {"is_refund": "event__is_refund__v1"}
    # Somebody else makes the rows.
    assert ("features", "request", "shop__v1") in {read.key for read in feature.inputs}


def test_layers_of_statements_and_functions_are_ops_of_their_own(tmp_path: Path) -> None:
    graph = graph_of(
        tmp_path,
        put(SHOP, "groups", 0, "features", "odd", value=call(inputs=["$orders"])),
        put(SHOP, "groups", 0, "features", "odder", value="$odd + 1"),
        put(REQUEST, *OWN, value=call(inputs=["$is_odd"])),
        put("labels/fraud.json", "weak_labels", "small", "when", value="$own > 1"),
    )
    names = [op.name for op in graph.ops]
    of = {key: op.name for op in graph.ops for key in op.keys}

    assert of["features", "shop_stats", "daily", "odd__v1"] == "python__shop_stats__daily"
    assert of["families", "shop_stats", "daily"] == "window__shop_stats__daily__2"
    assert of["families", "request"] == "python__request"
    assert names.index("python__request") < names.index("label__fraud")


def test_a_whole_family_is_shown_by_the_op_that_comes_last(tmp_path: Path) -> None:
    score = {"source": "scorer", "features": ["score"], "prefix": ""}
    derived = {"features": {"own": call(inputs=["$score"]), "after": "$own + 1"}}
    graph = graph_of(
        tmp_path,
        lambda project: project[REQUEST]["groups"].extend([score, derived]),
    )
    last = [op for op in graph.ops if op.owner == "request"][-1]

    assert last.keys[-1] == ("families", "request")
    assert (last.kind, last.keys[0][-1]) == ("row", "after__v1")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (put(REQUEST, *OWN, value={"python": "odd:odd", "inputs": ["$amount"]}),
         "/groups/3/features/own/python\n  a python feature does not say its type\n"
         '  fix: add "type": "float"'),
        (put(REQUEST, *OWN, value=call(inputs=[])),
         "/groups/3/features/own/python\n  the function is given nothing\n"
         '  fix: add "inputs": ["$sender_name", "$vip_name"]'),
        (put(REQUEST, *OWN, value=call(inputs=["$amount", "$amount"])),
         "/groups/3/features/own/inputs/1\n  $amount is given twice\n"
         "  fix: leave one of them out"),
        (put(REQUEST, *OWN, value=call(inputs=["$amount + 1"])),
         "/groups/3/features/own/inputs/0\n"
         "  '$amount + 1' is no name of a feature, such as $sender_name\n"
         "  fix: define a feature for it, and name that here"),
        (put(REQUEST, *OWN, value=call(python="odd:even")),
         "/groups/3/features/own/python\n  configs/python/odd.py has no function 'even'\n"
         '  fix: write "odd:odd"'),
        (put(REQUEST, *OWN, value=call(type="money")),
         "/groups/3/features/own/type\n  unknown type 'money'"),
        (put(REQUEST, *OWN, value=call(python="os:system")),
         "/groups/3/features/own/python\n  'os' is a module of Python itself"),
        (put(REQUEST, *OWN, value=call(inputs=["$is_refund"])),
         "/groups/3/features/own/inputs/0\n  $is_refund is not a feature of 'request'"),
        (put(REQUEST, *OWN, value=call(inputs=["$own"])),
         "attributes read each other in a circle: request.own@1 -> request.own@1"),
        (put(SHOP, "groups", 0, "features", "own", value=call(inputs=["$amount"])),
         "/groups/0/features/own/inputs/0\n  $amount is a field of 'order', one value an event"),
        (put(REQUEST, "groups", 0, "features", value={"own": call(), "shop": call(),
                                                      "amount": call(), "country": call()}),
         "/groups/0/features\n  nothing makes the rows of family 'request'\n"
         '  fix: add a feature that is not computed in Python, such as "at": "$event_time"'),
    ],
    ids=["type", "nothing", "twice", "expression", "function", "unknown type", "os", "field",
         "itself", "aggregate", "rows"],
)  # fmt: skip
def test_a_mistake_is_told_where_it_stands_with_a_mend(
    tmp_path: Path, change: Change, message: str
) -> None:
    code(tmp_path)

    assert any(message in problem for problem in problems_of(tmp_path, change))


def test_resolving_runs_no_code_and_binding_tells_what_fails(tmp_path: Path) -> None:
    project = write(tmp_path, changed(put(REQUEST, *OWN, value=call())))
    code(tmp_path, "raise ValueError('not today')\n\ndef odd(table): ...\n")

    with load_project(project) as loaded, pytest.raises(ConfigError) as refusal:
        loaded.bind()

    assert "importing odd:odd failed: ValueError: not today" in str(refusal.value)
    assert "configs/features/request.json:" in str(refusal.value)
    assert "configs/python/odd.py:1, in <module>" in str(refusal.value)


def test_the_rest_of_a_project_is_healthy_where_a_module_is_broken(tmp_path: Path) -> None:
    project = write(tmp_path, changed(put(REQUEST, *OWN, value=call())))
    code(tmp_path, "def odd(:\n")

    with load_project(project, healthy_only=True) as loaded:
        assert set(loaded.graph.families) == {"shop_stats"}
        assert "configs/python/odd.py:1:9: invalid syntax" in str(loaded.broken[0])


def test_the_place_of_the_folder_is_no_part_of_the_meaning(tmp_path: Path) -> None:
    change = put(REQUEST, *OWN, value=call())
    graphs = [graph_of(tmp_path / name, change) for name in ("one", "two")]
    key = ("features", "request", "own__v1")

    assert graphs[0].attributes[key].fingerprint == graphs[1].attributes[key].fingerprint


@pytest.mark.parametrize(
    "other",
    [{"inputs": ["$shop"]}, {"inputs": ["$amount@1"]}, {"type": "bigint"}, {"python": "odd2:odd"}],
    ids=["input", "name of input", "type", "location"],
)
def test_location_inputs_and_type_are_the_meaning(tmp_path: Path, other: Json) -> None:
    code(tmp_path / "two", name="odd2.py")
    one = graph_of(tmp_path / "one", put(REQUEST, *OWN, value=call()))
    two = graph_of(tmp_path / "two", put(REQUEST, *OWN, value=call(**other)))
    key = ("features", "request", "own__v1")

    assert one.attributes[key].fingerprint != two.attributes[key].fingerprint
