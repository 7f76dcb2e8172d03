"""Does to a file what the mend of a problem says, as a reader would who does not think."""

import json
import re
from pathlib import Path

from fig_assets.errors import Problem

QUOTED = re.compile("'[^'\n]*'|\u201c[^\n]*?\u201d")
TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[^\s,:{}\[\]"]+')


def mend(root: Path, problem: Problem) -> None:
    """Change the file of `problem`, which is below `root`; says so if the mend is not clear."""
    where, fix = problem.where, problem.fix
    file = root / where.file
    text = file.read_bytes().decode("utf-8-sig")
    at = _offset(text, where.line, where.column)
    if problem.excerpt and fix.startswith(("write ", "use ")) and text[at] == '"':
        text = _in_expression(text, at, problem.excerpt, _proposed(fix))
    elif fix.startswith(("write ", "use ")):
        text = _replaced(text, at, _proposed(fix))
    elif match := re.match(r'add (".*)', fix):
        text = f"{text[: at + 1]} {match[1]},{text[at + 1 :]}"
    elif re.match(r"add a comma", fix):
        text = f"{text[:at]},{text[at:]}"
    elif fix == "remove the comma":
        text = text[:at] + text[at + 1 :]
    elif fix == "add }":
        text = f"{text}}}"
    elif fix == "keep one of the two" or "leave" in fix:
        text = _without(text, at, where.pointer.rpartition("/")[2])
    else:
        raise AssertionError(f"nobody could paste this: {fix!r}")
    file.write_text(text, encoding="utf-8", newline="")


def _proposed(fix: str) -> str:
    words = re.sub(r"^(write|use one of:|use) ", "", fix)
    return words if fix.startswith("write") else words.split(", ")[0]


def _offset(text: str, line: int, column: int) -> int:
    return sum(len(part) for part in text.splitlines(keepends=True)[: line - 1]) + column - 1


def _in_expression(text: str, at: int, excerpt: str, new: str) -> str:
    """Replace what the carets stand under, within the text that starts at `at`."""
    shown, carets = excerpt.split("\n")
    start, end = carets.index("^"), carets.rindex("^") + 1
    old, before = shown[start:end], shown[:start].count(shown[start:end])
    whole = TOKEN.match(text, at)
    assert whole is not None
    parts = whole[0].split(json.dumps(old, ensure_ascii=False)[1:-1])
    assert len(parts) > 1, f"{old!r} is not in {whole[0]}"
    old, new = json.dumps(old, ensure_ascii=False)[1:-1], json.dumps(new, ensure_ascii=False)[1:-1]
    mended = old.join(parts[: before + 1]) + new + old.join(parts[before + 1 :])
    return text[:at] + mended + text[whole.end() :]


def _replaced(text: str, at: int, new: str) -> str:
    """Replace the text, number, word or key that starts at `at`."""
    old = QUOTED.match(text, at) or TOKEN.match(text, at)
    assert old is not None, text[at : at + 20]
    is_json = re.match(r'["\[{]|-?[0-9]|true|false|null', new)
    return text[:at] + (new if is_json else json.dumps(new)) + text[old.end() :]


def _without(text: str, at: int, key: str) -> str:
    """Take out the entry `key` whose key or value stands at `at`."""
    entry = re.compile(rf'"{re.escape(key)}"\s*:\s*(?:{TOKEN.pattern}|\{{[^{{}}]*\}})')
    found = next(m for m in entry.finditer(text) if m.start() <= at < m.end())
    before, after = text[: found.start()].rstrip(), text[found.end() :]
    if before.endswith(","):
        return before[:-1] + after
    return before + after.lstrip().removeprefix(",")
