"""Markdown documents -> their fenced examples, with what each of them claims to be."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCUMENTS = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))

_FENCE = re.compile(r"^```(\w+)(?: ([^\n`]*))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Example:
    """One fenced block: its language, the `key=value` words beside it, its text, its line."""

    language: str
    claims: dict[str, str]
    text: str
    line: int

    @property
    def file(self) -> str | None:
        """The path, below the folder of the project, of an example that is a whole file."""
        return self.claims.get("file")


def examples(document: Path) -> list[Example]:
    """Return the fenced blocks of a document in order."""
    text = document.read_text(encoding="utf-8")
    found = []
    for match in _FENCE.finditer(text):
        words = (match.group(2) or "").split()
        claims = {name: value for name, _, value in (word.partition("=") for word in words)}
        line = text.count("\n", 0, match.start()) + 1
        found.append(Example(match.group(1), claims, match.group(3), line))
    return found


def commands(example: Example) -> list[str]:
    """Return the `fig` commands of a shell example, without prompts and comments."""
    joined = example.text.replace("\\\n", " ")
    lines = [line.split("  #")[0].strip() for line in joined.splitlines()]
    return [
        line.removeprefix(".venv/bin/") for line in lines if re.match(r"(\.venv/bin/)?fig ", line)
    ]


def write_files(document: Path, folder: Path) -> list[str]:
    """Write the examples that are files below `folder`; returns their paths."""
    written = []
    for example in examples(document):
        if example.file is not None:
            target = folder / example.file
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(example.text, encoding="utf-8")
            written.append(example.file)
    return written
