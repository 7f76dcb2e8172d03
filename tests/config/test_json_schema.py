import copy
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from fig_assets.config.define import Part, define
from fig_assets.config.editor import FILES
from fig_assets.config.json_schema import KINDS, Schema, json_schemas
from fig_assets.config.locate import read_json
from fig_assets.graph.period import parse_period
from fig_assets.language.types import parse_type
from tests.docs.documents import DOCUMENTS, ROOT, examples

SCHEMAS = json_schemas()
PROJECTS = (ROOT / "configs", *sorted(ROOT.glob("examples/*/configs")))


def validator() -> Any:
    return jsonschema.Draft7Validator


def complaints(kind: str, value: object) -> list[str]:
    """What an editor would underline in a file that holds `value`."""
    errors = validator()(SCHEMAS[kind]).iter_errors(value)
    return [f"{list(error.absolute_path)}: {error.message}" for error in errors]


def kind_of(file: str) -> str | None:
    """Which kind a file of a project is: by its folder, as the program tells it."""
    above, name = file.split("/")[-2:]
    by_folder = {pattern.split("/")[0]: kind for kind, pattern in FILES.items()}
    return "project" if name.startswith("project.") else by_folder.get(above)


def shipped() -> list[tuple[str, str, object]]:
    """Every file of the shipped projects and of the documents: its name, kind and value."""
    found = []
    for project in PROJECTS:
        for path in sorted([*project.rglob("*.json"), *project.rglob("*.yaml")]):
            kind = kind_of(path.as_posix())
            if kind is not None:
                name = path.relative_to(ROOT).as_posix()
                found.append((name, kind, yaml.safe_load(path.read_text(encoding="utf-8"))))
    for document in DOCUMENTS:
        for example in examples(document):
            kind = kind_of(example.file) if example.file and "/" in example.file else None
            if kind is not None and example.language in ("json", "yaml"):
                name = f"{document.name}:{example.line}"
                found.append((name, kind, yaml.safe_load(example.text)))
    return found


SHIPPED = shipped()


@pytest.mark.parametrize("kind", KINDS)
def test_each_schema_is_one(kind: str) -> None:
    validator().check_schema(SCHEMAS[kind])


@pytest.mark.parametrize(("name", "kind", "value"), SHIPPED, ids=[name for name, *_ in SHIPPED])
def test_every_file_that_we_ship_or_show_is_valid(name: str, kind: str, value: object) -> None:
    assert complaints(kind, value) == [], name


def test_a_list_of_things_is_a_file_too_but_not_of_projects() -> None:
    table = {"name": "t", "source": "s", "key": "k", "columns": {"k": "string"}}

    assert complaints("table", [table, {**table, "name": "u"}]) == []
    assert complaints("table", [{**table, "nam": "u"}])
    assert complaints("project", [{"name": "p"}])


EVENT: dict[str, Any] = {"name": "e", "fields": {"a": "a"}}
FAMILY: dict[str, Any] = {
    "name": "f", "granularity": "g", "period": ["daily"],
    "groups": [{"source": "e", "granularity_field": "a", "features": {"n": "@COUNT(*)"}}],
}  # fmt: skip
LABELS: dict[str, Any] = {"name": "l", "family": "f", "classes": ["x", "y"]}
MODEL: dict[str, Any] = {
    "name": "m", "training_delay_delta_days": 1, "training_time_delta_days": 1,
    "input_features": [{"family_name": "f", "feature_names": {"all": ["n@2"]}}],
    "truth_label": {"source": "l", "name": "s"}, "output_features": ["score"],
}  # fmt: skip
ENVIRONMENT: dict[str, Any] = {
    "name": "local", "warehouse": {"type": "duckdb", "path": "lake"}, "models": {"path": "m"},
}  # fmt: skip


def joining(features: object, **more: object) -> dict[str, Any]:
    group = {"source": "o", "granularity_match": {"field": "a"}, "features": features, **more}
    return {**FAMILY, "groups": [*FAMILY["groups"], group]}


def with_field(field: object) -> dict[str, Any]:
    return {**EVENT, "fields": {"a": field}}


def with_labels(which: str, label: object) -> dict[str, Any]:
    return {**LABELS, which: {"l": label}}


def with_group(**changes: object) -> dict[str, Any]:
    return {**FAMILY, "groups": [{**FAMILY["groups"][0], **changes}]}


CHECKS: dict[str, object] = {
    "a check by word": "nonnull",
    "one check": {"max_lost_fraction": 0.01},
    "a list of checks": ["nonnull", {"max_lost_fraction": 0.01}],
}
CHECKED: list[tuple[str, str, Callable[[object], object]]] = [
    ("a field", "event", lambda c: with_field({"json": "a", "checks": c})),
    ("a feature", "family", lambda c: with_group(features={"n": {"function": "$a", "checks": c}})),
    ("a weak label", "label_set", lambda c: with_labels(
        "weak_labels", {"when": "$a", "vote": "x", "checks": c})),
    ("a version of a weak label", "label_set", lambda c: with_labels(
        "weak_labels", {"versions": {"1": {"when": "$a", "vote": "x", "checks": c}}})),
    ("a strong label", "label_set", lambda c: with_labels(
        "strong_labels", {"method": "plurality_vote", "checks": c})),
    ("a score", "model", lambda c: {**MODEL, "output_features": {"score": {"checks": c}}}),
]  # fmt: skip

GOOD: list[tuple[str, str, object]] = [
    ("a path", "event", EVENT),
    ("an editor's key", "event", {**EVENT, "$schema": "./event.schema.json"}),
    ("a check by word", "event", with_field({"json": "a", "checks": "nonnull"})),
    ("checks", "event", with_field({"json": "a", "checks": ["unique", {"isin": [1, "b", None]}]})),
    ("tags in a list", "event", {**EVENT, "tags": ["pii"]}),
    ("a type in capitals", "event", with_field({"json": "a", "type": "BIGINT"})),
    ("an embedding", "event", with_field({"json": "a", "type": "embedding(3)"})),
    (
        "versions",
        "event",
        with_field({"default_version": 2, "versions": {"1": "a", "2": {"function": "$b"}}}),
    ),
    ("a period of days", "family", {**FAMILY, "period": ["14d_by_day"]}),
    ("a join of everything", "family", joining("*", prefix="", as_of="same_day")),
    ("a join by names", "family", joining(["a", "b@2"], no_match="zero")),
    ("a join with defaults", "family", joining({"a@2": {"default": 0}, "b": {}})),
    ("versions of a model", "model", {**MODEL, "versions": {"1": {}, "2": {"algorithm": "x"}}}),
    *(
        (f"{what} on {owner}", kind, thing(checks))
        for what, checks in CHECKS.items()
        for owner, kind, thing in CHECKED
    ),
    ("a secret", "environment", {**ENVIRONMENT, "warehouse": {
        "type": "snowflake", "connection": {
            "account": "a", "user": "u", "role": "R", "warehouse": "W", "database": "D",
            "schema": "S", "password": {"env": "PW"}}}}),
]  # fmt: skip

BAD: list[tuple[str, str, object]] = [
    ("an unknown key", "event", {**EVENT, "feilds": {}}),
    ("no name", "event", {"fields": {"a": "a"}}),
    ("a name in capitals", "event", {**EVENT, "name": "Login"}),
    ("a reserved name", "event", {**EVENT, "fields": {"event_time": "a"}}),
    ("a name with versions' underscores", "event", {**EVENT, "fields": {"a__b": "a"}}),
    ("no fields", "event", {**EVENT, "fields": {}}),
    ("two ways to compute", "event", with_field({"json": "a", "function": "$b"})),
    ("no way to compute", "event", with_field({"type": "bigint"})),
    ("an unknown type", "event", with_field({"json": "a", "type": "sting"})),
    ("an empty path", "event", with_field("")),
    ("an unknown check", "event", with_field({"json": "a", "checks": "notnull"})),
    ("two checks in one", "event", with_field({"json": "a", "checks": {"nonnull": True,
                                                                      "unique": True}})),
    ("version zero", "event", with_field({"versions": {"0": "a"}})),
    ("a key beside versions", "event", with_field({"versions": {"1": "a"}, "type": "bigint"})),
    ("an unknown period", "family", {**FAMILY, "period": ["weekly"]}),
    ("no list of periods", "family", {**FAMILY, "period": "daily"}),
    ("a base that joins", "family", with_group(granularity_match={"field": "a"})),
    ("a base with every feature", "family", with_group(features="*")),
    ("a prefix without a join", "family", with_group(prefix="x_")),
    ("a join with expressions", "family", joining({"a": "@COUNT(*)"})),
    ("a where without a source", "family", {**FAMILY, "groups": [{"where": "$a", "features": {}}]}),
    ("one class", "label_set", {**LABELS, "classes": ["x"]}),
    ("a vote without when", "label_set", {**LABELS, "weak_labels": {"w": {"vote": "x"}}}),
    ("an unknown method", "label_set", {**LABELS, "strong_labels": {"s": {"method": "vote"}}}),
    ("half a day", "model", {**MODEL, "training_time_delta_days": 0.5}),
    ("no truth", "model", {k: v for k, v in MODEL.items() if k != "truth_label"}),
    ("a share above one", "model", {**MODEL, "sample": {"negatives": 2}}),
    ("a list of models' versions", "model", {**MODEL, "versions": [{}]}),
    ("an unknown warehouse", "environment", {**ENVIRONMENT, "warehouse": {"type": "duck"}}),
    ("a day of a calendar that is none", "project", {"name": "p", "start_date": "1.1.2026"}),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "value"), [c[1:] for c in GOOD], ids=[c[0] for c in GOOD])
def test_a_form_of_the_language_is_not_underlined(kind: str, value: object) -> None:
    assert complaints(kind, value) == []
    assert accepted(kind, value)


@pytest.mark.parametrize(("kind", "value"), [c[1:] for c in BAD], ids=[c[0] for c in BAD])
def test_what_the_program_refuses_by_itself_is_underlined(kind: str, value: object) -> None:
    assert complaints(kind, value) != []
    assert not accepted(kind, value)


def accepted(kind: str, value: object) -> bool:
    """Whether the program takes a value for a thing of that kind, as far as one file tells."""
    _, problems = define(KINDS[kind], Part(read_json("{}", "x.json")), copy.deepcopy(value))
    return not problems and (kind == "environment" or known(value))


def known(value: object, key: object = None) -> bool:
    """Whether every type and period that is named in a value exists."""
    if isinstance(value, dict):
        below = {k: "type" if key == "columns" else k for k in value}
        return all(known(inner, below[k]) for k, inner in value.items())
    if isinstance(value, list):
        return all(known(inner, key) for inner in value)
    readers = {"type": parse_type, "granularity_type": parse_type, "period": parse_period}
    if not isinstance(value, str) or key not in readers:
        return True
    try:
        readers[str(key)](value)
    except ValueError:
        return False
    return True


def places(value: object) -> list[tuple[Any, Any]]:
    """Every (container, key) in a value."""
    if isinstance(value, dict | list):
        items = list(value.items() if isinstance(value, dict) else enumerate(value))
        return [(value, key) for key, _ in items] + [p for _, v in items for p in places(v)]
    return []


ANYTHING = st.one_of(
    st.sampled_from([None, True, False, 0, 1, -1, 0.5, 2**40, "", "*", "a", "a@2", "A", "daily",
                     "bigint", "nonnull", "duckdb", "zero", [], {}, ["a"], ["nonnull"], ["a", "b"],
                     {"a": "b"}, {"1": "a"}, {"versions": {"1": "$a"}}, {"env": "X"},
                     {"nonnull": True}, {"function": "$a"}, {"json": "a"}, {"default": 0}]),
    st.text(max_size=4),
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_nothing_that_the_program_takes_is_underlined(data: st.DataObject) -> None:
    cases = [*SHIPPED, *GOOD]
    _, kind, value = data.draw(st.sampled_from(cases))
    changed = copy.deepcopy(value)
    for _ in range(data.draw(st.integers(1, 2))):
        spots = places(changed)
        if not spots:
            return
        container, key = data.draw(st.sampled_from(spots))
        if data.draw(st.booleans()):
            container[key] = copy.deepcopy(data.draw(ANYTHING))
        elif isinstance(container, dict):
            del container[key]

    if accepted(kind, changed):
        assert complaints(kind, changed) == []


@pytest.mark.parametrize("kind", KINDS)
def test_every_key_says_what_it_is(kind: str) -> None:
    for name, properties in _objects(SCHEMAS[kind]):
        for key, schema in properties.items():
            if schema != {"not": {}} and not (name == "Group" and set(properties) == {"features"}):
                assert isinstance(schema, dict)
                assert schema.get("description"), f"{name}.{key}: write a docstring under it"


def _objects(schema: Schema) -> list[tuple[str, Mapping[str, Any]]]:
    definitions: Any = schema["definitions"]
    return [
        (name, part["properties"])
        for name, definition in definitions.items()
        for part in (definition, *definition.get("anyOf", []))
        if "properties" in part
    ]


def test_the_types_and_periods_are_those_of_the_language() -> None:
    from fig_assets.config import patterns
    from fig_assets.graph.period import NAMED_DAYS
    from fig_assets.language.types import _ALIASES

    assert {*patterns.TYPES, *patterns.OTHER_TYPES} == set(_ALIASES)
    assert set(patterns.PERIODS) == set(NAMED_DAYS)


def test_a_hover_text_is_what_stands_under_the_key_in_the_source() -> None:
    definitions: Any = SCHEMAS["event"]["definitions"]

    assert definitions["Event"]["properties"]["where"]["description"] == (
        "Keeps the rows for which it is TRUE. Example: `\"$actor_type <> 'robot'\"`."
    )
    assert definitions["Event"]["description"].startswith("An import of raw events")


def test_the_schemas_are_the_same_every_time() -> None:
    assert json.dumps(json_schemas()) == json.dumps(SCHEMAS)


def test_the_program_and_the_folders_agree_on_kinds() -> None:
    assert list(FILES) == list(KINDS)
    assert Path("configs/features/x.json").parent.name in {f.split("/")[0] for f in FILES.values()}
