"""What an op did on a day: rows, facts of each column, verdicts of checks, counts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date

from sqlglot import exp

from fig_assets.graph.nodes import Key
from fig_assets.workflow.steps.checks import Verdict


@dataclass(frozen=True)
class Facts:
    """What is told of one column of one day."""

    rows: int
    nulls: int
    digest: str
    numbers: Mapping[str, float] = field(default_factory=dict)
    lost: int = 0
    """In how many rows a value was lost while this column was computed."""


@dataclass
class DayResult:
    """What an op did on one day."""

    day: date
    rows: int = 0
    facts: dict[Key, Facts] = field(default_factory=dict)
    verdicts: list[Verdict] = field(default_factory=list)
    notes: dict[str, object] = field(default_factory=dict)
    tables: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    """Rows of text by the title of a table, the same cells in each."""
    statement: Callable[[], exp.Query] | None = None
    """What ran, where one statement made the published rows."""
    also: set[Key] = field(default_factory=set)
    """Attributes that had to be computed too, because the day's rows changed."""
    kept: dict[str, str] = field(default_factory=dict)
    """The digests of the columns that were taken over as they were, where only some were asked."""
    states_of: dict[str, set[date]] = field(default_factory=dict)
    """Families whose daily states were brought up to date on the way."""
    pictures: dict[str, str] = field(default_factory=dict)
    """SVG pictures of the day by name, shown with its materialisation."""
