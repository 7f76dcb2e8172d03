"""How one version of an attribute comes about: the kinds of definition, frozen, names resolved."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from fig_assets.language.parse import Expression
from fig_assets.language.paths import Path
from fig_assets.language.types import Type
from fig_assets.usercode.function import Function


@dataclass(frozen=True, eq=False)
class Extracted:
    """A value at a path of the payload."""

    path: Path


@dataclass(frozen=True, eq=False)
class Computed:
    """An expression over columns; `columns` and `types` are keyed as in `label_of`."""

    expression: Expression
    columns: Mapping[str, str]
    types: Mapping[str, Type]
    result: Type
    """What the expression gives, before it is converted to the declared type."""


@dataclass(frozen=True, eq=False)
class Aggregated:
    """An expression over aggregates of one group's source.

    `columns` and `types` are of the source and used inside the aggregate calls, `siblings` and
    `sibling_types` of the family and used outside of them; keyed as in `label_of`.
    """

    expression: Expression
    group: int
    columns: Mapping[str, str]
    types: Mapping[str, Type]
    siblings: Mapping[str, str]
    sibling_types: Mapping[str, Type]
    result: Type


@dataclass(frozen=True, eq=False)
class Called:
    """A Python function over columns; both mappings are keyed by what the function calls them."""

    function: Function
    columns: Mapping[str, str]
    types: Mapping[str, Type]


@dataclass(frozen=True, eq=False)
class Joined:
    """A column of another relation, matched by one of the owner's joins."""

    join: int
    column: str
    default: bool | int | float | str | None = None


@dataclass(frozen=True, eq=False)
class Carried:
    """A value of the raw line itself: when it happened, which id it has."""


@dataclass(frozen=True, eq=False)
class Delivered:
    """The account whose raw files held the line; NULL where the environment names none."""


@dataclass(frozen=True, eq=False)
class Later:
    """A column of what a label set joins: which of its joins, the column there, its asset key."""

    join: int
    column: str
    key: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Voted:
    """A weak label: the class that `expression` gives, or `vote` where it is TRUE."""

    computed: Computed
    vote: str | None
    later: Mapping[str, Later] = field(default_factory=dict)
    """By column of `computed`, those that the set joins."""


@dataclass(frozen=True, eq=False)
class Combined:
    """A strong label made of the votes in `columns`, row by row.

    `ties` and `conflicts` are a class or None, to abstain; `conflicts` counts only if `is_strict`.
    """

    method: str
    columns: tuple[str, ...]
    """The weak labels' columns; the one that decides first comes first."""
    ties: str | None
    conflicts: str | None
    is_strict: bool
    """Whether rows on which weak labels disagree are all decided by `conflicts`."""
    default: str | None
    weights: Mapping[str, float] = field(default_factory=dict)
    favoured: str | None = None
    """The class for which one vote is enough."""


@dataclass(frozen=True, eq=False)
class Learned:
    """A strong label of a label model, or how likely it is; learned on several days of votes."""

    votes: Combined
    fit_days: int
    prior: tuple[float, ...] | None
    """The share of each class, in the order of the classes; None where it is learned."""
    is_probability: bool


@dataclass(frozen=True, eq=False)
class Scored:
    """An output of a model."""

    model: str


Definition = (
    Extracted
    | Computed
    | Aggregated
    | Called
    | Joined
    | Carried
    | Delivered
    | Voted
    | Combined
    | Learned
    | Scored
)
