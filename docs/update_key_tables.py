"""Writes docs/keys.md, from the schemas that editors use: python docs/update_key_tables.py."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from fig_assets.config.json_schema import KINDS, Schema, json_schemas

HEAD = """# Every key

All keys of all files, as `fig schema` gives them to editors. What they mean together, and what is
not there yet, stands in [the language](language.md). This page is made by the program:
`python docs/update_key_tables.py`.

A *text* stands in double quotes. *Must* says which keys cannot be left out.

## On anything

"""
ON_VERSIONS = """
## On every version

Fields, features, weak and strong labels and models:

"""

TITLES = {
    "project": "project.json",
    "environment": "environments/<name>.json",
    "event": "events/*.json",
    "table": "tables/*.json",
    "family": "features/*.json",
    "label_set": "labels/*.json",
    "model": "models/*.json",
}


SHARED, ON_EACH = ("description", "owner", "tags"), ("deprecated", "retired")


def key_tables() -> str:
    """Write a table of keys for each kind of file and each object in it, as Markdown.

    An object that several kinds hold is described once, where it is met first, and so are the
    keys that stand on anything.
    """
    every = _object(cast("Mapping[str, Schema]", json_schemas()["model"]["definitions"])["Model"])
    head = f"{HEAD}{_table(every, SHARED)}\n{ON_VERSIONS}{_table(every, ON_EACH)}\n"
    parts, seen = [head], set()
    for kind, schema in json_schemas().items():
        parts.append(f"## {TITLES[kind]}\n")
        definitions = cast("Mapping[str, Schema]", schema["definitions"])
        top = KINDS[kind].__name__
        for name in (top, *(other for other in definitions if other != top)):
            written = _object(definitions[name])
            if name in seen or written is None or name.startswith("Versions_"):
                continue
            seen.add(name)
            title = "" if name == top else f"### {_spaced(name)}\n\n"
            words = definitions[name].get("description") or written.get("description", "")
            parts.append(f"{title}{_cell(str(words))}\n\n{_table(written)}\n")
    return "\n".join(parts)


def _spaced(name: str) -> str:
    words = "".join(f" {c.lower()}" if c.isupper() else c for c in name).strip()
    return words.capitalize()


def _table(written: Schema, only: tuple[str, ...] = ()) -> str:
    properties = cast("Mapping[str, Mapping[str, Any]]", written["properties"])
    required = cast("list[str]", written.get("required", []))
    rows = [
        f"| `{key}` | {_form(value)} | {'yes' if key in required else ''} | "
        f"{_cell(value.get('description', ''))} |"
        for key, value in properties.items()
        if key in only or (not only and key not in ("$schema", *SHARED, *ON_EACH))
    ]
    head = ["| key | form | must | what it says |", "|---|---|---|---|"]
    return "\n".join([*head, *rows])


def _form(value: Mapping[str, Any]) -> str:
    return " or ".join(dict.fromkeys(_forms(value))) or "anything"


def _object(definition: Schema) -> "Schema | None":
    """Return the object among the forms of a thing; None where there is none."""
    if "properties" in definition:
        return definition
    forms = [definition.get("else"), *cast("list[Any]", definition.get("anyOf", []))]
    return next((form for form in forms if isinstance(form, dict) and "properties" in form), None)


def _forms(value: Mapping[str, Any]) -> Iterator[str]:
    """Name the forms in which a value may be written; null is never worth a word."""
    for form in value.get("anyOf", []) or value.get("oneOf", []) or value.get("allOf", []):
        yield from _forms(form)
    if "$ref" in value:
        name = str(value["$ref"]).rsplit("/", 1)[1]
        yield _spaced(name.removeprefix("Versions_").removesuffix("_")).lower()
    elif "enum" in value:
        yield " ".join(f"`{word}`" for word in value["enum"])
    elif "const" in value:
        yield f"`{value['const']}`"
    elif value.get("type") == "array":
        yield f"list of {_form(value.get('items', {}))}"
    elif value.get("type") == "object":
        yield f"object of {_form(value.get('additionalProperties') or {})}"
    elif isinstance(value.get("type"), list):
        for one in value["type"]:
            yield from _forms({"type": one, "items": {}})
    elif isinstance(value.get("type"), str) and value["type"] != "null":
        yield {"string": "text", "integer": "whole number", "boolean": "true or false"}.get(
            value["type"], value["type"]
        )


def _cell(words: str) -> str:
    return words.replace("|", "\\|")


if __name__ == "__main__":
    (Path(__file__).parent / "keys.md").write_text(key_tables(), encoding="utf-8")
