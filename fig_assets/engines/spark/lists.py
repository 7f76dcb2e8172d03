"""Spark's words for lists and records: a value used twice, elements, and a row for each element."""

from sqlglot import exp

from fig_assets.engines.spark.trees import (
    bounded,
    calls_own,
    is_known,
    literal,
    loose,
    when,
)
from fig_assets.engines.translate import Build, Walk, function, of_arguments, renamed, same

_ROWS, _PLACE, _ELEMENT = "unnested__", "place__", "element__"


def transformed(node: exp.Expr, walk: Walk) -> exp.Expr:
    """Translate LIST_TRANSFORM."""
    values, made = node.expressions
    return function("TRANSFORM", walk(values), walk(made))


def filtered_list(node: exp.Expr, walk: Walk) -> exp.Expr:
    """Translate LIST_FILTER; a search in texts, which no lambda may do, has its own function."""
    values, test = node.expressions
    body = test.this
    if isinstance(body, exp.Anonymous) and body.name == "REGEXP_MATCHES":
        return function("FIG_TEXTS_MATCHING", walk(values), walk(body.expressions[1]))
    return function("FILTER", walk(values), walk(test))


def element(node: exp.Expr, walk: Walk) -> exp.Expr:
    """Translate `list[place]`, places from 1; of one value in a list, a name for the value."""
    (place,) = node.expressions
    made = node.this
    if _is_let(made):
        packed, lambda_ = made.expressions
        (value,) = packed.expressions
        inside = walk(lambda_.this)
        if calls_own(inside):
            name = lambda_.expressions[0].name
            return bounded(_replaced(inside, name, walk(value)))
        names = [one.copy() for one in lambda_.expressions]
        both = [exp.Array(expressions=[walk(value)]), exp.Lambda(this=inside, expressions=names)]
        return function("GET", function("TRANSFORM", *both), literal(0))
    return function("GET", walk(made), literal(int(place.name) - 1))


def _is_let(tree: exp.Expr) -> bool:
    if not isinstance(tree, exp.Anonymous) or tree.name != "LIST_TRANSFORM":
        return False
    packed = tree.expressions[0]
    return isinstance(packed, exp.Array) and len(packed.expressions) == 1


def _replaced(tree: exp.Expr, name: str, value: exp.Expr) -> exp.Expr:
    """Write `value` wherever a lambda's body names it, not looking where the name is another's."""
    if isinstance(tree, exp.Column) and tree.name == name and not tree.table:
        return loose(value.copy())
    if isinstance(tree, exp.Lambda) and any(one.name == name for one in tree.expressions):
        return tree
    for child in list(tree.iter_expressions()):
        found = _replaced(child, name, value)
        if found is not child:
            child.replace(found)
    return tree


def flattened(lists: exp.Expr) -> exp.Expr:
    """Return the elements of all lists that are there."""
    known = is_known(exp.column(_ELEMENT))
    made = exp.Lambda(this=known, expressions=[exp.to_identifier(_ELEMENT)])
    return function("FLATTEN", function("FILTER", lists, made))


def dot_product(left: exp.Expr, right: exp.Expr) -> exp.Expr:
    """Return the sum of the products of two lists' elements."""
    one, other = exp.column("left__"), exp.column("right__")
    product = exp.Lambda(
        this=exp.Mul(this=one, expression=other),
        expressions=[exp.to_identifier(name) for name in ("left__", "right__")],
    )
    total = exp.Lambda(
        this=exp.Add(this=exp.column("sum__"), expression=exp.column(_ELEMENT)),
        expressions=[exp.to_identifier(name) for name in ("sum__", _ELEMENT)],
    )
    zero = exp.Literal(this="0e0", is_string=False)
    return function("AGGREGATE", function("ZIP_WITH", left, right, product), zero, total)


def record(*values: exp.Expr) -> exp.Expr:
    """Return a record, whose fields are called by their places."""
    parts: list[exp.Expr] = []
    for place, value in enumerate(values, start=1):
        parts += [exp.Literal.string(f"p{place}"), value]
    return function("NAMED_STRUCT", *parts)


def field(node: exp.Expr, walk: Walk) -> exp.Expr:
    """Translate STRUCT_EXTRACT by a place or a name."""
    whole, place = node.expressions
    name = place.name if place.is_string else f"p{place.name}"
    return exp.Dot(this=walk(whole), expression=exp.to_identifier(name))


def series(first: exp.Expr, last: exp.Expr) -> exp.Expr:
    """Return the whole numbers from `first` to `last`; Spark would also count down."""
    upwards = exp.LTE(this=loose(first), expression=loose(last))
    return when(upwards, function("SEQUENCE", first.copy(), last.copy()), function("ARRAY"))


def numbers(*bounds: exp.Expr) -> exp.Expr:
    """Return the whole numbers below the last of `bounds`, from 0 or the first of them."""
    first, end = bounds if len(bounds) > 1 else (literal(0), bounds[0])
    return series(first, exp.Sub(this=loose(end), expression=literal(1)))


def select(node: exp.Expr, walk: Walk) -> exp.Expr:
    """Translate a SELECT; a list that makes a row of each element is read beside its source."""
    unnested = [
        call for item in node.expressions for call in item.find_all(exp.Anonymous)
        if call.name == "UNNEST"
    ]  # fmt: skip
    if node.args.get("qualify"):
        return _ranked(node, walk)
    if not unnested:
        return same(node, walk)
    copy = node.copy()
    lists: list[exp.Expr] = []
    for item in copy.expressions:
        for call in list(item.find_all(exp.Anonymous)):
            if call.name == "UNNEST":
                lists.append(call.expressions[0])
                call.replace(_element_at(len(lists) - 1))
    found = same(copy, walk)
    found.set("laterals", [_beside(walk(lists[0]), alone=len(lists) == 1)])
    for place, values in enumerate(lists[1:], start=1):
        for name in list(found.find_all(exp.Column)):
            if name.name == f"{_ELEMENT}{place}":
                other = function("GET", walk(values), exp.column(_PLACE, _ROWS))
                name.replace(other)
    return found


def _ranked(node: exp.Expr, walk: Walk) -> exp.Expr:
    """Translate QUALIFY: rank the rows in a select of its own, and leave the ranks out."""
    inner = node.copy()
    test = inner.args["qualify"].this
    inner.set("qualify", None)
    names: list[str] = []
    for window in list(test.find_all(exp.Window)):
        names.append(f"rank_{len(names) + 1}__")
        inner.append("expressions", exp.alias_(window.copy(), names[-1]))
        window.replace(exp.column(names[-1]))
    rest = exp.Star(except_=[exp.to_identifier(name) for name in names])
    order = inner.args.pop("order", None)
    found = exp.Select(expressions=[rest], with_=inner.args.pop("with_", None), order=order)
    source = exp.Subquery(this=inner, alias=exp.TableAlias(this=exp.to_identifier("ranked__")))
    return walk(found.from_(source, copy=False).where(test, copy=False))


def _element_at(place: int) -> exp.Expr:
    return exp.column(_ELEMENT, _ROWS) if place == 0 else exp.column(f"{_ELEMENT}{place}")


def _beside(values: exp.Expr, *, alone: bool) -> exp.Expr:
    names = [_ELEMENT] if alone else [_PLACE, _ELEMENT]
    alias = exp.TableAlias(
        this=exp.to_identifier(_ROWS), columns=[exp.to_identifier(name) for name in names]
    )
    made = function("EXPLODE" if alone else "POSEXPLODE", values)
    return exp.Lateral(this=made, view=True, alias=alias)


def with_all(node: exp.Expr, walk: Walk) -> exp.Expr:
    """Translate a named select; Spark decides itself what it keeps."""
    found = same(node, walk)
    found.set("materialized", None)
    return found


def least_with_nulls_last(fields: exp.Expr) -> exp.Expr:
    """Return a record that is ordered as a row is in DuckDB: NULL is larger than all others."""
    parts: list[exp.Expr] = []
    for value in fields.expressions:
        parts += [exp.Is(this=loose(value.copy()), expression=exp.null()), value]
    return record(*parts)


LISTS: dict[str, Build] = {
    "LIST_TRANSFORM": transformed,
    "LIST_FILTER": filtered_list,
    "LIST_SORT": renamed("SORT_ARRAY"),
    "LIST_DISTINCT": renamed("ARRAY_DISTINCT"),
    "LIST_DOT_PRODUCT": of_arguments(dot_product),
    "LIST_EXTRACT": lambda node, walk: function(
        "GET", walk(node.expressions[0]), literal(int(node.expressions[1].name) - 1)
    ),
    "FLATTEN": of_arguments(flattened),
    "LEN": renamed("ARRAY_SIZE"),
    "ROW": of_arguments(record),
    "STRUCT_EXTRACT": field,
    "RANGE": of_arguments(numbers),
    "GENERATE_SERIES": of_arguments(series),
}
"""Functions of lists and records."""

LIST_NODES: dict[type[exp.Expr], Build] = {
    exp.Bracket: element,
    exp.Select: select,
    exp.CTE: with_all,
}
"""Nodes of lists, and of what becomes rows."""
