"""What the user may write: one frozen model per thing of the configuration language.

Key names are the language's own. Short forms are made long while reading, so that whoever reads a
model meets one shape only: `"a": "$b"` and `"a": {"function": "$b"}` are the same `Feature`, and
everything that has versions is a `Versions`, even where only one was written. Names of other
things (a source, a field, a type, a period) are kept as text: the graph knows what they mean.
"""

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Discriminator, Tag, WithJsonSchema, model_validator
from pydantic import Field as Bound

from fig_assets.config.checks import Check, Checks
from fig_assets.config.environment import (
    Environment,
    EventDefaults,
    ModelStore,
    Project,
    S3Login,
    Secret,
    Source,
    Warehouse,
)
from fig_assets.config.labels import LabelJoin, LabelSet, StrongLabel, Truth, WeakLabel
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
    Described,
    Name,
    Node,
    PlainText,
    Positive,
    Reference,
    Scalar,
    Text,
    TypeName,
    Versions,
    exactly_one,
)
from fig_assets.config.patterns import PERIOD, PREFIX
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
    "S3Login",
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

PeriodName = Annotated[Text, WithJsonSchema(PERIOD)]

# ---------------------------------------------------------------- events and tables


class Field(Attribute):
    """One version of an event's field: a payload path (`json`) or a `function` of other fields."""

    json_path: Text | None = Bound(default=None, alias="json")
    """A path into the payload, with or without a type. Example: `"client:ip_chain[0]:ip::string"`.
    """
    function: Text | None = None
    """An expression over other fields. Example: `"$outcome = 'FAILURE'"`."""
    type: TypeName | None = None
    """What the value is converted to. Example: `"bigint"`."""
    checks: Checks = ()
    """What must hold for the values of a day. Example: `"nonnull"`."""

    @model_validator(mode="before")
    @classmethod
    def _from_path(cls, raw: object) -> object:
        return {"json": raw} if isinstance(raw, str) else raw

    @model_validator(mode="after")
    def _one_way_to_compute(self) -> Self:
        return exactly_one(self, "a field", json=self.json_path, function=self.function)


class Event(Described):
    """An import of raw events: one row per event whose type is `event_name`."""

    name: Name
    """The name of the event. Example: `"sign_in"`."""
    event_name: PlainText | None = None
    """The event type of its lines; left out, every line. Example: `"user.session.start"`."""
    source: Text | None = None
    """A JSON source of the environment. Example: `"events"`."""
    event_type: Text | None = None
    """Path of the event type, where it is not that of `event_defaults`."""
    time: Text | None = None
    """Path of the time, where it is not that of `event_defaults`."""
    id: Text | None = None
    """Path of the id, where it is not that of `event_defaults`."""
    where: Text | None = None
    """Keeps the rows for which it is TRUE. Example: `"$actor_type <> 'robot'"`."""
    fields: Annotated[dict[Name, Versions[Field]], Bound(min_length=1)]
    """Fields by name. Example: `{"actor_id": "actor:id::string"}`."""


class Table(Described):
    """A lookup: one row per `key`, with columns by name and type.

    `static` tables have one content; of `daily` ones day D sees the newest snapshot up to D.
    """

    name: Name
    """The name of the table. Example: `"employees"`."""
    source: Text
    """A csv or parquet source of the environment. Example: `"employees"`."""
    key: Text
    """The column that rows are looked up by. Example: `"email"`."""
    snapshot: Literal["static", "daily"] = "static"
    """`static` has one content; of `daily` tables day D has the newest file up to D."""
    as_of: Literal["same_day", "event_time"] | None = None
    """Which day's snapshot a row sees: without it that of the day before."""
    columns: Annotated[dict[Name, TypeName], Bound(min_length=1)]
    """Columns by name, with their types. Example: `{"email": "string"}`."""


# ---------------------------------------------------------------- feature families


class Match(Node):
    """How a row finds its row in the joined source: by `field`, in the windows of `period`.

    `within_days` says how far back the newest row of another row family is looked for.
    """

    field: Text
    """A feature of this family, or a field of its base event, that is the key of the source."""
    period: PeriodName | None = None
    """Which windows of a windowed family. Example: `"weekly_by_day"`."""
    within_days: Positive | None = None
    """How many days back the newest row of another row family is looked for. Example: `30`."""


class Feature(Attribute):
    """One version of a feature: an expression, or a Python function over `inputs`."""

    function: Text | None = None
    """An expression. Example: `"@COUNT_DISTINCT($ip_address)"`."""
    python: Annotated[str, Bound(pattern=r"^\w+(\.\w+)*:\w+$")] | None = None
    """A Python function that gives one column. Example: `"names:similarity"`."""
    inputs: tuple[Text, ...] = ()
    """What the Python function reads. Example: `["$sender_name"]`."""
    type: TypeName | None = None
    """What the value is converted to. Example: `"float"`."""
    checks: Checks = ()
    """What must hold for the values of a day. Example: `{"in_range": [0, 1]}`."""

    @model_validator(mode="before")
    @classmethod
    def _from_expression(cls, raw: object) -> object:
        return {"function": raw} if isinstance(raw, str) else raw

    @model_validator(mode="after")
    def _one_way_to_compute(self) -> Self:
        exactly_one(self, "a feature", function=self.function, python=self.python)
        if self.inputs and self.python is None:
            raise wrong('"inputs" belongs to a "python" feature; an expression names its own')
        return self


class JoinedOptions(Node):
    """How one joined feature is taken over: `default` stands where there is no match."""

    default: Scalar = None
    """The value where there is no match; NULL when left out."""


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
    """An event, a family, a table or a model; left out, the group only computes."""
    granularity_field: Text | None = None
    """The field of the source that the rows are about: this group reads its rows."""
    granularity_match: Match | None = None
    """How a row finds its match: this group joins."""
    where: Text | None = None
    """Keeps the rows of the source for which it is TRUE."""
    features: Features
    """Features by name, or, of what is joined, `"*"` or a list of names."""
    prefix: Annotated[str, BeforeValidator(check_prefix), WithJsonSchema(PREFIX)] | None = None
    """What stands before the names of joined features. Example: `"org_"`."""
    as_of: Literal["same_day", "event_time"] | None = None
    """`same_day` lets a row see the windows of its own day, with a warning."""
    no_match: Literal["null", "zero"] = "null"
    """`zero` gives 0 for counts where there is no match."""

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
    """The name of the family. Example: `"asn"`."""
    granularity: Name
    """What a row is about: the name of the key column. Example: `"ip_address"`."""
    granularity_type: TypeName | None = None
    """The type of the key. Example: `"bigint"`."""
    period: Annotated[tuple[PeriodName, ...], Bound(min_length=1)] | None = None
    """Windows of days; left out, there is a row for each event. Example: `["weekly_by_day"]`."""
    groups: Annotated[tuple[Group, ...], Bound(min_length=1)]
    """Features by source. The order does not matter."""
