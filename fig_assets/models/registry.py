"""Where artifacts and decisions are kept: plain files under one place, published atomically.

    <root>/<model>/v<version>/<trained_for>/card.json             names the text by its digest
    <root>/<model>/v<version>/<trained_for>/model-<digest>.txt
    <root>/<model>/v<version>/<trained_for>/model-<digest>/       files of own code, instead
    <root>/<model>/v<version>/evaluations/<day>.json              what the rule looked at
    <root>/<model>/v<version>/decisions/<day>.json                what the rule decided
    <root>/<model>/v<version>/by_hand/<day>.<n>.json              what people decided; it stays

Writing the card is the one step that publishes: a reader sees the old artifact or the new one.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from fig_assets.engines.connection import S3Access
from fig_assets.engines.lake.s3 import SCHEME
from fig_assets.engines.lake.s3_path import S3Path
from fig_assets.errors import ModelError
from fig_assets.models.artifact import Artifact, Card
from fig_assets.models.evaluation import Evaluation
from fig_assets.models.files import (
    Place,
    damaged,
    days_named,
    publish,
    publish_new,
    read_bytes,
    read_text,
    text_if_there,
)
from fig_assets.models.model_files import MOST_BYTES, check_names

Outcome = Literal["promoted", "kept", "no model yet", "rejected", "rolled back"]
_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_BY_HAND = re.compile(r"(\d{4}-\d\d-\d\d)\.([1-9]\d*)\.json")


@dataclass(frozen=True)
class Decision:
    """Which artifact of a model is in force from `day` on, and why."""

    model: str
    version: int
    day: date
    outcome: Outcome
    """promoted: the candidate; rejected: not the candidate; kept and no model yet: no candidate.
    By hand without a candidate: promoted, or rolled back to an earlier champion."""
    champion: date | None
    """What the artifact in force was trained for; None where there is none."""
    candidate: date | None
    reason: str
    metrics: Mapping[str, float | None] = field(default_factory=dict)
    means: str = ""
    """The fingerprint of the model that the candidate is one of; empty where it is not known."""
    by_hand: bool = False
    """Whether a person decided so; on its day that stands, whatever the rule decides."""
    intervals: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """Of the metrics, and of `gain_<metric>`, where they could be told; 95 %."""


_DECISION = TypeAdapter(Decision)


def in_force(newest: Decision | None, by_hand: Decision | None) -> date | None:
    """Return the champion after the newest decision of the rule and the newest one by hand.

    The rule undoes a decision by hand only by promoting a candidate of a later day. What was kept
    or rejected before somebody decided for an earlier day names a champion of then.
    """
    if newest is None or by_hand is None:
        found = newest or by_hand
        return found.champion if found else None
    is_newer = newest.champion is not None and newest.champion > by_hand.day
    return newest.champion if is_newer else by_hand.champion


def open_registry(path: str, root: Path, access: S3Access) -> "Registry":
    """Open the model store at `path`: a folder, which starts at `root`, or a place on S3."""
    if path.startswith(SCHEME):
        return Registry(S3Path.of(path, access))
    return Registry((root / path).resolve())


class Registry:
    """The artifacts and decisions of all models under `root`; any number may be open at once."""

    def __init__(self, root: Place) -> None:
        self.root = root

    def save(self, artifact: Artifact) -> Place:
        """Publish `artifact` as the one of its model, version and day; return its folder.

        Saving the same artifact again changes nothing. An earlier text of the day stays, so that a
        reader of the earlier card still finds it.
        """
        card = artifact.card
        folder = self._folder(card.model, card.version) / card.trained_for.isoformat()
        if card.own is None:
            publish(folder / _text_name(card), artifact.model_text)
        for name, content in artifact.files.items():
            publish(folder / _files_name(card) / name, content)
        publish(folder / "card.json", card.to_json())
        return folder

    def load(self, model: str, version: int, trained_for: date) -> Artifact:
        """Read an artifact; nothing of it is used before its digests match.

        Raises:
            ModelError: It is not there, damaged, changed, or another model's; names the file.
        """
        folder = self._folder(model, version) / trained_for.isoformat()
        place = folder / "card.json"
        card = Card.from_json(read_text(place), str(place))
        if (card.model, card.version, card.trained_for) != (model, version, trained_for):
            raise damaged(place, f"the card of {card.name}, not of this folder")
        own = card.own is not None
        place = folder / (_files_name(card) if own else _text_name(card))
        try:
            if own:
                return Artifact("", card, _files(place, card))
            return Artifact(read_text(place), card)
        except ModelError as refusal:
            raise ModelError(f"{place}: {refusal}") from refusal

    def trained_days(self, model: str, version: int) -> tuple[date, ...]:
        """Return the days an artifact was trained for, rising."""
        return days_named(
            place.parent.name for place in self._folder(model, version).glob("*/card.json")
        )

    def record(self, decision: Decision) -> Place:
        """Write what the rule decided on its day, in place of an earlier one; return its file."""
        place = self._decision_file(decision.model, decision.version, decision.day)
        publish(place, _text(decision))
        return place

    def record_evaluation(self, evaluation: Evaluation) -> Place:
        """Write how candidate and champion did, in place of an earlier one; return its file."""
        place = self._evaluation_file(evaluation.model, evaluation.version, evaluation.day)
        publish(place, evaluation.to_json())
        return place

    def evaluation(self, model: str, version: int, day: date) -> Evaluation | None:
        """Return what the rule looked at on exactly `day`; None where it is not known.

        Raises:
            ModelError: The file is no evaluation; names it.
        """
        place = self._evaluation_file(model, version, day)
        text = text_if_there(place)
        return None if text is None else Evaluation.from_json(text, str(place))

    def record_by_hand(self, decision: Decision) -> Place:
        """Add what a person decided; return its file. Nothing ever replaces it.

        Raises:
            ModelError: Somebody else decided for the same day at the same time.
        """
        places = self._by_hand(decision.model, decision.version)
        number = max((n for day, n in places if day == decision.day), default=0) + 1
        folder = self._folder(decision.model, decision.version) / "by_hand"
        place = folder / f"{decision.day.isoformat()}.{number}.json"
        if not publish_new(place, _text(decision)):
            raise ModelError(
                f"{place}: somebody else decided just now\n  fix: look at fig models list "
                f"{decision.model}@{decision.version}, then decide again"
            )
        return place

    def decision(self, model: str, version: int, day: date) -> Decision | None:
        """Return what the rule decided on exactly `day`; None if nothing was.

        Raises:
            ModelError: The file is no decision, or one of another model or day; names the file.
        """
        place = self._decision_file(model, version, day)
        text = text_if_there(place)
        if text is None:
            return None
        return _decision(place, text, (model, version, day), f"run {model} for {day} again")

    def by_hand(self, model: str, version: int, day: date) -> Decision | None:
        """Return what a person decided last for the newest day up to and including `day`.

        Raises:
            ModelError: The file is no decision, or one of another model or day; names the file.
        """
        places = self._by_hand(model, version)
        known = max((found for found in places if found[0] <= day), default=None)
        return self._decided_by_hand(model, version, known) if known else None

    def decisions(self, model: str, version: int) -> tuple[Decision, ...]:
        """Return all decisions by their days; of one day the rule's first, then those by hand.

        Raises:
            ModelError: A file is no decision, or one of another model or day; names the file.
        """
        of_rule = (self.decision(model, version, day) for day in self._decided(model, version))
        by_hand = [
            self._decided_by_hand(model, version, known)
            for known in sorted(self._by_hand(model, version))
        ]
        found = [*(one for one in of_rule if one), *by_hand]
        return tuple(sorted(found, key=lambda one: (one.day, one.by_hand)))

    def champion(self, model: str, version: int, day: date) -> date | None:
        """Return what the artifact in force on `day` was trained for; None where there is none.

        It is the champion of the newest decision of a day up to and including `day`; a decision by
        hand holds until a candidate of a later day is promoted.
        """
        earlier = [known for known in self._decided(model, version) if known <= day]
        newest = self.decision(model, version, earlier[-1]) if earlier else None
        return in_force(newest, self.by_hand(model, version, day))

    def _decided(self, model: str, version: int) -> tuple[date, ...]:
        places = (self._folder(model, version) / "decisions").glob("*.json")
        return days_named(place.stem for place in places)

    def _by_hand(self, model: str, version: int) -> dict[tuple[date, int], Place]:
        """Return the files of decisions by hand, by day and number."""
        found: dict[tuple[date, int], Place] = {}
        for place in (self._folder(model, version) / "by_hand").glob("*.json"):
            parts = _BY_HAND.fullmatch(place.name)
            for day in days_named([parts[1]] if parts else []):
                found[day, int(parts[2]) if parts else 0] = place
        return found

    def _decided_by_hand(self, model: str, version: int, known: tuple[date, int]) -> Decision:
        folder = self._folder(model, version) / "by_hand"
        place = folder / f"{known[0].isoformat()}.{known[1]}.json"
        of = (model, version, known[0])
        return _decision(place, read_text(place), of, "decide by hand again")

    def _folder(self, model: str, version: int) -> Place:
        if not _NAME.fullmatch(model) or version < 1:
            raise ModelError(f"'{model}' v{version} is not the name of a model and its version")
        return self.root / model / f"v{version}"

    def _evaluation_file(self, model: str, version: int, day: date) -> Place:
        return self._folder(model, version) / "evaluations" / f"{day.isoformat()}.json"

    def _decision_file(self, model: str, version: int, day: date) -> Place:
        return self._folder(model, version) / "decisions" / f"{day.isoformat()}.json"


def _text_name(card: Card) -> str:
    return f"model-{card.sha256[:16]}.txt"


def _files_name(card: Card) -> str:
    return f"model-{card.sha256[:16]}"


def _files(place: Place, card: Card) -> dict[str, bytes]:
    """Read the files that a card names, and no others."""
    names = card.own.files if card.own else {}
    check_names(names)
    found: dict[str, bytes] = {}
    for name in names:
        found[name] = read_bytes(place / name)
        if sum(map(len, found.values())) > MOST_BYTES:
            raise damaged(place / name, f"the files are larger than {MOST_BYTES >> 20} MiB")
    return found


def _text(decision: Decision) -> str:
    content = json.dumps(
        asdict(decision),
        sort_keys=True,
        indent=2,
        ensure_ascii=False,
        allow_nan=False,
        default=date.isoformat,
    )
    return content + "\n"


def _decision(place: Place, text: str, of: tuple[str, int, date], mend: str) -> Decision:
    try:
        found = _DECISION.validate_json(text)
    except ValidationError as refusal:
        first = refusal.errors(include_url=False)[0]
        where = "/".join(map(str, first["loc"]))
        raise ModelError(
            f"{place}: not a decision: {where}: {first['msg']}\n  fix: delete the file and {mend}"
        ) from refusal
    if (found.model, found.version, found.day) != of:
        raise ModelError(
            f"{place}: the decision of '{found.model}' v{found.version} on {found.day}\n"
            f"  fix: delete the file and {mend}"
        )
    return found
