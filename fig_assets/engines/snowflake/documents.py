"""Snowflake's words for JSON and for lists: parsed where they are read, texts where they are kept.

JSON of a column, and of an element of a list, is a text here, as it is written.
"""

import re
from collections.abc import Callable, Sequence

from sqlglot import exp

from fig_assets.engines.snowflake.trees import (
    ENGINE,
    bounded,
    cast,
    is_known,
    lambda_of,
    literal,
    loose,
    text,
)
from fig_assets.engines.translate import Build, Walk, function, of_arguments, same, unsupported

PARSE = "TRY_PARSE_JSON"
_ELEMENT, _ROWS = "element__", "unnested__"
_STEP = re.compile(r'\."((?:[^"\\]|\\.)*)"|\[(\d+|\*)\]|\.([A-Za-z_][A-Za-z0-9_]*)')
EVERY = None
Step = str | int | None
"""A key, a place from 0, or `EVERY` element."""


def parsed(json: exp.Expr) -> exp.Expr:
    """Parse JSON, unless it was written out just now."""
    if isinstance(json, exp.Anonymous) and json.name == "TO_JSON":
        written = json.expressions[0]
        return written if isinstance(written, exp.Expr) else json
    return function(PARSE, json)


def extracted(node: exp.Expr, walk: Walk, *, as_text: bool) -> exp.Expr:
    """Translate JSON_EXTRACT or JSON_EXTRACT_STRING along one path, or several at once."""
    json, path = node.expressions
    document = parsed(walk(json))
    written = _text if as_text else _json
    if isinstance(path, exp.Array):
        reached = [along(document.copy(), _steps(one.name)) for one in path.expressions]
        return function("ARRAY_CONSTRUCT", *map(written, reached))
    steps = _steps(path.name)
    if EVERY not in steps:
        return written(along(document, steps))
    return _of_all(document, steps, written)


def _of_all(
    document: exp.Expr, steps: Sequence[Step], written: Callable[[exp.Expr], exp.Expr]
) -> exp.Expr:
    place = steps.index(EVERY)
    before, after = steps[:place], steps[place + 1 :]
    if EVERY in after:
        raise unsupported(ENGINE, "elements of elements of an array")
    array = function("AS_ARRAY", along(document, before))
    if after:
        there = is_known(along(exp.column(_ELEMENT), after))
        array = function("FILTER", array, lambda_of(_ELEMENT, there))
    one = written(along(exp.column(_ELEMENT), after))
    return function("TRANSFORM", array, lambda_of(_ELEMENT, one))


def _text(reached: exp.Expr) -> exp.Expr:
    return cast(reached, "VARCHAR")


def _json(reached: exp.Expr) -> exp.Expr:
    return function("TO_JSON", reached)


def along(document: exp.Expr, steps: Sequence[Step]) -> exp.Expr:
    """Return what stands in a parsed document at the end of a path without `EVERY`."""
    for step in steps:
        key = text(step) if isinstance(step, str) else literal(step or 0)
        document = at(document, key)
    return document


def at(values: exp.Expr, place: exp.Expr) -> exp.Expr:
    """Return the element of an array at a place from 0, or the value of an object's key."""
    return exp.Bracket(this=loose(values), expressions=[place])


def _steps(path: str) -> list[Step]:
    """Read a path as DuckDB does."""
    if path.startswith("/"):
        keys = [key.replace("~1", "/").replace("~0", "~") for key in path[1:].split("/")]
        return [int(key) if key.isdigit() else key for key in keys]
    if not path.startswith("$") or "".join(m[0] for m in _STEP.finditer(path)) != path[1:]:
        raise unsupported(ENGINE, f"the path {path}")
    return [_step(match) for match in _STEP.finditer(path)]


def _step(match: re.Match[str]) -> Step:
    if match[3] is not None:
        return match[3]
    if match[2] is None:
        return re.sub(r"\\(.)", r"\1", match[1])
    return EVERY if match[2] == "*" else int(match[2])


def json_type(json: exp.Expr) -> exp.Expr:
    """Return the type of JSON, of which only ARRAY is asked for."""
    return function("TYPEOF", parsed(json))


def records(json: exp.Expr, _: exp.Expr) -> exp.Expr:
    """Return the records of a JSON array; a field of one is read by its name."""
    return function("AS_ARRAY", parsed(json))


def array_length(json: exp.Expr) -> exp.Expr:
    """Return the number of elements of a JSON array."""
    return function("ARRAY_SIZE", function("AS_ARRAY", parsed(json)))


def element(node: exp.Expr, walk: Walk) -> exp.Expr:
    """Translate `list[place]`, places from 1; a name for a value is written out as the value."""
    (place,) = node.expressions
    made = node.this.unnest()
    if _is_let(made):
        packed, lambda_ = made.expressions
        (value,) = packed.expressions
        name = lambda_.expressions[0].name
        return walk(bounded(_replaced(lambda_.this.copy(), name, value)))
    if isinstance(made, exp.Array):
        return walk(made.expressions[int(place.name) - 1])
    return at(walk(made), literal(int(place.name) - 1))


def _is_let(tree: exp.Expr) -> bool:
    if not isinstance(tree, exp.Anonymous) or tree.name != "LIST_TRANSFORM":
        return False
    packed = tree.expressions[0]
    return isinstance(packed, exp.Array) and len(packed.expressions) == 1


def _replaced(tree: exp.Expr, name: str, value: exp.Expr) -> exp.Expr:
    """Write `value` wherever a lambda's body names it, not looking where the name is another's."""
    if isinstance(tree, exp.Column) and tree.name == name and not tree.table:
        is_whole = isinstance(value, exp.Array | exp.Anonymous)
        return value.copy() if is_whole else loose(value.copy())
    if isinstance(tree, exp.Lambda) and any(one.name == name for one in tree.expressions):
        return tree
    for child in list(tree.iter_expressions()):
        found = _replaced(child, name, value)
        if found is not child:
            child.replace(found)
    return tree


def field(node: exp.Expr, walk: Walk) -> exp.Expr:
    """Translate STRUCT_EXTRACT of a record that stands there, or by name of one of JSON."""
    whole, place = node.expressions
    if place.is_string:
        return at(walk(whole), place.copy())
    if not (isinstance(whole, exp.Anonymous) and whole.name == "ROW"):
        raise unsupported(ENGINE, "a field of a record")
    return walk(whole.expressions[int(place.name) - 1])


def of_elements(name: str) -> Build:
    """Translate LIST_FILTER or LIST_TRANSFORM; an element is a number or a text."""

    def build(node: exp.Expr, walk: Walk) -> exp.Expr:
        values, made = node.expressions
        named = made.expressions[0].name
        kind = "DOUBLE" if "ISFINITE" in made.this.sql() else "VARCHAR"
        kind = "INT" if "CHR(" in made.this.sql() else kind
        body = walk(made.this)
        for column in list(body.find_all(exp.Column)):
            if column.name == named and not column.table:
                typed = cast(exp.column(named), kind)
                if column is body:
                    body = typed
                else:
                    column.replace(typed)
        return function(name, walk(values), lambda_of(named, body))

    return build


def array(node: exp.Expr, walk: Walk) -> exp.Expr:
    """Translate a list of values."""
    return function("ARRAY_CONSTRUCT", *map(walk, node.expressions))


def dot_product(left: exp.Expr, right: exp.Expr) -> exp.Expr:
    """Refuse: Snowflake multiplies vectors of a fixed size only."""
    raise unsupported(ENGINE, "LIST_DOT_PRODUCT")


def contains(values: exp.Expr, value: exp.Expr) -> exp.Expr:
    """Return whether one of some texts is `value`; not NULL because one of them is."""
    wanted = exp.Cast(this=value, to=exp.DataType.build("VARIANT", dialect="snowflake"))
    return function("ARRAY_CONTAINS", wanted, values)


def numbers(*bounds: exp.Expr) -> exp.Expr:
    """Return the whole numbers below the last of `bounds`, from 0 or the first of them."""
    first, end = bounds if len(bounds) > 1 else (literal(0), bounds[0])
    return function("ARRAY_GENERATE_RANGE", first, end)


def series(first: exp.Expr, last: exp.Expr) -> exp.Expr:
    """Return the whole numbers from `first` to `last`."""
    return numbers(first, exp.Add(this=loose(last), expression=literal(1)))


def extract(node: exp.Expr, walk: Walk) -> exp.Expr:
    """Translate LIST_EXTRACT of texts at a fixed place."""
    values, place = node.expressions
    return cast(at(walk(values), literal(int(place.name) - 1)), "VARCHAR")


def select(node: exp.Expr, walk: Walk) -> exp.Expr:
    """Translate a SELECT; a list that makes a row of each element is read beside its source."""
    unnested = [call for item in node.expressions for call in _unnests(item)]
    if not unnested:
        return same(node, walk)
    copy = node.copy()
    lists: list[exp.Expr] = []
    for item in copy.expressions:
        for call in _unnests(item):
            lists.append(call.expressions[0])
            call.replace(exp.column(f"{_ELEMENT}{len(lists) - 1}"))
    found = same(copy, walk)
    beside = function("FLATTEN", exp.Kwarg(this=exp.var("INPUT"), expression=walk(lists[0])))
    alias = exp.TableAlias(this=exp.to_identifier(_ROWS))
    found.append("laterals", exp.Lateral(this=beside, alias=alias))
    for column in list(found.find_all(exp.Column)):
        if column.name.startswith(_ELEMENT) and column.name[len(_ELEMENT) :].isdigit():
            place = int(column.name[len(_ELEMENT) :])
            column.replace(_at_row(lists[place], walk) if place else _value())
    return found


def _value() -> exp.Expr:
    return cast(exp.column("VALUE", _ROWS), "BIGINT")


def _at_row(values: exp.Expr, walk: Walk) -> exp.Expr:
    """Return the element of a list that belongs to a row, in its own type where it stands there."""
    index = exp.column("INDEX", _ROWS)
    if not isinstance(values, exp.Array):
        return at(walk(values), index)
    branches = [
        exp.If(this=exp.EQ(this=index.copy(), expression=literal(place)), true=walk(one))
        for place, one in enumerate(values.expressions)
    ]
    return exp.Case(ifs=branches)


def _unnests(tree: exp.Expr) -> list[exp.Anonymous]:
    return [call for call in tree.find_all(exp.Anonymous) if call.name == "UNNEST"]


def with_all(node: exp.Expr, walk: Walk) -> exp.Expr:
    """Translate a named select; Snowflake decides itself what it keeps."""
    found = same(node, walk)
    found.set("materialized", None)
    return found


def exact(node: exp.Expr, _: Walk) -> exp.Expr:
    """Translate a name: Snowflake reads one without quotes in upper case."""
    return exp.to_identifier(node.name, quoted=True)


def is_it(node: exp.Expr, walk: Walk) -> exp.Expr:
    """Translate IS: of a truth value by COALESCE, for sqlglot writes it as the value alone."""
    if not isinstance(node.expression, exp.Boolean):
        return same(node, walk)
    value = loose(walk(node.this))
    wanted = value if node.expression.this else exp.Not(this=value)
    return exp.Coalesce(this=wanted, expressions=[exp.false()])


def ordered(node: exp.Expr, walk: Walk) -> exp.Expr:
    """Translate a key of an order; NULL is last both ways unless it is said."""
    found = same(node, walk)
    found.set("nulls_first", bool(node.args.get("nulls_first")))
    return found


DOCUMENTS: dict[str, Build] = {
    "JSON_EXTRACT": lambda node, walk: extracted(node, walk, as_text=False),
    "JSON_EXTRACT_STRING": lambda node, walk: extracted(node, walk, as_text=True),
    "FROM_JSON": of_arguments(records),
    "JSON_TYPE": of_arguments(json_type),
    "JSON_ARRAY_LENGTH": of_arguments(array_length),
    "LIST_EXTRACT": extract,
    "LIST_TRANSFORM": of_elements("TRANSFORM"),
    "LIST_FILTER": of_elements("FILTER"),
    "LIST_CONTAINS": of_arguments(contains),
    "LIST_DISTINCT": of_arguments(lambda values: function("ARRAY_DISTINCT", values)),
    "LIST_SORT": of_arguments(lambda values: function("ARRAY_SORT", values)),
    "LIST_DOT_PRODUCT": of_arguments(dot_product),
    "LEN": of_arguments(lambda values: function("ARRAY_SIZE", values)),
    "FLATTEN": of_arguments(lambda values: function("ARRAY_FLATTEN", values)),
    "ARRAY_TO_STRING": of_arguments(lambda *given: function("ARRAY_TO_STRING", *given)),
    "STRUCT_EXTRACT": field,
    "RANGE": of_arguments(numbers),
    "GENERATE_SERIES": of_arguments(series),
}
"""Functions of JSON and of lists."""
LIST_NODES: dict[type[exp.Expr], Build] = {
    exp.Bracket: element,
    exp.Array: array,
    exp.Select: select,
    exp.CTE: with_all,
    exp.Ordered: ordered,
    exp.Is: is_it,
    exp.Identifier: exact,
}
"""Nodes of lists, and of what becomes rows."""
