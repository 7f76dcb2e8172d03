"""The models of the configuration -> JSON Schemas, by which editors check and complete files.

Draft 07, which VS Code, the YAML language server and JetBrains all know. What only a whole project
can tell (does `$name` exist, do types fit) is left to `fig validate`.
"""

import ast
import inspect
from collections.abc import Callable, Mapping
from functools import cache
from itertools import pairwise
from typing import TypeAlias, cast

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from fig_assets.config.checks import CHECK_KINDS, Check
from fig_assets.config.environment import Environment, Project
from fig_assets.config.labels import LabelSet
from fig_assets.config.model import Model
from fig_assets.config.node import Node
from fig_assets.config.schema import Event, Family, Table

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"
Schema: TypeAlias = "dict[str, Json]"

DRAFT = "http://json-schema.org/draft-07/schema#"
KINDS: Mapping[str, type[Node]] = {
    "project": Project,
    "environment": Environment,
    "event": Event,
    "table": Table,
    "family": Family,
    "label_set": LabelSet,
    "model": Model,
}
"""Every kind of file, in the order in which a reader meets them."""

ALONE = ("project", "environment")
"""Kinds of which a file holds one object; of the others it may hold a list."""

VERSION = "^[1-9][0-9]{0,8}$"


def json_schemas() -> dict[str, Schema]:
    """Return the schema of each kind of file, by its name in `KINDS`."""
    return {kind: _schema(kind, model) for kind, model in KINDS.items()}


def _schema(kind: str, model: type[Node]) -> Schema:
    _, made = models_json_schema(
        [(model, "validation")], ref_template="#/definitions/{model}", by_alias=True
    )
    written = cast("dict[str, Schema]", made["$defs"])
    definitions = {name: _checked(_mended(name, schema)) for name, schema in written.items()}
    definitions |= {name: _shaped(name, schema) for name, schema in definitions.items()}
    one: Schema = {"$ref": f"#/definitions/{model.__name__}"}
    many: Schema = {"type": "array", "items": one}
    whole = one if kind in ALONE else _either({"type": "array"}, many, one)
    return {
        "$schema": DRAFT,
        "title": f"fig-assets: {kind.replace('_', ' ')}",
        "definitions": cast("Json", definitions),
        **whole,
    }


# ---------------------------------------------------------------- what Pydantic gives, mended


def _mended(name: str, schema: Schema) -> Schema:
    """Describe each key, and say what Pydantic's translation of a model leaves out."""
    model = _models().get(name)
    told = _docstrings(model) if model else {}
    mended = cast("Schema", _plain(schema))
    properties = cast("dict[str, Schema]", mended.get("properties", {}))
    for key, words in told.items():
        if key in properties:
            properties[key]["description"] = words
    if model in KINDS.values():
        properties["$schema"] = {"description": "For editors only."}
    if model:
        mended["description"] = " ".join((model.__doc__ or "").partition("\n\n")[0].split())
    return mended


def _plain(value: Json) -> Json:
    """Drop Pydantic's titles and defaults, and let names of keys be judged as names."""
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if not isinstance(value, dict):
        return value
    found = {
        key: _plain_properties(inner) if key == "properties" else _plain(inner)
        for key, inner in value.items()
        if key not in ("title", "default")
    }
    patterns = found.pop("patternProperties", None)
    if isinstance(patterns, dict):
        ((pattern, inner),) = patterns.items()
        found |= {"propertyNames": {"pattern": pattern}, "additionalProperties": inner}
    if "$ref" in found and len(found) > 1:
        found = {"allOf": [{"$ref": found.pop("$ref")}], **found}
    return found


def _plain_properties(properties: Json) -> Json:
    named = cast("Schema", properties)
    return {key: cast("Json", dict(cast("Schema", _plain(inner)))) for key, inner in named.items()}


@cache
def _models() -> dict[str, type[BaseModel]]:
    """Return every model of the configuration by its name."""
    found: dict[str, type[BaseModel]] = {}
    waiting: list[type[BaseModel]] = [Node]
    while waiting:
        model = waiting.pop()
        waiting += model.__subclasses__()
        found.setdefault(model.__name__, model)
    return found


@cache
def _docstrings(model: type[BaseModel]) -> dict[str, str]:
    """Return what stands under each field in the source, by the key that people write."""
    told: dict[str, str] = {}
    for base in reversed(model.__mro__):
        if issubclass(base, Node) and base is not Node:
            told |= _told(inspect.getsource(base))
    keys = {name: field.alias or name for name, field in model.model_fields.items()}
    return {keys[name]: words for name, words in told.items() if name in keys}


def _told(source: str) -> dict[str, str]:
    (owner,) = ast.parse(source).body
    lines = owner.body if isinstance(owner, ast.ClassDef) else []
    told = {}
    for line, below in pairwise(lines):
        match line, below:
            case (
                ast.AnnAssign(target=ast.Name(name)),
                ast.Expr(ast.Constant(str(words))),
            ):
                told[name] = " ".join(words.split())
    return told


# ---------------------------------------------------------------- what only validators know


def _shaped(name: str, schema: Schema) -> Schema:
    """Add short forms, version forms and keys that exclude each other."""
    if name.startswith("Versions_"):
        return _versions(name.removeprefix("Versions_").removesuffix("_"))
    shape = _SHAPES.get(name)
    return shape(schema) if shape else schema


def _versions(one: str) -> Schema:
    """A plain definition, or an object of numbered ones."""
    plain: Schema = {"$ref": f"#/definitions/{one}"}
    versions: Schema = {
        "type": "object",
        "required": ["versions"],
        "additionalProperties": False,
        "properties": {"default_version": _DEFAULT, "versions": _numbered(plain)},
    }
    return _either({"required": ["versions"], "type": "object"}, versions, plain)


_DEFAULT: Schema = {
    "type": "integer",
    "minimum": 1,
    "description": "The version that readers get who name none; the lowest when left out.",
}


def _numbered(plain: Json) -> Schema:
    return {
        "type": "object",
        "minProperties": 1,
        "propertyNames": {"pattern": VERSION},
        "additionalProperties": plain,
        "description": 'Definitions by number, such as {"1": ..., "2": ...}; all are computed.',
    }


def _short(*keys: str, what: str) -> Callable[[Schema], Schema]:
    """A text stands for an object with that key; of several keys exactly one is written."""

    def shape(schema: Schema) -> Schema:
        text: Schema = {"type": "string", "minLength": 1, "description": what}
        return {"anyOf": [text, _one_of(*((key,) for key in keys))(schema)]}

    return shape


def _one_of(*ways: tuple[str, ...]) -> Callable[[Schema], Schema]:
    def shape(schema: Schema) -> Schema:
        return {**schema, "oneOf": [{"required": list(way)} for way in ways]}

    return shape


def _check(schema: Schema) -> Schema:
    words: list[Json] = [
        kind for kind in CHECK_KINDS if Check.model_fields[kind].annotation is bool
    ]
    whole = _one_of(*((kind,) for kind in CHECK_KINDS))(schema)
    return {"anyOf": [{"enum": words}, whole]}


_NOTHING: Json = {"not": {}}
"""The schema of a key that may not be written."""


def _group(schema: Schema) -> Schema:
    """What `features` may hold depends on whether the group joins."""
    joins: Schema = {"required": ["source"], "not": {"required": ["granularity_field"]}}
    properties = cast("dict[str, Schema]", schema["properties"])
    every, listed, own, joined = cast("list[Schema]", properties["features"].pop("oneOf"))
    properties["features"].pop("discriminator", None)
    properties["features"]["type"] = ["object", "array", "string"]
    own = {**own, "description": 'Features by name. Example: `{"login_count": "@COUNT(*)"}`.'}
    taken: Schema = {"anyOf": cast("list[Json]", [every, listed, joined])}
    then: Schema = {"properties": {"features": taken}}
    otherwise: Schema = {
        "properties": {
            "features": own,
            **dict.fromkeys(("prefix", "as_of", "no_match"), _NOTHING),
        },
    }
    never = {"required": ["granularity_field", "granularity_match"]}
    return {
        **schema,
        **_either(joins, then, otherwise),
        "not": cast("Json", never),
        "dependencies": dict.fromkeys(
            ("granularity_field", "granularity_match", "where"), cast("Json", ["source"])
        ),
    }


def _model(schema: Schema) -> Schema:
    """A model may hold its versions, each with keys that are its own."""
    properties = cast("Schema", schema["properties"])
    outputs = cast("Schema", properties["output_features"])
    words = outputs.pop("description", "")
    names: Json = {"type": "array", "minItems": 1, "items": {"type": "string"}}
    properties["output_features"] = {"anyOf": [names, dict(outputs)], "description": words}
    part: Schema = {**schema, "required": []}
    versions: Schema = {
        **part,
        "required": ["name", "versions"],
        "properties": {**properties, "versions": _numbered(part)},
    }
    return _either({"required": ["versions"], "type": "object"}, versions, schema)


def _checked(schema: Schema) -> Schema:
    """`checks` is one check or a list of them."""
    properties = cast("dict[str, Schema]", schema.get("properties", {}))
    if "checks" in properties:
        words = properties["checks"].pop("description", "")
        listed: Json = cast("Json", dict(properties["checks"]))
        one: Json = {"$ref": "#/definitions/Check"}
        properties["checks"] = {"anyOf": [one, listed], "description": words}
    return schema


def _either(test: Schema, then: Schema, otherwise: Schema) -> Schema:
    """Judge by one of two, so that a message speaks of that one only."""
    return {"if": test, "then": then, "else": otherwise}


_SHAPES: Mapping[str, Callable[[Schema], Schema]] = {
    "Field": _short(
        "json", "function", what='A path into the payload, such as "actor:id::string".'
    ),
    "Feature": _short("function", "python", what='An expression, such as "@COUNT(*)".'),
    "WeakLabel": _one_of(("when", "vote"), ("function",)),
    "Check": _check,
    "Group": _group,
    "Model": _model,
}
