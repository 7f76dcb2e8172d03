"""Snowflake's words for texts: what its regular expressions cannot say is refused."""

import re

from sqlglot import exp

from fig_assets.engines.snowflake.trees import ENGINE, is_known, literal, loose, text, when
from fig_assets.engines.translate import Build, Walk, function, of_arguments, renamed, unsupported

_BEYOND = re.compile(r"\(\?|[*+?}]\?|[*+?}]\+|\\[pPzAQECGXRuUx]|\[\[:")
"""What RE2 reads and Snowflake's regular expressions do not have, or read otherwise."""


def pattern_of(tree: exp.Expr) -> exp.Expr:
    """Return a pattern that means the same to Snowflake.

    Raises:
        UnsupportedOnEngine: it has a part that Snowflake does not have.
    """
    if not isinstance(tree, exp.Literal):
        raise unsupported(ENGINE, "a pattern that is computed")
    found = _BEYOND.search(tree.name.replace("\\\\", ""))
    if found:
        raise unsupported(ENGINE, f"the part {found[0]} of the pattern {tree.name}")
    return tree.copy()


def matches(node: exp.Expr, walk: Walk) -> exp.Expr:
    """Translate REGEXP_MATCHES, a search; Snowflake's REGEXP_LIKE looks at the whole text."""
    value, pattern = node.expressions
    if isinstance(pattern, exp.Literal) and not pattern.name:
        return when(is_known(walk(value)), exp.true())
    place = function("REGEXP_INSTR", walk(value), pattern_of(pattern))
    return exp.GT(this=place, expression=literal(0))


def regexp_extract(node: exp.Expr, walk: Walk) -> exp.Expr:
    """Translate REGEXP_EXTRACT(text, pattern[, group]), which gives '' where nothing is found."""
    value, pattern, *group = node.expressions
    place = int(group[0].name) if group else 0
    more = [literal(1), literal(1), text("e"), literal(place)] if place else []
    subject = walk(value)
    found = function("REGEXP_SUBSTR", subject, pattern_of(pattern), *more)
    nothing = exp.If(
        this=exp.Not(this=exp.Is(this=subject.copy(), expression=exp.null())), true=text("")
    )
    return exp.Coalesce(this=found, expressions=[exp.Case(ifs=[nothing])])


def trimmed(node: exp.Expr, walk: Walk) -> exp.Expr:
    """Translate TRIM(text, characters)."""
    return function("TRIM", *map(walk, node.expressions))


def pieces(node: exp.Expr, walk: Walk) -> exp.Expr:
    """Translate STRING_SPLIT(text, ''), which gives the characters."""
    value, separator = node.expressions
    if separator.name:
        raise unsupported(ENGINE, f"STRING_SPLIT at '{separator.name}'")
    more = [literal(1), literal(1), text("s")]
    return function("REGEXP_SUBSTR_ALL", walk(value), text("."), *more)


def split_part(value: exp.Expr, separator: exp.Expr, place: exp.Expr) -> exp.Expr:
    """Return the part of a text at a place that is not 0; parts between nothing are characters."""
    plain = function("SPLIT_PART", value, separator, place)
    if isinstance(separator, exp.Literal) and separator.name:
        return plain
    is_empty = exp.EQ(this=loose(separator.copy()), expression=text(""))
    one = function("SUBSTR", value.copy(), place.copy(), literal(1))
    return when(is_empty, one, plain)


def similarity(*_: exp.Expr) -> exp.Expr:
    """Refuse: Snowflake's is in percent, and blind to case."""
    raise unsupported(ENGINE, "JARO_WINKLER_SIMILARITY")


TEXTS: dict[str, Build] = {
    "REGEXP_MATCHES": matches,
    "REGEXP_EXTRACT": regexp_extract,
    "TRIM": trimmed,
    "STRING_SPLIT": pieces,
    "SPLIT_PART": of_arguments(split_part),
    "STRLEN": renamed("OCTET_LENGTH"),
    "STARTS_WITH": renamed("STARTSWITH"),
    "ENDS_WITH": renamed("ENDSWITH"),
    "LEVENSHTEIN": renamed("EDITDISTANCE"),
    "JARO_WINKLER_SIMILARITY": of_arguments(similarity),
    **{
        name: renamed(name)
        for name in (
            *("LOWER", "UPPER", "LENGTH", "SUBSTRING", "REPLACE", "CONTAINS"),
            *("TRANSLATE", "CHR", "MD5", "HASH"),
        )
    },
}
"""Functions of texts."""
