"""The one table of functions, and what an expression becomes in a warehouse."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from sqlglot import exp

from fig_assets.language.aggregates import (
    AGGREGATE_FUNCTIONS,
    COUNTS,
    SKETCHED,
    VALUE_COUNTED,
    Rows,
    State,
    day_in_duckdb,
    from_values_in_duckdb,
    merge_in_duckdb,
    result_of,
    states_of,
)
from fig_assets.language.duck import cast, number, operand
from fig_assets.language.lower import Column, Lowering, TypeOf
from fig_assets.language.meaning import canonical
from fig_assets.language.rows import ROW_FUNCTIONS
from fig_assets.language.sketch import rank, register
from fig_assets.language.tree import ExpressionError, Reference, aggregate_nodes, blame
from fig_assets.language.types import BIGINT, DIALECTS, FLOAT, NULL, STRING, Type, sql_type
from fig_assets.language.value import Value

Resolve = Callable[[Reference], str]


@dataclass(frozen=True)
class Function:
    """One function as its users know it; `arguments` is its readable signature."""

    name: str
    kind: Literal["row", "aggregate"]
    arguments: str
    result: str
    on_null: str
    on_bad_input: str
    example: str


@dataclass(frozen=True, eq=False)
class AggregateCall:
    """One call of an aggregate within an expression.

    `argument` is None for COUNT(*); `filter` is the condition of FILTER, or None; `meaning` is
    its canonical text, equal for calls that mean the same; `over` are those of what it is given
    and of the condition, equal for calls that look at the same values; `node` is its node in the
    tree.
    """

    function: str
    argument: exp.Expr | None
    filter: exp.Expr | None
    meaning: str
    over: tuple[str, str]
    node: exp.Expr


def _operator(name: str, result: str, on_bad_input: str, example: str) -> Function:
    return Function(name, "row", "a number, b number", result, "NULL", on_bad_input, example)


FUNCTIONS: dict[str, Function] = {
    **{
        name: Function(
            name,
            "row",
            row.arguments,
            str(row.result or "as its arguments"),
            row.on_null,
            row.on_bad_input,
            row.example,
        )
        for name, row in ROW_FUNCTIONS.items()
    },
    "DIVIDE": _operator("DIVIDE", "float", "zero below or overflow: NULL", "@DIVIDE($a, $b)"),
    "MOD": _operator("MOD", "as its arguments", "zero below or overflow: NULL", "@MOD($a, 7)"),
    **{
        name: Function(
            name,
            "aggregate",
            aggregate.arguments,
            str(aggregate.result or "as its argument"),
            aggregate.on_null,
            aggregate.on_bad_input,
            aggregate.example,
        )
        for name, aggregate in AGGREGATE_FUNCTIONS.items()
    },
}
"""Every function by its name in upper case."""


def function_table() -> str:
    """Return the table of functions as Markdown, row functions first, each group by name."""
    lines = [
        "| function | arguments | result | on NULL | on bad input | example |",
        "|---|---|---|---|---|---|",
    ]
    ordered = sorted(FUNCTIONS.values(), key=lambda f: (f.kind != "row", f.name))
    lines += [
        f"| `{f.name}` | {f.arguments} | {f.result} | {f.on_null} | {f.on_bad_input} "
        f"| `{f.example}` |"
        for f in ordered
    ]
    return "\n".join(lines) + "\n"


def infer(tree: exp.Expr, type_of: TypeOf) -> Type:
    """Return the type of `tree`, whose references have the types that `type_of` says.

    Raises:
        ExpressionError: wrong arguments, types that do not fit, an unknown function, aggregates
            inside one another, an illegal pattern; points at the part that is to blame.
    """

    def aggregate(node: exp.Expr) -> Value:
        return Value(exp.null(), value_type(_call(node, str), type_of))

    found = _lowering("duckdb", _by_name, type_of, aggregate).value(tree).type
    if found == NULL:
        raise blame(tree, "the expression is always NULL", "give it a type, as NULL::string")
    return found


def lower(tree: exp.Expr, dialect: str, column: Column, type_of: TypeOf) -> exp.Expr:
    """Return the row expression `tree` for `dialect`; no row can make it fail.

    `column` says where the value of a reference stands, `type_of` which type it has.

    Raises:
        ExpressionError: as `infer`, and where `tree` aggregates.
        ValueError: `dialect` is unknown.
    """
    return _typed(_lowering(dialect, column, type_of).value(tree))


def calls(tree: exp.Expr, resolve: Resolve | None = None) -> tuple[AggregateCall, ...]:
    """Return the aggregate calls of `tree`, each node once, in order of appearance.

    `resolve` says what a reference means, for `AggregateCall.meaning`; without it a reference is
    its own name.
    """
    return tuple(_call(node, resolve or str) for node in aggregate_nodes(tree))


def value_type(call: AggregateCall, type_of: TypeOf) -> Type:
    """Return the type of the finished value of `call`.

    Raises:
        ExpressionError: the argument or the filter does not fit.
    """
    if call.filter is not None:
        _inside("duckdb", _by_name, type_of).boolean(call.filter)
    return result_of(call.function, _argument_type(call, type_of))


def state_types(call: AggregateCall, type_of: TypeOf) -> dict[str, Type]:
    """Return the types of the stored columns of a daily state, by suffix; {} if value-counted."""
    states = states_of(call.function, _argument_type(call, type_of))
    return {state.suffix: state.type for state in states if state.type is not None}


def states(call: AggregateCall, type_of: TypeOf) -> tuple[State, ...]:
    """Return the stored columns of a daily state, each with how two days of it add up."""
    return states_of(call.function, _argument_type(call, type_of))


def daily(
    call: AggregateCall, dialect: str, column: Column, type_of: TypeOf
) -> dict[str, exp.Expr]:
    """Return, by suffix, the aggregates over one entity's event rows of a day; {} if value-counted.

    FIRST and LAST read the columns `event_time` and `event_id` of the rows besides the fields.
    """
    inside = _inside(dialect, column, type_of)
    type_ = _argument_type(call, type_of)
    argument = None if call.argument is None else inside.value(call.argument).sealed()
    condition = None if call.filter is None else inside.boolean(call.filter)
    return day_in_duckdb(call.function, Rows(argument, type_, condition))


def merge(
    call: AggregateCall,
    states: Callable[[str], exp.Expr],
    dialect: str,
    type_of: TypeOf | None = None,
) -> exp.Expr:
    """Return the finished value as an aggregate over the daily states of a window.

    `states` gives a new tree of the column of a suffix. `type_of` may be left out where `infer`,
    `value_type`, `state_types` or `daily` has seen the same tree before.

    Raises:
        ValueError: `dialect` is unknown, `call` is value-counted, or no type is known.
    """
    _check_dialect(dialect)
    type_ = _argument_type(call, type_of) if type_of else _remembered(call)
    return merge_in_duckdb(call.function, type_, states)


def needs_values(call: AggregateCall) -> bool:
    """Tell whether `call` is value-counted: computed from (entity, value, n) rows of each day."""
    return call.function in VALUE_COUNTED


def kind_of_values(call: AggregateCall) -> str:
    """Name what a value-counted `call` counts: the same for all that may share the rows."""
    return "registers" if call.function in SKETCHED else "values"


def values_of(call: AggregateCall, dialect: str, column: Column, type_of: TypeOf) -> exp.Expr:
    """Return what a value-counted `call` counts in one row, its FILTER aside: NULL for no value.

    That is the value, or its register where `call` counts approximately.
    """
    if call.function in SKETCHED:
        return register(_text_of(call, dialect, column, type_of))
    return _counted(call, dialect, column, type_of).sealed()


def value_item_type(call: AggregateCall, type_of: TypeOf) -> Type:
    """Return the type of `values_of`."""
    return BIGINT if call.function in SKETCHED else infer(_argument(call), type_of)


def times_of(call: AggregateCall, dialect: str, column: Column, type_of: TypeOf) -> exp.Expr:
    """Return the aggregate n of a day's rows that have one of `values_of` in common.

    That is how many they are, or the highest rank where `call` counts approximately.
    """
    if call.function in SKETCHED:
        return exp.Max(this=rank(_text_of(call, dialect, column, type_of)))
    return exp.Count(this=exp.Star())


def merged_times(call: AggregateCall, n: exp.Expr) -> exp.Expr:
    """Return the aggregate that makes one `n` of those of several days."""
    return exp.Max(this=n) if call.function in SKETCHED else exp.Sum(this=n)


def _text_of(call: AggregateCall, dialect: str, column: Column, type_of: TypeOf) -> exp.Expr:
    return _counted(call, dialect, column, type_of).to(STRING, dialect)


def _counted(call: AggregateCall, dialect: str, column: Column, type_of: TypeOf) -> Value:
    """Return the argument of a value-counted `call` with one zero: -0.0 is written 0.0."""
    value = _inside(dialect, column, type_of).value(_argument(call))
    if value.type != FLOAT:
        return value
    return Value(exp.Add(this=operand(value.sealed()), expression=number(0.0)), FLOAT)


def _argument(call: AggregateCall) -> exp.Expr:
    if call.argument is None:
        raise blame(call.node, f"@{call.function} counts values, not rows", "name a value")
    return call.argument


def from_values(call: AggregateCall, value: exp.Expr, n: exp.Expr, dialect: str) -> exp.Expr:
    """Return the finished value of a value-counted `call` as an aggregate over (value, n) rows.

    There is one row per entity and distinct value of the window; rows of a NULL value are ignored.
    """
    _check_dialect(dialect)
    return from_values_in_duckdb(call.function, value.copy(), n.copy())


def empty(call: AggregateCall, type_: Type | None = None) -> exp.Expr:
    """Return what `call` is without any row: 0 for counts, else NULL (of `type_`, if given)."""
    if call.function in COUNTS:
        return cast(number(0), "BIGINT")
    return exp.null() if type_ is None else exp.Cast(this=exp.null(), to=sql_type(type_))


def finish(
    tree: exp.Expr,
    values: Callable[[AggregateCall], exp.Expr],
    dialect: str,
    types: TypeOf,
    *,
    column: Column | None = None,
    resolve: Resolve | None = None,
) -> exp.Expr:
    """Return the whole feature expression, each aggregate call replaced by its finished value.

    See `finishing` for the arguments.
    """
    lowering = finishing(values, dialect, types, column=column, resolve=resolve)
    return _typed(lowering.value(tree))


def finishing(
    values: Callable[[AggregateCall], exp.Expr],
    dialect: str,
    types: TypeOf,
    *,
    column: Column | None = None,
    resolve: Resolve | None = None,
) -> Lowering:
    """Say how a feature's expression becomes a tree over finished aggregates.

    `values` gives a new tree of the finished value of a call; a call's `node` is the node within
    `tree`. `types` are the types of the references. `column` says where a reference outside of
    every aggregate stands; without it such a reference is an error.
    """

    def aggregate(node: exp.Expr) -> Value:
        call = _call(node, resolve or str)
        return Value(values(call), value_type(call, types))

    return _lowering(dialect, column or _outside, types, aggregate)


def _typed(value: Value) -> exp.Expr:
    if value.type == NULL:
        raise ExpressionError("the expression is always NULL", 0, 0, "write NULL::string")
    return value.sealed()


def _call(node: exp.Expr, resolve: Resolve) -> AggregateCall:
    inner = node.this if isinstance(node, exp.Filter) else node
    condition = node.expression.this if isinstance(node, exp.Filter) else None
    if len(inner.expressions) != 1:
        found = len(inner.expressions)
        raise blame(node, f"@{inner.name} takes 1 argument, not {found}")
    argument = inner.expressions[0]
    if isinstance(argument, exp.Star):
        argument = None
    over = (_meaning(argument, resolve), _meaning(condition, resolve))
    if inner.name == "COUNT_IF" and condition is None:
        over = ("", over[0])
    return AggregateCall(inner.name, argument, condition, canonical(node, resolve), over, node)


def _meaning(tree: exp.Expr | None, resolve: Resolve) -> str:
    return "" if tree is None else canonical(tree, resolve)


def _argument_type(call: AggregateCall, type_of: TypeOf) -> Type | None:
    if call.argument is None:
        return None
    found = _inside("duckdb", _by_name, type_of).value(call.argument).type
    takes = AGGREGATE_FUNCTIONS[call.function].takes
    if found.name not in takes:
        fix = "convert it: ::string" if found.name == "json" else ""
        message = f"@{call.function} takes {' or '.join(takes)}, not {found}"
        raise blame(call.argument, message, fix)
    call.node.meta["argument_type"] = found.name
    return found


def _remembered(call: AggregateCall) -> Type | None:
    if call.argument is None:
        return None
    if "argument_type" not in call.node.meta:
        raise ValueError(f"the type of {call.meaning} is unknown: give type_of, or infer it first")
    return Type(call.node.meta["argument_type"])


def _check_dialect(dialect: str) -> None:
    if dialect not in DIALECTS:
        raise ValueError(f"unknown dialect '{dialect}', use one of: {', '.join(DIALECTS)}")


def _lowering(
    dialect: str,
    column: Column,
    type_of: TypeOf,
    aggregate: Callable[[exp.Expr], Value] | None = None,
) -> Lowering:
    _check_dialect(dialect)
    if aggregate is None:
        return Lowering(dialect, column, type_of)
    return Lowering(dialect, column, type_of, aggregate)


def _inside(dialect: str, column: Column, type_of: TypeOf) -> Lowering:
    return _lowering(dialect, column, type_of, _nested)


def _nested(node: exp.Expr) -> Value:
    raise blame(node, "aggregates cannot stand inside one another", "make the inner one a feature")


def _by_name(reference: Reference) -> exp.Expr:
    return exp.Column(this=exp.to_identifier(str(reference), quoted=True))


def _outside(reference: Reference) -> exp.Expr:
    message = f"${reference} stands outside of every aggregate"
    raise ExpressionError(message, reference.start, reference.end, f"write @MAX(${reference})")
