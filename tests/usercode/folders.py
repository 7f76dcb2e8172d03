"""A folder of Python modules, written for a test."""

from collections.abc import Mapping
from pathlib import Path

from fig_assets.usercode.modules import Modules


def modules_of(root: Path, files: Mapping[str, str]) -> Modules:
    """Write `files` below configs/python/ and read the folder."""
    folder = root / "configs" / "python"
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return Modules(folder)
