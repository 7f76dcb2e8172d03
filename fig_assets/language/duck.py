"""Small pieces of DuckDB trees: total casts, finite floats, one value used several times."""

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from itertools import islice
from math import isfinite

from sqlglot import exp

from fig_assets.readings import (
    DECIMAL_NUMBER,
    NUMBERS,
    OFFSET_TIMESTAMP,
    SOURCE,
    STRICT_JSON,
    TRUTH_VALUE,
    UTC_TIMESTAMP,
    WHOLE_NUMBER,
)

INLINE_NODES = 14
"""A tree up to this size is written out again where its value is used twice."""


def call(name: str, *arguments: exp.Expr) -> exp.Expr:
    """Return the call of the warehouse's function `name`."""
    return exp.Anonymous(this=name, expressions=list(arguments))


def text(value: str) -> exp.Expr:
    """Return the string literal `value`."""
    return exp.Literal.string(value)


def number(value: float) -> exp.Expr:
    """Return the literal `value`; an int stays a plain literal, a float is a DOUBLE."""
    if isinstance(value, int):
        return exp.Literal(this=str(value), is_string=False)
    digits = repr(value)
    return exp.Literal(this=digits if "e" in digits else f"{digits}e0", is_string=False)


def data_type(text: str) -> exp.DataType:
    """Return a DuckDB type; a node of its own, because a tree takes it."""
    found = _parsed(text)
    return found.copy() if found.expressions else exp.DataType(**found.args)


@cache
def _parsed(text: str) -> exp.DataType:
    return exp.DataType.build(text, dialect="duckdb")


def cast(tree: exp.Expr, to: str) -> exp.Expr:
    """Return `CAST(tree AS to)`; `to` is a DuckDB type."""
    return exp.Cast(this=tree, to=data_type(to))


def try_cast(tree: exp.Expr, to: str) -> exp.Expr:
    """Return `TRY_CAST(tree AS to)`; `to` is a DuckDB type."""
    return exp.TryCast(this=tree, to=data_type(to))


def attempt(tree: exp.Expr) -> exp.Expr:
    """Return `TRY(tree)`: NULL where `tree` would fail.

    Each operation that can fail has its own: DuckDB takes what two expressions share out of a TRY,
    and adds up the constants of a chain in one.
    """
    return call("TRY", tree)


def when(condition: exp.Expr, value: exp.Expr, otherwise: exp.Expr | None = None) -> exp.Expr:
    """Return `CASE WHEN condition THEN value [ELSE otherwise] END`."""
    return exp.Case(ifs=[exp.If(this=condition, true=value)], default=otherwise)


def count_where(condition: exp.Expr) -> exp.Expr:
    """Count the rows that meet a condition; 0 over no rows."""
    # Half as dear as COUNT(*) FILTER (WHERE ...); NULL where the condition is never known.
    found = cast(call("COUNT_IF", condition), "BIGINT")
    return exp.Coalesce(this=found, expressions=[number(0)])


def operand(tree: exp.Expr) -> exp.Expr:
    """Return `tree` in parentheses where it would otherwise fall apart beside an operator."""
    loose = isinstance(
        tree,
        exp.Binary | exp.Unary | exp.In | exp.Between | exp.Is | exp.Like | exp.Lambda,
    )
    return exp.Paren(this=tree) if loose and not isinstance(tree, exp.Paren) else tree


def is_small(tree: exp.Expr) -> bool:
    """Tell whether writing `tree` out twice costs next to nothing."""
    return len(list(islice(tree.walk(), INLINE_NODES + 1))) <= INLINE_NODES


def let(tree: exp.Expr, body: Callable[[exp.Expr], exp.Expr]) -> exp.Expr:
    """Return `body` of the value of `tree`, which stands once in the text unless it is small.

    Without it, a value used twice at each level of nesting doubles the text at each level.
    """
    if is_small(tree):
        return body(tree)
    return exp.Bracket(
        this=call("LIST_TRANSFORM", exp.Array(expressions=[tree]), _function(body)),
        expressions=[exp.Literal.number(1)],
        offset=1,
    )


def let_all(trees: list[exp.Expr], body: Callable[[list[exp.Expr]], exp.Expr]) -> exp.Expr:
    """Return `body` of the values of `trees`, which are of one type."""
    if all(is_small(tree) for tree in trees):
        return body(trees)

    def unpack(pack: exp.Expr) -> exp.Expr:
        places = [exp.Literal.number(place + 1) for place in range(len(trees))]
        return body([exp.Bracket(this=pack, expressions=[p], offset=1) for p in places])

    packed = exp.Array(expressions=[exp.Array(expressions=trees)])
    return exp.Bracket(
        this=call("LIST_TRANSFORM", packed, _function(unpack)),
        expressions=[exp.Literal.number(1)],
        offset=1,
    )


def let_row(trees: list[exp.Expr], body: Callable[[list[exp.Expr]], exp.Expr]) -> exp.Expr:
    """Return `body` of the values of `trees`, of any types; each stands once in the text."""

    def unpack(row: exp.Expr) -> exp.Expr:
        places = range(1, len(trees) + 1)
        return body([call("STRUCT_EXTRACT", row.copy(), number(place)) for place in places])

    packed = exp.Array(expressions=[call("ROW", *trees)])
    return exp.Bracket(
        this=call("LIST_TRANSFORM", packed, _function(unpack)),
        expressions=[exp.Literal.number(1)],
        offset=1,
    )


def _function(body: Callable[[exp.Expr], exp.Expr]) -> exp.Expr:
    # Two underscores: no attribute can have such a name.
    return exp.Lambda(this=body(exp.column("value__")), expressions=[exp.to_identifier("value__")])


def finite(tree: exp.Expr) -> exp.Expr:
    """Return the DOUBLE `tree`, NULL where it is infinite or not a number."""
    return let(tree, lambda value: when(call("ISFINITE", value), value.copy()))


def convert_in_duckdb(tree: exp.Expr, source: str, target: str) -> exp.Expr:
    """Return the total cast of `tree` between two different, convertible types, by name."""
    match source, target:
        case "json", "string":
            return call("JSON_EXTRACT_STRING", tree, text("$"))
        case "json", _:
            return convert_in_duckdb(call("JSON_EXTRACT_STRING", tree, text("$")), "string", target)
        case "string", _:
            return _from_string(tree, target)
        case "bigint" | "float", "boolean":
            return let(tree, _truth)
        case "float", "bigint":
            return let(tree, _whole)
        case "date", "timestamp":
            return try_cast(tree, "TIMESTAMP")
        case "float", "string":
            text_of_float = cast(tree, "VARCHAR")
            # Other engines write floats in another way, and must know one when they see it.
            text_of_float.meta[SOURCE] = source
            return text_of_float
        case _:
            return cast(tree, _PLAIN[target])


_PLAIN = {"string": "VARCHAR", "bigint": "BIGINT", "float": "DOUBLE", "date": "DATE"}


def _from_string(tree: exp.Expr, target: str) -> exp.Expr:
    match target:
        case "timestamp" | "date" if isinstance(tree, exp.Literal):
            return _moment(tree.name, target)
        case "bigint" | "float" if isinstance(tree, exp.Literal):
            return _constant(tree.name, target)
        case "bigint":
            return try_cast(call("REGEXP_EXTRACT", tree, text(WHOLE_NUMBER)), "BIGINT")
        case "float":
            digits = call("REGEXP_EXTRACT", tree, text(DECIMAL_NUMBER))
            return finite(try_cast(digits, "DOUBLE"))
        case "boolean":
            return try_cast(call("REGEXP_EXTRACT", tree, text(TRUTH_VALUE)), "BOOLEAN")
        case "date":
            return cast(let(tree, _timestamp), "DATE")
        case _:
            return let(tree, _timestamp)


def _moment(written: str, target: str) -> exp.Expr:
    """Return the literal that `written` is as a timestamp or date; NULL where it is none."""
    moment: exp.Expr = exp.null()
    if re.fullmatch(UTC_TIMESTAMP, written) or re.fullmatch(OFFSET_TIMESTAMP, written):
        with suppress(ValueError, OverflowError):
            found = datetime.fromisoformat(written)
            utc = found.astimezone(UTC).replace(tzinfo=None) if found.tzinfo else found
            moment = text(str(utc if target == "timestamp" else utc.date()))
    return cast(moment, target.upper())


def _constant(written: str, target: str) -> exp.Expr:
    """Return the literal that `written` is as a number; NULL where it is none."""
    if target == "bigint":
        if re.fullmatch(WHOLE_NUMBER, written):
            found = int(written.partition(".")[0])
            if -(2**63) <= found < 2**63:
                return cast(number(found), "BIGINT")
        return cast(exp.null(), "BIGINT")
    if re.fullmatch(DECIMAL_NUMBER, written) and isfinite(float(written)):
        return number(float(written))
    return cast(exp.null(), "DOUBLE")


def _timestamp(value: exp.Expr) -> exp.Expr:
    # A cast to TIMESTAMP drops a numeric offset and one to TIMESTAMPTZ applies it, but reads
    # text without an offset in the session's time zone: each reads only the form it gets right.
    plain = try_cast(call("REGEXP_EXTRACT", value, text(UTC_TIMESTAMP)), "TIMESTAMP")
    zoned = try_cast(call("REGEXP_EXTRACT", value.copy(), text(OFFSET_TIMESTAMP)), "TIMESTAMPTZ")
    return exp.Coalesce(this=plain, expressions=[_in_calendar(call("EPOCH_US", zoned))])


def _in_calendar(microseconds: exp.Expr) -> exp.Expr:
    # An offset can move the first or the last day out of the years 0001 to 9999.
    first, last = -62_135_596_800_000_000, 253_402_300_799_999_999
    bounded = let(
        microseconds,
        lambda value: when(
            exp.Between(this=value, low=number(first), high=number(last)), value.copy()
        ),
    )
    return call("MAKE_TIMESTAMP", bounded)


def parsed_json(tree: exp.Expr) -> exp.Expr:
    """Return the JSON that the text `tree` holds; NULL where it is malformed or null."""
    return try_cast(call("REGEXP_EXTRACT", tree, text(STRICT_JSON)), "JSON")


def embedding_in_duckdb(tree: exp.Expr, size: int) -> exp.Expr:
    """Return the `size` finite numbers that the text `tree` holds as a JSON array, else NULL."""

    def checked(values: exp.Expr) -> exp.Expr:
        element = exp.column("number__")
        # What does not fit a DOUBLE is read as infinite.
        is_finite = exp.Lambda(
            this=call("ISFINITE", element), expressions=[exp.to_identifier("number__")]
        )
        finite_ones = call("LIST_FILTER", values.copy(), is_finite)
        lengths = [call("LEN", values), call("LEN", finite_ones)]
        fits = [exp.EQ(this=length, expression=number(size)) for length in lengths]
        return when(exp.and_(*fits, copy=False), values.copy())

    return let(try_cast(call("REGEXP_EXTRACT", tree, text(NUMBERS)), "DOUBLE[]"), checked)


def hashed(tree: exp.Expr) -> exp.Expr:
    """Return 63 bits of the MD5 of the text `tree`, as a bigint from 0."""
    digits = call("SUBSTRING", call("MD5", tree), number(1), number(16))
    wide = cast(operand(exp.DPipe(this=text("0x"), expression=digits)), "UBIGINT")
    return cast(operand(exp.IntDiv(this=wide, expression=number(2))), "BIGINT")


def _truth(value: exp.Expr) -> exp.Expr:
    zero = exp.If(this=exp.EQ(this=value, expression=number(0)), true=exp.false())
    one = exp.If(this=exp.EQ(this=value.copy(), expression=number(1)), true=exp.true())
    return exp.Case(ifs=[zero, one])


def _whole(value: exp.Expr) -> exp.Expr:
    is_whole = exp.EQ(this=call("TRUNC", value), expression=value.copy())
    return when(is_whole, try_cast(value.copy(), "BIGINT"))
