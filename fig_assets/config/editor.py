"""Schemas and settings for editors: completion, hover texts and red lines while one types."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fig_assets.config.json_schema import json_schemas
from fig_assets.config.lock import replace_text

FILES: Mapping[str, str] = {
    "project": "project",
    "environment": "environments/*",
    "event": "events/*",
    "table": "tables/*",
    "family": "features/*",
    "label_set": "labels/*",
    "model": "models/*",
}
"""Which files of a project are of which kind, without their suffixes."""

SETTINGS = Path(".vscode/settings.json")


@dataclass(frozen=True)
class Written:
    """The schema files, and the settings that name them.

    `settings` is None where the settings file was not to be written or cannot be: it has comments,
    or is no JSON. `snippet` is what belongs into it.
    """

    schemas: tuple[Path, ...]
    settings: Path | None
    snippet: Mapping[str, object]


def write_schemas(folder: Path, out: Path, workspace: Path, *, settings: bool = True) -> Written:
    """Write a schema for each kind of file into `out`, and tell VS Code which files it is for.

    Args:
        folder: The project's folder.
        out: The folder of the schemas.
        workspace: The folder that is opened in the editor; the settings stand below it.
        settings: Whether to put the mapping into `.vscode/settings.json`; other settings stay.
    """
    out.mkdir(parents=True, exist_ok=True)
    found = []
    for kind, schema in json_schemas().items():
        path = out / f"{kind}.schema.json"
        replace_text(path, json.dumps(schema, indent=1) + "\n")
        found.append(path)
    snippet = _snippet(_below(folder, workspace), _below(out, workspace))
    target = workspace / SETTINGS
    merged = _merged(target, snippet) if settings else None
    if merged is not None:
        target.parent.mkdir(exist_ok=True)
        replace_text(target, json.dumps(merged, indent=2) + "\n")
    return Written(tuple(found), target if merged is not None else None, snippet)


def _below(path: Path, workspace: Path) -> str:
    path, workspace = path.resolve(), workspace.resolve()
    inside = path.is_relative_to(workspace)
    return path.relative_to(workspace).as_posix() if inside else path.as_posix()


def _snippet(folder: str, out: str) -> dict[str, object]:
    at = out if out.startswith("/") else f"./{out}"
    return {
        "json.schemas": [
            {"fileMatch": [f"/{folder}/{files}.json"], "url": f"{at}/{kind}.schema.json"}
            for kind, files in FILES.items()
        ],
        "yaml.schemas": {
            f"{at}/{kind}.schema.json": [f"/{folder}/{files}.{end}" for end in ("yaml", "yml")]
            for kind, files in FILES.items()
        },
    }


def _merged(path: Path, snippet: Mapping[str, object]) -> dict[str, object] | None:
    """Return the settings with the mapping; None where the file is not plain JSON."""
    try:
        written = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    except ValueError:
        return None
    if not isinstance(written, dict):
        return None
    listed, mapped = written.get("json.schemas", []), written.get("yaml.schemas", {})
    own, yaml = snippet["json.schemas"], snippet["yaml.schemas"]
    if not (isinstance(listed, list) and isinstance(mapped, dict)):
        return None
    if not (isinstance(own, list) and isinstance(yaml, dict)):
        return None
    matches = [entry["fileMatch"] for entry in own]
    others = [e for e in listed if not isinstance(e, dict) or e.get("fileMatch") not in matches]
    return {**written, "json.schemas": [*others, *own], "yaml.schemas": {**mapped, **yaml}}
