"""A label set and the table that knows some classes -> how right each of its labels is."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from fig_assets.graph.definitions import Combined, Learned, Voted
from fig_assets.graph.label_parts import Truth
from fig_assets.graph.nodes import Attribute, LabelSet
from fig_assets.graph.period import Window
from fig_assets.models.gold import Judged, Measured, loses, measure, plurality, said_by
from fig_assets.sql.label_model import PATTERN, ROWS
from fig_assets.sql.label_report import TRUTH, VALUE, Counting, select_truths
from fig_assets.workflow.steps.label_model import votes_of
from fig_assets.workflow.workspace import Workspace

PLAIN = "plurality_vote"


@dataclass(frozen=True)
class Known:
    """What a table of truth says about the labels of some days.

    Attributes:
        table: The table.
        keys: How many of its keys have a class of the set.
        strangers: How many of its keys have what is no class of the set, by what they have.
        measured: Each weak and strong label, on the rows whose class is known.
        losses: Strong labels that are less right than the plurality of their votes, in words.
    """

    table: str
    keys: int = 0
    strangers: tuple[tuple[str, int], ...] = ()
    measured: tuple[Measured, ...] = ()
    losses: tuple[str, ...] = ()

    @property
    def warnings(self) -> tuple[str, ...]:
        """What somebody should look at, in words."""
        found = [
            f"table {self.table} says '{value}', which is no class of the set, of {count:,} "
            f"key{'s' * (count > 1)}"
            for value, count in self.strangers
        ]
        if not self.keys:
            found.append(f"table {self.table} knows the class of no key: was it ever built?")
        elif self.measured and not self.measured[0].rows:
            found.append(f"table {self.table} knows the class of none of these rows")
        return (*found, *self.losses)


def known_classes(
    workspace: Workspace,
    labels: LabelSet,
    weak: Sequence[Attribute],
    strong: Sequence[Attribute],
    days: Window,
) -> Known | None:
    """Measure labels on the rows of `days` whose class is known; None where no table is named.

    The table is read as it is now: of a daily one the newest stored day. Days that are not stored
    have no rows.
    """
    truth = labels.truth
    if truth is None:
        return None
    is_built, then = _newest(workspace, truth)
    if not is_built:
        return Known(truth.table)
    engine, graph = workspace.engine, workspace.graph
    said = {
        str(row[VALUE]): int(row[ROWS])
        for row in engine.query(select_truths(graph, truth, then)).to_pylist()
        if row[VALUE] is not None
    }
    counting = Counting(graph, labels, [a.column for a in weak], [a.column for a in strong])
    tree = counting.judged(truth, days, then, engine.dialect)
    judged = _judged(counting, engine.query(tree).to_pylist())
    found = _measured(labels, weak, strong, judged)
    return Known(
        table=truth.table,
        keys=sum(count for value, count in said.items() if value in labels.classes),
        strangers=tuple((v, count) for v, count in said.items() if v not in labels.classes),
        measured=found,
        losses=_losses(labels, strong, judged, found[len(weak) :]),
    )


def _newest(workspace: Workspace, truth: Truth) -> tuple[bool, Window | None]:
    """Tell whether the table is built as it is written now, and its newest day if it has days."""
    table, engine = workspace.graph.tables[truth.table], workspace.engine
    newest = max(engine.days(table.relation), default=None) if table.is_daily else None
    record = engine.partition(table.relation, newest)
    is_built = record is not None and {truth.key, truth.field} <= set(record.columns)
    return is_built, Window(newest, newest + timedelta(days=1)) if newest else None


def _judged(counting: Counting, rows: Sequence[dict[str, object]]) -> list[Judged]:
    patterns = votes_of([str(row[PATTERN]) for row in rows], len(counting.votes)).tolist()
    classes = counting.labels.classes
    return [
        Judged(
            votes=tuple(None if vote < 0 else classes[vote] for vote in cast),
            labels=tuple(None if row[n] is None else str(row[n]) for n in counting.strong),
            truth=str(row[TRUTH]),
            rows=int(str(row[ROWS])),
        )
        for row, cast in zip(rows, patterns, strict=True)
    ]


def _measured(
    labels: LabelSet,
    weak: Sequence[Attribute],
    strong: Sequence[Attribute],
    judged: Sequence[Judged],
) -> tuple[Measured, ...]:
    found = []
    for place, attribute in enumerate(weak):
        vote = attribute.definition.vote if isinstance(attribute.definition, Voted) else None
        classes = labels.classes if vote is None else (vote,)
        said = said_by(judged, [it.votes[place] for it in judged])
        found.append(measure(attribute.name, classes, said))
    for place, attribute in enumerate(strong):
        said = said_by(judged, [it.labels[place] for it in judged])
        found.append(measure(attribute.identity.partition(".")[2], labels.classes, said))
    return tuple(found)


def _losses(
    labels: LabelSet,
    strong: Sequence[Attribute],
    judged: Sequence[Judged],
    measured: Sequence[Measured],
) -> tuple[str, ...]:
    found = []
    for attribute, mine in zip(strong, measured, strict=True):
        made = combined_of(attribute)
        if made.method == PLAIN and not made.is_strict:
            continue
        simple = [plurality(it.votes, made.default, made.ties) for it in judged]
        other = measure("", labels.classes, said_by(judged, simple))
        found.append(loses(mine, replace(other, name=mine.name)))
    return tuple(words for words in found if words)


def combined_of(strong: Attribute) -> Combined:
    """Return how a strong label combines votes, or what a label model does with its votes.

    Raises:
        TypeError: it is no strong label, which is a defect of the program.
    """
    made = strong.definition
    if isinstance(made, Learned):
        made = made.votes
    if not isinstance(made, Combined):
        raise TypeError(strong.identity)
    return made
