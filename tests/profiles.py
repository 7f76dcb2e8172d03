"""How many examples a property is tried with: few on a developer's machine, many at night."""

import os

NIGHTLY = 50


def examples(normal: int) -> int:
    """Return `normal`, or fifty times as many where HYPOTHESIS_PROFILE is `nightly`."""
    return normal * (NIGHTLY if os.environ.get("HYPOTHESIS_PROFILE") == "nightly" else 1)
