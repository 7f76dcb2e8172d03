"""The labels of label models -> SELECTs of patterns of votes, and what a write replaces.

A pattern is a text of one digit or more for each weak label, in the order of their columns and
parted by commas: 0 where it abstains, else the place of the class it votes for, from 1. What is
learned from counted patterns is done by the workflow, between these statements and the write.
"""

from collections.abc import Sequence
from datetime import date, timedelta

from sqlglot import exp

from fig_assets.engines.base import DAY, Column, Read, Target
from fig_assets.graph.definitions import Learned
from fig_assets.graph.nodes import Attribute, Graph, LabelSet
from fig_assets.graph.period import Window
from fig_assets.language.types import arrow_type
from fig_assets.sql.expressions import column, day_literal, named, on_days, scan
from fig_assets.sql.labels import stored_columns

PATTERN, ROWS = "pattern", "rows"
PARTED = ","


def learned_of(attribute: Attribute) -> Learned:
    """Return what an attribute of an op of label models is.

    Raises:
        TypeError: it is something else, which is a defect of the program.
    """
    if not isinstance(attribute.definition, Learned):
        raise TypeError(attribute.identity)
    return attribute.definition


def fit_window(graph: Graph, learned: Learned, day: date) -> Window:
    """Return the days that a label model of `day` learns from; none before the project's start."""
    first = day - timedelta(days=learned.fit_days - 1)
    return Window(max(first, graph.start), day + timedelta(days=1))


def label_model_target(
    graph: Graph, labels: LabelSet, day: date, attributes: Sequence[Attribute]
) -> Target:
    """Say which columns a write of `attributes` on `day` replaces, and what each of them reads.

    The rows are those of the votes: this only adds columns to them.
    """
    family = graph.row_families[labels.family]
    keys = Read(labels.relation, (), day, day + timedelta(days=1))
    columns = [Column(family.granularity, arrow_type(family.granularity_type), "", (keys,))]
    for attribute in attributes:
        learned = learned_of(attribute)
        days = fit_window(graph, learned, day)
        votes = Read(labels.relation, tuple(sorted(learned.votes.columns)), days.start, days.end)
        kind = arrow_type(attribute.type)
        columns.append(Column(attribute.column, kind, attribute.fingerprint, (keys, votes)))
    return Target(labels.relation, (family.granularity,), tuple(columns), whole=False)


def select_patterns(
    graph: Graph, labels: LabelSet, votes: Sequence[str], days: Window
) -> exp.Select:
    """Count the patterns of votes on `days`.

    Returns:
        One row for each distinct pattern, columns `(pattern, rows)`, ordered by pattern.
    """
    pattern = pattern_of(votes, labels.classes)
    source = scan_labels(graph, labels, votes, days)
    return (
        exp.select(named(pattern, PATTERN), named(exp.Count(this=exp.Star()), ROWS))
        .from_(source)
        .where(on_days(days))
        .group_by(pattern.copy())
        .order_by(exp.column(PATTERN, quoted=True))
    )


def select_voters(
    graph: Graph, labels: LabelSet, attributes: Sequence[Attribute], day: date
) -> exp.Select:
    """Select the pattern of each row of `day`, for each label model that makes `attributes`.

    Returns:
        One row for each row of the family, ordered by its key, columns `(day, granularity,
        *patterns)`; a pattern is called as the first attribute that has its votes.
    """
    key = graph.row_families[labels.family].granularity
    days = Window(day, day + timedelta(days=1))
    wanted = patterns_of(attributes)
    every = sorted({name for votes in wanted for name in votes})
    return (
        exp.select(
            named(day_literal(day), DAY),
            column(key),
            *(named(pattern_of(votes, labels.classes), name) for votes, name in wanted.items()),
        )
        .from_(scan_labels(graph, labels, [key, *every], days))
        .where(on_days(days))
        .order_by(column(key))
    )


def patterns_of(attributes: Sequence[Attribute]) -> dict[tuple[str, ...], str]:
    """Name the column of each distinct list of votes that label models of `attributes` read."""
    found: dict[tuple[str, ...], str] = {}
    for attribute in attributes:
        found.setdefault(learned_of(attribute).votes.columns, f"votes__{attribute.column}")
    return found


def scan_labels(graph: Graph, labels: LabelSet, names: Sequence[str], days: Window) -> exp.Table:
    """Read some columns of a label set."""
    known = {n: k for n, k in stored_columns(graph, labels).items() if n == DAY or n in names}
    return scan(labels.relation, known, days, "votes")


def pattern_of(votes: Sequence[str], classes: Sequence[str]) -> exp.Expr:
    """Write the votes of a row as a pattern."""
    parts: list[exp.Expr] = []
    for place, name in enumerate(votes):
        case = exp.Case()
        for number, label in enumerate(classes, start=1):
            case = case.when(
                column(name).eq(exp.Literal.string(label)), exp.Literal.string(str(number))
            )
        if place:
            parts.append(exp.Literal.string(PARTED))
        parts.append(case.else_(exp.Literal.string("0")))
    tree = parts[0]
    for part in parts[1:]:
        tree = exp.DPipe(this=tree, expression=part)
    return exp.Paren(this=tree)
