"""Words that the warehouse has nothing for -> the places in the configuration that use them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

import pyarrow as pa
from sqlglot import exp

from fig_assets.engines.base import DAY, Engine, relation
from fig_assets.errors import EngineError, Problem, UnsupportedOnEngine, Where
from fig_assets.graph.definitions import Aggregated, Computed, Voted
from fig_assets.graph.nodes import Graph
from fig_assets.language.functions import (
    AggregateCall,
    calls,
    daily,
    finishing,
    from_values,
    merge,
    needs_values,
    times_of,
    values_of,
)
from fig_assets.language.lower import Lowering, TypeOf
from fig_assets.language.parse import Expression, ExpressionError, Reference
from fig_assets.language.tree import AGGREGATES, blame
from fig_assets.sql.expressions import column, typed
from fig_assets.workflow.workspace import Workspace

OTHERWISE = "write it with other functions, or compute in another warehouse"
_KNOWN: Mapping[str, pa.DataType] = {
    DAY: pa.date32(),
    "event_time": pa.timestamp("us"),
    "event_id": pa.string(),
}


def refused_words(workspace: Workspace) -> list[Problem]:
    """Return a problem for each part of an expression that the warehouse cannot compute.

    The smallest part is to blame: a call, not the expression around it.
    """
    found = []
    for where, expression, asked in _expressions(workspace.graph, workspace.engine):
        for node, refusal in asked.refused(expression.tree):
            at = blame(node, "")
            excerpt = at.excerpt(expression.text)
            found.append(Problem(where, str(refusal), OTHERWISE, excerpt=excerpt))
    # A feature of several periods is one text.
    return list(dict.fromkeys(found))


def _expressions(graph: Graph, engine: Engine) -> Iterator[tuple[Where, Expression, "_Asked"]]:
    """List every expression once, with what asks the engine for the parts of it."""
    for attribute in graph.attributes.values():
        definition = attribute.definition
        where = attribute.about.where
        if isinstance(definition, Voted):
            definition = definition.computed
        if isinstance(definition, Computed):
            yield where, definition.expression, _Asked(engine, typed(definition.types))
        elif isinstance(definition, Aggregated):
            inside, outside = typed(definition.types), definition.sibling_types
            known = typed({**definition.types, **outside})
            yield where, definition.expression, _Asked(engine, known, inside)
    filters = chain(
        ((event.about.where, event.where) for event in graph.events.values()),
        ((family.about.where, family.where) for family in graph.row_families.values()),
        (
            (family.about.where, group.where)
            for family in graph.families.values()
            for group in family.groups
        ),
    )
    for where, computed in filters:
        if computed is not None:
            yield where, computed.expression, _Asked(engine, typed(computed.types))


@dataclass(frozen=True)
class _Asked:
    """What asks an engine whether it can compute a part of an expression."""

    engine: Engine
    type_of: TypeOf
    inside: TypeOf | None = None
    """The types of what aggregates are given; None where nothing aggregates."""

    def refused(self, node: exp.Expr) -> Iterator[tuple[exp.Expr, UnsupportedOnEngine]]:
        """Yield each smallest part that the engine refuses, with its words."""
        parts = [part for part in node.iter_expressions() if not isinstance(part, exp.DataType)]
        below = [found for part in parts for found in self.refused(part)]
        if below:
            yield from below
        elif not isinstance(node, exp.If | exp.Where | exp.Star | exp.Literal):
            refusal = self._refusal(node)
            if refusal is not None:
                yield node, refusal

    def _refusal(self, node: exp.Expr) -> UnsupportedOnEngine | None:
        for trees in self._trees(node):
            names = {c.name for tree in trees for c in tree.find_all(exp.Column)}
            columns = {name: _KNOWN.get(name, pa.string()) for name in sorted({DAY, *names})}
            query = exp.select(*(exp.alias_(t, f"v{n}") for n, t in enumerate(trees)))
            try:
                self.engine.check(query.from_(relation("expression", columns)))
            except UnsupportedOnEngine as refusal:
                return refusal
            except EngineError:
                # The columns have no types here: only whether there are words was asked.
                continue
        return None

    def _trees(self, node: exp.Expr) -> Iterator[list[exp.Expr]]:
        inner = node.this if isinstance(node, exp.Filter) else node
        try:
            if isinstance(inner, exp.Anonymous) and inner.name in AGGREGATES:
                for call in calls(node):
                    yield from self._of_call(call)
                return
            yield [self._lowering().value(node).sealed()]
        except ExpressionError:
            # What steers a function, as its unit does, is nothing by itself.
            return

    def _lowering(self) -> Lowering:
        if self.inside is None:
            return Lowering("duckdb", _named, self.type_of)
        return finishing(lambda _: column("aggregate__"), "duckdb", self.type_of, column=_named)

    def _of_call(self, call: AggregateCall) -> Iterator[list[exp.Expr]]:
        inside = self.inside or self.type_of
        if needs_values(call):
            yield [values_of(call, "duckdb", _named, inside)]
            yield [times_of(call, "duckdb", _named, inside)]
            yield [from_values(call, column("value"), column("n"), "duckdb")]
            return
        yield list(daily(call, "duckdb", _named, inside).values())
        yield [merge(call, column, "duckdb", inside)]


def _named(reference: Reference) -> exp.Expr:
    return column(reference.name)
