import json
from collections.abc import Mapping

from fig_assets.config.define import Definition, Part, define
from fig_assets.config.locate import read_json
from fig_assets.config.names import named, repeated, with_one_default
from fig_assets.config.schema import Event, Model, Table
from tests.config.test_model import SCORER


def part(file: str, raw: Mapping[str, object]) -> Part:
    return Part(read_json(json.dumps(raw), file))


def test_a_name_that_is_taken_names_both_places() -> None:
    names = named(Event, part("b.json", {"name": "e"}), {"name": "e"})
    names += named(Table, part("a.json", {"name": "e"}), {"name": "e"})

    assert [str(problem) for problem in repeated(names)] == [
        "b.json:1:10: /name\n"
        "  the name 'e' is taken by a table: a.json:1:10\n"
        "  fix: choose another name"
    ]


def test_versions_of_one_model_may_stand_in_two_files() -> None:
    names = named(Model, part("a.json", {"name": "m"}), {"name": "m"})
    names += named(Model, part("b.json", {"name": "m"}), {"name": "m", "version": 2})
    again = named(Model, part("c.json", {"name": "m"}), {"name": "m", "versions": {"2": {}}})

    assert repeated(names) == []
    assert [problem.where.file for problem in repeated(names + again)] == ["c.json"]


def test_things_without_a_name_have_none_to_repeat() -> None:
    assert named(Event, part("a.json", {}), {"name": 3}) == []
    assert named(Event, part("a.json", {}), [1]) == []


def model(file: str, **written: object) -> Definition[Model]:
    raw = {**SCORER, **written}
    document = read_json(json.dumps(raw), file)
    [found], _ = define(Model, Part(document), document.value)
    return found


def test_the_default_version_is_the_written_one_for_all_versions() -> None:
    models, problems = with_one_default(
        [model("a.json"), model("b.json", version=2, default_version=2)]
    )

    assert problems == []
    assert [one.spec.default_version for one in models] == [2, 2]


def test_without_a_written_default_it_is_the_lowest_version() -> None:
    models, _ = with_one_default([model("a.json", version=3), model("b.json", version=2)])

    assert [one.spec.default_version for one in models] == [2, 2]


def test_defaults_that_disagree_or_do_not_exist_are_told() -> None:
    models, disagree = with_one_default(
        [model("a.json", default_version=1), model("b.json", version=2, default_version=2)]
    )
    _, absent = with_one_default([model("a.json", default_version=9)])

    assert models == ()
    assert [problem.message for problem in disagree + absent] == [
        "default_version 2 of the model 'request_threat_scorer' is 1 elsewhere: a.json:1",
        "default_version 9 of the model 'request_threat_scorer' is not among its versions",
    ]
