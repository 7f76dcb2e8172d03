"""What a label set looks at beside its rows: what is joined to them, and a table of truth."""

from dataclasses import dataclass

from fig_assets.graph.period import Reach
from fig_assets.language.types import Type


@dataclass(frozen=True, eq=False)
class LabelJoin:
    """What weak labels know of a row's day and the days after: the newest row of each `field`.

    `match` is the column of the labelled row that is compared with `field`.
    """

    source: str
    relation: str
    field: str
    field_type: Type
    match: str
    match_type: Type
    reach: Reach | None
    """The days that are looked at; None for a table without days."""
    order: tuple[str, ...] = ()
    """The columns that say which of several rows of one day is the newest: the last one."""


@dataclass(frozen=True, eq=False)
class Truth:
    """A table that knows the class of some rows: its key is the granularity of the rows."""

    table: str
    key: str
    key_type: Type
    field: str
