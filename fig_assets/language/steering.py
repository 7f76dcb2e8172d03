"""Literal arguments that steer a function: patterns, units, digits, keys; checked when read."""

import re
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc
from sqlglot import exp

from fig_assets.language.rows import MICROSECONDS
from fig_assets.language.tree import blame

MAX_SEPARATOR = 100
"""The longest separator of joined texts, in characters."""

MAX_GROUP = 9
"""The last capture group that DuckDB can extract."""


def setting(
    node: exp.Anonymous, argument: exp.Expr, kind: str, before: Sequence[exp.Expr]
) -> exp.Expr:
    """Return a literal argument of `kind`; `before` are the arguments to its left.

    Raises:
        ExpressionError: the argument is no literal of that kind, or RE2 refuses the pattern.
    """
    if not isinstance(argument, exp.Literal):
        raise blame(argument, f"@{node.name} takes a literal here, not an expression")
    whole = not argument.is_string and argument.name.isdigit()
    match kind:
        case "pattern" if argument.is_string:
            _check_pattern(argument, 0)
        case "unit" if argument.name.lower().removesuffix("s") in MICROSECONDS:
            pass
        case "digits" if whole and int(argument.name) <= 15:
            pass
        case "group" if whole and int(argument.name) <= MAX_GROUP:
            _check_pattern(before[1], int(argument.name), argument)
        case "separator" if argument.is_string and len(argument.name) <= MAX_SEPARATOR:
            pass
        case "key" if argument.is_string and "\0" not in argument.name:
            pass
        case "key" if whole and int(argument.name) <= 1_000_000:
            pass
        case _:
            raise blame(argument, f"@{node.name} takes {_SETTINGS[kind]} here")
    return exp.Literal(this=argument.this, is_string=argument.is_string)


_SETTINGS = {
    "pattern": "a regular expression in quotes",
    "unit": f"one of {', '.join(MICROSECONDS)} in quotes",
    "digits": "a whole number from 0 to 15",
    "group": f"a whole number from 0 to {MAX_GROUP}",
    "separator": f"a text of at most {MAX_SEPARATOR} characters in quotes",
    "key": "a key in quotes or a place counted from 0",
}


def _check_pattern(pattern: exp.Expr, group: int, blamed: exp.Expr | None = None) -> None:
    # Arrow and DuckDB compile patterns with the same library, RE2.
    text = pa.array(["x"])
    try:
        pc.replace_substring_regex(text, pattern=pattern.name, replacement=f"\\{group}")
    except pa.ArrowInvalid as refusal:
        message = f"the pattern is refused: {refusal}"
        raise blame(blamed or pattern, message, pattern_mend(pattern.name, group)) from refusal


def pattern_mend(pattern: str, group: int = 0) -> str:
    """Word what to do about a regular expression that RE2 refuses, or that has no such group."""
    if group:
        return "write the number of a ( ) that the pattern has; 0 is the whole match"
    if re.search(r"\(\?(?:<?[=!])|\\[1-9]|\(\?P=", pattern):
        return "use RE2 syntax: no lookaround, no backreferences"
    return "close every bracket; write [(] or [*] for a bracket or star of the text itself"
