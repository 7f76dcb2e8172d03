"""What the rule of promotion looked at: candidate and champion on rows, with intervals and curves.

It is kept beside the decision, so that pictures of it can be drawn at any time without the rows.
"""

import json
from dataclasses import asdict, dataclass
from datetime import date

from pydantic import TypeAdapter, ValidationError

from fig_assets.errors import ModelError
from fig_assets.models.bootstrap import Interval
from fig_assets.models.measure import Measured


@dataclass(frozen=True)
class Side:
    """One of the two artifacts that were compared."""

    trained_for: date
    value: float | None
    """The metric; None where it could not be measured."""
    measured: Measured | None
    """None where it could not be measured, or the artifact is from before this was kept."""


@dataclass(frozen=True)
class Evaluation:
    """How a candidate and the champion did, for the day that the candidate was trained for."""

    model: str
    version: int
    day: date
    metric: str
    """What the rule compares them by."""
    how: str
    """On which rows, in words."""
    candidate: Side
    champion: Side | None = None
    """None where there was none."""
    gain: Interval | None = None
    """By how much the candidate's metric is higher on the same rows, 95 %; None if unknown."""

    def to_json(self) -> str:
        """Write it as JSON with sorted keys."""
        content = asdict(self)
        told = json.dumps(content, sort_keys=True, ensure_ascii=False, default=date.isoformat)
        return told + "\n"

    @classmethod
    def from_json(cls, text: str, file: str) -> "Evaluation":
        """Read what `to_json` wrote.

        Raises:
            ModelError: It is no evaluation; names `file`.
        """
        try:
            return _EVALUATION.validate_json(text)
        except ValidationError as refusal:
            first = refusal.errors(include_url=False)[0]
            place = "/".join(map(str, first["loc"]))
            raise ModelError(
                f"{file}: not an evaluation: {place}: {first['msg']}\n"
                "  fix: delete the file; only its pictures are lost"
            ) from refusal


_EVALUATION = TypeAdapter(Evaluation)
