"""A tree in DuckDB's words -> the same tree in the words of another engine, or a refusal.

The program sends a closed set of words, so each engine has a table of what it says for each of
them. A word that is in no table is refused: nothing is left to what a dialect makes of it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlglot import exp

from fig_assets.errors import UnsupportedOnEngine

Walk = Callable[[exp.Expr], exp.Expr]
"""Translates a part of the tree; the result is the builder's own."""
Build = Callable[[exp.Expr, Walk], exp.Expr]
"""A node whose parts are not translated yet, and what translates them -> the engine's tree."""

PLAIN = frozenset(
    {
        *(exp.Select, exp.From, exp.Join, exp.Where, exp.Group, exp.Having, exp.With, exp.CTE),
        *(exp.Subquery, exp.Union, exp.Table, exp.TableAlias, exp.Alias, exp.Identifier),
        *(exp.Column, exp.Star, exp.Paren, exp.Tuple, exp.Order, exp.Ordered, exp.Limit),
        *(exp.Window, exp.WindowSpec, exp.RowNumber, exp.Qualify, exp.Distinct, exp.Filter),
        *(exp.Literal, exp.Null, exp.Boolean, exp.Case, exp.If, exp.Coalesce),
        *(exp.And, exp.Or, exp.Not, exp.Is, exp.In, exp.Between, exp.DPipe),
        *(exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.NullSafeEQ, exp.NullSafeNEQ),
        *(exp.Count, exp.Max, exp.Min),
    }
)
"""Nodes that mean the same on every engine, and whose parts are translated one by one."""


@dataclass(frozen=True)
class Words:
    """What one engine says for each word.

    `functions` is by the function's name in upper case, `nodes` by the class of the node, and
    comes before `plain`.
    """

    engine: str
    functions: Mapping[str, Build]
    nodes: Mapping[type[exp.Expr], Build] = field(default_factory=dict)
    plain: frozenset[type[exp.Expr]] = PLAIN


def translate(tree: exp.Expr, words: Words) -> exp.Expr:
    """Return `tree` in the words of an engine; `tree` itself stays as it is.

    Raises:
        UnsupportedOnEngine: the engine has no word of the same meaning for one of the words.
    """

    def walk(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Anonymous):
            build = words.functions.get(node.name.upper())
        else:
            build = words.nodes.get(type(node))
        if build is not None:
            return build(node, walk)
        if type(node) not in words.plain:
            raise unsupported(words.engine, word_of(node))
        return same(node, walk)

    return walk(tree)


def same(node: exp.Expr, walk: Walk) -> exp.Expr:
    """Return a node of the same kind with translated parts; it keeps what is noted on the node."""
    parts = {name: _part(part, walk) for name, part in node.args.items()}
    found = type(node)(**parts)
    if node.meta:
        found.meta.update(node.meta)
    return found


def renamed(name: str) -> Build:
    """Say that a function has the same meaning under another name."""
    return of_arguments(lambda *arguments: function(name, *arguments))


def of_arguments(build: Callable[..., exp.Expr]) -> Build:
    """Build a function's tree from its arguments, which are translated before."""
    return lambda node, walk: build(*map(walk, node.expressions))


def function(name: str, *arguments: exp.Expr) -> exp.Expr:
    """Return the call of an engine's function, written as it stands."""
    return exp.Anonymous(this=name, expressions=list(arguments))


def word_of(node: exp.Expr) -> str:
    """Name a node as its user would find it in a statement."""
    return node.name.upper() if isinstance(node, exp.Anonymous) else node.key.upper()


def unsupported(engine: str, word: str) -> UnsupportedOnEngine:
    """Return the refusal of a word."""
    return UnsupportedOnEngine(f"{engine} has nothing that means the same as {word}")


def _part(part: object, walk: Walk) -> object:
    if isinstance(part, exp.Expr):
        return walk(part)
    if isinstance(part, Sequence) and not isinstance(part, str):
        return [_part(one, walk) for one in part]
    return part
