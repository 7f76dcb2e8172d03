"""Spark's words for texts: what is different by a character or a pattern is computed by DuckDB.

Java's regular expressions are others than RE2's, and its capital letters others than DuckDB's.
Only patterns of our own, which mean the same to both, are left to Spark.
"""

from sqlglot import exp

from fig_assets.engines.spark.trees import (
    cast,
    is_known,
    literal,
    loose,
    once,
    when,
)
from fig_assets.engines.translate import Build, Walk, function, of_arguments, renamed, unsupported
from fig_assets.readings import (
    DECIMAL_NUMBER,
    TRUTH_VALUE,
    UTC_TIMESTAMP,
)

FARTHEST = 2**31 - 1
"""Places in a text are 32 bits wide."""

_SAME_IN_JAVA = {
    DECIMAL_NUMBER: DECIMAL_NUMBER,
    TRUTH_VALUE: TRUTH_VALUE,
    UTC_TIMESTAMP: UTC_TIMESTAMP,
}


def at_end(pattern: str) -> str:
    """Return a pattern whose `$` means the very end: to Java it is also before a last newline."""
    return pattern.removesuffix("$") + "\\z"


def regexp_extract(node: exp.Expr, walk: Walk) -> exp.Expr:
    """Translate REGEXP_EXTRACT(text, pattern[, group])."""
    value, pattern, *group = node.expressions
    if pattern.name in _SAME_IN_JAVA:
        written = exp.Literal.string(at_end(_SAME_IN_JAVA[pattern.name]))
        return function("REGEXP_EXTRACT", walk(value), written, literal(0))
    place = group[0].copy() if group else literal(0)
    return function("FIG_REGEXP_EXTRACT", walk(value), pattern.copy(), cast(place, "INT"))


def like(node: exp.Expr, walk: Walk) -> exp.Expr:
    """Translate LIKE without an escape, of which Spark has one where none is named."""
    subject, pattern = walk(node.this), node.expression.unnest()
    if isinstance(pattern, exp.Literal):
        written: exp.Expr = exp.Literal.string(pattern.name.replace("\\", "\\\\"))
    else:
        marks = [exp.Literal.string(mark) for mark in ("\\", "\\\\")]
        written = function("REPLACE", walk(pattern), *marks)
    return exp.Like(this=loose(subject), expression=written)


def escaped(node: exp.Expr, walk: Walk) -> exp.Expr:
    """Translate LIKE ... ESCAPE, which Spark refuses before an ordinary character."""
    subject, pattern = walk(node.this.this), node.this.expression.unnest()
    escape = node.expression.name
    if not isinstance(pattern, exp.Literal):
        mark = exp.Literal.string(escape)
        return function("FIG_LIKE", subject.unnest(), walk(pattern), mark)
    written = exp.Literal.string(_with_backslashes(pattern.name, escape))
    return exp.Like(this=loose(subject), expression=written)


def _with_backslashes(pattern: str, escape: str) -> str:
    found, characters = "", iter(pattern)
    for character in characters:
        if character == escape:
            plain = next(characters, "")
            found += f"\\{plain}" if plain in "%_\\" else plain
        else:
            found += "\\\\" if character == "\\" else character
    return found


def substring(value: exp.Expr, start: exp.Expr, length: exp.Expr | None = None) -> exp.Expr:
    """Return a part of a text."""
    lengths = [] if length is None else [_place(length)]
    return function("SUBSTRING", value, _place(start), *lengths)


def split_part(value: exp.Expr, separator: exp.Expr, place: exp.Expr) -> exp.Expr:
    """Return the part of a text at a place that is not 0; an empty separator parts characters."""
    found = function("SPLIT_PART", value, separator, _place(place))
    if isinstance(separator, exp.Literal) and separator.name:
        return found
    empty = exp.Literal.string("")
    letters = function("SPLIT", value.copy(), empty)
    one = function("ELEMENT_AT", letters, _place(place.copy()))
    is_empty = exp.EQ(this=loose(separator.copy()), expression=empty.copy())
    known = [is_known(loose(part.copy())) for part in (value, place)]
    letter = exp.Coalesce(this=one, expressions=[empty.copy()])
    return when(exp.and_(is_empty, *known, copy=False), letter, found)


def _place(tree: exp.Expr) -> exp.Expr:
    """Return a bigint as an INT, the farthest place where it is farther."""
    if isinstance(tree, exp.Literal) and abs(int(tree.name)) <= FARTHEST:
        return tree

    def within(v: exp.Expr) -> exp.Expr:
        high = exp.If(
            this=exp.GT(this=loose(v), expression=literal(FARTHEST)), true=literal(FARTHEST)
        )
        low = exp.If(
            this=exp.LT(this=loose(v.copy()), expression=literal(-FARTHEST)),
            true=literal(-FARTHEST),
        )
        return exp.Case(ifs=[high, low], default=cast(v.copy(), "INT"))

    return once(tree, within)


def trimmed(node: exp.Expr, walk: Walk) -> exp.Expr:
    """Translate TRIM(text, ' ')."""
    value, blank = node.expressions
    if blank.name != " ":
        raise unsupported("Spark", f"TRIM of '{blank.name}'")
    return function("TRIM", walk(value))


def pieces(node: exp.Expr, walk: Walk) -> exp.Expr:
    """Translate STRING_SPLIT(text, ''), which gives the characters."""
    value, separator = node.expressions
    if separator.name:
        raise unsupported("Spark", f"STRING_SPLIT at '{separator.name}'")
    return function("SPLIT", walk(value), separator.copy())


def translated(node: exp.Expr, walk: Walk) -> exp.Expr:
    """Translate TRANSLATE."""
    return function("TRANSLATE", *map(walk, node.expressions))


def contains_text(values: exp.Expr, value: exp.Expr) -> exp.Expr:
    """Return whether one of some texts is `value`; not NULL because one of them is."""
    found = function("ARRAY_CONTAINS", values, value)
    known = exp.and_(is_known(values.copy()), is_known(loose(value.copy())), copy=False)
    return exp.Coalesce(this=found, expressions=[when(known, exp.false())])


TEXTS: dict[str, Build] = {
    "LOWER": renamed("FIG_LOWER"),
    "UPPER": renamed("FIG_UPPER"),
    "REGEXP_MATCHES": renamed("FIG_REGEXP_MATCHES"),
    "REGEXP_EXTRACT": regexp_extract,
    "LENGTH": renamed("CHAR_LENGTH"),
    "STRLEN": renamed("OCTET_LENGTH"),
    "SUBSTRING": of_arguments(substring),
    "SPLIT_PART": of_arguments(split_part),
    "TRIM": trimmed,
    "REPLACE": renamed("REPLACE"),
    "CONTAINS": renamed("CONTAINS"),
    "STARTS_WITH": renamed("STARTSWITH"),
    "ENDS_WITH": renamed("ENDSWITH"),
    "STRING_SPLIT": pieces,
    "TRANSLATE": translated,
    "CHR": renamed("CHAR"),
    "LEVENSHTEIN": renamed("LEVENSHTEIN"),
    "JARO_WINKLER_SIMILARITY": renamed("FIG_JARO_WINKLER"),
    "MD5": renamed("MD5"),
    "HASH": renamed("XXHASH64"),
    "ARRAY_TO_STRING": renamed("ARRAY_JOIN"),
    "LIST_CONTAINS": of_arguments(contains_text),
}
"""Functions of texts, and of lists of them."""
