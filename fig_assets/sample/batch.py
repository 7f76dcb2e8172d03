"""Columns of sign-in attempts, and the dice that fill them."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

KINDS = (
    "office",
    "home",
    "mobile",
    "vpn",
    "service",
    "forgotten_password",
    "traveller",
    "credential_stuffing",
    "password_spraying",
    "brute_force",
    "impossible_travel",
)
MALICIOUS_KINDS = KINDS[7:]

TOKENS = (None, "new", "known", "trusted")
REASONS = (None, "INVALID_CREDENTIALS", "LOCKED_OUT", "VERIFICATION_ERROR")
UNKNOWN = -1
"""The actor of an attempt whose typed name belongs to no account."""


@dataclass(frozen=True, eq=False)
class Batch:
    """Attempts to sign in, one array element each; all arrays have the same length.

    `kind`, `token` and `reason` are positions in `KINDS`, `TOKENS` and `REASONS`. `actor`, `org`,
    `address`, `client` and `language` are positions in the world's lists; `time_ms` counts
    milliseconds from the day's midnight, in UTC. `name` seeds the name that was typed.
    """

    kind: Ints
    time_ms: Ints
    actor: Ints
    name: Ints
    org: Ints
    address: Ints
    client: Ints
    language: Ints
    token: Ints
    reason: Ints
    failed: Flags
    api_token: Flags

    def __len__(self) -> int:
        return len(self.kind)

    def take(self, rows: Ints) -> "Batch":
        """Return the attempts at positions `rows`, in that order."""
        return Batch(*(getattr(self, field.name)[rows] for field in fields(self)))


def concat(batches: Sequence[Batch]) -> Batch:
    """Return all attempts of `batches`, in order."""
    return Batch(
        *(
            np.concatenate([getattr(batch, field.name) for batch in batches])
            for field in fields(Batch)
        )
    )


def generator(seed: int, *stream: int) -> np.random.Generator:
    """Return the dice of one stream: the same `seed` and numbers always roll the same."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, *stream])))


def cumulative(weights: npt.ArrayLike) -> Floats:
    """Return running shares, of which the last is 1, for `pick`."""
    sums = np.cumsum(np.asarray(weights, dtype=np.float64))
    return np.asarray(sums / sums[-1], dtype=np.float64)


def zipf(size: int, exponent: float = 1.0) -> Floats:
    """Return the running shares of `size` things whose weights fall like 1 / rank."""
    return cumulative((np.arange(size) + 1.0) ** -exponent)


def pick(rng: np.random.Generator, shares: Floats, size: int) -> Ints:
    """Draw `size` positions, each with the probability that the running `shares` give it."""
    drawn = np.searchsorted(shares, rng.random(size), side="right")
    return np.minimum(drawn, len(shares) - 1).astype(np.int64)


def scatter(*values: Ints | int) -> Ints:
    """Mix whole numbers into one that looks random but is always the same for them."""
    mixed = np.uint64(0x9E3779B97F4A7C15)
    with np.errstate(over="ignore"):
        state = np.zeros(1, dtype=np.uint64)
        for value in values:
            state = (state ^ np.asarray(value, dtype=np.int64).astype(np.uint64)) * mixed
            state = state ^ (state >> np.uint64(29))
    return (state >> np.uint64(1)).astype(np.int64)
