"""Text of an expression -> its tokens, each with its place."""

import re
from dataclasses import dataclass

from fig_assets.language.tree import ExpressionError

_TOKEN = re.compile(
    r"""(?P<space>\s+)
    |(?P<string>'(?:[^']|'')*')
    |(?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?(?![A-Za-z0-9_.]))
    |(?P<reference>\$[A-Za-z_][A-Za-z0-9_]*(?:@[0-9]{1,9}(?![0-9A-Za-z_]))?)
    |(?P<function>@[A-Za-z_][A-Za-z0-9_]*)
    |(?P<word>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<comment>--|/\*)
    |(?P<foreign>==|&&|!(?!=))
    |(?P<operator>::|<>|!=|<=|>=|\|\||[-+*/%=<>(),])
    |(?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)

_STATEMENTS = frozenset({"SELECT", "WITH", "INSERT", "UPDATE", "DELETE", "DROP", "COPY", "ATTACH"})
_KEYWORDS = frozenset(
    [
        "AND",
        "OR",
        "NOT",
        "IN",
        "BETWEEN",
        "LIKE",
        "ILIKE",
        "ESCAPE",
        "IS",
        "NULL",
        "TRUE",
        "FALSE",
        "CASE",
        "WHEN",
        "THEN",
        "ELSE",
        "END",
        "FILTER",
        "WHERE",
    ]
)


_FOREIGN = {"==": "=", "&&": "AND", "!": "NOT"}
"""Operators of other languages, and how they are written here."""


@dataclass(frozen=True)
class Token:
    """One word of an expression; offsets into its text, half-open."""

    kind: str
    text: str
    start: int
    end: int

    @property
    def word(self) -> str:
        """The keyword or operator in upper case, or nothing for other tokens."""
        return self.text.upper() if self.kind in ("word", "operator") else ""


def tokens_of(text: str) -> list[Token]:
    """Return the tokens of `text`; the last one is of kind `end` and empty.

    Raises:
        ExpressionError: a comment, an open string or a character without meaning.
    """
    tokens: list[Token] = []
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or "other"
        token = Token(kind, match.group(), match.start(), match.end())
        if kind in ("other", "comment", "foreign"):
            raise _unreadable(text, token)
        if kind != "space":
            tokens.append(token)
    return [*tokens, Token("end", "", len(text), len(text))]


def _unreadable(text: str, token: Token) -> ExpressionError:
    start, end = token.start, token.end
    if token.kind == "foreign":
        mend = _FOREIGN[token.text]
        return ExpressionError(f"'{token.text}' is written {mend}", start, end, f"write {mend}")
    if token.kind == "comment":
        return ExpressionError("comments are not part of an expression", start, end)
    match token.text:
        case "'":
            return ExpressionError("the string has no closing quote", start, len(text), "add a '")
        case '"' | "`":
            message = "double quotes and backticks have no meaning here"
            if (close := text.find(token.text, end)) < 0:
                fix = "write strings in single quotes: 'text'"
                return ExpressionError(message, start, end, fix)
            quoted = text[end:close].replace("'", "''")
            return ExpressionError(message, start, close + 1, f"write '{quoted}'")
        case "\u2018" | "\u2019" | "\u201c" | "\u201d":
            message = f"the typographic quote {token.text} is no quote here"
            return ExpressionError(message, start, end, "write '")
        case ";":
            return ExpressionError("one expression, not several statements", start, end)
        case "$" | "@":
            return ExpressionError(f"a name must follow '{token.text}'", start, end)
        case _ if token.text.isdigit():
            return ExpressionError("this is no number", start, end, "write 1, 1.5 or 1e5")
        case _:
            return ExpressionError(f"the character {token.text!r} has no meaning here", start, end)


def stranger(token: Token, after: Token) -> ExpressionError:
    """Return the error that says why the word `token`, before `after`, is no value."""
    word = token.word
    if word in _STATEMENTS:
        message = "an expression is expected, not a statement or a subquery"
        return ExpressionError(message, token.start, token.end)
    if after.word == "(" and word not in _KEYWORDS:
        message = f"functions are written with '@', not '{token.text}('"
        return ExpressionError(message, token.start, token.end, f"write @{word}(")
    if word in _KEYWORDS:
        return ExpressionError(f"'{token.text}' is not expected here", token.start, token.end)
    message = f"columns are written with '$', not '{token.text}'"
    return ExpressionError(message, token.start, token.end, f"write ${token.text.lower()}")
