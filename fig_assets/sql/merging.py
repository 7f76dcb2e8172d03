"""One group's daily states -> the select that has its merged aggregates for each window."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from sqlglot import exp

from fig_assets.engines.base import DAY
from fig_assets.language.duck import cast, when
from fig_assets.language.functions import empty, from_values, merge, merged_times
from fig_assets.language.spread import (
    SPREADS,
    carefully,
    finished_spread,
    in_doubt,
    parts_of_spread,
    quickly,
)
from fig_assets.language.value import bare
from fig_assets.sql.distinct import add_distinct_counts
from fig_assets.sql.expressions import Chain, column, column_all, named, select
from fig_assets.sql.span import Span
from fig_assets.sql.state_columns import TIMES, VALUE, CallStates, GroupStates, State
from fig_assets.sql.window_losses import lost_of_window

QUICK, CAREFUL = "quick", "careful"
"""Squares between days, added up in two ways."""


@dataclass(frozen=True, eq=False)
class Merging:
    """What is merged into the windows of a span: states of one group, those of some calls."""

    chain: Chain
    states: GroupStates
    calls: Sequence[CallStates]
    span: Span
    suffix: str
    """What the names of this group's selects end with, where the family has several groups."""
    dialect: str

    @property
    def entity(self) -> str:
        """The column of the entity."""
        return self.states.family.granularity

    @property
    def keys(self) -> list[str]:
        """The columns that tell the windows apart."""
        return self.span.keys(self.entity)

    def named(self, name: str) -> str:
        """Name a select of this group."""
        return f"{name}{self.suffix}"

    @property
    def spreads(self) -> list[CallStates]:
        """The calls that are finished from several merged numbers."""
        return [call for call in self.calls if call.call.function in SPREADS]


def result_name(call: CallStates) -> str:
    """Name the column of a merged aggregate."""
    return f"{call.title}_{call.fingerprint[:6]}__"


def empty_result(call: CallStates) -> exp.Expr:
    """Return what an aggregate is where there was no event: 0 for counts, else NULL."""
    return bare(empty(call.call))


def left_join(name: str, source: str, keys: Sequence[str]) -> exp.Join:
    """Join the select `name` on its keys to the select `source`."""
    same = [exp.EQ(this=column(key, name), expression=column(key, source)) for key in keys]
    table = exp.Table(this=exp.to_identifier(name))
    return exp.Join(this=table, on=exp.and_(*same, copy=False), side="LEFT")


def merge_group(it: Merging) -> str:
    """Merge one group's states over each window; returns the select with all its results."""
    source = _merged(it)
    if it.spreads:
        source = _add_spreads(it, source)
    results: list[exp.Expr] = [column_all(source)]
    joined: list[str] = []
    for call in it.calls:
        if call.values is None:
            continue
        name = _add_values(it, call, call.values, len(joined) + 1)
        found = exp.Coalesce(this=column(result_name(call), name), expressions=[empty_result(call)])
        results.append(named(found, result_name(call)))
        joined.append(name)
    if not joined:
        return source
    query = select(results, source)
    query.set("joins", [left_join(name, source, it.keys) for name in joined])
    return it.chain.add(it.named("grouped"), query)


def _windows(it: Merging) -> exp.Select:
    """Select the states of each window, the entity first."""
    wanted = {state.name for call in it.calls for state in call.columns.values()}
    columns = {n: k for n, k in it.states.columns.items() if n in (DAY, it.entity) or n in wanted}
    relation = it.states.group.relation
    if it.span.is_one:
        return it.span.rows(relation, columns, "states")
    # The windows of an entity lie together then, which is what grouping many windows costs.
    by_entity = it.span.read(relation, columns, "states")
    by_entity.order_by(column(it.entity), column(DAY), copy=False)
    states = it.chain.add(it.named("states"), by_entity)
    name = it.chain.add(it.named("windows"), it.span.in_windows(columns, states))
    it.chain.streamed |= {states, name}
    return select([], name)


def _over(columns: Sequence[exp.Expr], rows: exp.Select, keys: Sequence[exp.Expr]) -> exp.Select:
    """Aggregate the rows that `rows` selects, one row for each of `keys`."""
    query = rows.copy()
    query.set("expressions", list(columns))
    return query.group_by(*keys, copy=False)


def _merged(it: Merging) -> str:
    keys = [column(key) for key in it.keys]
    merged: list[exp.Expr] = [key.copy() for key in keys]
    for call in it.calls:
        title, state = result_name(call), partial(_state, call)
        if call in it.spreads:
            parts = parts_of_spread(state)
            if it.span.is_one:
                parts[CAREFUL] = carefully(state)
            merged += [named(tree, f"{title}{part}") for part, tree in parts.items()]
        elif call.values is None:
            merged.append(named(merge(call.call, state, it.dialect), title))
        merged += lost_of_window(call, title)
    return it.chain.add(it.named("merged"), _over(merged, _windows(it), keys))


def _add_spreads(it: Merging, merged: str) -> str:
    """Add the selects that finish variances and deviations; returns the last one.

    Of many windows those are merged once more, carefully, that the quick way leaves in doubt.
    """
    quick = [
        named(quickly(partial(_part, call)), f"{result_name(call)}{QUICK}") for call in it.spreads
    ]
    source = it.chain.add(it.named("quick"), select([column_all(merged), *quick], merged))
    joins = [] if it.span.is_one else [left_join(_add_careful(it, source), source, it.keys)]
    results: list[exp.Expr] = [column_all(source)]
    for call in it.spreads:
        part = partial(_part, call)
        between = when(_in_doubt(call), part(CAREFUL), part(QUICK))
        results.append(named(finished_spread(call.call.function, part, between), result_name(call)))
    query = select(results, source)
    query.set("joins", joins)
    return it.chain.add(it.named("spread"), query)


def _add_careful(it: Merging, quick: str) -> str:
    keys = [column(key) for key in it.keys]
    doubts = [_in_doubt(call) for call in it.spreads]
    doubtful = select([key.copy() for key in keys], quick)
    doubtful.where(exp.or_(*doubts, copy=False), copy=False)
    rows = select([], it.named("windows"))
    place = exp.Tuple(expressions=[key.copy() for key in keys])
    rows.where(exp.In(this=place, query=exp.Subquery(this=doubtful)), copy=False)
    again = [
        named(carefully(partial(_state, call)), f"{result_name(call)}{CAREFUL}")
        for call in it.spreads
    ]
    query = _over([*(key.copy() for key in keys), *again], rows, keys)
    return it.chain.add(it.named("careful"), query)


def _in_doubt(call: CallStates) -> exp.Expr:
    part = partial(_part, call)
    return in_doubt(part, part(QUICK))


def _part(call: CallStates, part: str) -> exp.Expr:
    return column(f"{result_name(call)}{part}")


def _state(call: CallStates, part: str) -> exp.Expr:
    return column(call.columns[part].name)


def _add_values(it: Merging, call: CallStates, values: State, place: int) -> str:
    """Add the selects of an aggregate that needs the values themselves; returns the last one."""
    title = it.named("values") + f"_{place}"
    columns = it.states.value_columns(values)
    if call.call.function == "COUNT_DISTINCT" and not it.span.is_one:
        names = (it.entity, VALUE, result_name(call))
        return add_distinct_counts(it.chain, it.span, values.name, columns, names, title)
    rows = it.span.rows(values.name, columns, "daily")
    if not it.span.is_one:
        rows = select([], exp.Subquery(this=rows, alias=_alias("daily")))
    total = cast(merged_times(call.call, column(TIMES)), "BIGINT")
    keys = [column(name) for name in (*it.keys, VALUE)]
    distinct = _over([*(key.copy() for key in keys), named(total, TIMES)], rows, keys)
    result = from_values(call.call, column(VALUE), column(TIMES), it.dialect)
    windows = [column(key) for key in it.keys]
    found = select(
        [*(key.copy() for key in windows), named(result, result_name(call))],
        exp.Subquery(this=distinct, alias=_alias("seen")),
    )
    return it.chain.add(title, found.group_by(*windows, copy=False))


def _alias(name: str) -> exp.TableAlias:
    return exp.TableAlias(this=exp.to_identifier(name))
