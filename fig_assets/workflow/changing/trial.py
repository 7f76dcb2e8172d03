"""What would be computed if one version meant what another means: in a copy of the lake."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date

from fig_assets.graph.instead import Days, days_needed, downstream, in_place_of
from fig_assets.graph.nodes import Attribute, Graph, Key
from fig_assets.graph.unchecked import without_checks
from fig_assets.sql.published import Published, published
from fig_assets.workflow.run import run_op
from fig_assets.workflow.workspace import Workspace

RELATIONS = ("landing", "events", "states", "families", "label_sets", "scores", "tables")
"""What is computed from. Raw files are not read again."""
FIXED = ("raw", "table", "states", "model")
"""Ops that are not run: files stay what they are, nothing is trained. Windows keep their states."""


@dataclass
class Trial:
    """A workspace over the copy, in which one version means what another means.

    Attributes:
        workspace: Reads and writes the copy; nothing declared is checked in it.
        refused: Of each op the days that could not be computed, and why.
    """

    workspace: Workspace
    refused: dict[str, dict[date, str]] = field(default_factory=dict)


@contextmanager
def try_in_place_of(
    workspace: Workspace,
    old: Sequence[Attribute],
    new: Sequence[Attribute],
    wanted: Mapping[Key, Days],
) -> Iterator[Trial]:
    """Let `old` mean what `new` means, and compute all between it and `wanted`, in a copy.

    What is stored stays as it is. Days that are not stored are not computed. Nothing is trained:
    where a model stands between, its champion scores anew.

    Args:
        workspace: The project as it is.
        old: One version of a field or feature, of each of its periods.
        new: Another one of the same owner, of the same periods in the same order.
        wanted: Attributes that are looked at afterwards, each with its first and last day.

    Raises:
        ValueError: it cannot be: the words say why.
        EngineError: there is no place for the copy.
    """
    affected = downstream(workspace.graph, [attribute.key for attribute in old])
    graph = without_checks(in_place_of(workspace.graph, old, new))
    days = days_needed(graph, wanted, affected)
    with workspace.engine.scratch(RELATIONS) as engine:
        trial = Trial(replace(workspace, graph=graph, engine=engine))
        _compute(trial, days)
        yield trial


def relation_of(graph: Graph, attribute: Attribute) -> Published:
    """Return the stored relation of an attribute."""
    is_windowed = attribute.owner in graph.families
    return published(graph, attribute.owner, attribute.key[2] if is_windowed else None)


def _compute(trial: Trial, days: Mapping[Key, Days]) -> None:
    """Compute op by op what follows, each for the days that are needed and stored."""
    workspace = trial.workspace
    for op in workspace.graph.ops:
        keys = [key for key in op.keys if key in days]
        if op.kind in FIXED or not keys:
            continue
        first, last = min(days[key][0] for key in keys), max(days[key][1] for key in keys)
        relation = relation_of(workspace.graph, workspace.graph.attributes[keys[0]]).relation
        stored = [day for day in workspace.engine.days(relation) if first <= day <= last]
        done = run_op(workspace, op, stored, keys)
        refused = {day: str(why) for day, why in done.refused.items() if day is not None}
        if refused:
            trial.refused[op.name] = refused
