"""What the user may ask of the values of a column: checks, by the names that pandera gives them."""

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, model_validator

from fig_assets.config.node import Flag, Node, Number, Scalar, Share, Text
from fig_assets.config.rules import wrong

Ends = tuple[Scalar, Scalar]
Length = tuple[Number | None, Number | None]
Values = tuple[Scalar, ...]


class Check(Node):
    """One thing that must hold for a column.

    Written `"nonnull"`, `"unique"` or as an object with exactly one kind of check in it. NULLs
    are judged by `nonnull` only. A moment or a day is written as ISO text.
    """

    nonnull: Flag = False
    """No value is NULL. Blocks publication unless `severity` says otherwise."""
    unique: Flag = False
    """No value stands twice in a day."""
    in_range: Ends | None = None
    """Lowest and highest value, both included; null for an open end. Example: `[0, 1]`."""
    isin: Values | None = None
    """Every value is one of these. Example: `["SUCCESS", "FAILURE"]`."""
    notin: Values | None = None
    """No value is one of these. Example: `["", "unknown"]`."""
    eq: Scalar = None
    """Every value equals this. Example: `"org_1"`."""
    ne: Scalar = None
    """No value equals this. Example: `0`."""
    gt: Scalar = None
    """Every value is greater. Example: `0`."""
    ge: Scalar = None
    """Every value is greater or equal. Example: `0`."""
    lt: Scalar = None
    """Every value is less. Example: `100`."""
    le: Scalar = None
    """Every value is less or equal. Example: `100`."""
    str_matches: Text | None = None
    """A regular expression that the whole text matches. Example: `"[A-Z]{2}"`."""
    str_contains: Text | None = None
    """A regular expression that is found in the text. Example: `"@"`."""
    str_startswith: Text | None = None
    """How every text begins. Example: `"AS"`."""
    str_endswith: Text | None = None
    """How every text ends. Example: `".edu"`."""
    str_length: Length | None = None
    """Least and most characters, both included; null for an open end. Example: `[1, 63]`."""
    max_lost_fraction: Share | None = None
    """The share of a day's rows that may lose a value on the way, included. Example: `0.01`."""
    severity: Literal["warn", "block"] | None = None
    """`block` keeps a day from being published when the check fails, `warn` only tells."""
    max_fraction: Share = 0.0
    """The share of the rows that may break the check before it fails, included."""

    @property
    def kind(self) -> str:
        """The key that says what is checked: `nonnull`, `unique`, `in_range`, ..."""
        return self._kinds()[0]

    @property
    def blocks(self) -> bool:
        """Whether a failure stops publication; unless written, only `nonnull` does."""
        return self.severity == "block" or (self.severity is None and self.nonnull)

    @property
    def allowed(self) -> float:
        """The share of the rows that may break the check."""
        return self.max_fraction if self.max_lost_fraction is None else self.max_lost_fraction

    @model_validator(mode="before")
    @classmethod
    def _from_word(cls, raw: object) -> object:
        return {raw: True} if isinstance(raw, str) else raw

    @model_validator(mode="after")
    def _exactly_one_kind(self) -> Self:
        if len(self._kinds()) != 1:
            raise wrong(f"a check needs exactly one of: {', '.join(CHECK_KINDS)}")
        if self.max_lost_fraction is not None and "max_fraction" in self.model_fields_set:
            raise wrong('"max_lost_fraction" is a share itself', at=("max_fraction",))
        return self

    def _kinds(self) -> list[str]:
        return [
            kind
            for kind in CHECK_KINDS
            if kind in self.model_fields_set
            and (value := getattr(self, kind)) is not None
            and not (kind in ("nonnull", "unique") and value is False)
        ]


CHECK_KINDS = tuple(name for name in Check.model_fields if name not in ("severity", "max_fraction"))


def _listed(raw: object) -> object:
    return raw if isinstance(raw, list) else [raw]


Checks = Annotated[tuple[Check, ...], BeforeValidator(_listed)]
