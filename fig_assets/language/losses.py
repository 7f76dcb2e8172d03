"""Which rows lose a value in an expression: an operation had its inputs and could not do it."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from sqlglot import exp

from fig_assets.language.duck import call as called
from fig_assets.language.duck import number, operand, text
from fig_assets.language.foresight import carries_null, is_small
from fig_assets.language.functions import AggregateCall
from fig_assets.language.lower import Column, Lowering, TypeOf
from fig_assets.language.rows import ROW_FUNCTIONS
from fig_assets.language.tree import AGGREGATES, function_name
from fig_assets.language.types import BIGINT, DATE, FLOAT, JSON, NULL, STRING, Type
from fig_assets.language.value import Value, bare

LOSING = frozenset(
    {
        "ABS",
        "ARRAY_CONTAINS",
        "ARRAY_JOIN",
        "ARRAY_REGEXP_LIKE",
        "ARRAY_SIZE",
        "EXP",
        "HAVERSINE_KM",
        "JARO_WINKLER",
        "LEVENSHTEIN",
        "LN",
        "POWER",
        "SPLIT_PART",
        "SQRT",
        "TIMESTAMP_DIFF",
    }
)
"""Row functions that can give NULL for arguments that are not: overflow, or out of their domain."""

OVERFLOWING = frozenset({"AVG", "STDDEV", "SUM", "VARIANCE"})
"""Aggregates whose result can be out of range."""

_LOSSLESS = {
    "bigint": {"float", "string"},
    "float": {"string"},
    "boolean": {"bigint", "float", "string"},
    "timestamp": {"date", "string"},
    "date": {"timestamp", "string"},
    "json": {"string"},
}
_COMPARISONS = (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE)
_CONVERTING = frozenset({"DATE", "PARSE_JSON"})
_JSON_NULL = "^\\s*null\\s*$"


def can_lose(source: Type, target: Type) -> bool:
    """Tell whether a value of `source` may have no counterpart of type `target`."""
    return source not in (target, NULL) and target.name not in _LOSSLESS.get(source.name, ())


def lost(
    tree: exp.Expr,
    lowering: Lowering,
    target: Type,
    result: exp.Expr | None = None,
) -> exp.Expr | None:
    """Return the condition under which computing `tree` as `target` loses a value.

    An operation loses where none of its inputs is NULL and its result is. What is not computed
    loses nothing: a branch that CASE, IF or COALESCE does not take.

    Args:
        tree: A row expression; the aggregates in it are finished values.
        lowering: How its references and aggregates become trees.
        target: The type into which the finished value is converted.
        result: Where the finished value stands already, if it does; the tree is used, not copied.

    Returns:
        A boolean tree for one row, or None where no row can lose anything.
    """
    losses = _Losses(lowering)
    found = list(losses.below(tree))
    owed = losses.owed(tree)
    if owed is None and can_lose((value := lowering.value(tree)).type, target):
        owed = [_present(value.sealed())]
    if found and result is not None and carries_null(tree):
        # Whatever was lost, the result is NULL: CASE looks at no other row.
        own = [] if owed is None else [exp.and_(*owed, copy=False)]
        is_null = exp.Is(this=result, expression=exp.null())
        branch = exp.If(this=is_null, true=_any([*found, *own]))
        return exp.Case(ifs=[branch], default=exp.false())
    if owed is not None:
        if result is None:
            result = lowering.value(tree).to(target, lowering.dialect)
        found.append(_failed(owed, result))
    return _any(found)


def lost_before(
    call: AggregateCall, dialect: str, column: Column, type_of: TypeOf
) -> exp.Expr | None:
    """Return the condition under which one row loses a value in an aggregate's argument or filter.

    The argument is computed on the rows that the filter keeps.
    """
    losses = _Losses(Lowering(dialect, column, type_of))
    inside = None if call.argument is None else losses.of(call.argument)
    if call.filter is None:
        return inside
    return _steps([(losses.of(call.filter), losses.lowering.boolean(call.filter), inside)], None)


def can_overflow(call: AggregateCall, states: Mapping[str, Type]) -> bool:
    """Tell whether the aggregate of values that are there can be out of range.

    `states` are the types of its daily state, by suffix.
    """
    if call.function == "SUM":
        return "sum_high" in states or states.get("sum") == FLOAT
    return call.function in OVERFLOWING and states.get("sum") == FLOAT


def has_values(call: AggregateCall, state: Mapping[str, exp.Expr]) -> exp.Expr:
    """Return the aggregate that says whether `call`, which can overflow, has a value to give.

    `state` says where the column of a suffix stands.
    """
    if call.function == "SUM":
        # The sums that the merge makes anyway.
        whole = state.get("sum_high")
        return _present(called("FSUM", state["sum"]) if whole is None else called("SUM", whole))
    least = 1 if call.function == "AVG" else 2
    return exp.GTE(this=called("SUM", state["count"]), expression=number(least))


@dataclass(frozen=True)
class _Losses:
    """The losses of the parts of one expression."""

    lowering: Lowering

    def of(self, node: exp.Expr) -> exp.Expr | None:
        """Return the condition under which `node` or anything in it loses a value."""
        owed = self.owed(node)
        own = [] if owed is None else [_failed(owed, self.lowering.value(node).sealed())]
        return _any([*self.below(node), *own])

    def below(self, node: exp.Expr) -> Iterator[exp.Expr]:
        """Yield the losses of the parts of `node`, and of what it converts to read them."""
        match node:
            case exp.Column() | exp.Literal() | exp.Boolean() | exp.Null() | exp.Filter():
                return
            case exp.Anonymous() if function_name(node) in AGGREGATES:
                return
            case exp.Case():
                yield from _given(self._case(node))
            case exp.Anonymous() if node.name == "IF":
                test, value, otherwise = node.expressions
                branch = (self.of(test), self.lowering.boolean(test), self.of(value))
                yield from _given(_steps([branch], self.of(otherwise)))
            case exp.Anonymous() if node.name == "COALESCE":
                *parts, last = node.expressions
                steps: list[_Step] = [
                    (self.of(it), _present(self._sealed(it)), None) for it in parts
                ]
                yield from _given(_steps(steps, self.of(last)))
            case _:
                for part in node.iter_expressions():
                    if not isinstance(part, exp.DataType):
                        yield from _given(self.of(part))
                yield from self._compared(node)
                yield from self._converted(node)

    def owed(self, node: exp.Expr) -> list[exp.Expr] | None:
        """Return what must hold for the NULL that `node` gives to be a loss; None: never one."""
        match node:
            case exp.Add() | exp.Sub() | exp.Mul():
                return None if is_small(node) else self._all_present([node.this, node.expression])
            case exp.Neg() if self.lowering.value(node).type == BIGINT:
                return self._all_present([node.this])
            case exp.Cast() if self._cast_loses(node):
                return self._all_present([node.this])
            case exp.Anonymous() if node.name in ("DIVIDE", "MOD"):
                return None if self._divides_always(node) else self._all_present(node.expressions)
            case exp.Anonymous() if node.name in _CONVERTING:
                (argument,) = node.expressions
                value = self.lowering.value(argument)
                if node.name == "DATE":
                    return self._unread(value, DATE)
                return self._unread(Value(value.to(STRING, self.lowering.dialect), STRING), JSON)
            case exp.Anonymous() if node.name in LOSING:
                return self._arguments(node)
            case _:
                return None

    def _cast_loses(self, node: exp.Cast) -> bool:
        source, found = self.lowering.value(node.this), self.lowering.value(node)
        if isinstance(bare(source.tree), exp.Literal) and _is_constant(found.tree):
            return False
        return can_lose(source.type, found.type)

    def _divides_always(self, node: exp.Anonymous) -> bool:
        """Tell whether the divisor is a literal that leaves every result in range."""
        below = bare(self.lowering.value(node.expressions[1]).tree)
        return isinstance(below, exp.Literal) and float(below.name) >= 1

    def _arguments(self, node: exp.Anonymous) -> list[exp.Expr] | None:
        *_, last = node.expressions
        if node.name == "ABS" and self.lowering.value(last).type != BIGINT:
            return None
        if node.name == "SPLIT_PART" and isinstance(last, exp.Literal) and last.name != "0":
            return None
        found = []
        for argument, kind in zip(node.expressions, _kinds(node.name), strict=False):
            if kind == "json":
                read = self.lowering.value(argument).to(JSON, self.lowering.dialect)
                found.append(_present(read))
            elif kind != "unit":
                found += self._all_present([argument])
        return found

    def _converted(self, node: exp.Expr) -> Iterator[exp.Expr]:
        """Yield the losses of reading text as the JSON that a function takes."""
        name = function_name(node)
        if name not in ROW_FUNCTIONS or name in _CONVERTING:
            return
        for argument, kind in zip(node.expressions, _kinds(name), strict=False):
            if kind == "json":
                value = self.lowering.value(argument)
                owed = self._unread(value, JSON)
                if owed is not None:
                    yield _failed(owed, value.to(JSON, self.lowering.dialect))

    def _unread(self, value: Value, target: Type) -> list[exp.Expr] | None:
        """Return what must hold for a value that could not be read to be a loss; None: it can."""
        if not can_lose(value.type, target):
            return None
        tree = value.sealed().copy()
        if target != JSON:
            return [_present(tree)]
        is_null = called("REGEXP_MATCHES", tree.copy(), text(_JSON_NULL))
        return [_present(tree), exp.Not(this=is_null)]

    def _compared(self, node: exp.Expr) -> Iterator[exp.Expr]:
        """Yield the losses of reading text as the type beside which it is compared."""
        match node:
            case exp.In():
                pairs = [(node.this, option) for option in node.expressions]
            case exp.Between():
                pairs = [(node.this, node.args[end]) for end in ("low", "high")]
            case _ if isinstance(node, _COMPARISONS):
                pairs = [(node.this, node.expression)]
            case _:
                return
        for left, right in pairs:
            yield from _given(self._unreadable(left, right))

    def _unreadable(self, left: exp.Expr, right: exp.Expr) -> exp.Expr | None:
        values = [self.lowering.value(side) for side in (left, right)]
        if values[0].is_text == values[1].is_text or NULL in (values[0].type, values[1].type):
            return None
        written, other = sorted(values, key=lambda value: not value.is_text)
        read = written.to(FLOAT if other.type == BIGINT else other.type, self.lowering.dialect)
        if isinstance(written.tree, exp.Literal) and _is_constant(read):
            return None
        sides = [v.sealed() for v in values if not isinstance(bare(v.tree), exp.Literal)]
        return _failed([_present(side.copy()) for side in sides], read)

    def _case(self, node: exp.Case) -> exp.Expr | None:
        steps = []
        for branch in node.args["ifs"]:
            if node.this is None:
                loss, test = self.of(branch.this), self.lowering.boolean(branch.this)
            else:
                equal = exp.EQ(this=node.this.copy(), expression=branch.this.copy())
                loss, test = self.of(equal), self.lowering.boolean(equal)
            steps.append((loss, test, self.of(branch.args["true"])))
        default = node.args.get("default")
        return _steps(steps, None if default is None else self.of(default))

    def _sealed(self, node: exp.Expr) -> exp.Expr:
        return self.lowering.value(node).sealed()

    def _all_present(self, nodes: Iterable[exp.Expr]) -> list[exp.Expr]:
        trees = map(self._sealed, nodes)
        return [_present(tree) for tree in trees if not isinstance(bare(tree), exp.Literal)]


_Step = tuple[exp.Expr | None, exp.Expr, exp.Expr | None]
"""One branch: the loss of its test, the test, and the loss of what is computed where it holds."""


def _steps(steps: list[_Step], otherwise: exp.Expr | None) -> exp.Expr | None:
    """Return the loss of branches of which the first whose test holds is computed, in order."""
    while steps and otherwise is None and steps[-1][0] is None and steps[-1][2] is None:
        steps = steps[:-1]
    if len(steps) == 1 and otherwise is None and steps[0][2] is None:
        return steps[0][0]
    branches = []
    for loss, test, value in steps:
        if loss is not None:
            branches.append(exp.If(this=loss, true=exp.true()))
        branches.append(exp.If(this=test, true=exp.false() if value is None else value))
    if not branches:
        return otherwise
    return exp.Case(ifs=branches, default=exp.false() if otherwise is None else otherwise)


def _given(loss: exp.Expr | None) -> Iterator[exp.Expr]:
    if loss is not None:
        yield loss


def _present(tree: exp.Expr) -> exp.Expr:
    return exp.Not(this=exp.Is(this=operand(tree), expression=exp.null()))


def _failed(owed: list[exp.Expr], result: exp.Expr) -> exp.Expr:
    is_null = exp.Is(this=operand(result), expression=exp.null())
    return exp.and_(*owed, is_null, copy=False)


def _any(losses: Iterable[exp.Expr]) -> exp.Expr | None:
    different = list(dict.fromkeys(losses))
    return exp.or_(*different, copy=False) if different else None


def _is_constant(tree: exp.Expr) -> bool:
    """Tell whether a converted literal is a value, and not the NULL of one that has none."""
    return not isinstance(tree.this if isinstance(tree, exp.Cast) else tree, exp.Null)


def _kinds(function: str) -> list[str]:
    """Return the kinds of a function's parameters, as its signature names them."""
    return re.findall(r"\w+ (\w+)", ROW_FUNCTIONS[function].arguments)
