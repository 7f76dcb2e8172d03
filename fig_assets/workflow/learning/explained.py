"""What is told of one score: its attributes, labels, and whether it comes out again."""

from dataclasses import dataclass
from datetime import date

from fig_assets.graph.seen import Seen


@dataclass(frozen=True)
class Part:
    """One attribute version that a model looked at, and what it did to the score of a row."""

    attribute: str
    """Such as `request.asn_weekly_failure_rate@1`."""
    attribute_id: int | None
    """Its number in the lock file."""
    type: str
    value: str | None
    """As text; None for NULL."""
    contribution: float | None
    """To the log odds; None where the model cannot tell."""
    seen: tuple[Seen, ...]
    """The days that it was computed from, both ends included."""
    lower: float | None
    """The share of the day's rows with a lower value; None of text, booleans, embeddings, NULL."""
    same: float
    """The share of the day's rows with the same value."""


@dataclass(frozen=True)
class Vote:
    """A label of the row."""

    label: str
    value: str | None
    """None where it abstains."""


@dataclass(frozen=True)
class Replay:
    """The score computed again from the stored values."""

    score: float
    exact: bool
    """Whether it is the stored score, bit for bit."""
    problem: str
    """Why it is not, and what to do; empty where it is."""


@dataclass(frozen=True)
class Explained:
    """Why a row has its score."""

    model: str
    family: str
    key: str
    day: date
    score: float
    trained_for: date
    """The training day of the champion that scored it."""
    champion: str
    """The digest of that champion."""
    base: float | None
    """The log odds of an average row; with all contributions the log odds of this one."""
    log_odds: float | None
    """Before calibration; None where the model cannot tell contributions."""
    rows: int
    """How many rows its day has."""
    parts: tuple[Part, ...]
    """The largest contribution first."""
    weak_labels: tuple[Vote, ...]
    strong_labels: tuple[Vote, ...]
    labels_problem: str
    """Why there are no labels; empty where there are."""
    replay: Replay
