"""The grammar of expressions: a small parser that builds sqlglot nodes of a closed set."""

from collections.abc import Callable
from difflib import get_close_matches

from sqlglot import exp

from fig_assets.language.cursor import Cursor
from fig_assets.language.tokens import Token, stranger
from fig_assets.language.tree import (
    AGGREGATES,
    Expression,
    ExpressionError,
    Reference,
    blame,
    mark,
    reference_of,
    span,
)
from fig_assets.language.types import parse_type, sql_type

MAX_LENGTH = 100_000
MAX_ARGUMENTS = 1_000
MAX_DEPTH = 32
"""The deepest nesting; a step of a chain of `+`, `-` or `*` counts a third of a level."""
_NESTING, _CHAINING = 3, 1

_COMPARISONS: dict[str, type[exp.Binary]] = {
    "=": exp.EQ,
    "<>": exp.NEQ,
    "!=": exp.NEQ,
    "<": exp.LT,
    "<=": exp.LTE,
    ">": exp.GT,
    ">=": exp.GTE,
}
_ARITHMETIC: dict[str, Callable[[exp.Expr, exp.Expr], exp.Expr]] = {
    "+": lambda left, right: exp.Add(this=left, expression=right),
    "-": lambda left, right: exp.Sub(this=left, expression=right),
    "*": lambda left, right: exp.Mul(this=left, expression=right),
    "/": lambda left, right: exp.Anonymous(this="DIVIDE", expressions=[left, right]),
    "%": lambda left, right: exp.Anonymous(this="MOD", expressions=[left, right]),
    "||": lambda left, right: exp.Anonymous(this="CONCAT", expressions=[left, right]),
}


def parse(text: str) -> Expression:
    """Return the tree of one expression, its references resolved by nobody yet.

    Nodes: `exp.Column` named `name` or `name@2` for a reference, `exp.Anonymous` with an
    upper-case name for a function (`/`, `%` and `||` are DIVIDE, MOD and CONCAT), `exp.Filter`
    around a filtered aggregate, `exp.Star` in COUNT(*), `exp.Cast`, literals, comparisons,
    arithmetic, logic, IN, BETWEEN, LIKE, ILIKE, `exp.Escape` around one of these two, IS,
    `exp.NullSafeEQ` for IS NOT DISTINCT FROM, and CASE. Parentheses leave no node.

    Raises:
        ExpressionError: `text` is not one expression of this language.
    """
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"the expression is longer than {MAX_LENGTH} characters", 0, 1)
    reader = _Reader(text)
    tree = reader.whole()
    _limit_depth(tree)
    columns = sorted(tree.find_all(exp.Column), key=span)
    return Expression(text, tree, tuple(reference_of(column) for column in columns))


def _limit_depth(tree: exp.Expr) -> None:
    # A chain such as $a + $b + $c costs its readers fewer stack frames a step than nesting does.
    chain = (exp.Add, exp.Sub, exp.Mul)
    pending = [(tree, 0)]
    while pending:
        node, depth = pending.pop()
        if depth >= MAX_DEPTH * _NESTING:
            raise _too_deep(*span(node))
        for child in node.iter_expressions():
            is_next = isinstance(node, chain) and isinstance(child, chain) and child is node.this
            pending.append((child, depth + (_CHAINING if is_next else _NESTING)))


def _too_deep(start: int, end: int) -> ExpressionError:
    message = f"the expression nests deeper than {MAX_DEPTH} levels"
    return ExpressionError(message, start, end, "split it into several features")


def _balanced(kind: type[exp.Connector], terms: list[exp.Expr]) -> exp.Expr:
    # A chain of a thousand ORs would otherwise be a thousand levels deep.
    while len(terms) > 1:
        pairs = zip(terms[::2], terms[1::2], strict=False)
        joined = [
            mark(kind(this=left, expression=right), span(left)[0], span(right)[1])
            for left, right in pairs
        ]
        terms = joined + terms[len(joined) * 2 :]
    return terms[0]


class _Reader(Cursor):
    """Reads one expression by recursive descent."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.depth = 0

    def whole(self) -> exp.Expr:
        if self.token.kind == "end":
            raise ExpressionError("the expression is empty", 0, 0, "write $name or @COUNT(*)")
        tree = self.expression()
        if self.token.word == "OVER":
            raise ExpressionError("window functions are not supported", *self.here())
        if self.token.kind != "end":
            raise self.unexpected("an operator or the end is expected")
        return tree

    def expression(self) -> exp.Expr:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise _too_deep(*self.here())
        terms = [self.conjunction()]
        while self.has("OR"):
            terms.append(self.conjunction())
        self.depth -= 1
        return _balanced(exp.Or, terms)

    def conjunction(self) -> exp.Expr:
        terms = [self.negation()]
        while self.has("AND"):
            terms.append(self.negation())
        return _balanced(exp.And, terms)

    def negation(self) -> exp.Expr:
        starts: list[int] = []
        while self.token.word == "NOT":
            starts.append(self.take().start)
        tree = self.comparison()
        for start in reversed(starts):
            tree = mark(exp.Not(this=tree), start, span(tree)[1])
        return tree

    def comparison(self) -> exp.Expr:
        left = self.chain(("+", "-", "||"))
        tree = self.compared(left)
        if tree is not left and (self.token.word in _COMPARISONS or self.token.word == "IS"):
            self.refuse_bars(tree)
            raise self.unexpected("comparisons cannot follow one another; use AND or parentheses")
        return tree

    def refuse_bars(self, compared: exp.Expr) -> None:
        """Refuse `||` where two comparisons stand beside it, as other languages write OR."""
        right = compared.expression
        if isinstance(right, exp.Anonymous) and right.name == "CONCAT":
            end = span(right.expressions[-1])[0]
            bars = [t for t in self.tokens if t.word == "||" and t.end <= end]
            if bars:
                message = "'||' joins texts; between conditions stands OR"
                raise ExpressionError(message, bars[-1].start, bars[-1].end, "write OR")

    def compared(self, left: exp.Expr) -> exp.Expr:
        start = span(left)[0]
        if self.token.word in _COMPARISONS:
            kind = _COMPARISONS[self.take().word]
            right = self.chain(("+", "-", "||"))
            return mark(kind(this=left, expression=right), start, span(right)[1])
        if self.has("IS"):
            return self.tested(left)
        negated = self.token.word == "NOT"
        if negated:
            self.take()
        if self.has("IN"):
            self.expect("(", "IN")
            tree: exp.Expr = exp.In(this=left, expressions=self.listed("the list of IN"))
        elif self.has("BETWEEN"):
            low = self.chain(("+", "-", "||"))
            self.expect("AND", "the lower bound of BETWEEN")
            tree = exp.Between(this=left, low=low, high=self.chain(("+", "-", "||")))
        elif self.token.word in ("LIKE", "ILIKE"):
            tree = self.matched(left)
        elif negated:
            raise self.unexpected("IN, BETWEEN, LIKE or ILIKE is expected after NOT")
        else:
            return left
        end = self.before.end
        mark(tree, start, end)
        return mark(exp.Not(this=tree), start, end) if negated else tree

    def matched(self, left: exp.Expr) -> exp.Expr:
        """Read `LIKE pattern` or `ILIKE pattern`, and the escape of the pattern if any."""
        kind = exp.Like if self.take().word == "LIKE" else exp.ILike
        tree: exp.Expr = kind(this=left, expression=self.chain(("+", "-", "||")))
        if not self.has("ESCAPE"):
            return tree
        if self.token.kind != "string":
            raise self.unexpected("a character in quotes is expected after ESCAPE")
        return exp.Escape(this=tree, expression=self.string(self.take()))

    def tested(self, left: exp.Expr) -> exp.Expr:
        negated = self.has("NOT")
        if self.has("DISTINCT"):
            self.expect("FROM", "IS DISTINCT")
            right = self.chain(("+", "-", "||"))
            start, end = span(left)[0], span(right)[1]
            same = mark(exp.NullSafeEQ(this=left, expression=right), start, end)
            return same if negated else mark(exp.Not(this=same), start, end)
        word = self.token.word
        values = {"NULL": exp.null, "TRUE": exp.true, "FALSE": exp.false}
        if word not in values:
            raise self.unexpected("NULL, TRUE, FALSE or DISTINCT FROM is expected after IS")
        end = self.take().end
        tree = mark(exp.Is(this=left, expression=values[word]()), span(left)[0], end)
        return mark(exp.Not(this=tree), span(left)[0], end) if negated else tree

    def chain(self, operators: tuple[str, ...]) -> exp.Expr:
        products = ("*", "/", "%")
        tree = self.signed() if operators == products else self.chain(products)
        while self.token.word in operators:
            build = _ARITHMETIC[self.take().word]
            right = self.signed() if operators == products else self.chain(products)
            tree = mark(build(tree, right), span(tree)[0], span(right)[1])
        return tree

    def signed(self) -> exp.Expr:
        if self.token.word not in ("-", "+"):
            return self.converted(self.primary())
        sign = self.take()
        if self.token.kind == "number":
            literal = self.number("-" if sign.text == "-" else "")
            return self.converted(mark(literal, sign.start, span(literal)[1]))
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise ExpressionError("too many signs in a row", sign.start, sign.end)
        tree = self.signed()
        self.depth -= 1
        return mark(exp.Neg(this=tree), sign.start, span(tree)[1]) if sign.text == "-" else tree

    def converted(self, tree: exp.Expr) -> exp.Expr:
        while self.has("::"):
            tree = self.cast(tree, span(tree)[0])
        return tree

    def cast(self, tree: exp.Expr, start: int) -> exp.Expr:
        name = self.take()
        if name.kind != "word":
            raise ExpressionError("a type is expected here", name.start, name.end)
        written, end = name.text, name.end
        if name.word == "EMBEDDING" and self.has("("):
            size = self.take()
            end = self.expect(")", "the length of the embedding").end
            written = f"embedding({size.text})"
        try:
            type_ = parse_type(written)
        except ValueError as unknown:
            raise ExpressionError(str(unknown), name.start, end) from unknown
        node = mark(exp.Cast(this=tree, to=sql_type(type_)), start, end)
        node.meta["type"] = str(type_)
        return node

    def number(self, sign: str) -> exp.Expr:
        token = self.take()
        whole = token.text.isdigit()
        node = mark(exp.Literal(this=sign + token.text, is_string=False), token.start, token.end)
        if whole and (len(token.text) > 19 or not -(2**63) <= int(sign + token.text) < 2**63):
            raise blame(node, "the number does not fit a bigint", f"write {token.text}.0")
        if not whole and float(token.text) == float("inf"):
            raise blame(node, "the number does not fit a float")
        return node

    def primary(self) -> exp.Expr:
        token = self.token
        if token.kind == "number":
            return self.number("")
        if token.kind == "word":
            return self.named()
        self.take()
        match token.kind, token.text:
            case "string", _:
                return self.string(token)
            case "reference", _:
                return self.reference(token)
            case "function", _:
                return self.function(token)
            case "operator", "(":
                tree = self.expression()
                end = self.expect(")", "the parenthesis").end
                # A reference keeps its own place, without the parentheses around it.
                leaf = isinstance(tree, exp.Column | exp.Literal)
                return tree if leaf else mark(tree, token.start, end)
        self.place -= 1
        raise self.unexpected("a value is expected")

    def string(self, token: Token) -> exp.Expr:
        value = token.text[1:-1].replace("''", "'")
        return mark(exp.Literal.string(value), token.start, token.end)

    def reference(self, token: Token) -> exp.Expr:
        name, _, version = token.text[1:].partition("@")
        if name != name.lower():
            message = f"names are written in lower case, not '${name}'"
            raise ExpressionError(message, token.start, token.end, f"write ${name.lower()}")
        if version and int(version) < 1:
            raise ExpressionError("versions count from 1", token.start, token.end)
        shown = Reference(name, int(version) if version else None)
        return mark(exp.column(str(shown), quoted=True), token.start, token.end)

    def function(self, token: Token) -> exp.Expr:
        name = token.text[1:].upper()
        if self.token.word != "(":
            message = f"'(' is missing after @{name}"
            raise ExpressionError(message, token.start, token.end, f"write @{name}(...)")
        self.take()
        arguments = self.arguments(name)
        end = self.before.end
        node = mark(exp.Anonymous(this=name, expressions=arguments), token.start, end)
        if self.token.word == "OVER":
            fix = 'aggregate in a family with a "period"'
            raise ExpressionError("window functions are not supported", *self.here(), fix)
        return self.filtered(node) if self.token.word == "FILTER" else node

    def arguments(self, name: str) -> list[exp.Expr]:
        if self.has(")"):
            return []
        if self.token.word == "DISTINCT":
            fix = "write @COUNT_DISTINCT(...)"
            raise ExpressionError("DISTINCT is not supported", *self.here(), fix)
        if self.token.word == "*":
            star = self.take()
            if name != "COUNT" and get_close_matches(name, ["COUNT"]):
                call = self.tokens[self.place - 3]
                message = f"unknown function @{name}"
                raise ExpressionError(message, call.start, call.end, "write @COUNT")
            if name != "COUNT":
                message = f"only @COUNT takes '*', not @{name}"
                raise ExpressionError(message, star.start, star.end)
            self.expect(")", "the * of @COUNT")
            return [mark(exp.Star(), star.start, star.end)]
        found = self.listed(f"the arguments of @{name}")
        if len(found) > MAX_ARGUMENTS:
            message = f"@{name} has more than {MAX_ARGUMENTS} arguments"
            raise ExpressionError(message, *span(found[MAX_ARGUMENTS]), "call it several times")
        return found

    def filtered(self, node: exp.Expr) -> exp.Expr:
        start, _ = span(node)
        if node.name not in AGGREGATES:
            message = f"only aggregates take FILTER, not @{node.name}"
            raise ExpressionError(message, *self.here())
        self.take()
        self.expect("(", "FILTER")
        self.expect("WHERE", "FILTER (")
        condition = self.expression()
        end = self.expect(")", "the condition of FILTER").end
        return mark(exp.Filter(this=node, expression=exp.Where(this=condition)), start, end)

    def listed(self, what: str) -> list[exp.Expr]:
        """Read `a, b)` after an opening parenthesis."""
        values = [self.expression()]
        while self.has(","):
            values.append(self.expression())
        if not self.has(")"):
            raise self.unexpected(f"',' or ')' is missing in {what}")
        return values

    def named(self) -> exp.Expr:
        token = self.take()
        word = token.word
        match word:
            case "NULL":
                return mark(exp.null(), token.start, token.end)
            case "TRUE" | "FALSE":
                return mark(exp.Boolean(this=word == "TRUE"), token.start, token.end)
            case "CASE":
                return self.case(token.start)
            case "CAST" | "TRY_CAST" if self.has("("):
                tree = self.expression()
                if not self.has("AS"):
                    raise self.unexpected("'AS' is missing in CAST")
                node = self.cast(tree, token.start)
                return mark(node, token.start, self.expect(")", "CAST").end)
            case "DATE" | "TIMESTAMP" if self.token.kind == "string":
                self.place -= 1
                value = self.tokens[self.place + 1]
                node = self.cast(self.string(value), token.start)
                self.take()
                return mark(node, token.start, value.end)
        raise stranger(token, self.token)

    def case(self, start: int) -> exp.Expr:
        subject = None if self.token.word == "WHEN" else self.expression()
        branches: list[exp.Expr] = []
        while self.token.word == "WHEN":
            begin = self.take().start
            condition = self.expression()
            self.expect("THEN", "the condition of WHEN")
            value = self.expression()
            branch = exp.If(this=condition, true=value)
            branches.append(mark(branch, begin, span(value)[1]))
        if not branches:
            raise self.unexpected("'WHEN' is missing after CASE")
        default = self.expression() if self.has("ELSE") else None
        end = self.expect("END", "the branches of CASE", "add END").end
        return mark(exp.Case(this=subject, ifs=branches, default=default), start, end)
