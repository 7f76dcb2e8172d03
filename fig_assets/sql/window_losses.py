"""Aggregates merged over a window -> columns that tell in which windows a value was lost."""

from collections.abc import Callable, Sequence

from sqlglot import exp

from fig_assets.graph.definitions import Aggregated
from fig_assets.graph.nodes import Attribute, Family
from fig_assets.language.losses import can_overflow, has_values, lost
from fig_assets.language.lower import Lowering
from fig_assets.language.types import Type
from fig_assets.sql.expressions import column, named
from fig_assets.sql.losses import lost_column
from fig_assets.sql.state_columns import LOST_ROWS, CallStates, call_states


def lost_of_window(call: CallStates, title: str) -> list[exp.Expr]:
    """Select, beside an aggregate called `title`, what tells whether it lost a value."""
    found: list[exp.Expr] = []
    names = {suffix: column(state.name) for suffix, state in call.columns.items()}
    if LOST_ROWS in names:
        events = exp.Sum(this=names[LOST_ROWS])
        some = exp.GT(this=events, expression=exp.Literal.number(0))
        found.append(named(some, f"{title}lost"))
    if can_overflow(call.call, _types(call)):
        found.append(named(has_values(call.call, names), f"{title}known"))
    return found


def lost_over_aggregates(
    family: Family,
    attributes: Sequence[Attribute],
    lowering_of: Callable[[Attribute], Lowering],
    title: Callable[[CallStates], str],
) -> list[exp.Expr]:
    """Select, of the features over aggregates that can lose a value, in which windows they did.

    Args:
        family: Their family.
        attributes: Features; those that are no `Aggregated` are passed over.
        lowering_of: How a feature's expression becomes a tree over merged aggregates.
        title: The column of a merged aggregate.
    """
    found: list[exp.Expr] = []
    for attribute in attributes:
        definition = attribute.definition
        if isinstance(definition, Aggregated):
            calls_ = call_states(definition, family.groups[definition.group])
            parts = [part for call in calls_ for part in _lost_in_call(call, title(call))]
            tree = definition.expression.tree
            own = lost(tree, lowering_of(attribute), attribute.type, column(attribute.column))
            parts += [own] if own is not None else []
            if parts:
                found.append(named(exp.or_(*parts, copy=False), lost_column(attribute)))
    return found


def _lost_in_call(call: CallStates, title: str) -> list[exp.Expr]:
    """Say in which windows the aggregate called `title` lost a value; at most two conditions."""
    found: list[exp.Expr] = []
    if LOST_ROWS in call.columns:
        found.append(column(f"{title}lost"))
    if can_overflow(call.call, _types(call)):
        is_lost = exp.Is(this=column(title), expression=exp.null())
        found.append(exp.and_(column(f"{title}known"), is_lost, copy=False))
    return found


def _types(call: CallStates) -> dict[str, Type]:
    return {suffix: state.type for suffix, state in call.columns.items()}
