"""Two branches of a lock file -> one: both sides kept, ids that were given twice given anew."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from fig_assets.config.lock import FILE, FORMAT, Lock, Locked, read_lock, write_lock
from fig_assets.errors import ConfigError, Problem, Where

_ENTRY = re.compile(r'\s*("(?:[^"\\]|\\.)*"): (\{.*\}),?\s*')
_HEAD = re.compile(r'\s*"(format|rule|next_id)": ([0-9]+),?\s*')
_FRAME = re.compile(r'\s*(\{|\}|\},|"(attributes|references)": (\{|\{\},?))?\s*')
_RULES = {"<<<<<<<": "ours", "|||||||": "base", "=======": "theirs", ">>>>>>>": ""}


@dataclass
class _Sides:
    """What stands in a file: entries common or ours first, theirs after."""

    numbers: dict[str, int] = field(default_factory=dict)
    ours: dict[str, Locked] = field(default_factory=dict)
    theirs: dict[str, Locked] = field(default_factory=dict)
    references: dict[str, dict[str, int]] = field(default_factory=dict)


def merge_lock(folder: Path) -> None:
    """Write the union of both sides of a merge, with or without git's conflict markers.

    Of an attribute that both sides have, ours counts. An id that stands twice stays with the first
    attribute (ours before theirs, then in the order of the file); the others get new ones.

    Raises:
        ConfigError: a line is neither an entry nor a marker, or the result is no lock.
    """
    path, shown = folder / FILE, f"{folder.name}/{FILE}"
    if not path.exists():
        return
    sides = _Sides()
    for number, side, line in _sided(path.read_text(encoding="utf-8")):
        if side != "base" and not _take(sides, side, line):
            fix = f"git checkout --ours -- {shown}, then: fig lock"
            problem = Problem(Where(shown, number, 1), "this line belongs to no lock", fix)
            raise ConfigError([problem])
    write_lock(_union(sides, path, shown))
    _, problems = read_lock(folder)
    if problems:
        raise ConfigError(problems)


def _sided(text: str) -> Iterator[tuple[int, str, str]]:
    side = ""
    for number, line in enumerate(text.splitlines(), 1):
        if line[:7] in _RULES:
            side = _RULES[line[:7]]
        else:
            yield number, side, line


def _take(sides: _Sides, side: str, line: str) -> bool:
    """Put one line where it belongs; False where it is no line of a lock."""
    if head := _HEAD.fullmatch(line):
        if head[1] == "format" and int(head[2]) != FORMAT:
            return False
        known = sides.numbers.get(head[1], 0)
        sides.numbers[head[1]] = max(known, int(head[2]))
        return True
    entry = _ENTRY.fullmatch(line)
    if entry is None:
        return _FRAME.fullmatch(line) is not None
    try:
        key, value = json.loads(entry[1]), json.loads(entry[2])
        if "means" in value:
            taken = sides.theirs if side == "theirs" else sides.ours
            taken.setdefault(key, Locked.model_validate(value))
        else:
            sides.references[key] = {**value, **sides.references.get(key, {})}
    except ValueError:
        return False
    return True


def _union(sides: _Sides, path: Path, shown: str) -> Lock:
    every = {**sides.ours, **{k: v for k, v in sides.theirs.items() if k not in sides.ours}}
    both = [*sides.ours.values(), *sides.theirs.values()]
    next_id = max([sides.numbers.get("next_id", 1), *(locked.id + 1 for locked in both)])
    taken: set[int] = set()
    for key, locked in every.items():
        if locked.id in taken:
            every[key] = locked.model_copy(update={"id": next_id})
            next_id += 1
        taken.add(locked.id)
    rule = sides.numbers.get("rule", 1)
    return Lock(path, shown, rule, next_id, every, sides.references)
