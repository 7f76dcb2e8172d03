"""What is tried on a developer's machine, and what is left to the night."""

import os

import pytest

IS_NIGHT = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"
NIGHTLY = 50

at_night = pytest.mark.skipif(not IS_NIGHT, reason="takes minutes: `make nightly` runs it")


def examples(normal: int) -> int:
    """Return `normal`, or fifty times as many where HYPOTHESIS_PROFILE is `nightly`."""
    return normal * (NIGHTLY if IS_NIGHT else 1)
