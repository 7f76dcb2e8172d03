"""A day of labels -> what each weak label did on it, as numbers that are plotted over days."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta

from fig_assets.graph.definitions import Combined, Learned, Voted
from fig_assets.graph.nodes import Attribute, Key, LabelSet, Op
from fig_assets.graph.period import Window
from fig_assets.models.label_report import Counted, Voter, conflicts, disagreements, voters
from fig_assets.sql.label_model import ROWS
from fig_assets.sql.label_report import Counting
from fig_assets.workflow.labelling.label_report import count_votes, strong_of
from fig_assets.workflow.labelling.label_truth import known_classes
from fig_assets.workflow.steps.checks import TRUTH, Verdict
from fig_assets.workflow.steps.result import DayResult
from fig_assets.workflow.workspace import Workspace

ONE_DAY = timedelta(days=1)
DAYS_BEFORE = 6
"""How many days before its own a firing rate is compared with, and rows of known class are of."""
MOST_SHOWN = 40
"""So many weak labels have room in a picture."""


def account_for_votes(workspace: Workspace, op: Op, result: DayResult) -> None:
    """Add to a day's result what its weak labels did, and what a table of truth says of it.

    The numbers of a weak label stand with it: `coverage`, `overlaps`, `conflicts`, `votes/<class>`
    for the share of rows on which it votes for each class, `agreement` with the first strong label
    that combines votes, and `drift`, its firing rate less that of the stored days before. With a
    label model stand `accuracy/<weak label>`, as it learned it, and `agreement/<weak label>`.
    """
    labels = workspace.graph.label_sets[op.owner]
    day = Window(result.day, result.day + ONE_DAY)
    weak = _stored_votes(workspace, labels, result.day)
    strong = strong_of(labels, workspace, day)
    if not weak:
        return
    for chosen in strong:
        if isinstance(chosen.definition, Learned) and chosen.key in result.facts:
            found = _voters(labels, weak, _counted(workspace, labels, weak, [chosen], day))
            _add(result, chosen.key, {f"agreement/{it.name}": it.agreement for it in found})
    counted = _counted(workspace, labels, weak, _combining(strong), day)
    if any(a.key in result.facts for a in weak):
        drift = _drift(workspace, labels, weak, result.day, counted)
        for attribute, voter in zip(weak, _voters(labels, weak, counted), strict=True):
            if attribute.key in result.facts:
                numbers = _numbers(labels, voter, counted, weak.index(attribute))
                _add(result, attribute.key, {**numbers, "drift": drift[attribute.column]})
    if ("label_sets", labels.name) in op.keys:
        _tell_set(labels, weak, counted, result)
        _tell_truth(workspace, labels, weak, result)


def _stored_votes(workspace: Workspace, labels: LabelSet, day: date) -> list[Attribute]:
    """Return the weak labels, at their default versions, that are stored on a day."""
    record = workspace.engine.partition(labels.relation, day)
    stored = record.columns if record else {}
    found = [a for a in labels.labels if isinstance(a.definition, Voted) and a.is_default]
    return [a for a in found if a.column in stored]


def _combining(strong: Sequence[Attribute]) -> list[Attribute]:
    return [a for a in strong if isinstance(a.definition, Combined)][:1]


def _counted(
    workspace: Workspace,
    labels: LabelSet,
    weak: Sequence[Attribute],
    strong: Sequence[Attribute],
    days: Window,
) -> list[Counted]:
    columns = [a.column for a in strong]
    counting = Counting(workspace.graph, labels, [a.column for a in weak], columns)
    return count_votes(workspace, counting, days)


def _voters(
    labels: LabelSet, weak: Sequence[Attribute], counted: Sequence[Counted]
) -> tuple[Voter, ...]:
    return voters([a.name for a in weak], labels.classes, counted, [None] * len(weak))


def _numbers(
    labels: LabelSet, voter: Voter, counted: Sequence[Counted], place: int
) -> dict[str, float | None]:
    rows = sum(it.rows for it in counted) or 1
    numbers: dict[str, float | None] = {
        "coverage": voter.coverage,
        "overlaps": voter.overlaps,
        "conflicts": voter.conflicts,
        "agreement": voter.agreement,
    }
    for name in labels.classes:
        votes = sum(it.rows for it in counted if it.votes[place] == name)
        if votes:
            numbers[f"votes/{name}"] = votes / rows
    return numbers


def _drift(
    workspace: Workspace,
    labels: LabelSet,
    weak: Sequence[Attribute],
    day: date,
    counted: Sequence[Counted],
) -> dict[str, float | None]:
    """Return the firing rate of each weak label less that of the stored days right before."""
    columns = [a.column for a in weak]
    first = day
    while (day - first).days < DAYS_BEFORE and _has(workspace, labels, first - ONE_DAY, columns):
        first -= ONE_DAY
    now = sum(it.rows for it in counted)
    if first == day or not now:
        return dict.fromkeys(columns)
    tree = Counting(workspace.graph, labels, columns).fired(Window(first, day))
    [before] = workspace.engine.query(tree).to_pylist()
    if not before[ROWS]:
        return dict.fromkeys(columns)
    mine = {
        name: sum(it.rows for it in counted if it.votes[place] is not None)
        for place, name in enumerate(columns)
    }
    return {name: mine[name] / now - before[name] / before[ROWS] for name in columns}


def _has(workspace: Workspace, labels: LabelSet, day: date, columns: Sequence[str]) -> bool:
    record = workspace.engine.partition(labels.relation, day)
    return record is not None and all(name in record.columns for name in columns)


def _tell_set(
    labels: LabelSet, weak: Sequence[Attribute], counted: Sequence[Counted], result: DayResult
) -> None:
    rows = sum(it.rows for it in counted)
    result.notes["silent"] = sum(it.rows for it in counted if not any(it.votes)) / (rows or 1)
    if any(it.label for it in counted):
        for name in labels.classes:
            given = sum(it.rows for it in counted if it.label == name)
            result.notes[f"class/{name}"] = given / (rows or 1)
    names = [a.name for a in weak][:MOST_SHOWN]
    if len(names) > 1 and rows:
        between = disagreements([a.name for a in weak], counted)
        result.pictures["conflicts"] = conflicts(names, between)


def _tell_truth(
    workspace: Workspace, labels: LabelSet, weak: Sequence[Attribute], result: DayResult
) -> None:
    if labels.truth is None:
        return
    first = max(result.day - timedelta(days=DAYS_BEFORE), workspace.graph.start)
    days = Window(first, result.day + ONE_DAY)
    strong = strong_of(labels, workspace, Window(result.day, days.end))
    known = known_classes(workspace, labels, weak, strong, days)
    if known is None:
        return
    for it in known.measured:
        told = {"precision": it.precision, "recall": it.recall, "f1": it.f1}
        numbers = {f"truth/{it.name}/{n}": value for n, value in told.items() if value is not None}
        result.notes |= numbers
    result.notes["truth/rows"] = known.measured[0].rows if known.measured else 0
    result.verdicts.append(
        Verdict(
            key=("label_sets", labels.name),
            name=TRUTH,
            passed=not known.warnings,
            blocking=False,
            failed_rows=len(known.warnings),
            rows=len(strong),
            sample=tuple({"day": str(result.day), "warning": words} for words in known.warnings),
            unit="strong labels",
        )
    )


def _add(result: DayResult, key: Key, numbers: Mapping[str, float | None]) -> None:
    facts = result.facts[key]
    found = {name: value for name, value in numbers.items() if value is not None}
    result.facts[key] = replace(facts, numbers={**facts.numbers, **found})
