"""A row and a model -> why it scored what it scored: attributes, windows, votes, and a replay."""

from dataclasses import dataclass
from datetime import date

import orjson
import pyarrow as pa

from fig_assets.errors import WorkflowError
from fig_assets.graph.definitions import Combined, Learned, Voted
from fig_assets.graph.nodes import Attribute, Model
from fig_assets.graph.seen import seen_by
from fig_assets.language.types import arrow_type
from fig_assets.models.artifact import Artifact
from fig_assets.models.score import as_text, explain, score
from fig_assets.sql.one_row import (
    LAST,
    ROWS,
    select_days_of,
    select_population,
    select_row,
    select_stored,
)
from fig_assets.sql.published import named_model
from fig_assets.workflow.learning.explained import Explained, Part, Replay, Vote
from fig_assets.workflow.learning.learn import NO_MODEL, no_scores
from fig_assets.workflow.workspace import Workspace

LOWEST = float("-inf")


def explain_row(
    workspace: Workspace,
    name: str,
    key: str,
    *,
    day: date | None = None,
    model: str | None = None,
) -> tuple[Explained, ...]:
    """Say why a row has its score, for a model or for each model of a row family.

    Args:
        workspace: The project, opened.
        name: A row family, or a model: `scorer`, its default version, or `scorer@2`.
        key: The row's granularity value, as text.
        day: The row's day; the last one on which it was scored when left out.
        model: Of a family, the one model to ask.

    Raises:
        WorkflowError: There is no such model or family, or the row has no score.
        ModelError: The champion's files are damaged or gone, or it learned from other attributes.
        EngineError: The engine failed.
    """
    return tuple(_explain(workspace, it, key, day) for it in _asked(workspace, name, model))


def _asked(workspace: Workspace, name: str, model: str | None) -> list[Model]:
    graph = workspace.graph
    found = named_model(graph, name)
    of_family = [m for m in graph.models.values() if m.family == name and m.is_default]
    if model is not None and found is None:
        found = named_model(graph, model)
        if found is None or found.family != name:
            names = ", ".join(m.identity for m in graph.models.values() if m.family == name)
            raise WorkflowError(
                f"'{name}' has no model '{model}'\n  fix: use one of: {names or 'none'}"
            )
    if found is not None:
        return [found]
    if of_family:
        return of_family
    known = sorted({*(m.family for m in graph.models.values()), *graph.models})
    what = "has no model" if name in graph.row_families else "is no row family and no model"
    raise WorkflowError(f"'{name}' {what}\n  fix: use one of: {', '.join(known) or 'none'}")


def _explain(workspace: Workspace, model: Model, key: str, day: date | None) -> Explained:
    graph = workspace.graph
    chosen = day or _last_day(workspace, model, model.relation, key)
    if chosen is None:
        raise _no_score(workspace, model, key, None)
    stored = _stored_score(workspace, model, chosen, key)
    artifact = workspace.registry.load(model.name, model.version, stored.trained_for)
    row = workspace.engine.query(select_row(graph, model, chosen, key))
    if row.num_rows == 0:
        raise WorkflowError(
            f"'{key}' was scored on {chosen}, but {model.family} has no such row any more\n"
            f"  fix: fig run --from {chosen} --to {chosen} --stale"
        )
    again = score(artifact, row)
    most = len(artifact.card.inputs)
    told = explain(artifact, row, top_k=most, above=LOWEST, scores=again)[0].as_py()
    rows, parts = _parts(workspace, model, row, chosen, key, told)
    odds = orjson.loads(told) if told else None
    weak, strong, problem = _labels(workspace, model, chosen, key)
    return Explained(
        model=model.identity,
        family=model.family,
        key=key,
        day=chosen,
        score=stored.score,
        trained_for=stored.trained_for,
        champion=stored.champion,
        base=odds["base"] if odds else None,
        log_odds=odds["base"] + sum(p["contribution"] for p in odds["attributes"])
        if odds
        else None,
        rows=rows,
        parts=parts,
        weak_labels=weak,
        strong_labels=strong,
        labels_problem=problem,
        replay=_replay(model, artifact, again[0].as_py(), stored, chosen),
    )


@dataclass(frozen=True)
class _Stored:
    score: float
    trained_for: date
    champion: str


def _stored_score(workspace: Workspace, model: Model, day: date, key: str) -> _Stored:
    record = workspace.engine.partition(model.relation, day)
    if record is None:
        raise WorkflowError(
            f"{model.identity} never scored {day}\n  fix: fig run --from {day} --to {day} "
            f"--select '+key:\"scores/{model.title}/{model.outputs[0].column}\"'"
        )
    champion = record.notes.get("champion", "")
    if champion == NO_MODEL:
        raise WorkflowError(no_scores(workspace, model))
    output = model.outputs[0]
    kinds = {output.column: arrow_type(output.type), "trained_for": pa.date32()}
    tree = select_stored(workspace.graph, model, model.relation, kinds, day=day, key=key)
    found = workspace.engine.query(tree).to_pylist()
    if not found:
        raise _no_score(workspace, model, key, day)
    return _Stored(found[0][output.column], found[0]["trained_for"], champion)


def _last_day(workspace: Workspace, model: Model, relation: str, key: str) -> date | None:
    tree = select_days_of(workspace.graph, model, relation, key)
    found: date | None = workspace.engine.query(tree).column(LAST)[0].as_py()
    return found


def _no_score(workspace: Workspace, model: Model, key: str, day: date | None) -> WorkflowError:
    """Say where the row is, if it is anywhere."""
    family = workspace.graph.row_families[model.family]
    scored = _last_day(workspace, model, model.relation, key)
    known = _last_day(workspace, model, family.relation, key)
    if day is not None and scored is not None:
        return WorkflowError(
            f"{model.identity} scored no {family.granularity} '{key}' on {day}\n"
            f"  fix: --day {scored}"
        )
    if known is None:
        return WorkflowError(
            f"no stored day of {family.name} has a row with {family.granularity} '{key}'\n"
            f"  fix: see fig query {family.name} --columns {family.granularity} --limit 5"
        )
    if workspace.engine.partition(model.relation, known) is not None:
        record = workspace.engine.partition(model.relation, known)
        if record is not None and record.notes.get("champion") == NO_MODEL:
            return WorkflowError(no_scores(workspace, model))
    return WorkflowError(
        f"{model.identity} did not score '{key}', which is a row of {known}\n"
        f"  fix: fig run --from {known} --to {known} --stale"
    )


def _parts(
    workspace: Workspace, model: Model, row: pa.Table, day: date, key: str, told: str | None
) -> tuple[int, tuple[Part, ...]]:
    graph = workspace.graph
    family = graph.row_families[model.family]
    tree = select_population(graph, model, model.inputs, day=day, key=key)
    counts = workspace.engine.query(tree).to_pylist()[0]
    rows = int(counts[ROWS])
    known = (
        {it["attribute"]: it["contribution"] for it in orjson.loads(told)["attributes"]}
        if (told)
        else {}
    )
    found = []
    for place, attribute in enumerate(model.inputs):
        value = as_text(row.column(attribute.column))[0]
        lower = counts.get(f"lower_{place}")
        found.append(
            Part(
                attribute=attribute.identity,
                attribute_id=attribute.number,
                type=str(attribute.type),
                value=value,
                contribution=known.get(attribute.identity),
                seen=seen_by(graph, family, attribute, day),
                lower=None if lower is None or value is None else lower / rows,
                same=counts[f"same_{place}"] / rows,
            )
        )
    found.sort(key=lambda part: -abs(part.contribution or 0.0))
    return rows, tuple(found)


def _labels(
    workspace: Workspace, model: Model, day: date, key: str
) -> tuple[tuple[Vote, ...], tuple[Vote, ...], str]:
    labels = workspace.graph.label_sets[model.label_set]
    record = workspace.engine.partition(labels.relation, day)
    built = [a for a in labels.labels if record is not None and a.column in record.columns]
    if not built:
        return (), (), f"the labels of {day} were not computed"
    kinds = {a.column: arrow_type(a.type) for a in built}
    tree = select_stored(workspace.graph, model, labels.relation, kinds, day=day, key=key)
    found = workspace.engine.query(tree)
    if found.num_rows == 0:
        return (), (), f"{labels.relation} of {day} has no such row"

    def votes(*kinds: type) -> tuple[Vote, ...]:
        chosen = [a for a in built if isinstance(a.definition, kinds)]
        return tuple(_vote(attribute, found) for attribute in chosen)

    return votes(Voted), votes(Combined, Learned), ""


def _vote(attribute: Attribute, row: pa.Table) -> Vote:
    return Vote(attribute.identity, as_text(row.column(attribute.column))[0])


def _replay(model: Model, artifact: Artifact, again: float, stored: _Stored, day: date) -> Replay:
    """Score the stored values again: the same bits, or a reason why not."""
    if again.hex() == stored.score.hex():
        return Replay(again, exact=True, problem="")
    why = "the stored values are not those that were scored"
    if artifact.card.digest != stored.champion:
        why = f"the champion was trained for {stored.trained_for} again since"
    fix = f"fig run --from {day} --to {day} --stale"
    problem = f"{model.identity} does not reproduce the score: {why}\n  fix: {fix}"
    return Replay(again, exact=False, problem=problem)
