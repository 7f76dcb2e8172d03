"""The project against what is stored -> the plan: what to compute, why, at about what cost."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date, timedelta

from fig_assets.engines.base import days_between
from fig_assets.errors import WorkflowError
from fig_assets.graph.nodes import Attribute, Graph, Key, Op
from fig_assets.graph.version import RULE, fingerprint
from fig_assets.workflow.planning.estimate import Estimates
from fig_assets.workflow.planning.foresight import Cells, Foresight
from fig_assets.workflow.planning.planned import Plan, Work
from fig_assets.workflow.planning.standing import places, standings
from fig_assets.workflow.steps.raw import today
from fig_assets.workflow.steps.stale import MISSING, Reason
from fig_assets.workflow.workspace import Workspace

ONE_DAY = timedelta(days=1)


def make_plan(
    workspace: Workspace,
    start: date | None = None,
    end: date | None = None,
    *,
    selected: Collection[Key] | None = None,
    upgrade_rules: bool = False,
) -> Plan:
    """Say what is missing, stale or unknown on the days `start` to `end`, on all layers at once.

    Without days it looks at all of them, from the project's start to yesterday or the project's
    end. A column is stale if what is stored was made in another way or of something else, or if
    it reads what is computed before it by this plan. `selected` are the assets that may be
    computed. What cannot be compared, for another rule made its fingerprint, is planned only with
    `upgrade_rules`.

    Raises:
        WorkflowError: the days lie outside the project, or the folder of raw files is not there.
    """
    graph = workspace.graph
    first, last = start or graph.start, end or last_day(graph)
    check_days(graph, first, last)
    days = list(days_between(first, last + ONE_DAY))
    look = Foresight(workspace, days, selected, upgrade_rules)
    look.look()
    estimates = Estimates(workspace.engine)
    models, label_sets = _downstream(graph, look.found)
    return Plan(
        project=graph.name,
        environment=workspace.environment.name,
        means=meaning_of(graph),
        rule=RULE,
        start=first,
        end=last,
        work=tuple(_grouped(look.found, estimates)),
        unknown=tuple(_grouped(look.unknown, estimates)),
        attributes=standings(workspace, days, look.found, look.unknown),
        models=models,
        label_sets=label_sets,
        untouched=_untouched(workspace, days, look.found),
        upgrade_rules=upgrade_rules,
    )


def stale_days(workspace: Workspace, op: Op, days: Sequence[date]) -> dict[date, str]:
    """Return the days of `days` that one op should compute as things stand, with why.

    What is computed before it is not foreseen: after upstream days were computed, ask again. An op
    without days is told under the project's first day.
    """
    look = Foresight(workspace, days)
    look.look_at(op)
    found: dict[date, str] = {}
    for cells in look.found:
        # The states that a window refreshes are no days of the op.
        if op.kind != "window" or not cells.relation.startswith("states/"):
            reason = _first(cells.columns.values())
            told = MISSING if reason.state == MISSING else reason.cause
            found.setdefault(cells.day or workspace.graph.start, told)
    return found


def check_days(graph: Graph, start: date, end: date) -> None:
    """Refuse days that the project does not have: before its start, after its end, not over yet.

    Raises:
        WorkflowError: names the day and the mend.
    """
    last = graph.end or today() - ONE_DAY
    if end < start:
        raise WorkflowError(f"the last day {end} is before the first day {start}")
    if start < graph.start:
        raise WorkflowError(
            f"{start} is before the project's start {graph.start}; "
            "fix: begin later, or set an earlier start_date"
        )
    if end > last:
        why = f"after the project's end {last}" if graph.end else "not over yet"
        raise WorkflowError(f"{end} is {why}; fix: end with {last} or earlier")


def check_plan(workspace: Workspace, plan: Plan) -> None:
    """Refuse a plan that was made for something else than the project is now.

    Raises:
        WorkflowError: names what differs and the mend.
    """
    name = workspace.environment.name
    again = "look at it anew: fig plan --out plan.json"
    if (plan.project, plan.environment) != (workspace.graph.name, name):
        raise WorkflowError(
            f"the plan is of project '{plan.project}' in environment '{plan.environment}', and "
            f"this is '{workspace.graph.name}' in '{name}'\n  fix: {again}"
        )
    if plan.rule != RULE:
        raise WorkflowError(
            f"the plan was made by a program of rule {plan.rule}, and this one has rule {RULE}\n"
            f"  fix: {again}"
        )
    if plan.means != meaning_of(workspace.graph):
        raise WorkflowError(
            "the plan was made before the configuration changed again: what it says may be wrong "
            f"now, so nothing was computed\n  fix: {again}"
        )


def last_day(graph: Graph) -> date:
    """Return the newest day that is over and in the project."""
    yesterday = today() - ONE_DAY
    return min(graph.end, yesterday) if graph.end else yesterday


def meaning_of(graph: Graph) -> str:
    """Identify all that a project means: equal for projects that compute the same."""
    attributes = {"/".join(a.key): a.fingerprint for a in graph.attributes.values()}
    others = {event.name: event.fingerprint for event in graph.events.values()}
    others |= {table.name: table.fingerprint for table in graph.tables.values()}
    others |= {rows.name: rows.fingerprint for rows in graph.row_families.values()}
    others |= {model.title: model.fingerprint for model in graph.models.values()}
    groups = {f.name: [g.fingerprint for g in f.groups] for f in graph.families.values()}
    ops = {op.name: ["/".join(key) for key in op.keys] for op in graph.ops}
    return fingerprint("project", graph.start.isoformat(), attributes, others, groups, ops)


def _first(reasons: Iterable[Reason]) -> Reason:
    return next(iter(reasons))


def _grouped(found: Sequence[Cells], estimates: Estimates) -> Iterable[Work]:
    """Put consecutive days with the same columns and reasons together."""
    groups: list[list[Cells]] = []
    open_: dict[str, list[Cells]] = {}
    for cells in found:
        last = open_.get(cells.relation)
        if last is not None and _continues(last[-1], cells):
            last.append(cells)
        else:
            open_[cells.relation] = [cells]
            groups.append(open_[cells.relation])
    for group in groups:
        one = group[0]
        rows, size = estimates.of(one.relation, [cells.day for cells in group])
        yield Work(one.op, one.relation, one.day, group[-1].day, one.columns, one.rows, rows, size)


def _continues(before: Cells, after: Cells) -> bool:
    return (
        before.day is not None
        and after.day == before.day + ONE_DAY
        and (before.op, before.columns, before.rows) == (after.op, after.columns, after.rows)
    )


def _downstream(graph: Graph, found: Sequence[Cells]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Name the models and label sets that are computed, or read what is."""
    touched = {(cells.relation, name) for cells in found for name in cells.columns}
    keys = {node.key for place, node in places(graph).items() if place in touched}
    models = [
        model.identity
        for model in graph.models.values()
        if keys & {model.key, *(a.key for a in (*model.learned, *model.outputs))}
    ]
    label_sets = [
        labels.name
        for labels in graph.label_sets.values()
        if keys & {read for label in labels.labels for read in _reads(label)}
    ]
    return tuple(models), tuple(label_sets)


def _reads(attribute: Attribute) -> tuple[Key, ...]:
    return (attribute.key, *(read.key for read in attribute.inputs))


def _untouched(workspace: Workspace, days: Sequence[date], found: Sequence[Cells]) -> int:
    """Count the stored columns of days that stay as they are."""
    planned: dict[tuple[str, date | None], set[str]] = {}
    for cells in found:
        planned.setdefault((cells.relation, cells.day), set()).update(cells.columns)
    count = 0
    named: dict[str, list[str]] = {}
    for (relation, column), node in places(workspace.graph).items():
        if isinstance(node, Attribute):
            named.setdefault(relation, []).append(column)
    for relation, columns in named.items():
        for day in days:
            stored = workspace.engine.partition(relation, day)
            left = planned.get((relation, day), set())
            count += sum(stored is not None and c in stored.columns and c not in left
                         for c in columns)  # fmt: skip
    return count
