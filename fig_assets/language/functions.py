"""The one table of functions, and what an expression becomes in a warehouse."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from sqlglot import exp

from fig_assets.language.tree import Reference
from fig_assets.language.types import Type

Column = Callable[[Reference], exp.Expr]
TypeOf = Callable[[Reference], Type]


@dataclass(frozen=True)
class State:
    suffix: str
    type: Type | None
    merge: str


@dataclass(frozen=True, eq=False)
class AggregateCall:
    function: str
    argument: exp.Expr | None
    filter: exp.Expr | None
    meaning: str
    node: exp.Expr


@dataclass(frozen=True)
class Function:
    name: str
    kind: Literal["row", "aggregate"]
    arguments: str
    result: str
    on_null: str
    on_bad_input: str
    example: str


FUNCTIONS: dict[str, Function] = {}


def infer(tree: exp.Expr, type_of: TypeOf) -> Type:
    raise NotImplementedError


def lower(tree: exp.Expr, dialect: str, column: Column, type_of: TypeOf) -> exp.Expr:
    raise NotImplementedError


def calls(
    tree: exp.Expr, resolve: Callable[[Reference], str] | None = None
) -> tuple[AggregateCall, ...]:
    raise NotImplementedError


def daily(
    call: AggregateCall, dialect: str, column: Column, type_of: TypeOf
) -> dict[str, exp.Expr]:
    raise NotImplementedError


def merge(
    call: AggregateCall,
    states: Callable[[str], exp.Expr],
    dialect: str,
    type_of: TypeOf | None = None,
) -> exp.Expr:
    """type_of may be left out once infer/state_types/value_type ran on the same tree."""
    raise NotImplementedError


def needs_values(call: AggregateCall) -> bool:
    raise NotImplementedError


def from_values(call: AggregateCall, value: exp.Expr, n: exp.Expr, dialect: str) -> exp.Expr:
    raise NotImplementedError


def value_type(call: AggregateCall, type_of: TypeOf) -> Type:
    raise NotImplementedError


def state_types(call: AggregateCall, type_of: TypeOf) -> dict[str, Type]:
    raise NotImplementedError


def empty(call: AggregateCall, type_: Type | None = None) -> exp.Expr:
    raise NotImplementedError


def finish(
    tree: exp.Expr,
    values: Callable[[AggregateCall], exp.Expr],
    dialect: str,
    types: TypeOf,
    *,
    column: Column | None = None,
    resolve: Callable[[Reference], str] | None = None,
) -> exp.Expr:
    raise NotImplementedError


def function_table() -> str:
    raise NotImplementedError
