"""Counted patterns of votes and the rows of a day -> the labels of label models, and how likely."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlglot import exp

from fig_assets.engines.base import DAY, Engine, Target
from fig_assets.graph.definitions import Learned
from fig_assets.graph.nodes import Attribute, Graph, Key, LabelSet
from fig_assets.models.label_model import LabelModel, Votes, learn
from fig_assets.sql.label_model import (
    PARTED,
    PATTERN,
    ROWS,
    fit_window,
    learned_of,
    patterns_of,
    select_patterns,
)

Column: TypeAlias = "pa.Array[Any]"
EVEN = 1e-9
"""Classes whose probabilities differ by less than this are tied."""


@dataclass(frozen=True, eq=False)
class Fits:
    """The label models that make the columns of one write on one day."""

    graph: Graph
    labels: LabelSet
    day: date
    attributes: Sequence[Attribute]
    accuracy: dict[Key, dict[str, float]] = field(default_factory=dict)
    """Once they are learned, of each class how right its model finds each weak label that votes."""

    def counts(self) -> list[exp.Select]:
        """Return the statements that count what each label model learns from."""
        return [self._counts(learned_of(attribute)) for attribute in self._fitted()]

    def compute(self, engine: Engine, rows: pa.Table, target: Target) -> pa.Table:
        """Learn each label model, and look up what it says of each row.

        Args:
            engine: where the votes of the days to learn from are counted.
            rows: of `select_voters`.
            target: the relation whose columns are wanted.

        Returns:
            `day`, the key and the columns of `target`, a row for each row of `rows`.
        """
        names = patterns_of(self.attributes)
        fitted = {a: self._fit(engine, a) for a in self._fitted()}
        columns: dict[str, Column] = {}
        for name in (DAY, target.key[0]):
            columns[name] = rows.column(name).combine_chunks()
        for attribute in self.attributes:
            learned = learned_of(attribute)
            found = next(v for a, v in fitted.items() if _is_same(learned_of(a), learned))
            pattern = rows.column(names[learned.votes.columns]).combine_chunks()
            said = [found[text] for text in found]
            values = pa.array([it[learned.is_probability] for it in said], _kind(learned))
            places = pc.index_in(pattern, pa.array(list(found), pa.string()))
            columns[attribute.column] = values.take(places)
        return pa.table({name: columns[name] for name in (DAY, *target.names)})

    def _fitted(self) -> list[Attribute]:
        """Return one attribute of each label model: a class and its probability are of one."""
        found: list[Attribute] = []
        for attribute in self.attributes:
            learned = learned_of(attribute)
            if not any(_is_same(learned_of(other), learned) for other in found):
                found.append(attribute)
        return found

    def _counts(self, learned: Learned) -> exp.Select:
        days = fit_window(self.graph, learned, self.day)
        return select_patterns(self.graph, self.labels, learned.votes.columns, days)

    def _fit(
        self, engine: Engine, attribute: Attribute
    ) -> dict[str, tuple[str | None, float | None]]:
        learned = learned_of(attribute)
        counted = engine.query(self._counts(learned))
        texts = [str(text) for text in counted.column(PATTERN).to_pylist()]
        patterns = votes_of(texts, len(learned.votes.columns))
        rows = counted.column(ROWS).to_numpy()
        model = learn(patterns, rows, len(self.labels.classes), learned.prior)
        if model is not None:
            names = [column.partition("__")[0] for column in learned.votes.columns]
            found = zip(names, model.accuracy.tolist(), strict=True)
            known = {f"accuracy/{name}": value for name, value in found if not math.isnan(value)}
            self.accuracy[attribute.key] = known
        return dict(zip(texts, _said(learned, self.labels.classes, patterns, model), strict=True))


def votes_of(patterns: Sequence[str], voters: int) -> Votes:
    """Read patterns of votes: a row for each, a column for each weak label, -1 to abstain."""
    read = [[int(part) - 1 for part in text.split(PARTED)] for text in patterns]
    return np.array(read, dtype=np.int64).reshape(len(patterns), voters)


def _said(
    learned: Learned, classes: Sequence[str], patterns: Votes, model: LabelModel | None
) -> list[tuple[str | None, float | None]]:
    """Give the class of each pattern and how likely it is; nothing where no row has a vote."""
    if model is None:
        return [(learned.votes.default, None) for _ in patterns]
    chances = model.probabilities(patterns)
    found: list[tuple[str | None, float | None]] = []
    for votes, chance in zip(patterns, chances, strict=True):
        name = _decide(learned, classes, {int(v) for v in votes if v >= 0}, chance.tolist())
        found.append((name, None if name is None else float(chance[classes.index(name)])))
    return found


def _decide(
    learned: Learned, classes: Sequence[str], voted: set[int], chances: Sequence[float]
) -> str | None:
    if not voted:
        return learned.votes.default
    if learned.votes.is_strict and len(voted) > 1:
        return learned.votes.conflicts
    best = max(chances)
    likely = [place for place, chance in enumerate(chances) if chance >= best - EVEN]
    return classes[likely[0]] if len(likely) == 1 else learned.votes.ties


def _is_same(one: Learned, other: Learned) -> bool:
    """Tell whether two columns are of one label model."""
    return one.votes is other.votes and one.fit_days == other.fit_days


def _kind(learned: Learned) -> pa.DataType:
    return pa.float64() if learned.is_probability else pa.string()
