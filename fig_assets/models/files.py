"""Files of the model store: published at once and synced, read with the mend in the message.

They are in a folder of this machine or in a bucket; a file of either is a `Place`.
"""

import os
import re
import secrets
from collections.abc import Iterable
from datetime import date
from pathlib import Path

from fig_assets.engines.lake.s3_path import S3Path
from fig_assets.errors import ModelError

Place = Path | S3Path
"""A file or a folder of the model store."""

_DAY = re.compile(r"\d{4}-\d\d-\d\d")


def publish(place: Place, written: str | bytes) -> None:
    """Write a file so that a reader sees the old one or the new one, also after a crash."""
    content = written.encode() if isinstance(written, str) else written
    if isinstance(place, S3Path):
        place.write_bytes(content)
        return
    if place.is_file() and place.read_bytes() == content:
        return
    draft = _draft(place, content)
    try:
        draft.replace(place)
    finally:
        draft.unlink(missing_ok=True)
    _sync_folder(place.parent)


def publish_new(place: Place, text: str) -> bool:
    """Write `text` whole or not at all; False, and nothing is written, where the file is there."""
    if isinstance(place, S3Path):
        return place.write_new(text.encode())
    draft = _draft(place, text.encode())
    try:
        place.hardlink_to(draft)
    except FileExistsError:
        return False
    finally:
        draft.unlink(missing_ok=True)
    _sync_folder(place.parent)
    return True


def read_text(place: Place) -> str:
    """Read a file in UTF-8.

    Raises:
        ModelError: it is not there, or cannot be read; names it.
    """
    text = text_if_there(place)
    if text is None:
        raise damaged(place, "there is no such file")
    return text


def text_if_there(place: Place) -> str | None:
    """Read a file in UTF-8; None where there is none.

    Raises:
        ModelError: it cannot be read; names it.
    """
    try:
        return place.read_bytes().decode()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as refusal:
        raise damaged(place, f"cannot be read: {refusal}") from refusal


def read_bytes(place: Place) -> bytes:
    """Read a file.

    Raises:
        ModelError: it is not there, or cannot be read; names it.
    """
    try:
        return place.read_bytes()
    except FileNotFoundError as refusal:
        raise damaged(place, "there is no such file") from refusal
    except OSError as refusal:
        raise damaged(place, f"cannot be read: {refusal}") from refusal


def damaged(place: Place, message: str) -> ModelError:
    """Return what is raised about a file of an artifact, with its mend."""
    return ModelError(f"{place}: {message}\n  fix: train the model again")


def days_named(names: Iterable[str]) -> tuple[date, ...]:
    """Return the names that are days, rising; others are left out."""
    return tuple(sorted(day for name in names if (day := _day(name))))


def _day(name: str) -> date | None:
    try:
        return date.fromisoformat(name) if _DAY.fullmatch(name) else None
    except ValueError:
        return None


def _draft(place: Path, content: bytes) -> Path:
    place.parent.mkdir(parents=True, exist_ok=True)
    draft = place.with_name(f".{place.name}.{secrets.token_hex(8)}.tmp")
    try:
        with draft.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        draft.unlink(missing_ok=True)
        raise
    return draft


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
