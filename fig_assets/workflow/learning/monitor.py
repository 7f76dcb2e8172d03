"""A model and a stored day -> how its inputs and scores lie, and how good they were.

Nothing of it is stored: what is told of a day follows from its rows, its labels and the card of the
model that scored it. Whoever asks again and again, as a sensor does, keeps a `Monitor`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fig_assets.engines.base import Read
from fig_assets.graph.nodes import Model
from fig_assets.models import encode
from fig_assets.models.artifact import Artifact
from fig_assets.models.metrics import METRICS, at_budget
from fig_assets.models.watch import THRESHOLDS, DayWatch, watch
from fig_assets.sql.judged_set import LABEL, SCORE, judged_reads, select_judged, select_scores
from fig_assets.sql.training_set import select_scoring_set
from fig_assets.workflow.workspace import Workspace


@dataclass(frozen=True)
class Matured:
    """How good the scores of a day were, as its labels say; None: it cannot be said."""

    day: date
    labelled: int
    positives: int
    average_precision: float | None
    roc_auc: float | None
    alert_precision: float | None
    """The share of positive rows among the labelled ones of the day's alerts."""
    alert_recall: float | None
    """The share of the day's positive rows that were alerts."""


def thresholds(model: Model) -> tuple[float, ...]:
    """Return from which scores on the rows of a model are counted, rising."""
    own = (model.explain_above,) if model.explain_top else ()
    return tuple(sorted({*THRESHOLDS, *own}))


@dataclass(frozen=True, eq=False)
class Monitor:
    """Watches the stored days of models; what has not changed since is not measured again."""

    workspace: Workspace
    _watched: dict[tuple[object, ...], DayWatch] = field(default_factory=dict)
    _matured: dict[tuple[object, ...], Matured] = field(default_factory=dict)

    def is_of(self, model: Model, day: date, artifact: Artifact) -> bool:
        """Tell whether `artifact` made the stored scores of `day`."""
        return self._champion(model, day) == artifact.card.digest

    def watched(self, model: Model, day: date, artifact: Artifact) -> DayWatch | None:
        """Say how the stored rows and scores of `day` lie beside those `artifact` learned from.

        None where the day has no scores of it, or its rows are gone.

        Raises:
            ModelError: the rows do not have the attributes that the artifact was made for.
            EngineError: the engine failed.
        """
        columns = tuple(sorted(entry.column for entry in artifact.card.inputs))
        family = self.workspace.graph.row_families[model.family]
        reads = (*judged_reads(model, day)[:1], Read(family.relation, columns, day, _after(day)))
        key = self._digests(model, reads)
        if key is None or not self.is_of(model, day, artifact):
            return None
        if key not in self._watched:
            engine, graph = self.workspace.engine, self.workspace.graph
            rows = engine.query(select_scoring_set(graph, model, day))
            encode.check_columns(rows, artifact.card.inputs, artifact.card.name)
            scores = engine.query(select_scores(graph, model, day)).column(SCORE).to_numpy()
            self._watched[key] = watch(artifact.card, rows, scores, thresholds(model))
        return self._watched[key]

    def matured(self, model: Model, day: date) -> Matured | None:
        """Say how good the scores of `day` were; None where it has no scores or no labels.

        Raises:
            EngineError: the engine failed.
        """
        key = self._digests(model, judged_reads(model, day))
        if key is None or not self._champion(model, day):
            return None
        if key not in self._matured:
            tree = select_judged(self.workspace.graph, model, day)
            self._matured[key] = _matured(model, day, self.workspace.engine.query(tree))
        return self._matured[key]

    def _champion(self, model: Model, day: date) -> str:
        stored = self.workspace.engine.partition(model.relation, day)
        return stored.notes.get("champion", "") if stored and stored.rows else ""

    def _digests(self, model: Model, reads: Sequence[Read]) -> tuple[object, ...] | None:
        """Return what stands for the content of a day of each read; None where one is not there."""
        found: list[object] = [model.identity]
        for read in reads:
            stored = self.workspace.engine.partition(read.relation, read.days[0])
            digest = stored.short_digest(read.columns) if stored else ""
            if not digest:
                return None
            found += [read.relation, read.days[0], digest]
        return tuple(found)


def _matured(model: Model, day: date, rows: pa.Table) -> Matured:
    label = rows.column(LABEL).cast(pa.string())
    known = pc.is_valid(label).to_numpy()
    labels = pc.is_in(label, value_set=pa.array([model.positive])).to_numpy()
    scores = rows.column(SCORE).to_numpy()
    judged = labels[known]
    measured = {
        name: measure(judged, scores[known]) if judged.any() and not judged.all() else None
        for name, measure in METRICS.items()
    }
    caught = at_budget(scores, labels, known, model.alerts_per_day)
    return Matured(
        day=day,
        labelled=int(np.count_nonzero(known)),
        positives=int(np.count_nonzero(judged)),
        average_precision=measured["average_precision"],
        roc_auc=measured["roc_auc"],
        alert_precision=caught.precision,
        alert_recall=caught.recall,
    )


def _after(day: date) -> date:
    return day + timedelta(days=1)
