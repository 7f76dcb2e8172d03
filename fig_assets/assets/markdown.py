"""Texts of users -> Markdown in which nothing of theirs is HTML, a link or the end of a block."""

import re


def prose(text: str) -> str:
    """Return `text` with its emphasis and `code`, but without HTML, links, images and fences."""
    escaped = re.sub(r"([\\<\[])", r"\\\1", text.replace("\0", "\ufffd"))
    return re.sub(r"`{3,}|~{3,}", lambda run: "".join(f"\\{mark}" for mark in run[0]), escaped)


def code(text: str, language: str = "") -> str:
    """Return `text` as a block of code, which ends where the text ends."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"
