"""JSON arrays as DuckDB trees: the elements along a path, and what can be asked of all of them."""

from collections.abc import Callable, Sequence

from sqlglot import exp

from fig_assets.language.duck import call, cast, let, number, text, when
from fig_assets.language.paths import EVERY, Step, json_path_of

_ALL = "$[*]"
_ELEMENT = exp.column("element__")


def array_size(arguments: Sequence[exp.Expr]) -> exp.Expr:
    """Return how many elements an array has, NULLs included."""
    return let(
        arguments[0],
        lambda array: when(
            is_array(array), cast(call("JSON_ARRAY_LENGTH", array.copy()), "BIGINT")
        ),
    )


def array_contains(arguments: Sequence[exp.Expr]) -> exp.Expr:
    """Return whether the text of some element equals a text."""
    array, value = arguments
    return _of_texts(array, lambda texts: call("LIST_CONTAINS", texts, value))


def array_join(arguments: Sequence[exp.Expr]) -> exp.Expr:
    """Return the texts of the elements with a separator between them; NULLs are left out."""
    array, separator = arguments

    def joined(texts: exp.Expr) -> exp.Expr:
        # Joining nothing but NULLs would give NULL, joining nothing gives an empty text.
        is_known = exp.Not(this=exp.Is(this=_ELEMENT.copy(), expression=exp.null()))
        return call("ARRAY_TO_STRING", _filtered(texts, is_known), separator)

    return _of_texts(array, joined)


def array_regexp_like(arguments: Sequence[exp.Expr]) -> exp.Expr:
    """Return whether a pattern is found in the text of some element."""
    array, pattern = arguments

    def matching(texts: exp.Expr) -> exp.Expr:
        found = _filtered(texts, call("REGEXP_MATCHES", _ELEMENT.copy(), pattern))
        return exp.GT(this=call("LEN", found), expression=number(0))

    return _of_texts(array, matching)


def elements_along(array: exp.Expr, steps: Sequence[Step]) -> exp.Expr:
    """Return the JSON text of the array of what is found in each element along `steps`.

    Args:
        array: JSON; the result is NULL where it is no array.
        steps: the way from an element; a further `EVERY` flattens. Elements from which it leads
            to nothing, or to null, are left out.
    """
    # In a path DuckDB takes the key "*" for a wildcard; only a pointer to one value can have it.
    found = _stepwise(array, steps) if "*" in steps else _extracted(array, [EVERY, *steps])
    present = _filtered(found, exp.NEQ(this=_ELEMENT.copy(), expression=text("null")))
    listed = call("ARRAY_TO_STRING", present, text(","))
    written = exp.DPipe(this=exp.DPipe(this=text("["), expression=listed), expression=text("]"))
    return when(is_array(array.copy()), written)


def is_array(array: exp.Expr) -> exp.Expr:
    """Return whether JSON is an array."""
    return exp.EQ(this=call("JSON_TYPE", array), expression=text("ARRAY"))


def _of_texts(array: exp.Expr, body: Callable[[exp.Expr], exp.Expr]) -> exp.Expr:
    def asked(json: exp.Expr) -> exp.Expr:
        # Of a constant NULL, DuckDB takes what a wildcard finds for one text.
        texts = cast(call("JSON_EXTRACT_STRING", json.copy(), text(_ALL)), "VARCHAR[]")
        return when(is_array(json), body(texts))

    return let(array, asked)


def _stepwise(array: exp.Expr, steps: Sequence[Step]) -> exp.Expr:
    parts: list[list[Step]] = [[]]
    for step in steps:
        if step is EVERY:
            parts.append([])
        else:
            parts[-1].append(step)
    found = _extracted(array, [EVERY])
    for place, part in enumerate(parts):
        if place:
            found = call("FLATTEN", _each(found, _extracted(_ELEMENT.copy(), [EVERY])))
        if part:
            found = _each(found, _extracted(_ELEMENT.copy(), part))
            some = exp.Not(this=exp.Is(this=_ELEMENT.copy(), expression=exp.null()))
            found = _filtered(found, some)
    return found


def _extracted(json: exp.Expr, steps: Sequence[Step]) -> exp.Expr:
    return call("JSON_EXTRACT", json, text(json_path_of(tuple(steps))))


def _each(values: exp.Expr, body: exp.Expr) -> exp.Expr:
    return call("LIST_TRANSFORM", values, _lambda(body))


def _filtered(values: exp.Expr, condition: exp.Expr) -> exp.Expr:
    return call("LIST_FILTER", values, _lambda(condition))


def _lambda(body: exp.Expr) -> exp.Expr:
    return exp.Lambda(this=body, expressions=[exp.to_identifier(_ELEMENT.name)])
