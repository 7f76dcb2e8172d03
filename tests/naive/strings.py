"""Functions of text. Positions count code points from 1; what is not text is read as its text."""

import re
from collections.abc import Callable

from tests.naive.values import Value, text


def _of_text(function: Callable[..., Value], texts: int = 1) -> Callable[..., Value]:
    """Make `function` NULL on NULL, and give it the text of its first `texts` arguments."""

    def strict(*values: Value) -> Value:
        if any(value is None for value in values):
            return None
        return function(*(text(value) for value in values[:texts]), *values[texts:])

    return strict


def _lower(value: str) -> str:
    return "".join(changed if len(changed := c.lower()) == 1 else c for c in value)


def _upper(value: str) -> str:
    one_letter = value.replace("ß", "ẞ")
    return "".join(changed if len(changed := c.upper()) == 1 else c for c in one_letter)


def _bounded(value: str) -> str | None:
    return value if len(value.encode()) <= 16 << 20 else None


def _replace(value: str, old: str, new: str) -> Value:
    if not old:
        return value
    if len(value.encode()) + value.count(old) * len(new.encode()) > 64 << 20:
        return None
    return _bounded(value.replace(old, new))


def _concat(*values: Value) -> Value:
    texts = [text(value) for value in values]
    return None if None in texts else _bounded("".join(written or "" for written in texts))


_FARTHEST = 4_000_000_000


def _substr(value: str, start: int, length: int | None = None) -> Value:
    """Cut out `length` characters from `start`; 0 is 1, and below 0 counts from the end.

    No text is as long as four thousand million, which is what larger numbers count as.
    """
    start = max(start, -_FARTHEST)
    begin = max(start, 1) - 1 if start >= 0 else len(value) + start
    end = len(value) if length is None else begin + min(max(length, 0), _FARTHEST)
    return value[max(begin, 0) : max(end, 0)]


def _split_part(value: str, separator: str, part: int) -> Value:
    """Give the part at `part`, from 1 or from -1 backwards; "" where there is none, 0 is NULL."""
    if part == 0:
        return None
    parts = value.split(separator) if separator else list(value)
    index = part - 1 if part > 0 else part
    return parts[index] if -len(parts) <= index < len(parts) else ""


def _search(value: str, pattern: str) -> re.Match[str] | None:
    """Search with Python's syntax: like RE2's, but for what RE2 refuses and for a last line end."""
    at_end = re.sub(r"(?<!\\)\$$", r"\\Z", pattern)
    return re.search(at_end, value, re.ASCII)


def _regexp_like(value: str, pattern: str) -> bool:
    return _search(value, pattern) is not None


def _regexp_extract(value: str, pattern: str, group: int = 0) -> Value:
    """Give a group of the first match, "" for a group that took no part in it."""
    found = _search(value, pattern)
    return None if found is None else found.group(group) or ""


def _like(value: str, pattern: str, escape: str | None = None) -> Value:
    """Match the whole text; None where the pattern ends in an escape of nothing."""
    wild = {"%": ".*", "_": "."}
    translated, rest = "", iter(pattern)
    for c in rest:
        if c == escape:
            meant = next(rest, None)
            if meant is None:
                return None
            translated += re.escape(meant)
        else:
            translated += wild.get(c) or re.escape(c)
    return re.fullmatch(translated, value, re.DOTALL) is not None


def _ilike(value: str, pattern: str, escape: str | None = None) -> Value:
    return _like(_lower(value), _lower(pattern), escape)


def _of_few_letters(distance: Callable[[str, str], Value]) -> Callable[[str, str], Value]:
    """Give NULL beyond 127 different characters, unless all are ASCII."""

    def limited(left: str, right: str) -> Value:
        both = left + right
        if len(left) * len(right) > 1_000_000:
            return None
        return None if len(set(both)) > 127 and not both.isascii() else distance(left, right)

    return limited


def _levenshtein(left: str, right: str) -> int:
    above = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        row = [i]
        for j, b in enumerate(right, 1):
            row.append(min(row[-1] + 1, above[j] + 1, above[j - 1] + (a != b)))
        above = row
    return above[-1]


def _jaro(left: str, right: str) -> float:
    reach = max(0, max(len(left), len(right)) // 2 - 1)
    partners: dict[int, int] = {}
    for i, c in enumerate(left):
        near = range(max(0, i - reach), min(len(right), i + reach + 1))
        taken = set(partners.values())
        partner = next((j for j in near if right[j] == c and j not in taken), None)
        if partner is not None:
            partners[i] = partner
    if not partners:
        return 0.0
    pairs = zip(partners, sorted(partners.values()), strict=True)
    swaps = sum(left[i] != right[j] for i, j in pairs) // 2
    m = len(partners)
    return (m / len(left) + m / len(right) + (m - swaps) / m) / 3


def _jaro_winkler(left: str, right: str) -> float:
    """Give Jaro's similarity, raised for a shared start of up to 4 where it is above 0.7."""
    similarity = _jaro(left, right)
    shared = 0
    while shared < min(4, len(left), len(right)) and left[shared] == right[shared]:
        shared += 1
    return similarity + 0.1 * shared * (1 - similarity) if similarity > 0.7 else similarity


STRING_FUNCTIONS: dict[str, Callable[..., Value]] = {
    "LOWER": _of_text(_lower),
    "UPPER": _of_text(_upper),
    "TRIM": _of_text(lambda value: value.strip(" ")),
    "LENGTH": _of_text(len),
    "CONCAT": _concat,
    "||": _concat,
    "SUBSTR": _of_text(_substr),
    "REPLACE": _of_text(_replace, texts=3),
    "SPLIT_PART": _of_text(_split_part, texts=2),
    "CONTAINS": _of_text(lambda value, part: part in value, texts=2),
    "STARTS_WITH": _of_text(lambda value, part: value.startswith(part), texts=2),
    "ENDS_WITH": _of_text(lambda value, part: value.endswith(part), texts=2),
    "REGEXP_LIKE": _of_text(_regexp_like, texts=2),
    "REGEXP_EXTRACT": _of_text(_regexp_extract, texts=2),
    "LIKE": _of_text(_like, texts=3),
    "ILIKE": _of_text(_ilike, texts=3),
    "LEVENSHTEIN": _of_text(_of_few_letters(_levenshtein), texts=2),
    "JARO_WINKLER": _of_text(_of_few_letters(_jaro_winkler), texts=2),
}
