"""One random project with hostile files: validated, run, and compared with the oracle."""

import shutil
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from random import Random

from fig_assets.workflow.changing.lock import lock_project
from fig_assets.workflow.proving.proof_sample import Sampler, write_lines, write_table
from fig_assets.workflow.steps.bind import bind_statements
from tests.generated.projects import PYTHON, Projects
from tests.workflow.projects import Project, days_from, differences, write_project

START = "2024-02-27"
DAYS = days_from(START, 3)
EVENTS = 6


def made(root: Path, seed: int) -> Project:
    """Write a random project with its raw files; every project that is made is valid."""
    chance = Random(seed)
    (root / "configs" / "python").mkdir(parents=True)
    (root / "configs" / "python" / "odd.py").write_text(PYTHON)
    project = write_project(root, Projects(chance).make(), start=START)
    if chance.random() < 0.1:
        lock_project(root / "configs", "local")
        project.reopen()
    sampler = Sampler(project.graph, seed)
    lines = [line for day in DAYS for line in sampler.day(day, EVENTS)]
    if chance.random() < 0.2:
        empty = chance.choice(DAYS)
        lines = [line for line in lines if line.moment.date() != empty]
    write_lines(project.graph, root, lines, [*DAYS, DAYS[-1] + timedelta(days=1)])
    for table in project.graph.tables.values():
        for day in chance.sample(DAYS, 2) if table.is_daily else DAYS[:1]:
            path = root / project.graph.sources[table.source].path.replace("{date}", str(day))
            write_table(sampler.table(table.name, 7), list(table.columns), path)
    return project


def run(project: Project) -> list[object]:
    """Run every op of every day, and list what differs from the oracle on the last days."""
    project.run([*DAYS, DAYS[-1] + timedelta(days=1)], project.ops("raw"))
    graph = project.graph
    families = graph.row_families.values()
    looks_back = any(j.source in graph.row_families for row in families for j in row.joins)
    reads_rows = any(
        group.source in graph.row_families for it in graph.families.values() for group in it.groups
    )
    late = DAYS if looks_back or reads_rows or graph.models else DAYS[-1:]
    for op in project.ops():
        if op.kind in ("table", "event", "states"):
            project.run(DAYS, [op])
        elif op.kind != "raw":
            windowed = op.kind == "window" or (op.kind == "python" and op.period is not None)
            project.run(DAYS[-2:] if windowed and late != DAYS else late, [op])
    return compared(project, DAYS[-1:])


def compared(project: Project, days: Sequence[date]) -> list[object]:
    """Compare every relation with the oracle's."""
    oracle, graph = project.oracle(), project.graph
    scores = {
        output.name: {
            (day, row[graph.row_families[model.family].granularity]): row[output.column]
            for day in DAYS
            for row in project.rows(model.relation, day)
        }
        for model in graph.models.values()
        for output in model.outputs
    }
    wrong: list[object] = []

    def compare(name: str, day: date, expected: list[dict[str, object]], key: str | None) -> None:
        found = differences(project.rows(name, day), expected, key)
        wrong.extend((name, str(day), it) for it in found)

    for day in days:
        for name in graph.events:
            compare(f"events/{name}", day, oracle.event_rows(name, day), None)
        for family in graph.families.values():
            for period in family.periods:
                rows = oracle.window_rows(family.name, period.name, day)
                compare(family.relation(period), day, rows, None)
        for row in graph.row_families.values():
            rows = oracle.request_rows(row.name, day, scores)
            compare(row.relation, day, rows, row.granularity)
        for labels in graph.label_sets.values():
            key = graph.row_families[labels.family].granularity
            compare(labels.relation, day, oracle.label_rows(labels.name, day, scores), key)
    return wrong


def checked(root: Path, seed: int, *, bind: bool) -> list[object]:
    """Make and run the case of a seed; give what is wrong, and keep its files if anything is."""
    project = made(root, seed)
    try:
        if bind:
            bind_statements(project.workspace)
        wrong = run(project)
    finally:
        project.workspace.close()
    if not wrong:
        shutil.rmtree(root)
    return wrong
