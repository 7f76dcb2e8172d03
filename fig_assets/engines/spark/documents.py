"""Spark's words for JSON: DuckDB reads it, for Spark writes numbers anew and hides what is null."""

import json

from sqlglot import exp

from fig_assets.engines.translate import Build, Walk, function, renamed

_EVERY = "[*]"
_TYPES = {"VARCHAR": "string", "BIGINT": "bigint", "DOUBLE": "double"}


def extracted(one: str, many: str) -> Build:
    """Translate JSON_EXTRACT and JSON_EXTRACT_STRING along one path, or several at once."""

    def build(node: exp.Expr, walk: Walk) -> exp.Expr:
        document, path = node.expressions
        is_many = isinstance(path, exp.Array) or _is_wide(path.name)
        return function(many if is_many else one, walk(document), walk(path))

    return build


def _is_wide(path: str) -> bool:
    """Tell whether a path leads to several values: outside of quotes it names every element."""
    return path.startswith("$") and _EVERY in "".join(_outside_of_quotes(path))


def _outside_of_quotes(path: str) -> list[str]:
    found, is_quoted, characters = [], False, iter(path)
    for character in characters:
        if character == "\\" and is_quoted:
            next(characters, "")
        elif character == '"':
            is_quoted = not is_quoted
        elif not is_quoted:
            found.append(character)
    return found


def records(node: exp.Expr, walk: Walk) -> exp.Expr:
    """Translate FROM_JSON of a list of flat records, which this program has written itself."""
    text, shape = node.expressions
    (fields,) = json.loads(shape.name)
    kinds = ", ".join(f"{name}: {_TYPES[kind]}" for name, kind in fields.items())
    return function("FROM_JSON", walk(text), exp.Literal.string(f"array<struct<{kinds}>>"))


DOCUMENTS: dict[str, Build] = {
    "JSON_EXTRACT": extracted("FIG_JSON_PART", "FIG_JSON_PARTS"),
    "JSON_EXTRACT_STRING": extracted("FIG_JSON_TEXT", "FIG_JSON_TEXTS"),
    "FROM_JSON": records,
    "JSON_TYPE": renamed("FIG_JSON_TYPE"),
    "JSON_ARRAY_LENGTH": renamed("FIG_JSON_ARRAY_LENGTH"),
}
"""Functions of JSON."""
