"""Aggregates merged over a window -> columns that tell in which windows a value was lost."""

from sqlglot import exp

from fig_assets.language.losses import can_overflow, has_values
from fig_assets.sql.daily_state import LOST_ROWS, CallStates
from fig_assets.sql.expressions import column, named


def lost_of_window(call: CallStates, title: str) -> list[exp.Expr]:
    """Select, beside an aggregate called `title`, what tells whether it lost a value."""
    found: list[exp.Expr] = []
    names = {suffix: column(name) for suffix, (name, _) in call.columns.items()}
    if LOST_ROWS in names:
        events = exp.Sum(this=names[LOST_ROWS])
        some = exp.GT(this=events, expression=exp.Literal.number(0))
        found.append(named(some, f"{title}lost"))
    if can_overflow(call.call, call.item_type):
        is_there = has_values(call.call, call.item_type, lambda suffix: names[suffix].copy())
        found.append(named(is_there, f"{title}known"))
    return found


def lost_in_call(call: CallStates, title: str) -> list[exp.Expr]:
    """Say in which windows the aggregate called `title` lost a value; at most two conditions."""
    found: list[exp.Expr] = []
    if LOST_ROWS in call.columns:
        found.append(column(f"{title}lost"))
    if can_overflow(call.call, call.item_type):
        is_lost = exp.Is(this=column(title), expression=exp.null())
        found.append(exp.and_(column(f"{title}known"), is_lost, copy=False))
    return found
