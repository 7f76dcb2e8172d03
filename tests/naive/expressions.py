"""The text of an expression -> a tree -> a value. A grammar of ten rules, lowest binding first.

either      := both (OR both)*
both        := negation (AND negation)*
negation    := NOT negation | comparison
comparison  := sum [(= | <> | != | < | <= | > | >=) sum | IS [NOT] (NULL | TRUE | FALSE)
                    | IS [NOT] DISTINCT FROM sum | [NOT] IN (list) | [NOT] BETWEEN sum AND sum
                    | [NOT] (LIKE | ILIKE) sum [ESCAPE text]]
sum         := product ((+ | - | ||) product)*
product     := sign ((* | / | %) sign)*
sign        := (- | +) sign | cast
cast        := primary (::type)*
primary     := literal | $name[@N] | @NAME(list) [FILTER (WHERE either)] | (either) | CASE ...
               | CAST(either AS type)
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

from tests.naive.aggregates import AGGREGATES
from tests.naive.functions import FUNCTIONS
from tests.naive.values import Value

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')"
    r"|(?P<name>\$[A-Za-z_][A-Za-z0-9_]*(?:@[0-9]+)?)"
    r"|(?P<function>@[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<word>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<sign>::|\|\||<=|>=|<>|!=|[-+*/%=<>(),]))"
)
_COMPARISONS = ("=", "<>", "!=", "<", "<=", ">", ">=")
_CONSTANTS = {"TRUE": True, "FALSE": False, "NULL": None}

Scope: TypeAlias = Callable[[str, int | None], Value]
"""What a name (and version, None: the default one) stands for."""


@dataclass(frozen=True)
class Literal:
    """A constant."""

    value: Value


@dataclass(frozen=True)
class Reference:
    """`$name` or `$name@version`."""

    name: str
    version: int | None


@dataclass(frozen=True)
class Call:
    """A function or an operator over its arguments; `condition` is the FILTER of an aggregate."""

    function: str
    arguments: tuple["Tree", ...]
    condition: "Tree | None" = None


Tree: TypeAlias = Literal | Reference | Call


def evaluate(expression: str, scope: Scope) -> Value:
    """Give the value of a row expression."""
    return _value(parse(expression), scope)


def evaluate_over(expression: str, rows: Sequence[Scope], siblings: Scope) -> Value:
    """Give the value of an expression whose aggregates read `rows`; the rest reads `siblings`.

    Args:
        rows: each with `event_time` and `event_id`, by which FIRST and LAST go.
    """
    return _value_over(parse(expression), rows, siblings)


@cache
def parse(expression: str) -> Tree:
    """Read an expression; text that is not one raises ValueError."""
    return _Parser(expression).whole()


def _value(tree: Tree, scope: Scope) -> Value:
    match tree:
        case Literal(value):
            return value
        case Reference(name, version):
            return scope(name, version)
        case Call(function, arguments):
            return FUNCTIONS[function](*(_value(argument, scope) for argument in arguments))


def _value_over(tree: Tree, rows: Sequence[Scope], siblings: Scope) -> Value:
    if not isinstance(tree, Call):
        return _value(tree, siblings)
    if tree.function not in AGGREGATES:
        values = [_value_over(argument, rows, siblings) for argument in tree.arguments]
        return FUNCTIONS[tree.function](*values)
    if tree.condition is not None:
        rows = [row for row in rows if _value(tree.condition, row) is True]
    [argument] = tree.arguments
    found = [(value, row) for row in rows if (value := _value(argument, row)) is not None]
    if tree.function in ("FIRST", "LAST"):
        found.sort(key=lambda pair: _moment(pair[1], pair[0]))
    return AGGREGATES[tree.function]([value for value, _ in found])


def _moment(row: Scope, value: Value) -> tuple[object, ...]:
    """Order by event time, then event id (none last), then the value itself."""
    event_id = row("event_id", None)
    return row("event_time", None), event_id is None, event_id or "", value


class _Parser:
    """Recursive descent over the tokens of one expression."""

    def __init__(self, expression: str) -> None:
        self._tokens = _tokens(expression)
        self._at = 0

    def whole(self) -> Tree:
        tree = self._either()
        if self._peek() != "":
            raise ValueError(f"unexpected {self._peek()!r}")
        return tree

    def _peek(self) -> str:
        """Give the next token, words in capitals, "" at the end."""
        kind, token = self._tokens[self._at]
        return token.upper() if kind == "word" else token

    def _take(self) -> str:
        self._at += 1
        return self._tokens[self._at - 1][1]

    def _accept(self, *tokens: str) -> bool:
        found = self._peek() in tokens and self._tokens[self._at][0] != "text"
        self._at += found
        return found

    def _expect(self, token: str) -> None:
        if not self._accept(token):
            raise ValueError(f"expected {token!r}, found {self._peek()!r}")

    def _left(self, below: Callable[[], Tree], *operators: str) -> Tree:
        tree = below()
        while self._peek() in operators:
            operator = self._take().upper()
            tree = Call(operator, (tree, below()))
        return tree

    def _either(self) -> Tree:
        return self._left(self._both, "OR")

    def _both(self) -> Tree:
        return self._left(self._negation, "AND")

    def _negation(self) -> Tree:
        return Call("NOT", (self._negation(),)) if self._accept("NOT") else self._comparison()

    def _comparison(self) -> Tree:
        tree = self._sum()
        if self._peek() in _COMPARISONS:
            return Call(self._take().replace("!=", "<>"), (tree, self._sum()))
        if self._accept("IS"):
            negated = self._accept("NOT")
            if self._accept("DISTINCT"):
                self._expect("FROM")
                tree = Call("SAME", (tree, self._sum()))
                return tree if negated else Call("NOT", (tree,))
            if self._peek() not in _CONSTANTS:
                raise ValueError("IS without NULL, TRUE or FALSE")
            tree = Call(f"IS_{self._take().upper()}", (tree,))
        else:
            negated = self._accept("NOT")
            tree = self._membership(tree, negated=negated)
        return Call("NOT", (tree,)) if negated else tree

    def _membership(self, tree: Tree, *, negated: bool) -> Tree:
        if self._accept("IN"):
            self._expect("(")
            return Call("IN", (tree, *self._list()))
        if self._peek() in ("LIKE", "ILIKE"):
            name, pattern = self._take().upper(), self._sum()
            escape = (self._primary(),) if self._accept("ESCAPE") else ()
            return Call(name, (tree, pattern, *escape))
        if self._accept("BETWEEN"):
            low = self._sum()
            self._expect("AND")
            return Call("AND", (Call(">=", (tree, low)), Call("<=", (tree, self._sum()))))
        if negated:
            raise ValueError("NOT without IN, LIKE or BETWEEN")
        return tree

    def _sum(self) -> Tree:
        return self._left(self._product, "+", "-", "||")

    def _product(self) -> Tree:
        return self._left(self._sign, "*", "/", "%")

    def _sign(self) -> Tree:
        if self._accept("-"):
            return Call("NEGATIVE", (self._sign(),))
        return self._sign() if self._accept("+") else self._cast()

    def _cast(self) -> Tree:
        tree = self._primary()
        while self._accept("::"):
            target = self._take()
            if self._accept("("):
                target += f"({self._take()})"
                self._expect(")")
            tree = Call("CAST", (tree, Literal(target)))
        return tree

    def _primary(self) -> Tree:
        kind, token = self._tokens[self._at]
        self._at += 1
        if kind == "text":
            return Literal(token[1:-1].replace("''", "'"))
        if kind == "number":
            return Literal(int(token) if token.isdigit() else float(token))
        if kind == "name":
            name, _, version = token[1:].partition("@")
            return Reference(name, int(version) if version else None)
        if kind == "function":
            return self._call(token[1:].upper())
        if kind == "word" and token.upper() in _CONSTANTS:
            return Literal(_CONSTANTS[token.upper()])
        if kind == "word" and token.upper() == "CASE":
            return self._case()
        if kind == "word" and token.upper() == "CAST":
            return self._written_cast()
        if token != "(":
            raise ValueError(f"unexpected {token!r}")
        tree = self._either()
        self._expect(")")
        return tree

    def _call(self, name: str) -> Tree:
        self._expect("(")
        if self._accept("*"):
            self._expect(")")
            arguments: tuple[Tree, ...] = (Literal(1),)
        else:
            arguments = self._list()
        if name not in FUNCTIONS and name not in AGGREGATES:
            raise ValueError(f"unknown function {name}")
        if not self._accept("FILTER"):
            return Call(name, arguments)
        self._expect("(")
        self._expect("WHERE")
        condition = self._either()
        self._expect(")")
        return Call(name, arguments, condition)

    def _written_cast(self) -> Tree:
        self._expect("(")
        tree = self._either()
        self._expect("AS")
        tree = Call("CAST", (tree, Literal(self._take())))
        self._expect(")")
        return tree

    def _case(self) -> Tree:
        subject = None if self._peek() == "WHEN" else self._either()
        branches: list[Tree] = []
        while self._accept("WHEN"):
            condition = self._either()
            branches.append(condition if subject is None else Call("=", (subject, condition)))
            self._expect("THEN")
            branches.append(self._either())
        branches.append(self._either() if self._accept("ELSE") else Literal(None))
        self._expect("END")
        return Call("CASE", tuple(branches))

    def _list(self) -> tuple[Tree, ...]:
        """Read the arguments up to and with the closing parenthesis."""
        if self._accept(")"):
            return ()
        items = [self._either()]
        while self._accept(","):
            items.append(self._either())
        self._expect(")")
        return tuple(items)


def _tokens(expression: str) -> list[tuple[str, str]]:
    tokens, at, end = [], 0, len(expression.rstrip())
    while at < end:
        found = _TOKEN.match(expression, at)
        if found is None or found.lastgroup is None:
            raise ValueError(f"cannot read {expression[at:]!r}")
        tokens.append((found.lastgroup, found[found.lastgroup]))
        at = found.end()
    return [*tokens, ("end", "")]
