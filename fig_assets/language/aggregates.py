"""Aggregates: what each takes, gives and means, and its daily state in DuckDB and their merge.

A window is merged from one state per day, so every aggregate is a few columns that add up. Those
that need the values themselves (`VALUE_COUNTED`) are computed from (value, count) rows, and the
approximate count from (register, rank) rows of the same form.
"""

from dataclasses import dataclass
from typing import Literal

from sqlglot import exp

from fig_assets.language.duck import (
    call,
    cast,
    count_where,
    finite,
    number,
    operand,
    try_cast,
    when,
)
from fig_assets.language.sketch import estimate
from fig_assets.language.spread import StateOf, merged_spread
from fig_assets.language.types import BIGINT, BOOLEAN, FLOAT, STRING, TIMESTAMP, Type

SKETCHED = frozenset({"APPROX_COUNT_DISTINCT"})
"""Aggregates that count registers of a sketch in the place of values; see `sketch`."""

VALUE_COUNTED = frozenset({"COUNT_DISTINCT", "ENTROPY", "MODE"}) | SKETCHED
"""Aggregates that no fixed set of columns can carry from day to day."""

COUNTS = frozenset({"COUNT", "COUNT_IF", "COUNT_DISTINCT", "APPROX_COUNT_DISTINCT"})
"""Aggregates that are 0 where there is no row."""

HALF_WORD = 2**32
"""A sum of bigints is kept as two numbers: its quotient and its remainder by this one."""

LARGEST_SQUARED = 1e140
"""A value from here on has a square whose sum could overflow."""

_SIMPLE = ("string", "bigint", "float", "boolean", "timestamp", "date")
_NUMBERS = ("bigint", "float")


@dataclass(frozen=True)
class State:
    """One stored column of a daily state; `merge` names how the columns of two days add up."""

    suffix: str
    type: Type | None
    merge: str
    what: str = ""
    """What the column holds of its rows, where the suffix says something else."""

    @property
    def meaning(self) -> str:
        """What the column holds: the same for all aggregates that may share it."""
        return self.what or self.suffix


@dataclass(frozen=True)
class AggregateFunction:
    """One aggregate: the types it takes, the type it gives (None: its argument's), its meaning."""

    arguments: str
    takes: tuple[str, ...]
    result: Type | None
    example: str
    on_null: str = "ignored; NULL where no value is left"
    on_bad_input: str = "none possible"


def result_of(function: str, argument: Type | None) -> Type:
    """Return the type of the aggregate `function` over `argument` (None for COUNT(*))."""
    if argument is None or (function == "SUM" and argument == BOOLEAN):
        return BIGINT
    return AGGREGATE_FUNCTIONS[function].result or argument


_OVERFLOW = "overflow gives NULL"
_SQUARES = "NULL where a value is 1e140 or more, or -1e140 or less"
_COUNTED = "ignored; 0 where no value is left"

AGGREGATE_FUNCTIONS: dict[str, AggregateFunction] = {
    "COUNT": AggregateFunction(
        "* or value", (*_SIMPLE, "embedding"), BIGINT, "@COUNT(*)", _COUNTED
    ),
    "COUNT_IF": AggregateFunction(
        "condition boolean", ("boolean",), BIGINT, "@COUNT_IF($is_failure)", _COUNTED
    ),
    "COUNT_DISTINCT": AggregateFunction(
        "value", _SIMPLE, BIGINT, "@COUNT_DISTINCT($ip_address)", _COUNTED
    ),
    "APPROX_COUNT_DISTINCT": AggregateFunction(
        "value", _SIMPLE, BIGINT, "@APPROX_COUNT_DISTINCT($ip_address)", _COUNTED
    ),
    "SUM": AggregateFunction(
        "x number or boolean",
        (*_NUMBERS, "boolean"),
        None,
        "@SUM($is_failure)",
        on_bad_input=_OVERFLOW,
    ),
    "AVG": AggregateFunction(
        "x number or boolean",
        (*_NUMBERS, "boolean"),
        FLOAT,
        "@AVG($bytes)",
        on_bad_input=_OVERFLOW,
    ),
    "MIN": AggregateFunction("value", _SIMPLE, None, "@MIN($bytes)"),
    "MAX": AggregateFunction("value", _SIMPLE, None, "@MAX($bytes)"),
    "STDDEV": AggregateFunction(
        "x number",
        _NUMBERS,
        FLOAT,
        "@STDDEV($bytes)",
        "ignored; NULL where fewer than two values are left",
        _SQUARES,
    ),
    "VARIANCE": AggregateFunction(
        "x number",
        _NUMBERS,
        FLOAT,
        "@VARIANCE($bytes)",
        "ignored; NULL where fewer than two values are left",
        _SQUARES,
    ),
    "BOOL_OR": AggregateFunction(
        "condition boolean", ("boolean",), BOOLEAN, "@BOOL_OR($is_failure)"
    ),
    "BOOL_AND": AggregateFunction(
        "condition boolean", ("boolean",), BOOLEAN, "@BOOL_AND($is_failure)"
    ),
    "FIRST": AggregateFunction("value", _SIMPLE, None, "@FIRST($country)"),
    "LAST": AggregateFunction("value", _SIMPLE, None, "@LAST($country)"),
    "ENTROPY": AggregateFunction("value", _SIMPLE, FLOAT, "@ENTROPY($country)"),
    "MODE": AggregateFunction("value", _SIMPLE, None, "@MODE($country)"),
}
"""Every aggregate, by name; the sum of booleans is a bigint, the number that are TRUE."""


def states_of(function: str, argument: Type | None) -> tuple[State, ...]:
    """Return the columns of the daily state of `function` over `argument`."""
    count = State("count", BIGINT, "sum")
    match function:
        case "COUNT_IF":
            return (State("count", BIGINT, "sum", "rows"),)
        case "COUNT":
            return (State("count", BIGINT, "sum", "rows") if argument is None else count,)
        case "SUM":
            return _sum_states(argument)
        case "AVG":
            return (*_sum_states(argument), count)
        case "STDDEV" | "VARIANCE":
            total = State("sum", FLOAT, "sum", "" if argument == FLOAT else "float_sum")
            return (count, total, State("m2", FLOAT, "variance"))
        case "MIN" | "MAX":
            return (State(function.lower(), argument, function.lower()),)
        case "BOOL_OR":
            return (State("any", BOOLEAN, "any"),)
        case "BOOL_AND":
            return (State("all", BOOLEAN, "all"),)
        case "FIRST" | "LAST":
            how = function.lower()
            names = (("value", argument), ("time", TIMESTAMP), ("id", STRING))
            return tuple(State(name, type_, how, f"{how}_{name}") for name, type_ in names)
        case _:
            return ()


def _sum_states(argument: Type | None) -> tuple[State, ...]:
    if argument == BIGINT:
        return (State("sum_high", BIGINT, "sum"), State("sum_low", BIGINT, "sum"))
    if argument == FLOAT:
        return (State("sum", FLOAT, "sum"),)
    return (State("sum", BIGINT, "sum", "trues"),)


@dataclass(frozen=True)
class Rows:
    """The rows an aggregate reads: its argument in each, and which of them count."""

    argument: exp.Expr | None
    type: Type | None
    condition: exp.Expr | None

    def known_by(self, tree: exp.Expr) -> exp.Expr:
        """Return the aggregate `tree` over the rows that count and whose argument is not NULL."""
        known = exp.Not(this=exp.Is(this=operand(self.value), expression=exp.null()))
        tests = [known] if self.condition is None else [self.condition.copy(), known]
        where = exp.and_(*map(operand, tests), copy=False)
        return exp.Filter(this=tree, expression=exp.Where(this=where))

    def of(self, tree: exp.Expr) -> exp.Expr:
        """Return what an aggregate that ignores NULL is given: `tree` in the rows that count.

        For each FILTER DuckDB looks at all columns that the aggregates of a statement are given.
        """
        return tree if self.condition is None else when(self.condition.copy(), tree)

    @property
    def value(self) -> exp.Expr:
        """A fresh copy of the argument."""
        return exp.null() if self.argument is None else self.argument.copy()


def day_in_duckdb(function: str, rows: Rows) -> dict[str, exp.Expr]:
    """Return the aggregate over one day's rows for each column of the state."""
    match function:
        case "COUNT" if rows.argument is None:
            return {"count": _count_rows(rows.condition)}
        case "COUNT":
            return {"count": exp.Count(this=rows.of(rows.value))}
        case "COUNT_IF":
            return {"count": count_where(rows.of(rows.value))}
        case "SUM":
            return _sums(rows)
        case "AVG":
            return {**_sums(rows), "count": exp.Count(this=rows.of(rows.value))}
        case "STDDEV" | "VARIANCE":
            return _moments(rows)
        case "MIN" | "MAX":
            return {function.lower(): call(function, rows.of(rows.value))}
        case "BOOL_OR":
            return {"any": call("BOOL_OR", rows.of(rows.value))}
        case "BOOL_AND":
            return {"all": call("BOOL_AND", rows.of(rows.value))}
        case "FIRST" | "LAST":
            return _extremes("ARG_MIN_NULL" if function == "FIRST" else "ARG_MAX_NULL", rows)
        case _:
            return {}


def _count_rows(condition: exp.Expr | None) -> exp.Expr:
    if condition is None:
        return exp.Count(this=exp.Star())
    return count_where(condition.copy())


def _sums(rows: Rows) -> dict[str, exp.Expr]:
    if rows.type == FLOAT:
        return {"sum": call("FSUM", rows.of(rows.value))}
    if rows.type == BOOLEAN:
        return {"sum": cast(call("SUM", rows.of(cast(rows.value, "BIGINT"))), "BIGINT")}
    # DuckDB adds bigints in 128 bits, and the same sum once.
    total = call("SUM", rows.of(rows.value))
    high = exp.IntDiv(this=total, expression=number(HALF_WORD))
    low = exp.Mod(this=total.copy(), expression=number(HALF_WORD))
    return {"sum_high": cast(high, "BIGINT"), "sum_low": cast(low, "BIGINT")}


def _moments(rows: Rows) -> dict[str, exp.Expr]:
    value = rows.of(rows.value if rows.type == FLOAT else cast(rows.value, "DOUBLE"))
    size = call("ABS", value)
    limit = number(LARGEST_SQUARED)
    safe = when(exp.LT(this=size, expression=limit), value.copy())
    count = exp.Count(this=value.copy())
    # In the order of the rows, which a stored day always has: it decides the last digits.
    spread = exp.Mul(this=call("VAR_POP", safe), expression=count)
    is_large = exp.GTE(this=call("MAX", size.copy()), expression=limit.copy())
    not_a_number = cast(exp.Literal.string("NaN"), "DOUBLE")
    return {
        "count": count.copy(),
        "sum": call("FSUM", value.copy()),
        "m2": when(is_large, not_a_number, spread),
    }


def _extremes(name: Literal["ARG_MIN_NULL", "ARG_MAX_NULL"], rows: Rows) -> dict[str, exp.Expr]:
    time, event = exp.column("event_time", quoted=True), exp.column("event_id", quoted=True)
    wanted = {"value": rows.value, "time": time, "id": event}
    return {
        suffix: rows.known_by(
            call(name, tree.copy(), call("ROW", time.copy(), event.copy(), rows.value))
        )
        for suffix, tree in wanted.items()
    }


def merge_in_duckdb(function: str, argument: Type | None, state: StateOf) -> exp.Expr:
    """Return the aggregate of a window over the rows of its daily states."""
    match function:
        case "COUNT" | "COUNT_IF":
            return cast(call("SUM", state("count")), "BIGINT")
        case "SUM" if argument == FLOAT:
            return finite(call("FSUM", state("sum")))
        case "SUM":
            return try_cast(_whole_sum(argument, state), "BIGINT")
        case "AVG":
            return _mean(argument, state)
        case "STDDEV" | "VARIANCE":
            return merged_spread(function, state)
        case "MIN" | "MAX":
            return call(function, state(function.lower()))
        case "BOOL_OR":
            return call("BOOL_OR", state("any"))
        case "BOOL_AND":
            return call("BOOL_AND", state("all"))
        case "FIRST" | "LAST":
            order = call("ROW", state("time"), state("id"), state("value"))
            name = "ARG_MIN" if function == "FIRST" else "ARG_MAX"
            return call(name, state("value"), order)
        case _:
            raise ValueError(f"@{function} is computed from values, not from states")


def _whole_sum(argument: Type | None, state: StateOf) -> exp.Expr:
    if argument == BOOLEAN:
        return call("SUM", state("sum"))
    high = exp.Mul(this=call("SUM", state("sum_high")), expression=number(HALF_WORD))
    return exp.Add(this=high, expression=call("SUM", state("sum_low")))


def _mean(argument: Type | None, state: StateOf) -> exp.Expr:
    total = call("FSUM", state("sum")) if argument == FLOAT else _whole_sum(argument, state)
    count = call("NULLIF", call("SUM", state("count")), number(0))
    quotient = exp.Div(this=cast(total, "DOUBLE"), expression=cast(count, "DOUBLE"))
    return finite(quotient) if argument == FLOAT else quotient


def from_values_in_duckdb(function: str, value: exp.Expr, n: exp.Expr) -> exp.Expr:
    """Return a value-counted aggregate over rows (value, n), one row per distinct value."""
    match function:
        case "COUNT_DISTINCT":
            return exp.Count(this=value)
        case "APPROX_COUNT_DISTINCT":
            return estimate(value, n)
        case "MODE":
            order = call("ROW", exp.Neg(this=operand(n)), value.copy())
            return call("ARG_MIN", value, order)
        case "ENTROPY":
            return _entropy(value, n)
        case _:
            raise ValueError(f"@{function} is computed from states, not from values")


def _entropy(value: exp.Expr, n: exp.Expr) -> exp.Expr:
    known = exp.Where(this=exp.Not(this=exp.Is(this=value, expression=exp.null())))

    def over(tree: exp.Expr) -> exp.Expr:
        return exp.Filter(this=tree, expression=known.copy())

    total = cast(over(call("SUM", n)), "DOUBLE")
    term = exp.Mul(this=operand(n.copy()), expression=call("LOG2", n.copy()))
    ratio = exp.Div(this=over(call("FSUM", term)), expression=total)
    bits = exp.Sub(this=call("LOG2", total.copy()), expression=ratio)
    # One value has no surprise; rounding would leave a trace of it.
    several = exp.GT(this=exp.Count(this=value.copy()), expression=number(1))
    one = exp.EQ(this=exp.Count(this=value.copy()), expression=number(1))
    branches = [exp.If(this=several, true=bits), exp.If(this=one, true=number(0.0))]
    return exp.Case(ifs=branches)
