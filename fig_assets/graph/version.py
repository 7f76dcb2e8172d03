"""Meaning -> fingerprint: equal for equal meanings, whatever the spelling or the engine."""

import json
from collections.abc import Mapping, Sequence
from hashlib import blake2b

RULE = 1
"""The version of the way in which meanings become fingerprints; the lock file records it."""

Part = str | int | float | bool | None | Sequence["Part"] | Mapping[str, "Part"]


def fingerprint(*parts: Part) -> str:
    """Return 16 hexadecimal characters that stand for `parts`.

    Descriptions and owners never belong in it, nor rendered SQL, nor the fingerprints of what is
    read: those inputs are followed by their content.

    >>> fingerprint("field", {"b": 1, "a": 2}) == fingerprint("field", {"a": 2, "b": 1})
    True
    """
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return blake2b(text.encode(), digest_size=8).hexdigest()
