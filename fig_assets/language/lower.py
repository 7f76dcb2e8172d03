"""A row expression -> its type, and a tree that no row can make fail."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlglot import exp

from fig_assets.language.comparison import (
    Incomparable,
    between,
    choose,
    compare,
    one_of,
    refuse_unreadable,
    same,
)
from fig_assets.language.duck import (
    attempt,
    call,
    cast,
    is_small,
    let,
    number,
    operand,
    when,
)
from fig_assets.language.mends import number_mend, unknown_function
from fig_assets.language.patterns import BadEscape, like
from fig_assets.language.rows import ROW_FUNCTIONS
from fig_assets.language.steering import setting
from fig_assets.language.tree import (
    AGGREGATES,
    Reference,
    blame,
    reference_of,
)
from fig_assets.language.types import (
    BIGINT,
    BOOLEAN,
    DATE,
    FLOAT,
    JSON,
    NULL,
    STRING,
    TIMESTAMP,
    Type,
    convertible,
    parse_type,
    widen,
)
from fig_assets.language.value import Aggregate, Value

Column = Callable[[Reference], exp.Expr]
TypeOf = Callable[[Reference], Type]

_NUMBERS = (BIGINT, FLOAT)
_SIMPLE = (STRING, BIGINT, FLOAT, BOOLEAN, TIMESTAMP, DATE)
_KINDS: dict[str, tuple[tuple[Type, ...], Type | None, str]] = {
    "string": ((STRING, JSON), STRING, "a string"),
    "text": ((*_SIMPLE, JSON), STRING, "a simple value"),
    "bigint": ((BIGINT,), BIGINT, "a bigint"),
    "float": (_NUMBERS, FLOAT, "a number"),
    "number": (_NUMBERS, None, "a number"),
    "boolean": ((BOOLEAN,), BOOLEAN, "a boolean"),
    "timestamp": ((TIMESTAMP, DATE), TIMESTAMP, "a timestamp"),
    "day": ((TIMESTAMP, DATE, STRING, JSON), DATE, "a timestamp, date or string"),
    "json": ((JSON, STRING), JSON, "JSON or a string that holds it"),
    "any": ((*_SIMPLE, JSON), None, "a simple value"),
}
"""Kind of an argument -> types taken, type it is converted to (None: kept), words."""

_COMPARING = frozenset({"NULLIF", "LEAST", "GREATEST"})

_PARAMETER = re.compile(r"(?P<name>\w+) (?P<kind>\w+)(?P<optional>\?)?(?P<repeated>\.\.\.)?")


def no_aggregate(node: exp.Expr) -> Value:
    """Refuse an aggregate where one value of one row is wanted."""
    name = node.this.name if isinstance(node, exp.Filter) else node.name
    raise blame(node, f"@{name} aggregates many rows and has no place here")


@dataclass(frozen=True)
class Lowering:
    """How the parts of one expression become trees: where columns and aggregates come from."""

    dialect: str
    column: Column
    type_of: TypeOf
    aggregate: Aggregate = no_aggregate

    def value(self, node: exp.Expr) -> Value:
        """Return the lowered `node`.

        Raises:
            ExpressionError: a type does not fit, or a function is unknown.
        """
        match node:
            case exp.Column():
                reference = reference_of(node)
                return Value(self.column(reference), self.type_of(reference))
            case exp.Literal():
                return _literal(node)
            case exp.Boolean():
                return Value(exp.Boolean(this=node.this), BOOLEAN)
            case exp.Null():
                return Value(exp.null(), NULL)
            case exp.Filter():
                return self.aggregate(node)
            case exp.Anonymous() if node.name in AGGREGATES:
                return self.aggregate(node)
            case exp.Anonymous():
                return self._function(node)
            case exp.Add() | exp.Sub() | exp.Mul():
                return self._arithmetic(node, type(node), node.this, node.expression)
            case exp.Neg():
                return self._negative(node)
            case exp.Cast():
                return self._cast(node)
            case exp.Case():
                return self._case(node)
            case _:
                return Value(self._claim(node), BOOLEAN)

    def as_type(self, value: Value, target: Type) -> exp.Expr:
        """Return the sealed tree of `value` as `target`, into which it is convertible."""
        return value.to(target, self.dialect)

    def boolean(self, node: exp.Expr) -> exp.Expr:
        """Return the tree of a condition.

        Raises:
            ExpressionError: `node` is no boolean.
        """
        value = self.value(node)
        if value.type not in (BOOLEAN, NULL):
            fix = "write a comparison" if value.type != STRING else "compare it: = '...'"
            if value.type.size is not None:
                fix = "ask whether there is one: IS NOT NULL"
            raise blame(node, f"a condition is a boolean, not {value.type.words}", fix)
        return self.as_type(value, BOOLEAN)

    def _claim(self, node: exp.Expr) -> exp.Expr:
        match node:
            case exp.And() | exp.Or():
                sides = [self.boolean(side) for side in (node.this, node.expression)]
                return type(node)(this=_clause(node, sides[0]), expression=_clause(node, sides[1]))
            case exp.Not():
                return exp.Not(this=operand(self.boolean(node.this)))
            case exp.In():
                value, *options = self._sides(node.this, *node.expressions)
                return self._compared(node, lambda: one_of(value, options, self.dialect))
            case exp.Between():
                parts = (node.this, node.args["low"], node.args["high"])
                value, low, high = self._sides(*parts)
                return self._compared(node, lambda: between(value, low, high, self.dialect))
            case exp.Like() | exp.ILike():
                return self._like(node, None)
            case exp.Escape():
                return self._like(node.this, node.expression)
            case exp.NullSafeEQ():
                left, right = self._sides(node.this, node.expression)
                return self._compared(node, lambda: same(left, right, self.dialect))
            case exp.Is():
                return self._is(node)
            case exp.EQ() | exp.NEQ() | exp.LT() | exp.LTE() | exp.GT() | exp.GTE():
                left, right = self._sides(node.this, node.expression)
                kind = type(node)
                return self._compared(node, lambda: compare(kind, left, right, self.dialect))
            case _:
                raise blame(node, "this has no meaning in an expression")

    def _like(self, node: exp.Binary, escape: exp.Expr | None) -> exp.Expr:
        ignore_case = isinstance(node, exp.ILike)
        name = "ILIKE" if ignore_case else "LIKE"
        subject, _ = self._argument(node.this, name, "string")
        pattern, _ = self._argument(node.expression, name, "string")
        mark = None if escape is None else escape.name
        try:
            return like(subject, pattern, mark, ignore_case=ignore_case)
        except BadEscape as refusal:
            raise blame(escape or node, str(refusal), refusal.fix) from None

    def _is(self, node: exp.Is) -> exp.Expr:
        if isinstance(node.expression, exp.Null):
            tree = self.value(node.this)
            subject = self.as_type(tree, STRING) if tree.type == NULL else tree.sealed()
            return exp.Is(this=operand(subject), expression=exp.null())
        truth = exp.Boolean(this=node.expression.this)
        return exp.Is(this=operand(self.boolean(node.this)), expression=truth)

    def _sides(self, subject: exp.Expr, *others: exp.Expr) -> list[Value]:
        """Lower what is compared: a subject, and what it is compared with."""
        values = [self.value(node) for node in (subject, *others)]
        pairs = list(zip((subject, *others), values, strict=True))
        refuse_unreadable(pairs[0], pairs[1:])
        return values

    def _compared(self, node: exp.Expr, build: Callable[[], exp.Expr]) -> exp.Expr:
        try:
            return build()
        except Incomparable as found:
            message = f"{found} cannot be compared"
            raise blame(node, message, "convert one of them with ::type") from None

    def _common(self, node: exp.Expr, parts: Sequence[exp.Expr]) -> tuple[list[exp.Expr], Type]:
        values = [self.value(part) for part in parts]
        common: Type | None = NULL
        for value in values:
            common = widen(common, value.type) if common else None
        if common is None:
            names = " and ".join(dict.fromkeys(str(v.type) for v in values if v.type != NULL))
            raise blame(node, f"{names} have no common type", "convert them with ::type")
        if common == NULL:
            return [value.tree for value in values], NULL
        return [self.as_type(value, common) for value in values], common

    def _arithmetic(
        self, node: exp.Expr, kind: type[exp.Expr], left: exp.Expr, right: exp.Expr
    ) -> Value:
        values = [self.value(side) for side in (left, right)]
        for side, value in zip((left, right), values, strict=True):
            if value.type not in (*_NUMBERS, NULL):
                raise blame(
                    side, f"arithmetic needs numbers, not {value.type.words}", number_mend(value)
                )
        target = FLOAT if FLOAT in (values[0].type, values[1].type) else BIGINT
        trees = [v.tree if v.type == target else self.as_type(v, target) for v in values]
        tight = isinstance(trees[0], exp.Mul) or (
            kind in (exp.Add, exp.Sub) and isinstance(trees[0], exp.Add | exp.Sub)
        )
        tree = kind(this=trees[0] if tight else operand(trees[0]), expression=operand(trees[1]))
        return Value(tree, FLOAT, "finite") if target == FLOAT else Value(attempt(tree), BIGINT)

    def _negative(self, node: exp.Neg) -> Value:
        value = self.value(node.this)
        if value.type not in _NUMBERS:
            raise blame(
                node.this, f"a sign needs a number, not {value.type.words}", number_mend(value)
            )
        if value.type == FLOAT:
            return Value(exp.Neg(this=operand(value.tree)), FLOAT, value.guard)
        # DuckDB makes the negative of a constant smallest BIGINT a HUGEINT instead of failing.
        zero = cast(number(0), "BIGINT")
        return Value(attempt(exp.Sub(this=zero, expression=operand(value.tree))), BIGINT)

    def _divide(self, node: exp.Expr) -> Value:
        above, below = self._numbers(node)
        if above.type == below.type == BIGINT and is_small(below.tree):
            divisor = call("NULLIF", below.sealed(), number(0))
            dividend = operand(self.as_type(above, FLOAT))
            return Value(exp.Div(this=dividend, expression=cast(divisor, "DOUBLE")), FLOAT)
        dividend = above.tree if above.type == FLOAT else self.as_type(above, FLOAT)
        divisor = self.as_type(below, FLOAT)
        tree = exp.Div(this=operand(dividend), expression=operand(divisor))
        return Value(tree, FLOAT, "finite")

    def _modulo(self, node: exp.Expr) -> Value:
        above, below = self._numbers(node)
        if above.type == below.type == BIGINT:
            # The smallest bigint % -1 overflows in DuckDB, though nothing is left of it.
            divisor = let(
                below.sealed(),
                lambda d: when(exp.EQ(this=d, expression=number(-1)), number(1), d.copy()),
            )
            tree = attempt(exp.Mod(this=operand(above.tree), expression=operand(divisor)))
            return Value(tree, BIGINT)
        sides = [operand(self.as_type(side, FLOAT)) for side in (above, below)]
        return Value(exp.Mod(this=sides[0], expression=sides[1]), FLOAT, "finite")

    def _numbers(self, node: exp.Expr) -> list[Value]:
        self._count(node, 2, 2)
        values = []
        for side in node.expressions:
            value = self.value(side)
            if value.type not in (*_NUMBERS, NULL):
                raise blame(
                    side, f"@{node.name} needs numbers, not {value.type.words}", number_mend(value)
                )
            if value.type == NULL:
                value = Value(self.as_type(value, BIGINT), BIGINT)
            values.append(value)
        return values

    def _cast(self, node: exp.Cast) -> Value:
        value = self.value(node.this)
        target = parse_type(node.meta["type"])
        if not convertible(value.type, target):
            raise blame(node, f"{value.type.words} can never become {target.words}")
        return Value(self.as_type(value, target), target)

    def _case(self, node: exp.Case) -> Value:
        branches = node.args["ifs"]
        default = node.args.get("default") or exp.null()
        values, type_ = self._common(node, [*(b.args["true"] for b in branches), default])
        if node.this is None:
            tests = [self.boolean(branch.this) for branch in branches]
            return Value(_switch(None, tests, values), type_)
        subject, *equals = self._sides(node.this, *(branch.this for branch in branches))
        tree = self._compared(
            node,
            lambda: choose(
                subject, equals, lambda one, tests: _switch(one, tests, values), self.dialect
            ),
        )
        return Value(tree, type_)

    def _count(self, node: exp.Expr, least: int, most: int | None) -> None:
        found = len(node.expressions)
        if found < least or (most is not None and found > most):
            wanted = str(least) if least == most else f"{least} to {most}"
            if most is None:
                wanted = f"at least {least}"
            noun = "argument" if wanted.endswith("1") else "arguments"
            raise blame(node, f"@{node.name} takes {wanted} {noun}, not {found}")

    def _function(self, node: exp.Anonymous) -> Value:
        if node.name == "DIVIDE":
            return self._divide(node)
        if node.name == "MOD":
            return self._modulo(node)
        function = ROW_FUNCTIONS.get(node.name)
        if function is None:
            raise unknown_function(node)
        if node.name == "CONCAT":
            node = _flat(node)
        parameters = list(_PARAMETER.finditer(function.arguments))
        least = sum(not match["optional"] for match in parameters)
        self._count(node, least, None if parameters[-1]["repeated"] else len(parameters))
        kinds = [match["kind"] for match in parameters]
        kinds += kinds[-1:] * (len(node.expressions) - len(kinds))
        return self._call(node, kinds[: len(node.expressions)])

    def _call(self, node: exp.Anonymous, kinds: list[str]) -> Value:
        function = ROW_FUNCTIONS[node.name]
        loose = [a for a, kind in zip(node.expressions, kinds, strict=True) if kind == "any"]
        alike, common = self._common(node, loose) if loose else ([], NULL)
        if common.size is not None and node.name in _COMPARING:
            raise blame(node, f"@{node.name} compares, and {common} cannot be compared")
        arguments: list[exp.Expr] = []
        for argument, kind in zip(node.expressions, kinds, strict=True):
            if kind == "any":
                arguments.append(alike.pop(0))
            elif kind in _KINDS:
                tree, type_ = self._argument(argument, f"@{node.name}", kind)
                arguments.append(tree)
                common = type_ if kind == "number" else common
            else:
                arguments.append(setting(node, argument, kind, arguments))
        if node.name in ("ROUND", "FLOOR", "CEIL") and common == BIGINT:
            return Value(arguments[0], BIGINT)
        return Value(function.duckdb(arguments), function.result or common)

    def _argument(self, node: exp.Expr, name: str, kind: str) -> tuple[exp.Expr, Type]:
        taken, target, words = _KINDS[kind]
        value = self.value(node)
        if value.type not in (*taken, NULL):
            goal = target or FLOAT
            fix = f"convert it: ::{goal}" if convertible(value.type, goal) else ""
            if kind == "boolean":
                fix = "compare it: = '...'" if value.type == STRING else "compare it"
            raise blame(node, f"{name} takes {words} here, not {value.type.words}", fix)
        type_ = target or (FLOAT if value.type == NULL else value.type)
        return self.as_type(value, type_), type_


def _flat(node: exp.Anonymous) -> exp.Anonymous:
    """Return a chain of `||` as one call, so that its length is looked at once."""
    parts: list[exp.Expr] = []
    pending = node.expressions[::-1]
    while pending:
        part = pending.pop()
        if isinstance(part, exp.Anonymous) and part.name == "CONCAT" and part.expressions:
            pending += part.expressions[::-1]
        else:
            parts.append(part)
    flat = exp.Anonymous(this="CONCAT", expressions=[part.copy() for part in parts])
    flat.meta.update(node.meta)
    return flat


def _clause(node: exp.Expr, side: exp.Expr) -> exp.Expr:
    other_kind = isinstance(side, exp.Connector) and not isinstance(side, type(node))
    return exp.Paren(this=side) if other_kind else side


def _literal(node: exp.Literal) -> Value:
    if node.is_string:
        return Value(exp.Literal.string(node.name), STRING)
    if node.name.lstrip("-").isdigit():
        return Value(cast(number(int(node.name)), "BIGINT"), BIGINT)
    return Value(number(float(node.name)), FLOAT)


def _switch(
    subject: exp.Expr | None, tests: Sequence[exp.Expr], values: Sequence[exp.Expr]
) -> exp.Expr:
    pairs = zip(tests, values[:-1], strict=True)
    branches = [exp.If(this=test.copy(), true=value.copy()) for test, value in pairs]
    return exp.Case(this=subject, ifs=branches, default=values[-1].copy())
