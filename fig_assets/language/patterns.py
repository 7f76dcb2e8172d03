"""LIKE and ILIKE: whether a whole text matches a pattern of % and _, as DuckDB trees."""

import re

from sqlglot import exp

from fig_assets.language.duck import call, let, operand, text, when


class BadEscape(Exception):
    """The escape is unusable, or the pattern ends in it; `fix` is a mend that can be pasted."""

    def __init__(self, message: str, fix: str = "") -> None:
        super().__init__(message)
        self.fix = fix


def like(
    subject: exp.Expr, pattern: exp.Expr, escape: str | None, *, ignore_case: bool
) -> exp.Expr:
    """Return whether `subject` matches `pattern`; ILIKE compares both in lower case.

    A pattern that ends in an `escape` with nothing to escape gives NULL.

    Raises:
        BadEscape: `escape` is unusable, or the literal `pattern` ends in it.
    """
    is_literal = isinstance(pattern, exp.Literal)
    if escape is not None:
        _check(escape, pattern.name if is_literal else "", ignore_case=ignore_case)
    if ignore_case:
        subject, pattern = call("LOWER", subject), call("LOWER", pattern)
    if escape is None:
        return exp.Like(this=operand(subject), expression=operand(pattern))
    if is_literal:
        return _escaped(subject, pattern, escape)

    def body(value: exp.Expr) -> exp.Expr:
        # DuckDB fails where it comes to such an end, and not where the text differs before.
        has_open_end = call("REGEXP_MATCHES", value, text(_open_end(escape)))
        matched = _escaped(subject, value.copy(), escape)
        return when(exp.Not(this=has_open_end), matched)

    return let(pattern, body)


def _escaped(subject: exp.Expr, pattern: exp.Expr, escape: str) -> exp.Expr:
    matched = exp.Like(this=operand(subject), expression=operand(pattern))
    return exp.Escape(this=matched, expression=text(escape))


def _open_end(escape: str) -> str:
    """Return the regular expression of patterns that end in an odd number of escapes."""
    one = re.escape(escape)
    return f"(?s)(?:^|[^{one}])(?:{one}{one})*{one}\\z"


def _check(escape: str, pattern: str, *, ignore_case: bool) -> None:
    if len(escape) != 1 or not " " <= escape <= "~" or escape in "%_":
        message = "the escape is one character of ASCII, and neither % nor _"
        raise BadEscape(message, "write ESCAPE '\\'")
    if ignore_case and escape.isalpha():
        raise BadEscape("the escape of ILIKE is no letter", "write ESCAPE '\\'")
    ending = len(pattern) - len(pattern.rstrip(escape))
    if ending % 2:
        message = f"the pattern ends in {escape}, with nothing to escape"
        raise BadEscape(message, f"double it: '{pattern}{escape}'")
