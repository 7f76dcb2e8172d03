"""A lowered part of an expression: its tree, its type, and the guard it still needs."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from sqlglot import exp

from fig_assets.language.duck import finite, number, parsed_json
from fig_assets.language.types import BIGINT, FLOAT, JSON, NULL, STRING, Type, convert

Guard = Literal["", "finite"]


@dataclass(frozen=True)
class Value:
    """A lowered part of an expression; `guard` is what still has to be put around its tree.

    An infinity survives a chain of operators, so one guard around the chain does.
    """

    tree: exp.Expr
    type: Type
    guard: Guard = ""

    def sealed(self) -> exp.Expr:
        """Return the tree with its guard, if any, around it."""
        return finite(self.tree) if self.guard else self.tree

    def to(self, target: Type, dialect: str) -> exp.Expr:
        """Return the sealed tree as `target`, into which its type is convertible."""
        if self.type == target:
            return self.sealed()
        plain = bare(self.tree)
        if isinstance(plain, exp.Literal) and (self.type, target) == (BIGINT, FLOAT):
            return number(float(plain.name))
        if target == JSON and self.type != NULL:
            return parsed_json(self.sealed())
        return convert(self.sealed(), self.type, target, dialect)

    @property
    def is_text(self) -> bool:
        """Whether a comparison with another type reads it as that type."""
        return self.type in (STRING, JSON)


Aggregate = Callable[[exp.Expr], Value]


def bare(tree: exp.Expr) -> exp.Expr:
    """Return a literal without the cast that gives it its exact type, else `tree` itself."""
    if not isinstance(tree, exp.Cast) or not isinstance(tree.this, exp.Literal):
        return tree
    is_exact = tree.to.this == exp.DType.BIGINT and not tree.this.is_string
    return tree.this if is_exact else tree
