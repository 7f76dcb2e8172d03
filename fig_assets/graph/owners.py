"""What has attributes, as whoever resolves names sees it."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from fig_assets.errors import Where
from fig_assets.graph.nodes import Attribute, Input, RowFamily
from fig_assets.language.parse import Reference
from fig_assets.language.types import Type


class Refused(Exception):
    """Something cannot be resolved, and the problem that says why is recorded already."""


@dataclass(frozen=True)
class Symbol:
    """One attribute version of one owner; `period` is empty but for aggregate families."""

    owner: str
    name: str
    version: int
    period: str = ""

    def __str__(self) -> str:
        return f"{self.owner}.{self.name}@{self.version}"


@dataclass(frozen=True)
class Choice:
    """The versions under one name, and the one that unpinned readers get."""

    default: int
    versions: tuple[int, ...]
    is_built_in: bool = False
    """Whether it is there without being written, and so has one version for ever."""


class Owner(Protocol):
    """Something with attributes, that resolves them one by one when they are asked for."""

    name: str
    what: str
    """How messages call it: "event 'login'"."""

    def names(self) -> Mapping[str, Choice]:
        """Return every attribute name with its versions; needs no other owner's types."""
        ...

    def resolve(self, symbol: Symbol) -> Attribute:
        """Build one attribute version; raises Refused."""
        ...


class Rows(ABC):
    """A row family, as labels and models see it."""

    name: str
    what: str
    granularity: str
    is_collecting: bool
    """Whether its names are being found, so that those of other families' rows are not known."""

    @property
    @abstractmethod
    def meaning(self) -> str:
        """The fingerprint of what selects its rows."""

    @abstractmethod
    def feature(self, reference: Reference, where: Where) -> Attribute:
        """Find a feature, or the time or id of the row's event; raises Refused."""

    @property
    @abstractmethod
    def granularity_type(self) -> Type:
        """The type of the granularity."""

    @property
    @abstractmethod
    def base_field(self) -> Attribute:
        """The field of the base event that gives the granularity."""

    @property
    @abstractmethod
    def rows_made_by(self) -> tuple[Input, ...]:
        """A feature whose op makes the rows."""

    @abstractmethod
    def names(self) -> Mapping[str, Choice]:
        """See `Owner.names`."""

    @abstractmethod
    def early_names(self) -> Mapping[str, Choice]:
        """Return the names of features that are not taken over from rows, as far as that goes."""

    @abstractmethod
    def resolve(self, symbol: Symbol) -> Attribute:
        """See `Owner.resolve`."""

    @abstractmethod
    def column(self, attribute: Attribute) -> str:
        """Name the column of a feature, or of a base field while rows are computed."""

    @abstractmethod
    def look(self, reference: Reference, where: Where) -> Attribute:
        """Find a feature of the family, or else a field of its base event; raises Refused."""

    @abstractmethod
    def node(self) -> RowFamily:
        """Build the whole family; raises Refused when a part of it is refused."""
