"""What the user may write about a model."""

from typing import Annotated

from pydantic import Field as Bound
from pydantic import JsonValue

from fig_assets.config.node import (
    Attribute,
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


class InputFeatures(Node):
    """Features of one family; the keys of `feature_names` only organise them."""

    family_name: Text
    feature_names: Annotated[dict[str, tuple[Reference, ...]], Bound(min_length=1)]


class TruthLabel(Node):
    """The strong label `name` of the label set `source`."""

    source: Text
    name: Text


class Retrain(Node):
    """When to train again: after days, on drift (PSI), or when a metric falls."""

    every_days: Positive | None = None
    max_drift_psi: Annotated[Number, Bound(gt=0)] | None = None
    min_metric: dict[str, Number] = Bound(default_factory=dict)


class Promotion(Node):
    """What a candidate must reach, on `days` matured days, to become the champion."""

    metric: Text = "average_precision"
    min: Number = 0.0
    min_gain: Number = 0.0
    days: Positive = 3


class Explain(Node):
    """How many attributes explain a score, and above which score one is explained."""

    top_k: Positive = 5
    above: Number = 0.0


class Sample(Node):
    """The share of each class that is trained on; rows are weighted back."""

    negatives: Annotated[Share, Bound(gt=0)] = 1.0
    positives: Annotated[Share, Bound(gt=0)] = 1.0


class Model(Attribute):
    """One version of a model.

    Training day T uses the `training_time_delta_days` days that end `training_delay_delta_days`
    days before T. A file may hold several versions at once (`default_version`, `versions`): the
    loader makes one `Model` of each, the keys beside `versions` holding for all of them.
    """

    name: Name
    version: Positive = 1
    default_version: Positive = 1
    location: Annotated[str, Bound(pattern=r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$")] | None = None
    algorithm: Text = "lightgbm"
    hyperparameters: dict[str, JsonValue] = Bound(default_factory=dict)
    training_delay_delta_days: NotNegative
    training_time_delta_days: Positive
    input_features: Annotated[tuple[InputFeatures, ...], Bound(min_length=1)]
    truth_label: TruthLabel
    output_features: Annotated[tuple[Name, ...], Bound(min_length=1)]
    retrain: Retrain = Retrain()
    promotion: Promotion = Promotion()
    explain: Explain | None = None
    allow_shared: dict[Reference, Text] = Bound(default_factory=dict)
    allow_incomplete: Flag = False
    sample: Sample = Sample()

    @property
    def is_default(self) -> bool:
        """Whether unpinned readers get this version."""
        return self.version == self.default_version
