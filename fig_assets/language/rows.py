"""The row functions: what each takes, gives and means, and its DuckDB tree."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot import exp

from fig_assets.language.arrays import (
    array_contains,
    array_join,
    array_regexp_like,
    array_size,
)
from fig_assets.language.distances import Build, by_character, haversine
from fig_assets.language.duck import (
    attempt,
    call,
    cast,
    finite,
    hashed,
    let,
    number,
    operand,
    parsed_json,
    text,
    when,
)
from fig_assets.language.paths import json_path_of
from fig_assets.language.texts import concat, replace
from fig_assets.language.types import BIGINT, BOOLEAN, DATE, FLOAT, JSON, STRING, Type

MICROSECONDS = {
    "microsecond": 1,
    "millisecond": 1_000,
    "second": 1_000_000,
    "minute": 60_000_000,
    "hour": 3_600_000_000,
    "day": 86_400_000_000,
    "week": 604_800_000_000,
}
"""The units of @TIMESTAMP_DIFF."""

_FARTHEST = 4_000_000_000
"""DuckDB refuses places in a string beyond 32 bits."""


@dataclass(frozen=True)
class RowFunction:
    """One row function.

    `arguments` is its signature: `name kind` separated by commas, `?` marking an optional and
    `...` a repeated one. `result` is a type, or None for the common type of its arguments.
    """

    arguments: str
    result: Type | None
    example: str
    duckdb: Build
    on_null: str = "NULL"
    on_bad_input: str = "none possible"


def literal_of(tree: exp.Expr) -> str | int:
    """Return the value of a literal argument: a string, or a whole number."""
    return tree.name if tree.is_string else int(tree.name)


def _plain(name: str, to: str = "") -> Build:
    def build(arguments: Sequence[exp.Expr]) -> exp.Expr:
        tree = call(name, *arguments)
        return cast(tree, to) if to else tree

    return build


def _get(arguments: Sequence[exp.Expr]) -> exp.Expr:
    json, key = arguments
    found = call("JSON_EXTRACT", json, text(json_path_of((literal_of(key),))))
    return call("NULLIF", found, text("null"))


def _if(arguments: Sequence[exp.Expr]) -> exp.Expr:
    condition, value, otherwise = arguments
    return when(condition, value, otherwise)


def _nullif(arguments: Sequence[exp.Expr]) -> exp.Expr:
    def body(value: exp.Expr) -> exp.Expr:
        equal = exp.EQ(this=operand(value), expression=operand(arguments[1]))
        return when(equal, exp.null(), value.copy())

    return let(arguments[0], body)


def _coalesce(arguments: Sequence[exp.Expr]) -> exp.Expr:
    return exp.Coalesce(this=arguments[0], expressions=list(arguments[1:]))


def _within(value: exp.Expr, low: int, high: int) -> exp.Case:
    below = exp.If(this=exp.LT(this=value, expression=number(low)), true=number(low))
    above = exp.If(this=exp.GT(this=value.copy(), expression=number(high)), true=number(high))
    return exp.Case(ifs=[below, above], default=value.copy())


def _start(value: exp.Expr) -> exp.Expr:
    first = exp.If(this=exp.EQ(this=value.copy(), expression=number(0)), true=number(1))
    bounded = _within(value, -_FARTHEST, _FARTHEST)
    return exp.Case(ifs=[first, *bounded.args["ifs"]], default=bounded.args["default"])


def _substr(arguments: Sequence[exp.Expr]) -> exp.Expr:
    lengths = [let(length, lambda v: _within(v, 0, _FARTHEST)) for length in arguments[2:]]
    return call("SUBSTRING", arguments[0], let(arguments[1], _start), *lengths)


def _split_part(arguments: Sequence[exp.Expr]) -> exp.Expr:
    def place(value: exp.Expr) -> exp.Expr:
        return when(exp.NEQ(this=value, expression=number(0)), value.copy())

    return call("SPLIT_PART", arguments[0], arguments[1], let(arguments[2], place))


def _regexp_extract(arguments: Sequence[exp.Expr]) -> exp.Expr:
    pattern = arguments[1]
    group = arguments[2] if len(arguments) > 2 else number(0)

    def body(value: exp.Expr) -> exp.Expr:
        found = call("REGEXP_MATCHES", value, pattern)
        return when(found, call("REGEXP_EXTRACT", value.copy(), pattern.copy(), group))

    return let(arguments[0], body)


def _positive(name: str, comparison: type[exp.Binary]) -> Build:
    def build(arguments: Sequence[exp.Expr]) -> exp.Expr:
        def body(value: exp.Expr) -> exp.Expr:
            allowed = comparison(this=operand(value), expression=number(0))
            return when(allowed, call(name, value.copy()))

        return let(arguments[0], body)

    return build


def _finite(name: str) -> Build:
    return lambda arguments: finite(call(name, *arguments))


def _timestamp_diff(arguments: Sequence[exp.Expr]) -> exp.Expr:
    unit, start, end = arguments
    between = exp.Sub(this=call("EPOCH_US", end), expression=call("EPOCH_US", start))
    size = MICROSECONDS[str(literal_of(unit)).lower().removesuffix("s")]
    whole = attempt(between)
    return whole if size == 1 else exp.IntDiv(this=whole, expression=number(size))


def _is_null(arguments: Sequence[exp.Expr]) -> exp.Expr:
    return exp.Is(this=operand(arguments[0]), expression=exp.null())


def _first(arguments: Sequence[exp.Expr]) -> exp.Expr:
    return arguments[0]


_NO_ARRAY = "no JSON array: NULL"
_OUT_OF_RANGE = "overflow gives NULL"
_TOO_LONG = "a result beyond 16 MiB: NULL"
_MANY_CHARACTERS = (
    "lengths whose product is beyond 1,000,000: NULL; "
    "beyond ASCII, more than 127 different characters in both: NULL"
)

ROW_FUNCTIONS: dict[str, RowFunction] = {
    "ARRAY_SIZE": RowFunction(
        "array json",
        BIGINT,
        "@ARRAY_SIZE($ip_chain)",
        array_size,
        on_bad_input=_NO_ARRAY,
    ),
    "ARRAY_CONTAINS": RowFunction(
        "array json, value text",
        BOOLEAN,
        "@ARRAY_CONTAINS($roles, 'admin')",
        array_contains,
        on_bad_input=_NO_ARRAY,
    ),
    "ARRAY_JOIN": RowFunction(
        "array json, separator separator",
        STRING,
        "@ARRAY_JOIN($roles, ', ')",
        array_join,
        on_bad_input=_NO_ARRAY,
    ),
    "ARRAY_REGEXP_LIKE": RowFunction(
        "array json, pattern pattern",
        BOOLEAN,
        "@ARRAY_REGEXP_LIKE($emails, '@evil[.]example$')",
        array_regexp_like,
        on_bad_input=f"{_NO_ARRAY}; an illegal pattern (RE2) is refused when read",
    ),
    "PARSE_JSON": RowFunction(
        "text string",
        JSON,
        "@PARSE_JSON($ip_chain)",
        lambda a: parsed_json(a[0]),
        on_bad_input="malformed JSON (NaN and Infinity are no JSON): NULL; so is JSON's null",
    ),
    "GET": RowFunction(
        "value json, key key",
        JSON,
        "@GET($client, 'ip')::string",
        _get,
        on_bad_input="no such key or place, or JSON's null there: NULL",
    ),
    "COALESCE": RowFunction(
        "value any...",
        None,
        "@COALESCE($country, 'unknown')",
        _coalesce,
        on_null="the first value that is not NULL",
    ),
    "IF": RowFunction(
        "condition boolean, then any, else any",
        None,
        "@IF($is_vip, 1, 0)",
        _if,
        on_null="a NULL condition gives the last value",
    ),
    "NULLIF": RowFunction(
        "value any, other any",
        None,
        "@NULLIF($country, '')",
        _nullif,
        on_null="NULL where the value is NULL",
    ),
    "LOWER": RowFunction("text string", STRING, "@LOWER($email)", _plain("LOWER")),
    "UPPER": RowFunction("text string", STRING, "@UPPER($country)", _plain("UPPER")),
    "TRIM": RowFunction(
        "text string", STRING, "@TRIM($name)", lambda a: call("TRIM", a[0], text(" "))
    ),
    "LENGTH": RowFunction("text string", BIGINT, "@LENGTH($name)", _plain("LENGTH")),
    "CONCAT": RowFunction(
        "value text...",
        STRING,
        "@CONCAT($country, '-', $asn)",
        concat,
        on_bad_input=_TOO_LONG,
    ),
    "SUBSTR": RowFunction(
        "text string, start bigint, length bigint?",
        STRING,
        "@SUBSTR($ip, 1, 7)",
        _substr,
        on_bad_input="beyond the text: empty; a start of 0 is 1, below 0 counts from the end",
    ),
    "REPLACE": RowFunction(
        "text string, old string, new string",
        STRING,
        "@REPLACE($name, ' ', '')",
        replace,
        on_bad_input=f"an empty old text changes nothing; {_TOO_LONG}",
    ),
    "SPLIT_PART": RowFunction(
        "text string, separator string, place bigint",
        STRING,
        "@SPLIT_PART($email, '@', 2)",
        _split_part,
        on_bad_input="no such place: empty; place 0: NULL; below 0 counts from the end",
    ),
    "CONTAINS": RowFunction(
        "text string, part string", BOOLEAN, "@CONTAINS($agent, 'curl')", _plain("CONTAINS")
    ),
    "STARTS_WITH": RowFunction(
        "text string, part string", BOOLEAN, "@STARTS_WITH($ip, '10.')", _plain("STARTS_WITH")
    ),
    "ENDS_WITH": RowFunction(
        "text string, part string", BOOLEAN, "@ENDS_WITH($email, '.edu')", _plain("ENDS_WITH")
    ),
    "REGEXP_LIKE": RowFunction(
        "text string, pattern pattern",
        BOOLEAN,
        "@REGEXP_LIKE($agent, '(?i)bot')",
        _plain("REGEXP_MATCHES"),
        on_bad_input="an illegal pattern (RE2) is refused when read",
    ),
    "REGEXP_EXTRACT": RowFunction(
        "text string, pattern pattern, group group?",
        STRING,
        "@REGEXP_EXTRACT($email, '@(.*)', 1)",
        _regexp_extract,
        on_bad_input="no match: NULL; an illegal pattern (RE2) is refused when read",
    ),
    "ABS": RowFunction(
        "x number",
        None,
        "@ABS($balance)",
        lambda a: attempt(call("ABS", *a)),
        on_bad_input=_OUT_OF_RANGE,
    ),
    "ROUND": RowFunction("x number, digits digits?", None, "@ROUND($rate, 2)", _plain("ROUND")),
    "FLOOR": RowFunction("x number", None, "@FLOOR($rate)", _plain("FLOOR")),
    "CEIL": RowFunction("x number", None, "@CEIL($rate)", _plain("CEIL")),
    "LN": RowFunction(
        "x float",
        FLOAT,
        "@LN($bytes)",
        _positive("LN", exp.GT),
        on_bad_input="zero or below: NULL",
    ),
    "EXP": RowFunction(
        "x float", FLOAT, "@EXP($score)", _finite("EXP"), on_bad_input=_OUT_OF_RANGE
    ),
    "SQRT": RowFunction(
        "x float",
        FLOAT,
        "@SQRT($bytes)",
        _positive("SQRT", exp.GTE),
        on_bad_input="below zero: NULL",
    ),
    "POWER": RowFunction(
        "base float, exponent float",
        FLOAT,
        "@POWER($score, 2)",
        _finite("POWER"),
        on_bad_input="no finite real result: NULL",
    ),
    "LEAST": RowFunction(
        "value any...",
        None,
        "@LEAST($a, $b)",
        _plain("LEAST"),
        on_null="NULLs are left out; NULL where all are",
    ),
    "GREATEST": RowFunction(
        "value any...",
        None,
        "@GREATEST($a, 0)",
        _plain("GREATEST"),
        on_null="NULLs are left out; NULL where all are",
    ),
    "HOUR": RowFunction("time timestamp", BIGINT, "@HOUR($event_time)", _plain("HOUR", "BIGINT")),
    "DAY_OF_WEEK": RowFunction(
        "time timestamp", BIGINT, "@DAY_OF_WEEK($event_time)", _plain("ISODOW", "BIGINT")
    ),
    "DATE": RowFunction(
        "time day", DATE, "@DATE($event_time)", _first, on_bad_input="no ISO 8601 text: NULL"
    ),
    "TIMESTAMP_DIFF": RowFunction(
        "unit unit, start timestamp, end timestamp",
        BIGINT,
        "@TIMESTAMP_DIFF('minute', $start_time, $end_time)",
        _timestamp_diff,
        on_bad_input=_OUT_OF_RANGE,
    ),
    "HASH": RowFunction("value text", BIGINT, "@HASH($email)", lambda a: hashed(a[0])),
    "LEVENSHTEIN": RowFunction(
        "a string, b string",
        BIGINT,
        "@LEVENSHTEIN($sender, $vip)",
        by_character("LEVENSHTEIN"),
        on_bad_input=_MANY_CHARACTERS,
    ),
    "JARO_WINKLER": RowFunction(
        "a string, b string",
        FLOAT,
        "@JARO_WINKLER($sender, $vip)",
        by_character("JARO_WINKLER_SIMILARITY"),
        on_bad_input=_MANY_CHARACTERS,
    ),
    "HAVERSINE_KM": RowFunction(
        "lat1 float, lon1 float, lat2 float, lon2 float",
        FLOAT,
        "@HAVERSINE_KM($lat, $lon, $home_lat, $home_lon)",
        haversine,
        on_bad_input="degrees out of range: NULL",
    ),
    "IS_NULL": RowFunction("value any", BOOLEAN, "@IS_NULL($country)", _is_null, on_null="TRUE"),
}
"""Every row function but DIVIDE and MOD, which are operators; see `fig_assets.language.lower`."""
