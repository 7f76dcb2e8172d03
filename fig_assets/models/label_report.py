"""Counted votes -> what each weak label does: how often it votes, agrees, and is alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from fig_assets.models.gold import Measured, Votes
from fig_assets.pictures.grid import grid


@dataclass(frozen=True)
class Counted:
    """So many `rows` of a day have these votes, and this class of the strong label."""

    day: date
    votes: Votes
    label: str | None
    rows: int


@dataclass(frozen=True)
class Voter:
    """What one weak label did on some days; shares are of all rows, but for the last three.

    Attributes:
        name: Its name.
        votes: How many rows it voted on.
        coverage: The share of rows that it voted on.
        overlaps: The share of rows that it and another weak label voted on.
        conflicts: The share of rows on which another weak label voted for another class.
        polarity: The classes that it voted for, in the order of the set.
        agreement: Of its votes on rows with a strong label, the share that are that label.
        accuracy: Of its votes, the share that are right, as the label model learned; None where
            it never voted.
        drift: The coverage of the last day, less that of the days before; None for one day.
    """

    name: str
    votes: int
    coverage: float
    overlaps: float
    conflicts: float
    polarity: tuple[str, ...]
    agreement: float | None
    accuracy: float | None
    drift: float | None


@dataclass(frozen=True)
class LabelReport:
    """What the weak labels of a set did; `between` has the share of rows on which two disagree."""

    label_set: str
    strong: str
    start: date
    end: date
    rows: int
    classes: dict[str, int]
    """How many rows the strong label gave each class."""
    unlabelled: int
    silent: int
    """How many rows no weak label voted on."""
    voters: tuple[Voter, ...]
    between: dict[str, dict[str, float]] = field(default_factory=dict)
    measured: tuple[Measured, ...] = ()
    """Each weak and strong label on the rows whose class a table of truth knows."""
    warnings: tuple[str, ...] = ()
    """What somebody should look at: strong labels that lose to the plurality of their votes."""


def voters(
    names: Sequence[str],
    classes: Sequence[str],
    counted: Sequence[Counted],
    accuracy: Sequence[float | None],
) -> tuple[Voter, ...]:
    """Sum up what each weak label did; `accuracy` is what a label model learned of each."""
    rows = sum(it.rows for it in counted)
    last = max((it.day for it in counted), default=None)
    found = []
    for place, name in enumerate(names):
        voted = [it for it in counted if it.votes[place] is not None]
        judged = [it for it in voted if it.label is not None]
        agreed = [it for it in judged if it.votes[place] == it.label]
        found.append(
            Voter(
                name=name,
                votes=_rows(voted),
                coverage=_share(_rows(voted), rows) or 0.0,
                overlaps=_share(_rows([it for it in voted if _others(it, place)]), rows) or 0.0,
                conflicts=_share(_rows([it for it in voted if _contradicted(it, place)]), rows)
                or 0.0,
                polarity=tuple(c for c in classes if any(it.votes[place] == c for it in voted)),
                agreement=_share(_rows(agreed), _rows(judged)),
                accuracy=accuracy[place],
                drift=_drift(counted, place, last),
            )
        )
    return tuple(found)


def disagreements(names: Sequence[str], counted: Sequence[Counted]) -> dict[str, dict[str, float]]:
    """Return, of each two weak labels, the share of rows on which they vote for other classes."""
    rows = sum(it.rows for it in counted)
    return {
        name: {
            other: _share(
                _rows([it for it in counted if _disagree(it.votes[one], it.votes[two])]), rows
            )
            or 0.0
            for two, other in enumerate(names)
        }
        for one, name in enumerate(names)
    }


def conflicts(names: Sequence[str], between: Mapping[str, Mapping[str, float]]) -> str:
    """Draw the share of rows on which two weak labels vote for different classes."""
    shares = [[None if one == other else between[one][other] for other in names] for one in names]
    return grid(names, names, shares, title="share of rows on which two weak labels disagree")


def _rows(counted: Sequence[Counted]) -> int:
    return sum(it.rows for it in counted)


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _others(it: Counted, place: int) -> bool:
    return any(vote is not None for at, vote in enumerate(it.votes) if at != place)


def _contradicted(it: Counted, place: int) -> bool:
    return any(_disagree(it.votes[place], vote) for vote in it.votes)


def _disagree(one: str | None, other: str | None) -> bool:
    return one is not None and other is not None and one != other


def _drift(counted: Sequence[Counted], place: int, last: date | None) -> float | None:
    now = [it for it in counted if it.day == last]
    before = [it for it in counted if it.day != last]
    if not before:
        return None
    rates = [
        _rows([it for it in some if it.votes[place] is not None]) / _rows(some)
        for some in (now, before)
    ]
    return rates[0] - rates[1]
