import json

from fig_assets.config.define import Part, define, entries
from fig_assets.config.locate import read_json
from fig_assets.config.schema import Event, Model
from tests.config.test_model import SCORER


def test_a_file_holds_one_thing_or_a_list_of_them() -> None:
    one = [part.prefix for part, _ in entries(read_json("{}", "f.json"))]
    many = [part.prefix for part, _ in entries(read_json("[{}, {}]", "f.json"))]
    broken = [part.prefix for part, _ in entries(read_json("[{}, {]", "f.json"))]

    assert (one, many, broken) == ([()], [(0,), (1,)], [])


def test_a_definition_knows_its_places_within_a_list() -> None:
    document = read_json('[{"name": "e", "fields": {"a": "b"}}]', "f.json")
    [(part, raw)] = entries(document)

    [event], problems = define(Event, part, raw)

    assert problems == []
    assert event.file == "f.json"
    assert str(event.where("fields", "a", "versions", 1, "json")) == "f.json:1:32: /0/fields/a"


def test_the_schema_of_an_editor_may_be_named() -> None:
    document = read_json('{"$schema": "x", "name": "e", "fields": {"a": "b"}}', "f.json")

    [event], problems = define(Event, Part(document), document.value)

    assert (event.spec.name, problems) == ("e", [])


def test_versions_of_a_model_share_what_stands_beside_them() -> None:
    versions = {"1": {"training_time_delta_days": 1}, "2": {"training_time_delta_days": 7}}
    shared = {key: value for key, value in SCORER.items() if key != "training_time_delta_days"}
    written = {**shared, "default_version": 2, "versions": versions}
    document = read_json(json.dumps(written, indent=1), "f.json")

    definitions, problems = define(Model, Part(document), document.value)

    assert problems == []
    assert [one.spec.version for one in definitions] == [1, 2]
    assert [one.spec.training_time_delta_days for one in definitions] == [1, 7]
    assert [one.spec.is_default for one in definitions] == [False, True]
    assert definitions[1].where("training_time_delta_days").pointer == (
        "/versions/2/training_time_delta_days"
    )
    assert definitions[1].where("truth_label", "name").pointer == "/truth_label/name"


def test_a_problem_of_shared_keys_is_told_once() -> None:
    written = {**SCORER, "location": "../x", "versions": {"1": {}, "2": {}, "3": 4}}
    document = read_json(json.dumps(written), "f.json")

    definitions, problems = define(Model, Part(document), document.value)

    assert definitions == []
    assert [(problem.where.pointer, problem.message) for problem in problems] == [
        ("/location", "'../x' is not written as it must be"),
        ("/versions/3", "must be an object {...}, not 4"),
    ]
