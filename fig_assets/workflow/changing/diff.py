"""Two versions of an attribute and days -> how they differ, and what every model would do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from difflib import get_close_matches

import pyarrow as pa

from fig_assets.engines.base import DAY, Column, Target, days_between
from fig_assets.errors import FigError, ModelError, WorkflowError
from fig_assets.graph.definitions import Carried
from fig_assets.graph.instead import Days, downstream
from fig_assets.graph.nodes import Attribute, Graph, Key, Model
from fig_assets.language.types import FLOAT
from fig_assets.models.score import score
from fig_assets.sql.comparison import Pair
from fig_assets.sql.published import days_of
from fig_assets.sql.training_set import select_scoring_set
from fig_assets.workflow.changing.comparison import Comparison, compare
from fig_assets.workflow.changing.decisions import Decisions, decisions_of
from fig_assets.workflow.changing.trial import Trial, relation_of, try_in_place_of
from fig_assets.workflow.learning.learn import champion_of
from fig_assets.workflow.workspace import Workspace

BEFORE, AFTER = "score_before", "score_after"
HALF = 0.5
"""The threshold of a model that explains no scores."""


@dataclass(frozen=True)
class ModelShift:
    """What a model, as it is trained, would score if one version meant what the other means.

    Attributes:
        model: Its identity.
        old: The version that it reads, directly or through others.
        new: What takes its place.
        inputs: The model's inputs that change with it.
        days: How many days were scored.
        refused: Why days were not scored, by day; nothing where all were.
        scores: Scores before and after, None where no day was scored.
        decisions: What changes sides at the threshold, None where no day was scored.
        problem: Why the model cannot be asked at all; empty where it was.
    """

    model: str
    old: str
    new: str
    inputs: tuple[str, ...] = ()
    days: int = 0
    refused: Mapping[str, str] = field(default_factory=dict)
    scores: Comparison | None = None
    decisions: Decisions | None = None
    problem: str = ""


@dataclass(frozen=True)
class Diff:
    """Two versions of an attribute on the days `start` to `end`, both included.

    `comparisons` are by the period of a windowed family, else under the name of the owner.
    """

    left: str
    right: str
    start: date
    end: date
    comparisons: Mapping[str, Comparison]
    models: tuple[ModelShift, ...] = ()
    outdated: tuple[str, ...] = ()
    """What is stored of the two with another definition than theirs, for people."""


def diff_versions(
    workspace: Workspace,
    left: str,
    right: str,
    *,
    days: int,
    end: date | None = None,
    period: str | None = None,
    threshold: float | None = None,
) -> Diff:
    """Compare the stored values of two attributes of one owner, and what models make of them.

    Each model that reads `left` is scored with `right` in its place, any other that reads `right`
    with `left` in its place: by the champions in force, for the same rows, without training.

    Args:
        workspace: The project, opened.
        left: `asn.failure_rate@1`, or without a version for the default one.
        right: Another version, or another attribute of the same owner.
        days: How many days, ending with `end`.
        end: The last day; the last one on which both are stored when left out.
        period: Of a windowed family the one period to compare; all when left out.
        threshold: At which score a row is an alert; when left out from where on the model
            explains its scores, or 0.5.

    Raises:
        WorkflowError: there is no such attribute, they have nothing in common, or a day is missing.
        EngineError: the engine failed.
    """
    graph = workspace.graph
    lefts, rights = _pairs_of(graph, left, right, period)
    last = end or _last_day(workspace, lefts[0], rights[0])
    first = max(last - timedelta(days=days - 1), graph.start)
    comparisons = {}
    for one, other in zip(lefts, rights, strict=True):
        _require(workspace, one, other, first, last)
        title = one.key[2] if one.owner in graph.families else one.owner
        try:
            pair = _pair(graph, one, other)
            comparisons[title] = compare(workspace.engine, pair, days_of(first, last))
        except ValueError as refusal:
            raise WorkflowError(f"{one.identity} and {other.identity}: {refusal}") from refusal
    told: list[ModelShift] = []
    every = _all_periods(graph, lefts[0]), _all_periods(graph, rights[0])
    for old, new in (every, every[::-1]):
        seen = {shift.model for shift in told}
        models = [m for m in _readers(graph, old) if m.identity not in seen]
        if models:
            told += _shifts(workspace, models, old, new, days=(first, last), threshold=threshold)
    outdated = _outdated(workspace, [*lefts, *rights], first, last)
    names = lefts[0].identity, rights[0].identity
    return Diff(*names, first, last, comparisons, tuple(told), outdated)


def _pairs_of(
    graph: Graph, left: str, right: str, period: str | None
) -> tuple[list[Attribute], list[Attribute]]:
    """Find both attributes in each period; of one owner, in one order."""
    lefts, rights = _named(graph, left), _named(graph, right)
    if lefts[0].owner != rights[0].owner:
        raise WorkflowError(
            f"{lefts[0].identity} and {rights[0].identity} are of different rows\n"
            f"  fix: compare attributes of '{lefts[0].owner}'"
        )
    if lefts[0].identity == rights[0].identity:
        raise WorkflowError(f"{left} and {right} are the same version\n  fix: name another one")
    if period is None:
        return lefts, rights
    known = [attribute.key[2] for attribute in lefts if len(attribute.key) == 4]
    if period not in known:
        fix = f"use one of: {', '.join(known)}" if known else "leave --period out"
        raise WorkflowError(f"'{lefts[0].owner}' has no period '{period}'\n  fix: {fix}")
    place = known.index(period)
    return [lefts[place]], [rights[place]]


def _named(graph: Graph, name: str) -> list[Attribute]:
    """Find the attribute `owner.name@version` in each of its periods."""
    plain, _, pin = name.partition("@")
    known = [a for a in graph.attributes.values() if not isinstance(a.definition, Carried)]
    found = [a for a in known if f"{a.owner}.{a.name}" == plain]
    chosen = [a for a in found if (str(a.version) == pin if pin else a.is_default)]
    if chosen:
        return sorted(chosen, key=lambda attribute: attribute.key)
    if found:
        versions = ", ".join(sorted({a.identity for a in found}))
        raise WorkflowError(f"there is no version '{name}' that is computed\n  fix: use {versions}")
    near = get_close_matches(plain, sorted({f"{a.owner}.{a.name}" for a in known}), 1)
    fix = f"write {near[0]}" if near else "see: fig usage"
    raise WorkflowError(f"there is no attribute '{name}'\n  fix: {fix}")


def _all_periods(graph: Graph, attribute: Attribute) -> list[Attribute]:
    same = [a for a in graph.attributes.values() if a.identity == attribute.identity]
    return sorted(same, key=lambda attribute: attribute.key)


def _pair(graph: Graph, left: Attribute, right: Attribute) -> Pair:
    relation = relation_of(graph, left)
    key = relation.order
    return Pair(
        relation.relation, relation.stored, key, left.column, right.column, left.type, right.type
    )


def _last_day(workspace: Workspace, left: Attribute, right: Attribute) -> date:
    relation = relation_of(workspace.graph, left).relation
    for day in reversed(workspace.engine.days(relation)):
        if not _lacking(workspace, relation, day, left, right):
            return day
    raise WorkflowError(
        f"no day of {relation} holds both {left.identity} and {right.identity}\n"
        "  fix: compute some days with: fig run --from ... --to ..."
    )


def _lacking(
    workspace: Workspace, relation: str, day: date, *attributes: Attribute
) -> list[Attribute]:
    record = workspace.engine.partition(relation, day)
    stored = record.columns if record else {}
    return [attribute for attribute in attributes if attribute.column not in stored]


def _require(
    workspace: Workspace, left: Attribute, right: Attribute, first: date, last: date
) -> None:
    relation = relation_of(workspace.graph, left).relation
    every = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    missing = {d: found for d in every if (found := _lacking(workspace, relation, d, left, right))}
    if not missing:
        return
    days, lacking = sorted(missing), missing[min(missing)][0]
    more = f" and {len(days) - 1} more days" if len(days) > 1 else ""
    select = " or ".join(f'key:"{"/".join(a.key)}"' for a in (left, right))
    raise WorkflowError(
        f"{lacking.identity} of {days[0]}{more} was never built\n"
        f"  fix: fig run --from {days[0]} --to {days[-1]} --select '{select}'"
    )


def _outdated(
    workspace: Workspace, attributes: Sequence[Attribute], first: date, last: date
) -> tuple[str, ...]:
    """Say of which days the values were computed by another definition."""
    engine, told = workspace.engine, []
    for attribute in attributes:
        relation = relation_of(workspace.graph, attribute).relation
        days = 0
        for day in days_between(first, last + timedelta(days=1)):
            record = engine.partition(relation, day)
            found = record.columns.get(attribute.column) if record else None
            if found is not None and found.rule == engine.rule:
                days += found.fingerprint != attribute.fingerprint
        if days:
            told.append(
                f"{days} of the days of {attribute.identity} in {relation} were computed by "
                "another definition; fix: fig run --plan"
            )
    return tuple(told)


def _readers(graph: Graph, old: Sequence[Attribute]) -> list[Model]:
    """Return the models whose inputs change with `old`."""
    affected = downstream(graph, [attribute.key for attribute in old])
    return [m for m in graph.models.values() if any(a.key in affected for a in m.inputs)]


def _shifts(
    workspace: Workspace,
    models: Sequence[Model],
    old: Sequence[Attribute],
    new: Sequence[Attribute],
    *,
    days: Days,
    threshold: float | None,
) -> list[ModelShift]:
    graph = workspace.graph
    affected = downstream(graph, [attribute.key for attribute in old])
    wanted: dict[Key, Days] = {
        a.key: days for model in models for a in model.inputs if a.key in affected
    }
    names = old[0].identity, new[0].identity
    try:
        with try_in_place_of(workspace, old, new, wanted) as trial:
            return [
                _shift(workspace, trial, model, names, days=days, threshold=threshold)
                for model in models
            ]
    except ValueError as refusal:
        return [ModelShift(model.identity, *names, problem=str(refusal)) for model in models]


def _shift(
    workspace: Workspace,
    trial: Trial,
    model: Model,
    names: tuple[str, str],
    *,
    days: Days,
    threshold: float | None,
) -> ModelShift:
    affected = downstream(
        workspace.graph,
        [a.key for a in workspace.graph.attributes.values() if a.identity == names[0]],
    )
    inputs = tuple(a for a in model.inputs if a.key in affected)
    family = workspace.graph.row_families[model.family]
    every = [days[0] + timedelta(days=n) for n in range((days[1] - days[0]).days + 1)]
    scored: list[date] = []
    refused: dict[str, str] = {}
    if trial.refused:
        # Its rows would hold what is stored beside what was tried, and nobody could tell which.
        op, them = next(iter(trial.refused.items()))
        words = f"{op} of {min(them)} cannot be computed so: {them[min(them)]}"
        return ModelShift(model.identity, *names, tuple(a.identity for a in inputs), problem=words)
    relation = f"comparisons/{model.title}"
    stored = _columns_of(workspace.graph, model, inputs)
    target = Target(relation, (family.granularity,), tuple(
        Column(name, kind) for name, kind in stored.items() if name != DAY
    ))  # fmt: skip
    for day in every:
        try:
            rows = _both(workspace, trial, model, day, inputs)
            if rows is None:
                refused[str(day)] = "no model was in force"
                continue
            trial.workspace.engine.replace_days(target, rows.select(list(stored)), [day])
            scored.append(day)
        except (FigError, pa.ArrowException) as refusal:
            refused[str(day)] = str(refusal).partition("\n")[0]
    told = ModelShift(
        model.identity, *names, tuple(a.identity for a in inputs), len(scored), refused
    )
    if not scored:
        return told
    more = tuple(name for name in stored if name not in (DAY, family.granularity, BEFORE, AFTER))
    pair = Pair(relation, stored, (family.granularity,), BEFORE, AFTER, FLOAT, FLOAT, more)
    window = days_of(scored[0], scored[-1])
    usual = model.explain_above if model.explain_top else HALF
    limit = usual if threshold is None else threshold
    return ModelShift(
        told.model,
        *names,
        told.inputs,
        told.days,
        refused,
        compare(trial.workspace.engine, pair, window),
        decisions_of(trial.workspace.engine, pair, window, limit),
    )


def _columns_of(graph: Graph, model: Model, inputs: Sequence[Attribute]) -> dict[str, pa.DataType]:
    """Return the columns of a model's rows before and after, `day` first."""
    family = graph.row_families[model.family]
    row = relation_of(graph, model.inputs[0])
    found = {DAY: pa.date32(), family.granularity: row.stored[family.granularity]}
    found |= {BEFORE: pa.float64(), AFTER: pa.float64()}
    for attribute in inputs:
        for title in ("before", "after"):
            found[f"{attribute.column}__{title}"] = row.stored[attribute.column]
    return found


def _both(
    workspace: Workspace, trial: Trial, model: Model, day: date, inputs: Sequence[Attribute]
) -> pa.Table | None:
    """Score the rows of a day as they are and as they would be; None without a champion.

    Raises:
        ModelError: the artifact is damaged, was trained on other attributes, or the rows differ.
        EngineError: the day was never built.
    """
    artifact = champion_of(workspace, model, day)
    if artifact is None:
        return None
    key = workspace.graph.row_families[model.family].granularity
    before = workspace.engine.query(select_scoring_set(workspace.graph, model, day))
    after = trial.workspace.engine.query(select_scoring_set(trial.workspace.graph, model, day))
    if not before.column(key).equals(after.column(key)):
        raise ModelError("the version decides which rows there are, so scores have no pairs")
    rows = before.select([DAY, key])
    rows = rows.append_column(BEFORE, score(artifact, before))
    rows = rows.append_column(AFTER, score(artifact, after))
    for attribute in inputs:
        rows = rows.append_column(f"{attribute.column}__before", before.column(attribute.column))
        rows = rows.append_column(f"{attribute.column}__after", after.column(attribute.column))
    return rows
