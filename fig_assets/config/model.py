"""What the user may write about a model."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, JsonValue
from pydantic import Field as Bound
from pydantic_core import PydanticCustomError

from fig_assets.config.checks import Checks
from fig_assets.config.node import (
    Attribute,
    Described,
    Flag,
    Name,
    Node,
    NotNegative,
    Number,
    Positive,
    Reference,
    Share,
    Text,
)
from fig_assets.config.rules import check_name, wrong


class InputFeatures(Node):
    """Features of one family; the keys of `feature_names` only organise them."""

    family_name: Text
    """The row family. Example: `"request"`."""
    feature_names: Annotated[dict[str, tuple[Reference, ...]], Bound(min_length=1)]
    """Features by any titles, which only organise. Example: `{"network":
    ["asn_weekly_failure_rate@2"]}`.
    """


class TruthLabel(Node):
    """The strong label `name` of the label set `source`."""

    source: Text
    """The label set. Example: `"request_labels"`."""
    name: Reference
    """Its strong label. Example: `"plurality_vote"`."""
    positive: Text | None = None
    """The class whose probability is the score, against all others; the last class when left out.
    Example: `"malicious"`."""
    weight: Reference | None = None
    """What each row counts for: the probability of a label model. Example: `"learned_probability"`.
    """


class Retrain(Node):
    """When to train again: after days, on drift (PSI), or when a metric falls."""

    every_days: Positive | None = None
    """Trains on the first day that can be trained, and every that many days after."""
    max_drift_psi: Annotated[Number, Bound(gt=0)] | None = None
    """How far an input or the scores of a day may lie from the training's (population stability
    index) before training is due. Example: `0.25`.
    """
    min_metric: dict[str, Share] = Bound(default_factory=dict)
    """Below which value of a metric on labelled days training is due: `average_precision`,
    `roc_auc`, `alert_precision` or `alert_recall`. Example: `{"average_precision": 0.6}`.
    """


class Promotion(Node):
    """What a candidate must reach, on `days` matured days, to become the champion."""

    metric: Text = "average_precision"
    """What a candidate and the champion are compared by: `average_precision` or `roc_auc`."""
    min: Number = 0.0
    """The least value a candidate must have."""
    min_gain: Number = 0.0
    """By how much a candidate must be better than the champion."""
    days: Positive = 3
    """On how many labelled days before the candidate's own both are measured."""
    confident: Flag = False
    """Whether a gain must be certain: the low end of its 95 % interval above `min_gain`."""


class Explain(Node):
    """How many attributes explain a score, and above which score one is explained."""

    top_k: Positive = 5
    """How many attributes explain a score."""
    above: Share = 0.0
    """Scores from this one on are explained, 0 to 1."""


class Sample(Node):
    """The share of the rows that is trained on; what is left is weighted back."""

    negatives: Annotated[Share, Bound(gt=0)] = 1.0
    """The share of the rows of all other classes than the scored one, above 0 up to 1."""
    positives: Annotated[Share, Bound(gt=0)] = 1.0
    """The share of the rows of the scored class, above 0 up to 1."""


class Output(Described):
    """One score of a model."""

    checks: Checks = ()
    """What must hold for the scores. Example: `{"in_range": [0, 1]}`."""


def _by_name(raw: object) -> object:
    if not isinstance(raw, list):
        return raw
    if len({str(name) for name in raw}) < len(raw):
        raise wrong("an output stands here twice")
    if not all(isinstance(name, str) for name in raw):
        raise wrong('a list of outputs holds their names, such as ["request_threat_score"]')
    for place, name in enumerate(raw):
        _check_listed(name, place)
    return {name: {} for name in raw}


def _check_listed(name: str, place: int) -> None:
    try:
        check_name(name)
    except PydanticCustomError as refusal:
        said = refusal.context or {}
        raise wrong(said["said"], fix=said["fix"], at=(place,)) from None


Outputs = Annotated[dict[Name, Output], BeforeValidator(_by_name), Bound(min_length=1)]


class Model(Attribute):
    """One version of a model.

    Training day T uses the `training_time_delta_days` days that end `training_delay_delta_days`
    days before T. A file may hold several versions at once (`default_version`, `versions`): the
    loader makes one `Model` of each, the keys beside `versions` holding for all of them.
    """

    name: Name
    """The name of the model. Example: `"request_threat_scorer"`."""
    version: Positive = 1
    """The version of the model, from 1."""
    default_version: Positive = 1
    """The version that readers get who name none."""
    location: Annotated[str, Bound(pattern=r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$")] | None = None
    """A package of own training code, in `models/code` or installed; left out for the built-in
    LightGBM. Example: `"request_scorer"`.
    """
    algorithm: Text = "lightgbm"
    """The built-in algorithm."""
    hyperparameters: dict[str, JsonValue] = Bound(default_factory=dict)
    """Of the algorithm, by LightGBM's names, or whatever own code reads. Example:
    `{"num_leaves": 15}`.
    """
    calibration: Literal["auto", "isotonic", "platt", "none"] = "auto"
    """How scores become probabilities; `auto`: by the lowest log loss on unseen rows."""
    training_delay_delta_days: NotNegative
    """How many days before training day T the training days end: labels need time."""
    training_time_delta_days: Positive
    """How many days are learned from."""
    input_features: Annotated[tuple[InputFeatures, ...], Bound(min_length=1)]
    """What the model reads: features of one row family."""
    truth_label: TruthLabel
    """What the model learns: a strong label."""
    output_features: Outputs
    """The names of its scores, or an object of them. Example: `["request_threat_score"]`."""
    retrain: Retrain = Retrain()
    """When the model is trained again."""
    promotion: Promotion = Promotion()
    """What a candidate must reach to become the champion."""
    alerts_per_day: Positive = 100
    """How many rows of a day, those of the highest scores, somebody looks at: `alert_precision`
    and `alert_recall` are measured on them.
    """
    explain: Explain | None = None
    """Which scores are explained, by how many attributes."""
    allow_shared: dict[Reference, Text] = Bound(default_factory=dict)
    """Inputs that the labels read too, each with the reason why it may be. Example: `{"is_failure":
    "..."}`.
    """
    allow_incomplete: Flag = False
    """Train also on rows whose windows reach before the start of the project."""
    sample: Sample = Sample()
    """Which share of the rows to train on. Example: `{"negatives": 0.1}`."""

    @property
    def is_default(self) -> bool:
        """Whether unpinned readers get this version."""
        return self.version == self.default_version
