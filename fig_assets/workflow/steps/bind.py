"""Every statement of a project -> proof that it binds, on empty relations, touching no data."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial

import pyarrow as pa
from sqlglot import exp

from fig_assets.engines.base import DAY, Column, Target
from fig_assets.errors import ConfigError, EngineError, Problem, UnsupportedOnEngine, Where
from fig_assets.graph.definitions import Voted
from fig_assets.graph.nodes import Attribute, Op
from fig_assets.graph.period import Window
from fig_assets.language.types import STRING
from fig_assets.sql import event as events
from fig_assets.sql import landing, row
from fig_assets.sql.daily_state import select_lost_keys, source_columns
from fig_assets.sql.label_model import patterns_of
from fig_assets.sql.label_report import Counting, select_truths
from fig_assets.sql.published import every_explanation, every_published, select_published
from fig_assets.sql.shapes import representatives, unread
from fig_assets.sql.state_columns import states_of
from fig_assets.sql.training_set import select_scoring_set, select_training_set
from fig_assets.workflow.steps.compute import attributes_of, select_windows_of, writes
from fig_assets.workflow.steps.refused import OTHERWISE, refused_words
from fig_assets.workflow.steps.states import state_trees, state_writes
from fig_assets.workflow.steps.write import Write
from fig_assets.workflow.workspace import Workspace

STATEMENT_KINDS = ("event", "states", "window", "row", "python", "label", "label_model")
DEFECT = "this is a defect of the program: report it, with the file"


@dataclass(frozen=True, eq=False)
class Statement:
    """One statement that the program can send, made when it is looked at."""

    title: str
    tree: Callable[[], exp.Query]
    target: Target | None = None
    """Where its rows are stored, or given to Python: the columns that it must give."""
    tables: Mapping[str, pa.Schema] | None = None


def bind_statements(workspace: Workspace) -> int:
    """Bind every shape of statement that the project can send, on empty relations.

    A statement that is stored must give the columns of its relation, in their types.

    Returns:
        How many statements were bound.

    Raises:
        ConfigError: with every statement that does not bind.
    """
    problems = [
        _problem(workspace, f"{attribute.identity} reads {', '.join(sorted(names))} of nothing")
        for attribute in workspace.graph.attributes.values()
        if (names := unread(workspace.graph, attribute))
    ]
    count = 0
    unsupported: list[Problem] = []
    for statement in statements(workspace):
        count += 1
        try:
            given = workspace.engine.check(statement.tree(), statement.tables)
        except UnsupportedOnEngine as refusal:
            message = f"{statement.title} cannot be computed here: {refusal}"
            unsupported.append(replace(_problem(workspace, message), fix=OTHERWISE))
            continue
        except (EngineError, KeyError) as refusal:
            problems.append(_problem(workspace, f"{statement.title} does not bind: {refusal}"))
            continue
        if wrong := _other_columns(statement.target, given):
            problems.append(_problem(workspace, f"{statement.title} gives {wrong}"))
    if unsupported:
        # Expressions are to blame for their statements; else the statements stand for themselves.
        problems += refused_words(workspace) or unsupported
    if problems:
        raise ConfigError(problems)
    return count


def statements(workspace: Workspace) -> Iterator[Statement]:
    """List a statement of every shape; see docs/architecture.md for why these are enough."""
    graph, dialect = workspace.graph, workspace.engine.dialect
    # The second day: its windows have several days, as all but the very first have.
    day = graph.start + timedelta(days=1)
    for source in graph.sources.values():
        for part in source.landings:
            tree = partial(landing.select_landed, part, "lines", dialect)
            lines = {"lines": pa.schema(list(landing.LINES.items()))}
            yield Statement(f"the landing {part.relation}", tree, tables=lines)
    for op in graph.ops:
        if op.kind in STATEMENT_KINDS:
            yield from _of_op(workspace, op, day)
    yield from _counts(workspace, day)
    days = Window(day, day + timedelta(days=2))
    for model in graph.models.values():
        training = partial(select_training_set, graph, model, days, dialect=dialect)
        yield Statement(f"the training set of {model.identity}", training)
        if model.is_sampled:
            whole = partial(select_training_set, graph, model, days, dialect=dialect, is_whole=True)
            yield Statement(f"the rows that judge {model.identity}", whole)
        scoring = partial(select_scoring_set, graph, model, day)
        yield Statement(f"the scoring set of {model.identity}", scoring)
    for name, relation in (every_published(graph) | every_explanation(graph)).items():
        yield Statement(f"the view {name}", partial(select_published, relation, None))
        if relation.is_dated:
            some = [next(n for n in relation.names if n not in relation.order)]
            yield Statement(f"reading {name}", partial(select_published, relation, days, some))


def _of_op(workspace: Workspace, op: Op, day: date) -> Iterator[Statement]:
    """Give the statements of all attributes at once, then one for each shape of a single one."""
    attributes = attributes_of(workspace.graph, op)
    yield from _stored(op.name, writes(workspace, op, day, attributes))
    if op.kind == "states":
        yield from _some_states(workspace, op, day, of_rows=False)
        yield from _states_of_two_days(workspace, op, day)
        return
    if op.kind == "window":
        every = state_writes(workspace, op.owner, day, of_rows=True)
        yield from _stored(f"{op.name}, states of rows", every)
        yield from _some_states(workspace, op, day, of_rows=True)
        periods = workspace.graph.families[op.owner].periods
        # A period is a number in it, but that a single day needs no other days.
        if op.period in (periods[0], next((p for p in periods if p.days > 1), None)):
            yield _of_two_days(workspace, op, day, attributes)
        if op.period == periods[0]:
            for alone in representatives(workspace.graph, op, attributes):
                yield _of_two_days(workspace, op, day, [alone])
        return
    for alone in representatives(workspace.graph, op, attributes):
        yield from _stored(f"{op.name} for {alone.identity}", writes(workspace, op, day, [alone]))


def _of_two_days(
    workspace: Workspace, op: Op, day: date, attributes: Sequence[Attribute]
) -> Statement:
    """Give the statement of several days; that of one has the same selects on fewer columns."""
    (write,) = writes(workspace, op, day, attributes)
    days = [day, day + timedelta(days=1)]
    what = attributes[0].identity if len(attributes) == 1 else "two days"
    tree = partial(select_windows_of, workspace, op, days, attributes)
    return Statement(f"{op.name} for {what} ({write.target.relation})", tree, write.target)


def _states_of_two_days(workspace: Workspace, op: Op, day: date) -> Iterator[Statement]:
    days = Window(day, day + timedelta(days=2))
    found = state_writes(workspace, op.owner, day, of_rows=False)
    trees = state_trees(workspace, op.owner, days, of_rows=False)
    for write, tree in zip(found, trees, strict=True):
        title = f"{op.name} for two days ({write.target.relation})"
        yield Statement(title, tree, write.target)


def _some_states(workspace: Workspace, op: Op, day: date, *, of_rows: bool) -> Iterator[Statement]:
    """Give the statements of one state column of a group, and of none."""
    groups = states_of(workspace.graph.families[op.owner])
    first = [state.fingerprint for it in groups for state in list(it.merged.values())[:1]]
    for title, wanted in (("one state", frozenset(first)), ("no state", frozenset[str]())):
        found = state_writes(workspace, op.owner, day, wanted, of_rows=of_rows)
        yield from _stored(f"{op.name}, {title}", found)


def _counts(workspace: Workspace, day: date) -> Iterator[Statement]:
    graph, dialect = workspace.graph, workspace.engine.dialect
    for event in graph.events.values():
        tree = partial(events.select_counts, event, graph.sources[event.source], day)
        yield Statement(f"counts of {event.name}", tree)
    for family in graph.row_families.values():
        tree = partial(row.select_set_aside, graph, family, day, dialect)
        yield Statement(f"counts of {family.name}", tree)
    yield from _label_counts(workspace, day)
    for windows in graph.families.values():
        for states in states_of(windows):
            lost = select_lost_keys(states, source_columns(graph, states.group), day, dialect)
            if lost is not None:
                yield Statement(f"lost keys of {states.group.relation}", lost.copy)


def _label_counts(workspace: Workspace, day: date) -> Iterator[Statement]:
    """Give the statements that count votes, and rows whose class is known."""
    graph, dialect = workspace.graph, workspace.engine.dialect
    days = Window(day, day + timedelta(days=1))
    for labels in graph.label_sets.values():
        votes = [a.column for a in labels.labels if isinstance(a.definition, Voted)]
        strong = [a.column for a in labels.labels if a.type == STRING and a.column not in votes]
        counting = Counting(graph, labels, votes, strong)
        if votes:
            yield Statement(f"the votes of {labels.name}", partial(counting.by_day, days))
            yield Statement(f"what fires in {labels.name}", partial(counting.fired, days))
        if votes and labels.truth is not None:
            table = graph.tables[labels.truth.table]
            known = days if table.is_daily else None
            judged = partial(counting.judged, labels.truth, days, known, dialect)
            yield Statement(f"the truth of {labels.name}", judged)
            said = partial(select_truths, graph, labels.truth, known)
            yield Statement(f"what {table.name} says", said)


def _stored(title: str, found: Sequence[Write]) -> Iterator[Statement]:
    for write in found:
        target = write.target
        if write.calls is not None:
            given = (Column(name, kind) for name, kind in write.calls.inputs().items())
            target = replace(target, columns=(target.columns[0], *given))
        if write.fits is not None:
            given = (Column(name, pa.string()) for name in patterns_of(write.attributes).values())
            target = replace(target, columns=(target.columns[0], *given))
            for number, counts in enumerate(write.fits.counts(), start=1):
                yield Statement(f"{title}, votes counted {number}", counts.copy)
        yield Statement(f"{title} ({target.relation})", write.tree, target)


def _other_columns(target: Target | None, given: pa.Schema) -> str:
    """Say which columns of a relation a statement does not give as they are stored."""
    if target is None:
        return ""
    wanted = {DAY: pa.date32(), **{column.name: column.type for column in target.columns}}
    found = dict(zip(given.names, given.types, strict=True))
    wrong = [name for name, kind in wanted.items() if found.get(name) not in (kind, pa.null())]
    return ", ".join(f"{n}: {found.get(n, 'nothing')}, not {wanted[n]}" for n in wrong)


def _problem(workspace: Workspace, message: str) -> Problem:
    return Problem(Where(workspace.config.environment.file, 1, 1), message, DEFECT)
