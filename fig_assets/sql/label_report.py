"""Label set and days -> SELECTs that count what was voted, what fired, and what was right."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot import exp

from fig_assets.engines.base import DAY
from fig_assets.graph.label_parts import Truth
from fig_assets.graph.nodes import Graph, LabelSet
from fig_assets.graph.period import Window
from fig_assets.language.types import convert
from fig_assets.sql.expressions import column, named, on_days, scan
from fig_assets.sql.label_model import PATTERN, ROWS, pattern_of, scan_labels
from fig_assets.sql.relations import table_columns

TRUTH, VALUE = "truth", "value"
_KEY, _CLASS = "known__key", "known__class"
"""Names that no label and no granularity can have."""


@dataclass(frozen=True, eq=False)
class Counting:
    """What of a label set is counted: columns of votes, and of strong labels."""

    graph: Graph
    labels: LabelSet
    votes: Sequence[str]
    strong: Sequence[str] = ()

    def by_day(self, days: Window) -> exp.Select:
        """Count the patterns of votes of each of `days`, with the classes of strong labels beside.

        Returns:
            One row for each day, pattern and classes, columns `(day, pattern, *strong, rows)`, in
            this order.
        """
        pattern = pattern_of(self.votes, self.labels.classes)
        return (
            exp.select(column(DAY), named(pattern.copy(), PATTERN), *self._strong(), _count())
            .from_(scan_labels(self.graph, self.labels, [*self.votes, *self.strong], days))
            .where(on_days(days))
            .group_by(column(DAY), pattern, *self._strong())
            .order_by(column(DAY), column(PATTERN), *self._strong())
        )

    def fired(self, days: Window) -> exp.Select:
        """Count the rows of `days` together, and those on which each weak label votes.

        Returns:
            One row, columns `(rows, *votes)`.
        """
        fired = [named(exp.Count(this=column(name)), name) for name in self.votes]
        return (
            exp.select(_count(), *fired)
            .from_(scan_labels(self.graph, self.labels, self.votes, days))
            .where(on_days(days))
        )

    def judged(self, truth: Truth, days: Window, known: Window | None, dialect: str) -> exp.Select:
        """Count the patterns of the rows of `days` whose class the table of truth knows.

        `known` is the day of that table; None for one without days.

        Returns:
            One row for each pattern, classes of strong labels, and class in truth, columns
            `(pattern, *strong, truth, rows)`.
        """
        family = self.graph.row_families[self.labels.family]
        key = convert(column(family.granularity), family.granularity_type, truth.key_type, dialect)
        gold = exp.select(named(column(truth.key), _KEY), named(column(truth.field), _CLASS)).from_(
            _known(self.graph, truth, known)
        )
        if known is not None:
            gold = gold.where(on_days(known))
        pattern = pattern_of(self.votes, self.labels.classes)
        names = [family.granularity, *self.votes, *self.strong]
        classes = [exp.Literal.string(name) for name in self.labels.classes]
        return (
            exp.select(
                *(named(pattern.copy(), PATTERN), *self._strong()),
                *(named(column(_CLASS), TRUTH), _count()),
            )
            .from_(scan_labels(self.graph, self.labels, names, days))
            .join(gold.subquery("known"), on=key.eq(column(_KEY)))
            .where(on_days(days), column(_CLASS).isin(*classes))
            .group_by(pattern, *self._strong(), column(_CLASS))
            .order_by(column(PATTERN), *self._strong(), column(TRUTH))
        )

    def _strong(self) -> list[exp.Expr]:
        return [column(name) for name in self.strong]


def select_truths(graph: Graph, truth: Truth, known: Window | None) -> exp.Select:
    """Count what a table of truth says.

    Returns:
        One row for each value, NULL among them, columns `(value, rows)`, the most frequent first.
    """
    query = exp.select(named(column(truth.field), VALUE), _count())
    query = query.from_(_known(graph, truth, known))
    if known is not None:
        query = query.where(on_days(known))
    order = exp.Ordered(this=column(ROWS), desc=True)
    return query.group_by(column(truth.field)).order_by(order, column(VALUE))


def _known(graph: Graph, truth: Truth, known: Window | None) -> exp.Table:
    table = graph.tables[truth.table]
    wanted = {truth.key, truth.field, DAY}
    there = {n: kind for n, kind in table_columns(table).items() if n in wanted}
    return scan(table.relation, there, known, "gold")


def _count() -> exp.Expr:
    return named(exp.Count(this=exp.Star()), ROWS)
