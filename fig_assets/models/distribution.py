"""A column of rows -> how its values lie: counts over bins in which later days are counted too."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, nextafter
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fig_assets.models.metrics import Floats
from fig_assets.models.shift import js_distance, psi

Column: TypeAlias = "pa.ChunkedArray[Any] | pa.Array[Any]"

MOST_VALUES = 20
"""Values of a text that have a bin of their own: the most frequent ones."""
MIN_ROWS = 500
"""Rows that both sides need before a distance is told.

Two samples of n and m rows of one distribution over B bins have a PSI of about
(B - 1) (1/n + 1/m): with 12 bins and 500 rows of a day 0.02, and one day in a hundred 0.05. With
100 rows it were 0.11 and 0.25, which is what people call a shift.
"""


@dataclass(frozen=True)
class Distribution:
    """Counts of rows by bins; the last bin holds the NULLs.

    Numbers have `edges`: a bin ends with its edge, which belongs to it, and one lies beyond the
    last. Texts have `values`, a bin each, and one for all others.
    """

    counts: tuple[int, ...]
    edges: tuple[float, ...] = ()
    values: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """How many rows were counted."""
        return sum(self.counts)

    @property
    def null_share(self) -> float | None:
        """The share of rows without a value; None where there are no rows."""
        return self.counts[-1] / self.rows if self.rows else None


@dataclass(frozen=True)
class Distance:
    """How far a day's rows lie from those of a reference; None where either side has too few."""

    psi: float | None = None
    js: float | None = None


def of_numbers(numbers: Floats) -> Distribution:
    """Cut numbers, NaN for NULL, into bins of a tenth each, as far as equal numbers allow.

    Edges are numbers that occur, so that numbers that occur often have bins of their own. What is
    below the least or above the greatest has a bin too, which is empty here.
    """
    known = numbers[np.isfinite(numbers)]
    if not len(known):
        return count_numbers(Distribution((0, 0)), numbers)
    # The least number up to which so many tenths of all lie, and the greatest.
    places = [-(-len(known) * tenth // 10) - 1 for tenth in range(1, 11)]
    below = max(nextafter(float(known.min()), -inf), -sys.float_info.max)
    edges = np.unique(np.concatenate([[below], np.partition(known, places)[places]]))
    return count_numbers(Distribution((), tuple(edges.tolist())), numbers)


def of_texts(column: Column) -> Distribution:
    """Give each of the most frequent texts a bin, ties by the text."""
    return count_texts(Distribution((), values=tuple(t for t, _ in frequent(column))), column)


def frequent(column: Column, most: int = MOST_VALUES) -> list[tuple[str, int]]:
    """Return the most frequent texts and how many rows hold each, ties by the text."""
    counted = (
        pa.Table.from_arrays([column.cast(pa.large_string()).drop_null()], names=["value"])
        .group_by("value")
        .aggregate([([], "count_all")])
        .sort_by([("count_all", "descending"), ("value", "ascending")])
        .slice(0, most)
    )
    values, counts = counted.column("value"), counted.column("count_all")
    return list(zip(map(str, values.to_pylist()), map(int, counts.to_numpy()), strict=True))


def count_numbers(reference: Distribution, numbers: Floats) -> Distribution:
    """Count numbers, NaN for NULL, in the bins of another distribution of numbers."""
    edges = np.array(reference.edges, dtype=np.float64)
    places = np.searchsorted(edges, numbers, side="left")
    places[np.isnan(numbers)] = len(edges) + 1
    counts = np.bincount(places, minlength=len(edges) + 2)
    return Distribution(tuple(counts.tolist()), reference.edges)


def count_texts(reference: Distribution, column: Column) -> Distribution:
    """Count texts in the bins of another distribution of texts."""
    known = pa.array(reference.values, pa.large_string())
    places = pc.index_in(column.cast(pa.large_string()), value_set=known)
    found = places.drop_null().to_numpy()
    counts = np.bincount(found, minlength=len(known)).tolist()
    others = len(column) - column.null_count - len(found)
    return Distribution((*counts, others, column.null_count), values=reference.values)


def distance(reference: Distribution, actual: Distribution) -> Distance:
    """Tell how far `actual`, counted in the bins of `reference`, lies from it.

    NULL is a bin like others, so that values that go missing are a shift.
    """
    if min(reference.rows, actual.rows) < MIN_ROWS:
        return Distance()
    sides: tuple[Sequence[int], Sequence[int]] = (reference.counts, actual.counts)
    return Distance(psi(*sides), js_distance(*sides))
