"""Rows whose class is known -> how right weak and strong labels are, and whether votes add up."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

Votes = tuple[str | None, ...]
"""The votes of a row, one of each weak label: a class, or None to abstain."""
PLURALITY = "plurality of the votes"
"""What a strong label is compared with."""


@dataclass(frozen=True)
class Judged:
    """So many rows have these votes, these classes of strong labels, and this class in truth."""

    votes: Votes
    labels: tuple[str | None, ...]
    truth: str
    rows: int


@dataclass(frozen=True)
class OfClass:
    """How right a label is about one class; None where nothing was said or nothing is known.

    `f1` is 0 where rows of the class are known and none of them was found.
    """

    precision: float | None
    recall: float | None
    f1: float | None


@dataclass(frozen=True)
class Measured:
    """How right a label is on the rows whose class is known.

    Attributes:
        name: The weak or strong label.
        rows: How many rows have a known class.
        coverage: The share of them about which it says something.
        precision: Of what it says, the share that is right.
        recall: Of the rows of the classes that it ever names, the share that it finds.
        f1: The mean of the F1 of those of these classes that have rows.
        by_class: Each of these classes.
    """

    name: str
    rows: int
    coverage: float | None
    precision: float | None
    recall: float | None
    f1: float | None
    by_class: Mapping[str, OfClass] = field(default_factory=dict)


Said = tuple[str | None, str, int]
"""What a label says, the truth, and of how many rows."""


def measure(name: str, classes: Sequence[str], said: Sequence[Said]) -> Measured:
    """Measure one label; `classes` are those that it may name."""
    rows = sum(count for _, _, count in said)
    given = [it for it in said if it[0] is not None]
    right = sum(count for found, truth, count in given if found == truth)
    voted = sum(count for _, _, count in given)
    wanted = sum(count for _, truth, count in said if truth in classes)
    by_class = {it: _of_class(it, said) for it in classes}
    known = [it.f1 for it in by_class.values() if it.f1 is not None]
    return Measured(
        name=name,
        rows=rows,
        coverage=_share(voted, rows),
        precision=_share(right, voted),
        recall=_share(right, wanted),
        f1=sum(known) / len(known) if known else None,
        by_class=by_class,
    )


def plurality(votes: Votes, default: str | None, ties: str | None) -> str | None:
    """Return the class that most of the votes are for."""
    cast = [vote for vote in votes if vote is not None]
    if not cast:
        return default
    most = max(cast.count(vote) for vote in cast)
    winners = {vote for vote in cast if cast.count(vote) == most}
    return winners.pop() if len(winners) == 1 else ties


def loses(strong: Measured, simple: Measured) -> str:
    """Say that a strong label is less right than the plurality of its votes; '' where it is not."""
    if strong.f1 is None or simple.f1 is None or strong.f1 >= simple.f1:
        return ""
    return (
        f"{strong.name} loses to the {PLURALITY} on {strong.rows:,} rows of known class: "
        f"F1 {strong.f1:.3f} against {simple.f1:.3f}"
    )


def said_by(judged: Iterable[Judged], found: Iterable[str | None]) -> list[Said]:
    """Put what a label says of each pattern beside the truth."""
    return [(name, it.truth, it.rows) for it, name in zip(judged, found, strict=True)]


def _of_class(name: str, said: Sequence[Said]) -> OfClass:
    named = sum(count for found, _, count in said if found == name)
    there = sum(count for _, truth, count in said if truth == name)
    right = sum(count for found, truth, count in said if found == truth == name)
    f1 = 2 * right / (named + there) if there else None
    return OfClass(_share(right, named), _share(right, there), f1)


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
