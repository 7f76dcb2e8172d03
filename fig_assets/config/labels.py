"""What the user may write about labels."""

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, WithJsonSchema, model_validator
from pydantic import Field as Bound

from fig_assets.config.checks import Checks
from fig_assets.config.node import (
    Attribute,
    Described,
    Name,
    Node,
    NotNegative,
    Number,
    Positive,
    Text,
    Versions,
    exactly_one,
)
from fig_assets.config.patterns import PREFIX
from fig_assets.config.rules import check_prefix, wrong


class WeakLabel(Attribute):
    """One version of a weak label: `vote` where `when` is TRUE, or the class `function` gives."""

    when: Text | None = None
    """Votes where it is TRUE. Example: `"$asn_weekly_failure_rate > 0.9"`."""
    vote: Text | None = None
    """The class it votes for."""
    function: Text | None = None
    """An expression that gives the name of a class, or NULL to abstain."""
    checks: Checks = ()
    """What must hold for its votes. Example: `{"max_lost_fraction": 0.01}`."""

    @model_validator(mode="after")
    def _one_way_to_vote(self) -> Self:
        exactly_one(self, "a weak label", when=self.when, function=self.function)
        if (self.when is None) != (self.vote is None):
            lacking = '"vote": "<class>"' if self.vote is None else '"when": "<condition>"'
            raise wrong('"when" and "vote" belong together', fix=f"add {lacking}")
        return self


OPTIONS_OF = {
    "weights": ("weighted_vote",),
    "order": ("priority_vote",),
    "vote": ("any_vote",),
    "fit_days": ("label_model",),
    "class_prior": ("label_model",),
}
"""The options of strong labels that only some methods have."""


class StrongLabel(Attribute):
    """One version of a strong label: how the weak labels' votes become one class."""

    method: Literal[
        "plurality_vote",
        "majority_vote",
        "weighted_vote",
        "priority_vote",
        "any_vote",
        "all_vote",
        "label_model",
    ]
    """How votes become a class: the most votes, more than half, the most weight, the first of
    `order`, one vote is enough, all agree, or as likely as a label model learned."""
    ties: Text = "abstain"
    """What a tie gives, or votes without a majority: `abstain` or a class."""
    conflicts: Text | None = None
    """What rows give on which weak labels disagree: `abstain` or a class; as `method` says when
    left out, and `abstain` for `all_vote`."""
    default: Text | None = None
    """The class of rows on which all abstain; NULL when left out."""
    weights: dict[str, Number] = Bound(default_factory=dict)
    """The weight of each weak label, 1 unless written. Example: `{"asn_mass_failure": 3}`."""
    order: tuple[Text, ...] = ()
    """The weak labels of `priority_vote`, the one that decides first; those left out come last, in
    the order in which they are written. Example: `["analyst", "asn_mass_failure"]`."""
    vote: Text | None = None
    """The class for which one vote is enough for `any_vote`; the last class when left out."""
    fit_days: Positive = 7
    """How many days a label model learns from, its own the last."""
    class_prior: dict[str, Number] = Bound(default_factory=dict)
    """The share of each class, for a label model; learned when left out.
    Example: `{"legitimate": 0.998, "malicious": 0.002}`."""
    checks: Checks = ()
    """What must hold for the labels. Example: `"nonnull"`."""

    @model_validator(mode="after")
    def _options_of_its_method(self) -> Self:
        for option, methods in OPTIONS_OF.items():
            if option in self.model_fields_set and self.method not in methods:
                said = f'"{option}" belongs to the method {" or ".join(methods)}'
                raise wrong(said, at=(option,), fix="leave it out")
        return self


class LabelJoin(Node):
    """What labels, never features, may know: rows up to `within_days` days after theirs."""

    source: Text
    """What becomes known later: an event, a table or a row family. Example: `"verdicts"`."""
    field: Text
    """Its field, or the key of a table, that says which row it is about. Example: `"request_id"`.
    """
    match: Text | None = None
    """What of the labelled row `field` is compared with: a feature, or a field of the base event;
    the granularity when left out."""
    within_days: NotNegative = 0
    """How many days after the row's own it may become known."""
    prefix: Annotated[str, BeforeValidator(check_prefix), WithJsonSchema(PREFIX)] | None = None
    """What stands before the names of its fields; `<source>_` when left out."""


class Truth(Node):
    """A small table of rows whose class is known; labels are measured by it, nothing is learned."""

    table: Text
    """The table; its key is the granularity of the rows. Example: `"gold"`."""
    field: Text
    """Its column that holds the class. Example: `"label"`."""


class LabelSet(Described):
    """Weak and strong labels of the rows of one family."""

    name: Name
    """The name of the label set. Example: `"request_labels"`."""
    family: Text
    """The row family that is labelled. Example: `"request"`."""
    classes: Annotated[tuple[Text, ...], Bound(min_length=2)]
    """The classes; models score the last, unless they name another. Example: `["legitimate",
    "malicious"]`."""
    weak_labels: dict[Name, Versions[WeakLabel]] = Bound(default_factory=dict)
    """Rules by name; each votes for a class or abstains."""
    strong_labels: dict[Name, Versions[StrongLabel]] = Bound(default_factory=dict)
    """Combinations of the votes by name; a model learns one of them."""
    joins: tuple[LabelJoin, ...] = ()
    """What labels, never features, may know of later days."""
    truth: Truth | None = None
    """A table of rows whose class is known, to measure labels by."""
