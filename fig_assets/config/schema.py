"""What the user may write: one frozen model per thing of the configuration language.

Key names are the language's own. Short forms are made long while reading, so that whoever reads a
model meets one shape only: `"a": "$b"` and `"a": {"function": "$b"}` are the same `Feature`, and
everything that has versions is a `Versions`, even where only one was written. Names of other
things (a source, a field, a type, a period) are kept as text: the graph knows what they mean.
"""

from typing import Annotated, Literal, Self, TypeVar

from pydantic import BeforeValidator, Discriminator, Tag, model_validator
from pydantic import Field as Bound

from fig_assets.config.environment import (
    Environment,
    EventDefaults,
    ModelStore,
    Project,
    Secret,
    Source,
    Warehouse,
)
from fig_assets.config.model import (
    Explain,
    InputFeatures,
    Model,
    Promotion,
    Retrain,
    Sample,
    TruthLabel,
)
from fig_assets.config.node import (
    Attribute,
    Check,
    Checks,
    Described,
    Name,
    Node,
    NotNegative,
    Number,
    Positive,
    Reference,
    Scalar,
    Text,
    Versions,
)
from fig_assets.config.rules import check_prefix, wrong

__all__ = [
    "Attribute",
    "Check",
    "Described",
    "Environment",
    "Event",
    "EventDefaults",
    "Explain",
    "Family",
    "Feature",
    "Field",
    "Group",
    "InputFeatures",
    "JoinedOptions",
    "LabelJoin",
    "LabelSet",
    "Match",
    "Model",
    "ModelStore",
    "Node",
    "Project",
    "Promotion",
    "Retrain",
    "Sample",
    "Secret",
    "Source",
    "StrongLabel",
    "Table",
    "Truth",
    "TruthLabel",
    "Versions",
    "Warehouse",
    "WeakLabel",
]

N = TypeVar("N", bound=Node)

# ---------------------------------------------------------------- events and tables


class Field(Attribute):
    """One version of an event's field: a payload path (`json`) or a `function` of other fields."""

    json_path: Text | None = Bound(default=None, alias="json")
    function: Text | None = None
    type: Text | None = None
    checks: Checks = ()

    @model_validator(mode="before")
    @classmethod
    def _from_path(cls, raw: object) -> object:
        return {"json": raw} if isinstance(raw, str) else raw

    @model_validator(mode="after")
    def _one_way_to_compute(self) -> Self:
        return _exactly_one(self, "a field", json=self.json_path, function=self.function)


class Event(Described):
    """An import of raw events: one row per event whose type is `event_name`."""

    name: Name
    event_name: Text | None = None
    source: Text | None = None
    event_type: Text | None = None
    time: Text | None = None
    id: Text | None = None
    where: Text | None = None
    fields: Annotated[dict[Name, Versions[Field]], Bound(min_length=1)]


class Table(Described):
    """A lookup: one row per `key`, with columns by name and type.

    `static` tables have one content; of `daily` ones day D sees the newest snapshot up to D.
    """

    name: Name
    source: Text
    key: Text
    snapshot: Literal["static", "daily"] = "static"
    as_of: Literal["same_day", "event_time"] | None = None
    columns: Annotated[dict[Name, Text], Bound(min_length=1)]


# ---------------------------------------------------------------- feature families


class Match(Node):
    """How a row finds its row in the joined source: by `field`, in the windows of `period`.

    `within_days` says how far back the newest row of another row family is looked for.
    """

    field: Text
    period: Text | None = None
    within_days: Positive | None = None


class Feature(Attribute):
    """One version of a feature: an expression, or a Python function over `inputs`."""

    function: Text | None = None
    python: Annotated[str, Bound(pattern=r"^\w+(\.\w+)*:\w+$")] | None = None
    inputs: tuple[Text, ...] = ()
    type: Text | None = None
    checks: Checks = ()

    @model_validator(mode="before")
    @classmethod
    def _from_expression(cls, raw: object) -> object:
        return {"function": raw} if isinstance(raw, str) else raw

    @model_validator(mode="after")
    def _one_way_to_compute(self) -> Self:
        _exactly_one(self, "a feature", function=self.function, python=self.python)
        if self.inputs and self.python is None:
            raise wrong('"inputs" belongs to a "python" feature; an expression names its own')
        return self


class JoinedOptions(Node):
    """How one joined feature is taken over: `default` stands where there is no match."""

    default: Scalar = None


def _form_of_features(raw: object) -> str:
    if isinstance(raw, str):
        return "<every>"
    return (
        "<listed>" if isinstance(raw, list) else "<joined>" if isinstance(raw, _Joined) else "<own>"
    )


class _Joined(dict[str, object]):
    """The written `features` object of a group that joins."""


Features = Annotated[
    Annotated[Literal["*"], Tag("<every>")]
    | Annotated[tuple[Reference, ...], Tag("<listed>")]
    | Annotated[dict[Name, Versions[Feature]], Tag("<own>")]
    | Annotated[dict[Reference, JoinedOptions], Tag("<joined>")],
    Discriminator(_form_of_features),
]


class Group(Node):
    """Features of a family that come from one source, or from the family itself.

    With `granularity_field` the group reads the rows of its source; with another source it joins;
    without a source it computes from the family's other features.
    """

    source: Text | None = None
    granularity_field: Text | None = None
    granularity_match: Match | None = None
    where: Text | None = None
    features: Features
    prefix: Annotated[str, BeforeValidator(check_prefix)] | None = None
    as_of: Literal["same_day", "event_time"] | None = None
    no_match: Literal["null", "zero"] = "null"

    @property
    def kind(self) -> Literal["base", "join", "derived"]:
        """Whether the group reads events or rows, joins another source, or only computes."""
        if self.source is None:
            return "derived"
        return "base" if self.granularity_field is not None else "join"

    @property
    def own(self) -> dict[str, Versions[Feature]]:
        """The features this group defines; none in a group that joins."""
        if not isinstance(self.features, dict):
            return {}
        return {name: own for name, own in self.features.items() if isinstance(own, Versions)}

    @property
    def joined(self) -> dict[str, JoinedOptions] | None:
        """The features taken over by a join, as written (`a` or `a@2`); None means every one."""
        if self.features == "*":
            return None
        if not isinstance(self.features, dict):
            return dict.fromkeys(self.features, JoinedOptions())
        return {
            name: options
            for name, options in self.features.items()
            if isinstance(options, JoinedOptions)
        }

    @model_validator(mode="before")
    @classmethod
    def _mark_joined_features(cls, raw: object) -> object:
        if not isinstance(raw, dict) or not isinstance(raw.get("features"), dict):
            return raw
        if "source" in raw and "granularity_field" not in raw:
            return {**raw, "features": _Joined(raw["features"])}
        return raw

    @model_validator(mode="after")
    def _keys_that_fit(self) -> Self:
        if self.granularity_field is not None and self.granularity_match is not None:
            raise wrong(
                'a group has "granularity_field" (it reads rows) or "granularity_match" (it joins),'
                " never both",
                at=("granularity_match",),
            )
        for key in ("granularity_field", "granularity_match", "where"):
            if self.source is None and getattr(self, key) is not None:
                raise wrong(f'"{key}" needs a "source"', at=(key,), fix='add "source": "..."')
        if self.kind == "join":
            return self
        for key in ("prefix", "as_of", "no_match"):
            if key in self.model_fields_set:
                raise wrong(f'"{key}" is for groups that join another source', at=(key,))
        if not isinstance(self.features, dict):
            raise wrong(
                "this group joins nothing, so its features must be defined here",
                at=("features",),
                fix='write {"<name>": "<expression>"}, or join with "granularity_match"',
            )
        return self


class Family(Described):
    """Features of one granularity: windows of days with `period`, rows without."""

    name: Name
    granularity: Name
    granularity_type: Text | None = None
    period: Annotated[tuple[Text, ...], Bound(min_length=1)] | None = None
    groups: Annotated[tuple[Group, ...], Bound(min_length=1)]


# ---------------------------------------------------------------- labels


class WeakLabel(Attribute):
    """One version of a weak label: `vote` where `when` is TRUE, or the class `function` gives."""

    when: Text | None = None
    vote: Text | None = None
    function: Text | None = None

    @model_validator(mode="after")
    def _one_way_to_vote(self) -> Self:
        _exactly_one(self, "a weak label", when=self.when, function=self.function)
        if (self.when is None) != (self.vote is None):
            raise wrong('"when" and "vote" belong together', fix='add "vote": "<class>"')
        return self


class StrongLabel(Attribute):
    """One version of a strong label: how the weak labels' votes become one class.

    `fit_days` is the number of days a label model learns from.
    """

    method: Literal["plurality_vote", "weighted_vote", "label_model"]
    ties: Text = "abstain"
    default: Text | None = None
    weights: dict[str, Number] = Bound(default_factory=dict)
    fit_days: Positive = 7


class LabelJoin(Node):
    """What labels, never features, may know: rows up to `within_days` days after theirs."""

    source: Text
    field: Text
    within_days: NotNegative = 0


class Truth(Node):
    """A small table of known classes."""

    table: Text
    field: Text


class LabelSet(Described):
    """Weak and strong labels of the rows of one family."""

    name: Name
    family: Text
    classes: Annotated[tuple[Text, ...], Bound(min_length=2)]
    weak_labels: dict[Name, Versions[WeakLabel]] = Bound(default_factory=dict)
    strong_labels: dict[Name, Versions[StrongLabel]] = Bound(default_factory=dict)
    joins: tuple[LabelJoin, ...] = ()
    truth: Truth | None = None


def _exactly_one(node: N, what: str, **ways: str | None) -> N:
    """Return `node` if exactly one of `ways` is written."""
    written = [key for key, value in ways.items() if value is not None]
    names = " or ".join(f'"{key}"' for key in ways)
    if not written:
        raise wrong(f"{what} needs {names}")
    if len(written) > 1:
        raise wrong(f"{what} has {names}, never both", at=(written[1],))
    return node
