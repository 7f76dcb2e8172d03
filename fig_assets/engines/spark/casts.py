"""Spark's words for types, casts and moments: the same value, or NULL where there is none."""

from sqlglot import exp

from fig_assets.engines.spark.numbers import unsigned, whole
from fig_assets.engines.spark.texts import at_end
from fig_assets.engines.spark.trees import cast, literal, loose, once, try_cast
from fig_assets.engines.translate import Build, Walk, function, of_arguments, unsupported
from fig_assets.readings import (
    NUMBERS,
    OFFSET_TIMESTAMP,
    SOURCE,
    STRICT_JSON,
    UTC_TIMESTAMP,
    WHOLE_NUMBER,
)

_TYPES = {
    exp.DType.VARCHAR: "STRING",
    exp.DType.TEXT: "STRING",
    exp.DType.BIGINT: "BIGINT",
    exp.DType.INT: "INT",
    exp.DType.DOUBLE: "DOUBLE",
    exp.DType.BOOLEAN: "BOOLEAN",
    exp.DType.DATE: "DATE",
    exp.DType.TIMESTAMP: "TIMESTAMP_NTZ",
    exp.DType.TIMESTAMPNTZ: "TIMESTAMP_NTZ",
    exp.DType.INT128: "DECIMAL(38, 0)",
}
_SIGNED_DIGITS = "^([+-]?[0-9]+)(?:\\.0*)?$"
_MOMENT = "^(.*?)Z?$"
_LOCAL = "^(.*[0-9])[+-][0-9]{2}(?::?[0-9]{2})?$"
_SIGN_AND_HOURS, _MINUTES = "([+-][0-9]{2})(?::?[0-9]{2})?$", "([+-])[0-9]{2}:?([0-9]{2})$"
_A_TIME = "^.{10}[ T].*"


def spark_type(kind: exp.DataType) -> str:
    """Name the type of a column in Spark.

    Raises:
        UnsupportedOnEngine: there is none.
    """
    if kind.this in (exp.DType.ARRAY, exp.DType.LIST):
        (element,) = kind.expressions
        return f"ARRAY<{spark_type(element)}>"
    if kind.this not in _TYPES:
        raise unsupported("Spark", f"the type {kind.sql('duckdb')}")
    return _TYPES[kind.this]


def casted(node: exp.Expr, walk: Walk) -> exp.Expr:
    """Translate CAST."""
    kind = _kind(node)
    if kind.this == exp.DType.UBIGINT:
        return unsigned(node, walk)
    to = spark_type(kind)
    if to == "STRING" and node.meta.get(SOURCE) == "float":
        return function("FIG_FLOAT_TEXT", walk(node.this))
    return cast(walk(node.this), to)


def try_casted(node: exp.Expr, walk: Walk) -> exp.Expr:
    """Translate TRY_CAST, of a text as it is read by a pattern of ours."""
    read, kind = _read_by(node.this), _kind(node)
    if kind.this == exp.DType.JSON:
        return function("FIG_PARSE_JSON", *_read(node.this, walk, STRICT_JSON))
    if kind.this == exp.DType.TIMESTAMPTZ:
        return _zoned(_read(node.this, walk, OFFSET_TIMESTAMP)[0])
    if kind.this in (exp.DType.ARRAY, exp.DType.LIST):
        return function("FIG_NUMBERS", *_read(node.this, walk, NUMBERS))
    to = spark_type(kind)
    if to == "BIGINT" and read == WHOLE_NUMBER:
        value = walk(node.this.expressions[0])
        return try_cast(_group(value, _SIGNED_DIGITS, 1), to)
    if to == "BIGINT":
        return whole(walk(node.this))
    if read == UTC_TIMESTAMP:
        return try_cast(_group(walk(node.this), _MOMENT, 1), to)
    return try_cast(walk(node.this), to)


def _kind(node: exp.Expr) -> exp.DataType:
    kind = node.args["to"]
    if not isinstance(kind, exp.DataType):
        raise unsupported("Spark", f"the type {kind}")
    return kind


def _read_by(tree: exp.Expr) -> str:
    if isinstance(tree, exp.Anonymous) and tree.name == "REGEXP_EXTRACT":
        return str(tree.expressions[1].name)
    return ""


def _read(tree: exp.Expr, walk: Walk, pattern: str) -> list[exp.Expr]:
    if _read_by(tree) != pattern:
        raise unsupported("Spark", "a cast of what was not looked at before")
    return [walk(tree.expressions[0]), exp.Literal.string(pattern)]


def _group(value: exp.Expr, pattern: str, group: int) -> exp.Expr:
    return function("REGEXP_EXTRACT", value, exp.Literal.string(at_end(pattern)), literal(group))


def _zoned(value: exp.Expr) -> exp.Expr:
    """Return the UTC moment of a text with an offset, which may be larger than Java allows."""

    def read(written: exp.Expr) -> exp.Expr:
        local = try_cast(_group(written, _LOCAL, 1), "TIMESTAMP_NTZ")
        hours = try_cast(_group(written.copy(), _SIGN_AND_HOURS, 1), "INT")
        digits = [_group(written.copy(), _MINUTES, group) for group in (1, 2)]
        found = try_cast(function("CONCAT", *digits), "INT")
        minutes = exp.Coalesce(this=found, expressions=[literal(0)])
        sixty = exp.Mul(this=hours, expression=literal(60))
        behind = exp.Neg(this=exp.Paren(this=exp.Add(this=sixty, expression=minutes)))
        return function("TIMESTAMPADD", exp.Var(this="MINUTE"), behind, local)

    return once(_group(value, OFFSET_TIMESTAMP, 0), read)


def microseconds(moment: exp.Expr) -> exp.Expr:
    """Return the microseconds since 1970."""
    return function("UNIX_MICROS", cast(moment, "TIMESTAMP_LTZ"))


def moment(micros: exp.Expr) -> exp.Expr:
    """Return the moment so many microseconds after 1970 began."""
    return cast(function("TIMESTAMP_MICROS", micros), "TIMESTAMP_NTZ")


def iso_weekday(time: exp.Expr) -> exp.Expr:
    """Return the day of the week, from 1 for Monday."""
    return exp.Add(this=function("WEEKDAY", time), expression=literal(1))


def seconds(node: exp.Expr, walk: Walk) -> exp.Expr:
    """Translate the seconds since 1970, with their fraction."""
    million = exp.Literal(this="1e6", is_string=False)
    return exp.Div(this=microseconds(loose(walk(node.this))), expression=million)


CASTS: dict[type[exp.Expr], Build] = {
    exp.Cast: casted,
    exp.TryCast: try_casted,
    exp.TimeToUnix: seconds,
}
"""Casts, by what is done with a value that has no counterpart."""

TIMES: dict[str, Build] = {
    "HOUR": of_arguments(lambda time: function("HOUR", time)),
    "ISODOW": of_arguments(iso_weekday),
    "EPOCH_US": of_arguments(microseconds),
    "MAKE_TIMESTAMP": of_arguments(moment),
}
"""Functions of moments."""
