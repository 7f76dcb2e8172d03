"""What a trained model is: a text that LightGBM reads, and a card that says what it is.

Neither holds code: an artifact is never unpickled, and its text reaches LightGBM only after its
digest was compared with the card's. A model of own code has files instead of the text: those that
its training left, and the code that scores with them, compared with the card in the same way.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date

from pydantic import JsonValue, TypeAdapter, ValidationError

from fig_assets.errors import ModelError
from fig_assets.models import model_files
from fig_assets.models.distribution import Distribution
from fig_assets.models.measure import Measured

FORMAT = 1
"""The layout of a card; another number is refused when a card is read."""
TIMEOUT_S = 3_600.0
"""How long own code may take, in seconds, where nothing else is said."""


@dataclass(frozen=True)
class Input:
    """One attribute version that a model looks at."""

    column: str
    """The column of the rows, such as `asn_weekly_failure_rate__v1`."""
    attribute: str
    """The name for people, such as `request.asn_weekly_failure_rate@1`."""
    type: str
    """A FIG type: string, bigint, float, boolean, timestamp, date or `embedding(n)`."""
    attribute_id: int | None = None
    """The number of the attribute version in the lock file."""


@dataclass(frozen=True)
class Calibration:
    """A rising curve from the scores of the trees to probabilities."""

    method: str
    """`platt`, or `isotonic`, which keeps a share of Platt's line so that no scores are tied."""
    slope: float
    """Above 0; with `intercept` Platt's line over the log odds of the trees."""
    intercept: float
    seen: tuple[float, float]
    """The least and the highest log odds it was fitted on; beyond, the line is not steeper than 1.
    """
    isotonic_share: float = 0.0
    knots: tuple[tuple[float, float], ...] = ()
    """Rising pairs of log odds of the trees and a share of positive rows."""
    log_loss: Mapping[str, float] = field(default_factory=dict)
    """Per method the log loss on held-out rows that decided, in nats; empty if none was asked."""


@dataclass(frozen=True)
class Reference:
    """How the rows that a model learned from lie, for later days to be compared with."""

    inputs: Mapping[str, Distribution] = field(default_factory=dict)
    """By column; moments are left out."""
    score: Distribution | None = None
    """Of the calibrated scores, of rows that the trees were not fitted on where there are any."""


@dataclass(frozen=True)
class OwnCode:
    """Whose code trained a model, and the files that it needs to score."""

    location: str
    """The dotted name of the package."""
    digest: str
    """Of what the package means."""
    files: Mapping[str, str]
    """The sha256 of each file by its path: `model/...` that training left, `code/...` that ran."""
    explains: bool = False
    """Whether the package can say what moved a score."""


@dataclass(frozen=True)
class Card:
    """What a model was trained on and how good it was; the same training gives the same card."""

    model: str
    version: int
    trained_for: date
    """The partition of the model; its training days lie before it."""
    days: tuple[date, ...]
    inputs: tuple[Input, ...]
    """In the order of LightGBM's matrix; an embedding has as many columns there as floats."""
    categories: Mapping[str, tuple[str, ...]]
    """Per string column the values the model knows; the position is the code LightGBM sees."""
    label: str
    positive: str
    key: str
    hyperparameters: Mapping[str, JsonValue]
    seed: int
    rows: int
    """Rows with a label."""
    unlabelled: int
    """Rows that were left out because their label is NULL."""
    positives: int
    classes: Mapping[str, int]
    metrics: Mapping[str, float | None]
    """`unseen_*` on days before; or `oof_*` out of fold, `holdout_*` on a fifth; None: unknown.
    Own code is trained once: out of fold are the rows of that fifth alone.
    """
    strength: Mapping[str, float]
    """Per attribute the mean absolute contribution to the log odds, over a sample of the rows."""
    best_iteration: int
    warnings: tuple[str, ...]
    library: str
    sha256: str
    """The digest of the model's text; of own code, of the list of its files with their digests."""
    format: int = FORMAT
    calibration: Calibration | None = None
    """The curve that scores go through; None: they are those of the trees."""
    out_of_fold: Measured | None = None
    """How certain the `oof_*` metrics are, with their curves; None where there are none."""
    reference: Reference | None = None
    """None in cards from before there was one: later days have nothing to be compared with."""
    own: OwnCode | None = None
    """The code that trained it; None: the built-in LightGBM."""

    @property
    def name(self) -> str:
        """The model for messages, such as `model 'scorer' v1 trained for 2024-03-15`."""
        return f"model '{self.model}' v{self.version} trained for {self.trained_for}"

    @property
    def digest(self) -> str:
        """The sha256 of everything the card says, the digest of the model's text included."""
        return digest_of(_canonical(self._content()))

    def to_json(self) -> str:
        """Write the card, with its own digest, as indented JSON with sorted keys."""
        return _canonical({**self._content(), "digest": self.digest}, indent=2) + "\n"

    def _content(self) -> dict[str, object]:
        """Leave out what is not there: cards from before there was any keep their digest."""
        content = asdict(self)
        for name in ("calibration", "out_of_fold", "reference", "own"):
            if getattr(self, name) is None:
                del content[name]
        return content

    @classmethod
    def from_json(cls, text: str, file: str) -> "Card":
        """Read a card that `to_json` wrote.

        Raises:
            ModelError: It is no card, of another format, or not what was written; names `file`.
        """
        content = _read_object(text, file)
        if content.get("format") != FORMAT:
            raise _unusable(file, f"a model card of format {content.get('format')!r}, not {FORMAT}")
        digest = content.pop("digest", None)
        try:
            card = TypeAdapter(cls).validate_python(content)
        except ValidationError as refusal:
            first = refusal.errors(include_url=False)[0]
            place = "/".join(map(str, first["loc"]))
            raise _unusable(file, f"not a model card: {place}: {first['msg']}") from refusal
        # Equal content is not enough: a flipped bit may stand in a digit that no float tells apart.
        if card.digest != digest or card.to_json() != text:
            raise _unusable(file, "the card was changed after it was written: its digest differs")
        return card


@dataclass(frozen=True)
class Artifact:
    """A model with its card; one cannot be made of a text or of files that are not the card's."""

    model_text: str
    """What LightGBM reads; empty for own code."""
    card: Card
    files: model_files.Files = field(default_factory=dict, repr=False)
    """The files of own code, by path."""
    timeout_s: float = TIMEOUT_S
    """How long own code may take to score, in seconds."""

    def __post_init__(self) -> None:
        own = self.card.own
        if own is not None:
            self._check_files(own)
        elif digest_of(self.model_text) != self.card.sha256:
            raise self._unlike("the model's text is not the one that was trained")

    def _check_files(self, own: OwnCode) -> None:
        model_files.check_names(own.files)
        found = model_files.digests(self.files)
        for name in sorted(found.keys() | own.files.keys()):
            if found.get(name) != own.files.get(name):
                raise self._unlike(f"the file '{name}' is not the one that was trained")
        if digest_of_files(own.files) != self.card.sha256:
            raise self._unlike("the list of its files is not the one that was trained")

    def _unlike(self, message: str) -> ModelError:
        return ModelError(
            f"{self.card.name}: {message} (its digest does not match the card's)\n"
            "  fix: train the model again"
        )


def digest_of_files(files: Mapping[str, str]) -> str:
    """Return the sha256 of a list of files with their digests."""
    return digest_of(_canonical(dict(files)))


def digest_of(text: str) -> str:
    """Return the sha256 of `text` in UTF-8, as 64 hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()


def _canonical(content: Mapping[str, object], indent: int | None = None) -> str:
    return json.dumps(
        content, sort_keys=True, indent=indent, ensure_ascii=False, allow_nan=False, default=str
    )


def _read_object(text: str, file: str) -> dict[str, object]:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as refusal:
        raise _unusable(file, f"not a model card: {refusal}") from refusal
    if not isinstance(content, dict):
        raise _unusable(file, "not a model card: not an object")
    return content


def _unusable(file: str, message: str) -> ModelError:
    return ModelError(f"{file}: {message}\n  fix: train the model again")
