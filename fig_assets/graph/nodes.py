"""What a project means: attribute versions and their owners, frozen, with every name resolved.

An attribute version is the unit of lineage. Its owner (event, family, label set, model) is the
unit of storage: one relation with one column for each of its attribute versions.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from pydantic import JsonValue

from fig_assets.config.schema import Check
from fig_assets.errors import Where
from fig_assets.graph.definitions import Carried, Computed, Definition
from fig_assets.graph.label_parts import LabelJoin, Truth
from fig_assets.graph.period import SAME_DAY, Period, Reach
from fig_assets.graph.sources import Landing, Source
from fig_assets.language.parse import Reference
from fig_assets.language.types import Type
from fig_assets.usercode.package import Package

Key = tuple[str, ...]
"""An asset key: `("features", "asn", "weekly_by_day", "failure_rate__v1")`."""

EVENT_TIME, EVENT_ID, ACCOUNT = "event_time", "event_id", "account"
SOURCE_FILE, SOURCE_LINE = "source_file", "source_line"
ROW_ORDER = (EVENT_TIME, EVENT_ID, SOURCE_FILE, SOURCE_LINE)
"""What decides which of several rows comes first, and the stored order of events."""


def label_of(reference: Reference) -> str:
    """Write a reference as the user did, without the `$`: `failure_rate` or `failure_rate@2`."""
    return reference.name if reference.version is None else f"{reference.name}@{reference.version}"


@dataclass(frozen=True)
class Input:
    """An asset that something reads, and which of its days partition D reads."""

    key: Key
    reach: Reach = SAME_DAY


@dataclass(frozen=True)
class About:
    """What documents an attribute or an owner and changes no value."""

    where: Where
    description: str = ""
    owner: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    deprecated: str | None = None


@dataclass(frozen=True, eq=False)
class Attribute:
    """One version of one attribute (Abnormal Security: a simply-typed value with an id)."""

    key: Key
    owner: str
    name: str
    version: int
    type: Type
    definition: Definition
    inputs: tuple[Input, ...]
    fingerprint: str
    about: About
    checks: tuple[Check, ...] = ()
    is_default: bool = True
    number: int | None = None
    """The id that the lock file gave it, unique in the project for ever; None before that."""

    @cached_property
    def column(self) -> str:
        """The name of its stored column."""
        if isinstance(self.definition, Carried):
            return self.name
        return f"{self.name}__v{self.version}"

    @property
    def identity(self) -> str:
        """How people write it: `asn.failure_rate@2`."""
        return f"{self.owner}.{self.name}@{self.version}"


def base_column(attribute: Attribute) -> str:
    """Name a base event's field beside features of the same name; no feature can be called so."""
    return f"event__{attribute.column}"


@dataclass(frozen=True, eq=False)
class Event:
    """An import of raw events: one row for each event of the day, ordered by `ROW_ORDER`."""

    name: str
    event_name: str | None
    source: str
    landing: Landing
    where: Computed | None
    attributes: tuple[Attribute, ...]
    fingerprint: str
    """Of what selects its rows."""
    about: About

    @property
    def relation(self) -> str:
        """The stored relation, which is the asset key too."""
        return f"events/{self.name}"


@dataclass(frozen=True, eq=False)
class Table:
    """A lookup: one row for each key, and for each day where it is `daily`."""

    name: str
    source: str
    key: str
    snapshot: str
    columns: Mapping[str, Type]
    fingerprint: str
    about: About
    reach: Reach | None = None
    """The day that a row of day R sees unless its join says otherwise; None where static."""

    @property
    def is_daily(self) -> bool:
        """Whether it has days: partition D is the newest file dated up to D."""
        return self.snapshot == "daily"

    @property
    def relation(self) -> str:
        """The stored relation, which is the asset key too."""
        return f"tables/{self.name}"


@dataclass(frozen=True, eq=False)
class Group:
    """One source of an aggregate family: its events, or rows, grouped by one field."""

    source: str
    relation: str
    """Where its daily states are stored."""
    reads: str
    """The relation of its events or rows."""
    entity: Attribute
    where: Computed | None
    fingerprint: str
    """Of what selects and groups its events."""
    inputs: tuple[Key, ...]
    """The fields that decide which rows there are."""

    @property
    def is_of_rows(self) -> bool:
        """Whether its source is a row family.

        The states of rows are no asset: the op that makes the windows keeps them, because of the
        features of one row some may be known long after others, and some because of the windows.
        """
        return not self.reads.startswith("events/")


@dataclass(frozen=True, eq=False)
class Family:
    """An aggregate family: one row for each entity seen in the window."""

    name: str
    granularity: str
    granularity_type: Type
    periods: tuple[Period, ...]
    groups: tuple[Group, ...]
    features: Mapping[Period, tuple[Attribute, ...]]
    """Of each period, in an order in which each comes after what it reads."""
    about: About

    def relation(self, period: Period) -> str:
        """The stored relation of one period, which is the asset key too."""
        return f"families/{self.name}/{period.name}"


@dataclass(frozen=True, eq=False)
class Join:
    """How a row family reaches another relation: by one of its own columns, on some day.

    `match` is None where both have the same key (a model and its own family).
    """

    source: str
    relation: str
    key: str
    match: str | None
    reach: Reach | None
    """The day of the other relation that a row of day R sees; None for a table without days."""
    period: Period | None = None


@dataclass(frozen=True, eq=False)
class RowFamily:
    """One row for each granularity value of the base event's day, with what is joined to it."""

    name: str
    granularity: str
    granularity_type: Type
    base: str
    base_field: Attribute
    where: Computed | None
    """Which events of the base form rows, over the base's own columns."""
    joins: tuple[Join, ...]
    features: tuple[Attribute, ...]
    fingerprint: str
    """Of what selects its rows."""
    about: About

    @property
    def relation(self) -> str:
        """The stored relation, which is the asset key too."""
        return f"families/{self.name}"


@dataclass(frozen=True, eq=False)
class LabelSet:
    """Votes and combined labels for the rows of a family."""

    name: str
    family: str
    classes: tuple[str, ...]
    labels: tuple[Attribute, ...]
    """Weak labels first."""
    about: About
    joins: tuple[LabelJoin, ...] = ()
    truth: Truth | None = None

    @property
    def relation(self) -> str:
        """The stored relation, which is the asset key too."""
        return f"label_sets/{self.name}"


def model_title(name: str, version: int) -> str:
    """Name a version of a model as its ops and its scores are called; the first has the name."""
    return name if version == 1 else f"{name}__v{version}"


@dataclass(frozen=True, eq=False)
class Model:
    """A supervised model of a row family: what it reads, when it learns, what it gives."""

    name: str
    version: int
    family: str
    inputs: tuple[Attribute, ...]
    label: Attribute
    weight: Attribute | None
    """What each row counts for: a probability of the same label set; None: 1 each."""
    label_set: str
    positive: str
    """The class that is scored, against all others."""
    outputs: tuple[Attribute, ...]
    delay_days: int
    window_days: int
    lookback_days: int
    """How many days before a row the longest window that it reads begins."""
    hyperparameters: Mapping[str, JsonValue]
    calibration: str
    """How scores become probabilities: `auto`, `isotonic`, `platt` or `none`."""
    every_days: int
    max_drift_psi: float | None
    """How far an input or the scores may drift before training is due; None: it is not watched."""
    min_metric: Mapping[str, float]
    """Below which value of a metric training is due."""
    alerts_per_day: int
    """How many of a day's highest scores somebody looks at."""
    promotion_metric: str
    promotion_min: float
    promotion_min_gain: float
    promotion_days: int
    promotion_confident: bool
    """Whether the gain must be certain."""
    explain_top: int
    explain_above: float
    allow_incomplete: bool
    fingerprint: str
    about: About
    negatives: float = 1.0
    """The share of the rows of other classes that is trained on."""
    positives: float = 1.0
    """The share of the rows of the scored class that is trained on."""
    own: Package | None = None
    """The code that trains and scores; None: the built-in LightGBM."""
    own_where: Where | None = None
    """Where its location stands."""
    is_default: bool = True
    """Whether those get its scores who name no version."""
    number: int | None = None
    """The id that the lock file gave it; None before that."""

    @property
    def identity(self) -> str:
        """How people write it: `request_threat_scorer@1`."""
        return f"{self.name}@{self.version}"

    @property
    def learned(self) -> tuple[Attribute, ...]:
        """All that it learns from: the inputs, the label, and the weight if there is one."""
        weights = () if self.weight is None else (self.weight,)
        return (*self.inputs, self.label, *weights)

    @property
    def is_sampled(self) -> bool:
        """Whether it learns from a share of the rows only, which are weighted back."""
        return (self.negatives, self.positives) != (1.0, 1.0)

    @property
    def title(self) -> str:
        """What its ops and its scores are called: each version has its own."""
        return model_title(self.name, self.version)

    @property
    def key(self) -> Key:
        """The asset key."""
        return ("models", f"{self.name}__v{self.version}")

    @property
    def relation(self) -> str:
        """The stored relation of its scores."""
        return f"scores/{self.title}"

    @property
    def reach(self) -> Reach:
        """The days that training partition T learns from."""
        return Reach(1 - self.delay_days - self.window_days, -self.delay_days)


@dataclass(frozen=True)
class Op:
    """Attributes that are computed together, by one statement a day.

    `kind` is one of: raw, event, table, states, window, row, python, label, label_model, model,
    score. The Python features of a family, one period of it or a row family, are a kind of their
    own, and so are the labels that label models give.
    """

    name: str
    kind: str
    owner: str
    keys: tuple[Key, ...]
    period: Period | None = None
    stratum: int = 0


@dataclass(frozen=True, eq=False)
class Graph:
    """A whole project, resolved. Mappings keep the order of names."""

    name: str
    start: date
    end: date | None
    sources: Mapping[str, Source]
    events: Mapping[str, Event]
    tables: Mapping[str, Table]
    families: Mapping[str, Family]
    row_families: Mapping[str, RowFamily]
    label_sets: Mapping[str, LabelSet]
    models: Mapping[str, Model]
    """By title: each version is a model of its own."""
    attributes: Mapping[Key, Attribute]
    ops: tuple[Op, ...]
    references: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Of each consumer, the version that each reference without one stands for."""
