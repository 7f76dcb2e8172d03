"""Snowflake's words for types, casts and moments: the same value, or NULL where there is none."""

from sqlglot import exp

from fig_assets.engines.snowflake.numbers import in_range, unsigned
from fig_assets.engines.snowflake.trees import (
    BIGINT,
    ENGINE,
    MOMENT,
    WIDE,
    cast,
    literal,
    loose,
    once,
    text,
    try_cast,
    when,
)
from fig_assets.engines.translate import Build, Walk, function, of_arguments, unsupported
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

_TYPES = {
    exp.DType.VARCHAR: "VARCHAR",
    exp.DType.TEXT: "VARCHAR",
    exp.DType.BIGINT: BIGINT,
    exp.DType.INT: "INT",
    exp.DType.DOUBLE: "DOUBLE",
    exp.DType.BOOLEAN: "BOOLEAN",
    exp.DType.DATE: "DATE",
    exp.DType.TIMESTAMP: MOMENT,
    exp.DType.TIMESTAMPNTZ: MOMENT,
    exp.DType.INT128: WIDE,
}
_TO_MICROSECONDS = 26
"""How many characters of a written moment end with its microseconds."""
_OFFSET = "[+-][0-9]{2}(:?[0-9]{2})?$"
_MILLION = 1_000_000


def snowflake_type(kind: exp.DataType) -> str:
    """Name a type in Snowflake.

    Raises:
        UnsupportedOnEngine: there is none.
    """
    if kind.this not in _TYPES:
        raise unsupported(ENGINE, f"the type {kind.sql('duckdb')}")
    return _TYPES[kind.this]


def casted(node: exp.Expr, walk: Walk) -> exp.Expr:
    """Translate CAST."""
    kind = _kind(node)
    if kind.this == exp.DType.UBIGINT:
        return unsigned(node, walk)
    if kind.this in (exp.DType.ARRAY, exp.DType.LIST):
        # A list is a list: its elements are typed where they are taken out.
        return walk(node.this)
    to = snowflake_type(kind)
    source = node.meta.get(SOURCE)
    if to == "VARCHAR" and source == "float":
        raise unsupported(ENGINE, "the text of a float")
    if to == "VARCHAR" and source == "timestamp":
        return once(walk(node.this), _moment_text)
    if to == "VARCHAR" and source == "date":
        return function("TO_VARCHAR", walk(node.this), text("YYYY-MM-DD"))
    return cast(walk(node.this), to)


def try_casted(node: exp.Expr, walk: Walk) -> exp.Expr:
    """Translate TRY_CAST, of a text as it is read by a pattern of ours."""
    kind = _kind(node)
    read, value = _read(node.this)
    if kind.this == exp.DType.JSON:
        return function("TO_JSON", function("TRY_PARSE_JSON", _like(walk(value), STRICT_JSON)))
    if kind.this in (exp.DType.ARRAY, exp.DType.LIST):
        return function("TRY_PARSE_JSON", _like(walk(value), NUMBERS))
    to = snowflake_type(kind) if kind.this != exp.DType.TIMESTAMPTZ else ""
    if read == WHOLE_NUMBER:
        digits = function("SPLIT_PART", _like(walk(value), WHOLE_NUMBER), text("."), literal(1))
        return once(try_cast(digits, WIDE), lambda v: cast(in_range(v), BIGINT))
    if read == DECIMAL_NUMBER:
        return try_cast(_like(walk(value), DECIMAL_NUMBER), "DOUBLE")
    if read == TRUTH_VALUE:
        return _truth(walk(value))
    if read == UTC_TIMESTAMP:
        written = function("RTRIM", _like(walk(value), UTC_TIMESTAMP), text("Z"))
        return _moment(written)
    if to == BIGINT:
        return once(walk(node.this), lambda v: cast(in_range(v), BIGINT))
    if to == MOMENT:
        return cast(walk(node.this), MOMENT)
    raise unsupported(ENGINE, f"a cast to {kind.sql('duckdb')} of what was not looked at before")


def _kind(node: exp.Expr) -> exp.DataType:
    kind = node.args["to"]
    if not isinstance(kind, exp.DataType):
        raise unsupported(ENGINE, f"the type {kind}")
    return kind


def _read(tree: exp.Expr) -> tuple[str, exp.Expr]:
    """Return the pattern by which a text is read, and the text."""
    if isinstance(tree, exp.Anonymous) and tree.name == "REGEXP_EXTRACT":
        return str(tree.expressions[1].name), tree.expressions[0]
    return "", tree


def _like(value: exp.Expr, pattern: str) -> exp.Expr:
    """Return a text that a pattern of ours describes as a whole, else NULL."""
    return once(value, lambda v: when(_matches(v, pattern), v.copy()))


def _matches(value: exp.Expr, pattern: str) -> exp.Expr:
    # Anchored at both ends by itself; it has no groups that are not remembered.
    inside = pattern.removeprefix("^").removesuffix("$").replace("(?:", "(")
    return function("REGEXP_LIKE", value, text(inside))


def _truth(value: exp.Expr) -> exp.Expr:
    lower = function("LOWER", value)
    branches = [
        exp.If(this=exp.EQ(this=lower.copy(), expression=text(word)), true=is_true)
        for word, is_true in (("true", exp.true()), ("false", exp.false()))
    ]
    return exp.Case(ifs=branches)


def _moment(written: exp.Expr) -> exp.Expr:
    """Read the moment of a text without an offset; digits beyond the microsecond are cut off."""
    return try_cast(function("LEFT", written, literal(_TO_MICROSECONDS)), MOMENT)


def epoch_us(node: exp.Expr, walk: Walk) -> exp.Expr:
    """Translate EPOCH_US: of a text with an offset, by what the text says."""
    (value,) = node.expressions
    if isinstance(value, exp.TryCast) and _kind(value).this == exp.DType.TIMESTAMPTZ:
        written = walk(_read(value.this)[1])
        return once(_like(written, OFFSET_TIMESTAMP), _zoned)
    return microseconds(walk(value))


def microseconds(moment: exp.Expr) -> exp.Expr:
    """Return the microseconds since 1970."""
    return function("DATE_PART", exp.var("EPOCH_MICROSECOND"), moment)


def _zoned(value: exp.Expr) -> exp.Expr:
    offset = function("REGEXP_SUBSTR", value.copy(), text(_OFFSET))
    length = exp.Sub(
        this=function("LENGTH", value.copy()), expression=function("LENGTH", offset.copy())
    )
    local = _moment(function("LEFT", value.copy(), length))
    digits = function("REPLACE", offset, text(":"), text(""))
    minutes = function("RPAD", function("SUBSTR", digits, literal(2)), literal(4), text("0"))
    hours = cast(function("LEFT", minutes.copy(), literal(2)), WIDE)
    rest = cast(function("RIGHT", minutes, literal(2)), WIDE)
    total = exp.Add(this=exp.Mul(this=hours, expression=literal(60)), expression=rest)
    ahead = exp.Mul(this=exp.Paren(this=total), expression=literal(60 * _MILLION))
    is_behind = exp.EQ(this=function("LEFT", offset.copy(), literal(1)), expression=text("-"))
    shift = when(is_behind, exp.Neg(this=exp.Paren(this=ahead)), ahead.copy())
    return exp.Sub(this=microseconds(local), expression=shift)


def moment(micros: exp.Expr) -> exp.Expr:
    """Return the moment so many microseconds after 1970 began."""
    return cast(function("TO_TIMESTAMP_NTZ", micros, literal(6)), MOMENT)


def _moment_text(value: exp.Expr) -> exp.Expr:
    """Write a moment; its fraction as far as it has one."""
    whole = function("TO_VARCHAR", value.copy(), text("YYYY-MM-DD HH24:MI:SS"))
    digits = function("RTRIM", function("TO_VARCHAR", value.copy(), text("FF6")), text("0"))
    none = exp.EQ(this=digits, expression=text(""))
    fraction = exp.DPipe(this=text("."), expression=digits.copy())
    return exp.DPipe(this=whole, expression=when(none, text(""), fraction))


def seconds(node: exp.Expr, walk: Walk) -> exp.Expr:
    """Translate the seconds since 1970, with their fraction."""
    return exp.Div(this=cast(microseconds(walk(node.this)), "DOUBLE"), expression=literal(_MILLION))


CASTS: dict[type[exp.Expr], Build] = {
    exp.Cast: casted,
    exp.TryCast: try_casted,
    exp.TimeToUnix: seconds,
}
"""Casts, by what is done with a value that has no counterpart."""
TIMES: dict[str, Build] = {
    "HOUR": of_arguments(lambda time: function("HOUR", loose(time))),
    "ISODOW": of_arguments(lambda time: function("DAYOFWEEKISO", time)),
    "EPOCH_US": epoch_us,
    "MAKE_TIMESTAMP": of_arguments(moment),
}
"""Functions of moments."""
