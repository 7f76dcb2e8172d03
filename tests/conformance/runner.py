"""Cases of the conformance table through the functions of the language, on one engine."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

import pyarrow as pa
from sqlglot import exp

from fig_assets.language.functions import (
    AggregateCall,
    calls,
    daily,
    finish,
    from_values,
    infer,
    lower,
    merge,
    merged_times,
    needs_values,
    state_types,
    times_of,
    value_type,
    values_of,
)
from fig_assets.language.losses import lost
from fig_assets.language.lower import Lowering
from fig_assets.language.parse import parse
from fig_assets.language.types import arrow_type, sql_type
from tests.language.rows import TYPES, column, type_of

Event = Mapping[str, object]
"""Columns of `TYPES`, and `day`, `event_time` and `event_id`."""

FIRST_EVENT = datetime.fromisoformat("2024-01-01T23:00:00")


class Runner(Protocol):
    """What runs a tree of one dialect over tables that are handed to it by name."""

    dialect: str

    def run(self, query: exp.Query, tables: Mapping[str, pa.Table]) -> pa.Table: ...


def row_values(
    runner: Runner, expression: str, rows: Sequence[Mapping[str, object]]
) -> list[object]:
    """Return what the row expression gives on each row, checked to be of the inferred type."""
    tree = parse(expression).tree
    found = _over(runner, lower(tree, runner.dialect, column, type_of), rows)
    return _typed_values(found, arrow_type(infer(tree, type_of)))


def row_losses(
    runner: Runner, expression: str, rows: Sequence[Mapping[str, object]]
) -> list[object]:
    """Tell for each row whether computing the row expression loses a value."""
    tree = parse(expression).tree
    lowering = Lowering(runner.dialect, column, type_of)
    condition = lost(tree, lowering, infer(tree, type_of))
    found = _over(runner, exp.false() if condition is None else condition, rows)
    return [value is True for value in _typed_values(found, None)]


def _over(runner: Runner, tree: exp.Expr, rows: Sequence[Mapping[str, object]]) -> pa.Table:
    data = {
        name: pa.array([row.get(name) for row in rows], arrow_type(TYPES[name])) for name in TYPES
    }
    data["n"] = pa.array(range(len(rows)))
    query = exp.select(exp.column("n"), exp.alias_(tree, "value")).from_("some_rows")
    return runner.run(query, {"some_rows": pa.table(data)})


def window_value(runner: Runner, expression: str, events: Sequence[Event]) -> object:
    """Return an aggregate expression over events, by way of the states of their days."""
    tree = parse(expression).tree
    infer(tree, type_of)
    tables = {"events": _table(events)}
    finished: dict[str, pa.Table] = {}
    for call in calls(tree):
        query = _values(call, runner) if needs_values(call) else _states(call, runner)
        wanted = exp.Cast(this=query.selects[0].unalias(), to=sql_type(value_type(call, type_of)))
        query.set("expressions", [exp.alias_(wanted, "value")])
        finished[call.meaning] = runner.run(query, tables)
    names = {meaning: f"call_{place}" for place, meaning in enumerate(finished)}
    tree = finish(
        tree, lambda call: exp.column(names[call.meaning]), runner.dialect, type_of, column=column
    )
    one = pa.table({names[meaning]: found.column("value") for meaning, found in finished.items()})
    query = exp.select(exp.alias_(tree, "value"), exp.alias_(exp.convert(0), "n")).from_("calls")
    return _typed_values(runner.run(query, {"calls": one}), None)[0]


def _typed_values(found: pa.Table, type_: pa.DataType | None) -> list[object]:
    values = found.sort_by("n").column("value")
    if type_ is not None and values.type != type_:
        raise TypeError(f"the value is {values.type}, not {type_}")
    return list(values.to_pylist())


def events_of(columns: Mapping[str, Sequence[object]], days: Sequence[int]) -> list[Event]:
    """Return one event per value of the columns, an hour apart, on the given days."""
    return [
        {
            **{name: values[place] for name, values in columns.items()},
            "day": day,
            "event_time": FIRST_EVENT + timedelta(hours=place),
            "event_id": f"e{place}",
        }
        for place, day in enumerate(days)
    ]


def _table(events: Sequence[Event]) -> pa.Table:
    types = {name: arrow_type(type_) for name, type_ in TYPES.items()}
    types |= {"day": pa.int64(), "event_time": pa.timestamp("us"), "event_id": pa.string()}
    return pa.table(
        {
            name: pa.array([event.get(name) for event in events], type_)
            for name, type_ in types.items()
        }
    )


def _states(call: AggregateCall, runner: Runner) -> exp.Select:
    types = state_types(call, type_of)
    columns = [
        exp.alias_(exp.Cast(this=tree, to=sql_type(types[suffix])), suffix)
        for suffix, tree in daily(call, runner.dialect, column, type_of).items()
    ]
    inner = exp.select(*columns).from_("events").group_by("day").subquery("days")
    return exp.select(merge(call, exp.column, runner.dialect, type_of)).from_(inner)


def _values(call: AggregateCall, runner: Runner) -> exp.Select:
    value = exp.alias_(values_of(call, runner.dialect, column, type_of), "value")
    times = exp.alias_(times_of(call, runner.dialect, column, type_of), "n")
    days = exp.select(exp.column("day"), value, times).from_("events").group_by("1", "2")
    if call.filter is not None:
        days = days.where(lower(call.filter, runner.dialect, column, type_of))
    total = exp.alias_(merged_times(call, exp.column("n")), "n")
    inner = exp.select(exp.column("value"), total).from_(days.subquery("days")).group_by("1")
    found = from_values(call, exp.column("value"), exp.column("n"), runner.dialect)
    return exp.select(found).from_(inner.subquery("counts"))
