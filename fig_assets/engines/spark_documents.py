"""Spark's words for JSON: DuckDB reads it, for Spark writes numbers anew and hides what is null."""

from sqlglot import exp

from fig_assets.engines.translate import Build, Walk, function, renamed

_EVERY = "[*]"


def extracted(one: str, many: str) -> Build:
    """Translate JSON_EXTRACT and JSON_EXTRACT_STRING along one path, or several at once."""

    def build(node: exp.Expr, walk: Walk) -> exp.Expr:
        json, path = node.expressions
        is_many = isinstance(path, exp.Array) or _is_wide(path.name)
        return function(many if is_many else one, walk(json), walk(path))

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


DOCUMENTS: dict[str, Build] = {
    "JSON_EXTRACT": extracted("FIG_JSON_PART", "FIG_JSON_PARTS"),
    "JSON_EXTRACT_STRING": extracted("FIG_JSON_TEXT", "FIG_JSON_TEXTS"),
    "JSON_TYPE": renamed("FIG_JSON_TYPE"),
    "JSON_ARRAY_LENGTH": renamed("FIG_JSON_ARRAY_LENGTH"),
}
"""Functions of JSON."""
