"""Where artifacts and decisions are kept: plain files under one folder, published atomically.

    <root>/<model>/v<version>/<trained_for>/card.json             names the text by its digest
    <root>/<model>/v<version>/<trained_for>/model-<digest>.txt
    <root>/<model>/v<version>/decisions/<day>.json

Writing the card is the one step that publishes: a reader sees the old artifact or the new one.
"""

import json
import os
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from fig_assets.errors import ModelError
from fig_assets.models.artifact import Artifact, Card

Outcome = Literal["promoted", "kept", "no model yet", "rejected"]
_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True)
class Decision:
    """Which artifact of a model is in force from `day` on, and why."""

    model: str
    version: int
    day: date
    outcome: Outcome
    """promoted: the candidate; rejected: not the candidate; kept and no model yet: no candidate."""
    champion: date | None
    """What the artifact in force was trained for; None where there is none."""
    candidate: date | None
    reason: str
    metrics: Mapping[str, float | None] = field(default_factory=dict)
    means: str = ""
    """The fingerprint of the model that the candidate is one of; empty where it is not known."""


class Registry:
    """The artifacts and decisions of all models under `root`; any number may be open at once."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def save(self, artifact: Artifact) -> Path:
        """Publish `artifact` as the one of its model, version and day; return its folder.

        Saving the same artifact again changes nothing. An earlier text of the day stays, so that a
        reader of the earlier card still finds it.
        """
        card = artifact.card
        folder = self._folder(card.model, card.version) / card.trained_for.isoformat()
        _publish(folder / _text_name(card), artifact.model_text)
        _publish(folder / "card.json", card.to_json())
        return folder

    def load(self, model: str, version: int, trained_for: date) -> Artifact:
        """Read an artifact; nothing of it is used before its digests match.

        Raises:
            ModelError: It is not there, damaged, changed, or another model's; names the file.
        """
        folder = self._folder(model, version) / trained_for.isoformat()
        place = folder / "card.json"
        card = Card.from_json(_read(place), str(place))
        if (card.model, card.version, card.trained_for) != (model, version, trained_for):
            raise _damaged(place, f"the card of {card.name}, not of this folder")
        text = folder / _text_name(card)
        try:
            return Artifact(_read(text), card)
        except ModelError as refusal:
            raise ModelError(f"{text}: {refusal}") from refusal

    def trained_days(self, model: str, version: int) -> tuple[date, ...]:
        """Return the days an artifact was trained for, rising."""
        return _days(
            place.parent.name for place in self._folder(model, version).glob("*/card.json")
        )

    def record(self, decision: Decision) -> Path:
        """Write the decision of its day, in place of an earlier one; return its file."""
        place = self._decision_file(decision.model, decision.version, decision.day)
        content = json.dumps(
            asdict(decision),
            sort_keys=True,
            indent=2,
            ensure_ascii=False,
            allow_nan=False,
            default=date.isoformat,
        )
        _publish(place, content + "\n")
        return place

    def decision(self, model: str, version: int, day: date) -> Decision | None:
        """Return what was decided on exactly `day`; None if nothing was.

        Raises:
            ModelError: The file is no decision, or one of another model or day; names the file.
        """
        place = self._decision_file(model, version, day)
        if not place.exists():
            return None
        try:
            found = TypeAdapter(Decision).validate_json(_read(place))
        except ValidationError as refusal:
            first = refusal.errors(include_url=False)[0]
            where = "/".join(map(str, first["loc"]))
            raise ModelError(
                f"{place}: not a decision: {where}: {first['msg']}\n  fix: delete the file and run "
                f"{model} for {day} again"
            ) from refusal
        if (found.model, found.version, found.day) != (model, version, day):
            raise ModelError(
                f"{place}: the decision of '{found.model}' v{found.version} on {found.day}\n"
                f"  fix: delete the file and run {model} for {day} again"
            )
        return found

    def champion(self, model: str, version: int, day: date) -> date | None:
        """Return what the artifact in force on `day` was trained for; None where there is none.

        It is the champion of the newest decision of a day up to and including `day`.
        """
        places = (self._folder(model, version) / "decisions").glob("*.json")
        earlier = [known for known in _days(place.stem for place in places) if known <= day]
        newest = self.decision(model, version, earlier[-1]) if earlier else None
        return newest.champion if newest else None

    def _folder(self, model: str, version: int) -> Path:
        if not _NAME.fullmatch(model) or version < 1:
            raise ModelError(f"'{model}' v{version} is not the name of a model and its version")
        return self.root / model / f"v{version}"

    def _decision_file(self, model: str, version: int, day: date) -> Path:
        return self._folder(model, version) / "decisions" / f"{day.isoformat()}.json"


def _text_name(card: Card) -> str:
    return f"model-{card.sha256[:16]}.txt"


def _days(names: Iterable[str]) -> tuple[date, ...]:
    return tuple(sorted(day for name in names if (day := _day(name))))


def _day(name: str) -> date | None:
    try:
        return date.fromisoformat(name) if _DAY.fullmatch(name) else None
    except ValueError:
        return None


def _read(place: Path) -> str:
    try:
        return place.read_bytes().decode()
    except FileNotFoundError as refusal:
        raise _damaged(place, "there is no such file") from refusal
    except (OSError, UnicodeDecodeError) as refusal:
        raise _damaged(place, f"cannot be read: {refusal}") from refusal


def _damaged(place: Path, message: str) -> ModelError:
    return ModelError(f"{place}: {message}\n  fix: train the model again")


def _publish(place: Path, text: str) -> None:
    """Write `text` so that a reader sees the old file or the new one, also after a crash."""
    content = text.encode()
    if place.is_file() and place.read_bytes() == content:
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    draft = place.with_name(f".{place.name}.{secrets.token_hex(8)}.tmp")
    try:
        with draft.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(place)
    finally:
        draft.unlink(missing_ok=True)
    _sync_folder(place.parent)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
