"""A lake -> a copy of it for a moment, into which can be written: files are linked, not copied.

Of a lake in a bucket nothing is fetched but what is read; what is written stands on this machine.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from fig_assets.engines.lake.overlay import Overlay
from fig_assets.engines.lake.spill import Spill
from fig_assets.engines.lake.storage import FILE, LocalFolder, Storage
from fig_assets.errors import EngineError


@contextmanager
def copied(storage: Storage, inside: str, relations: Sequence[str]) -> Iterator[Storage]:
    """Give a storage with the relations of a lake whose names begin with `relations`.

    What is written there changes nothing in the lake, and is gone at the end.

    Raises:
        EngineError: there is no place for it on this machine.
    """
    if isinstance(storage, LocalFolder):
        with linked(storage.folder, inside, relations) as root:
            yield LocalFolder(root)
        return
    with linked(storage.folder, inside, ()) as root:
        yield Overlay(storage, LocalFolder(root), relations)


@contextmanager
def linked(root: Path, inside: str, relations: Sequence[str]) -> Iterator[Path]:
    """Give a folder with the relations of the lake at `root` whose names begin with `relations`.

    A publish replaces the name of a file and never its content, so what is written there changes
    nothing here. The folder stands in `inside` of the lake, on the same file system, and is removed
    at the end; one that a killed process left is removed by the next that spills there.

    Raises:
        EngineError: the lake's folder cannot be written.
    """
    place = Spill(root / inside)
    try:
        _link(root, place, relations)
        yield place.folder
    finally:
        place.release()


def _link(root: Path, place: Spill, relations: Sequence[str]) -> None:
    try:
        place.prepare()
        for name in relations:
            for file in (root / name).rglob(FILE):
                target = place.folder / file.relative_to(root)
                target.parent.mkdir(parents=True, exist_ok=True)
                os.link(file, target)
        place.folder.mkdir(exist_ok=True)
    except OSError as refusal:
        raise EngineError(
            f"{place.folder}: no copy of the lake can be made: {refusal.strerror or refusal}\n"
            "  fix: mend the permissions of the lake's folder"
        ) from refusal
