"""A lake -> a copy of it for a moment, into which can be written: files are linked, not copied."""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from fig_assets.engines.lake import FILE
from fig_assets.errors import EngineError


@contextmanager
def linked(root: Path, inside: str, relations: Sequence[str]) -> Iterator[Path]:
    """Give a folder with the relations of the lake at `root` whose names begin with `relations`.

    A publish replaces the name of a file and never its content, so what is written there changes
    nothing here. The folder stands in `inside` of the lake, on the same file system, and is removed
    at the end; one that a killed process left is swept with the other temporary files.

    Raises:
        EngineError: the lake's folder cannot be written.
    """
    copy = root / inside / f"scratch-{uuid4().hex}"
    try:
        copy.mkdir(parents=True)
        for name in relations:
            for file in (root / name).rglob(FILE):
                target = copy / file.relative_to(root)
                target.parent.mkdir(parents=True, exist_ok=True)
                os.link(file, target)
    except OSError as refusal:
        shutil.rmtree(copy, ignore_errors=True)
        raise EngineError(
            f"{copy}: no copy of the lake can be made: {refusal.strerror or refusal}\n"
            "  fix: mend the permissions of the lake's folder"
        ) from refusal
    try:
        yield copy
    finally:
        shutil.rmtree(copy, ignore_errors=True)
