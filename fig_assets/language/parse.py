"""Text of an expression -> syntax tree over a closed set of nodes, each with its place."""

from collections.abc import Callable

from fig_assets.language.grammar import parse
from fig_assets.language.meaning import canonical
from fig_assets.language.tree import (
    Expression,
    ExpressionError,
    Reference,
    aggregate_nodes,
    excerpt,
    is_aggregate,
    reference_of,
    span,
)

Resolve = Callable[[Reference], str]

__all__ = [
    "Expression",
    "ExpressionError",
    "Reference",
    "aggregate_nodes",
    "canonical",
    "excerpt",
    "is_aggregate",
    "parse",
    "reference_of",
    "span",
]
