"""A label set and some days -> what its weak labels did, from counted patterns of votes."""

import math
from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np

from fig_assets.engines.base import DAY, Read, days_between
from fig_assets.engines.needs import require_days
from fig_assets.errors import WorkflowError
from fig_assets.graph.definitions import Combined, Learned
from fig_assets.graph.nodes import Attribute, Graph, LabelSet
from fig_assets.graph.period import Window
from fig_assets.models.label_model import learn
from fig_assets.models.label_report import Counted, LabelReport, disagreements, voters
from fig_assets.sql.label_model import PATTERN, ROWS
from fig_assets.sql.label_report import Counting
from fig_assets.workflow.labelling.label_truth import combined_of, known_classes
from fig_assets.workflow.steps.label_model import votes_of
from fig_assets.workflow.workspace import Workspace


def report_labels(
    workspace: Workspace,
    name: str | None = None,
    *,
    days: int = 7,
    end: date | None = None,
    strong: str | None = None,
) -> LabelReport:
    """Sum up the votes of a label set on the `days` that end with `end`.

    Args:
        workspace: the opened project.
        name: the label set; the only one when left out.
        days: how many days; those before the project's start are left out.
        end: the last day; the last one that is stored when left out.
        strong: the strong label that weak labels are compared with, `name` or `name@2`; the first
            one of the set when left out.

    Raises:
        WorkflowError: there is no such label set or strong label, or nothing is stored.
        EngineError: a day was never built; names it.
    """
    labels, chosen = _chosen(workspace.graph, name, strong)
    last = _last(workspace, labels) if end is None else end
    start = max(last - timedelta(days=days - 1), workspace.graph.start)
    weak = voters_of(labels, chosen)
    votes = [a.column for a in weak]
    window = Window(start, last + timedelta(days=1))
    read = Read(labels.relation, tuple(sorted([*votes, chosen.column])), window.start, window.end)
    require_days(workspace.engine, read, workspace.graph.start, f"the report of {labels.name}")
    counting = Counting(workspace.graph, labels, votes, [chosen.column])
    counted = count_votes(workspace, counting, window)
    known = known_classes(workspace, labels, weak, strong_of(labels, workspace, window), window)
    names = [a.name for a in weak]
    return LabelReport(
        label_set=labels.name,
        strong=chosen.identity,
        start=start,
        end=last,
        rows=sum(it.rows for it in counted),
        classes={c: sum(it.rows for it in counted if it.label == c) for c in labels.classes},
        unlabelled=sum(it.rows for it in counted if it.label is None),
        silent=sum(it.rows for it in counted if not any(it.votes)),
        voters=voters(names, labels.classes, counted, _learned(labels, len(weak), counted)),
        between=disagreements(names, counted),
        measured=known.measured if known else (),
        warnings=known.warnings if known else (),
    )


def voters_of(labels: LabelSet, strong: Attribute) -> list[Attribute]:
    """Return the weak labels that a strong one combines, in the order of their votes."""
    by_column = {a.column: a for a in labels.labels}
    return [by_column[name] for name in combined_of(strong).columns]


def strong_of(
    labels: LabelSet, workspace: Workspace | None = None, days: Window | None = None
) -> list[Attribute]:
    """Return the strong labels of a set, those that are stored on all of `days` where asked."""
    found = [
        a
        for a in labels.labels
        if isinstance(a.definition, Combined)
        or (isinstance(a.definition, Learned) and not a.definition.is_probability)
    ]
    if workspace is None or days is None:
        return found
    stored = [
        set(record.columns) if (record := workspace.engine.partition(labels.relation, day)) else ()
        for day in days_between(days.start, days.end)
    ]
    return [a for a in found if all(a.column in columns for columns in stored)]


def count_votes(workspace: Workspace, counting: Counting, days: Window) -> list[Counted]:
    """Count the patterns of votes of some days, each with the class of the first strong label."""
    rows = workspace.engine.query(counting.by_day(days)).to_pylist()
    patterns = votes_of([row[PATTERN] for row in rows], len(counting.votes))
    classes = counting.labels.classes
    return [
        Counted(
            row[DAY],
            tuple(None if vote < 0 else classes[vote] for vote in cast),
            row[counting.strong[0]] if counting.strong else None,
            row[ROWS],
        )
        for row, cast in zip(rows, patterns.tolist(), strict=True)
    ]


def _learned(labels: LabelSet, count: int, counted: Sequence[Counted]) -> list[float | None]:
    """Say how right a label model finds each weak label, from what was counted."""
    places = {name: place for place, name in enumerate(labels.classes)}
    cast = [[-1 if vote is None else places[vote] for vote in it.votes] for it in counted]
    counts = np.array([it.rows for it in counted], dtype=np.int64)
    patterns = np.array(cast, dtype=np.int64).reshape(len(counted), count)
    model = learn(patterns, counts, len(labels.classes)) if counted else None
    accuracy = model.accuracy.tolist() if model else [math.nan] * count
    return [None if math.isnan(it) else it for it in accuracy]


def _last(workspace: Workspace, labels: LabelSet) -> date:
    stored = workspace.engine.days(labels.relation)
    if not stored:
        raise WorkflowError(f"no day of {labels.name} is stored\n  fix: run the project: fig run")
    return stored[-1]


def _chosen(graph: Graph, name: str | None, strong: str | None) -> tuple[LabelSet, Attribute]:
    known = ", ".join(sorted(graph.label_sets)) or "none"
    if name is None and len(graph.label_sets) == 1:
        name = next(iter(graph.label_sets))
    if name is None:
        raise WorkflowError(f"name a label set; there are: {known}")
    if name not in graph.label_sets:
        raise WorkflowError(f"there is no label set '{name}'; there are: {known}")
    labels = graph.label_sets[name]
    combined = strong_of(labels)
    for label in combined:
        named = {f"{label.name}@{label.version}", *({label.name} if label.is_default else ())}
        if strong is None or strong in named:
            return labels, label
    known = ", ".join(f"{a.name}@{a.version}" for a in combined) or "none"
    raise WorkflowError(f"'{name}' has no strong label '{strong or ''}'; there are: {known}")
