"""One feature of sixty that is edited: its column of sixty days, and the files that hold it."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import ours
from benchmarks.case import Bench, Case, Competitor, Ratio, Work
from benchmarks.cases.backfill import traffic
from benchmarks.projects import EVERY, Files, windows

if TYPE_CHECKING:
    from fig_assets.project import Project

FEATURE = "share_7"
SPAN = 7
ENTITIES = 5_000
SUMS, SHARES = 22, 30
WHOLE = f"{ours.NAME}, the whole family"
ALONE = f"{ours.NAME}, that column alone into files of its own"
REWRITING = f"{ours.NAME}, rewriting the files alone"


def cases() -> tuple[Case, ...]:
    """List the case."""
    name = "edit_feature"
    outputs = ours.window_outputs((SPAN,), _days)
    whole = ours.step("window", _days, over=SPAN)
    column = ours.step("window", _days, over=SPAN, only=[FEATURE])
    competitors = (
        Competitor(ours.NAME, ours.running(_with_windows, _edited, _planned), outputs),
        Competitor(WHOLE, ours.running(_with_states, _edited, whole), outputs),
        Competitor(ALONE, ours.running(_with_states, _edited, column)),
        Competitor(REWRITING, _rewriting),
    )
    title = (
        "60 days of one edited feature in a weekly family of 60, its plan included; states there, "
        "5,000 entities, 10 million events in 60 days"
    )
    ratios = (
        Ratio(f"{name}_whole_family_over_ours", WHOLE, ours.NAME),
        Ratio(f"{name}_share_of_rewriting", REWRITING, ours.NAME),
        Ratio(f"{name}_share_of_the_column", ALONE, ours.NAME),
    )
    key = ("network_number",)
    return (Case(name, title, _with_windows, competitors, WHOLE, key, ratios),)


def _days(bench: Bench) -> list[date]:
    return list(traffic(bench, ENTITIES).dates)


def _events(bench: Bench) -> Path:
    return ours.event_lake(bench, "5k", traffic(bench, ENTITIES))


def _with_states(bench: Bench) -> Path:
    built = ours.running(_events, _sixty, ours.step("states", _days))
    return bench.cached("states_of_60", lambda folder: built(bench, folder)())


def _with_windows(bench: Bench) -> Path:
    built = ours.running(_with_states, _sixty, ours.step("window", _days, over=SPAN))
    return bench.cached("windows_of_60", lambda folder: built(bench, folder)())


def _features() -> dict[str, str]:
    sums = {f"bytes_{n}": f"@SUM($bytes) FILTER (WHERE $seconds > {n})" for n in range(SUMS)}
    shares = {f"share_{n}": f"$bytes_{n % SUMS} / ($event_count + {n})" for n in range(SHARES)}
    return {**EVERY, **sums, **shares}


def _sixty(bench: Bench) -> Files:
    return windows([bench.window(SPAN)], _features())


def _edited(bench: Bench) -> Files:
    edited = {FEATURE: "$bytes_7 / ($event_count + 100)"}
    return windows([bench.window(SPAN)], {**_features(), **edited})


def _planned(bench: Bench, project: "Project") -> None:
    """Make the plan of the family and follow it."""
    from fig_assets.workflow.planning.follow import follow
    from fig_assets.workflow.planning.plan import make_plan

    days = _days(bench)
    keys = {key for op in project.graph.ops if op.kind == "window" for key in op.keys}
    plan = make_plan(project.workspace, days[0], days[-1], selected=keys)
    if plan.cells != len(days):
        raise ours.OpRefused(f"{plan.cells} columns of days are planned, not {len(days)}")
    follow(project.workspace, plan, ours.Direct(project))


def _rewriting(bench: Bench, folder: Path) -> Work:
    """Prepare the rows of the column, computed already; publishing them is the work."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from fig_assets.sql.layer import layer_of
    from fig_assets.sql.window import window_target

    project = ours.opened(_with_windows(bench), _edited(bench), folder)
    ours.warm(project)
    graph, engine = project.graph, project.workspace.engine
    (op,) = [op for op in graph.ops if op.kind == "window"]
    layer = layer_of(graph, op)
    attributes = [a for a in layer.features if a.name == FEATURE]
    parts = []
    for day in _days(bench):
        target = window_target(layer, day, attributes, graph.start)
        table = pq.ParquetFile(ours.stored(folder, layer.relation, day)).read(list(target.names))
        table = table.append_column("day", pa.repeat(pa.scalar(day, pa.date32()), table.num_rows))
        parts.append((target, day, table))

    def work() -> None:
        with project:
            for target, day, table in parts:
                engine.replace_days(target, table, [day])

    return work
