"""Many cases of the conformance table in a few statements, for engines that start each slowly.

Every expression is computed on the rows, or on the events, of all cases and not only of its own:
the results of two engines are compared, and those of its own cases with the table.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from itertools import islice
from typing import TypeVar

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
from tests.conformance.runner import Runner, events_of
from tests.conformance.table import Case, table, with_nulls
from tests.language.rows import TYPES, column, type_of

AT_ONCE = 60
"""How many expressions stand in one statement."""
COMPUTED = [case for case in [*table(), *with_nulls(table())] if case.kind != "refused"]
OF_ROWS = [case for case in COMPUTED if not case.is_aggregate]
OF_WINDOWS = [case for case in COMPUTED if case.is_aggregate]
TREES = "duckdb"
"""In whose words trees are; an engine translates them."""

T = TypeVar("T")
Found = Mapping[str, Sequence[object]]
"""What each expression gives on every row."""


def places_of_rows() -> dict[str, int]:
    """Number the different rows of all cases; a row is known by its text."""
    return {text: place for place, text in enumerate(dict.fromkeys(str(c.row) for c in OF_ROWS))}


def every_row() -> pa.Table:
    """Return the different rows of all cases, numbered by `n`."""
    rows = list({str(case.row): case.typed_row() for case in OF_ROWS}.values())
    columns = {
        name: pa.array([row.get(name) for row in rows], arrow_type(kind))
        for name, kind in TYPES.items()
    }
    return pa.table({**columns, "n": pa.array(range(len(rows)))})


def row_trees() -> dict[str, exp.Expr]:
    """Return every row expression as a tree."""
    wanted = dict.fromkeys(case.expression for case in OF_ROWS)
    return {text: lower(parse(text).tree, TREES, column, type_of) for text in wanted}


def loss_trees() -> dict[str, exp.Expr]:
    """Return the condition under which each row expression loses a value, where one can."""
    found = {}
    for text in dict.fromkeys(case.expression for case in OF_ROWS):
        tree = parse(text).tree
        condition = lost(tree, Lowering(TREES, column, type_of), infer(tree, type_of))
        if condition is not None:
            found[text] = condition
    return found


def computed(runner: Runner, trees: Mapping[str, exp.Expr], rows: pa.Table) -> Found:
    """Compute every tree on every row, `AT_ONCE` in a statement."""
    found: dict[str, Sequence[object]] = {}
    for part in _parts(list(trees)):
        columns = [exp.alias_(trees[text].copy(), f"v{n}") for n, text in enumerate(part)]
        query = exp.select(exp.column("n"), *columns).from_("some_rows")
        given = runner.run(query, {"some_rows": rows}).sort_by("n")
        found |= {text: given.column(f"v{n}").to_pylist() for n, text in enumerate(part)}
    return found


def every_event() -> pa.Table:
    """Return the events of all cases, cut into days in three ways; `n` tells which, see `cuts`."""
    events = [
        {**event, "n": n}
        for n, (case, days) in enumerate(cuts())
        for event in events_of(case.typed_columns(), days)
    ]
    types = {name: arrow_type(kind) for name, kind in TYPES.items()}
    types |= {"day": pa.int64(), "event_time": pa.timestamp("us"), "event_id": pa.string()}
    types["n"] = pa.int64()
    return pa.table({n: pa.array([e.get(n) for e in events], kind) for n, kind in types.items()})


def cuts() -> list[tuple[Case, list[int]]]:
    """Return each case with the days of its events: one day, a day each, and days in turn."""
    found = []
    for case in OF_WINDOWS:
        count = len(next(iter(case.typed_columns().values())))
        ways = ([0] * count, list(range(count)), [place % 2 for place in range(count)])
        found += [(case, way) for way in ways]
    return found


def windows(runner: Runner) -> Found:
    """Compute every aggregate expression over the events of every case, by way of daily states."""
    expressions = {case.expression: parse(case.expression).tree for case in OF_WINDOWS}
    for tree in expressions.values():
        infer(tree, type_of)
    wanted = {call.meaning: call for tree in expressions.values() for call in calls(tree)}
    finished = _finished(runner, list(wanted.values()))
    names = {meaning: f"call_{place}" for place, meaning in enumerate(wanted)}
    columns = {names[meaning]: values for meaning, values in finished.items()}
    count = len(next(iter(columns.values())))
    rows = pa.table({**columns, "n": pa.array(range(count))})
    trees = {
        text: finish(
            tree, lambda call: exp.column(names[call.meaning]), TREES, type_of, column=column
        )
        for text, tree in expressions.items()
    }
    return computed(runner, trees, rows)


def _finished(runner: Runner, wanted: Sequence[AggregateCall]) -> dict[str, pa.ChunkedArray]:
    events = every_event()
    found: dict[str, pa.ChunkedArray] = {}
    by_state = [call for call in wanted if not needs_values(call)]
    for part in _parts(by_state):
        given = runner.run(_states(part), {"events": events}).sort_by("n")
        found |= {call.meaning: given.column(f"v{n}") for n, call in enumerate(part)}
    by_type: dict[pa.DataType, list[AggregateCall]] = {}
    for call in wanted:
        if needs_values(call):
            by_type.setdefault(arrow_type(value_type(call, type_of)), []).append(call)
    for kind, alike in by_type.items():
        parts = [
            _values(call).select(exp.alias_(exp.convert(n), "place"))
            for n, call in enumerate(alike)
        ]
        query = parts[0] if len(parts) == 1 else exp.union(*parts, distinct=False)
        given = runner.run(query, {"events": events}).to_pylist()
        values = {(row["place"], row["n"]): row["v"] for row in given}
        for place, call in enumerate(alike):
            # A case without any value has no row; its counts are 0 and the others are NULL.
            empty = 0 if call.function.endswith("DISTINCT") else None
            column_ = [values.get((place, n), empty) for n in range(len(cuts()))]
            found[call.meaning] = pa.chunked_array([pa.array(column_, kind)])
    return found


def _states(part: Sequence[AggregateCall]) -> exp.Select:
    inner, outer = [exp.column("n")], [exp.column("n")]
    for place, call in enumerate(part):
        types = state_types(call, type_of)
        inner += [
            exp.alias_(exp.Cast(this=tree, to=sql_type(types[suffix])), f"s{place}_{suffix}")
            for suffix, tree in daily(call, TREES, column, type_of).items()
        ]
        names = _columns_of(place)
        merged = exp.Cast(
            this=merge(call, names, TREES, type_of), to=sql_type(value_type(call, type_of))
        )
        outer.append(exp.alias_(merged, f"v{place}"))
    days = exp.select(*inner).from_("events").group_by("n", "day").subquery("days")
    return exp.select(*outer).from_(days).group_by("n")


def _columns_of(place: int) -> Callable[[str], exp.Expr]:
    return lambda suffix: exp.column(f"s{place}_{suffix}")


def _values(call: AggregateCall) -> exp.Select:
    value = exp.alias_(values_of(call, TREES, column, type_of), "value")
    times = exp.alias_(times_of(call, TREES, column, type_of), "times")
    keys = [exp.column("n"), exp.column("day")]
    days = exp.select(*keys, value, times).from_("events").group_by("1", "2", "3")
    if call.filter is not None:
        days = days.where(lower(call.filter, TREES, column, type_of))
    total = exp.alias_(merged_times(call, exp.column("times")), "times")
    counts = exp.select("n", "value", total).from_(days.subquery("days")).group_by("1", "2")
    found = from_values(call, exp.column("value"), exp.column("times"), TREES)
    result = exp.Cast(this=found, to=sql_type(value_type(call, type_of)))
    return exp.select("n", exp.alias_(result, "v")).from_(counts.subquery("counts")).group_by("n")


def _parts(whole: Sequence[T]) -> Iterator[list[T]]:
    rest = iter(whole)
    while part := list(islice(rest, AT_ONCE)):
        yield part


@cache
def kind_of(expression: str) -> str:
    """Name the type of an expression."""
    return str(infer(parse(expression).tree, type_of))
