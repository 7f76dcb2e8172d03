"""Which features of a windowed family are 0 where an entity has no event: those made of counts."""

from collections.abc import Callable
from math import fmod, isfinite

from sqlglot import exp

from fig_assets.graph.definitions import Aggregated, Computed
from fig_assets.graph.nodes import Attribute, label_of
from fig_assets.graph.scope import Scope, Symbol
from fig_assets.language.aggregates import COUNTS
from fig_assets.language.parse import reference_of
from fig_assets.language.types import BIGINT, FLOAT

_NUMBERS = (BIGINT, FLOAT)


def is_zero_without_events(scope: Scope, feature: Attribute, period: str) -> bool:
    """Tell whether `feature` is a number made of counts, and 0 where all of them are 0.

    `period` is that of the windows it is computed for.
    """
    return _of_attribute(scope, feature, period) == 0


def _of_attribute(scope: Scope, feature: Attribute, period: str) -> float | None:
    match feature.definition:
        case Aggregated() as made:
            columns = made.siblings
        case Computed() as made:
            columns = made.columns
        case _:
            return None
    if feature.type not in _NUMBERS:
        return None

    def read(column: exp.Column) -> float | None:
        name, _, version = columns[label_of(reference_of(column))].rpartition("__v")
        symbol = Symbol(feature.owner, name, int(version), period)
        return _of_attribute(scope, scope.attribute(symbol, feature.about.where), period)

    return _value(made.expression.tree, read)


def _value(tree: exp.Expr, read: Callable[[exp.Column], float | None]) -> float | None:
    """Return what an expression is where every count is 0; None where it is NULL or unknown."""
    match tree:
        case exp.Column():
            return read(tree)
        case exp.Literal() if not tree.is_string:
            return float(tree.name)
        case exp.Filter():
            return _value(tree.this, read)
        case exp.Anonymous() if tree.name in COUNTS:
            return 0.0
        case exp.Neg() | exp.Cast():
            found = _value(tree.this, read)
            return None if found is None else -found if isinstance(tree, exp.Neg) else found
        case exp.Add() | exp.Sub() | exp.Mul():
            return _combined(tree.key, [tree.this, tree.expression], read)
        case exp.Anonymous() if tree.name in ("DIVIDE", "MOD"):
            return _combined(tree.name, tree.expressions, read)
        case _:
            return None


def _combined(
    operator: str, sides: list[exp.Expr], read: Callable[[exp.Column], float | None]
) -> float | None:
    left, right = (_value(side, read) for side in sides)
    if left is None or right is None or (right == 0 and operator in ("DIVIDE", "MOD")):
        return None
    found = _OPERATORS[operator](left, right)
    return found if isfinite(found) else None


_OPERATORS: dict[str, Callable[[float, float], float]] = {
    "add": lambda left, right: left + right,
    "sub": lambda left, right: left - right,
    "mul": lambda left, right: left * right,
    "DIVIDE": lambda left, right: left / right,
    "MOD": fmod,
}
