"""Values of two types side by side: in which type they are compared."""

import re
from collections.abc import Callable, Sequence

from sqlglot import exp

from fig_assets.language.duck import (
    cast,
    convert_in_duckdb,
    is_small,
    let,
    let_all,
    let_row,
    operand,
)
from fig_assets.language.tree import blame
from fig_assets.language.types import (
    BIGINT,
    BOOLEAN,
    DATE,
    FLOAT,
    NULL,
    STRING,
    TIMESTAMP,
    Type,
    widen,
)
from fig_assets.language.value import Value, bare
from fig_assets.readings import WHOLE_NUMBER

EXACT = 2**53
"""Below it every whole number is a float of its own."""


_EXAMPLES = {
    BIGINT: "12",
    FLOAT: "0.5",
    BOOLEAN: "TRUE",
    TIMESTAMP: "'2026-01-31T10:00:00Z'",
    DATE: "'2026-01-31'",
}


class Incomparable(Exception):
    """Values of these types have no order; the text names the types."""

    def __init__(self, values: Sequence[Value]) -> None:
        names = dict.fromkeys(str(value.type) for value in values if value.type != NULL)
        super().__init__(" and ".join(names))


def compare(kind: type[exp.Binary], left: Value, right: Value, dialect: str) -> exp.Expr:
    """Return `left <kind> right`; text beside another type is read as that type.

    Text beside a number is read as a bigint if it is one, else as a float.

    Raises:
        Incomparable: the types have no order between them.
    """
    common = shared([left, right])
    if common is not None:
        sides = (operand(bare(side.to(common, dialect))) for side in (left, right))
        return kind(this=next(sides), expression=next(sides))
    if is_small(left.tree) and is_small(right.tree):
        return _either(kind, left, right, dialect)

    # A list holds values of one type, so the number travels as text, and so does JSON.
    def unpacked(places: list[exp.Expr]) -> exp.Expr:
        pair = [
            Value(place, STRING) if side.is_text else Value(cast(place, "BIGINT"), side.type)
            for place, side in zip(places, (left, right), strict=True)
        ]
        return _either(kind, pair[0], pair[1], dialect)

    return let_all([side.to(STRING, dialect) for side in (left, right)], unpacked)


def refuse_unreadable(
    subject: tuple[exp.Expr, Value], others: Sequence[tuple[exp.Expr, Value]]
) -> None:
    """Refuse a text literal beside a value of a type that the text can never be read as.

    Args:
        subject: What is compared: its node as it was written, and its lowered value.
        others: What it is compared with.

    Raises:
        ExpressionError: such a comparison is true for no row; points at the literal.
    """
    for other in others:
        for (node, literal), (_, value) in ((subject, other), (other, subject)):
            if not isinstance(node, exp.Literal) or literal.type != STRING:
                continue
            if value.type in _EXAMPLES and not _can_be_read(node.name, value.type):
                message = f"this text is no {value.type}, so the comparison is never true"
                fix = f"compare with a {value.type} such as {_EXAMPLES[value.type]}"
                raise blame(node, message, fix)


def _can_be_read(written: str, type_: Type) -> bool:
    if type_ == BOOLEAN:
        return written.lower() in ("true", "false")
    # Beside a bigint a text may be any number.
    name = "float" if type_ == BIGINT else type_.name
    return convert_in_duckdb(exp.Literal.string(written), "string", name).find(exp.Null) is None


def same(left: Value, right: Value, dialect: str) -> exp.Expr:
    """Return whether both are equal, or both are NULL: TRUE or FALSE, never NULL.

    Text that cannot be read as the type of the other side equals nothing.

    Raises:
        Incomparable: the types have no order between them.
    """
    common = shared([left, right])
    is_mixed = left.is_text != right.is_text and NULL not in (left.type, right.type)
    if common is not None and not is_mixed:
        sides = (operand(bare(side.to(common, dialect))) for side in (left, right))
        return exp.NullSafeEQ(this=next(sides), expression=next(sides))

    def either(one: Value, other: Value) -> exp.Expr:
        equal = compare(exp.EQ, one, other, dialect)
        missing = [exp.Is(this=operand(v.tree.copy()), expression=exp.null()) for v in (one, other)]
        both = exp.and_(*missing, copy=False)
        return exp.Coalesce(this=equal, expressions=[both])

    if is_small(left.tree) and is_small(right.tree):
        return either(Value(left.sealed(), left.type), Value(right.sealed(), right.type))
    types = (left.type, right.type)
    return let_row(
        [left.sealed(), right.sealed()],
        lambda places: either(*(Value(p, t) for p, t in zip(places, types, strict=True))),
    )


def one_of(value: Value, options: Sequence[Value], dialect: str) -> exp.Expr:
    """Return whether `value` equals one of `options`.

    Raises:
        Incomparable: the types have no order between them.
    """
    common = _together(value, options)
    if common is not None:
        subject, *rest = (bare(part.to(common, dialect)) for part in (value, *options))
        return exp.In(this=operand(subject), expressions=rest)
    return _once(
        value,
        lambda one: exp.or_(
            *(compare(exp.EQ, one, option, dialect) for option in options), copy=False
        ),
    )


def between(value: Value, low: Value, high: Value, dialect: str) -> exp.Expr:
    """Return whether `value` lies between `low` and `high`, both included.

    Raises:
        Incomparable: the types have no order between them.
    """
    common = _together(value, (low, high))
    if common is not None:
        trees = [operand(bare(part.to(common, dialect))) for part in (value, low, high)]
        return exp.Between(this=trees[0], low=trees[1], high=trees[2])
    return _once(
        value,
        lambda one: exp.and_(
            compare(exp.GTE, one, low, dialect), compare(exp.LTE, one, high, dialect), copy=False
        ),
    )


def choose(
    subject: Value,
    tests: Sequence[Value],
    switch: Callable[[exp.Expr | None, Sequence[exp.Expr]], exp.Expr],
    dialect: str,
) -> exp.Expr:
    """Return `switch(subject, tests)` in one type, or `switch(None, comparisons)`.

    Raises:
        Incomparable: the types have no order between them.
    """
    common = _together(subject, tests)
    if common is not None:
        first, *rest = (bare(part.to(common, dialect)) for part in (subject, *tests))
        return _once(Value(first, common), lambda one: switch(one.tree, rest))
    return _once(
        subject,
        lambda one: switch(None, [compare(exp.EQ, one, test, dialect) for test in tests]),
    )


def shared(values: Sequence[Value]) -> Type | None:
    """Return the type in which all can be compared; None where a text may be either number.

    Raises:
        Incomparable: the types have no order between them.
    """
    common: Type | None = NULL
    for value in values:
        if not value.is_text and common is not None:
            common = widen(common, value.type)
    if common is None or common.name == "embedding":
        raise Incomparable(values)
    texts = [value.tree for value in values if value.is_text]
    if common == NULL:
        return STRING
    if common != BIGINT or not texts:
        return common
    whole = {_is_whole(tree) if isinstance(tree, exp.Literal) else None for tree in texts}
    if whole == {True}:
        return BIGINT
    numbers = [bare(value.tree) for value in values if value.type == BIGINT]
    return FLOAT if whole == {False} or all(map(_is_exact, numbers)) else None


def _together(subject: Value, others: Sequence[Value]) -> Type | None:
    common = shared([subject, *others])
    kinds = {other.is_text for other in others if other.type != NULL}
    return None if subject.is_text and len(kinds) > 1 else common


def _either(kind: type[exp.Binary], left: Value, right: Value, dialect: str) -> exp.Expr:
    """Compare text with a bigint: exactly where the text is a bigint, else as floats."""
    trees = [
        kind(
            this=operand(left.to(number, dialect).copy()),
            expression=operand(right.to(number, dialect).copy()),
        )
        for number in (BIGINT, FLOAT)
    ]
    return exp.Coalesce(this=trees[0], expressions=trees[1:])


def _once(value: Value, body: Callable[[Value], exp.Expr]) -> exp.Expr:
    """Return `body` of a value that may stand in it several times."""
    return let(value.sealed(), lambda tree: body(Value(tree, value.type)))


def _is_whole(tree: exp.Expr) -> bool:
    return re.fullmatch(WHOLE_NUMBER.strip("^$"), tree.name) is not None


def _is_exact(tree: exp.Expr) -> bool:
    return isinstance(tree, exp.Literal) and abs(int(tree.name)) < EXACT
